//! Ports and protocols.

use std::{fmt, num::NonZeroU16, str::FromStr};

use serde::{Deserialize, Serialize};

/// A TCP or UDP port, 1–65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(try_from = "u16", into = "u16", extend("minimum" = 1)))]
#[serde(try_from = "f64", into = "u16")]
pub struct Port(NonZeroU16);

/// The number is not a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a port is a number from 1 to 65535")]
pub struct InvalidPort;

impl Port {
    pub const SSH: Self = Self(NonZeroU16::new(22).expect("22 is not zero"));
    pub const RDP: Self = Self(NonZeroU16::new(3389).expect("3389 is not zero"));
    pub const WINRM_HTTP: Self = Self(NonZeroU16::new(5985).expect("5985 is not zero"));
    pub const WINRM_HTTPS: Self = Self(NonZeroU16::new(5986).expect("5986 is not zero"));
    /// The ports that Azure's own page proposes to protect.
    pub const RECOMMENDED: [Self; 4] = [Self::SSH, Self::RDP, Self::WINRM_HTTP, Self::WINRM_HTTPS];

    pub const fn number(self) -> u16 {
        self.0.get()
    }

    /// What usually listens there, in the words people use.
    pub const fn service(self) -> Option<&'static str> {
        match self.number() {
            22 => Some("SSH"),
            3389 => Some("RDP"),
            5985 | 5986 => Some("WinRM"),
            _ => None,
        }
    }
}

impl TryFrom<i64> for Port {
    type Error = InvalidPort;

    fn try_from(number: i64) -> Result<Self, InvalidPort> {
        u16::try_from(number).ok().and_then(NonZeroU16::new).map(Self).ok_or(InvalidPort)
    }
}

/// In JSON 22.0 is the number 22.
impl TryFrom<f64> for Port {
    type Error = InvalidPort;

    fn try_from(number: f64) -> Result<Self, InvalidPort> {
        let is_whole = number.fract() == 0.0 && (0.0..=f64::from(u16::MAX)).contains(&number);
        if is_whole { Self::try_from(number as i64) } else { Err(InvalidPort) }
    }
}

impl From<Port> for u16 {
    fn from(port: Port) -> Self {
        port.number()
    }
}

impl FromStr for Port {
    type Err = InvalidPort;

    fn from_str(text: &str) -> Result<Self, InvalidPort> {
        let digits = !text.is_empty() && text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<i64>().ok()).flatten().ok_or(InvalidPort)?.try_into()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// The transport protocol that a port rule permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    Any,
    Tcp,
    Udp,
}

impl Protocol {
    pub const ALL: [Self; 3] = [Self::Any, Self::Tcp, Self::Udp];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// An inclusive range of port numbers as an NSG rule has it (0 is allowed there); never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(from = "String", into = "String", extend("pattern" = r"^(\*|\d{1,5}(-\d{1,5})?)$")))]
pub struct PortRange {
    first: u16,
    last: u16,
}

/// The text is not `*`, a port, or `first-last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a port range is *, a number, or two numbers like 8000-8080, the smaller first")]
pub struct InvalidPortRange;

impl PortRange {
    pub const ALL: Self = Self { first: 0, last: u16::MAX };

    pub const fn single(port: Port) -> Self {
        Self { first: port.number(), last: port.number() }
    }

    pub fn new(first: u16, last: u16) -> Result<Self, InvalidPortRange> {
        if first <= last { Ok(Self { first, last }) } else { Err(InvalidPortRange) }
    }

    pub const fn first(self) -> u16 {
        self.first
    }

    pub const fn last(self) -> u16 {
        self.last
    }

    pub const fn contains(self, number: u16) -> bool {
        self.first <= number && number <= self.last
    }
}

impl FromStr for PortRange {
    type Err = InvalidPortRange;

    fn from_str(text: &str) -> Result<Self, InvalidPortRange> {
        if text == "*" {
            return Ok(Self::ALL);
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let number = |text: &str| text.trim().parse::<u16>().map_err(|_| InvalidPortRange);
        Self::new(number(first)?, number(last)?)
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first, self.last) {
            (0, u16::MAX) => f.write_str("*"),
            (first, last) if first == last => first.fmt(f),
            (first, last) => write!(f, "{first}-{last}"),
        }
    }
}

crate::text_serde!(PortRange);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_whole_range_of_ports() {
        for number in [1, 22, 65535] {
            assert_eq!(Port::try_from(number).unwrap().number() as i64, number);
        }
    }

    #[test]
    fn rejects_numbers_that_are_no_port() {
        for number in [i64::MIN, -22, 0, 65536] {
            assert_eq!(Port::try_from(number), Err(InvalidPort));
        }
        for text in ["", "0", "+22", "22 ", "ssh", "65536", "000022"] {
            assert_eq!(text.parse::<Port>(), Err(InvalidPort), "{text}");
        }
        assert!(serde_json::from_str::<Port>("22.5").is_err());
        assert!(serde_json::from_str::<Port>("70000").is_err());
    }

    #[test]
    fn port_ranges_round_trip() {
        for text in ["*", "22", "8000-8080", "0"] {
            assert_eq!(text.parse::<PortRange>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn rejects_reversed_and_malformed_ranges() {
        for text in ["9000-80", "", "-", "1-2-3", "x", "1-65536"] {
            assert_eq!(text.parse::<PortRange>(), Err(InvalidPortRange), "{text}");
        }
    }
}
