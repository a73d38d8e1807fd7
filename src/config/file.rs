//! Replacing a small file as a whole, so that a crash leaves the old or the new one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Writes beside the file, syncs, renames over it and syncs the folder. Missing folders are made.
pub fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".tmp");
    let mut file = File::create(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/config.json");
        for content in [b"one".as_slice(), b"two"] {
            replace_file(&path, content).expect("replaced");
            assert_eq!(fs::read(&path).expect("readable"), content);
        }
        assert_eq!(fs::read_dir(path.parent().expect("a parent")).expect("listed").count(), 1);
    }
}
