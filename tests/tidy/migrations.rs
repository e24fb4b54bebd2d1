//! The store's schema: a migration only adds, so that the version before it goes on working and an upgrade can be taken
//! back; or it says in the store that older versions must stay away.

use std::collections::BTreeSet;

use tests::{Addition, Migration, addition, migrations};

use crate::assert_none;

fn that_older_versions_do_not_survive(migrations: &[Migration]) -> Vec<String> {
    let mut added = BTreeSet::new();
    let mut found = Vec::new();
    for Migration { version, statements } in migrations {
        let mut harmful = Vec::new();
        let mut keeps_away = false;
        for statement in statements {
            match addition(statement) {
                Ok(Addition::Column { table, column }) => _ = added.insert((table, column)),
                Ok(Addition::Values { table, columns }) => {
                    let known = |column: &String| !added.contains(&(table.clone(), column.clone()));
                    harmful.extend(
                        columns
                            .into_iter()
                            .filter(known)
                            .map(|column| format!("changes {table}.{column}, which may not be NULL")),
                    );
                }
                Ok(Addition::Oldest(oldest)) => keeps_away |= oldest == *version,
                Ok(Addition::Table(_) | Addition::Index(_)) => {}
                Err(why) => harmful.push(why),
            }
        }
        if !keeps_away {
            found.extend(harmful.into_iter().map(|why| format!("migration {version} {why}")));
        }
    }
    found
}

#[test]
fn migrations_only_add() {
    assert_none(&that_older_versions_do_not_survive(&migrations()));
}

#[test]
fn what_does_more_than_add_is_found() {
    for statement in [
        "DROP TABLE t",
        "DROP INDEX i",
        "ALTER TABLE t DROP COLUMN a",
        "ALTER TABLE t RENAME COLUMN a TO b",
        "ALTER TABLE t ADD COLUMN a TEXT NOT NULL",
        "ALTER TABLE t ADD COLUMN a TEXT UNIQUE",
        "ALTER TABLE t ADD COLUMN a TEXT CHECK (a <> '')",
        "CREATE UNIQUE INDEX i ON t (a)",
        "UPDATE t SET a = 'x' WHERE b = 1",
        "DELETE FROM t",
        "INSERT INTO meta (name, value) VALUES ('oldest_schema', '8') ON CONFLICT (name) DO NOTHING; DROP TABLE t",
    ] {
        let found = that_older_versions_do_not_survive(&[Migration::new(9, statement)]);
        assert_eq!(found.len(), 1, "{statement}: {found:?}");
    }
}

#[test]
fn what_only_adds_or_keeps_older_versions_away_is_left_alone() {
    let all = "
        CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY); -- DROP TABLE x;
        CREATE INDEX i ON t (a);
        ALTER TABLE t ADD COLUMN b BIGINT;
        ALTER TABLE t ADD COLUMN c BIGINT NOT NULL DEFAULT 0;
        UPDATE t SET b = 1, c = 2 WHERE a = 'x';";
    let away = "INSERT INTO meta (name, value) VALUES ('oldest_schema', '9')
                ON CONFLICT (name) DO UPDATE SET value = excluded.value;
                DROP TABLE t;";
    let found = that_older_versions_do_not_survive(&[Migration::new(8, all), Migration::new(9, away)]);
    assert_eq!(found, Vec::<String>::new());
}
