//! What is done in one tab is seen in the others of the same browser at once.

use crate::browser;

/// What browsers tell the other tabs, and them alone, of.
pub(crate) const KEY: &str = "postern.changed";

/// Tells the other tabs that something is not what it was.
pub(crate) fn tell() {
    browser::store(KEY, Some(&browser::random_name()));
}
