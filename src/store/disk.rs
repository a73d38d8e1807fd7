//! The one seam to the file system for the log's bytes.
//!
//! Everything that must survive a power cut goes through [`Disk`], so that tests can put a faulty disk in its place.
//! A failed sync is never retried: what the page cache says afterwards proves nothing.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{FallocateFlags, FlockOperation, fallocate, fcntl_lock};

/// A folder tree that can hold segments.
pub trait Disk: Send + Sync {
    /// Names and sizes in bytes of the plain files in `folder`, in order of name. A missing folder is empty.
    fn list(&self, folder: &Path) -> io::Result<Vec<(String, u64)>>;
    /// Creates a file of `size` bytes that read as zero; it and its name are durable when this returns.
    fn create(&self, path: &Path, size: u64) -> io::Result<Arc<dyn DiskFile>>;
    /// Opens an existing file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Removes a file; its absence is durable when this returns.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// How full the file system is that holds `folder`, or will hold it.
    fn usage(&self, folder: &Path) -> io::Result<Usage>;
}

/// How full a file system is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Its size.
    pub total: u64,
    /// Taken, by whomever.
    pub used: u64,
    /// Left for this process: less than what is free where some is kept for the superuser.
    pub available: u64,
}

impl Usage {
    /// The used share, in whole percent rounded up. Java: UtilAll.getDiskPartitionSpaceUsedPercent
    pub fn percent(&self) -> u32 {
        let total = u128::from(self.used) + u128::from(self.available);
        let percent = (u128::from(self.used) * 100).div_ceil(total.max(1));
        u32::try_from(percent).unwrap_or(u32::MAX)
    }
}

/// An open file of a fixed size.
pub trait DiskFile: Send + Sync {
    /// Fills `buffer` from `offset`; reading past the end is an error.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all of `bytes` at `offset`, or fails: then it is unknown what the file holds there.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Takes room on the disk for `length` bytes at `offset`, so that writing them can't meet a full disk.
    fn reserve(&self, offset: u64, length: u64) -> io::Result<()>;
    /// Makes all written bytes durable.
    fn sync(&self) -> io::Result<()>;
    /// Asks for write-back of a range to begin, without waiting for it: it keeps later syncs short.
    fn start_write_back(&self, offset: u64, length: u64);
    /// The first offset from `offset` on that may hold something but zeros; None: nothing up to the end.
    fn next_data(&self, offset: u64) -> io::Result<Option<u64>>;
}

/// The machine's own file system.
pub struct RealDisk;

impl Disk for RealDisk {
    fn list(&self, folder: &Path) -> io::Result<Vec<(String, u64)>> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_file() {
                files.push((entry.file_name().to_string_lossy().into_owned(), metadata.len()));
            }
        }
        files.sort();
        Ok(files)
    }

    fn create(&self, path: &Path, size: u64) -> io::Result<Arc<dyn DiskFile>> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        file.set_len(size)?;
        file.sync_all()?;
        sync_folder(folder)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(RealFile(OpenOptions::new().read(true).write(true).open(path)?)))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)?;
        sync_folder(path.parent().unwrap_or(Path::new(".")))
    }

    fn usage(&self, folder: &Path) -> io::Result<Usage> {
        let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
        let disk = rustix::fs::statvfs(there)?;
        let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
        Ok(Usage {
            total: bytes(disk.f_blocks),
            used: bytes(disk.f_blocks.saturating_sub(disk.f_bfree)),
            available: bytes(disk.f_bavail),
        })
    }
}

struct RealFile(File);

impl DiskFile for RealFile {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn reserve(&self, offset: u64, length: u64) -> io::Result<()> {
        match fallocate(&self.0, FallocateFlags::KEEP_SIZE, offset, length) {
            // Some file systems can't reserve; there a full disk shows at the write itself.
            Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
            other => Ok(other?),
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn start_write_back(&self, offset: u64, length: u64) {
        use std::os::fd::AsRawFd;
        let (Ok(offset), Ok(length)) = (offset.try_into(), length.try_into()) else { return };
        // SAFETY: the call takes an open descriptor, which `self.0` owns, and plain numbers; it touches no memory of
        // ours. What goes wrong is reported by the sync that follows, so its result is not looked at.
        #[expect(unsafe_code, reason = "no safe wrapper of sync_file_range exists")]
        unsafe {
            libc::sync_file_range(self.0.as_raw_fd(), offset, length, libc::SYNC_FILE_RANGE_WRITE);
        }
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<u64>> {
        match rustix::fs::seek(&self.0, rustix::fs::SeekFrom::Data(offset)) {
            Ok(found) => Ok(Some(found)),
            Err(rustix::io::Errno::NXIO) => Ok(None),
            Err(rustix::io::Errno::INVAL) => Ok(Some(offset)),
            Err(error) => Err(error.into()),
        }
    }
}

/// Makes the names in `folder` durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?.sync_all()
}

/// Writes `bytes` to `path` so that after a power cut it holds either the old or the new content, whole.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let file = File::create(&temporary)?;
    file.write_all_at(bytes, 0)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    sync_folder(folder)
}

/// The sign on the store's door: held for as long as the process uses the folder, as the Java broker holds it.
pub(crate) struct FolderLock(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

impl FolderLock {
    /// Takes the lock of the store in `root`; `WouldBlock` if another process holds it.
    pub(crate) fn take(root: &Path) -> io::Result<FolderLock> {
        fs::create_dir_all(root)?;
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(root.join("lock"))?;
        fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive)?;
        file.write_all_at(b"lock", 0)?;
        Ok(FolderLock(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_used_share_is_rounded_up() {
        let percent = |used, available| Usage { total: used + available, used, available }.percent();
        assert_eq!((percent(1, 3), percent(1, 999), percent(0, 0)), (25, 1, 0));
    }
}
