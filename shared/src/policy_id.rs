//! Where a policy lives in Azure's order of things, and what it is called.

use std::{cmp::Ordering, fmt, str::FromStr};

use crate::{
    text_serde,
    vm::{InvalidId, SubscriptionId, VmId, is_name, is_resource_group},
};

/// Azure's name of a region, as the policy resource has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location(String);

/// Why a text names no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicyId {
    #[error("a location is a region like westeurope: 1 to 80 letters and digits")]
    Location,
    #[error("a policy's name has 1 to 80 letters, digits, and . _ -")]
    Name,
    #[error("{0}")]
    Place(InvalidId),
    #[error(
        "a policy's id looks like /subscriptions/{{id}}/resourceGroups/{{group}}/providers/Microsoft.Security/\
         locations/{{location}}/jitNetworkAccessPolicies/{{name}}"
    )]
    Shape,
}

impl Location {
    /// Of what belongs to no region, or to one that nobody knows any more.
    pub fn global() -> Self {
        Self("global".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Location {
    type Err = InvalidPolicyId;

    /// Regions are written *West Europe* and *westeurope*; both name the same.
    fn from_str(text: &str) -> Result<Self, InvalidPolicyId> {
        let name: String = text.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_lowercase()).collect();
        let good = (1..=80).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
        if good { Ok(Self(name)) } else { Err(InvalidPolicyId::Location) }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_serde!(Location);

const NAMESPACE: &str = "Microsoft.Security";
const KIND: &str = "jitNetworkAccessPolicies";

/// A policy by subscription, resource group, location and name. ARM ignores case, so equality and order do too; the
/// spelling is kept for people.
#[derive(Clone, Debug)]
pub struct PolicyId {
    subscription: SubscriptionId,
    resource_group: String,
    location: Location,
    name: String,
}

impl PolicyId {
    /// What a policy is called that nobody gave a name, as in Azure's own portal.
    pub const DEFAULT_NAME: &str = "default";

    pub fn new(
        subscription: SubscriptionId,
        resource_group: &str,
        location: Location,
        name: &str,
    ) -> Result<Self, InvalidPolicyId> {
        if !is_resource_group(resource_group) {
            return Err(InvalidPolicyId::Place(InvalidId::ResourceGroup));
        }
        if !is_name(name) {
            return Err(InvalidPolicyId::Name);
        }
        let (resource_group, name) = (resource_group.to_owned(), name.to_owned());
        Ok(Self { subscription, resource_group, location, name })
    }

    /// The policy of a VM that nobody put into another: all VMs of one resource group and location share it.
    pub fn default_for(vm: &VmId, location: Location) -> Self {
        Self {
            subscription: vm.subscription(),
            resource_group: vm.resource_group().to_owned(),
            location,
            name: Self::DEFAULT_NAME.to_owned(),
        }
    }

    pub const fn subscription(&self) -> SubscriptionId {
        self.subscription
    }

    pub const fn location(&self) -> &Location {
        &self.location
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a policy here may hold this VM: both are of one resource group.
    pub fn may_hold(&self, vm: &VmId) -> bool {
        self.subscription == vm.subscription()
            && self.resource_group.to_lowercase() == vm.resource_group().to_lowercase()
    }

    /// The id in lower case: the same text for all spellings, for keys in the store.
    pub fn key(&self) -> String {
        self.to_string().to_lowercase()
    }
}

impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subscription, resource_group, location, name } = self;
        write!(
            f,
            "/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/{NAMESPACE}/locations/{location}\
             /{KIND}/{name}"
        )
    }
}

impl FromStr for PolicyId {
    type Err = InvalidPolicyId;

    fn from_str(text: &str) -> Result<Self, InvalidPolicyId> {
        let parts: Vec<&str> = text.strip_prefix('/').ok_or(InvalidPolicyId::Shape)?.split('/').collect();
        let [
            subscriptions,
            subscription,
            groups,
            group,
            providers,
            namespace,
            locations,
            location,
            kind,
            name,
        ] = parts[..]
        else {
            return Err(InvalidPolicyId::Shape);
        };
        let keywords = [
            (subscriptions, "subscriptions"),
            (groups, "resourceGroups"),
            (providers, "providers"),
            (namespace, NAMESPACE),
            (locations, "locations"),
            (kind, KIND),
        ];
        if keywords.iter().any(|(is, should)| !is.eq_ignore_ascii_case(should)) {
            return Err(InvalidPolicyId::Shape);
        }
        let subscription = subscription.parse().map_err(InvalidPolicyId::Place)?;
        Self::new(subscription, group, location.parse()?, name)
    }
}

text_serde!(PolicyId);

impl PartialEq for PolicyId {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for PolicyId {}

impl PartialOrd for PolicyId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PolicyId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::tests::vm;

    const ID: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/prod-rg/providers/\
                      Microsoft.Security/locations/westeurope/jitNetworkAccessPolicies/default";

    #[test]
    fn both_spellings_of_a_location_are_the_same() {
        assert_eq!("West Europe".parse::<Location>(), "westeurope".parse());
        for text in ["west/europe", "", &"x".repeat(81)] {
            assert_eq!(text.parse::<Location>(), Err(InvalidPolicyId::Location), "{text}");
        }
    }

    #[test]
    fn a_policys_id_round_trips_in_any_case_and_keeps_its_spelling() {
        let id: PolicyId = ID.parse().unwrap();
        assert_eq!(id.to_string(), ID);
        let shouted: PolicyId =
            ID.replace("prod-rg", "PROD-rg").replace("default", "Default").parse().unwrap();
        assert_eq!((shouted.name(), &shouted), ("Default", &id));
        assert_eq!(shouted.key(), ID.to_lowercase());
    }

    #[test]
    fn rejects_what_is_no_id_of_a_policy() {
        for text in [
            "",
            "default",
            &ID[1..],
            &ID.replace("Microsoft.Security", "Microsoft.Compute"),
            &ID.replace("/locations/", "/regions/"),
            &ID.replace("/default", "/"),
            &ID.replace("/default", "/a b"),
            &format!("{ID}/initiate"),
        ] {
            assert!(text.parse::<PolicyId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_policy_holds_the_vms_of_its_resource_group_and_no_others() {
        let id = PolicyId::default_for(&vm("web-01"), "westeurope".parse().unwrap());
        assert_eq!(id, ID.parse().unwrap());
        assert!(id.may_hold(&vm("web-02")));
        let shouted = VmId::new(id.subscription(), "PROD-RG", "web-01").unwrap();
        let elsewhere = VmId::new(id.subscription(), "dev-rg", "web-01").unwrap();
        assert!(id.may_hold(&shouted) && !id.may_hold(&elsewhere));
    }
}
