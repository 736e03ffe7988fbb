//! The record of each call, written as a message of the caller. A store that takes no writes at
//! that moment is asked again every second; the idempotency key makes that harmless.

use std::collections::VecDeque;

use magpie_proto::{Body, UserId, body::CallRecord, client::Target};

use crate::{
    core::{Begun, Core},
    message::send,
    port::store::{Op, Rejection},
};

/// Records that may wait for the store; beyond it the oldest is lost, and the log says so.
const WAITING_MAX: usize = 1_024;

/// What a call leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) from: UserId,
    pub(super) to: UserId,
    pub(super) what: CallRecord,
    pub(super) ended_ms: u64,
    /// Its usual key was used for something else by the caller himself.
    pub(super) key_used: bool,
}

struct Waiting {
    record: Record,
    /// The write under way, if the store took it.
    begun: Option<Begun>,
}

#[derive(Default)]
pub(super) struct Records {
    waiting: VecDeque<Waiting>,
}

impl Records {
    /// Queues the write.
    pub(super) fn write(&mut self, core: &Core, record: Record) {
        if self.waiting.len() >= WAITING_MAX
            && let Some(Waiting { record, .. }) = self.waiting.pop_front()
        {
            tracing::error!(call = %record.what.id, "the record of a call is lost: too many wait");
        }
        let begun = begin(core, &record);
        self.waiting.push_back(Waiting { record, begun });
    }

    /// Looks what became of the writes under way, and begins those again that failed.
    pub(super) fn again(&mut self, core: &Core) {
        self.waiting.retain_mut(|waiting| waiting.is_open(core));
    }
}

impl Waiting {
    fn is_open(&mut self, core: &Core) -> bool {
        match self.begun.as_mut().map(Begun::poll) {
            // Under way.
            Some(None) => return true,
            Some(Some(Ok(_))) => return false,
            Some(Some(Err(Rejection::ClientMsgIdReused))) if !self.record.key_used => {
                self.record.key_used = true;
            }
            None | Some(Some(Err(Rejection::Store(_)))) => {}
            Some(Some(Err(rejection))) => {
                tracing::warn!(call = %self.record.what.id, ?rejection, "no record of this call");
                return false;
            }
        }
        self.begun = begin(core, &self.record);
        true
    }
}

fn begin(core: &Core, record: &Record) -> Option<Begun> {
    let id = &record.what.id;
    let key = if record.key_used {
        format!("call:{id}:{}", record.ended_ms)
    } else {
        format!("call:{id}")
    };
    let message = send::Send {
        target: Target::User(record.to.clone()),
        client_msg_id: Some(key.into()),
        body: Body::call(&record.what),
    };
    let append = send::by_server(core, record.from.clone(), message);
    let begun = append.and_then(|append| core.begin(Op::Append(append)));
    begun
        .inspect_err(|refusal| tracing::warn!(call = %id, %refusal, "the record of a call waits"))
        .ok()
}
