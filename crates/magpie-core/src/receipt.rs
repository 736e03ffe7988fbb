//! Receipts. Read marks are durable before their reply; delivery marks are told at once, folded in
//! memory and stored every few seconds: after a crash they may have fallen back, never ahead.

use ahash::AHashMap;
use magpie_proto::{ConversationId, Seq, UserId, client::Receipts};
use parking_lot::Mutex;

use crate::{
    access::Caller,
    conversation::directory,
    core::Core,
    event::{Delivery, Event},
    port::store::{Op, Origin},
    refusal::Refusal,
};

/// Folded delivery marks waiting to be stored.
#[derive(Default)]
pub struct Book {
    marks: Mutex<AHashMap<(ConversationId, UserId), Seq>>,
}

impl Book {
    /// Folds a mark in; gives whether it rose above what waits here.
    fn raise(&self, conversation: ConversationId, user: &UserId, seq: Seq) -> bool {
        let mut marks = self.marks.lock();
        let mark = marks.entry((conversation, user.clone())).or_default();
        let rose = *mark < seq;
        *mark = (*mark).max(seq);
        rose
    }

    /// Takes what waits, to be stored.
    #[must_use]
    pub fn take(&self) -> Vec<(ConversationId, UserId, Seq)> {
        let marks = std::mem::take(&mut *self.marks.lock());
        marks.into_iter().map(|((conversation, user), seq)| (conversation, user, seq)).collect()
    }

    /// How many marks wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.marks.lock().len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Stores the folded delivery marks. Called every two seconds and at the end.
///
/// # Errors
/// The store's reason; the marks of this round are then lost, as after a crash.
pub fn flush(core: &Core) -> Result<(), Refusal> {
    let marks = core.receipts.take();
    if marks.is_empty() { Ok(()) } else { core.submit(Op::Delivered(marks), Origin::None) }
}

/// Takes a device's receipts: delivery marks at once, read marks durably.
///
/// # Errors
/// `unknown_conversation` when the caller is not in one of them.
pub async fn take(
    core: &Core,
    caller: &Caller,
    receipts: &Receipts,
    origin: &Origin,
) -> Result<(), Refusal> {
    for (conversation, seq) in &receipts.delivered {
        delivered(core, caller, *conversation, *seq, origin).await?;
    }
    for (conversation, seq) in &receipts.read {
        core.write(Op::Read { user: caller.user.clone(), conversation: *conversation, seq: *seq })
            .await?;
    }
    Ok(())
}

/// One delivery mark, clamped to what exists.
///
/// # Errors
/// `unknown_conversation` when the caller is not in it.
pub async fn delivered(
    core: &Core,
    caller: &Caller,
    conversation: ConversationId,
    seq: Seq,
    origin: &Origin,
) -> Result<(), Refusal> {
    let known = directory::known(core, conversation, &caller.user, caller.is_agent()).await?;
    let seq = seq.min(known.head);
    if seq == 0 || !core.receipts.raise(conversation, &caller.user, seq) {
        return Ok(());
    }
    let event = Event::Receipt { conversation, user: caller.user.clone(), delivered: seq, read: 0 };
    let mut delivery = Delivery::passing(known.audience(conversation), event);
    delivery.origin = origin.clone();
    core.bus.announce(delivery);
    Ok(())
}
