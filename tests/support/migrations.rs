//! The migrations of the store's schema, as their files say them.

use std::{fs, path::Path};

/// One file of `functions/migrations`.
#[derive(Clone, Debug)]
pub struct Migration {
    pub version: i64,
    /// Without comments, each on one line.
    pub statements: Vec<String>,
}

/// What a statement adds to the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addition {
    Table(String),
    Index(String),
    Column {
        table: String,
        column: String,
    },
    /// Nothing: it writes to these columns of rows that are there.
    Values {
        table: String,
        columns: Vec<String>,
    },
    /// Nothing: it says that who does not know this migration must not work on what it leaves.
    Oldest(i64),
}

impl Migration {
    pub fn new(version: i64, sql: &str) -> Self {
        let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
        let text = lines.collect::<Vec<_>>().join(" ");
        let statements = text.split(';').map(|one| one.split_whitespace().collect::<Vec<_>>().join(" "));
        Self { version, statements: statements.filter(|one| !one.is_empty()).collect() }
    }
}

/// All of them, the first one first.
pub fn migrations() -> Vec<Migration> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions/migrations");
    let mut found: Vec<Migration> = fs::read_dir(folder)
        .expect("the migrations are there")
        .map(|entry| {
            let path = entry.expect("a file").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
            let version = name.split('_').next().and_then(|number| number.parse().ok()).expect("a number");
            Migration::new(version, &fs::read_to_string(&path).expect("its text"))
        })
        .collect();
    found.sort_by_key(|migration| migration.version);
    found
}

/// What a statement adds; an error: it does something that a version which does not know it may not survive.
pub fn addition(statement: &str) -> Result<Addition, String> {
    let words: Vec<&str> = statement.split([' ', '(', ')', ',']).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        ["CREATE", "TABLE", name, ..] => Ok(Addition::Table((*name).to_owned())),
        ["CREATE", "INDEX", name, "ON", ..] => Ok(Addition::Index((*name).to_owned())),
        ["ALTER", "TABLE", table, "ADD", "COLUMN", column, _kind] => {
            Ok(Addition::Column { table: (*table).to_owned(), column: (*column).to_owned() })
        }
        ["ALTER", "TABLE", table, "ADD", "COLUMN", column, _kind, "NOT", "NULL", "DEFAULT", _value] => {
            Ok(Addition::Column { table: (*table).to_owned(), column: (*column).to_owned() })
        }
        ["UPDATE", table, "SET", ..] => {
            Ok(Addition::Values { table: (*table).to_owned(), columns: assigned(statement) })
        }
        ["INSERT", "INTO", "meta", "name", "value", "VALUES", "'oldest_schema'", number, ..] => {
            let number = number.trim_matches('\'').parse();
            number.map(Addition::Oldest).map_err(|_| format!("is no number: {statement}"))
        }
        _ => Err(format!("does more than add: {statement}")),
    }
}

/// The columns that an `UPDATE` sets.
fn assigned(update: &str) -> Vec<String> {
    let set = update.split(" SET ").nth(1).unwrap_or_default();
    let set = set.split(" WHERE ").next().unwrap_or_default();
    let names = set.split(',').filter_map(|one| Some(one.split_once('=')?.0.trim().to_owned()));
    names.collect()
}

/// The statement that takes away what was added.
fn undone(added: Addition) -> Option<String> {
    match added {
        Addition::Table(name) => Some(format!("DROP TABLE {name}")),
        Addition::Index(name) => Some(format!("DROP INDEX {name}")),
        Addition::Column { table, column } => Some(format!("ALTER TABLE {table} DROP COLUMN {column}")),
        Addition::Values { .. } => None,
        Addition::Oldest(_) => Some("DELETE FROM meta WHERE name = 'oldest_schema'".to_owned()),
    }
}

/// The statements that take a store back to what it was before the migrations after `version`: what those added goes,
/// and what the rows held before stays.
pub fn take_back_to(version: i64) -> Vec<String> {
    let mut statements = Vec::new();
    for migration in migrations().into_iter().rev().filter(|migration| migration.version > version) {
        let added = migration.statements.iter().rev().map(|one| addition(one).expect("it only adds"));
        statements.extend(added.filter_map(undone));
        statements.push(format!("DELETE FROM _sqlx_migrations WHERE version = {}", migration.version));
    }
    statements
}
