//! A page of the VMs that the caller may see. Of VMs that are not on it only what they are filtered by is read.

mod stream;

use jiff::Timestamp;
use shared::{
    api::{ListCounts, ListName, VmPage, VmPlace, VmQuery, VmState, VmSummary},
    decision::Requester,
};

use self::stream::Stream;
pub(super) use self::stream::sees_all;
use super::{list_vms::refreshed, scene::Scene, view::WEEK};
use crate::{
    app::App,
    error::ApiError,
    store::{ListOrder, Listed},
};

const USUAL: u16 = 100;
const MOST: u16 = 1000;
const LONGEST_SEARCH: usize = 200;
/// How many VMs are looked at together for those with the state that is asked for.
const TRIED: usize = 100;

pub(super) async fn page(app: &App, viewer: &Requester, query: &VmQuery) -> Result<VmPage, ApiError> {
    let limit = usize::from(checked_limit(query)?);
    let unreadable = refreshed(app).await;
    let mut subscriptions = app.subscriptions.clone();
    subscriptions.retain(|one| query.subscription.is_none_or(|wanted| wanted == *one));
    subscriptions.sort_unstable();
    let order = ListOrder { sort: query.sort, since: app.now() - WEEK };
    let (mut streams, mut counts, mut inventory_at) = (Vec::new(), ListCounts::default(), None::<Timestamp>);
    for subscription in subscriptions {
        let Some((name, at)) = app.store().inventory_head(subscription).await? else { continue };
        inventory_at = Some(inventory_at.map_or(at, |oldest| oldest.min(at)));
        let stream = Stream::open((app, viewer), query, order, (subscription, &name)).await?;
        if query.after.is_none() {
            let ListCounts { configured, not_configured, unsupported } = stream.counts().await?;
            counts.configured += configured;
            counts.not_configured += not_configured;
            counts.unsupported += unsupported;
        }
        streams.push(stream);
    }
    let (vms, next) = Reading { app, viewer, query, order, streams }.read(limit).await?;
    let counts = query.after.is_none().then_some(counts);
    Ok(VmPage { vms, next, counts, inventory_at, unreadable, server_time: app.now() })
}

fn checked_limit(query: &VmQuery) -> Result<u16, ApiError> {
    let limit = query.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::rejected("limit", format!("from 1 to {MOST}")));
    }
    for (field, text) in [("search", &query.search), ("group", &query.group)] {
        if text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_SEARCH) {
            return Err(ApiError::rejected(field, format!("at most {LONGEST_SEARCH} characters")));
        }
    }
    Ok(limit)
}

/// The VMs of all subscriptions, as one list.
struct Reading<'p> {
    app: &'p App,
    viewer: &'p Requester,
    query: &'p VmQuery,
    order: ListOrder,
    /// Ordered by subscription.
    streams: Vec<Stream<'p>>,
}

impl<'p> Reading<'p> {
    /// So many VMs, and the place of the last one if there are more.
    async fn read(mut self, limit: usize) -> Result<(Vec<VmSummary>, Option<VmPlace>), ApiError> {
        let (mut vms, mut last) = (Vec::new(), None);
        loop {
            // One more than the page has, to know whether there is a next one; many where the state decides.
            let missing = limit + 1 - vms.len();
            let number = if self.query.state.is_some() { missing.max(TRIED) } else { missing };
            let rows = self.take(number).await?;
            if rows.is_empty() {
                return Ok((vms, None));
            }
            for (place, summary) in self.shown(&rows).await? {
                if vms.len() == limit {
                    return Ok((vms, last));
                }
                vms.push(summary);
                last = Some(place);
            }
        }
    }

    /// The next VMs of the list, `number` at most.
    async fn take(&mut self, number: usize) -> Result<Vec<Listed>, ApiError> {
        let mut rows = Vec::with_capacity(number);
        while rows.len() < number {
            let Some(stream) = self.first().await? else { break };
            rows.extend(stream.pop());
        }
        Ok(rows)
    }

    /// The stream that has the next VM.
    async fn first(&mut self) -> Result<Option<&mut Stream<'p>>, ApiError> {
        let (mut best, order) = (None::<(usize, Listed)>, self.order);
        for (at, stream) in self.streams.iter_mut().enumerate() {
            let Some(head) = stream.head().await? else { continue };
            if best.as_ref().is_none_or(|(_, best)| order.compare(head, best).is_lt()) {
                best = Some((at, head.clone()));
            }
            if !order.mixes_subscriptions() {
                break;
            }
        }
        Ok(best.and_then(|(at, _)| self.streams.get_mut(at)))
    }

    /// Those of the rows that are what was asked for, with their places.
    async fn shown(&self, rows: &[Listed]) -> Result<Vec<(VmPlace, VmSummary)>, ApiError> {
        let mut shown = Vec::with_capacity(rows.len());
        for stream in &self.streams {
            let subscription = stream.subscription();
            let of_stream = rows.iter().enumerate().filter(|(_, row)| row.vm.subscription() == subscription);
            let (numbers, vms): (Vec<usize>, Vec<_>) =
                of_stream.map(|(number, row)| (number, row.vm.clone())).unzip();
            if vms.is_empty() {
                continue;
            }
            let machines = self.app.store().machines_of(subscription, &vms).await?;
            let scene = Scene::around(self.app, subscription, &machines, self.viewer).await?;
            for machine in &machines {
                let Some(at) = vms.iter().position(|vm| *vm == machine.vm) else { continue };
                let sight = scene.sight(machine, self.viewer, None);
                let summary = sight.summary(&sight.ports(self.app));
                if let Some(row) = numbers.get(at).filter(|_| self.is_asked_for(&summary)) {
                    shown.push((*row, summary));
                }
            }
        }
        shown.sort_unstable_by_key(|(row, _)| *row);
        let placed = |(row, summary): (usize, VmSummary)| Some((rows.get(row)?.place(), summary));
        Ok(shown.into_iter().filter_map(placed).collect())
    }

    /// What was read of it anew may differ from what it was listed by.
    fn is_asked_for(&self, summary: &VmSummary) -> bool {
        let VmQuery { list, os, state, .. } = self.query;
        list.is_none_or(|list| list == ListName::from(&summary.support))
            && os.is_none_or(|os| summary.os == Some(os))
            && state.is_none_or(|state| state == summary.state)
    }
}

/// Only a configured VM's ports have a state; `None`: no VM can have what is asked for.
fn list_of(query: &VmQuery) -> Option<Option<ListName>> {
    match (query.state, query.list) {
        (None, list) => Some(list),
        (Some(VmState::Unguarded), Some(ListName::Configured)) => None,
        (Some(VmState::Unguarded), list) => Some(list),
        (Some(_), None | Some(ListName::Configured)) => Some(Some(ListName::Configured)),
        (Some(_), Some(_)) => None,
    }
}
