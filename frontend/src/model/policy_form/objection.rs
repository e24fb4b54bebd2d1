/// A part of the form that something can be wrong with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Number,
    Protocol,
    Sources,
    Longest,
    Place,
    /// The ports as a whole.
    Ports,
    Justification,
    Precedence,
    Sessions,
}

/// Something that speaks against the form as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Objection {
    /// `None`: it is about no single port.
    pub row: Option<u32>,
    pub field: Field,
    pub text: String,
}

impl Objection {
    pub(super) fn new(row: Option<u32>, field: Field, text: impl Into<String>) -> Self {
        Self { row, field, text: text.into() }
    }
}
