//! How much a browser downloads.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::inputs::files_below;
use crate::shell;

/// Compressed sizes in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sizes {
    /// What the connect page needs.
    connect: u64,
    whole: u64,
}

/// Tells how large the portal is, as it is sent: pages, styles, scripts, texts and WebAssembly.
pub(super) fn tell(portal: &Path) -> Result<()> {
    let Sizes { connect, whole } = measure(portal)?;
    shell::say(format_args!("    {} for the connect page, {} in all", kilobytes(connect), kilobytes(whole)));
    Ok(())
}

fn measure(portal: &Path) -> Result<Sizes> {
    let mut sizes = Sizes::default();
    for file in files_below(portal)? {
        let name = file.to_string_lossy();
        let counts =
            [".html.br", ".css.br", ".js.br", ".wasm.br", ".txt.br"].iter().any(|end| name.ends_with(end));
        if !counts {
            continue;
        }
        let size = fs::metadata(&file).with_context(|| format!("cannot read {name}"))?.len();
        sizes.whole += size;
        if !comes_later(&name) && !is_other_language(&name) {
            sizes.connect += size;
        }
    }
    Ok(sizes)
}

/// Whether the file holds pages other than the connect page.
fn comes_later(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|name| name.starts_with("split_") || name.starts_with("chunk_"))
}

/// Whether it is the shorter of the two tables of texts: only one is downloaded.
fn is_other_language(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|name| name.starts_with("en-"))
}

fn kilobytes(bytes: u64) -> impl Display {
    format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_later_is_not_the_connect_pages() {
        assert!(comes_later("assets/portal-1/split_pages.wasm.br"));
        assert!(comes_later("assets/portal-1/chunk_3.wasm.br"));
        assert!(!comes_later("assets/portal-1/portal_bg.wasm.br"));
    }

    #[test]
    fn sizes_are_told_in_kilobytes() {
        assert_eq!(kilobytes(150_049).to_string(), "150.0 kB");
        assert_eq!(kilobytes(950).to_string(), "0.9 kB");
    }
}
