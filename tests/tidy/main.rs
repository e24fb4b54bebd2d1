//! The repository's own rules, checked like any other property of the code.
//!
//! Each rule is a function from files to violations, and stands beside an example that breaks it.

mod dependencies;
mod layout;
mod migrations;
mod purity;
mod text;
mod tree;
mod words;

/// Fails with one line for each violation.
fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}
