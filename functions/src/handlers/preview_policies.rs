//! `POST /api/policies/preview`: what a change of policies would come to, worked out by the code that would make it.
//! Writes nothing.

use std::collections::BTreeSet;

use axum::extract::State;
use shared::{
    api::{LeaseView, LeftOpen, PoliciesPreview, PreviewedObstacle, PreviewedRule, PutPolicies},
    exposure::{Observations, port_state},
    nsg::ObservedNsg,
    rule::NsgRule,
};

use super::{
    many::may_configure,
    policy_change::{Change, change},
    view::{lease_view, undated},
};
use crate::{
    app::App,
    caller::Principal,
    enforce::Preview,
    error::{ApiError, Json},
};

pub(crate) async fn preview_policies(
    State(app): State<App>,
    principal: Principal,
    Json(PutPolicies { vms, policy: patch, .. }): Json<PutPolicies>,
) -> Result<axum::Json<PoliciesPreview>, ApiError> {
    may_configure(&app, &vms, &principal).await?;
    let change = change(&app, &vms, &patch).await?;
    let preview = app.engine.preview(&change.machines, &change.after, &[]).await?;
    let obstacles = preview.in_the_way(|grant| grant.is_none());
    let obstacles =
        obstacles.into_iter().map(|(place, reason)| PreviewedObstacle { place: place.to_owned(), reason });
    Ok(axum::Json(PoliciesPreview {
        obstacles: obstacles.collect(),
        rules: preview.nsgs.values().flat_map(|(before, after)| fates(before, after)).collect(),
        left_open: left_open(&app, &change, &preview, &principal).await?,
        proof: preview.proof,
        server_time: app.now(),
    }))
}

/// The rules that are not the same in both.
fn fates(before: &ObservedNsg, after: &ObservedNsg) -> Vec<PreviewedRule> {
    let names: BTreeSet<String> =
        before.rules.iter().chain(&after.rules).map(|rule| rule.name.to_lowercase()).collect();
    let named = |nsg: &ObservedNsg, name: &str| {
        nsg.rules.iter().find(|rule| rule.name.eq_ignore_ascii_case(name)).cloned()
    };
    let fates = names.iter().map(|name| (named(before, name), named(after, name)));
    let nsg = before.id.name();
    let mut fates: Vec<PreviewedRule> = fates
        .filter(|(was, is)| was != is)
        .filter_map(|(was, is)| fate(nsg, was.as_ref(), is.as_ref()))
        .collect();
    fates.sort_by_key(|fate| fate.after.or(fate.before));
    fates
}

fn fate(nsg: &str, was: Option<&NsgRule>, is: Option<&NsgRule>) -> Option<PreviewedRule> {
    let rule = is.or(was)?;
    Some(PreviewedRule {
        nsg: nsg.to_owned(),
        name: rule.name.clone(),
        access: rule.access,
        ports: rule.destination_ports.iter().copied().collect(),
        before: was.map(|rule| rule.priority),
        after: is.map(|rule| rule.priority),
        rewritten: was.zip(is).is_some_and(|(was, is)| !was.is_same_but_priority(is)),
    })
}

/// What customers' rules let in to the ports that would be protected.
async fn left_open(
    app: &App,
    change: &Change,
    preview: &Preview,
    principal: &Principal,
) -> Result<Vec<LeftOpen>, ApiError> {
    let after: Observations =
        preview.nsgs.iter().map(|(nsg, (_, after))| (nsg.clone(), after.clone())).collect();
    let (deployment, now) = (&app.engine.author.deployment, app.now());
    let mut left = Vec::new();
    for policy in &change.after {
        let Some(machine) = change.machines.iter().find(|machine| machine.vm == policy.vm) else { continue };
        let rights = app.rights.on_vm(&policy.vm, &principal.requester.id).await?;
        let firewalls = match machine.gate() {
            Some(gate) => undated(app.store().firewalls(gate.firewall.subscription()).await?),
            None => Default::default(),
        };
        let held = app.store().unclosed_of_vm(&policy.vm).await?;
        for rule in policy.ports.iter() {
            let on_port = held.iter().filter(|held| held.lease.port == rule.port);
            let leases: Vec<LeaseView> =
                on_port.map(|held| lease_view(held, &principal.requester, rights)).collect();
            let (_, exposed) = port_state(deployment, machine, rule, &leases, (&after, &firewalls), now);
            if !exposed.is_empty() {
                left.push(LeftOpen { vm: policy.vm.clone(), port: rule.port, exposed });
            }
        }
    }
    Ok(left)
}
