//! Ids of resources as ARM spells them, and the versions of ARM's APIs.

use shared::vm::SubscriptionId;

/// The `api-version` of each resource provider.
pub(super) mod version {
    pub(in super::super) const SUBSCRIPTIONS: &str = "2022-12-01";
    pub(in super::super) const COMPUTE: &str = "2023-09-01";
    pub(in super::super) const CLASSIC_COMPUTE: &str = "2017-04-01";
    pub(in super::super) const NETWORK: &str = "2023-09-01";
    pub(in super::super) const AUTHORIZATION: &str = "2022-04-01";
}

/// The id of a resource, known to be nothing but a path below ARM's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ResourceId(String);

impl ResourceId {
    /// `None` for a text that would lead a request elsewhere.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let segments = text.strip_prefix('/')?;
        let is_plain = |segment: &str| {
            !matches!(segment, "" | "." | "..")
                && !segment.contains(|c: char| c.is_control() || matches!(c, '%' | '?' | '#' | '\\'))
        };
        segments.split('/').all(is_plain).then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text for all spellings: ARM ignores case.
    pub(super) fn key(&self) -> String {
        self.0.to_lowercase()
    }

    pub(super) fn is_in(&self, subscription: SubscriptionId) -> bool {
        self.key().starts_with(&format!("/subscriptions/{subscription}/"))
    }

    /// The virtual network of a subnet.
    pub(super) fn virtual_network(&self) -> Option<Self> {
        let (network, subnet) = self.0.rsplit_once('/')?;
        let (network, kind) = network.rsplit_once('/')?;
        (kind.eq_ignore_ascii_case("subnets") && !subnet.is_empty()).then(|| Self(network.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBNET: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/prod-rg/providers/Microsoft.Network/virtualNetworks/prod-vnet/subnets/web";

    #[test]
    fn a_subnet_knows_its_virtual_network_and_subscription() {
        let subnet = ResourceId::parse(SUBNET).unwrap();
        let network = subnet.virtual_network().unwrap();
        assert!(network.as_str().ends_with("/virtualNetworks/prod-vnet"));
        assert_eq!(network.virtual_network(), None);
        assert!(subnet.is_in("0B1F6471-1bf0-4dda-aec3-cb9272f09590".parse().unwrap()));
        assert!(!subnet.is_in("7d3c1e02-5a44-4c8e-9f0b-2f6f0a9be311".parse().unwrap()));
    }

    #[test]
    fn rejects_what_would_lead_elsewhere() {
        for text in [
            "",
            "/",
            "subscriptions/x",
            "//evil.example",
            "/a/../b",
            "/a/./b",
            "/a?x=1",
            "/a#b",
            "/a/%2e%2e/b",
            "/a\\b",
            "/a\nb",
        ] {
            assert_eq!(ResourceId::parse(text), None, "{text}");
        }
    }
}
