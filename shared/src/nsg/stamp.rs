//! Stamps: what our rules carry, so that they can be known and closed from the NSG alone.
//!
//! The name is the authority, since ARM cannot rename a rule: `postern-{deployment}-{store}-lease-{grant}-{end}-{part}`
//! and `postern-{deployment}-{store}-guard-{part}`. The description says the same to people.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{grant::GrantId, text_serde};

/// Which installation of Postern a rule belongs to: 1–12 lower-case letters and digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deployment(String);

/// Which store stands behind a rule: 4 hex digits, chosen when the store was made. With another store (the old one was
/// lost) a rule's grant cannot be looked up, and its stamp alone says when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreId(u16);

/// Tells the rules of one grant, or the guards, in one NSG apart: 8 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part(pub u32);

/// The text is not what a stamp is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStamp {
    #[error("a deployment is named by 1 to 12 lower-case letters and digits")]
    Deployment,
    #[error("a store is named by 4 hexadecimal digits in lower case")]
    Store,
    #[error("this is not the name of a rule that Postern wrote")]
    Name,
}

impl FromStr for Deployment {
    type Err = InvalidStamp;

    fn from_str(text: &str) -> Result<Self, InvalidStamp> {
        let good = (1..=12).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
        if good { Ok(Self(text.to_owned())) } else { Err(InvalidStamp::Deployment) }
    }
}

impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_serde!(Deployment);

impl StoreId {
    pub const fn new(number: u16) -> Self {
        Self(number)
    }
}

impl FromStr for StoreId {
    type Err = InvalidStamp;

    fn from_str(text: &str) -> Result<Self, InvalidStamp> {
        hex(text, 4).and_then(|number| u16::try_from(number).ok()).map(Self).ok_or(InvalidStamp::Store)
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.0)
    }
}

text_serde!(StoreId);

/// What a rule of ours stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    Guard,
    Lease {
        grant: GrantId,
        /// In whole seconds; the end of the leases that it stands for.
        ends_at: Timestamp,
    },
}

/// Whose rule it is and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub deployment: Deployment,
    pub store: StoreId,
    pub purpose: Purpose,
    pub part: Part,
}

impl Stamp {
    /// The rule's name: at most 79 of ARM's 80 characters.
    pub fn name(&self) -> String {
        let Self { deployment, store, purpose, part: Part(part) } = self;
        match purpose {
            Purpose::Guard => format!("postern-{deployment}-{store}-guard-{part:08x}"),
            Purpose::Lease { grant, ends_at } => {
                let (grant, end) = (grant.as_uuid().as_simple(), ends_at.as_second());
                format!("postern-{deployment}-{store}-lease-{grant}-{end:08x}-{:04x}", part >> 16)
            }
        }
    }

    /// The rule's description: at most 140 characters.
    pub fn description(&self) -> String {
        let deployment = &self.deployment;
        match &self.purpose {
            Purpose::Guard => {
                format!("Guard of Postern {deployment}: these ports stay shut until somebody asks")
            }
            Purpose::Lease { grant, ends_at } => {
                format!("Lease of Postern {deployment}: grant {grant} ends {ends_at}")
            }
        }
    }

    /// Whether it stands for living time at `now`: a guard always does.
    pub fn lives(&self, now: Timestamp) -> bool {
        match self.purpose {
            Purpose::Guard => true,
            Purpose::Lease { ends_at, .. } => now < ends_at,
        }
    }
}

/// Reads a rule's name; any other name is a foreign rule's.
impl FromStr for Stamp {
    type Err = InvalidStamp;

    fn from_str(name: &str) -> Result<Self, InvalidStamp> {
        // ARM ignores case in names, so a rule that comes back in capitals is still ours.
        let lower = name.to_ascii_lowercase();
        let parts: Vec<&str> = lower.split('-').collect();
        let (deployment, store, purpose, part) = match parts[..] {
            ["postern", deployment, store, "guard", part] => {
                (deployment, store, Purpose::Guard, hex(part, 8).ok_or(InvalidStamp::Name)?)
            }
            ["postern", deployment, store, "lease", grant, end, part] => {
                let part = hex(part, 4).ok_or(InvalidStamp::Name)? << 16;
                (deployment, store, lease(grant, end).ok_or(InvalidStamp::Name)?, part)
            }
            _ => return Err(InvalidStamp::Name),
        };
        Ok(Self { deployment: deployment.parse()?, store: store.parse()?, purpose, part: Part(part) })
    }
}

fn lease(grant: &str, end: &str) -> Option<Purpose> {
    let simple = grant.len() == 32 && grant.bytes().all(|b| b.is_ascii_hexdigit());
    let grant = GrantId::from_uuid(simple.then(|| Uuid::parse_str(grant).ok()).flatten()?);
    let ends_at = Timestamp::from_second(i64::from(hex(end, 8)?)).ok()?;
    Some(Purpose::Lease { grant, ends_at })
}

fn hex(text: &str, digits: usize) -> Option<u32> {
    let good = text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    good.then(|| u32::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn a_stamp(deployment: &str, grant: u128, second: u32, part: u16) -> Stamp {
        let ends_at = Timestamp::from_second(i64::from(second)).unwrap();
        let purpose = Purpose::Lease { grant: GrantId::from_uuid(Uuid::from_u128(grant)), ends_at };
        let part = Part(u32::from(part) << 16);
        Stamp { deployment: deployment.parse().unwrap(), store: StoreId(0xbeef), purpose, part }
    }

    proptest! {
        #[test]
        fn a_stamp_round_trips_within_arms_lengths(
            deployment in "[a-z0-9]{1,12}", grant: u128, second: u32, part: u16, store: u16,
        ) {
            let stamp = Stamp { store: StoreId(store), ..a_stamp(&deployment, grant, second, part) };
            prop_assert!(stamp.name().len() <= 80 && stamp.description().len() <= 140);
            prop_assert_eq!(stamp.name().parse::<Stamp>().unwrap(), stamp.clone());
            let guard = Stamp { purpose: Purpose::Guard, part: Part(second), ..stamp };
            prop_assert!(guard.name().len() <= 80 && guard.description().len() <= 140);
            prop_assert_eq!(guard.name().to_uppercase().parse::<Stamp>().unwrap(), guard);
        }
    }

    #[test]
    fn rejects_names_of_foreign_rules() {
        let ours = a_stamp("dev", 7, 1_700_000_000, 1).name();
        for name in [
            "allow-ssh",
            "postern",
            "postern-dev-beef-guard-1",
            "postern-dev-beef-lease-x-00000000-0001",
            "MicrosoftDefenderForCloud-JITRule_-1151891693_545C5DBC675443D3BF179EFD1EF8254D",
            &ours[1..],
            &format!("{ours}-copy"),
            &ours.replace("lease", "guard"),
            &ours.replace("beef", "+eef"),
        ] {
            assert!(name.parse::<Stamp>().is_err(), "{name}");
        }
    }

    #[test]
    fn a_lease_stamp_lives_up_to_its_end() {
        let stamp = a_stamp("dev", 7, 1_700_000_000, 1);
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(stamp.lives(at(1_699_999_999)) && !stamp.lives(at(1_700_000_000)));
    }

    #[test]
    fn rejects_bad_deployments_and_stores() {
        for text in ["", "Dev", "a-b", "abcdefghijklm", "déjà"] {
            assert_eq!(text.parse::<Deployment>(), Err(InvalidStamp::Deployment), "{text}");
        }
        for text in ["", "beefs", "BEEF", "bee", "+123"] {
            assert_eq!(text.parse::<StoreId>(), Err(InvalidStamp::Store), "{text}");
        }
    }
}
