use leptos::{prelude::*, task::spawn_local_scoped_with_cancellation};
use shared::{api::ActivityQuery, vm::VmId};

use crate::{
    model::{failure::Failure, step::Step},
    session::SignedIn,
};

/// The pages of the audit that were read so far.
#[derive(Clone, Copy)]
pub(super) struct Log {
    /// `None`: not read yet.
    pub steps: RwSignal<Option<Vec<Step>>>,
    /// Where the next older page starts; `None` after the oldest.
    pub next: RwSignal<Option<String>>,
    pub failure: RwSignal<Option<Failure>>,
    pub busy: RwSignal<bool>,
    /// Where the page that is wanted now starts; changing it asks.
    wanted: RwSignal<Option<String>>,
}

impl Log {
    /// Reads from the newest on, and again when the filter changes.
    pub(super) fn new(vm: Memo<Option<VmId>>) -> Self {
        let log = Self {
            steps: RwSignal::new(None),
            next: RwSignal::new(None),
            failure: RwSignal::new(None),
            busy: RwSignal::new(false),
            wanted: RwSignal::new(None),
        };
        Effect::new(move |last: Option<Option<VmId>>| {
            let vm = vm.get();
            if last.is_some_and(|last| last != vm) {
                log.steps.set(None);
                log.restart();
            }
            vm
        });
        let client = SignedIn::of_page().client;
        Effect::new(move |_| {
            let query = ActivityQuery {
                vm: vm.get_untracked(),
                before: log.wanted.get(),
                ..ActivityQuery::default()
            };
            log.busy.set(true);
            spawn_local_scoped_with_cancellation(async move {
                let answer = client.list_activity(&query).await;
                log.busy.set(false);
                match answer {
                    Ok(page) => log.take(page.steps, page.next, query.before.is_some()),
                    Err(failure) => log.failure.set(Some(failure)),
                }
            });
        });
        log
    }

    pub(super) fn restart(self) {
        self.wanted.set(None);
    }

    pub(super) fn older(self) {
        self.wanted.set(self.next.get_untracked());
    }

    fn take(self, mut page: Vec<Step>, next: Option<String>, is_older: bool) {
        self.failure.set(None);
        self.next.set(next);
        self.steps.update(|steps| match steps {
            Some(steps) if is_older => steps.append(&mut page),
            _ => *steps = Some(page),
        });
    }
}
