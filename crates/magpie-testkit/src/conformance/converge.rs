//! Random talk in which messages are recalled, edited, reacted to, hidden and read in every order,
//! between two users or at a desk with three, compared with a model that counts naively. Devices
//! that come back at random must see what someone sees who reads everything afresh.
#![allow(clippy::expect_used, clippy::panic, reason = "test code: a broken store ends the case")]

use std::collections::{BTreeMap, BTreeSet};

use magpie_core::{
    model::{Draft, Entry, Item, Missed, Position, Role, UnreadWhy},
    port::store::{Alteration, Op, Outcome, Place, Rejection, ResumeQuery, Revise},
};
use magpie_proto::{
    Body, ConversationId, Seq,
    client::{Change, Edge},
};
use proptest::prelude::*;

use super::subject::{Subject, direct, stored, user};

/// Emoji that come up often enough to meet.
const EMOJI: [&str; 3] = ["x", "y", "z"];
/// More than a resume brings at once.
const MANY: u64 = 55;

/// One step; users are 0 to 2 (in a direct conversation 0 and 1), parts are 8ths of what there is.
#[derive(Debug, Clone, Copy)]
pub enum Turn {
    /// Sends a message.
    Send(usize),
    /// Sends more than a resume brings at once.
    SendMany(usize),
    /// Reads up to a part.
    Read(usize, u64),
    /// Hides a message on his side.
    HideOne(usize, u64),
    /// Deletes everything on his side.
    Delete(usize),
    /// Takes a message back.
    Recall(usize, u64),
    /// Changes a text to one of three.
    Edit(usize, u64, usize),
    /// Puts an emoji or takes it away.
    React(usize, u64, usize, bool),
    /// Puts an emoji on more messages than a resume brings at once.
    ReactMany(usize, usize),
    /// Types something, or nothing.
    Draft(usize, usize),
    /// A device comes back.
    Resume(usize, usize),
}

/// Sequences of turns.
pub fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = (0..32_u8, 0..3_usize, 0..=8_u64, 0..3_usize, any::<bool>()).prop_map(
        |(kind, who, part, which, on)| match kind {
            0..=6 => Turn::Send(who),
            7 => Turn::SendMany(who),
            8..=10 => Turn::Read(who, part),
            11 | 12 => Turn::HideOne(who, part),
            13 => Turn::Delete(who),
            14..=16 => Turn::Recall(who, part),
            17..=19 => Turn::Edit(who, part, which),
            20..=24 => Turn::React(who, part, which, on),
            25 => Turn::ReactMany(who, which),
            26 | 27 => Turn::Draft(who, which),
            _ => Turn::Resume(who, usize::from(on)),
        },
    );
    proptest::collection::vec(turn, 1..32)
}

/// A message as it is now.
struct Told {
    sender: usize,
    text: String,
    rev: u64,
    edited_ms: Option<u64>,
    reactions: Vec<(usize, Vec<usize>)>,
    recalled: bool,
}

/// Nothing but what happened.
#[derive(Default)]
struct Model {
    told: Vec<Told>,
    rev: u64,
    read: [Seq; 3],
    cleared: [Seq; 3],
    hidden: [BTreeSet<Seq>; 3],
    drafts: [Option<Box<Draft>>; 3],
}

impl Model {
    fn head(&self) -> Seq {
        self.told.len() as u64
    }

    fn at(&mut self, seq: Seq) -> &mut Told {
        &mut self.told[usize::try_from(seq).expect("a place") - 1]
    }

    fn has(&self, who: usize, seq: Seq) -> bool {
        seq > self.cleared[who] && !self.hidden[who].contains(&seq)
    }

    /// The place as a user sees it.
    fn seen(&self, who: usize, seq: Seq) -> String {
        let told = &self.told[usize::try_from(seq).expect("a place") - 1];
        if !self.has(who, seq) {
            return "deleted".into();
        }
        if told.recalled {
            return format!("recalled by {}", told.sender);
        }
        let reactions: Vec<String> = told
            .reactions
            .iter()
            .map(|(emoji, users)| format!("{}{users:?}", EMOJI[*emoji]))
            .collect();
        let Told { sender, text, rev, edited_ms, .. } = told;
        format!("{sender}: {text} r{rev} {edited_ms:?} {}", reactions.join(" "))
    }

    fn why(&self, who: usize, seq: Seq) -> UnreadWhy {
        let told = &self.told[usize::try_from(seq).expect("a place") - 1];
        match (told.sender == who, told.recalled, self.has(who, seq)) {
            (true, ..) => UnreadWhy::Own,
            (_, true, _) => UnreadWhy::Void,
            (.., false) => UnreadWhy::Hidden,
            _ => UnreadWhy::Counts,
        }
    }

    fn floor(&self, who: usize) -> Seq {
        self.read[who].max(self.cleared[who])
    }

    fn unread(&self, who: usize) -> Vec<(Seq, UnreadWhy)> {
        (self.floor(who) + 1..=self.head()).map(|seq| (seq, self.why(who, seq))).collect()
    }

    /// What a change has to do: whether it changes anything, or why it is refused.
    fn revise(
        &mut self,
        who: usize,
        seq: Seq,
        what: &Alteration,
        at_ms: u64,
    ) -> Result<bool, Rejection> {
        if seq == 0 || !self.has(who, seq) {
            return Err(Rejection::UnknownMessage);
        }
        let rev = self.rev + 1;
        let told = self.at(seq);
        if told.recalled {
            let again = matches!(what, Alteration::Recall);
            return if again { Ok(false) } else { Err(Rejection::Recalled) };
        }
        if told.sender != who && !matches!(what, Alteration::React { .. }) {
            return Err(Rejection::NotTheSender);
        }
        match what {
            Alteration::Recall => told.recalled = true,
            Alteration::Edit(body) if told.text == body.as_json() => return Ok(false),
            Alteration::Edit(body) => {
                (told.text, told.edited_ms) = (body.as_json().to_owned(), Some(at_ms));
            }
            Alteration::React { emoji, on } => {
                let emoji = EMOJI.iter().position(|known| **known == **emoji).expect("an emoji");
                if !told.react(who, emoji, *on) {
                    return Ok(false);
                }
            }
        }
        told.rev = rev;
        self.rev = rev;
        Ok(true)
    }
}

impl Told {
    fn react(&mut self, who: usize, emoji: usize, on: bool) -> bool {
        let place = self.reactions.iter().position(|(known, _)| *known == emoji);
        let there = place.is_some_and(|place| self.reactions[place].1.contains(&who));
        match place {
            _ if there == on => return false,
            Some(place) if on => self.reactions[place].1.push(who),
            Some(place) => self.reactions[place].1.retain(|user| *user != who),
            None => self.reactions.push((emoji, vec![who])),
        }
        self.reactions.retain(|(_, users)| !users.is_empty());
        true
    }
}

/// What a device has gathered.
#[derive(Clone, Default)]
struct Device {
    cursor: Option<Position>,
    places: BTreeMap<Seq, String>,
    /// As its list has it; a new device is not told of what is not in the list.
    draft: Option<Option<Box<Draft>>>,
}

struct Run<'s> {
    s: &'s Subject,
    names: Vec<String>,
    id: ConversationId,
    model: Model,
    devices: [[Device; 2]; 3],
    clock_ms: u64,
}

/// Plays the turns with fresh users (`run` names them) and checks after every one.
///
/// # Panics
/// When store and model disagree, or a device does not converge.
pub fn run_turns(s: &Subject, run: u64, turns: &[Turn]) {
    let desk = run.is_multiple_of(2);
    let names: Vec<String> = ["a", "b", "c"].iter().map(|name| format!("t{run}-{name}")).collect();
    s.users(&[&names[0], &names[1]]);
    let id = if desk {
        for agent in &names[1..] {
            s.put(agent, Some(Role::Agent));
        }
        ConversationId::desk(&user(&names[0]))
    } else {
        direct(&names[0], &names[1])
    };
    // One device of each was there from the start, the other one comes new.
    let cursor = Some(s.store.position());
    let start = Device { cursor, draft: Some(None), ..Device::default() };
    let devices = std::array::from_fn(|_| [start.clone(), Device::default()]);
    let names = if desk { names } else { names[..2].to_vec() };
    let mut run = Run { s, names, id, model: Model::default(), devices, clock_ms: 2_000 };
    run.send(0);
    for turn in turns {
        run.turn(*turn);
        run.compare();
    }
    for who in 0..run.names.len() {
        for device in 0..2 {
            run.resume(who, device);
        }
    }
}

impl Run<'_> {
    fn is_agent(&self, who: usize) -> bool {
        who > 0 && self.names.len() == 3
    }

    fn send(&mut self, who: usize) {
        let place = match self.names.len() {
            3 => Place::Desk(user(&self.names[0])),
            _ => Place::Direct(user(&self.names[1 - who])),
        };
        let message = stored(self.s.append(self.s.message(&self.names[who], place, "hello")));
        self.model.told.push(Told {
            sender: who,
            text: message.body.as_json().to_owned(),
            rev: 0,
            edited_ms: None,
            reactions: Vec::new(),
            recalled: false,
        });
        assert_eq!((message.conversation, message.seq), (self.id, self.model.head()));
    }

    fn turn(&mut self, turn: Turn) {
        let (id, head) = (self.id, self.model.head());
        // In a direct conversation there is no third one.
        let of = |who: usize| who % self.names.len();
        match turn {
            Turn::Send(who) => self.send(of(who)),
            Turn::SendMany(who) => {
                let who = of(who);
                (0..MANY).for_each(|_| self.send(who));
            }
            Turn::Read(who, part) => {
                let who = of(who);
                self.s.read_to(&self.names[who], id, head * part / 8);
                self.model.read[who] = self.model.read[who].max(head * part / 8);
            }
            Turn::HideOne(who, part) => {
                let (who, seq) = (of(who), head * part / 8);
                let op = Op::HideMessage { user: user(&self.names[who]), conversation: id, seq };
                assert_eq!(self.s.write(op).is_ok(), seq > 0);
                self.model.hidden[who].insert(seq);
            }
            Turn::Delete(who) => {
                let (who, change) = (of(who), Change::Delete);
                let op = Op::Set { user: user(&self.names[who]), conversation: id, change };
                self.s.write(op).expect("set");
                self.model.cleared[who] = head;
            }
            Turn::Recall(who, part) => self.revise(of(who), head * part / 8, Alteration::Recall),
            Turn::Edit(who, part, text) => {
                let text = Alteration::Edit(Body::text(&format!("text {text}")));
                self.revise(of(who), head * part / 8, text);
            }
            Turn::React(who, part, emoji, on) => {
                let emoji = EMOJI[emoji].into();
                self.revise(of(who), head * part / 8, Alteration::React { emoji, on });
            }
            Turn::ReactMany(who, emoji) => {
                let who = of(who);
                for seq in 1..=head.min(MANY) {
                    let emoji = EMOJI[emoji].into();
                    self.revise(who, seq, Alteration::React { emoji, on: true });
                }
            }
            Turn::Draft(who, text) => self.draft(of(who), text),
            Turn::Resume(who, device) => self.resume(of(who), device),
        }
    }

    fn revise(&mut self, who: usize, seq: Seq, what: Alteration) {
        self.clock_ms += 1;
        let at_ms = self.clock_ms;
        let expected = self.model.revise(who, seq, &what, at_ms);
        let (by, conversation) = (user(&self.names[who]), self.id);
        let (window_ms, guarded) = (Some(1_000_000), true);
        let op = Revise { conversation, seq, by, what, at_ms, window_ms, guarded };
        let done = self.s.write(Op::Revise(op)).map(|outcome| match outcome {
            Outcome::Revised { revised, .. } => revised.map(|revised| revised.rev),
            other => panic!("{other:?}"),
        });
        assert_eq!(done, expected.map(|changed| changed.then_some(self.model.rev)));
    }

    fn draft(&mut self, who: usize, text: usize) {
        let kept = Draft { text: format!("draft {text}").into(), reply_to: Some(1) };
        let draft = (text > 0).then(|| Box::new(kept));
        let (user, conversation) = (user(&self.names[who]), self.id);
        let op = Op::Draft { user, conversation, draft: draft.clone(), at_ms: 1 };
        self.s.write(op).expect("kept");
        self.model.drafts[who] = draft;
    }

    fn item(&self, item: &Item) -> Vec<(Seq, String)> {
        let index = |id| self.names.iter().position(|name| user(name) == id).expect("a user");
        match item {
            Item::Message(m) => {
                let revision = m.revision.as_deref().cloned().unwrap_or_default();
                let (rev, edited_ms) = (revision.rev, revision.edited_ms);
                let one = |r: magpie_core::model::Reaction| {
                    let users: Vec<usize> = r.users.into_iter().map(index).collect();
                    format!("{}{users:?}", r.emoji)
                };
                let reactions: Vec<String> = revision.reactions.into_iter().map(one).collect();
                let (sender, text) = (index(m.sender.clone()), m.body.as_json());
                let reactions = reactions.join(" ");
                vec![(m.seq, format!("{sender}: {text} r{rev} {edited_ms:?} {reactions}"))]
            }
            Item::Gone { from, to, why } => {
                let why = match why {
                    magpie_core::model::Gone::Recalled(sender) => {
                        format!("recalled by {}", index(sender.clone()))
                    }
                    other => other.as_str().into(),
                };
                (*from..=*to).map(|seq| (seq, why.clone())).collect()
            }
        }
    }

    /// Everything there is, as a user sees it.
    fn whole(&self, who: usize) -> BTreeMap<Seq, String> {
        (1..=self.model.head()).map(|seq| (seq, self.model.seen(who, seq))).collect()
    }

    fn entry(&self, who: usize) -> Entry {
        let entry = self.s.store.entry(user(&self.names[who]), self.is_agent(who), self.id);
        self.s.read(entry).expect("an entry")
    }

    fn compare(&self) {
        for who in 0..self.names.len() {
            let (entry, model) = (self.entry(who), &self.model);
            let unread = model.unread(who);
            let counts = unread.iter().filter(|(_, why)| *why == UnreadWhy::Counts).count() as u64;
            assert_eq!((entry.unread, entry.rev), (counts, model.rev), "unread and rev");
            assert_eq!(entry.draft, model.drafts[who]);
            let shown = |seq: &Seq| {
                model.has(who, *seq)
                    && !model.told[usize::try_from(*seq).expect("a place") - 1].recalled
            };
            let last = (1..=model.head()).rev().find(shown).map(|seq| (seq, model.seen(who, seq)));
            let preview = entry.last.map(Item::Message);
            assert_eq!(preview.and_then(|item| self.item(&item).pop()), last, "preview");
            let why = self.s.store.unread(user(&self.names[who]), self.is_agent(who), self.id);
            let why = self.s.read(why).expect("a member");
            assert_eq!((why.count, why.floor), (counts, model.floor(who)));
            assert_eq!(why.places, unread[unread.len().saturating_sub(200)..]);
        }
    }

    /// A device comes back and knows afterwards what there is.
    fn resume(&mut self, who: usize, device: usize) {
        let (since, mark, budget_bytes) = (self.devices[who][device].cursor, None, 1 << 20);
        let query = ResumeQuery {
            user: user(&self.names[who]),
            agent: self.is_agent(who),
            since,
            mark,
            budget_bytes,
        };
        let page = self.s.read(self.s.store.resume(query));
        let mut known = std::mem::take(&mut self.devices[who][device]);
        known.cursor = Some(page.position);
        // An agent hears of every desk, those of other runs too.
        for missed in page.changed.into_iter().filter(|m| m.entry.conversation == self.id) {
            assert_eq!(missed.entry, self.entry(who));
            self.learn(who, &mut known, missed);
        }
        if let Some(draft) = &known.draft {
            assert_eq!(*draft, self.model.drafts[who]);
        }
        let cleared = self.model.cleared[who];
        known.places.extend((1..=cleared).map(|seq| (seq, "deleted".into())));
        assert_eq!(known.places, self.whole(who), "what the device knows");
        self.devices[who][device] = known;
    }

    fn learn(&self, who: usize, known: &mut Device, missed: Missed) {
        let (name, agent, id) = (user(&self.names[who]), self.is_agent(who), self.id);
        known.draft = Some(missed.entry.draft);
        let mut after = missed.changes_after;
        for item in &missed.items {
            known.places.extend(self.item(item));
        }
        while let Some(rev) = after {
            let page = self.s.store.changes(name.clone(), agent, id, rev, 20);
            let page = self.s.read(page).expect("a member");
            for place in page.items.iter().flat_map(|item| self.item(item)) {
                // Places in a hole are read below.
                if missed.hole.is_none_or(|(from, to)| !(from..=to).contains(&place.0)) {
                    known.places.insert(place.0, place.1);
                }
            }
            after = page.more.then_some(page.rev);
        }
        if let Some((from, to)) = missed.hole {
            let mut edge = to + 1;
            while edge > from {
                let page = self.s.store.history(name.clone(), agent, id, Edge::Before(edge), 20);
                let page = self.s.read(page).expect("a member");
                let places: Vec<_> = page.items.iter().flat_map(|item| self.item(item)).collect();
                edge = places.first().map_or(from, |(seq, _)| *seq);
                known.places.extend(places);
            }
        }
    }
}
