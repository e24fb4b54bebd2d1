//! The folder that a development environment keeps between runs.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Says that a folder is ours, so that `--fresh` empties nobody else's.
const MARKER: &str = ".postern-dev";

/// A data folder that this process alone uses.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Opens the folder, creating it when needed; `fresh` empties it first.
    pub(crate) fn open(path: &Path, fresh: bool) -> Result<Self> {
        refuse_what_is_not_ours(path)?;
        fs::create_dir_all(path).with_context(|| unusable(path))?;
        let lock = lock(path)?;
        if fresh {
            empty(path)?;
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file that only its owner may read; readers see the old or the new content, never a part.
    pub(crate) fn write_private(&self, name: &str, content: &str) -> Result<()> {
        let path = self.file(name);
        let draft = self.file(&format!(".{name}.new"));
        let write = || {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            file.write_all(content.as_bytes())?;
            fs::rename(&draft, &path)
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }

    /// The key of the session cookies, 64 random bytes in base64: kept, so that a restart signs nobody out.
    pub(crate) fn cookie_key(&self) -> Result<String> {
        let name = "cookie.key";
        if let Ok(kept) = fs::read_to_string(self.file(name)) {
            return Ok(kept.trim().to_owned());
        }
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
        let key = STANDARD.encode(bytes);
        self.write_private(name, &key)?;
        Ok(key)
    }
}

fn refuse_what_is_not_ours(path: &Path) -> Result<()> {
    if path.exists() && !path.is_dir() {
        bail!(
            "{} is a file, not a folder; move it away, or choose another folder with --data",
            path.display()
        );
    }
    if !path.exists() || path.join(MARKER).exists() {
        return Ok(());
    }
    let mut entries = fs::read_dir(path).with_context(|| unusable(path))?;
    if entries.next().is_some() {
        bail!(
            "{} holds files that are not Postern's; choose an empty or a new folder with --data",
            path.display()
        );
    }
    Ok(())
}

fn lock(path: &Path) -> Result<File> {
    let marker = path.join(MARKER);
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&marker);
    let file = file.with_context(|| unusable(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "{} is in use by another `cargo xtask dev`; stop it, or choose another folder with --data",
            path.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| unusable(path)),
    }
}

fn empty(path: &Path) -> Result<()> {
    let remove = || -> std::io::Result<()> {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if entry.file_name() == MARKER {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    };
    remove().with_context(|| format!("cannot empty {}", path.display()))
}

fn unusable(path: &Path) -> String {
    format!("{} cannot be used; make it writable, or choose another folder with --data", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("xtask-{}-data-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_new_folder_is_created_and_kept() {
        let scratch = Scratch::new("kept");
        let folder = scratch.0.join("dev");
        let key = DataFolder::open(&folder, false).unwrap().cookie_key().unwrap();
        assert_eq!(STANDARD.decode(&key).unwrap().len(), 64);
        assert_eq!(DataFolder::open(&folder, false).unwrap().cookie_key().unwrap(), key);
    }

    #[test]
    fn fresh_empties_our_folder() {
        let scratch = Scratch::new("fresh");
        let folder = scratch.0.join("dev");
        let key = DataFolder::open(&folder, false).unwrap().cookie_key().unwrap();
        assert_ne!(DataFolder::open(&folder, true).unwrap().cookie_key().unwrap(), key);
    }

    #[test]
    fn a_folder_of_somebody_else_is_refused_and_left_alone() {
        let scratch = Scratch::new("foreign");
        fs::write(scratch.0.join("thesis.txt"), "years of work").unwrap();
        let error = DataFolder::open(&scratch.0, true).unwrap_err().to_string();
        assert!(error.contains("not Postern's") && error.contains("--data"), "{error}");
        assert!(scratch.0.join("thesis.txt").exists());
    }

    #[test]
    fn a_file_in_the_way_is_refused() {
        let scratch = Scratch::new("file");
        let file = scratch.0.join("dev");
        fs::write(&file, "").unwrap();
        let error = DataFolder::open(&file, false).unwrap_err().to_string();
        assert!(error.contains("is a file") && error.contains("--data"), "{error}");
    }

    #[test]
    fn a_folder_in_use_is_refused() {
        let scratch = Scratch::new("locked");
        let _first = DataFolder::open(&scratch.0, false).unwrap();
        let error = DataFolder::open(&scratch.0, false).unwrap_err().to_string();
        assert!(error.contains("in use"), "{error}");
    }

    #[test]
    fn private_files_are_for_their_owner_alone() {
        let scratch = Scratch::new("private");
        let data = DataFolder::open(&scratch.0, false).unwrap();
        data.write_private("dev.env", "A=b\n").unwrap();
        let mode = fs::metadata(data.file("dev.env")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
