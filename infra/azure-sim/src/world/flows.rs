use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::World;
use crate::probe::{Packet, Probe, send};

/// The flows that are remembered; older ones are forgotten, dropped ones first.
const KEPT: usize = 10_000;

/// A connection that got in once. It outlives the rule that let it in, unless an NSG on its way flushes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Flow {
    pub(crate) id: u64,
    pub(crate) packet: Packet,
    /// The address that the packet was sent to.
    pub(crate) destination: IpAddr,
    /// The key of the machine.
    vm: String,
    pub(crate) dropped_at: Option<Timestamp>,
}

impl World {
    pub(crate) fn flows(&self) -> &[Flow] {
        &self.flows
    }

    /// Remembers a flow whose first packet got in at a machine; its id.
    pub(crate) fn establish(&mut self, packet: Packet, probe: &Probe) -> Option<u64> {
        let vm = probe.vm.clone()?.to_ascii_lowercase();
        let destination = packet.destination.or(probe.reached)?;
        if self.flows.len() >= KEPT {
            let oldest = self.flows.iter().position(|flow| flow.dropped_at.is_some()).unwrap_or(0);
            self.flows.remove(oldest);
        }
        let id = self.seq();
        self.flows.push(Flow { id, packet, destination, vm, dropped_at: None });
        Some(id)
    }

    /// Whether there was such a flow.
    pub(crate) fn end_flow(&mut self, id: u64) -> bool {
        let before = self.flows.len();
        self.flows.retain(|flow| flow.id != id);
        self.flows.len() < before
    }

    /// An NSG changed: if it flushes, the flows through it that would not get in any more end.
    pub(super) fn reevaluate_flows(&mut self, nsg: &str, at: Timestamp) {
        if !self.flushing.contains(nsg) {
            return;
        }
        let is_cut =
            |flow: &Flow| send(self, &flow.packet).is_ok_and(|probe| !probe.is_open() && probe.passes(nsg));
        let established = self.flows.iter().filter(|flow| flow.dropped_at.is_none());
        let cut: Vec<u64> = established.filter(|flow| is_cut(flow)).map(|flow| flow.id).collect();
        self.drop_flows(at, |flow| cut.contains(&flow.id));
    }

    /// A machine that does not run keeps no connection.
    pub(super) fn drop_flows_of(&mut self, vm: &str, at: Timestamp) {
        self.drop_flows(at, |flow| flow.vm == vm);
    }

    fn drop_flows(&mut self, at: Timestamp, which: impl Fn(&Flow) -> bool) {
        let established = self.flows.iter_mut().filter(|flow| flow.dropped_at.is_none());
        established.filter(|flow| which(flow)).for_each(|flow| flow.dropped_at = Some(at));
    }
}
