//! A disk in memory that fails, tears and forgets as it is told to.
//!
//! What is written is seen at once (the page cache) and kept over the death of the process. What a power cut leaves is
//! what was synced, and of what was not, by chance, some sectors.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::store::disk::{Disk, DiskFile, Usage};

const SECTOR_BYTES: usize = 512;

#[derive(Default)]
pub(super) struct FaultyDisk {
    state: Arc<Mutex<State>>,
    gate: Arc<Gate>,
}

/// Where writes stand while the disk is told to hold them.
#[derive(Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    closed: bool,
    standing: usize,
}

impl Gate {
    /// Longest stand: a test that fails must end.
    const PATIENCE: Duration = Duration::from_secs(30);

    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.standing += 1;
        self.changed.notify_all();
        let (mut state, _) = self.changed.wait_timeout_while(state, Gate::PATIENCE, |state| state.closed).unwrap();
        state.standing -= 1;
    }
}

#[derive(Default)]
struct State {
    files: BTreeMap<PathBuf, Content>,
    writes: usize,
    syncs: usize,
    fail_write: Option<usize>,
    fail_sync: Option<usize>,
    full: bool,
    full_writes: bool,
}

#[derive(Default, Clone)]
struct Content {
    seen: Vec<u8>,
    synced: Vec<u8>,
}

impl FaultyDisk {
    pub(super) fn new() -> FaultyDisk {
        FaultyDisk::default()
    }

    pub(super) fn as_disk(&self) -> Arc<dyn Disk> {
        Arc::new(FaultyDisk { state: self.state.clone(), gate: self.gate.clone() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The write that comes after `after` more ones writes half of its bytes and fails, and so do all later ones.
    pub(super) fn fail_write_after(&self, after: usize) {
        let mut state = self.state();
        state.fail_write = Some(state.writes + after);
    }

    /// The sync that comes after `after` more ones fails; the ones behind it say that all is well, as Linux does.
    pub(super) fn fail_sync_after(&self, after: usize) {
        let mut state = self.state();
        state.fail_sync = Some(state.syncs + after);
    }

    /// Writes stand still from now on, until they are let go.
    pub(super) fn hold_writes(&self, hold: bool) {
        self.gate.state.lock().unwrap().closed = hold;
        self.gate.changed.notify_all();
    }

    /// Returns when a write stands still.
    pub(super) fn wait_for_held_write(&self) {
        let state = self.gate.state.lock().unwrap();
        let waited = self.gate.changed.wait_timeout_while(state, Gate::PATIENCE, |state| state.standing == 0).unwrap();
        assert!(!waited.1.timed_out(), "no write came");
    }

    pub(super) fn syncs(&self) -> usize {
        self.state().syncs
    }

    pub(super) fn set_full(&self, full: bool) {
        self.state().full = full;
    }

    /// Writes meet a full disk half way, as where room can't be taken beforehand.
    pub(super) fn set_full_writes(&self, full: bool) {
        self.state().full_writes = full;
    }

    /// All faults gone, as if the disk had been replaced with a copy.
    pub(super) fn heal(&self) {
        let mut state = self.state();
        state.fail_write = None;
        state.fail_sync = None;
        state.full = false;
    }

    /// What was not synced is lost, but for some sectors.
    pub(super) fn cut_power(&self, chance: &mut fastrand::Rng) {
        for content in self.state().files.values_mut() {
            let lasting = content.seen.chunks(SECTOR_BYTES).zip(content.synced.chunks_mut(SECTOR_BYTES));
            for (seen, synced) in lasting {
                if seen != synced && chance.bool() {
                    synced.copy_from_slice(seen);
                }
            }
            content.seen = content.synced.clone();
        }
    }

    /// What was not synced is lost, all of it.
    pub(super) fn lose_unsynced(&self) {
        self.state().files.values_mut().for_each(|content| content.seen = content.synced.clone());
    }

    /// Lets `change` change the bytes of the only file whose name ends so, as a bad disk does.
    pub(super) fn tamper(&self, name: &str, change: impl FnOnce(&mut [u8])) {
        let mut state = self.state();
        let content = state.files.iter_mut().find(|(path, _)| path.ends_with(name)).expect("the file exists").1;
        change(&mut content.seen);
        content.synced = content.seen.clone();
    }

    pub(super) fn bytes_of(&self, name: &str) -> Vec<u8> {
        self.state().files.iter().find(|(path, _)| path.ends_with(name)).expect("the file exists").1.seen.clone()
    }

    pub(super) fn file_count(&self) -> usize {
        self.state().files.len()
    }
}

impl Disk for FaultyDisk {
    fn list(&self, folder: &Path) -> io::Result<Vec<(String, u64)>> {
        let in_folder = |path: &Path| path.parent() == Some(folder);
        let named = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        let state = self.state();
        let files = state.files.iter().filter(|(path, _)| in_folder(path));
        Ok(files.map(|(path, content)| (named(path), content.seen.len() as u64)).collect())
    }

    fn create(&self, path: &Path, size: u64) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        if state.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let zeros = vec![0; size as usize];
        state.files.insert(path.to_owned(), Content { seen: zeros.clone(), synced: zeros });
        drop(state);
        self.open(path)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(FaultyFile { state: self.state.clone(), gate: self.gate.clone(), path: path.to_owned() }))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.state().files.remove(path).map(|_| ()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn usage(&self, _folder: &Path) -> io::Result<Usage> {
        let state = self.state();
        let used = state.files.values().map(|content| content.seen.len() as u64).sum();
        let available = if state.full { 0 } else { 1 << 40 };
        Ok(Usage { total: used + available, used, available })
    }
}

struct FaultyFile {
    state: Arc<Mutex<State>>,
    gate: Arc<Gate>,
    path: PathBuf,
}

impl FaultyFile {
    fn with<T>(&self, action: impl FnOnce(&mut State, &Path) -> T) -> T {
        action(&mut self.state.lock().unwrap(), &self.path)
    }
}

impl DiskFile for FaultyFile {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.with(|state, path| {
            let content = state.files.get(path).ok_or(io::ErrorKind::NotFound)?;
            let from = offset as usize;
            let bytes = content.seen.get(from..from + buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
            buffer.copy_from_slice(bytes);
            Ok(())
        })
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.gate.pass();
        self.with(|state, path| {
            let full = state.full_writes;
            let fails = full || state.fail_write.is_some_and(|at| state.writes >= at);
            state.writes += 1;
            let written = if fails { bytes.len() / 2 } else { bytes.len() };
            let content = state.files.get_mut(path).ok_or(io::ErrorKind::NotFound)?;
            content.seen[offset as usize..offset as usize + written].copy_from_slice(&bytes[..written]);
            match fails {
                true if full => Err(io::ErrorKind::StorageFull.into()),
                true => Err(io::Error::other("injected write failure")),
                false => Ok(()),
            }
        })
    }

    fn reserve(&self, _offset: u64, _length: u64) -> io::Result<()> {
        self.with(|state, _| if state.full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|state, path| {
            let fails = state.fail_sync == Some(state.syncs);
            state.syncs += 1;
            if fails {
                return Err(io::Error::other("injected sync failure"));
            }
            let content = state.files.get_mut(path).ok_or(io::ErrorKind::NotFound)?;
            content.synced = content.seen.clone();
            Ok(())
        })
    }

    fn start_write_back(&self, _offset: u64, _length: u64) {}

    fn next_data(&self, offset: u64) -> io::Result<Option<u64>> {
        self.with(|state, path| {
            let content = state.files.get(path).ok_or(io::ErrorKind::NotFound)?;
            let rest = content.seen.get(offset as usize..).unwrap_or_default();
            Ok(rest.iter().position(|byte| *byte != 0).map(|skip| offset + skip as u64))
        })
    }
}
