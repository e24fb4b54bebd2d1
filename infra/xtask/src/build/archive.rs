//! Zip archives that are the same, byte for byte, whenever the same is put in.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Files by their names in an archive, in the order in which they are put there.
#[derive(Debug, Default)]
pub(super) struct Archive {
    files: Vec<(String, PathBuf, u32)>,
}

impl Archive {
    /// Adds a program.
    pub(super) fn with_program(mut self, name: &str, path: PathBuf) -> Self {
        self.files.push((name.to_owned(), path, 0o755));
        self
    }

    /// Adds a file that is no program.
    pub(super) fn with_file(mut self, name: &str, path: PathBuf) -> Self {
        self.files.push((name.to_owned(), path, 0o644));
        self
    }

    /// Adds all files of a folder under `name`.
    pub(super) fn with_folder(mut self, name: &str, folder: &Path) -> Result<Self> {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut paths: Vec<PathBuf> = entries
            .with_context(|| format!("cannot list {}", folder.display()))?
            .iter()
            .map(fs::DirEntry::path)
            .collect();
        paths.sort();
        for path in paths {
            let last = path.file_name().unwrap_or_default().to_string_lossy();
            let inner = format!("{name}/{last}");
            if path.is_dir() {
                self = self.with_folder(&inner, &path)?;
            } else {
                self.files.push((inner, path, 0o644));
            }
        }
        Ok(self)
    }

    /// Writes the archive and gives its size in bytes.
    pub(super) fn write(&self, archive: &Path) -> Result<u64> {
        self.put(archive).with_context(|| format!("cannot write {}", archive.display()))
    }

    fn put(&self, archive: &Path) -> Result<u64> {
        fs::create_dir_all(archive.parent().unwrap_or(Path::new(".")))?;
        let mut zip = ZipWriter::new(BufWriter::new(File::create(archive)?));
        for (name, path, mode) in &self.files {
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Deflated)
                .last_modified_time(DateTime::default())
                .unix_permissions(*mode);
            let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
            zip.start_file(name.as_str(), options)?;
            io::copy(&mut BufReader::new(file), &mut zip)?;
        }
        zip.finish()?.into_inner().context("its last bytes")?;
        Ok(fs::metadata(archive)?.len())
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn a_folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-{}-archive-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("portal/assets")).unwrap();
        for (file, content) in
            [("bootstrap", "ELF"), ("portal/index.html", "<html>"), ("portal/assets/a.js", "1")]
        {
            fs::write(folder.join(file), content).unwrap();
        }
        folder
    }

    fn archived(folder: &Path) -> PathBuf {
        let archive = Archive::default().with_program("bootstrap", folder.join("bootstrap"));
        let file = folder.join("out/function.zip");
        archive.with_folder("portal", &folder.join("portal")).unwrap().write(&file).unwrap();
        file
    }

    #[test]
    fn the_program_may_be_run_and_folders_keep_their_files() {
        let file = File::open(archived(&a_folder("modes"))).unwrap();
        let mut archive = zip::ZipArchive::new(file).unwrap();
        let modes: Vec<(String, u32)> = (0..archive.len())
            .map(|index| {
                let entry = archive.by_index(index).unwrap();
                (entry.name().unwrap().into_owned(), entry.unix_mode().unwrap() & 0o777)
            })
            .collect();
        let of = |name: &str, mode| (name.to_owned(), mode);
        let wanted =
            [of("bootstrap", 0o755), of("portal/assets/a.js", 0o644), of("portal/index.html", 0o644)];
        assert_eq!(modes, wanted);
    }

    #[test]
    fn the_same_files_give_the_same_bytes_at_another_time_and_place() {
        let (one, other) = (a_folder("one"), a_folder("other"));
        let touched = File::options().write(true).open(other.join("bootstrap")).unwrap();
        touched.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(fs::read(archived(&one)).unwrap(), fs::read(archived(&other)).unwrap());
        fs::write(other.join("bootstrap"), "other").unwrap();
        assert_ne!(fs::read(archived(&one)).unwrap(), fs::read(archived(&other)).unwrap());
    }

    #[test]
    fn a_missing_file_is_an_error_that_names_it() {
        let archive = Archive::default().with_program("bootstrap", "no-such-program".into());
        let error = format!("{:#}", archive.write(&a_folder("missing").join("function.zip")).unwrap_err());
        assert!(error.contains("cannot read no-such-program"), "{error}");
    }
}
