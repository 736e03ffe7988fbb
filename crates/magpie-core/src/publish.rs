//! From commit to delivery: the committer's thread hands every durable batch to this sink, which
//! names the events and audiences and gives the batch to the bus in commit order. Senders never
//! publish themselves; otherwise message 6 could overtake message 5.

use std::sync::{Arc, OnceLock};

use magpie_proto::{CloseCode, ConversationId, ConversationKind, UserId};

use crate::{
    conversation::directory::Directory,
    event::{Audience, Batch, Delivery, Event},
    model::Position,
    port::{
        Bus,
        store::{CommitSink, Committed, Origin, Outcome, WriteResult},
    },
};

/// The commit sink of a running server.
pub struct Publisher {
    bus: Arc<dyn Bus>,
    directory: Arc<Directory>,
}

impl Publisher {
    /// A sink that publishes on `bus` and keeps `directory` current.
    #[must_use]
    pub fn new(bus: Arc<dyn Bus>, directory: Arc<Directory>) -> Self {
        Self { bus, directory }
    }

    fn expand(&self, committed: Committed, out: &mut Vec<Arc<Delivery>>) {
        let Committed { origin, result, position } = committed;
        origin.answer_call(&result);
        let told = match &result {
            Ok(outcome) => self.events(outcome),
            Err(_) => Vec::new(),
        };
        let connection = matches!(origin, Origin::Connection(..));
        let mut answer = connection.then_some((origin, result));
        let quiet = told.is_empty().then_some((Audience::Nobody, None));
        for (audience, event) in told.into_iter().map(|(a, e)| (a, Some(e))).chain(quiet) {
            if event.is_none() && answer.is_none() {
                continue;
            }
            out.push(Arc::new(delivery(audience, event, answer.take(), position)));
        }
    }

    fn events(&self, outcome: &Outcome) -> Vec<(Audience, Event)> {
        match outcome {
            Outcome::Stored { message, members } => {
                self.directory.note(message.conversation, members, message.seq);
                vec![(audience(message.conversation, members), Event::Message(message.clone()))]
            }
            Outcome::Read {
                user,
                conversation,
                membership,
                unread,
                delivered_seq,
                members,
                moved,
            } => {
                if !moved {
                    return Vec::new();
                }
                let state = membership_event(user, *conversation, *membership, *unread);
                let receipt = Event::Receipt {
                    conversation: *conversation,
                    user: user.clone(),
                    delivered: *delivered_seq,
                    read: membership.read_seq,
                };
                vec![state, (audience(*conversation, members), receipt)]
            }
            Outcome::Membership { user, conversation, membership, unread } => {
                vec![membership_event(user, *conversation, *membership, *unread)]
            }
            Outcome::Hidden { user, conversation, seq } => {
                let hidden =
                    Event::Hidden { user: user.clone(), conversation: *conversation, seq: *seq };
                vec![(Audience::user(user), hidden)]
            }
            Outcome::Revised { revised: Some(revised), members } => {
                let told = audience(revised.conversation, members);
                vec![(told, Event::Revised(revised.clone()))]
            }
            Outcome::Draft { user, conversation, draft, at_ms } => {
                let draft = Event::Draft {
                    user: user.clone(),
                    conversation: *conversation,
                    draft: draft.clone(),
                    at_ms: *at_ms,
                };
                vec![(Audience::user(user), draft)]
            }
            Outcome::SignedOut { user, device } => {
                let (device, code) = (Some(device.clone()), CloseCode::SignedOut);
                let kick = Event::Kick { user: user.clone(), device, code };
                vec![(Audience::user(user), kick)]
            }
            Outcome::Published { value, fresh: true } => {
                vec![(
                    Audience::user(&value.user),
                    Event::Push { value: value.clone(), stored: true },
                )]
            }
            Outcome::Published { fresh: false, .. }
            | Outcome::Revised { revised: None, .. }
            | Outcome::Duplicate { .. }
            | Outcome::MediaDropped(_)
            | Outcome::User(_)
            | Outcome::Done => Vec::new(),
        }
    }
}

impl CommitSink for Publisher {
    fn committed(&self, batch: Vec<Committed>, position: Position) {
        let mut deliveries = Vec::with_capacity(batch.len());
        for committed in batch {
            self.expand(committed, &mut deliveries);
        }
        self.bus.publish(Batch { position, deliveries });
    }
}

fn delivery(
    audience: Audience,
    event: Option<Event>,
    answer: Option<(Origin, WriteResult)>,
    position: Position,
) -> Delivery {
    let (origin, result) = match answer {
        Some((origin, result)) => (origin, Some(result)),
        None => (Origin::None, None),
    };
    Delivery {
        audience,
        event,
        origin,
        result,
        position,
        frame: OnceLock::new(),
        own_frame: OnceLock::new(),
    }
}

fn membership_event(
    user: &UserId,
    conversation: ConversationId,
    membership: crate::model::Membership,
    unread: u64,
) -> (Audience, Event) {
    let event = Event::Membership { user: user.clone(), conversation, membership, unread };
    (Audience::user(user), event)
}

/// Who hears of a shared change in a conversation.
#[must_use]
pub fn audience(conversation: ConversationId, members: &[Option<UserId>; 2]) -> Audience {
    match (conversation.kind(), members) {
        (ConversationKind::Desk, [Some(visitor), _]) => Audience::Desk { visitor: visitor.clone() },
        (_, [Some(a), Some(b)]) => Audience::pair(a, b),
        (_, [Some(a), None] | [None, Some(a)]) => Audience::user(a),
        (_, [None, None]) => Audience::Nobody,
    }
}
