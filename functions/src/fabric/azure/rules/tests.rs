use serde_json::{Value, json};
use shared::rule::{Access, AddressMatch, Direction, NsgRule, RuleProtocol};

use super::*;

fn customers(mut change: impl FnMut(&mut Value)) -> Value {
    let mut json = json!({
        "name": "allow-ssh", "id": "/x", "etag": "W/\"1\"",
        "properties": {
            "provisioningState": "Succeeded", "description": "for the office", "protocol": "Tcp",
            "sourcePortRange": "*", "destinationPortRange": "22", "sourceAddressPrefix": "203.0.113.0/24",
            "destinationAddressPrefix": "*", "access": "Allow", "priority": 300, "direction": "Inbound",
            "sourcePortRanges": [], "destinationPortRanges": [], "sourceAddressPrefixes": [],
            "destinationAddressPrefixes": [],
        },
    });
    change(&mut json["properties"]);
    json
}

fn read(json: &Value) -> Result<NsgRule, String> {
    let json: RuleJson = serde_json::from_value(json.clone()).map_err(|error| error.to_string())?;
    rule(json).map_err(|error| error.to_string())
}

fn sources(prefix: &str) -> Result<Vec<AddressMatch>, String> {
    let json = customers(|properties| properties["sourceAddressPrefix"] = prefix.into());
    read(&json).map(|rule| rule.sources.into_iter().collect())
}

fn prefix(text: &str) -> AddressMatch {
    AddressMatch::Prefix(text.parse().unwrap())
}

#[test]
fn accepts_a_customers_rule() {
    let rule = read(&customers(|_| {})).unwrap();
    assert_eq!((rule.name.as_str(), rule.description.as_str()), ("allow-ssh", "for the office"));
    assert_eq!(rule.priority.number(), 300);
    assert_eq!(
        (rule.access, rule.direction, rule.protocol),
        (Access::Allow, Direction::Inbound, RuleProtocol::Tcp)
    );
    assert_eq!(rule.sources.into_iter().collect::<Vec<_>>(), [prefix("203.0.113.0/24")]);
    assert_eq!(rule.destinations.into_iter().collect::<Vec<_>>(), [AddressMatch::Any]);
    let ports = |ports: std::collections::BTreeSet<shared::port::PortRange>| {
        ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    };
    assert_eq!((ports(rule.source_ports), ports(rule.destination_ports)), ("*".to_owned(), "22".to_owned()));
}

#[test]
fn accepts_every_spelling_of_enums() {
    for (protocol, expected) in [
        ("TCP", RuleProtocol::Tcp),
        ("udp", RuleProtocol::Udp),
        ("*", RuleProtocol::Any),
        ("Any", RuleProtocol::Any),
        ("Icmp", RuleProtocol::Icmp),
        ("ESP", RuleProtocol::Esp),
        ("Ah", RuleProtocol::Ah),
    ] {
        let json = customers(|properties| {
            properties["protocol"] = protocol.into();
            properties["access"] = "deny".into();
            properties["direction"] = "OUTBOUND".into();
        });
        let rule = read(&json).unwrap();
        assert_eq!(
            (rule.protocol, rule.access, rule.direction),
            (expected, Access::Deny, Direction::Outbound)
        );
    }
}

#[test]
fn rejects_a_rule_with_anything_unknown_instead_of_dropping_it() {
    for (field, value) in [
        ("protocol", json!("Sctp")),
        ("access", json!("Audit")),
        ("direction", json!("Sideways")),
        ("priority", json!(99)),
        ("priority", json!("300")),
        ("priority", json!(70_000)),
        ("destinationPortRange", json!("22-")),
        ("destinationPortRange", json!("ssh")),
        ("destinationPortRange", json!("")),
        ("destinationPortRange", json!(22)),
        ("sourceAddressPrefix", json!("")),
        ("sourceAddressPrefix", json!("10.0.0.0/33")),
        ("sourceAddressPrefix", json!("10.0.0.1-10.0.0.9")),
        ("sourceAddressPrefix", json!("10.0.0")),
        ("sourceAddressPrefix", json!("fe80::%eth0")),
        ("destinationAddressPrefix", json!("two words")),
    ] {
        let error = read(&customers(|properties| properties[field] = value.clone()));
        assert!(error.is_err(), "{field}: {value}");
    }
    for field in
        ["protocol", "access", "direction", "priority", "sourceAddressPrefix", "destinationPortRange"]
    {
        let json = customers(|properties| _ = properties.as_object_mut().unwrap().remove(field));
        assert!(read(&json).is_err(), "no {field}");
    }
}

#[test]
fn an_unreadable_rule_is_named() {
    let error = sources("10.0.0.0/33").unwrap_err();
    assert!(error.ends_with("the rule allow-ssh has the source 10.0.0.0/33"), "{error}");
}

#[test]
fn accepts_addresses_ranges_tags_and_stars() {
    assert_eq!(sources("*").unwrap(), [AddressMatch::Any]);
    assert_eq!(sources("Any").unwrap(), [AddressMatch::Any]);
    assert_eq!(sources("198.51.100.9").unwrap(), [prefix("198.51.100.9/32")]);
    assert_eq!(sources("0.0.0.0/0").unwrap(), [prefix("0.0.0.0/0")]);
    assert_eq!(sources("fd00:8::/48").unwrap(), [prefix("fd00:8::/48")]);
    for tag in ["Internet", "VirtualNetwork", "Storage.WestEurope", "AzureLoadBalancer"] {
        assert_eq!(sources(tag).unwrap(), [AddressMatch::Tag(tag.to_owned())]);
    }
}

#[test]
fn bits_beyond_the_length_of_a_prefix_do_not_count() {
    assert_eq!(sources("203.0.113.7/24").unwrap(), [prefix("203.0.113.0/24")]);
}

#[test]
fn accepts_plural_fields_and_application_security_groups() {
    let json = customers(|properties| {
        properties["sourceAddressPrefix"] = Value::Null;
        properties["sourceAddressPrefixes"] = json!(["198.51.100.9", "203.0.113.0/24"]);
        properties["destinationPortRange"] = "".into();
        properties["destinationPortRanges"] = json!(["22", "8000-8080"]);
        properties["destinationAddressPrefix"] = "".into();
        properties["destinationApplicationSecurityGroups"] = json!([{"id": "/subscriptions/S/ASG"}]);
    });
    let rule = read(&json).unwrap();
    assert_eq!(rule.sources.len(), 2);
    assert_eq!(rule.destination_ports.len(), 2);
    assert!(rule.destinations.contains(&AddressMatch::Group("/subscriptions/s/asg".to_owned())));
}

#[test]
fn a_rule_whose_write_failed_equals_no_rule_that_is_wanted() {
    let wanted = read(&customers(|_| {})).unwrap();
    let failed = read(&customers(|properties| properties["provisioningState"] = "Failed".into())).unwrap();
    assert_ne!(failed, wanted);
    assert_eq!(NsgRule { description: wanted.description.clone(), ..failed }, wanted);
}

#[test]
fn what_is_written_is_read_back_the_same() {
    for change in [
        (|_: &mut Value| {}) as fn(&mut Value),
        |properties| {
            properties["sourceAddressPrefixes"] = json!(["198.51.100.9", "Internet", "fd00::/8"]);
            properties["destinationPortRanges"] = json!(["3389", "0"]);
        },
        |properties| properties["sourceApplicationSecurityGroups"] = json!([{"id": "/a"}, {"id": "/b"}]),
        |properties| properties["protocol"] = "*".into(),
    ] {
        let rule = read(&customers(change)).unwrap();
        let mut written = to_json(&rule);
        written["name"] = rule.name.clone().into();
        assert_eq!(read(&written).unwrap(), rule);
    }
}

#[test]
fn one_element_is_written_in_the_singular_and_several_in_the_plural() {
    let one = to_json(&read(&customers(|_| {})).unwrap())["properties"].clone();
    assert_eq!(one["sourceAddressPrefix"], "203.0.113.0/24");
    assert_eq!(one["destinationPortRange"], "22");
    assert_eq!(one["protocol"], "Tcp");
    assert_eq!(one["sourceAddressPrefixes"], Value::Null);
    let json = customers(|properties| {
        properties["sourceAddressPrefixes"] = json!(["198.51.100.9/32"]);
        properties["destinationPortRanges"] = json!(["3389"]);
    });
    let several = to_json(&read(&json).unwrap())["properties"].clone();
    assert_eq!(several["sourceAddressPrefixes"], json!(["198.51.100.9", "203.0.113.0/24"]));
    assert_eq!(several["destinationPortRanges"], json!(["22", "3389"]));
    assert_eq!(several["destinationPortRange"], Value::Null);
}
