use std::time::Duration;

use shared::api::ActivityQuery;

use crate::{
    api::Client,
    clock::Clock,
    live::Live,
    model::{
        activity_filter::ActivityFilter,
        failure::Failure,
        step::{Page, Step, newer},
    },
    prelude::*,
    session::SignedIn,
    task::Tasks,
};

/// How often it is asked what has happened since.
const PACE: Duration = Duration::from_secs(15);
/// How many new entries are read at once.
const MOST_NEW: u16 = 200;

/// The pages of the audit that were read so far.
#[derive(Clone, Copy)]
pub(super) struct Log {
    /// `None`: not read yet.
    pub steps: RwSignal<Option<Vec<Step>>>,
    /// What has happened since they were read, newest first; not in the list yet.
    pub fresh: RwSignal<Vec<Step>>,
    /// Where the next older page starts; `None` after the oldest.
    pub next: RwSignal<Option<String>>,
    pub failure: Signal<Option<Failure>>,
    pub busy: RwSignal<bool>,
    /// There is more that is new than was read: where what follows `fresh` starts.
    gap: RwSignal<Option<String>>,
    filter: Memo<ActivityFilter>,
    live: Live<Page>,
    client: Client,
    clock: Clock,
    tasks: StoredValue<Tasks>,
    not_older: RwSignal<Option<Failure>>,
}

impl Log {
    /// Reads from the newest on, looks again and again for what is new, and starts over when the filter changes.
    pub(super) fn new(filter: Memo<ActivityFilter>) -> Self {
        let SignedIn { client, clock, .. } = SignedIn::of_page();
        let steps = RwSignal::new(None);
        let asked = StoredValue::new(None);
        let live = Live::new(
            |_: &Page| PACE,
            move || {
                let filter = filter.get();
                if asked.with_value(|last| last.as_ref() != Some(&filter)) {
                    steps.set(None);
                    asked.set_value(Some(filter.clone()));
                }
                client.list_activity(&newest(&filter, &steps, clock))
            },
        );
        let not_older = RwSignal::new(None);
        let failure = Signal::derive(move || live.failure().or_else(|| not_older.get()));
        let (fresh, gap) = (RwSignal::new(Vec::new()), RwSignal::new(None));
        let (next, busy) = (RwSignal::new(None), RwSignal::new(false));
        let tasks = StoredValue::new(Tasks::here());
        let log =
            Self { steps, fresh, next, failure, busy, gap, filter, live, client, clock, tasks, not_older };
        Effect::new(move |_| {
            if let Some(page) = live.get() {
                log.hear(page);
            }
        });
        log
    }

    /// Shows what is new, or looks for it.
    pub(super) fn refresh(self) {
        let mut fresh = self.fresh.get_untracked();
        self.fresh.set(Vec::new());
        if fresh.is_empty() {
            self.live.reload();
            return;
        }
        let gap = self.gap.get_untracked();
        self.steps.update(|steps| match steps {
            Some(known) if gap.is_none() => {
                fresh.append(known);
                *known = fresh;
            }
            _ => *steps = Some(fresh),
        });
        if gap.is_some() {
            self.next.set(gap);
        }
    }

    pub(super) fn older(self) {
        let Some(before) = self.next.get_untracked().filter(|_| !self.busy.get_untracked()) else { return };
        let (filter, Self { client, clock, .. }) = (self.filter.get_untracked(), self);
        let query = ActivityQuery { before: Some(before), ..filter.query(clock.exact_now()) };
        self.busy.set(true);
        self.tasks.get_value().run(async move {
            let answer = client.list_activity(&query).await;
            self.busy.set(false);
            if self.filter.get_untracked() != filter {
                return;
            }
            match answer {
                Ok(mut page) => {
                    self.not_older.set(None);
                    self.next.set(page.next);
                    self.steps.update(|steps| steps.get_or_insert_default().append(&mut page.steps));
                }
                Err(failure) => self.not_older.set(Some(failure)),
            }
        });
    }

    fn hear(self, page: Page) {
        let Page { steps: read, next, .. } = page;
        let known = self.steps.with_untracked(|known| {
            known.as_ref().filter(|known| !known.is_empty()).map(|known| newer(&read, known))
        });
        match known {
            Some(fresh) => {
                self.gap.set(next);
                self.fresh.set(fresh);
            }
            None => {
                self.fresh.set(Vec::new());
                self.next.set(next);
                self.steps.set(Some(read));
            }
        }
    }
}

/// The newest page, or what has happened since the newest entry that is known.
fn newest(filter: &ActivityFilter, steps: &RwSignal<Option<Vec<Step>>>, clock: Clock) -> ActivityQuery {
    let query = filter.query(clock.exact_now());
    let last = steps.with_untracked(|steps| steps.as_ref()?.first()?.at());
    match last {
        Some(at) => ActivityQuery { since: Some(at), limit: Some(MOST_NEW), ..query },
        None => query,
    }
}
