//! The rules of the house as tests: who may import whom, how long a file may be, what may not be written.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder or file of `src/`, and the parts of this crate that it must not import.
const FORBIDDEN_IMPORTS: [(&str, &[&str]); 8] = [
    ("namesrv", &["broker", "store", "delay", "transaction"]),
    ("broker", &["namesrv"]),
    ("delay", &["broker", "namesrv", "remoting", "config", "transaction"]),
    ("transaction", &["broker", "namesrv", "remoting", "config", "delay"]),
    ("remoting", &["broker", "namesrv", "store", "config", "delay", "transaction"]),
    ("store", &["broker", "namesrv", "remoting", "config", "delay", "transaction"]),
    ("filter", &["broker", "namesrv", "remoting", "store", "config", "delay", "transaction"]),
    ("config", &["broker", "namesrv", "remoting", "store", "delay", "transaction"]),
];

/// Words that only the named files may contain.
const RESERVED: [(&str, &[&str]); 4] = [
    ("rocksdb::", &["store/index_db", "store/meta.rs", "store/error.rs", "tidy.rs"]),
    ("unsafe {", &["store/disk.rs", "tidy.rs"]),
    ("TcpStream::connect", &["remoting/", "tidy.rs"]),
    ("std::process::Command", &["store/tests/", "tidy.rs"]),
];

/// Lines of a file, at most. Most are far shorter; a longer one wants to be two.
const FILE_LINES_MAX: usize = 450;

fn sources() -> Vec<(String, String)> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder of the sources").flatten() {
            match entry.path() {
                path if path.is_dir() => collect(&path, found),
                path if path.extension().is_some_and(|extension| extension == "rs") => found.push(path),
                _ => {}
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    let name = |path: &Path| path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
    paths.into_iter().map(|path| (name(&path), fs::read_to_string(&path).expect("a source"))).collect()
}

fn check(rule: &str, broken: Vec<String>) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

#[test]
fn layers_import_only_what_is_below_them() {
    let mut broken = Vec::new();
    for (name, text) in sources() {
        let Some((_, forbidden)) = FORBIDDEN_IMPORTS.iter().find(|(part, _)| name.starts_with(&format!("{part}/")))
        else {
            continue;
        };
        for other in forbidden.iter().filter(|other| text.contains(&format!("crate::{other}"))) {
            broken.push(format!("{name} imports {other}"));
        }
    }
    check("a layer imports one that it must not know (see lib.rs)", broken);
}

#[test]
fn some_words_belong_to_some_files() {
    let mut broken = Vec::new();
    for (name, text) in sources() {
        for (word, homes) in RESERVED {
            if text.contains(word) && !homes.iter().any(|home| name.starts_with(home)) {
                broken.push(format!("{name} contains `{word}`"));
            }
        }
    }
    check("a word outside of its files", broken);
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut broken = Vec::new();
    for (name, text) in sources() {
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            broken.push(format!("{name} has {lines} lines"));
        }
        if !text.starts_with("//!") {
            broken.push(format!("{name} does not begin with a module head"));
        }
    }
    check("a file is too long, or does not say what it owns", broken);
}
