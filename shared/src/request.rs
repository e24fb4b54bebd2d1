//! What a person asks for, once parsed.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{port::Port, source::Sources, text_serde, vm::VmId, window::AccessDuration};

/// Why access is needed, in the requester's words: 1–500 characters, no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("minLength" = 1, "maxLength" = 500)))]
pub struct Justification(String);

/// The text cannot stand in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a justification has 1 to 500 characters on one line")]
pub struct InvalidJustification;

impl Justification {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Justification {
    type Err = InvalidJustification;

    fn from_str(text: &str) -> Result<Self, InvalidJustification> {
        let text = text.trim();
        let good = (1..=500).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if good { Ok(Self(text.to_owned())) } else { Err(InvalidJustification) }
    }
}

impl fmt::Display for Justification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_serde!(Justification);

/// One port of one VM, asked for from some sources for some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    pub vm: VmId,
    pub port: Port,
    pub sources: Sources,
    pub duration: AccessDuration,
}

/// A request for openings: at least one, all in one subscription, each port of a VM once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRequest {
    openings: Vec<Opening>,
    justification: Option<Justification>,
}

/// Openings that do not make one request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    #[error("ask for at least one opening")]
    Empty,
    #[error("ask for at most {} openings at once", AccessRequest::MAX)]
    TooMany,
    #[error("port {port} of {vm} is asked for twice; ask once and name all sources", vm = .vm.name())]
    Repeated { vm: VmId, port: Port },
    #[error("one request stays within one subscription; send one for each")]
    SeveralSubscriptions,
}

impl AccessRequest {
    pub const MAX: usize = 500;

    pub fn new(openings: Vec<Opening>, justification: Option<Justification>) -> Result<Self, InvalidRequest> {
        let first = openings.first().ok_or(InvalidRequest::Empty)?;
        if openings.len() > Self::MAX {
            return Err(InvalidRequest::TooMany);
        }
        let subscription = first.vm.subscription();
        if openings.iter().any(|opening| opening.vm.subscription() != subscription) {
            return Err(InvalidRequest::SeveralSubscriptions);
        }
        let mut seen = BTreeSet::new();
        if let Some(again) = openings.iter().find(|opening| !seen.insert((&opening.vm, opening.port))) {
            return Err(InvalidRequest::Repeated { vm: again.vm.clone(), port: again.port });
        }
        Ok(Self { openings, justification })
    }

    pub fn openings(&self) -> &[Opening] {
        &self.openings
    }

    pub fn justification(&self) -> Option<&Justification> {
        self.justification.as_ref()
    }

    pub fn into_parts(self) -> (Vec<Opening>, Option<Justification>) {
        (self.openings, self.justification)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::tests::{an_opening, vm};

    #[test]
    fn a_request_names_each_port_of_a_vm_once() {
        let twice = vec![an_opening("web-01", 22), an_opening("web-01", 22)];
        assert!(matches!(AccessRequest::new(twice, None), Err(InvalidRequest::Repeated { .. })));
        let two_ports = vec![an_opening("web-01", 22), an_opening("web-01", 443)];
        assert!(AccessRequest::new(two_ports, None).is_ok());
    }

    #[test]
    fn rejects_nothing_and_too_much() {
        assert_eq!(AccessRequest::new(vec![], None), Err(InvalidRequest::Empty));
        let many = |n: usize| (0..n).map(|i| an_opening(&format!("vm-{i}"), 22)).collect::<Vec<_>>();
        assert!(AccessRequest::new(many(500), None).is_ok());
        assert_eq!(AccessRequest::new(many(501), None), Err(InvalidRequest::TooMany));
    }

    #[test]
    fn one_request_stays_within_one_subscription() {
        let elsewhere =
            VmId::new("11111111-2222-3333-4444-555555555555".parse().unwrap(), "rg", "x").unwrap();
        let far = Opening { vm: elsewhere, ..an_opening("web-01", 22) };
        assert_ne!(far.vm.subscription(), vm("web-01").subscription());
        let request = AccessRequest::new(vec![an_opening("web-01", 22), far], None);
        assert_eq!(request, Err(InvalidRequest::SeveralSubscriptions));
    }

    #[test]
    fn a_justification_is_a_line_of_bounded_length() {
        assert_eq!(" deploy fix #12 ".parse::<Justification>().unwrap().as_str(), "deploy fix #12");
        for text in ["", "   ", "two\nlines", &"x".repeat(501)] {
            assert_eq!(text.parse::<Justification>(), Err(InvalidJustification));
        }
    }
}
