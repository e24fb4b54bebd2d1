use std::net::IpAddr;

use ipnet::IpNet;

/// The service tags that the simulator knows; most have regional forms such as `Storage.WestEurope`.
const TAGS: &[&str] = &[
    "ActionGroup",
    "ApiManagement",
    "AppConfiguration",
    "AppService",
    "AzureActiveDirectory",
    "AzureArcInfrastructure",
    "AzureBackup",
    "AzureBotService",
    "AzureCloud",
    "AzureConnectors",
    "AzureContainerRegistry",
    "AzureCosmosDB",
    "AzureDatabricks",
    "AzureDataLake",
    "AzureDevOps",
    "AzureFrontDoor",
    "AzureKeyVault",
    "AzureLoadBalancer",
    "AzureMachineLearning",
    "AzureMonitor",
    "AzurePlatformDNS",
    "AzurePlatformIMDS",
    "AzurePortal",
    "AzureResourceManager",
    "AzureSiteRecovery",
    "AzureTrafficManager",
    "BatchNodeManagement",
    "DataFactory",
    "Dynamics365",
    "EventHub",
    "GatewayManager",
    "Internet",
    "LogicApps",
    "MicrosoftDefenderForEndpoint",
    "PowerBI",
    "ServiceBus",
    "ServiceFabric",
    "Sql",
    "SqlManagement",
    "Storage",
    "VirtualDesktop",
    "VirtualNetwork",
    "WindowsAdminCenter",
];

/// What an address prefix of a rule stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    Any,
    V4,
    V6,
    Tag,
}

pub(super) fn parse(text: &str) -> Option<Prefix> {
    if text == "*" || text.eq_ignore_ascii_case("any") {
        return Some(Prefix::Any);
    }
    let address = text.parse::<IpAddr>().or_else(|_| text.parse::<IpNet>().map(|net| net.addr()));
    match address {
        Ok(address) if address.is_ipv4() => Some(Prefix::V4),
        Ok(_) => Some(Prefix::V6),
        Err(_) => is_tag(text).then_some(Prefix::Tag),
    }
}

fn is_tag(text: &str) -> bool {
    let (service, region) =
        text.split_once('.').map_or((text, None), |(service, rest)| (service, Some(rest)));
    TAGS.iter().any(|tag| tag.eq_ignore_ascii_case(service))
        && region.is_none_or(|region| {
            !region.is_empty() && region.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
        })
}

/// A port, or two ports in order with a hyphen between; `*` only where `any` allows it.
pub(super) fn is_port_range(text: &str, any: bool) -> bool {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (port(first), port(last)) {
        (Some(first), Some(last)) => first <= last,
        _ => any && text == "*",
    }
}

fn port(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_addresses_ranges_and_tags() {
        assert_eq!(parse("203.0.113.7"), Some(Prefix::V4));
        assert_eq!(parse("10.0.0.0/8"), Some(Prefix::V4));
        assert_eq!(parse("fd00:8::/48"), Some(Prefix::V6));
        assert_eq!(parse("Storage.WestEurope"), Some(Prefix::Tag));
        assert_eq!(parse("*"), Some(Prefix::Any));
    }

    #[test]
    fn rejects_malformed_prefixes() {
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0",
            "10.0.0.1-10.0.0.9",
            "Neverland",
            "Storage.",
            "10.0.0.0/8,10.1.0.0/16",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn accepts_port_ranges_in_order() {
        assert!(is_port_range("22", false) && is_port_range("0-65535", false) && is_port_range("*", true));
    }

    #[test]
    fn rejects_malformed_port_ranges() {
        for text in ["", "65536", "90-80", "-1", "+22", "22-", "*", "22,23"] {
            assert!(!is_port_range(text, false), "{text}");
        }
    }
}
