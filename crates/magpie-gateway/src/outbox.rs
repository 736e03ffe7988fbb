//! The bounded send queue of one connection. Lanes and request tasks put frames in; the
//! connection's own task drains them with one write. Overflow follows the event's class: durable
//! bytes close the connection (resume repairs it), latest values overwrite their slot, ephemeral
//! ones are dropped and counted. Nothing in here waits.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, Ordering},
    task::Waker,
};

use bytes::Bytes;
use magpie_core::model::Position;
use magpie_proto::{CloseCode, ConversationId, UserId};
use parking_lot::Mutex;

/// Most slots of latest values; beyond it, or beyond the room in bytes, the least of them goes.
const LATEST_SLOTS_MAX: usize = 1_024;

/// What a latest value is about: a newer one with the same key takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LatestKey {
    /// What a member received in a conversation.
    Delivered(ConversationId, UserId),
    /// What a member read in a conversation.
    Read(ConversationId, UserId),
    /// A member typing in a conversation.
    Typing(ConversationId, UserId),
    /// A user's presence.
    Presence(UserId),
    /// What the user has typed in a conversation.
    Draft(ConversationId),
    /// A channel's value.
    Channel(Box<str>),
}

impl LatestKey {
    /// What goes first when there is no room; `None`: it must arrive, the connection ends instead
    /// and the next resume brings it.
    fn worth(&self) -> Option<u8> {
        match self {
            Self::Typing(..) => Some(0),
            Self::Presence(_) => Some(1),
            Self::Delivered(..) => Some(2),
            Self::Draft(_) => Some(3),
            Self::Read(..) => Some(4),
            Self::Channel(_) => None,
        }
    }
}

/// Whether durable events are queued or only noted while a resume reads them from the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A resume is running; durable events up to `noted` happened meanwhile.
    CatchingUp {
        /// Highest position noted.
        noted: Position,
    },
    /// Durable events above `since` are queued as they come.
    Live {
        /// The resume covered everything up to here.
        since: Position,
    },
}

/// How a connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Close code.
    pub code: u16,
    /// Reason text.
    pub reason: String,
}

impl From<CloseCode> for Ending {
    fn from(code: CloseCode) -> Self {
        Self { code: code.number(), reason: code.reason().to_owned() }
    }
}

/// What a push of a frame did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It will be written.
    Queued,
    /// It was noted only: a resume will bring it.
    Noted,
    /// It was covered by the resume before, dropped as ephemeral, or the connection is ending.
    Skipped,
}

/// The queue. An idle one owns nothing: what is rare is boxed and given back.
pub struct Outbox {
    inner: Mutex<Inner>,
    bytes_max: u32,
    /// Whether `ending` is set: asked on every turn, so it needs no lock.
    ended: AtomicBool,
}

struct Inner {
    /// A vector becomes a deque without a copy, and is a word smaller.
    queue: Vec<Bytes>,
    queued_bytes: u32,
    /// The largest frame in the queue: one page of history may be larger than all the room.
    largest_bytes: u32,
    durable_count: u64,
    /// In catching-up mode what was noted, in live mode what the resume covered.
    position: Position,
    rare: Option<Box<Rare>>,
    /// The connection's task.
    waker: Option<Waker>,
    live: bool,
    /// Frames were taken and are on their way into the socket.
    writing: bool,
}

/// What most connections have none of most of the time.
#[derive(Default)]
struct Rare {
    latest: Vec<(LatestKey, Bytes)>,
    latest_bytes: usize,
    dropped: u64,
    /// What came while a resume was running, if it is held for the switch to live.
    held: Option<Vec<(Position, Bytes)>>,
    held_bytes: usize,
    ending: Option<Ending>,
    /// A resume that waits for room.
    drained: Option<Waker>,
}

impl Outbox {
    /// An empty outbox in catching-up mode.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        let inner = Inner {
            queue: Vec::new(),
            queued_bytes: 0,
            largest_bytes: 0,
            durable_count: 0,
            position: 0,
            rare: None,
            waker: None,
            live: false,
            writing: false,
        };
        let bytes_max = u32::try_from(bytes_max).unwrap_or(u32::MAX);
        Self { inner: Mutex::new(inner), bytes_max, ended: AtomicBool::new(false) }
    }

    /// Does something to the queue; then its task is woken and learns of an ending.
    fn change<R>(&self, change: impl FnOnce(&mut Inner) -> R) -> R {
        let mut inner = self.inner.lock();
        let result = change(&mut inner);
        if inner.ending().is_some() {
            self.ended.store(true, Ordering::Release);
        }
        if let Some(waker) = &inner.waker {
            waker.wake_by_ref();
        }
        result
    }

    /// Puts a frame in that must arrive: a reply, or part of a resume.
    pub fn push(&self, frame: Bytes) -> Pushed {
        self.change(|inner| inner.push(frame, self.bytes_max))
    }

    /// Puts a durable event in, or notes it while a resume is running.
    pub fn push_durable(&self, frame: impl FnOnce() -> Bytes, position: Position) -> Pushed {
        self.change(|inner| {
            if !inner.live {
                if !inner.hold(position, frame, self.bytes_max as usize / 2) {
                    inner.position = inner.position.max(position);
                }
                return Pushed::Noted;
            }
            if position != 0 && position <= inner.position {
                return Pushed::Skipped;
            }
            inner.push_counted(frame(), self.bytes_max)
        })
    }

    /// While a resume is running: makes it read up to `position` before it ends, and is true.
    pub fn note(&self, position: Position) -> bool {
        let mut inner = self.inner.lock();
        let running = !inner.live;
        if running {
            inner.position = inner.position.max(position);
        }
        running
    }

    /// Puts a latest value in: it replaces an unwritten one with the same key.
    pub fn push_latest(&self, key: LatestKey, frame: Bytes) {
        self.change(|inner| {
            if inner.ending().is_some() {
                return;
            }
            let rare = inner.rare.get_or_insert_default();
            let len = frame.len();
            let before = match rare.latest.iter_mut().find(|(k, _)| *k == key) {
                Some(slot) => std::mem::replace(&mut slot.1, frame).len(),
                None => {
                    rare.latest.push((key, frame));
                    0
                }
            };
            rare.latest_bytes = rare.latest_bytes + len - before;
            if !rare.shed_latest(self.bytes_max as usize) {
                inner.overflow();
            }
        });
    }

    /// Puts an ephemeral event in if there is room. `frame` is told how many were dropped before.
    pub fn push_ephemeral(&self, frame: impl FnOnce(u64) -> Bytes) -> Pushed {
        self.change(|inner| {
            // Half of the room stays for what must arrive.
            if inner.ending().is_some() || inner.queued_bytes > self.bytes_max / 2 {
                inner.rare.get_or_insert_default().dropped += 1;
                return Pushed::Skipped;
            }
            let dropped = inner.rare.as_mut().map(|rare| std::mem::take(&mut rare.dropped));
            inner.push(frame(dropped.unwrap_or_default()), self.bytes_max)
        })
    }

    /// Puts a frame in if there is room as for ephemeral events; false when there is none and the
    /// caller will come back with it.
    pub fn push_if_room(&self, frame: impl FnOnce() -> Bytes) -> bool {
        self.change(|inner| {
            if inner.ending().is_some() {
                return true;
            }
            let room = inner.queued_bytes <= self.bytes_max / 2;
            if room {
                inner.push(frame(), self.bytes_max);
            }
            room
        })
    }

    /// Ends the connection after what is queued; the first ending stands.
    pub fn end(&self, ending: impl Into<Ending>) {
        self.change(|inner| {
            let rare = inner.rare.get_or_insert_default();
            if rare.ending.is_none() {
                rare.ending = Some(ending.into());
            }
            // Whoever waits for room would wait for ever: nothing is drained any more.
            rare.wake_drained();
        });
    }

    /// Whether the connection is to end.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// How the connection is to end, if it is.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        self.inner.lock().ending().cloned()
    }

    /// Durable events put in since the connection went live.
    #[must_use]
    pub fn durable_count(&self) -> u64 {
        self.inner.lock().durable_count
    }

    /// The mode.
    #[must_use]
    pub fn mode(&self) -> Mode {
        let inner = self.inner.lock();
        if inner.live {
            Mode::Live { since: inner.position }
        } else {
            Mode::CatchingUp { noted: inner.position }
        }
    }

    /// Switches to live when the resume covers all that was noted; else gives the noted position.
    ///
    /// # Errors
    /// The position up to which the next read has to reach.
    pub fn go_live(&self, covered: Position) -> Result<(), Position> {
        let mut inner = self.inner.lock();
        if !inner.live && inner.position > covered {
            return Err(inner.position);
        }
        (inner.live, inner.position) = (true, covered);
        Ok(())
    }

    /// Holds durable events from here on instead of noting them, as far as there is room: a user
    /// who is written to without pause would otherwise never be caught up. Call before a read.
    pub fn start_holding(&self) {
        let mut inner = self.inner.lock();
        let rare = inner.rare.get_or_insert_default();
        let held = rare.held.replace(Vec::new());
        rare.held_bytes = 0;
        let highest = held.into_iter().flatten().map(|(position, _)| position).max();
        if let (false, Some(highest)) = (inner.live, highest) {
            inner.position = inner.position.max(highest);
        }
    }

    /// Puts in what was held and the resume did not cover. Call right after the page that made the
    /// connection live, before anything else can come.
    pub fn release_held(&self) {
        self.change(|inner| {
            let held = inner.rare.as_mut().and_then(|rare| rare.held.take());
            for (position, frame) in held.into_iter().flatten() {
                if inner.live && position > inner.position {
                    inner.push_counted(frame, self.bytes_max);
                }
            }
        });
    }

    /// Goes back to catching-up mode: something may have been lost on the way here.
    pub fn catch_up_again(&self) {
        self.inner.lock().live = false;
    }

    /// Remembers the connection's task; called on each of its turns before it looks inside.
    pub fn register(&self, waker: &Waker) {
        let mut inner = self.inner.lock();
        if !inner.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            inner.waker = Some(waker.clone());
        }
    }

    /// Wakes the connection's task without a frame.
    pub fn wake(&self) {
        self.change(|_| ());
    }

    /// Moves everything that waits into `out`; tells the resume that there is room.
    pub fn take(&self, out: &mut VecDeque<Bytes>) {
        let mut inner = self.inner.lock();
        if inner.queue.is_empty() && inner.rare.as_ref().is_none_or(|rare| rare.latest.is_empty()) {
            inner.writing = false;
            inner.rest();
            return;
        }
        inner.writing = true;
        (inner.queued_bytes, inner.largest_bytes) = (0, 0);
        let queue = std::mem::take(&mut inner.queue);
        if out.is_empty() {
            *out = queue.into();
        } else {
            out.extend(queue);
        }
        if let Some(rare) = &mut inner.rare {
            rare.latest_bytes = 0;
            out.extend(std::mem::take(&mut rare.latest).into_iter().map(|(_, frame)| frame));
        }
    }

    /// Whether everything was written; registers the resume's task if not.
    pub fn poll_drained(&self, waker: &Waker) -> bool {
        let mut inner = self.inner.lock();
        if inner.ending().is_some() || (inner.queue.is_empty() && !inner.writing) {
            return true;
        }
        inner.rare.get_or_insert_default().drained = Some(waker.clone());
        false
    }
}

impl Inner {
    fn ending(&self) -> Option<&Ending> {
        self.rare.as_ref()?.ending.as_ref()
    }

    /// Everything was written: tells the resume, and gives back what is not needed any more.
    fn rest(&mut self) {
        let Some(rare) = &mut self.rare else { return };
        rare.wake_drained();
        if rare.dropped == 0 && rare.held.is_none() && rare.ending.is_none() {
            self.rare = None;
        }
    }

    /// Holds a durable event; false when events are not held, or there is no room for more.
    fn hold(&mut self, position: Position, frame: impl FnOnce() -> Bytes, room: usize) -> bool {
        let Some(rare) = &mut self.rare else { return false };
        let Some(held) = &mut rare.held else { return false };
        let frame = frame();
        rare.held_bytes += frame.len();
        if rare.held_bytes > room {
            // The next read brings all of it: the caller notes the highest position.
            rare.held = None;
            return false;
        }
        held.push((position, frame));
        true
    }

    fn push_counted(&mut self, frame: Bytes, bytes_max: u32) -> Pushed {
        let pushed = self.push(frame, bytes_max);
        if pushed == Pushed::Queued {
            self.durable_count += 1;
        }
        pushed
    }

    fn push(&mut self, frame: Bytes, bytes_max: u32) -> Pushed {
        if self.ending().is_some() {
            return Pushed::Skipped;
        }
        // One frame, the largest, is free: history pages may be larger than all the room, and what
        // comes just before or after one must not end a connection that reads well.
        let len = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        let largest_bytes = self.largest_bytes.max(len);
        let queued_bytes = self.queued_bytes.saturating_add(len);
        if queued_bytes - largest_bytes > bytes_max {
            self.overflow();
            return Pushed::Skipped;
        }
        self.largest_bytes = largest_bytes;
        self.queued_bytes = queued_bytes;
        self.queue.push(frame);
        Pushed::Queued
    }

    /// The reader is too slow: what it has not got it gets from the store, by its next resume.
    fn overflow(&mut self) {
        self.queue = Vec::new();
        (self.queued_bytes, self.largest_bytes) = (0, 0);
        let rare = self.rare.get_or_insert_default();
        (rare.latest, rare.latest_bytes) = (Vec::new(), 0);
        rare.ending = Some(CloseCode::SlowReader.into());
        rare.wake_drained();
    }
}

impl Rare {
    fn wake_drained(&mut self) {
        if let Some(waker) = self.drained.take() {
            waker.wake();
        }
    }

    /// Makes room among the latest values: the oldest of the least worth goes first. False when
    /// there is no room without losing what must arrive.
    fn shed_latest(&mut self, bytes_max: usize) -> bool {
        while self.latest.len() > LATEST_SLOTS_MAX
            || (self.latest_bytes > bytes_max && self.latest.len() > 1)
        {
            let worths = self.latest.iter().map(|(key, _)| key.worth()).enumerate();
            let least = worths.filter_map(|(at, worth)| Some((worth?, at))).min();
            let Some((_, at)) = least else { return false };
            self.latest_bytes -= self.latest.remove(at).1.len();
            self.dropped += 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn frame(len: usize) -> Bytes {
        Bytes::from(vec![b'x'; len])
    }

    fn live(bytes_max: usize) -> Outbox {
        let outbox = Outbox::new(bytes_max);
        outbox.go_live(0).unwrap();
        outbox
    }

    #[test]
    fn durable_overflow_ends_the_connection_with_a_retryable_code() {
        let outbox = live(100);
        assert_eq!(outbox.push_durable(|| frame(60), 1), Pushed::Queued);
        assert_eq!(outbox.push_durable(|| frame(60), 2), Pushed::Queued);
        assert_eq!(outbox.push_durable(|| frame(60), 3), Pushed::Skipped);
        assert_eq!(outbox.ending(), Some(CloseCode::SlowReader.into()));
        assert_eq!(outbox.push(frame(1)), Pushed::Skipped);
    }

    #[test]
    fn a_latest_value_takes_the_place_of_an_unwritten_one() {
        let outbox = live(100);
        let user = UserId::parse("a").unwrap();
        outbox.push_latest(LatestKey::Presence(user.clone()), frame(1));
        outbox.push_latest(LatestKey::Presence(user), frame(2));
        let mut out = VecDeque::new();
        outbox.take(&mut out);
        assert_eq!(out, [frame(2)]);
    }

    #[test]
    fn ephemeral_events_are_dropped_counted_and_the_count_is_told() {
        let outbox = live(100);
        outbox.push(frame(60));
        assert_eq!(outbox.push_ephemeral(|_| frame(1)), Pushed::Skipped);
        assert_eq!(outbox.push_ephemeral(|_| frame(1)), Pushed::Skipped);
        outbox.take(&mut VecDeque::new());
        let mut told = 0;
        outbox.push_ephemeral(|dropped| {
            told = dropped;
            frame(1)
        });
        assert_eq!(told, 2);
        assert_eq!(outbox.ending(), None);
    }

    #[test]
    fn while_catching_up_durable_events_are_noted_and_not_queued() {
        let outbox = Outbox::new(100);
        assert_eq!(outbox.push_durable(|| frame(1), 7), Pushed::Noted);
        assert_eq!(outbox.go_live(6), Err(7));
        assert_eq!(outbox.go_live(7), Ok(()));
        assert_eq!(outbox.push_durable(|| frame(1), 7), Pushed::Skipped);
        assert_eq!(outbox.push_durable(|| frame(1), 8), Pushed::Queued);
        assert_eq!(outbox.durable_count(), 1);
    }

    #[test]
    fn events_held_during_a_resume_follow_it_unless_it_covered_them() {
        let outbox = Outbox::new(100);
        outbox.start_holding();
        for position in [7, 8, 9] {
            assert_eq!(outbox.push_durable(|| frame(9), position), Pushed::Noted);
        }
        assert_eq!(outbox.go_live(8), Ok(()), "what is held need not be read");
        outbox.push(frame(1));
        outbox.release_held();
        let mut out = VecDeque::new();
        outbox.take(&mut out);
        assert_eq!(out, [frame(1), frame(9)]);
        assert_eq!(outbox.durable_count(), 1);
    }

    #[test]
    fn events_that_cannot_be_held_are_noted_and_read_again() {
        let outbox = Outbox::new(100);
        outbox.start_holding();
        outbox.push_durable(|| frame(30), 7);
        outbox.push_durable(|| frame(30), 8);
        assert_eq!(outbox.go_live(7), Err(8));
        outbox.start_holding();
        outbox.push_durable(|| frame(1), 9);
        outbox.start_holding();
        assert_eq!(outbox.go_live(8), Err(9), "holding anew forgets nothing");
    }

    #[test]
    fn a_resume_page_waits_until_everything_before_it_is_written() {
        let outbox = live(100);
        let waker = Waker::noop();
        assert!(outbox.poll_drained(waker));
        outbox.push(frame(5));
        assert!(!outbox.poll_drained(waker));
        let mut out = VecDeque::new();
        outbox.take(&mut out);
        assert!(!outbox.poll_drained(waker), "taken is not written");
        outbox.take(&mut VecDeque::new());
        assert!(outbox.poll_drained(waker));
    }

    #[test]
    fn a_page_larger_than_the_room_stands_beside_small_frames_in_any_order() {
        let outbox = live(100);
        outbox.push(frame(10));
        assert_eq!(outbox.push(frame(5_000)), Pushed::Queued, "an ack waits before the page");
        assert_eq!(outbox.push_durable(|| frame(10), 1), Pushed::Queued, "an event comes behind");
        assert_eq!(outbox.push(frame(5_000)), Pushed::Skipped, "two pages are too much");
        assert_eq!(outbox.ending(), Some(CloseCode::SlowReader.into()));
    }

    #[test]
    fn whoever_waits_for_room_is_woken_when_the_connection_ends() {
        struct Woken(std::sync::atomic::AtomicBool);
        impl std::task::Wake for Woken {
            fn wake(self: std::sync::Arc<Self>) {
                self.0.store(true, std::sync::atomic::Ordering::SeqCst);
            }
        }
        let woken = std::sync::Arc::new(Woken(false.into()));
        let outbox = live(100);
        outbox.push(frame(5));
        assert!(!outbox.poll_drained(&Waker::from(woken.clone())));
        outbox.end(CloseCode::Kicked);
        assert!(woken.0.load(std::sync::atomic::Ordering::SeqCst));
        assert!(outbox.poll_drained(Waker::noop()));
        assert_eq!(std::sync::Arc::strong_count(&woken), 1, "an ended outbox keeps no task alive");
    }

    #[test]
    fn latest_values_are_bounded_in_bytes_and_typing_goes_before_receipts() {
        let outbox = live(100);
        let user = |id: &str| UserId::parse(id).unwrap();
        let conversation = ConversationId::direct(&user("a"), &user("b"));
        outbox.push_latest(LatestKey::Channel("pay".into()), frame(40));
        outbox.push_latest(LatestKey::Read(conversation, user("a")), frame(20));
        outbox.push_latest(LatestKey::Typing(conversation, user("a")), frame(21));
        outbox.push_latest(LatestKey::Presence(user("a")), frame(22));
        let mut out = VecDeque::new();
        outbox.take(&mut out);
        assert_eq!(out, [frame(40), frame(20), frame(22)]);
        assert_eq!(outbox.ending(), None);
    }

    #[test]
    fn a_channel_value_is_never_dropped_in_silence() {
        let outbox = live(100);
        outbox.push_latest(LatestKey::Channel("a".into()), frame(60));
        outbox.push_latest(LatestKey::Channel("b".into()), frame(60));
        assert_eq!(outbox.ending(), Some(CloseCode::SlowReader.into()));
    }

    #[test]
    fn a_resume_reads_up_to_what_was_noted_and_a_live_connection_notes_nothing() {
        let outbox = Outbox::new(100);
        assert!(outbox.note(7) && outbox.note(5));
        assert_eq!(outbox.go_live(6), Err(7));
        assert_eq!(outbox.go_live(7), Ok(()));
        assert!(!outbox.note(9));
        assert_eq!(outbox.mode(), Mode::Live { since: 7 });
    }

    #[test]
    fn a_latest_value_that_grows_and_shrinks_is_counted_right() {
        let outbox = live(100);
        for len in [90, 10, 95, 1, 99] {
            outbox.push_latest(LatestKey::Channel("a".into()), frame(len));
        }
        assert_eq!(outbox.inner.lock().rare.as_ref().unwrap().latest_bytes, 99);
        assert_eq!(outbox.ending(), None);
    }
}
