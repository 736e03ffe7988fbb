//! Unfinished uploads on the local disk: a plan (`<id>.json`) and the bytes so far (`<id>.part`),
//! whose length is the offset. Found again after a restart; what was acknowledged is flushed.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use magpie_proto::{MediaId, UserId};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::{
    MediaError, Usage,
    blobs::directory::{flush_folder, remove, write_whole},
};

/// Most unfinished uploads of all users together.
const UNFINISHED_MAX: usize = 100_000;

/// What an upload is going to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) size: u64,
    #[serde(rename = "use")]
    pub(crate) usage: Usage,
    pub(crate) ms: Option<u64>,
    pub(crate) wave: Option<Vec<u8>>,
    pub(crate) poster: Option<String>,
    pub(crate) expires_ms: u64,
}

impl Plan {
    pub(crate) fn owner(&self) -> Result<UserId, MediaError> {
        UserId::parse(&self.owner).map_err(|_changed_by_hand| MediaError::Unknown)
    }
}

/// One unfinished upload.
pub(crate) struct Slot {
    pub(crate) id: MediaId,
    pub(crate) plan: Plan,
    pub(crate) path: PathBuf,
    /// Bytes that are on the disk for certain.
    pub(crate) flushed: AtomicU64,
    /// Held by whoever writes or finishes.
    pub(crate) part: Arc<tokio::sync::Mutex<Part>>,
}

/// The bytes so far.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// Written; some of it perhaps not yet flushed.
    pub(crate) len: u64,
    /// The upload was finished or aborted: its files are no longer there.
    pub(crate) gone: bool,
}

impl Slot {
    /// The right to write or finish.
    pub(crate) fn lock(&self) -> Result<tokio::sync::OwnedMutexGuard<Part>, MediaError> {
        let at = self.flushed.load(Ordering::Acquire);
        match self.part.clone().try_lock_owned() {
            Ok(part) if part.gone => Err(MediaError::Unknown),
            Ok(part) => Ok(part),
            Err(_held) => Err(MediaError::Busy { at }),
        }
    }
}

/// All of them.
pub(crate) struct Staging {
    folder: PathBuf,
    slots: Mutex<HashMap<MediaId, Arc<Slot>>>,
}

impl Staging {
    /// Finds what an earlier process left.
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let mut slots = HashMap::new();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let id = path.file_stem().and_then(|stem| MediaId::parse(stem.to_str()?).ok());
            let is_plan = path.extension().is_some_and(|ending| ending == "json");
            if let Some(id) = id.filter(|_| is_plan)
                && let Some(plan) = read_plan(&path)
            {
                slots.insert(id, Arc::new(found(id, plan, &folder)?));
            }
        }
        let staging = Self { folder, slots: Mutex::new(slots) };
        staging.remove_strays()?;
        Ok(staging)
    }

    /// Files that belong to no plan.
    fn remove_strays(&self) -> io::Result<()> {
        let slots = self.slots.lock();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let whole = path.extension().is_some_and(|e| e == "json" || e == "part");
            let id = path.file_stem().and_then(|stem| MediaId::parse(stem.to_str()?).ok());
            if !whole || !id.is_some_and(|id| slots.contains_key(&id)) {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// Takes a place for an upload; says how many bytes all of its owner's announce.
    pub(crate) fn reserve(
        &self,
        id: MediaId,
        plan: Plan,
        per_user: usize,
    ) -> Result<(Arc<Slot>, u64), MediaError> {
        let mut slots = self.slots.lock();
        if slots.len() >= UNFINISHED_MAX {
            return Err(MediaError::Overloaded);
        }
        let own = slots.values().filter(|slot| slot.plan.owner == plan.owner);
        let (count, bytes) = own.fold((0, 0_u64), |(n, sum), slot| (n + 1, sum + slot.plan.size));
        if count >= per_user {
            return Err(MediaError::Unfinished(per_user));
        }
        let bytes = bytes.saturating_add(plan.size);
        let slot = Arc::new(Slot {
            id,
            plan,
            path: part_path(&self.folder, id),
            flushed: AtomicU64::new(0),
            part: Arc::default(),
        });
        slots.insert(id, slot.clone());
        Ok((slot, bytes))
    }

    /// Gives a place back that was only taken.
    pub(crate) fn unreserve(&self, id: MediaId) {
        self.slots.lock().remove(&id);
    }

    /// Writes the plan and an empty part, durably.
    pub(crate) fn begin(slot: &Slot) -> io::Result<()> {
        File::create(&slot.path)?.sync_all()?;
        let text = serde_json::to_vec(&slot.plan)?;
        write_whole(&slot.path.with_extension("json"), &text)?;
        flush_folder(slot.path.parent().unwrap_or(&slot.path))
    }

    /// Erases an upload's files, the plan last: it is what finds the others again.
    pub(crate) fn erase(&self, slot: &Slot, part: &mut Part) -> io::Result<()> {
        remove(&slot.path)?;
        remove(&slot.path.with_extension("json"))?;
        part.gone = true;
        self.slots.lock().remove(&slot.id);
        Ok(())
    }

    pub(crate) fn find(&self, id: MediaId) -> Option<Arc<Slot>> {
        self.slots.lock().get(&id).cloned()
    }

    /// Those that nobody may go on with.
    pub(crate) fn expired(&self, now_ms: u64) -> Vec<Arc<Slot>> {
        let slots = self.slots.lock();
        slots.values().filter(|slot| slot.plan.expires_ms <= now_ms).cloned().collect()
    }
}

fn part_path(folder: &Path, id: MediaId) -> PathBuf {
    folder.join(format!("{id}.part"))
}

fn read_plan(path: &Path) -> Option<Plan> {
    let text = fs::read(path).ok()?;
    let plan = serde_json::from_slice(&text);
    if let Err(error) = &plan {
        tracing::warn!(%error, path = %path.display(), "an unfinished upload cannot be read and is dropped");
    }
    plan.ok()
}

/// The length of a part found at start is its offset: it is flushed before anyone is told.
fn found(id: MediaId, plan: Plan, folder: &Path) -> io::Result<Slot> {
    let path = part_path(folder, id);
    let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
    let len = file.metadata()?.len().min(plan.size);
    file.set_len(len)?;
    file.sync_all()?;
    let part = Arc::new(tokio::sync::Mutex::new(Part { len, gone: false }));
    Ok(Slot { id, plan, path, flushed: AtomicU64::new(len), part })
}
