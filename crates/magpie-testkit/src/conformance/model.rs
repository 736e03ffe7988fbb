//! Random talk of two users with two devices each, compared step by step with a model that only
//! knows who sent what, who saw what and who hid what.
#![allow(clippy::expect_used, clippy::panic, reason = "test code: a broken store ends the case")]

use magpie_core::{
    model::{Item, Position},
    port::store::{Guard, Op, Rejection},
};
use magpie_proto::{
    Seq,
    client::{Change, Edge},
};
use proptest::prelude::*;

use super::subject::{MEMBER, Subject, direct, user};

/// One step; `who` is 0 or 1, `device` 0 or 1.
#[derive(Debug, Clone, Copy)]
pub enum Action {
    /// Sends a message.
    Send(usize),
    /// Sends as a stranger may: at most three that nobody got, read or answered.
    SendAsStranger(usize),
    /// Reads up to a part (in 8ths) of what there is.
    Read(usize, u64),
    /// Got up to a part of what there is.
    Deliver(usize, u64),
    /// Hides one message.
    HideOne(usize, u64),
    /// Takes the conversation out of the list.
    Hide(usize),
    /// Deletes everything on his side.
    Delete(usize),
    /// Opens the conversation again.
    Open(usize),
    /// Pins or unpins, which must disturb nothing.
    Pin(usize, bool),
    /// A device comes back.
    Resume(usize, usize),
}

/// Sequences of actions.
pub fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action =
        (0..16_u8, 0..2_usize, 0..2_usize, 0..=8_u64).prop_map(|(kind, who, device, part)| {
            match kind {
                0..=4 => Action::Send(who),
                5 | 6 => Action::Read(who, part),
                7 => Action::Deliver(who, part),
                8 => Action::HideOne(who, part),
                9 => Action::Hide(who),
                10 => Action::Delete(who),
                11 => Action::Open(who),
                12 => Action::Pin(who, device == 0),
                13 | 14 => Action::SendAsStranger(who),
                _ => Action::Resume(who, device),
            }
        });
    proptest::collection::vec(action, 1..24)
}

/// The model: nothing but what happened.
#[derive(Default)]
struct Model {
    senders: Vec<usize>,
    read: [Seq; 2],
    delivered: [Seq; 2],
    cleared: [Seq; 2],
    hidden: [Vec<Seq>; 2],
    /// The list shows the conversation from this head on.
    shown_from: [Seq; 2],
}

impl Model {
    fn head(&self) -> Seq {
        self.senders.len() as u64
    }

    fn sees(&self, who: usize, seq: Seq) -> bool {
        seq > self.cleared[who] && !self.hidden[who].contains(&seq)
    }

    fn unread(&self, who: usize) -> u64 {
        let counts = |(seq, sender): (Seq, &usize)| {
            *sender != who && seq > self.read[who] && self.sees(who, seq)
        };
        (1..).zip(&self.senders).filter(|place| counts(*place)).count() as u64
    }
}

impl Model {
    /// Messages of `who` that the other one has neither got nor answered.
    fn waiting(&self, who: usize) -> usize {
        let above = usize::try_from(self.delivered[1 - who]).unwrap_or(usize::MAX);
        self.senders.iter().skip(above).rev().take_while(|sender| **sender == who).count()
    }
}

/// What a device knows from its resumes.
#[derive(Clone, Default)]
struct Device {
    cursor: Position,
    known: Seq,
}

/// Plays the actions with two fresh users (`run` names them) and checks after every step.
///
/// # Panics
/// When store and model disagree.
pub fn run_actions(s: &Subject, run: u64, actions: &[Action]) {
    let names = [format!("{run}-a"), format!("{run}-b")];
    s.users(&[&names[0], &names[1]]);
    let mut model = Model::default();
    let start = Device { cursor: s.store.position(), known: 0 };
    let mut devices = [[start.clone(), start.clone()], [start.clone(), start]];
    s.write(Op::Open {
        user: user(&names[0]),
        peer: user(&names[1]),
        create_peer: false,
        now_ms: 1,
    })
    .expect("opened");
    model.shown_from = [0, 1];
    for action in actions {
        step(s, &names, &mut model, &mut devices, *action);
        for who in 0..2 {
            compare(s, &names, &model, who);
        }
    }
}

fn step(
    s: &Subject,
    names: &[String; 2],
    model: &mut Model,
    devices: &mut [[Device; 2]; 2],
    action: Action,
) {
    let (id, head) = (direct(&names[0], &names[1]), model.head());
    let set = |who: usize, change| {
        s.write(Op::Set { user: user(&names[who]), conversation: id, change }).expect("set");
    };
    match action {
        Action::Send(who) => {
            model.senders.push(who);
            assert_eq!(s.send(&names[who], &names[1 - who]), model.head());
        }
        Action::SendAsStranger(who) => {
            let guard = Guard { stranger_limit: Some(3), ..MEMBER };
            let sent = s.send_guarded(&names[who], &names[1 - who], guard);
            if model.waiting(who) < 3 {
                model.senders.push(who);
                assert_eq!(sent, Ok(model.head()));
            } else {
                assert_eq!(sent, Err(Rejection::StrangerLimit { limit: 3 }));
            }
        }
        Action::Read(who, part) => {
            s.read_to(&names[who], id, head * part / 8);
            model.read[who] = model.read[who].max(head * part / 8);
            model.delivered[who] = model.delivered[who].max(model.read[who]);
        }
        Action::Deliver(who, part) => {
            s.deliver(&names[who], id, head * part / 8);
            model.delivered[who] = model.delivered[who].max(head * part / 8);
        }
        Action::HideOne(who, part) => {
            let seq = head * part / 8;
            let op = Op::HideMessage { user: user(&names[who]), conversation: id, seq };
            assert_eq!(s.write(op).is_ok(), seq > 0);
            model.hidden[who].push(seq);
        }
        Action::Hide(who) => {
            set(who, Change::Hide);
            model.shown_from[who] = head + 1;
        }
        Action::Delete(who) => {
            set(who, Change::Delete);
            (model.cleared[who], model.shown_from[who]) = (head, head + 1);
        }
        Action::Open(who) => {
            let (user, peer) = (user(&names[who]), user(&names[1 - who]));
            s.write(Op::Open { user, peer, create_peer: false, now_ms: 1 }).expect("opened");
            if head < model.shown_from[who] {
                model.shown_from[who] = 0;
            }
        }
        Action::Pin(who, on) => set(who, Change::Pin(on)),
        Action::Resume(who, device) => {
            resume(s, names, model, who, &mut devices[who][device]);
        }
    }
}

/// A resume brings everything from where the device stood, each place once.
fn resume(s: &Subject, names: &[String; 2], model: &Model, who: usize, device: &mut Device) {
    let page = s.resume(&names[who], false, Some(device.cursor));
    let mut next = device.known.max(model.cleared[who]) + 1;
    for missed in &page.changed {
        assert_eq!(missed.entry, s.entry(&names[who], direct(&names[0], &names[1])));
        assert_eq!(missed.hole, None);
        for item in &missed.items {
            let (from, to) = match item {
                Item::Message(message) => (message.seq, message.seq),
                Item::Gone { from, to, .. } => (*from, *to),
            };
            if to < next {
                assert!(!model.sees(who, to), "a known message came again");
                continue;
            }
            assert_eq!(from, next, "a place was left out");
            next = to + 1;
        }
    }
    assert_eq!(next, model.head() + 1, "something is missing");
    *device = Device { cursor: page.position, known: model.head() };
}

fn compare(s: &Subject, names: &[String; 2], model: &Model, who: usize) {
    let id = direct(&names[0], &names[1]);
    let entry = s.entry(&names[who], id);
    assert_eq!(entry.head, model.head());
    assert_eq!(entry.unread, model.unread(who), "unread");
    assert_eq!(entry.visible(), model.head() >= model.shown_from[who], "in the list");
    assert_eq!(entry.peer_read_seq, model.read[1 - who]);
    assert_eq!(entry.peer_delivered_seq, model.delivered[1 - who]);
    let visible: Vec<Seq> = (1..=model.head()).filter(|seq| model.sees(who, *seq)).collect();
    assert_eq!(entry.last.map(|m| m.seq), visible.last().copied(), "preview");
    let page = s.history(&names[who], id, Edge::Newest, 100);
    let seen: Vec<Seq> = page
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Message(message) => Some(message.seq),
            Item::Gone { .. } => None,
        })
        .collect();
    assert_eq!(seen, visible, "history");
}
