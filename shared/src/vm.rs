//! Names of the things in Azure that Postern speaks about: subscriptions, VMs, NSGs.

use std::{cmp::Ordering, fmt, hash, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    letters::{is_alphanumeric, lowercase},
    text_serde,
};

/// An Azure subscription: the unit of partitioning, of auditing and of throttling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(from = "String", into = "String", extend("format" = "uuid")))]
pub struct SubscriptionId(Uuid);

impl SubscriptionId {
    pub const fn from_uuid(id: Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for SubscriptionId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text.len() != 36 {
            return Err(InvalidId::Subscription);
        }
        Uuid::parse_str(text).map(Self).map_err(|_| InvalidId::Subscription)
    }
}

text_serde!(SubscriptionId);

/// Why a text names nothing in Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    #[error("a subscription id is a GUID like 0b1f6471-1bf0-4dda-aec3-cb9272f09590")]
    Subscription,
    #[error("a resource group has 1 to 90 letters, digits, and . _ - ( )")]
    ResourceGroup,
    #[error("a resource name has 1 to 80 letters, digits, and . _ -")]
    Name,
    #[error("a resource id looks like /subscriptions/{{id}}/resourceGroups/{{group}}/providers/{0}/{{name}}")]
    Shape(&'static str),
}

pub(crate) fn is_resource_group(text: &str) -> bool {
    (1..=90).contains(&text.chars().count())
        && text.chars().all(|c| is_alphanumeric(c) || matches!(c, '-' | '_' | '.' | '(' | ')'))
}

pub(crate) fn is_name(text: &str) -> bool {
    (1..=80).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

#[cfg(feature = "schema")]
fn pattern(resource_type: &str) -> String {
    let guid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
    let resource_type = resource_type.replace('.', r"\.");
    format!(
        r"/subscriptions/{guid}/resourceGroups/[\w.()-]{{1,90}}/providers/{resource_type}/[A-Za-z0-9._-]{{1,80}}"
    )
}

/// A resource of one kind by subscription, resource group and name. ARM ignores case, so equality, order and
/// hash do too; the spelling is kept for people.
#[derive(Clone, Debug)]
struct Named {
    subscription: SubscriptionId,
    resource_group: String,
    name: String,
}

impl Named {
    fn new(subscription: SubscriptionId, resource_group: &str, name: &str) -> Result<Self, InvalidId> {
        if !is_resource_group(resource_group) {
            return Err(InvalidId::ResourceGroup);
        }
        if !is_name(name) {
            return Err(InvalidId::Name);
        }
        Ok(Self { subscription, resource_group: resource_group.to_owned(), name: name.to_owned() })
    }

    fn parse(text: &str, resource_type: &'static str) -> Result<Self, InvalidId> {
        let shape = InvalidId::Shape(resource_type);
        let parts: Vec<&str> = text.strip_prefix('/').ok_or(shape)?.split('/').collect();
        let [subscriptions, subscription, groups, group, providers, namespace, kind, name] = parts[..] else {
            return Err(shape);
        };
        let keywords =
            [(subscriptions, "subscriptions"), (groups, "resourceGroups"), (providers, "providers")];
        let (expected_namespace, expected_kind) = resource_type.split_once('/').ok_or(shape)?;
        if keywords.iter().any(|(is, should)| !is.eq_ignore_ascii_case(should))
            || !namespace.eq_ignore_ascii_case(expected_namespace)
            || !kind.eq_ignore_ascii_case(expected_kind)
        {
            return Err(shape);
        }
        Self::new(subscription.parse()?, group, name)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, resource_type: &str) -> fmt::Result {
        let Self { subscription, resource_group, name } = self;
        write!(
            f,
            "/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/{resource_type}/{name}"
        )
    }

    fn key(&self) -> (SubscriptionId, String, String) {
        (self.subscription, lowercase(&self.resource_group), lowercase(&self.name))
    }
}

macro_rules! resource_id {
    ($(#[$doc:meta])* $type:ident, $resource_type:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "schema", schemars(from = "String", into = "String"))]
        #[cfg_attr(feature = "schema", schemars(extend("pattern" = format!("^{}$", Self::pattern()))))]
        pub struct $type(Named);

        impl $type {
            /// ARM's name of this kind of resource.
            pub const RESOURCE_TYPE: &'static str = $resource_type;

            pub fn new(
                subscription: SubscriptionId,
                resource_group: &str,
                name: &str,
            ) -> Result<Self, InvalidId> {
                Named::new(subscription, resource_group, name).map(Self)
            }

            pub fn subscription(&self) -> SubscriptionId {
                self.0.subscription
            }

            pub fn resource_group(&self) -> &str {
                &self.0.resource_group
            }

            pub fn name(&self) -> &str {
                &self.0.name
            }

            /// The regular expression of an id as Postern spells it; in requests case does not matter.
            #[cfg(feature = "schema")]
            pub(crate) fn pattern() -> String {
                pattern(Self::RESOURCE_TYPE)
            }

            /// The id in lower case: the same text for all spellings, for keys in the store.
            pub fn key(&self) -> String {
                lowercase(&self.to_string())
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.write(f, Self::RESOURCE_TYPE)
            }
        }

        impl FromStr for $type {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Named::parse(text, Self::RESOURCE_TYPE).map(Self)
            }
        }

        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.0.key() == other.0.key()
            }
        }

        impl Eq for $type {}

        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $type {
            fn cmp(&self, other: &Self) -> Ordering {
                self.0.key().cmp(&other.0.key())
            }
        }

        impl hash::Hash for $type {
            fn hash<H: hash::Hasher>(&self, state: &mut H) {
                self.0.key().hash(state);
            }
        }

        text_serde!($type);
    };
}

resource_id!(
    /// A virtual machine (Azure Resource Manager's own; classic VMs have another type).
    VmId,
    "Microsoft.Compute/virtualMachines"
);
resource_id!(
    /// A network security group.
    NsgId,
    "Microsoft.Network/networkSecurityGroups"
);

resource_id!(
    /// An Azure Firewall.
    FirewallId,
    "Microsoft.Network/azureFirewalls"
);

/// What runs on a VM; it decides the defaults (Windows 3389, Linux 22).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Os {
    Linux,
    Windows,
}

/// Whether a VM runs, as ARM's instance view last said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PowerState {
    Running,
    Stopped,
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB_01: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/prod-rg/providers/Microsoft.Compute/virtualMachines/web-01";

    #[test]
    fn a_vm_id_round_trips() {
        assert_eq!(WEB_01.parse::<VmId>().unwrap().to_string(), WEB_01);
    }

    #[test]
    fn case_does_not_tell_resources_apart_but_is_kept() {
        let shouted: VmId =
            WEB_01.replace("prod-rg", "PROD-rg").replace("providers", "PROVIDERS").parse().unwrap();
        assert_eq!(shouted, WEB_01.parse().unwrap());
        assert_eq!(shouted.resource_group(), "PROD-rg");
        assert_eq!(shouted.key(), WEB_01.to_lowercase());
    }

    #[test]
    fn rejects_what_is_not_a_vm_id() {
        for text in [
            "",
            "web-01",
            &WEB_01[1..],
            &WEB_01.replace("Compute", "ClassicCompute"),
            &WEB_01.replace("0b1f6471-", ""),
            &format!("{WEB_01}/extensions/x"),
            &WEB_01.replace("web-01", ""),
            &WEB_01.replace("web-01", "web%2001"),
            &WEB_01.replace("prod-rg", &"x".repeat(91)),
        ] {
            assert!(text.parse::<VmId>().is_err(), "{text}");
        }
    }
}
