//! NSGs: what is there, what should be there, and the changes that lead from one to the other.

pub mod desired;
pub mod evaluate;
pub mod plan;
pub mod proof;
pub mod stamp;

use serde::{Deserialize, Serialize};

use crate::{rule::NsgRule, vm::NsgId};

/// An NSG as it was read from ARM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedNsg {
    pub id: NsgId,
    /// Customers' rules and ours, of both directions.
    pub rules: Vec<NsgRule>,
    /// Azure's own, from priority 65000.
    pub default_rules: Vec<NsgRule>,
}

/// One write to an NSG.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RuleChange {
    /// Creates the rule, or makes the rule of that name be so.
    Put(NsgRule),
    Remove(NsgRule),
}

impl RuleChange {
    pub const fn rule(&self) -> &NsgRule {
        match self {
            Self::Put(rule) | Self::Remove(rule) => rule,
        }
    }
}
