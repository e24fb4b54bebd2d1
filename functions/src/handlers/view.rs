//! From what is stored to what is shown.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shared::{
    api::{
        Concern, Drift, EventKind, GrantView, LeaseView, PortState, PortStatus, Support, VmDetail, VmState,
        VmSummary, Warning,
    },
    audit::Entry,
    decision::Requester,
    exposure::{Observations, mapped, port_state},
    firewall::{FirewallReadings, Gate},
    inventory::Machine,
    policy::ProtectedVm,
    rbac::VmRights,
    vm::{FirewallId, NsgId, VmId},
};

use crate::{
    app::App,
    error::ApiError,
    inventory::look_up,
    store::{HeldGrant, HeldLease, StoreError, VmUsage},
};

/// How long an observation may serve several viewers.
const JUST_NOW: SignedDuration = SignedDuration::from_secs(2);
pub(super) const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Everything that is needed to show one VM.
pub(super) struct Sight<'s> {
    pub(super) machine: &'s Machine,
    pub(super) subscription_name: &'s str,
    pub(super) policy: Option<&'s ProtectedVm>,
    pub(super) held: &'s [HeldLease],
    pub(super) observed: &'s Observations,
    pub(super) firewalls: &'s FirewallReadings,
    pub(super) usage: Option<&'s VmUsage>,
    /// Whether somebody changed a rule of ours within a week.
    pub(super) has_drifted: bool,
    pub(super) rights: VmRights,
    pub(super) viewer: &'s Requester,
    /// What kept the NSGs or the firewall from being read just now.
    pub(super) failure: Option<String>,
    pub(super) now: Timestamp,
}

impl Sight<'_> {
    pub(super) fn ports(&self, app: &App) -> Vec<PortStatus> {
        let rules = self.policy.iter().flat_map(|policy| policy.ports.iter());
        rules
            .map(|rule| {
                let on_port = self.held.iter().filter(|held| held.lease.port == rule.port);
                let leases: Vec<LeaseView> =
                    on_port.map(|held| lease_view(held, self.viewer, self.rights)).collect();
                let deployment = &app.engine.author.deployment;
                let seen = (self.observed, self.firewalls);
                let (state, exposed) = port_state(deployment, self.machine, rule, &leases, seen, self.now);
                let mapped = mapped(deployment, self.machine, rule.port, self.firewalls, self.now);
                PortStatus { rule: rule.clone(), state: self.doubt(state), leases, exposed, mapped }
            })
            .collect()
    }

    /// Nothing is called open or closed that could not be read.
    fn doubt(&self, state: PortState) -> PortState {
        let Some(message) = &self.failure else { return state };
        let mut concerns = match state {
            PortState::PossiblyOpen { concerns } => concerns,
            PortState::Open { .. } | PortState::Closed => Vec::new(),
        };
        concerns.insert(0, Concern::NotAnswering { message: message.clone() });
        PortState::PossiblyOpen { concerns }
    }

    pub(super) fn summary(&self, ports: &[PortStatus]) -> VmSummary {
        let reasons = self.machine.unsupported();
        let support = match (self.policy, reasons.is_empty()) {
            (Some(_), _) => Support::Configured,
            (None, true) => Support::NotConfigured,
            (None, false) => Support::Unsupported { reasons },
        };
        let living = self.held.iter().filter(|held| held.lease.lives(self.now));
        VmSummary {
            vm: self.machine.vm.clone(),
            subscription_name: self.subscription_name.to_owned(),
            location: self.machine.location.clone(),
            os: self.machine.os,
            power: self.machine.power,
            support,
            rights: self.rights,
            firewall: self.machine.gate().map(|gate| gate.firewall.name().to_owned()),
            nsgs: self.machine.nsgs().into_iter().map(|nsg| nsg.name().to_owned()).collect(),
            ports: ports.iter().map(|port| port.rule.port).collect(),
            state: state_of(ports),
            open_until: living.map(|held| held.lease.expires_at).max(),
            warnings: self.warnings(ports),
            approved_last_7_days: self.usage.map_or(0, |usage| usage.approved),
            last_access_at: self.usage.and_then(|usage| usage.last_access_at),
            last_user: self.usage.and_then(|usage| usage.last_user.clone()),
        }
    }
}

impl Sight<'_> {
    fn warnings(&self, ports: &[PortStatus]) -> Vec<Warning> {
        let concerns = ports.iter().filter_map(|port| match &port.state {
            PortState::PossiblyOpen { concerns } => Some(concerns),
            PortState::Open { .. } | PortState::Closed => None,
        });
        let mut warnings: BTreeSet<Warning> = concerns.flatten().map(Warning::from).collect();
        if self.has_drifted && self.policy.is_some() {
            warnings.insert(Warning::Drifted);
        }
        warnings.into_iter().collect()
    }
}

fn state_of(ports: &[PortStatus]) -> VmState {
    let any = |is: fn(&PortState) -> bool| ports.iter().any(|port| is(&port.state));
    if ports.is_empty() {
        VmState::Unguarded
    } else if any(|state| matches!(state, PortState::PossiblyOpen { .. })) {
        VmState::PossiblyOpen
    } else if any(|state| matches!(state, PortState::Open { .. })) {
        VmState::Open
    } else {
        VmState::Closed
    }
}

/// Looks at one VM now: reads it and its NSGs from Azure, unless that was done a moment ago.
pub(super) async fn detail(
    app: &App,
    vm: &VmId,
    rights: VmRights,
    viewer: &Requester,
) -> Result<VmDetail, ApiError> {
    let failure = look(app, vm).await?;
    let store = app.store();
    let Some((machine, subscription_name, _)) = store.machine(vm).await? else {
        return Err(match failure {
            Some(message) => ApiError::unavailable(message),
            None => ApiError::not_found(format!("virtual machine {vm}")),
        });
    };
    let policy = store.policy(vm).await?;
    let held = store.unclosed_of_vm(vm).await?;
    let all = store.observations(vm.subscription()).await?;
    let readings = store.firewalls(vm.subscription()).await?;
    let nsgs = machine.nsgs();
    let of_nsgs = nsgs.iter().map(|nsg| all.get(nsg).map(|(_, at)| *at));
    let firewall = machine.gate().map(|gate| readings.get(gate.firewall).map(|(_, at)| *at));
    let checked_at = of_nsgs.chain(firewall).min().flatten();
    let observed = only(all, |nsg| nsgs.contains(nsg));
    let firewalls = undated(readings);
    let now = app.now();
    let usage = store.usage(vm.subscription(), now - WEEK).await?;
    let drift = store.newest_of_kind(vm, EventKind::Drifted, now - WEEK).await?;
    let sight = Sight {
        machine: &machine,
        subscription_name: &subscription_name,
        policy: policy.as_ref(),
        held: &held,
        observed: &observed,
        firewalls: &firewalls,
        usage: usage.get(&vm.key()),
        has_drifted: drift.is_some(),
        rights,
        viewer,
        failure,
        now,
    };
    let ports = sight.ports(app);
    let (summary, network) = (sight.summary(&ports), machine.network());
    let drift = drift.map(|Entry { record, .. }| Drift { at: record.at, what: record.event.to_string() });
    Ok(VmDetail { summary, policy, network, ports, checked_at, drift, server_time: now })
}

/// Reads a VM, its NSGs and its firewall anew; gives what went wrong, in words.
async fn look(app: &App, vm: &VmId) -> Result<Option<String>, ApiError> {
    let now = app.engine.dated(&app.engine.moment());
    let recent = |at: &Timestamp| now.duration_since(*at) < JUST_NOW;
    let store = app.store();
    if let Some((machine, _, at)) = store.machine(vm).await? {
        let seen = store.observations(vm.subscription()).await?;
        let nsgs = machine.nsgs().into_iter().all(|nsg| seen.get(nsg).is_some_and(|(_, at)| recent(at)));
        let firewall = match machine.gate() {
            Some(gate) => {
                store.firewalls(vm.subscription()).await?.get(gate.firewall).is_some_and(|(_, at)| recent(at))
            }
            None => true,
        };
        if recent(&at) && nsgs && firewall {
            return Ok(None);
        }
    }
    let machine = match look_up(&app.engine, vm).await {
        Ok(Some(machine)) => machine,
        Ok(None) => return Ok(None),
        Err(error) => return Ok(Some(error.to_string())),
    };
    for nsg in machine.nsgs() {
        match app.engine.look(nsg).await {
            Ok(look) if look.drifted => repair(app, nsg).await,
            Ok(_) => {}
            Err(error) => return Ok(Some(error.to_string())),
        }
    }
    match machine.gate() {
        Some(gate) => look_at_firewall(app, gate).await,
        None => Ok(None),
    }
}

/// Somebody changed what we wrote: it is written again now, not at the next sweep.
async fn repair(app: &App, nsg: &NsgId) {
    let (engine, nsgs) = (std::sync::Arc::clone(&app.engine), BTreeSet::from([nsg.clone()]));
    if app.background {
        app.work.spawn(async move { engine.settle_nsgs(nsgs).await });
    } else {
        engine.settle_nsgs(nsgs).await;
    }
}

async fn look_at_firewall(app: &App, Gate { firewall, .. }: Gate<'_>) -> Result<Option<String>, ApiError> {
    let moment = app.engine.moment();
    match app.engine.fabric.observe_firewall(firewall).await {
        Ok(Some(observed)) => app.store().put_firewall(&observed, app.engine.dated(&moment)).await?,
        Ok(None) => return Ok(Some(format!("{} does not exist", firewall.name()))),
        Err(error) => return Ok(Some(error.to_string())),
    }
    Ok(None)
}

pub(crate) fn undated(
    readings: BTreeMap<FirewallId, (shared::firewall::ObservedFirewall, Timestamp)>,
) -> FirewallReadings {
    readings.into_iter().map(|(firewall, (observed, _))| (firewall, observed)).collect()
}

/// The observations of some NSGs, without their times.
pub(super) fn only(
    all: BTreeMap<NsgId, (shared::nsg::ObservedNsg, Timestamp)>,
    wanted: impl Fn(&NsgId) -> bool,
) -> Observations {
    all.into_iter().filter(|(nsg, _)| wanted(nsg)).map(|(nsg, (observed, _))| (nsg, observed)).collect()
}

pub(super) fn lease_view(held: &HeldLease, viewer: &Requester, rights: VmRights) -> LeaseView {
    let mine = held.requester.id == viewer.id;
    LeaseView {
        grant: held.grant,
        requester: held.requester.clone(),
        mine,
        revocable: !held.lease.is_closed() && (mine || rights.configure),
        lease: held.lease.clone(),
        trouble: held.trouble.as_ref().map(|trouble| trouble.message.clone()),
    }
}

/// A grant as `viewer` sees it: of somebody else's, what is about VMs that the viewer may see.
pub(super) async fn grant_view(
    app: &App,
    held: &HeldGrant,
    viewer: &Requester,
) -> Result<GrantView, StoreError> {
    let mut leases = Vec::with_capacity(held.leases.len());
    for lease in &held.leases {
        // A holder closes without any right; ARM need not answer for that.
        let mine = held.grant.requester.id == viewer.id;
        let rights = match mine {
            true => VmRights::NONE,
            false => app.rights.on_vm(&lease.lease.vm, &viewer.id).await.unwrap_or(VmRights::NONE),
        };
        if !(mine || rights.read) {
            continue;
        }
        leases.push(lease_view(lease, viewer, rights));
    }
    let shared::grant::Grant { id, requester, justification, window, .. } = held.grant.clone();
    Ok(GrantView { id, requester, justification, window, leases, server_time: app.now() })
}
