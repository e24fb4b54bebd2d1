//! The files of the repository: all that git tracks or would track.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{fs, str};

/// A text file, by its path from the root with `/` between folders.
#[derive(Clone, Debug)]
pub(crate) struct TextFile {
    pub(crate) path: String,
    pub(crate) content: String,
}

impl TextFile {
    pub(crate) fn new(path: &str, content: &str) -> Self {
        Self { path: path.to_owned(), content: content.to_owned() }
    }

    pub(crate) fn has_extension(&self, extensions: &[&str]) -> bool {
        Path::new(&self.path).extension().is_some_and(|end| extensions.iter().any(|known| end == *known))
    }
}

/// Every path, binary files too.
pub(crate) fn paths() -> &'static [String] {
    static PATHS: OnceLock<Vec<String>> = OnceLock::new();
    PATHS.get_or_init(|| {
        let mut paths = listed_by_git().unwrap_or_else(|| found_below(&root()));
        paths.retain(|path| root().join(path).is_file());
        paths.sort();
        paths
    })
}

/// Every text file.
pub(crate) fn text_files() -> &'static [TextFile] {
    static FILES: OnceLock<Vec<TextFile>> = OnceLock::new();
    FILES.get_or_init(|| paths().iter().filter_map(|path| read(path)).collect())
}

/// The text files whose rules are about what they say: the examples of these rules break them on purpose.
pub(crate) fn prose() -> Vec<TextFile> {
    text_files().iter().filter(|file| !file.path.starts_with("tests/tidy/")).cloned().collect()
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie below the root").to_owned()
}

fn read(path: &str) -> Option<TextFile> {
    let bytes = fs::read(root().join(path)).ok()?;
    let content = str::from_utf8(&bytes).ok().filter(|text| !text.contains('\0'))?;
    Some(TextFile::new(path, content))
}

fn listed_by_git() -> Option<Vec<String>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(root()).output().ok()?;
    if !output.status.success() {
        return None;
    }
    let names = String::from_utf8(output.stdout).ok()?;
    Some(names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// Where there is no git, all files but what builds leave behind.
fn found_below(root: &Path) -> Vec<String> {
    const MADE: [&str; 4] = [".git", "target", "node_modules", "__pycache__"];
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository can be listed") {
            let path = entry.expect("a folder of the repository can be listed").path();
            let is_made = path.file_name().is_some_and(|name| MADE.iter().any(|made| name == *made));
            if path.is_dir() && !is_made {
                folders.push(path);
            } else if path.is_file() {
                let relative = path.strip_prefix(root).expect("what is found lies below the root");
                found.push(relative.to_string_lossy().into_owned());
            }
        }
    }
    found
}

#[test]
fn the_files_are_found_with_and_without_git() {
    assert!(paths().iter().any(|path| path == "Cargo.toml"));
    let walked = found_below(&root());
    assert!(walked.iter().any(|path| path == "shared/src/lib.rs"));
    assert!(!walked.iter().any(|path| path.starts_with("target/") || path.starts_with(".git/")));
}
