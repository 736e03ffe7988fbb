//! Judges a run: the clients' logs against each other and against what the server holds at the
//! end. A pure function, so that planted faults can prove that it finds them.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
};

use super::log::{Line, Log, Stored};

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Acknowledged, and not there, or somewhere else.
    AckedNotStored { user: String, text: String },
    /// One send, two messages.
    StoredTwice { text: String },
    /// A message that nobody sent.
    NeverSent { text: String },
    /// A conversation whose places are not 1, 2, 3, ...
    NotDense { conversation: String, after: u64, found: u64 },
    /// Two acknowledgements of one send that differ.
    AcksDiffer { user: String, text: String },
    /// A client was shown something else than the next message.
    ShownOutOfOrder { user: String, conversation: String, after: u64, found: u64 },
    /// A client was shown, first or again, what is not stored at that place.
    ShownOther { user: String, conversation: String, seq: u64 },
    /// A member was not shown everything.
    Missed { user: String, conversation: String, shown: u64, head: u64 },
    /// A push was lost between server and client.
    SkippedOnTheWay { user: String, conversation: String, before: u64 },
    /// The server ended the connection of a client that did nothing wrong.
    ClosedWithoutReason { user: String, code: u16 },
    /// The server gave up replaying although its history is the same.
    GapWithoutReason { user: String },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Conversations with their members and all they hold, in the order of the history.
pub(crate) type Truth = BTreeMap<String, Conversation>;

/// What the server holds of one conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Conversation {
    pub(crate) members: Vec<String>,
    pub(crate) messages: Vec<Stored>,
}

/// All broken promises of a run.
pub(crate) fn check(logs: &[Log], truth: &Truth) -> Vec<Fault> {
    let mut faults = Vec::new();
    check_truth(logs, truth, &mut faults);
    let stored: HashMap<(&str, u64), &Stored> = truth
        .values()
        .flat_map(|conversation| &conversation.messages)
        .map(|message| ((message.conversation.as_str(), message.seq), message))
        .collect();
    for log in logs {
        check_acks(log, &stored, &mut faults);
        check_shown(log, truth, &stored, &mut faults);
    }
    faults
}

/// The history by itself: dense, each send once, nothing that nobody sent.
fn check_truth(logs: &[Log], truth: &Truth, faults: &mut Vec<Fault>) {
    let sent: HashSet<&str> = logs
        .iter()
        .flat_map(|log| &log.lines)
        .filter_map(|line| match line {
            Line::Sent { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let mut seen = HashSet::new();
    for (id, conversation) in truth {
        let mut last = 0;
        for message in &conversation.messages {
            if message.seq != last + 1 {
                let (after, found) = (last, message.seq);
                faults.push(Fault::NotDense { conversation: id.clone(), after, found });
            }
            last = message.seq;
            let text = &message.text;
            if !sent.contains(text.as_str()) {
                faults.push(Fault::NeverSent { text: text.clone() });
            }
            if !seen.insert(text.as_str()) {
                faults.push(Fault::StoredTwice { text: text.clone() });
            }
        }
    }
}

/// Every acknowledgement names what is stored, and resends got the same one.
fn check_acks(log: &Log, stored: &HashMap<(&str, u64), &Stored>, faults: &mut Vec<Fault>) {
    let mut first: HashMap<&str, (&str, u64, &str)> = HashMap::new();
    for line in &log.lines {
        let Line::Acked { text, conversation, seq, id } = line else { continue };
        let ack = (conversation.as_str(), *seq, id.as_str());
        let (user, named) = (log.user.clone(), text.clone());
        if *first.entry(text).or_insert(ack) != ack {
            faults.push(Fault::AcksDiffer { user: user.clone(), text: named.clone() });
        }
        let there = stored.get(&(conversation.as_str(), *seq));
        if there.is_none_or(|m| m.id != *id || m.text != *text || m.from != log.user) {
            faults.push(Fault::AckedNotStored { user, text: named });
        }
    }
}

/// A client was shown 1, 2, 3, ... of each of its conversations up to the end, as stored.
fn check_shown(
    log: &Log,
    truth: &Truth,
    stored: &HashMap<(&str, u64), &Stored>,
    faults: &mut Vec<Fault>,
) {
    let mut shown: HashMap<&str, u64> = HashMap::new();
    let user = || log.user.clone();
    for line in &log.lines {
        let message = match line {
            Line::Shown(message) => {
                let last = shown.entry(&message.conversation).or_default();
                if message.seq != *last + 1 {
                    faults.push(Fault::ShownOutOfOrder {
                        user: user(),
                        conversation: message.conversation.clone(),
                        after: *last,
                        found: message.seq,
                    });
                }
                *last = message.seq;
                message
            }
            Line::Repeated(message) => message,
            Line::Gap => {
                faults.push(Fault::GapWithoutReason { user: user() });
                continue;
            }
            Line::Skipped { conversation, seq } => {
                let (conversation, before) = (conversation.clone(), *seq);
                faults.push(Fault::SkippedOnTheWay { user: user(), conversation, before });
                continue;
            }
            Line::Closed { code } => {
                faults.push(Fault::ClosedWithoutReason { user: user(), code: *code });
                continue;
            }
            Line::Sent { .. } | Line::Acked { .. } => continue,
        };
        if stored.get(&(message.conversation.as_str(), message.seq)) != Some(&message) {
            let (conversation, seq) = (message.conversation.clone(), message.seq);
            faults.push(Fault::ShownOther { user: user(), conversation, seq });
        }
    }
    for (id, conversation) in truth {
        let head = conversation.messages.last().map_or(0, |message| message.seq);
        let shown = shown.get(id.as_str()).copied().unwrap_or_default();
        if conversation.members.contains(&log.user) && shown != head {
            faults.push(Fault::Missed { user: user(), conversation: id.clone(), shown, head });
        }
    }
}
