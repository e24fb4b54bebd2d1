//! A page of the VMs that the caller may see. Of VMs that are not on it only what they are filtered by is read.

use std::sync::Arc;

use jiff::Timestamp;
use shared::{
    api::{ListCounts, ListName, VmPage, VmQuery, VmState, VmSummary},
    decision::Requester,
    rbac::{AccessRights, action},
    vm::{SubscriptionId, VmId},
};

use super::{list_vms::refreshed, scene::Scene};
use crate::{app::App, error::ApiError, store::ListFilter};

const USUAL: u16 = 100;
const MOST: u16 = 1000;
const LONGEST_SEARCH: usize = 200;
/// How many VMs are looked through at a time for those that the caller may see.
const LOOKED_THROUGH: usize = 1000;

pub(super) async fn page(app: &App, viewer: &Requester, query: &VmQuery) -> Result<VmPage, ApiError> {
    let limit = query.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::rejected("limit", format!("from 1 to {MOST}")));
    }
    if query.search.as_ref().is_some_and(|search| search.chars().count() > LONGEST_SEARCH) {
        return Err(ApiError::rejected("search", format!("at most {LONGEST_SEARCH} characters")));
    }
    let unreadable = refreshed(app).await;
    let mut subscriptions = app.subscriptions.clone();
    subscriptions.sort_unstable();
    let first = query.after.as_ref().map(VmId::subscription);
    let mut collected = Collected { vms: Vec::new(), wanted: usize::from(limit) };
    let (mut counts, mut inventory_at) = (ListCounts::default(), None::<Timestamp>);
    for subscription in subscriptions {
        let Some((name, at)) = app.store().inventory_head(subscription).await? else { continue };
        inventory_at = Some(inventory_at.map_or(at, |oldest| oldest.min(at)));
        let part = Part::new(app, viewer, query, (subscription, &name)).await?;
        if query.after.is_none() {
            let ListCounts { configured, not_configured, unsupported } = part.counts().await?;
            counts.configured += configured;
            counts.not_configured += not_configured;
            counts.unsupported += unsupported;
        }
        if first.is_none_or(|first| first <= subscription) && !collected.is_enough() {
            part.collect(&mut collected).await?;
        }
    }
    let next = collected.next();
    let (vms, counts) = (collected.vms, query.after.is_none().then_some(counts));
    Ok(VmPage { vms, next, counts, inventory_at, unreadable, server_time: app.now() })
}

/// The VMs of a page, and one more if there is a next page.
struct Collected {
    vms: Vec<VmSummary>,
    wanted: usize,
}

impl Collected {
    const fn is_enough(&self) -> bool {
        self.vms.len() > self.wanted
    }

    /// Lets go of what is not on the page; gives the last VM if there was such.
    fn next(&mut self) -> Option<VmId> {
        let more = self.is_enough();
        self.vms.truncate(self.wanted);
        self.vms.last().filter(|_| more).map(|summary| summary.vm.clone())
    }
}

/// What a page has of one subscription.
struct Part<'p> {
    app: &'p App,
    viewer: &'p Requester,
    query: &'p VmQuery,
    subscription: SubscriptionId,
    rights: Arc<AccessRights>,
    filter: ListFilter,
}

impl<'p> Part<'p> {
    async fn new(
        app: &'p App,
        viewer: &'p Requester,
        query: &'p VmQuery,
        (subscription, name): (SubscriptionId, &str),
    ) -> Result<Self, ApiError> {
        app.store().label_machines(subscription).await?;
        let rights = app.rights.of(subscription, &viewer.id).await?;
        let in_name = |search: &&String| name.to_lowercase().contains(&search.to_lowercase());
        let search = query.search.as_ref().filter(|search| !in_name(search)).cloned();
        let filter = ListFilter { list: None, os: query.os, search };
        Ok(Self { app, viewer, query, subscription, rights, filter })
    }

    async fn counts(&self) -> Result<ListCounts, ApiError> {
        let store = self.app.store();
        if sees_all(&self.rights, self.subscription) {
            return Ok(store.list_counts(self.subscription, &self.filter).await?);
        }
        let (mut counts, mut after) = (ListCounts::default(), None);
        loop {
            let rows = store.listed(self.subscription, &self.filter, after.as_ref(), LOOKED_THROUGH).await?;
            let Some((last, _)) = rows.last() else { return Ok(counts) };
            after = Some(last.clone());
            for (_, list) in rows.iter().filter(|(vm, _)| self.rights.on_vm(vm).read) {
                match list {
                    ListName::Configured => counts.configured += 1,
                    ListName::NotConfigured => counts.not_configured += 1,
                    ListName::Unsupported => counts.unsupported += 1,
                }
            }
        }
    }

    async fn collect(&self, collected: &mut Collected) -> Result<(), ApiError> {
        let Some(filter) = self.of_list() else { return Ok(()) };
        let after = self.query.after.as_ref().filter(|after| after.subscription() == self.subscription);
        let mut after = after.cloned();
        loop {
            let rows =
                self.app.store().listed(self.subscription, &filter, after.as_ref(), LOOKED_THROUGH).await?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = Some(last.clone());
            let seen: Vec<VmId> =
                rows.into_iter().map(|(vm, _)| vm).filter(|vm| self.rights.on_vm(vm).read).collect();
            for vms in seen.chunks(collected.wanted + 1) {
                let shown = self.summaries(vms).await?;
                collected.vms.extend(shown.into_iter().filter(|one| self.is_asked_for(one)));
                if collected.is_enough() {
                    return Ok(());
                }
            }
        }
    }

    /// Only a configured VM's ports have a state; `None`: no VM can have what is asked for.
    fn of_list(&self) -> Option<ListFilter> {
        let list = match (self.query.state, self.query.list) {
            (None, list) => list,
            (Some(VmState::Unguarded), Some(ListName::Configured)) => return None,
            (Some(VmState::Unguarded), list) => list,
            (Some(_), None | Some(ListName::Configured)) => Some(ListName::Configured),
            (Some(_), Some(_)) => return None,
        };
        Some(ListFilter { list, ..self.filter.clone() })
    }

    async fn summaries(&self, vms: &[VmId]) -> Result<Vec<VmSummary>, ApiError> {
        let machines = self.app.store().machines_of(self.subscription, vms).await?;
        let scene = Scene::around(self.app, self.subscription, &machines, self.viewer).await?;
        let sights = machines.iter().map(|machine| scene.sight(machine, self.viewer, None));
        Ok(sights.map(|sight| sight.summary(&sight.ports(self.app))).collect())
    }

    /// What was read of it anew may differ from what it was listed by.
    fn is_asked_for(&self, summary: &VmSummary) -> bool {
        let VmQuery { list, os, state, .. } = self.query;
        list.is_none_or(|list| list == ListName::from(&summary.support))
            && os.is_none_or(|os| summary.os == Some(os))
            && state.is_none_or(|state| state == summary.state)
    }
}

/// Whether the caller sees each VM of a subscription, so that they need not be asked about one by one.
fn sees_all(rights: &AccessRights, subscription: SubscriptionId) -> bool {
    rights.deny_assignments.is_empty()
        && rights.may(action::READ_VM, &format!("/subscriptions/{subscription}"))
}
