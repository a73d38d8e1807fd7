//! The log's files: which there are, reading across them, taking room ahead.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::store::PhysicalOffset;
use crate::store::disk::{Disk, DiskFile, Usage};
use crate::store::error::StoreError;

/// Room is taken from the file system in steps of this many bytes, so that an idle store stays small and a full disk
/// shows before a message is half written.
pub(crate) const RESERVE_STEP_BYTES: u64 = 64 << 20;
/// Steps in which it is taken when little is left.
const RESERVE_SMALL_STEP_BYTES: u64 = 1 << 20;
/// Bytes of the disk that the log leaves to the index and to what else must be written while no message is.
const LEFT_FREE_BYTES: u64 = 16 << 20;

/// One file of the log.
pub(crate) struct Segment {
    /// Offset of its first byte in the log.
    pub(crate) start: PhysicalOffset,
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn DiskFile>,
    reserved: AtomicU64,
}

impl Segment {
    /// Fills `buffer` with the log's bytes from `offset` on, which must lie in this file. It can be read as long as it
    /// is held, also once it is deleted.
    pub(crate) fn read_exact_at(&self, buffer: &mut [u8], offset: PhysicalOffset) -> Result<(), StoreError> {
        self.file
            .read_exact_at(buffer, (offset - self.start) as u64)
            .map_err(|error| StoreError::io("read segment", &self.path, error))
    }
}

/// The files of one log, in order of offset. Files are of one size; between two there may be a gap that was reported.
pub(crate) struct Segments {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    size: u64,
    list: RwLock<Vec<Arc<Segment>>>,
    /// Start of the oldest file; 0 for an empty log.
    first: AtomicI64,
    growing: Mutex<()>,
}

impl Segments {
    /// Opens what `folder` holds. A file of another size than `size` bytes is refused, as Java refuses it; only an empty
    /// newest file, which a crash at its creation leaves, is given its size.
    pub(crate) fn open(disk: Arc<dyn Disk>, folder: &Path, size: u64) -> Result<Segments, StoreError> {
        let names = disk.list(folder).map_err(|error| StoreError::io("list the log", folder, error))?;
        let mut list = Vec::new();
        let newest = names.iter().rposition(|(name, _)| parse_name(name).is_some());
        for (position, (name, length)) in names.iter().enumerate() {
            let path = folder.join(name);
            let Some(start) = parse_name(name) else {
                tracing::warn!(file = %path.display(), "not a segment of the log, left alone");
                continue;
            };
            let file = match *length {
                0 if Some(position) == newest => disk.create(&path, size),
                length if length == size => disk.open(&path),
                length => {
                    return Err(StoreError::Layout(format!(
                        "segment {} has {length} bytes, not the {size} of mappedFileSizeCommitLog: \
                         set that key to the size the store was made with",
                        path.display()
                    )));
                }
            }
            .map_err(|error| StoreError::io("open segment", &path, error))?;
            list.push(Arc::new(Segment { start, path, file, reserved: AtomicU64::new(0) }));
        }
        list.sort_by_key(|segment| segment.start);
        report_gaps(&list, size);
        let first = AtomicI64::new(list.first().map_or(0, |segment| segment.start));
        Ok(Segments { disk, folder: folder.to_owned(), size, list: RwLock::new(list), first, growing: Mutex::new(()) })
    }

    /// Bytes of each file.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// All files, in order of offset.
    pub(crate) fn all(&self) -> Vec<Arc<Segment>> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Offset of the oldest byte kept; 0 for an empty log.
    pub(crate) fn first_offset(&self) -> PhysicalOffset {
        self.first.load(Ordering::Acquire)
    }

    /// The file system that the files are in.
    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// Takes the oldest file out of the log, and then off the disk: whoever reads it this moment reads on. None if it does
    /// not end at or below `end`, or is the newest one.
    pub(crate) fn delete_oldest(&self, end: PhysicalOffset) -> Result<Option<Arc<Segment>>, StoreError> {
        let oldest = {
            let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
            let [oldest, next, ..] = &list[..] else { return Ok(None) };
            if oldest.start + self.size as i64 > end {
                return Ok(None);
            }
            self.first.store(next.start, Ordering::Release);
            list.remove(0)
        };
        self.disk.remove(&oldest.path).map_err(|error| StoreError::io("delete segment", &oldest.path, error))?;
        Ok(Some(oldest))
    }

    /// The file that holds `offset`.
    pub(crate) fn containing(&self, offset: PhysicalOffset) -> Option<Arc<Segment>> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        let position = list.partition_point(|segment| segment.start <= offset).checked_sub(1)?;
        let segment = &list[position];
        ((offset - segment.start) < self.size as i64).then(|| segment.clone())
    }

    /// Fills `buffer` with the log's bytes from `offset`. They must lie in one file.
    pub(crate) fn read_exact_at(&self, buffer: &mut [u8], offset: PhysicalOffset) -> Result<(), StoreError> {
        let Some(segment) = self.containing(offset) else {
            return Err(StoreError::Layout(format!("the log holds no byte at offset {offset}")));
        };
        segment.read_exact_at(buffer, offset)
    }

    /// Writes bytes that lie in one file.
    pub(crate) fn write_all_at(&self, bytes: &[u8], offset: PhysicalOffset) -> Result<(), StoreError> {
        let Some(segment) = self.containing(offset) else {
            return Err(StoreError::Layout(format!("the log has no file for offset {offset}")));
        };
        segment
            .file
            .write_all_at(bytes, (offset - segment.start) as u64)
            .map_err(|error| full_or_io("write segment", &segment.path, error))
    }

    /// Makes sure that the bytes of `from..to` can be written: their files exist and room for them is taken.
    /// Nothing was written if this fails; a full disk is [`StoreError::DiskFull`].
    pub(crate) fn reserve(&self, from: PhysicalOffset, to: PhysicalOffset) -> Result<(), StoreError> {
        let mut at = from;
        while at < to {
            let segment = self.containing_or_create(at)?;
            let end = (segment.start + self.size as i64).min(to);
            self.reserve_in(&segment, (end - segment.start) as u64)?;
            at = end;
        }
        Ok(())
    }

    /// Offset up to which room is taken in the file that holds `offset`; `offset` itself if that file is missing.
    pub(crate) fn reserved_end(&self, offset: PhysicalOffset) -> PhysicalOffset {
        self.containing(offset)
            .map_or(offset, |segment| segment.start + segment.reserved.load(Ordering::Acquire) as i64)
    }

    fn reserve_in(&self, segment: &Segment, length: u64) -> Result<(), StoreError> {
        let _growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        let reserved = segment.reserved.load(Ordering::Acquire);
        if reserved >= length {
            return Ok(());
        }
        let target = self.reservable(segment, reserved, length)?;
        segment
            .file
            .reserve(reserved, target - reserved)
            .map_err(|error| full_or_io("reserve room in segment", &segment.path, error))?;
        segment.reserved.store(target, Ordering::Release);
        Ok(())
    }

    /// Up to where room can be taken in a file so that at least its first `length` bytes can be written.
    fn reservable(&self, segment: &Segment, reserved: u64, length: u64) -> Result<u64, StoreError> {
        let steps = [RESERVE_STEP_BYTES, RESERVE_SMALL_STEP_BYTES];
        let [large, small] = steps.map(|step| length.next_multiple_of(step).min(self.size));
        let unknown = Usage { total: u64::MAX, used: 0, available: u64::MAX };
        let usage = self.disk.usage(&self.folder).unwrap_or(unknown);
        let fits = |target: u64| target - reserved + LEFT_FREE_BYTES <= usage.available;
        if fits(large) {
            return Ok(large);
        }
        if fits(small) {
            return Ok(small);
        }
        Err(StoreError::DiskFull(format!(
            "no room for {} more bytes of segment {}: {} bytes are used, {} are available, {LEFT_FREE_BYTES} of them are kept free",
            small - reserved,
            segment.path.display(),
            usage.used,
            usage.available,
        )))
    }

    fn containing_or_create(&self, offset: PhysicalOffset) -> Result<Arc<Segment>, StoreError> {
        if let Some(segment) = self.containing(offset) {
            return Ok(segment);
        }
        let _growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(segment) = self.containing(offset) {
            return Ok(segment);
        }
        let start = match self.list.read().unwrap_or_else(PoisonError::into_inner).last() {
            Some(last) => last.start + (offset - last.start) / self.size as i64 * self.size as i64,
            None => offset,
        };
        let path = self.folder.join(format!("{start:020}"));
        let file = self.disk.create(&path, self.size).map_err(|error| full_or_io("create segment", &path, error))?;
        let segment = Arc::new(Segment { start, path, file, reserved: AtomicU64::new(0) });
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        list.push(segment.clone());
        self.first.store(list[0].start, Ordering::Release);
        drop(list);
        Ok(segment)
    }
}

fn full_or_io(action: &'static str, path: &Path, error: std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            StoreError::DiskFull(format!("{action} {}: {error}", path.display()))
        }
        _ => StoreError::io(action, path, error),
    }
}

fn parse_name(name: &str) -> Option<PhysicalOffset> {
    let digits = name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| name.parse().ok()).flatten()
}

fn report_gaps(list: &[Arc<Segment>], size: u64) {
    for pair in list.windows(2) {
        let expected = pair[0].start + size as i64;
        if pair[1].start != expected {
            tracing::error!(
                from = expected,
                to = pair[1].start,
                "segments of the log are missing, what they held is lost"
            );
        }
    }
}
