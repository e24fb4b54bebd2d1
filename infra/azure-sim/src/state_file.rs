use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::directory::Directory;
use crate::world::World;

/// Changes shortly after each other are written together; a large world is written less often.
const PAUSE: Duration = Duration::from_millis(150);
const VERSION: u32 = 1;

/// What is kept between runs.
#[derive(Deserialize)]
pub(crate) struct Saved {
    version: u32,
    pub(crate) signing_key: String,
    pub(crate) directory: Directory,
    pub(crate) world: World,
}

#[derive(Serialize)]
struct Saving<'a> {
    version: u32,
    signing_key: &'a str,
    directory: &'a Directory,
    world: &'a World,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("it cannot be read ({0})")]
    Unreadable(std::io::Error),
    #[error("it is broken ({0})")]
    Broken(serde_json::Error),
    #[error("it was written by another version")]
    OtherVersion,
}

/// What the file holds; nothing if there is none yet.
pub(crate) fn load(path: &Path) -> Result<Option<Saved>, LoadError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LoadError::Unreadable(error)),
    };
    let saved: Saved = serde_json::from_slice(&bytes).map_err(LoadError::Broken)?;
    if saved.version == VERSION { Ok(Some(saved)) } else { Err(LoadError::OtherVersion) }
}

/// Writes beside the file and renames, so that the file is always whole. It holds secrets: only its owner may read
/// it.
pub(crate) fn save(app: &App, path: &Path) -> std::io::Result<()> {
    let world = app.core().world.clone();
    let saving =
        Saving { version: VERSION, signing_key: app.keys.pem(), directory: &app.directory, world: &world };
    let bytes = serde_json::to_vec(&saving).map_err(std::io::Error::other)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    write_private(&beside, &bytes)?;
    std::fs::rename(&beside, path)
}

pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Saves after every change for as long as it is polled. A save that fails is tried again after the next change.
pub(crate) async fn keep_saving(app: std::sync::Arc<App>, path: PathBuf) {
    let mut pause = PAUSE;
    loop {
        app.changed.notified().await;
        tokio::time::sleep(pause).await;
        let started = Instant::now();
        let (app, path) = (app.clone(), path.clone());
        let saved = tokio::task::spawn_blocking(move || save(&app, &path)).await;
        drop(saved);
        pause = PAUSE.max(started.elapsed() * 4);
    }
}
