//! The first requests of a start: everything that will be needed is tried once, and the prefix is
//! taken for one server. A second one would sweep files that it does not know, and so would this
//! one with another data directory.

use std::time::Duration;

use magpie_proto::MediaId;
use object_store::{
    ObjectStoreExt as _, PutPayload,
    list::{PaginatedListOptions, PaginatedListStore as _},
};

use super::{S3, Unusable, fault};

/// Names whose files these are.
const OWNER: &str = "owner";
/// Nothing is there; may we erase it?
const PROBE: &str = "probe";
/// A start does not wait longer: whoever started it is waiting too.
const CLAIM_TIMEOUT: Duration = Duration::from_secs(20);

/// What a start should know of a store that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    /// The bucket keeps old versions: what is erased here stays there.
    pub keeps_versions: bool,
}

impl S3 {
    /// Tries to list, read, write and erase, and claims the prefix for the server with this id.
    ///
    /// # Errors
    /// Which setting to correct.
    pub async fn claim(&self, server: MediaId) -> Result<Claimed, Unusable> {
        let tried = tokio::time::timeout(CLAIM_TIMEOUT, self.try_all(server)).await;
        tried.unwrap_or_else(|_too_late| {
            let text = format!("does not answer within {} seconds", CLAIM_TIMEOUT.as_secs());
            Err(Unusable { setting: "endpoint", text })
        })
    }

    async fn try_all(&self, server: MediaId) -> Result<Claimed, Unusable> {
        let prefix = Some(&*self.prefix).filter(|prefix| !prefix.is_empty());
        let one = PaginatedListOptions { max_keys: Some(1), ..Default::default() };
        let listed = self.store.list_paginated(prefix, one).await;
        listed.map_err(|error| self.unusable("s3:ListBucket", &error))?;

        let (path, own) = (self.own_path(OWNER), server.to_string());
        let read = async { self.store.get(&path).await?.bytes().await };
        match read.await {
            Ok(owner) if owner.trim_ascii() == own.as_bytes() => {}
            Ok(_) => return Err(self.taken(path.as_ref())),
            Err(error) if fault::is_missing(&error) => {}
            Err(error) => return Err(self.unusable("s3:GetObject", &error)),
        }
        let put = self.store.put(&path, PutPayload::from(own)).await;
        let put = put.map_err(|error| self.unusable("s3:PutObject", &error))?;
        let keeps_versions = put.version.is_some_and(|version| version != "null");
        match self.store.delete(&self.own_path(PROBE)).await {
            Err(error) if !fault::is_missing(&error) => {
                Err(self.unusable("s3:DeleteObject", &error))
            }
            _ => Ok(Claimed { keeps_versions }),
        }
    }

    fn taken(&self, path: &str) -> Unusable {
        let text = format!(
            "the files below {:?} in the bucket {:?} belong to another server, or to another data \
             directory of this one: give each server a prefix of its own. When this one is to take \
             them over for ever, stop the other and remove the object {path:?} from the bucket; \
             files that this store does not know will be erased",
            self.prefix, self.bucket
        );
        Unusable { setting: "prefix", text }
    }
}
