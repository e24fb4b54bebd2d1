//! Where a person may come from.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::text_serde;

/// One address, or a range in CIDR notation: what a lease lets in.
///
/// Never the whole Internet, and never an address that no packet can come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(from = "String", into = "String", extend("anyOf" = forms())))]
pub struct SourcePrefix(IpNet);

/// The forms of the text that a schema can tell.
#[cfg(feature = "schema")]
fn forms() -> serde_json::Value {
    serde_json::json!([{ "format": "ipv4" }, { "format": "ipv6" }, { "pattern": r"^[0-9A-Fa-f:.]+/\d{1,3}$" }])
}

/// Why a text cannot be the source of an opening.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSource {
    #[error("a source is an address like 203.0.113.7 or a range like 203.0.113.0/24")]
    Malformed,
    #[error("{given} has address bits beyond its /{length}; the range is {range}")]
    HostBits { given: String, length: u8, range: IpNet },
    #[error("a range that covers every address is not a source; name an address or a range")]
    Everything,
    #[error("{0} is never the source of a packet from elsewhere")]
    NotASource(IpAddr),
}

impl SourcePrefix {
    pub fn new(net: IpNet) -> Result<Self, InvalidSource> {
        if net.prefix_len() == 0 {
            return Err(InvalidSource::Everything);
        }
        let address = net.addr();
        if address != net.network() {
            let (given, length, range) = (net.to_string(), net.prefix_len(), net.trunc());
            return Err(InvalidSource::HostBits { given, length, range });
        }
        let unusable = address.is_unspecified()
            || address.is_loopback()
            || address.is_multicast()
            || address == IpAddr::V4(Ipv4Addr::BROADCAST);
        if unusable { Err(InvalidSource::NotASource(address)) } else { Ok(Self(net)) }
    }

    pub fn from_address(address: IpAddr) -> Result<Self, InvalidSource> {
        Self::new(IpNet::from(address.to_canonical()))
    }

    pub const fn net(self) -> IpNet {
        self.0
    }

    /// True containment: one address inside an allowed /24 is within it.
    pub fn is_within(self, other: Self) -> bool {
        other.0.contains(&self.0)
    }

    pub fn contains(self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    pub const fn is_ipv6(self) -> bool {
        matches!(self.0, IpNet::V6(_))
    }

    /// The address, if it is just one.
    pub fn single_address(self) -> Option<IpAddr> {
        (self.0.prefix_len() == self.0.max_prefix_len()).then(|| self.0.addr())
    }
}

impl FromStr for SourcePrefix {
    type Err = InvalidSource;

    fn from_str(text: &str) -> Result<Self, InvalidSource> {
        let net = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address.to_canonical()),
            Err(_) => text.parse().map_err(|_| InvalidSource::Malformed)?,
        };
        Self::new(net)
    }
}

impl fmt::Display for SourcePrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.single_address() {
            Some(address) => address.fmt(f),
            None => self.0.fmt(f),
        }
    }
}

text_serde!(SourcePrefix);

/// The sources of one opening: at least one, sorted, without repetition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("minItems" = 1, "maxItems" = Sources::MAX)))]
#[serde(try_from = "Vec<SourcePrefix>", into = "Vec<SourcePrefix>")]
pub struct Sources(Vec<SourcePrefix>);

/// A list of sources that grants must name somebody, and not thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSources {
    #[error("name at least one source")]
    Empty,
    #[error("name at most {} sources", Sources::MAX)]
    TooMany,
}

impl Sources {
    /// How many prefixes one list may name; ARM takes 4,000 in one NSG.
    pub const MAX: usize = 100;

    pub fn one(source: SourcePrefix) -> Self {
        Self(vec![source])
    }

    pub fn iter(&self) -> impl Iterator<Item = SourcePrefix> + '_ {
        self.0.iter().copied()
    }
}

impl TryFrom<Vec<SourcePrefix>> for Sources {
    type Error = InvalidSources;

    fn try_from(mut list: Vec<SourcePrefix>) -> Result<Self, InvalidSources> {
        list.sort_unstable();
        list.dedup();
        match list.len() {
            0 => Err(InvalidSources::Empty),
            n if n > Self::MAX => Err(InvalidSources::TooMany),
            _ => Ok(Self(list)),
        }
    }
}

impl From<Sources> for Vec<SourcePrefix> {
    fn from(sources: Sources) -> Self {
        sources.0
    }
}

impl fmt::Display for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, source) in self.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{source}")?;
        }
        Ok(())
    }
}

/// From where a port rule may be asked for. `Any` still means that each request names its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AllowedSources {
    Any,
    Only(Sources),
}

impl AllowedSources {
    pub fn permits(&self, source: SourcePrefix) -> bool {
        match self {
            Self::Any => true,
            Self::Only(list) => list.iter().any(|allowed| source.is_within(allowed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn source(text: &str) -> SourcePrefix {
        text.parse().unwrap()
    }

    #[test]
    fn accepts_addresses_and_ranges_of_both_families() {
        for text in ["203.0.113.7", "203.0.113.0/24", "10.0.0.0/8", "2001:db8::7", "2001:db8::/48"] {
            assert_eq!(source(text).to_string(), text);
        }
        assert_eq!(source("203.0.113.7/32").to_string(), "203.0.113.7");
        assert_eq!(source("::ffff:203.0.113.7").to_string(), "203.0.113.7");
    }

    #[test]
    fn rejects_everything_nothing_and_nonsense() {
        assert_eq!("0.0.0.0/0".parse::<SourcePrefix>(), Err(InvalidSource::Everything));
        assert_eq!("::/0".parse::<SourcePrefix>(), Err(InvalidSource::Everything));
        for text in ["", "*", "any", "203.0.113", "203.0.113.7/33", "203.0.113.7 198.51.100.1", "host", "/8"]
        {
            assert_eq!(text.parse::<SourcePrefix>(), Err(InvalidSource::Malformed), "{text}");
        }
        for text in ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "ff02::1"] {
            assert!(matches!(text.parse::<SourcePrefix>(), Err(InvalidSource::NotASource(_))), "{text}");
        }
    }

    #[test]
    fn a_range_with_host_bits_is_not_widened_silently() {
        let error = "203.0.113.7/24".parse::<SourcePrefix>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "203.0.113.7/24 has address bits beyond its /24; the range is 203.0.113.0/24"
        );
    }

    #[test]
    fn one_address_inside_an_allowed_range_is_permitted() {
        let only = AllowedSources::Only(Sources::one(source("203.0.113.0/24")));
        assert!(only.permits(source("203.0.113.7")));
        assert!(only.permits(source("203.0.113.128/25")));
        assert!(!only.permits(source("203.0.112.0/23")));
        assert!(!only.permits(source("198.51.100.7")));
        assert!(!only.permits(source("2001:db8::7")));
    }

    #[test]
    fn an_empty_list_is_rejected_on_every_way_in() {
        assert_eq!(Sources::try_from(Vec::new()), Err(InvalidSources::Empty));
        assert!(serde_json::from_str::<Sources>("[]").is_err());
        assert!(serde_json::from_str::<AllowedSources>(r#"{"only":[]}"#).is_err());
        assert!(serde_json::from_str::<AllowedSources>("null").is_err());
    }

    fn prefix() -> impl Strategy<Value = SourcePrefix> {
        (0x0100_0000u32..0x7eff_ffff, 1u8..=32).prop_filter_map("usable", |(bits, length)| {
            let net = ipnet::Ipv4Net::new(Ipv4Addr::from(bits), length).ok()?.trunc();
            SourcePrefix::new(IpNet::V4(net)).ok()
        })
    }

    proptest! {
        #[test]
        fn a_prefix_is_within_another_just_when_all_its_addresses_are(a in prefix(), b in prefix()) {
            let ends = |p: SourcePrefix| (p.net().network(), p.net().broadcast());
            let (first, last) = ends(a);
            prop_assert_eq!(a.is_within(b), b.contains(first) && b.contains(last));
        }

        #[test]
        fn a_prefix_round_trips(a in prefix()) {
            prop_assert_eq!(a.to_string().parse::<SourcePrefix>(), Ok(a));
        }
    }
}
