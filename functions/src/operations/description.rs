//! What an operation's description is made of.

use schemars::{Schema, SchemaGenerator};

/// Gives a type's schema, and its parts' to the generator.
pub(crate) type Describe = fn(&mut SchemaGenerator) -> Schema;

/// What belongs together for a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Grants,
    Vms,
    Policies,
    Activity,
    Health,
    Session,
    Azure,
    Api,
}

impl Tag {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Grants => "Grants",
            Self::Vms => "Virtual machines",
            Self::Policies => "Policies",
            Self::Activity => "Activity",
            Self::Health => "Health",
            Self::Session => "Session",
            Self::Azure => "Azure-compatible",
            Self::Api => "This API",
        }
    }

    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Grants => "Ask for openings, follow them, close them and take them along.",
            Self::Vms => {
                "What is true of each VM: whether it is protected, what is open, until when, by which rule."
            }
            Self::Policies => {
                "Which ports of which VMs may be asked for, by whom from where and for how long."
            }
            Self::Activity => "The audit: what was asked, decided, written and read back.",
            Self::Health => "Whether closing can be relied upon.",
            Self::Session => "Who calls; the portal's way to sign in and out.",
            Self::Azure => "What Azure's own tools and SDKs call, spelled as Azure spells it.",
            Self::Api => "What there is to call, for machines and for people.",
        }
    }
}

/// What a call needs to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// A bearer token, or the portal's session.
    Caller,
    /// Nothing; a caller is shown more.
    Anyone,
    /// Nothing, and nobody is told from anybody else.
    Public,
    /// The token that reads the metrics.
    Metrics,
}

/// A way to answer well.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) about: &'static str,
    pub(crate) content: Content,
}

pub(crate) enum Content {
    Json(Describe),
    /// Text of this media type.
    Text(&'static str),
    /// Sends the browser elsewhere.
    Redirect,
    Nothing,
}

/// A request header that changes what is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// The regular expression of its values.
    pub(crate) pattern: &'static str,
}

impl Header {
    pub(crate) const IDEMPOTENCY: Self = Self {
        name: shared::api::IDEMPOTENCY_HEADER,
        about: "Names the request, so that sending it twice is asking once; another body under the name is refused.",
        pattern: "^[!-~]{1,100}$",
    };
    pub(crate) const PREFER: Self = Self {
        name: "prefer",
        about: "With `respond-async` the answer does not wait for Azure (RFC 7240).",
        pattern: "^[ !-~]*$",
    };
}
