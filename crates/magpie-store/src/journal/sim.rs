//! A disk in memory that keeps apart what the system shows from what the device holds, and can
//! lose power, be full, or fail at any call. For tests only.

use std::{collections::BTreeMap, io, path::Path, sync::Arc};

use parking_lot::Mutex;

use super::disk::{Disk, DiskFile};

/// The device writes this many bytes as a whole, or not at all.
const SECTOR: usize = 512;
const ENOSPC: i32 = 28;
const EIO: i32 = 5;

/// One call that changes something, as the hook sees it before it is done.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Write { inode: u64, offset: u64, bytes: Vec<u8> },
    Sync(u64),
    Name(NameOp),
    SyncDir,
}

#[derive(Debug, Clone)]
pub(super) enum NameOp {
    Link(String, u64),
    Rename(String, String),
    Remove(String),
}

#[derive(Debug, Clone, Default)]
struct Inode {
    cached: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<(u64, Vec<u8>)>,
}

/// All of the disk.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    inodes: BTreeMap<u64, Inode>,
    names: BTreeMap<String, u64>,
    names_durable: BTreeMap<String, u64>,
    names_pending: Vec<NameOp>,
    inode_next: u64,
    salt: u64,
    /// Space for new files.
    pub(super) space_bytes: Option<u64>,
    /// This write from now on stops half way with ENOSPC.
    pub(super) full_at_write: Option<u64>,
    full_now: bool,
    /// This sync of a file from now on fails with EIO.
    pub(super) eio_at_sync: Option<u64>,
    pub(super) syncs: u64,
}

pub(super) type Hook = Box<dyn FnMut(&State, &Op) + Send>;
type ReadHook = Box<dyn FnOnce() + Send>;

/// What a single read gives once somebody wants to come between two.
const READ_BYTES: usize = 64;

/// A handle to the disk.
#[derive(Clone, Default)]
pub(super) struct Sim {
    pub(super) state: Arc<Mutex<State>>,
    hook: Arc<Mutex<Option<Hook>>>,
    read_hook: Arc<Mutex<Option<ReadHook>>>,
}

struct SimFile {
    sim: Sim,
    inode: u64,
}

impl Sim {
    pub(super) fn of(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)), ..Self::default() }
    }

    /// What to call before each change from now on.
    pub(super) fn hook(&self, hook: Option<Hook>) {
        *self.hook.lock() = hook;
    }

    /// What to do between the first read and the second one.
    pub(super) fn between_reads(&self, hook: ReadHook) {
        *self.read_hook.lock() = Some(hook);
    }

    fn op(&self, op: &Op) {
        if let Some(hook) = self.hook.lock().as_mut() {
            hook(&self.state.lock().clone(), op);
        }
    }

    /// Contents of the file of that name.
    pub(super) fn contents(&self, name: &str) -> Vec<u8> {
        let state = self.state.lock();
        state.inodes[&state.names[name]].cached.clone()
    }

    /// Puts a file there, durable.
    pub(super) fn put(&self, name: &str, bytes: Vec<u8>) {
        let mut state = self.state.lock();
        state.inode_next += 1;
        let inode = state.inode_next;
        let held = Inode { cached: bytes.clone(), durable: bytes, pending: Vec::new() };
        state.inodes.insert(inode, held);
        state.names.insert(name.to_owned(), inode);
        state.names_durable.insert(name.to_owned(), inode);
    }

    pub(super) fn delete(&self, name: &str) {
        let mut state = self.state.lock();
        state.names.remove(name);
        state.names_durable.remove(name);
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.state.lock().names.keys().cloned().collect()
    }
}

impl State {
    /// The process died in this call: all it did before stays, of a write a part.
    pub(super) fn after_kill(&self, op: &Op, seed: u64) -> Sim {
        let mut state = self.clone();
        match op {
            Op::Write { inode, offset, bytes } => {
                let done = Rng(seed).below(bytes.len() + 1);
                state.write(*inode, *offset, &bytes[..done]);
            }
            other => state.apply(other),
        }
        Sim::of(state.calm())
    }

    /// The power went in this call: of what was not made durable, anything may be there.
    pub(super) fn after_power_cut(&self, op: &Op, seed: u64) -> Sim {
        let mut state = self.clone();
        match op {
            // It may have happened, or not.
            Op::Write { .. } | Op::Name(_) => state.apply(op),
            Op::Sync(_) | Op::SyncDir => {}
        }
        Sim::of(state.cut(seed))
    }

    /// What the device holds after a power cut, at rest.
    pub(super) fn cut(&self, seed: u64) -> Self {
        let mut rng = Rng(seed);
        let mut state = self.clone().calm();
        let kept_names = match rng.below(3) {
            0 => state.names_pending.len(),
            1 => rng.below(state.names_pending.len() + 1),
            _ => 0,
        };
        let pending = std::mem::take(&mut state.names_pending);
        // Now and then any of them instead of the first ones.
        let any = rng.below(4) == 0;
        for (index, op) in pending.iter().enumerate() {
            if if any { rng.below(2) == 0 } else { index < kept_names } {
                rename_in(&mut state.names_durable, op);
            }
        }
        state.names = state.names_durable.clone();
        for inode in state.inodes.values_mut() {
            inode.lose(&mut rng);
        }
        state
    }

    fn calm(mut self) -> Self {
        (self.space_bytes, self.full_at_write, self.eio_at_sync) = (None, None, None);
        self.full_now = false;
        // Salts are new after a start.
        self.salt = Rng(self.salt + 1).next();
        self
    }

    fn write(&mut self, inode: u64, offset: u64, bytes: &[u8]) {
        let inode = self.inodes.get_mut(&inode).expect("open files stay");
        put(&mut inode.cached, offset, bytes);
        inode.pending.push((offset, bytes.to_vec()));
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Write { inode, offset, bytes } => self.write(*inode, *offset, bytes),
            Op::Sync(inode) => {
                let inode = self.inodes.get_mut(inode).expect("open files stay");
                for (offset, bytes) in std::mem::take(&mut inode.pending) {
                    put(&mut inode.durable, offset, &bytes);
                }
            }
            Op::Name(name_op) => {
                if let NameOp::Link(_, inode) = name_op {
                    self.inodes.entry(*inode).or_default();
                }
                rename_in(&mut self.names, name_op);
                self.names_pending.push(name_op.clone());
            }
            Op::SyncDir => {
                for op in std::mem::take(&mut self.names_pending) {
                    rename_in(&mut self.names_durable, &op);
                }
            }
        }
    }
}

impl Inode {
    /// Loses what was not synced: all, none, any sectors, or everything behind some byte.
    fn lose(&mut self, rng: &mut Rng) {
        let way = rng.below(5);
        let total: usize = self.pending.iter().map(|(_, bytes)| bytes.len()).sum();
        let mut left = match way {
            0 => total,
            1 => 0,
            _ => rng.below(total + 1),
        };
        for (offset, bytes) in std::mem::take(&mut self.pending) {
            if way < 3 {
                let kept = left.min(bytes.len());
                left -= kept;
                put(&mut self.durable, offset, &bytes[..kept]);
                continue;
            }
            let mut at = 0;
            while at < bytes.len() {
                let place = usize::try_from(offset).expect("small") + at;
                let count = (SECTOR - place % SECTOR).min(bytes.len() - at);
                if rng.below(2) == 0 {
                    put(&mut self.durable, place as u64, &bytes[at..at + count]);
                }
                at += count;
            }
        }
        self.cached = self.durable.clone();
    }
}

fn put(into: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let start = usize::try_from(offset).expect("small");
    if bytes.is_empty() {
        return;
    }
    if into.len() < start + bytes.len() {
        into.resize(start + bytes.len(), 0);
    }
    into[start..start + bytes.len()].copy_from_slice(bytes);
}

fn rename_in(names: &mut BTreeMap<String, u64>, op: &NameOp) {
    match op {
        NameOp::Link(name, inode) => drop(names.insert(name.clone(), *inode)),
        NameOp::Rename(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
        NameOp::Remove(name) => drop(names.remove(name)),
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().expect("a name").to_str().expect("text").to_owned()
}

fn counted(counter: &mut Option<u64>) -> bool {
    let hit = *counter == Some(0);
    *counter = counter.and_then(|left| left.checked_sub(1));
    hit
}

impl DiskFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.sim.state.lock().inodes[&self.inode].cached.len() as u64)
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let cut_in = offset > 0;
        let hook = self.sim.read_hook.lock().take_if(|_| cut_in);
        if let Some(hook) = hook {
            hook();
        }
        let limit = if self.sim.read_hook.lock().is_some() { READ_BYTES } else { usize::MAX };
        let state = self.sim.state.lock();
        let cached = &state.inodes[&self.inode].cached;
        let start = usize::try_from(offset).expect("small").min(cached.len());
        let count = bytes.len().min(cached.len() - start).min(limit);
        bytes[..count].copy_from_slice(&cached[start..start + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut done = bytes.len();
        {
            let mut state = self.sim.state.lock();
            let again = std::mem::replace(&mut state.full_now, false);
            if again {
                return Err(io::Error::from_raw_os_error(ENOSPC));
            }
            if counted(&mut state.full_at_write) && bytes.len() > 1 {
                // As the system does it: what fits is written, and the next call says no.
                done = 1 + Rng(offset).below(bytes.len() - 1);
                state.full_now = true;
            }
        }
        let op = Op::Write { inode: self.inode, offset, bytes: bytes[..done].to_vec() };
        self.sim.op(&op);
        self.sim.state.lock().apply(&op);
        Ok(done)
    }

    fn sync_data(&self) -> io::Result<()> {
        let op = Op::Sync(self.inode);
        self.sim.op(&op);
        let mut state = self.sim.state.lock();
        state.syncs += 1;
        if counted(&mut state.eio_at_sync) {
            // The system drops its notes of what was to be written, and goes on showing it.
            let seed = state.syncs;
            let inode = state.inodes.get_mut(&self.inode).expect("open files stay");
            let shown = inode.cached.clone();
            inode.lose(&mut Rng(seed));
            inode.cached = shown;
            return Err(io::Error::from_raw_os_error(EIO));
        }
        state.apply(&op);
        Ok(())
    }
}

impl Disk for Sim {
    fn list(&self, _dir: &Path) -> io::Result<Vec<String>> {
        Ok(self.names())
    }

    fn create_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn create(&self, path: &Path, size: u64) -> io::Result<Box<dyn DiskFile>> {
        let inode = {
            let mut state = self.state.lock();
            if let Some(space) = state.space_bytes {
                let left = space.checked_sub(size);
                state.space_bytes = Some(left.ok_or_else(|| io::Error::from_raw_os_error(ENOSPC))?);
            }
            state.inode_next += 1;
            state.inode_next
        };
        let op = Op::Name(NameOp::Link(name_of(path), inode));
        self.op(&op);
        self.state.lock().apply(&op);
        Ok(Box::new(SimFile { sim: self.clone(), inode }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let inode = self.state.lock().names.get(&name_of(path)).copied();
        let inode = inode.ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(SimFile { sim: self.clone(), inode }))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let op = Op::Name(NameOp::Rename(name_of(from), name_of(to)));
        self.op(&op);
        self.state.lock().apply(&op);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let op = Op::Name(NameOp::Remove(name_of(path)));
        self.op(&op);
        self.state.lock().apply(&op);
        Ok(())
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        self.op(&Op::SyncDir);
        self.state.lock().apply(&Op::SyncDir);
        Ok(())
    }

    fn salt(&self) -> u64 {
        let mut state = self.state.lock();
        state.salt = Rng(state.salt).next();
        state.salt
    }
}

/// Splitmix: the same numbers for the same seed.
#[derive(Debug, Clone)]
pub(super) struct Rng(pub(super) u64);

impl Rng {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).expect("below a usize")
    }
}
