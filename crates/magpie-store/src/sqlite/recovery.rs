//! Between the journal and the store: the tail that a start finds, and the same for a backup or a
//! check that reads beside a running server. A payload is the store's epoch and its effects.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use magpie_core::model::Position;

use super::{OpenError, OpenOptions, keys::Keys};
use crate::{
    effect::{Effect, codec},
    journal::{self, Batch, Journal, JournalError, Keeper, Recovered},
    tail::Tail,
};

/// Opens the journal of a store; what SQLite does not have of it goes into the tail.
pub(crate) fn open_journal(
    options: &OpenOptions,
    epoch: u64,
    applied: Position,
    (tail, keys): (&Tail, &Keys),
) -> Result<(Journal, Arc<Keeper>, Recovered), OpenError> {
    let sizes = journal::Options {
        segment_bytes_first: options.segment_bytes_first,
        ..journal::Options::default()
    };
    let disk = Arc::new(journal::RealDisk);
    let dir = options.data_dir.join(journal::DIRECTORY);
    let mut batch = tail.new_layer();
    let opened = journal::open(disk, &dir, sizes, applied, &mut |found| {
        for effect in effects(&found, epoch)? {
            if let Effect::Message(row) = &effect
                && let Some(key) = &row.message.client_msg_id
            {
                keys.add(row.message.conversation, row.sender, key);
            }
            batch.insert(effect);
        }
        tail.publish(&mut batch, found.last);
        Ok(())
    });
    let (journal, keeper, recovered) = opened.map_err(OpenError::from)?;
    if recovered.batches > 0 {
        let Recovered { last, batches, bytes, .. } = recovered;
        tracing::info!(last, batches, bytes, "the journal is ahead of the database");
    }
    Ok((journal, keeper, recovered))
}

/// Reads the journal of a data directory that a server may be writing. `None`: the server has let
/// go of what follows `after`, so its database has it; look at that again.
pub(crate) fn read_journal(
    data_dir: &Path,
    after: Position,
    each: &mut dyn FnMut(Batch<'_>) -> Result<(), String>,
) -> Result<Option<Recovered>, OpenError> {
    match journal::read(&data_dir.join(journal::DIRECTORY), after, each) {
        Ok(recovered) => Ok(Some(recovered)),
        Err(JournalError::Moved { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What a batch changed.
pub(crate) fn effects(batch: &Batch<'_>, epoch: u64) -> Result<Vec<Effect>, String> {
    let payload = Bytes::copy_from_slice(batch.payload);
    let (found, effects) = codec::decode(payload).map_err(|error| error.to_string())?;
    if found != epoch {
        return Err(format!("it belongs to another store (epoch {found:x}, not {epoch:x})"));
    }
    Ok(effects)
}
