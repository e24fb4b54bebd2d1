//! The tests of the store and of the API once more, with a real PostgreSQL server in SQLite's place.

use std::{fs, path::Path};

use anyhow::Result;

use super::tally::{Tally, cargo_result, count};
use crate::{apt, shell};

/// Where Debian keeps each version's programs.
const SERVERS: &str = "/usr/lib/postgresql";
const POOLER: &str = "/usr/sbin/pgbouncer";
const FAILOVER: &str = "/usr/bin/pg_autoctl";

/// The server, its pooler and what lets a copy take over, from Debian.
pub(super) fn install() -> Result<()> {
    let mut missing = Vec::new();
    if !has_server() {
        missing.push("postgresql");
    }
    if !Path::new(POOLER).exists() {
        missing.push("pgbouncer");
    }
    if !Path::new(FAILOVER).exists() {
        missing.push("postgresql-15-auto-failover");
    }
    if missing.is_empty() { Ok(()) } else { apt::install(&missing) }
}

fn has_server() -> bool {
    let mut versions = fs::read_dir(SERVERS).into_iter().flatten().filter_map(Result::ok);
    versions.any(|version| version.path().join("bin/postgres").exists())
}

pub(super) fn run(filter: Option<&str>) -> Result<Tally> {
    let mut tally = Tally::default();
    // Of the functions' tests only the store's have to do with it. Of two filters either would do.
    for (target, usual) in [
        (["--package", "functions", "--lib"].as_slice(), Some("store")),
        (&["--package", "tests", "--test", "api"], None),
    ] {
        let mut cargo = shell::cargo();
        cargo.arg("test").args(target).arg("--").args(filter.or(usual));
        tally.add(count(cargo.env("POSTERN_TEST_STORE", "postgres"), cargo_result)?);
    }
    Ok(tally)
}
