//! The log's files: which there are, reading across them, taking room ahead.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::store::PhysicalOffset;
use crate::store::disk::{Disk, DiskFile};
use crate::store::error::StoreError;

/// Room is taken from the file system in steps of this many bytes, so that an idle store stays small and a full disk
/// shows before a message is half written.
pub(crate) const RESERVE_STEP_BYTES: u64 = 64 << 20;

/// One file of the log.
pub(crate) struct Segment {
    /// Offset of its first byte in the log.
    pub(crate) start: PhysicalOffset,
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn DiskFile>,
    reserved: AtomicU64,
}

/// The files of one log, in order of offset. Files are of one size; between two there may be a gap that was reported.
pub(crate) struct Segments {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    size: u64,
    list: RwLock<Vec<Arc<Segment>>>,
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
        Ok(Segments { disk, folder: folder.to_owned(), size, list: RwLock::new(list), growing: Mutex::new(()) })
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
        self.list.read().unwrap_or_else(PoisonError::into_inner).first().map_or(0, |segment| segment.start)
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
        segment
            .file
            .read_exact_at(buffer, (offset - segment.start) as u64)
            .map_err(|error| StoreError::io("read segment", &segment.path, error))
    }

    /// Writes bytes that lie in one file.
    pub(crate) fn write_all_at(&self, bytes: &[u8], offset: PhysicalOffset) -> Result<(), StoreError> {
        let Some(segment) = self.containing(offset) else {
            return Err(StoreError::Layout(format!("the log has no file for offset {offset}")));
        };
        segment
            .file
            .write_all_at(bytes, (offset - segment.start) as u64)
            .map_err(|error| StoreError::io("write segment", &segment.path, error))
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
        let target = length.next_multiple_of(RESERVE_STEP_BYTES).min(self.size);
        segment
            .file
            .reserve(reserved, target - reserved)
            .map_err(|error| full_or_io("reserve room in segment", &segment.path, error))?;
        segment.reserved.store(target, Ordering::Release);
        Ok(())
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
        self.list.write().unwrap_or_else(PoisonError::into_inner).push(segment.clone());
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
