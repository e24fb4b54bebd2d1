//! Where things lie in the checkout.

use std::path::{Path, PathBuf};

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("xtask lies two folders below the root")
}

pub(crate) fn target() -> PathBuf {
    root().join("target")
}

pub(crate) fn frontend() -> PathBuf {
    root().join("frontend")
}

/// The finished portal: `index.html`, and `assets/` with hashed names.
pub(crate) fn portal() -> PathBuf {
    target().join("portal")
}

/// A host binary of the dev profile.
pub(crate) fn binary(name: &str) -> PathBuf {
    target().join("debug").join(name)
}
