use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    api::{Exposed, PreviewedObstacle},
    nsg::proof::Proof,
    port::{Port, PortRange},
    rule::{Access, RulePriority},
    vm::VmId,
};

/// The answer to `POST /api/policies/preview`: what the same body sent to `PUT /api/policies` would come to now.
/// Nothing is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PoliciesPreview {
    /// What would stand in its way in Azure.
    pub obstacles: Vec<PreviewedObstacle>,
    /// The rules of Postern's that would not be as they are, by NSG and in the order of evaluation.
    pub rules: Vec<PreviewedRule>,
    /// Which packets these would open and close.
    pub proof: Proof,
    /// What would let packets in to a protected port all the same.
    pub left_open: Vec<LeftOpen>,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub server_time: Timestamp,
}

/// What would become of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PreviewedRule {
    /// The NSG's name.
    pub nsg: String,
    pub name: String,
    pub access: Access,
    pub ports: Vec<PortRange>,
    /// Where it stands now; `None`: it is not there.
    pub before: Option<RulePriority>,
    /// Where it would stand; `None`: it would be taken away.
    pub after: Option<RulePriority>,
    /// Whether more than its place would change.
    pub rewritten: bool,
}

/// What lets packets in to a port of a VM besides living leases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LeftOpen {
    pub vm: VmId,
    pub port: Port,
    pub exposed: Vec<Exposed>,
}
