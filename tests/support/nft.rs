//! NSGs in the words of nftables: one chain for each NSG, one line for each rule, strongest first. A chain returns what
//! its NSG allows and drops the rest. Knows nothing of Postern's own evaluation, which it serves to check.

use std::collections::BTreeSet;

use ipnet::IpNet;
use shared::{
    nsg::ObservedNsg,
    port::PortRange,
    rule::{Access, AddressMatch, Direction, NsgRule, RuleProtocol},
};

const LOAD_BALANCER: &str = "168.63.129.16/32";

/// The chain of an NSG's inbound rules, where the tag `VirtualNetwork` stands for `network`.
///
/// An error names a tag or a group that has no translation.
pub fn chain(name: &str, nsg: &ObservedNsg, network: &[IpNet]) -> Result<String, String> {
    let all = nsg.rules.iter().chain(&nsg.default_rules);
    let mut inbound: Vec<&NsgRule> = all.filter(|rule| rule.direction == Direction::Inbound).collect();
    inbound.sort_by_key(|rule| rule.priority.number());
    let mut text = format!("  chain {name} {{\n");
    for rule in inbound {
        for line in lines(rule, network)? {
            text.push_str("    ");
            text.push_str(line.trim_start());
            text.push('\n');
        }
    }
    text.push_str("    drop\n  }\n");
    Ok(text)
}

/// What one side of a rule asks of a packet.
struct Clause {
    /// `None`: packets of both families.
    is_ipv6: Option<bool>,
    text: String,
}

/// One line for each pair of a source clause and a destination clause that some packet can meet.
fn lines(rule: &NsgRule, network: &[IpNet]) -> Result<Vec<String>, String> {
    let service = service(rule);
    let verdict = match rule.access {
        Access::Allow => "return",
        Access::Deny => "drop",
    };
    let destinations = clauses("daddr", &rule.destinations, network)?;
    let mut lines = Vec::new();
    for from in clauses("saddr", &rule.sources, network)? {
        for to in &destinations {
            // One packet is of one family; nft refuses to hear otherwise.
            if from.is_ipv6.zip(to.is_ipv6).is_none_or(|(from, to)| from == to) {
                lines.push(format!("{}{}{service} {verdict}", from.text, to.text));
            }
        }
    }
    Ok(lines)
}

/// Alternatives that together match what one side of a rule does.
fn clauses(side: &str, matches: &BTreeSet<AddressMatch>, network: &[IpNet]) -> Result<Vec<Clause>, String> {
    let mut clauses = Vec::new();
    let mut prefixes = Vec::new();
    for one in matches {
        match one {
            AddressMatch::Any => clauses.push(Clause { is_ipv6: None, text: String::new() }),
            AddressMatch::Prefix(net) => prefixes.push(*net),
            AddressMatch::Tag(tag) => match tag.as_str() {
                "VirtualNetwork" => prefixes.extend(network),
                "AzureLoadBalancer" => prefixes.extend(LOAD_BALANCER.parse::<IpNet>().ok()),
                "Internet" => clauses.extend([false, true].map(|is_ipv6| outside(side, is_ipv6, network))),
                other => return Err(format!("the tag {other} has no translation")),
            },
            AddressMatch::Group(group) => return Err(format!("the group {group} has no translation")),
        }
    }
    clauses.extend([false, true].into_iter().filter_map(|is_ipv6| inside(side, is_ipv6, &prefixes)));
    Ok(clauses)
}

/// The packets of a family that come from or go to one of `nets`; none if it has none of the family.
fn inside(side: &str, is_ipv6: bool, nets: &[IpNet]) -> Option<Clause> {
    let nets = of_family(is_ipv6, nets);
    let text = format!(" {} {side} {}", family(is_ipv6), set(&nets));
    (!nets.is_empty()).then_some(Clause { is_ipv6: Some(is_ipv6), text })
}

/// The packets of a family that do not.
fn outside(side: &str, is_ipv6: bool, nets: &[IpNet]) -> Clause {
    let nets = of_family(is_ipv6, nets);
    let text = match (nets.is_empty(), is_ipv6) {
        (true, false) => " meta nfproto ipv4".to_owned(),
        (true, true) => " meta nfproto ipv6".to_owned(),
        (false, _) => format!(" {} {side} != {}", family(is_ipv6), set(&nets)),
    };
    Clause { is_ipv6: Some(is_ipv6), text }
}

fn of_family(is_ipv6: bool, nets: &[IpNet]) -> Vec<IpNet> {
    nets.iter().copied().filter(|net| net.addr().is_ipv6() == is_ipv6).collect()
}

const fn family(is_ipv6: bool) -> &'static str {
    if is_ipv6 { "ip6" } else { "ip" }
}

fn service(rule: &NsgRule) -> String {
    let protocol = match rule.protocol {
        // Ports mean something in these two only; a rule for all ports speaks of every protocol.
        RuleProtocol::Any if is_any(&rule.source_ports) && is_any(&rule.destination_ports) => "",
        RuleProtocol::Any => " meta l4proto { tcp, udp }",
        RuleProtocol::Tcp => " meta l4proto tcp",
        RuleProtocol::Udp => " meta l4proto udp",
        RuleProtocol::Icmp => return " meta l4proto icmp".to_owned(),
        RuleProtocol::Esp => return " meta l4proto esp".to_owned(),
        RuleProtocol::Ah => return " meta l4proto ah".to_owned(),
    };
    let ports = |side: &str, ranges| if is_any(ranges) { String::new() } else { ports(side, ranges) };
    protocol.to_owned() + &ports("sport", &rule.source_ports) + &ports("dport", &rule.destination_ports)
}

fn is_any(ranges: &BTreeSet<PortRange>) -> bool {
    ranges.iter().any(|range| (range.first(), range.last()) == (0, u16::MAX))
}

fn ports(side: &str, ranges: &BTreeSet<PortRange>) -> String {
    let text = |range: &PortRange| match (range.first(), range.last()) {
        (first, last) if first == last => first.to_string(),
        (first, last) => format!("{first}-{last}"),
    };
    let ranges: Vec<String> = ranges.iter().map(text).collect();
    format!(" th {side} {}", set(&ranges))
}

fn set(elements: &[impl ToString]) -> String {
    let elements: Vec<String> = elements.iter().map(ToString::to_string).collect();
    format!("{{ {} }}", elements.join(", "))
}
