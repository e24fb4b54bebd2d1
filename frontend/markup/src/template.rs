//! The fixed part of a piece of a page, as one text: steps, each of a mark and what follows it up to the next mark.
//! The portal's `dom` module walks through it.

/// The marks. Those from [`ATTRIBUTE`] on stand where something is filled in.
pub(crate) const OPEN: char = '\u{1}';
pub(crate) const CLOSE: char = '\u{2}';
pub(crate) const TEXT: char = '\u{3}';
/// With name and value.
pub(crate) const FIXED: char = '\u{4}';
pub(crate) const ATTRIBUTE: char = '\u{5}';
pub(crate) const PROPERTY: char = '\u{6}';
pub(crate) const CLASS: char = '\u{7}';
pub(crate) const STYLE: char = '\u{8}';
pub(crate) const EVENT: char = '\u{b}';
pub(crate) const REFERENCE: char = '\u{c}';
pub(crate) const CHILD: char = '\u{e}';

/// The steps so far.
#[derive(Default)]
pub(crate) struct Template(String);

impl Template {
    pub(crate) fn step(&mut self, mark: char, what: &str) {
        self.0.push(mark);
        self.0.push_str(what);
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}
