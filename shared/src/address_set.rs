//! Sets of IP addresses, exact: union, intersection and difference of ranges in both families.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};

/// A set of addresses, kept as sorted ranges that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddressSet {
    v4: Vec<Range>,
    v6: Vec<Range>,
}

/// First and last address, inclusive.
type Range = (u128, u128);

const ALL_V4: Range = (0, u32::MAX as u128);
const ALL_V6: Range = (0, u128::MAX);

impl AddressSet {
    pub const EMPTY: Self = Self { v4: Vec::new(), v6: Vec::new() };

    /// Every address of both families.
    pub fn all() -> Self {
        Self { v4: vec![ALL_V4], v6: vec![ALL_V6] }
    }

    /// Every address of the family of `like`.
    pub fn all_like(like: IpAddr) -> Self {
        match like {
            IpAddr::V4(_) => Self { v4: vec![ALL_V4], v6: Vec::new() },
            IpAddr::V6(_) => Self { v4: Vec::new(), v6: vec![ALL_V6] },
        }
    }

    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let (ranges, number) = match address {
            IpAddr::V4(v4) => (&self.v4, u128::from(v4.to_bits())),
            IpAddr::V6(v6) => (&self.v6, v6.to_bits()),
        };
        ranges.iter().any(|&(first, last)| first <= number && number <= last)
    }

    pub fn is_subset(&self, other: &Self) -> bool {
        self.minus(other).is_empty()
    }

    pub fn union(&self, other: &Self) -> Self {
        let merged = |a: &[Range], b: &[Range]| normal(a.iter().chain(b).copied().collect());
        Self { v4: merged(&self.v4, &other.v4), v6: merged(&self.v6, &other.v6) }
    }

    pub fn intersection(&self, other: &Self) -> Self {
        Self { v4: common(&self.v4, &other.v4), v6: common(&self.v6, &other.v6) }
    }

    pub fn minus(&self, other: &Self) -> Self {
        Self { v4: less(&self.v4, &other.v4), v6: less(&self.v6, &other.v6) }
    }

    /// The fewest prefixes that make up the set; `*` for every address of a family alone is `0.0.0.0/0` or `::/0`.
    pub fn prefixes(&self) -> Vec<IpNet> {
        let v4 = self.v4.iter().flat_map(|&(first, last)| {
            Ipv4Subnets::new(v4_address(first), v4_address(last), 0).map(IpNet::V4)
        });
        let v6 = self.v6.iter().flat_map(|&(first, last)| {
            Ipv6Subnets::new(Ipv6Addr::from_bits(first), Ipv6Addr::from_bits(last), 0).map(IpNet::V6)
        });
        v4.chain(v6).collect()
    }
}

impl FromIterator<IpNet> for AddressSet {
    fn from_iter<I: IntoIterator<Item = IpNet>>(nets: I) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for net in nets {
            match net {
                IpNet::V4(net) => {
                    v4.push((net.network().to_bits().into(), net.broadcast().to_bits().into()));
                }
                IpNet::V6(net) => v6.push((net.network().to_bits(), net.broadcast().to_bits())),
            }
        }
        Self { v4: normal(v4), v6: normal(v6) }
    }
}

fn v4_address(number: u128) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX))
}

fn normal(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.sort_unstable();
    let mut merged: Vec<Range> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => merged.push((first, last)),
        }
    }
    merged
}

fn common(a: &[Range], b: &[Range]) -> Vec<Range> {
    let overlap = |&(a_first, a_last): &Range, &(b_first, b_last): &Range| {
        let (first, last) = (a_first.max(b_first), a_last.min(b_last));
        (first <= last).then_some((first, last))
    };
    normal(a.iter().flat_map(|x| b.iter().filter_map(move |y| overlap(x, y))).collect())
}

fn less(from: &[Range], taken: &[Range]) -> Vec<Range> {
    let mut left = from.to_vec();
    for &(cut_first, cut_last) in taken {
        left = left.into_iter().flat_map(|range| without(range, (cut_first, cut_last))).collect();
    }
    left
}

fn without((first, last): Range, (cut_first, cut_last): Range) -> impl Iterator<Item = Range> {
    let before = cut_first.checked_sub(1).map(|end| (first, last.min(end)));
    let after = cut_last.checked_add(1).map(|start| (first.max(start), last));
    [before, after].into_iter().flatten().filter(|(first, last)| first <= last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(nets: &[&str]) -> AddressSet {
        nets.iter().map(|net| net.parse::<IpNet>().unwrap()).collect()
    }

    #[test]
    fn what_is_left_of_everything_without_a_range_is_everything_else() {
        let rest = AddressSet::all().minus(&set(&["10.0.0.0/8"]));
        assert!(!rest.contains("10.255.255.255".parse().unwrap()));
        assert!(rest.contains("11.0.0.0".parse().unwrap()) && rest.contains("::1".parse().unwrap()));
        assert_eq!(rest.union(&set(&["10.0.0.0/8"])), AddressSet::all());
    }

    #[test]
    fn prefixes_are_the_fewest() {
        let joined = set(&["203.0.113.0/25", "203.0.113.128/25", "2001:db8::/64"]);
        let texts: Vec<String> = joined.prefixes().iter().map(IpNet::to_string).collect();
        assert_eq!(texts, ["203.0.113.0/24", "2001:db8::/64"]);
        assert_eq!(AddressSet::all_like("::".parse().unwrap()).prefixes()[0].to_string(), "::/0");
    }

    proptest! {
        #[test]
        fn the_algebra_agrees_with_membership(a in nets(), b in nets(), probe: u8) {
            let probe = IpAddr::from([10, 0, 0, probe]);
            let (a, b): (AddressSet, AddressSet) = (a.into_iter().collect(), b.into_iter().collect());
            let (in_a, in_b) = (a.contains(probe), b.contains(probe));
            prop_assert_eq!(a.union(&b).contains(probe), in_a || in_b);
            prop_assert_eq!(a.intersection(&b).contains(probe), in_a && in_b);
            prop_assert_eq!(a.minus(&b).contains(probe), in_a && !in_b);
            prop_assert_eq!(a.prefixes().into_iter().collect::<AddressSet>(), a.clone());
            prop_assert!(a.intersection(&b).is_subset(&a));
            prop_assert_eq!(a.minus(&b).union(&a.intersection(&b)), a);
        }
    }

    fn nets() -> impl Strategy<Value = Vec<IpNet>> {
        proptest::collection::vec((any::<u8>(), 24u8..=32), 0..6).prop_map(|list| {
            list.into_iter()
                .map(|(last, length)| IpNet::new(IpAddr::from([10, 0, 0, last]), length).unwrap().trunc())
                .collect()
        })
    }
}
