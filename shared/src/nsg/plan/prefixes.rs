//! The addresses and ranges that rules name, of which ARM takes only so many.

use std::collections::BTreeSet;

use crate::rule::{AddressMatch, NsgRule};

/// How many addresses and ranges ARM takes in one NSG as sources, and as many again as destinations.
pub(super) const MAX_PREFIXES: usize = 4000;

/// How many addresses and ranges rules name; `*`, tags and groups do not count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Prefixes {
    sources: usize,
    destinations: usize,
}

impl Prefixes {
    pub(super) fn of(rule: &NsgRule) -> Self {
        let number = |side: &BTreeSet<AddressMatch>| {
            side.iter().filter(|one| matches!(one, AddressMatch::Prefix(_))).count()
        };
        Self { sources: number(&rule.sources), destinations: number(&rule.destinations) }
    }

    pub(super) const fn plus(self, other: Self) -> Self {
        let Self { sources, destinations } = self;
        Self { sources: sources + other.sources, destinations: destinations + other.destinations }
    }

    pub(super) const fn minus(self, other: Self) -> Self {
        Self {
            sources: self.sources.saturating_sub(other.sources),
            destinations: self.destinations.saturating_sub(other.destinations),
        }
    }

    /// Whether it is more than ARM takes, and `before` was less.
    pub(super) const fn bursts(self, before: Self) -> bool {
        self.sources > MAX_PREFIXES && self.sources > before.sources
            || self.destinations > MAX_PREFIXES && self.destinations > before.destinations
    }
}
