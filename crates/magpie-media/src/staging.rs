//! Unfinished uploads on the local disk: a plan (`<id>.json`) and the bytes so far (`<id>.part`),
//! whose length is the offset. Found again after a restart; what was acknowledged is flushed.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
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
    /// Finished, refused or given up: its files go, and nobody goes on with it.
    pub(crate) over: AtomicBool,
    /// Held by whoever writes, finishes or erases.
    pub(crate) part: Arc<tokio::sync::Mutex<Part>>,
}

/// The bytes so far.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// Written; some of it perhaps not yet flushed.
    pub(crate) len: u64,
}

/// The right to write, to finish or to erase.
pub(crate) type PartGuard = tokio::sync::OwnedMutexGuard<Part>;

impl Slot {
    /// Whether nobody may go on with it.
    pub(crate) fn is_over(&self, now_ms: u64) -> bool {
        self.plan.expires_ms <= now_ms || self.over.load(Ordering::Acquire)
    }

    /// Takes that right.
    pub(crate) fn lock(&self) -> Result<PartGuard, MediaError> {
        let at = self.flushed.load(Ordering::Acquire);
        match self.part.clone().try_lock_owned() {
            Ok(_) if self.over.load(Ordering::Acquire) => Err(MediaError::Unknown),
            Ok(part) => Ok(part),
            Err(_held) => Err(MediaError::Busy { at }),
        }
    }

    /// Brings what was written to the disk; from here on it is told. Blocks.
    pub(crate) fn flush(&self, part: &Part) -> io::Result<u64> {
        fs::OpenOptions::new().write(true).open(&self.path)?.sync_data()?;
        self.flushed.store(part.len, Ordering::Release);
        Ok(part.len)
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
            over: AtomicBool::new(false),
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

    /// Erases an upload's files, the plan last: it is what finds the others again. When the disk
    /// does not do it, [`Self::over`] still names the upload.
    pub(crate) fn erase(&self, slot: &Slot) -> io::Result<()> {
        slot.over.store(true, Ordering::Release);
        remove(&slot.path)?;
        remove(&slot.path.with_extension("json"))?;
        self.slots.lock().remove(&slot.id);
        Ok(())
    }

    pub(crate) fn find(&self, id: MediaId) -> Option<Arc<Slot>> {
        self.slots.lock().get(&id).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Slot>> {
        self.slots.lock().values().cloned().collect()
    }

    /// Those that nobody may go on with.
    pub(crate) fn over(&self, now_ms: u64) -> Vec<Arc<Slot>> {
        self.slots.lock().values().filter(|slot| slot.is_over(now_ms)).cloned().collect()
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
    let part = Arc::new(tokio::sync::Mutex::new(Part { len }));
    let (flushed, over) = (AtomicU64::new(len), AtomicBool::new(false));
    Ok(Slot { id, plan, path, flushed, over, part })
}
