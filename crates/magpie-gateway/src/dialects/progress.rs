//! What a dialect connection knows of its own way: how far each conversation was put on it and
//! proved, which sends wait for their answer, who asks whether it lives. Plain state under the
//! connection's lock; it sends nothing itself.

use std::{collections::VecDeque, sync::Arc};

use magpie_core::port::store::WriteResult;
use magpie_proto::{ConversationId, Seq, UserId};
use smallvec::SmallVec;
use tokio::sync::{Notify, oneshot};

/// One conversation on one connection.
#[derive(Debug, Clone, Copy)]
struct Track {
    conversation: ConversationId,
    /// The first place that was put on this connection.
    first: Seq,
    /// The last one.
    sent: Seq,
    /// The last one that reached the peer.
    proved: Seq,
    /// Nothing of others is missing below `first`.
    whole: bool,
}

/// A send that waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its number.
    pub r: u64,
    /// Bytes counted as in flight.
    pub bytes: usize,
    /// The receiver as the client named him.
    pub target: Box<str>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Progress {
    tracks: SmallVec<[Track; 1]>,
    pending: VecDeque<Pending>,
    last_r: u64,
    probes: Vec<oneshot::Sender<()>>,
    settled: Arc<Notify>,
    replaying: bool,
    again: bool,
    barrier: Option<oneshot::Sender<WriteResult>>,
    /// The first live message of each conversation that came while a replay was running.
    noted: SmallVec<[(ConversationId, Seq); 1]>,
    /// The highest live channel version that came while a replay was running.
    pub noted_version: u64,
    /// Highest channel version put on this connection.
    pub channel_version: u64,
    /// The visitor whom an old console answers.
    pub visitor: Option<UserId>,
}

impl Progress {
    fn track(&self, conversation: ConversationId) -> Option<&Track> {
        self.tracks.iter().find(|track| track.conversation == conversation)
    }

    fn track_mut(&mut self, conversation: ConversationId) -> Option<&mut Track> {
        self.tracks.iter_mut().find(|track| track.conversation == conversation)
    }

    /// Takes the place for this connection; false when it was put on it before.
    pub fn advance(&mut self, conversation: ConversationId, seq: Seq) -> bool {
        match self.track_mut(conversation) {
            Some(track) if seq <= track.sent => false,
            Some(track) => {
                track.sent = seq;
                true
            }
            None => {
                let track = Track { conversation, first: seq, sent: seq, proved: 0, whole: false };
                self.tracks.push(track);
                true
            }
        }
    }

    /// A replay starts behind `floor`: nothing of others is missing below.
    pub fn start_at(&mut self, conversation: ConversationId, floor: Seq) {
        match self.track_mut(conversation) {
            Some(track) => track.whole = true,
            None => self.tracks.push(Track {
                conversation,
                first: floor + 1,
                sent: floor,
                proved: 0,
                whole: true,
            }),
        }
    }

    /// The last place put on this connection; 0: none.
    #[must_use]
    pub fn sent(&self, conversation: ConversationId) -> Seq {
        self.track(conversation).map_or(0, |track| track.sent)
    }

    /// The last place that reached the peer; 0: none.
    #[must_use]
    pub fn proved(&self, conversation: ConversationId) -> Seq {
        self.track(conversation).map_or(0, |track| track.proved)
    }

    /// Everything up to `seq` reached the peer.
    pub fn prove(&mut self, conversation: ConversationId, seq: Seq) {
        if let Some(track) = self.track_mut(conversation) {
            track.proved = track.proved.max(seq);
        }
    }

    /// The first place put on this connection, when something of others may be missing below it.
    #[must_use]
    pub fn first_unless_whole(&self, conversation: ConversationId) -> Option<Seq> {
        self.track(conversation).filter(|track| !track.whole).map(|track| track.first)
    }

    /// Nothing of others is missing below the first place.
    pub fn set_whole(&mut self, conversation: ConversationId) {
        if let Some(track) = self.track_mut(conversation) {
            track.whole = true;
        }
    }

    /// Remembers a send; gives its number.
    pub fn ask(&mut self, bytes: usize, target: &str) -> u64 {
        self.last_r += 1;
        self.pending.push_back(Pending { r: self.last_r, bytes, target: target.into() });
        self.last_r
    }

    /// Takes the send with this number.
    pub fn answer(&mut self, r: u64) -> Option<Pending> {
        let at = self.pending.iter().position(|pending| pending.r == r)?;
        self.pending.remove(at)
    }

    /// Gets the answer to the barrier write.
    pub fn await_barrier(&mut self) -> oneshot::Receiver<WriteResult> {
        let (pass, wait) = oneshot::channel();
        self.barrier = Some(pass);
        wait
    }

    /// The barrier was committed, and everything before it was handed to this connection.
    pub fn pass_barrier(&mut self, result: &WriteResult) {
        if let Some(barrier) = self.barrier.take() {
            // The replay may have ended with its connection.
            let _ = barrier.send(result.clone());
        }
    }

    /// A live message came while a replay was running: it is this connection's in any case.
    pub fn note(&mut self, conversation: ConversationId, seq: Seq) {
        if self.noted.iter().all(|(noted, _)| *noted != conversation) {
            self.noted.push((conversation, seq));
        }
    }

    /// What came live while a replay was running: the first of each conversation.
    #[must_use]
    pub fn noted(&self) -> SmallVec<[(ConversationId, Seq); 1]> {
        self.noted.clone()
    }

    /// The floor of a replay, below everything that came live.
    #[must_use]
    pub fn floor(&self, conversation: ConversationId, floor: Seq) -> Seq {
        let own = self.noted.iter().find(|(noted, _)| *noted == conversation);
        own.map_or(floor, |(_, seq)| floor.min(seq - 1))
    }

    /// Wakes when the peer gives any sign of life.
    pub fn probe(&mut self) -> oneshot::Receiver<()> {
        let (answered, wait) = oneshot::channel();
        self.probes.push(answered);
        wait
    }

    /// The peer gave a sign of life.
    pub fn answered(&mut self) {
        for probe in self.probes.drain(..) {
            // Whoever asked may have stopped waiting.
            let _ = probe.send(());
        }
    }

    /// Told whenever something was proved, and at the end.
    #[must_use]
    pub fn settled(&self) -> Arc<Notify> {
        self.settled.clone()
    }

    /// Wakes those who wait for [`Self::settled`].
    pub fn tell_settled(&self) {
        self.settled.notify_waiters();
    }

    /// Whether to start a replay: false when one is running, which then runs once more.
    pub fn begin_replay(&mut self) -> bool {
        self.again = self.replaying;
        !std::mem::replace(&mut self.replaying, true)
    }

    /// Whether the replay is over; false when it was asked for once more meanwhile.
    pub fn end_replay(&mut self) -> bool {
        if std::mem::take(&mut self.again) {
            return false;
        }
        self.replaying = false;
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn conversation() -> ConversationId {
        ConversationId::desk(&UserId::parse("17").unwrap())
    }

    #[test]
    fn a_place_is_put_on_a_connection_once() {
        let (mut progress, c) = (Progress::default(), conversation());
        progress.start_at(c, 4);
        assert!(!progress.advance(c, 4));
        assert!(progress.advance(c, 5));
        assert!(!progress.advance(c, 5));
        assert_eq!((progress.sent(c), progress.first_unless_whole(c)), (5, None));
    }

    #[test]
    fn a_stray_conversation_remembers_where_it_began() {
        let (mut progress, c) = (Progress::default(), conversation());
        assert!(progress.advance(c, 7) && progress.advance(c, 9));
        assert_eq!(progress.first_unless_whole(c), Some(7));
        progress.set_whole(c);
        assert_eq!(progress.first_unless_whole(c), None);
    }

    #[test]
    fn answers_find_their_sends_and_probes_their_askers() {
        let mut progress = Progress::default();
        let (first, second) = (progress.ask(3, "a"), progress.ask(4, "b"));
        assert_eq!(&*progress.answer(second).unwrap().target, "b");
        assert_eq!(progress.answer(first).unwrap().bytes, 3);
        assert_eq!(progress.answer(first), None);
        let mut wait = progress.probe();
        progress.answered();
        assert!(wait.try_recv().is_ok());
    }

    #[test]
    fn a_replay_that_is_wanted_again_runs_again() {
        let mut progress = Progress::default();
        assert!(progress.begin_replay());
        assert!(!progress.begin_replay());
        assert!(!progress.end_replay());
        assert!(progress.end_replay());
        assert!(progress.begin_replay());
    }
}
