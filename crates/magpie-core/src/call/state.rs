//! The state machine of calls: ringing, active, ended. Pure: it is told the time, says what
//! happened as a list, and does nothing else. A user is in at most one call that is not over.

use std::{collections::VecDeque, sync::Arc};

use ahash::AHashMap;
use magpie_proto::{CallId, CallWhy, ErrorCode, UserId, body::CallRecord};

use super::{
    CALLS_MAX, Call, CallConn, Invite, Phase, Rules, Signal, records::Record, signals::Signals,
};
use crate::refusal::Refusal;

/// Late requests about a call that is over learn so for this long.
const REMEMBERED_MS: u64 = 60_000;
/// Calls that are over and still remembered.
const ENDED_MAX: usize = 16_384;
/// Bytes of all signals that are kept.
const KEPT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// When something is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub(super) rules: Rules,
    pub(super) now_ms: u64,
    pub(super) uptime_ms: u64,
}

/// What others learn of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    Call(Box<Call>),
    Signal(Box<Signal>),
    Record(Record),
}

/// One user's side of a call.
#[derive(Debug, Default)]
struct Side {
    conn: Option<CallConn>,
    /// Since when its connection is gone, in uptime.
    lost_ms: Option<u64>,
    /// What the other side has for it.
    signals: Signals,
}

impl Side {
    fn is_on(&self, conn: u64) -> bool {
        self.conn.as_ref().is_some_and(|mine| mine.id == conn)
    }

    /// Whether a connection may speak for this side: it is the one, or the same device's next.
    fn may_end(&self, conn: &CallConn) -> bool {
        self.is_on(conn.id) || (self.lost_ms.is_some() && self.same_device(conn))
    }

    /// A device without a name is known by its connection alone, while that lives.
    fn may_attach(&self, conn: &CallConn) -> bool {
        let known = !conn.device.is_empty() || self.lost_ms.is_some();
        self.is_on(conn.id) || (known && self.same_device(conn))
    }

    fn same_device(&self, conn: &CallConn) -> bool {
        self.conn.as_ref().is_some_and(|mine| mine.device == conn.device)
    }

    fn put(&mut self, conn: CallConn) {
        (self.conn, self.lost_ms, self.signals.behind) = (Some(conn), None, None);
    }
}

#[derive(Debug)]
struct Entry {
    call: Call,
    /// The caller's and the callee's.
    sides: [Side; 2],
    begun_up_ms: u64,
    answered_up_ms: Option<u64>,
}

impl Entry {
    /// Which side a user is on.
    fn role(&self, user: &UserId) -> Option<usize> {
        if self.call.from == *user { Some(0) } else { (self.call.to == *user).then_some(1) }
    }

    fn seen(&mut self) -> Call {
        for (shown, side) in self.call.conns.iter_mut().zip(&self.sides) {
            *shown = side.conn.as_ref().map(|conn| conn.id);
        }
        self.call.clone()
    }

    /// Why its time is over, if it is.
    fn overdue(&self, at: At) -> Option<CallWhy> {
        let ringing = self.call.phase == Phase::Ringing;
        if ringing && at.uptime_ms >= self.begun_up_ms + at.rules.ring_ms {
            return Some(CallWhy::Missed);
        }
        let gone = |side: &Side| {
            side.lost_ms.is_some_and(|since_ms| at.uptime_ms >= since_ms + at.rules.lost_after_ms)
        };
        self.sides.iter().any(gone).then_some(CallWhy::Lost)
    }

    fn kept_bytes(&self) -> usize {
        self.sides.iter().map(|side| side.signals.bytes()).sum()
    }

    /// A signal for one side, if that has a connection.
    fn signal(&self, side: usize, number: u64, data: Arc<str>) -> Option<Box<Signal>> {
        let conn = self.sides[side].conn.as_ref()?.id;
        let user = if side == 0 { &self.call.from } else { &self.call.to };
        let call = self.call.id.clone();
        Some(Box::new(Signal { call, user: user.clone(), conn, number, data }))
    }

    /// The kept signals of one side above a number.
    fn signals_after(&self, side: usize, have: u64) -> Vec<Told> {
        let kept = self.sides[side].signals.after(have);
        let signals = kept.filter_map(|(number, data)| self.signal(side, number, data));
        signals.map(Told::Signal).collect()
    }
}

/// All calls of a node.
#[derive(Debug, Default)]
pub(super) struct Calls {
    entries: AHashMap<CallId, Entry>,
    /// The call of each user that is not over.
    of: AHashMap<UserId, CallId>,
    /// Calls that are over, with the uptime of their end.
    ended: VecDeque<(u64, CallId)>,
    kept_bytes: usize,
    told: Vec<Told>,
}

fn unknown() -> Refusal {
    Refusal::new(ErrorCode::UnknownCall, "no such call, or you are not in it")
}

fn taken(why: &str) -> Refusal {
    Refusal::new(ErrorCode::CallTaken, why)
}

fn over() -> Refusal {
    taken("this call is over")
}

fn bad(why: &str) -> Refusal {
    Refusal::new(ErrorCode::BadRequest, why)
}

impl Calls {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn take_told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    pub(super) fn current(&mut self, user: &UserId) -> Option<Call> {
        let id = self.of.get(user)?;
        self.entries.get_mut(id).map(Entry::seen)
    }

    pub(super) fn invite(
        &mut self,
        at: At,
        from: &UserId,
        conn: CallConn,
        invite: Invite,
    ) -> Result<Call, Refusal> {
        let Invite { call: id, to, media } = invite;
        self.settle(at, &id);
        if let Some(entry) = self.entries.get(&id) {
            if entry.call.from != *from || entry.call.to != to {
                return Err(bad("\"call\": this id was used for another call; make a new one"));
            }
            if matches!(entry.call.phase, Phase::Ended(_)) {
                return Err(over());
            }
            // Asked again, because the answer was lost.
            return self.attach(at, from, conn, &id, 0);
        }
        for user in [from, &to] {
            if let Some(id) = self.of.get(user).cloned() {
                self.settle(at, &id);
            }
        }
        if let Some(other) = self.of.get(from) {
            let message = format!("you are in a call already: {:?}", other.as_str());
            return Err(Refusal::new(ErrorCode::Busy, message));
        }
        if self.of.len() / 2 >= CALLS_MAX {
            return Err(Refusal::new(ErrorCode::Overloaded, "too many calls on this server"));
        }
        let busy = self.of.contains_key(&to);
        let call = Call {
            id: id.clone(),
            media,
            from: from.clone(),
            to: to.clone(),
            phase: Phase::Ringing,
            begun_ms: at.now_ms,
            expires_ms: at.now_ms + at.rules.ring_ms,
            answered_ms: None,
            ended_ms: None,
            conns: [None; 2],
        };
        let sides = [Side { conn: Some(conn), ..Side::default() }, Side::default()];
        let entry = Entry { call, sides, begun_up_ms: at.uptime_ms, answered_up_ms: None };
        self.entries.insert(id.clone(), entry);
        if busy {
            self.end(at, &id, CallWhy::Busy);
        } else {
            self.of.insert(from.clone(), id.clone());
            self.of.insert(to, id.clone());
            self.tell(&id);
        }
        self.entries.get_mut(&id).map(Entry::seen).ok_or_else(unknown)
    }

    pub(super) fn accept(
        &mut self,
        at: At,
        user: &UserId,
        conn: CallConn,
        id: &CallId,
    ) -> Result<Call, Refusal> {
        let (entry, role) = self.find(at, user, id)?;
        if role == 0 {
            return Err(bad("the caller cannot accept his own call"));
        }
        match entry.call.phase {
            Phase::Ended(_) => return Err(over()),
            Phase::Active if entry.sides[role].is_on(conn.id) => return Ok(entry.seen()),
            Phase::Active => return Err(taken("this call was answered on another device")),
            Phase::Ringing => {}
        }
        entry.sides[role].put(conn);
        entry.call.phase = Phase::Active;
        entry.call.answered_ms = Some(at.now_ms);
        entry.answered_up_ms = Some(at.uptime_ms);
        let (call, early) = (entry.seen(), entry.signals_after(role, 0));
        self.tell(id);
        self.told.extend(early);
        Ok(call)
    }

    pub(super) fn hang_up(
        &mut self,
        at: At,
        user: &UserId,
        conn: &CallConn,
        id: &CallId,
        failed: bool,
    ) -> Result<(), Refusal> {
        let (entry, role) = self.find(at, user, id)?;
        let by_role = match (entry.call.phase, role) {
            (Phase::Ended(_), _) => return Ok(()),
            (Phase::Ringing, 0) => CallWhy::Cancelled,
            (Phase::Ringing, _) => CallWhy::Rejected,
            (Phase::Active, _) => CallWhy::Hangup,
        };
        // While it rings, any device of the callee may reject. Later one that comes too late must
        // not hang up for the one that has accepted.
        let asked_early = by_role == CallWhy::Rejected;
        if !asked_early && !entry.sides[role].may_end(conn) {
            return Err(taken("another connection of yours is in this call; attach first"));
        }
        self.end(at, id, if failed { CallWhy::Failed } else { by_role });
        Ok(())
    }

    pub(super) fn attach(
        &mut self,
        at: At,
        user: &UserId,
        conn: CallConn,
        id: &CallId,
        have: u64,
    ) -> Result<Call, Refusal> {
        let (entry, role) = self.find(at, user, id)?;
        if matches!(entry.call.phase, Phase::Ended(_)) {
            return Err(over());
        }
        let side = &mut entry.sides[role];
        if side.conn.is_none() {
            // It rings here: there is nothing to take over yet.
            return Ok(entry.seen());
        }
        if !side.may_attach(&conn) {
            return Err(taken("another device of yours is in this call"));
        }
        let moved = !side.is_on(conn.id);
        side.put(conn);
        let (call, missed) = (entry.seen(), entry.signals_after(role, have));
        if moved {
            self.tell(id);
        }
        self.told.extend(missed);
        Ok(call)
    }

    pub(super) fn signal(
        &mut self,
        at: At,
        user: &UserId,
        conn: u64,
        id: &CallId,
        data: Arc<str>,
    ) -> Result<(), Refusal> {
        let room = KEPT_BYTES_MAX.saturating_sub(self.kept_bytes);
        let (entry, role) = self.find(at, user, id)?;
        if matches!(entry.call.phase, Phase::Ended(_)) {
            return Err(over());
        }
        if entry.sides[role].conn.is_none() {
            return Err(bad("accept the call before you send signals"));
        }
        if !entry.sides[role].is_on(conn) {
            return Err(taken("another connection of yours is in this call; attach first"));
        }
        if data.len() > room {
            return Err(Refusal::new(ErrorCode::Overloaded, "too many signals on this server"));
        }
        let other = 1 - role;
        let before = entry.kept_bytes();
        let number = entry.sides[other].signals.push(data.clone());
        let signal = entry.signal(other, number, data);
        let after = entry.kept_bytes();
        self.kept_bytes = self.kept_bytes + after - before;
        self.told.extend(signal.map(Told::Signal));
        Ok(())
    }

    pub(super) fn left(&mut self, uptime_ms: u64, user: &UserId, conn: u64) {
        let entry = self.of.get(user).and_then(|id| self.entries.get_mut(id));
        let Some(entry) = entry else { return };
        for side in entry.sides.iter_mut().filter(|side| side.is_on(conn)) {
            side.lost_ms.get_or_insert(uptime_ms);
        }
    }

    pub(super) fn in_order(&mut self, signal: &Signal) -> bool {
        self.receiver(signal)
            .is_some_and(|side| side.signals.behind.is_none_or(|behind| signal.number < behind))
    }

    pub(super) fn found_no_room(&mut self, signal: &Signal) {
        if let Some(side) = self.receiver(signal) {
            let behind = side.signals.behind.unwrap_or(u64::MAX);
            side.signals.behind = Some(behind.min(signal.number));
        }
    }

    /// The side that a signal is for, if its connection is still the one.
    fn receiver(&mut self, signal: &Signal) -> Option<&mut Side> {
        let entry = self.entries.get_mut(&signal.call)?;
        entry.sides.iter_mut().find(|side| side.is_on(signal.conn))
    }

    pub(super) fn sweep(&mut self, at: At) {
        let mut due = Vec::new();
        for (id, entry) in &mut self.entries {
            if matches!(entry.call.phase, Phase::Ended(_)) {
                continue;
            }
            if entry.overdue(at).is_some() {
                due.push(id.clone());
                continue;
            }
            for side in [0, 1] {
                if let Some(behind) = entry.sides[side].signals.behind.take() {
                    self.told.extend(entry.signals_after(side, behind - 1));
                }
            }
        }
        for id in due {
            self.settle(at, &id);
        }
        while let Some((ended_ms, _)) = self.ended.front()
            && at.uptime_ms >= ended_ms + REMEMBERED_MS
        {
            self.forget_oldest();
        }
    }

    /// The call and the side of a user in it, after its time was looked at.
    fn find(&mut self, at: At, user: &UserId, id: &CallId) -> Result<(&mut Entry, usize), Refusal> {
        self.settle(at, id);
        let entry = self.entries.get_mut(id).ok_or_else(unknown)?;
        let role = entry.role(user).ok_or_else(unknown)?;
        Ok((entry, role))
    }

    /// Ends a call whose time is over, also when no sweep has come by yet.
    fn settle(&mut self, at: At, id: &CallId) {
        let entry = self.entries.get(id);
        let live = entry.filter(|entry| !matches!(entry.call.phase, Phase::Ended(_)));
        if let Some(why) = live.and_then(|entry| entry.overdue(at)) {
            self.end(at, id, why);
        }
    }

    fn end(&mut self, at: At, id: &CallId, why: CallWhy) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        self.kept_bytes -= entry.kept_bytes();
        for side in &mut entry.sides {
            side.signals = Signals::default();
        }
        entry.call.phase = Phase::Ended(why);
        entry.call.ended_ms = Some(at.now_ms);
        let what = CallRecord {
            id: id.clone(),
            media: entry.call.media,
            why,
            talked_ms: entry.answered_up_ms.map(|since_ms| at.uptime_ms.saturating_sub(since_ms)),
        };
        let (from, to) = (entry.call.from.clone(), entry.call.to.clone());
        for user in [&from, &to] {
            // A busy callee stays in the call that he is in.
            if self.of.get(user) == Some(id) {
                self.of.remove(user);
            }
        }
        self.ended.push_back((at.uptime_ms, id.clone()));
        self.tell(id);
        let record = Record { from, to, what, ended_ms: at.now_ms, key_used: false };
        self.told.push(Told::Record(record));
        while self.ended.len() > ENDED_MAX {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, id)) = self.ended.pop_front() {
            self.entries.remove(&id);
        }
    }

    fn tell(&mut self, id: &CallId) {
        if let Some(entry) = self.entries.get_mut(id) {
            self.told.push(Told::Call(Box::new(entry.seen())));
        }
    }
}

#[cfg(test)]
mod tests;
