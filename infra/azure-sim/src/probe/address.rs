use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

const LOAD_BALANCER: &str = "168.63.129.16";
const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

pub(super) fn nets(list: &Value) -> Vec<IpNet> {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.filter_map(|text| text.parse().ok()).collect()
}

pub(super) fn is_load_balancer(address: IpAddr) -> bool {
    LOAD_BALANCER.parse() == Ok(address)
}

pub(super) fn is_private(address: IpAddr) -> bool {
    PRIVATE.iter().filter_map(|net| net.parse::<IpNet>().ok()).any(|net| net.contains(&address))
}

/// Whether a port is in one of the ranges, each a port, two ports with a hyphen between, or `*`.
pub(super) fn has_port<'a>(mut ranges: impl Iterator<Item = &'a str>, port: u16) -> bool {
    ranges.any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let bounds = (first.trim().parse::<u16>(), last.trim().parse::<u16>());
        range == "*" || matches!(bounds, (Ok(first), Ok(last)) if (first..=last).contains(&port))
    })
}
