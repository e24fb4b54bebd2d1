//! Which rules stand in each other's way.

use std::collections::BTreeSet;

use super::Existing;
use crate::{
    nsg::desired::DesiredRule,
    policy::Precedence,
    rule::{Access, AddressMatch, NsgRule, RulePriority},
};

/// The strongest customer's allow that a guard must stand before, where its policy says so.
pub(super) fn limit_of_guard<'a>(wanted: &DesiredRule, existing: &Existing<'a>) -> Option<&'a NsgRule> {
    let first = wanted.precedence == Precedence::GuardFirst;
    let mut allows =
        existing.foreign_inbound(Access::Allow).filter(|rule| may_overlap(wanted.anywhere(), rule));
    if first { allows.by_ref().min_by_key(|rule| rule.priority) } else { None }
}

/// A customer's deny that would stand before a lease rule at `at` and may take its packets.
pub(super) fn defeat<'a>(
    wanted: &DesiredRule,
    at: RulePriority,
    existing: &Existing<'a>,
) -> Option<&'a NsgRule> {
    let denies = existing.foreign_inbound(Access::Deny);
    denies.filter(|deny| deny.priority.outranks(at)).find(|deny| may_overlap(wanted.anywhere(), deny))
}

/// Whether some packet may match both rules; tags and groups may stand for any address.
pub(super) fn may_overlap(a: &NsgRule, b: &NsgRule) -> bool {
    use crate::rule::RuleProtocol::Any;
    let protocols = a.protocol == b.protocol || a.protocol == Any || b.protocol == Any;
    let ports = |x: &NsgRule, y: &NsgRule| {
        x.destination_ports
            .iter()
            .any(|p| y.destination_ports.iter().any(|q| p.first() <= q.last() && q.first() <= p.last()))
    };
    protocols && ports(a, b) && meet(&a.sources, &b.sources) && meet(&a.destinations, &b.destinations)
}

fn meet(a: &BTreeSet<AddressMatch>, b: &BTreeSet<AddressMatch>) -> bool {
    a.iter().any(|x| {
        b.iter().any(|y| match (x, y) {
            (AddressMatch::Prefix(x), AddressMatch::Prefix(y)) => x.contains(y) || y.contains(x),
            _ => true,
        })
    })
}
