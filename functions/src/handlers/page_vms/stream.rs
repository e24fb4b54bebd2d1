use std::{collections::VecDeque, sync::Arc};

use shared::{
    api::{ListCounts, ListName, VmPlace, VmQuery},
    decision::Requester,
    rbac::{AccessRights, Right},
    vm::SubscriptionId,
};

use super::list_of;
use crate::{
    app::App,
    error::ApiError,
    store::{ListFilter, ListOrder, Listed},
};

/// How many VMs are looked through at a time for those that the caller may see.
const LOOKED_THROUGH: usize = 1000;

/// The VMs of one subscription that a page may have, in its order.
pub(super) struct Stream<'p> {
    app: &'p App,
    query: &'p VmQuery,
    order: ListOrder,
    subscription: SubscriptionId,
    rights: Arc<AccessRights>,
    /// Without a list.
    filter: ListFilter,
    read: VecDeque<Listed>,
    /// Up to where it was read.
    after: Option<VmPlace>,
    is_over: bool,
}

impl<'p> Stream<'p> {
    pub(super) async fn open(
        (app, viewer): (&'p App, &Requester),
        query: &'p VmQuery,
        order: ListOrder,
        (subscription, name): (SubscriptionId, &str),
    ) -> Result<Self, ApiError> {
        app.store().label_machines(subscription).await?;
        let rights = app.rights.of(subscription, &viewer.id).await?;
        let in_name = |search: &&String| name.to_lowercase().contains(&search.to_lowercase());
        let search = query.search.as_ref().filter(|search| !in_name(search)).cloned();
        let filter = ListFilter { list: None, os: query.os, search, group: query.group.clone() };
        let (read, after) = (VecDeque::new(), query.after.clone());
        let is_past = |after: &VmPlace| after.vm.subscription() > subscription;
        let is_over = list_of(query).is_none()
            || !order.mixes_subscriptions() && query.after.as_ref().is_some_and(is_past);
        Ok(Self { app, query, order, subscription, rights, filter, read, after, is_over })
    }

    pub(super) const fn subscription(&self) -> SubscriptionId {
        self.subscription
    }

    /// The next VM that the caller may see.
    pub(super) async fn head(&mut self) -> Result<Option<&Listed>, ApiError> {
        while self.read.is_empty() && !self.is_over {
            self.read_on().await?;
        }
        Ok(self.read.front())
    }

    pub(super) fn pop(&mut self) -> Option<Listed> {
        self.read.pop_front()
    }

    async fn read_on(&mut self) -> Result<(), ApiError> {
        let list = list_of(self.query).flatten();
        let (filter, wanted) = (ListFilter { list, ..self.filter.clone() }, self.wanted());
        let between = (self.after.as_ref(), self.query.through.as_ref());
        let rows = self.app.store().listed(self.subscription, &filter, self.order, between, wanted).await?;
        self.is_over = rows.len() < wanted;
        self.after = rows.last().map(Listed::place);
        self.read.extend(rows.into_iter().filter(|row| self.rights.on_vm(&row.vm).read));
        Ok(())
    }

    /// Whoever sees all VMs gets the first ones, unless their state decides.
    fn wanted(&self) -> usize {
        match self.query.limit {
            Some(limit) if self.query.state.is_none() && sees_all(&self.rights, self.subscription) => {
                usize::from(limit) + 1
            }
            _ => LOOKED_THROUGH,
        }
    }

    pub(super) async fn counts(&self) -> Result<ListCounts, ApiError> {
        let store = self.app.store();
        if sees_all(&self.rights, self.subscription) {
            return Ok(store.list_counts(self.subscription, &self.filter).await?);
        }
        let (mut counts, mut after) = (ListCounts::default(), None);
        loop {
            let between = (after.as_ref(), None);
            let rows = store
                .listed(self.subscription, &self.filter, ListOrder::BY_ID, between, LOOKED_THROUGH)
                .await?;
            let Some(last) = rows.last() else { return Ok(counts) };
            after = Some(last.place());
            for row in rows.iter().filter(|row| self.rights.on_vm(&row.vm).read) {
                match row.list {
                    ListName::Configured => counts.configured += 1,
                    ListName::NotConfigured => counts.not_configured += 1,
                    ListName::Unsupported => counts.unsupported += 1,
                }
            }
        }
    }
}

/// Whether the caller sees each VM of a subscription, so that they need not be asked about one by one.
pub(in crate::handlers) fn sees_all(rights: &AccessRights, subscription: SubscriptionId) -> bool {
    rights.deny_assignments.is_empty()
        && rights.has_below(Right::Read, &format!("/subscriptions/{subscription}"))
}
