//! The rows of a list of any length: read block by block as one scrolls, and read anew where one looks.

use std::time::Duration;

use jiff::Timestamp;
use shared::api::{ListCounts, VmPage, VmPlace, VmSummary};
use tachys::html::event as ev;

mod block;
mod kept;

pub(super) use self::block::{Block, RowSignal};
use self::kept::Kept;
use crate::{
    api::Client,
    browser,
    model::{failure::Failure, vm_blocks::Window, vm_query::Query},
    prelude::*,
    reach::Wake,
    task::Tasks,
};

const PACE: Duration = Duration::from_secs(15);
/// How soon to ask again after a failure.
const RETRY: Duration = Duration::from_secs(3);
/// How many rows a block is read with.
const BLOCK: u16 = 30;
/// How many rows a block may have grown to when it is read again.
const GROWN: u16 = 1000;
/// How far beyond the view rows are ready, in CSS pixels.
const AHEAD: i32 = 1200;

/// The `id` of the table that the rows stand in.
pub(super) const TABLE: &str = "vms";

/// What is told of the whole list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub counts: ListCounts,
    pub inventory_at: Option<Timestamp>,
    pub unreadable: Vec<String>,
}

#[derive(Clone, Copy)]
pub(super) struct List {
    client: Client,
    query: Memo<Query>,
    pub blocks: RwSignal<Vec<Block>>,
    pub window: RwSignal<Window>,
    pub head: RwSignal<Option<Head>>,
    pub failure: RwSignal<Option<Failure>>,
    /// Whether what is shown is not yet what is asked for.
    pub is_stale: RwSignal<bool>,
    asked: Trigger,
    /// Whether rows are being read that are not there.
    is_reading: StoredValue<bool>,
    /// Counts the queries, so that an answer to an earlier one is known.
    turn: StoredValue<u32>,
    tasks: StoredValue<Tasks>,
}

impl List {
    /// Reads until the owner is gone.
    pub(super) fn new(client: Client, query: Memo<Query>) -> Self {
        let list = Self {
            client,
            query,
            blocks: RwSignal::new(Vec::new()),
            window: RwSignal::new(Window::default()),
            head: RwSignal::new(None),
            failure: RwSignal::new(None),
            is_stale: RwSignal::new(true),
            asked: Trigger::new(),
            is_reading: StoredValue::new(false),
            turn: StoredValue::new(0),
            tasks: StoredValue::new(Tasks::here()),
        };
        let kept = Kept::of(&query.get_untracked());
        if let Some(kept) = &kept {
            kept.restore(list);
        }
        list.keep_reading(kept.is_some());
        list.watch();
        on_cleanup(move || Kept::leave(list));
        list
    }

    /// Asks again now for what is shown.
    pub(super) fn reload(self) {
        self.asked.notify();
    }

    /// How many rows the list has; `None` as long as that is not known.
    pub(super) fn total(self) -> Option<u64> {
        let query = self.query.get();
        let whole = self.blocks.with(|blocks| {
            let count: usize = blocks.iter().map(|block| block.count).sum();
            blocks.last().is_some_and(|last| last.through.is_none()).then_some(count as u64)
        });
        let counted = self.head.with(|head| head.as_ref().map(|head| query.tab.count(&head.counts)));
        whole.or_else(|| counted.filter(|_| query.state.is_none()))
    }

    /// The rows that are there, in order.
    pub(super) fn rows(self) -> Vec<VmSummary> {
        self.blocks.with_untracked(|blocks| blocks.iter().flat_map(Block::rows).collect())
    }

    fn keep_reading(self, is_restored: bool) {
        let wake = use_context::<Wake>();
        Effect::new(move |before: Option<Query>| {
            let query = self.query.get();
            self.asked.track();
            if let Some(wake) = wake {
                wake.track();
            }
            if before.as_ref().is_none_or(|before| *before != query) && !(before.is_none() && is_restored) {
                self.begin(before.is_some_and(|before| before.tab != query.tab));
            }
            let asked = query.clone();
            spawn(async move {
                loop {
                    let outcome = self.refresh(&asked).await;
                    let rest = if outcome.is_ok() { PACE } else { RETRY };
                    self.failure.set(outcome.err());
                    self.look();
                    browser::sleep_until_seen(rest).await;
                }
            });
            query
        });
    }

    /// What is shown stays until there is an answer, unless it is of another list.
    fn begin(self, is_another: bool) {
        self.turn.update_value(|turn| *turn = turn.wrapping_add(1));
        self.is_reading.set_value(false);
        self.is_stale.set(true);
        if is_another {
            self.blocks.set(Vec::new());
            self.window.set(Window::default());
        }
    }

    /// Looks again whenever something moves, and when rows have come.
    fn watch(self) {
        let scrolled = window_event_listener(ev::scroll, move |_| self.look());
        let resized = window_event_listener(ev::resize, move |_| self.look());
        on_cleanup(move || {
            scrolled.remove();
            resized.remove();
        });
        Effect::new(move |_| {
            self.blocks.track();
            request_animation_frame(move || self.look());
        });
    }

    /// Reads the head of the list and what one looks at.
    async fn refresh(self, query: &Query) -> Result<(), Failure> {
        if self.is_stale.get_untracked() || self.blocks.with_untracked(Vec::is_empty) {
            let page = self.client.page_vms(&query.of_rows((None, None), BLOCK)).await?;
            self.hear(&page);
            self.window.set(Window { end: 1, ..Window::default() });
            self.blocks.set(vec![Block::of(None, page)]);
            self.is_stale.set(false);
            return Ok(());
        }
        let window = self.window.get_untracked();
        let shown: Vec<Block> = self.blocks.with_untracked(|blocks| {
            let wanted = |at: usize| at == 0 || window.holds(at);
            blocks.iter().enumerate().filter(|(at, _)| wanted(*at)).map(|(_, block)| block.clone()).collect()
        });
        for block in shown {
            let page = self.read_again(query, &block).await?;
            if block.start.is_none() {
                self.hear(&page);
            }
            self.put(block.id, page);
        }
        Ok(())
    }

    async fn read_again(self, query: &Query, block: &Block) -> Result<VmPage, Failure> {
        let limit = if block.through.is_some() { GROWN } else { BLOCK };
        let between = (block.start.as_ref(), block.through.as_ref());
        self.client.page_vms(&query.of_rows(between, limit)).await
    }

    fn hear(self, page: &VmPage) {
        let head = Head {
            counts: page.counts.unwrap_or_default(),
            inventory_at: page.inventory_at,
            unreadable: page.unreadable.clone(),
        };
        if self.head.with_untracked(|before| before.as_ref() != Some(&head)) {
            self.head.set(Some(head));
        }
    }

    fn put(self, id: usize, page: VmPage) {
        let changed = self.blocks.try_update_untracked(|blocks| {
            let block = blocks.iter_mut().find(|block| block.id == id)?;
            block.put(page).then(|| Block::number(blocks))
        });
        if changed.flatten().is_some() {
            self.blocks.update(|_| {});
        }
    }

    /// Puts into the page what is near the view, and reads what of it is not there.
    pub(super) fn look(self) {
        let Some((top, view)) = browser::place_of(TABLE) else { return };
        let mut window = Window::default();
        let before = self.window.get_untracked();
        let _ = self.blocks.try_update_untracked(|blocks| {
            Block::measure(blocks, before);
            let heights = blocks.iter().map(|block| block.height);
            window = Window::of(heights, -top - AHEAD, view - top + AHEAD);
        });
        if window != before {
            self.window.set(window);
            self.blocks.with_untracked(|blocks| Block::let_go(blocks, window));
        }
        Kept::note();
        self.read_what_lacks(window);
    }

    fn read_what_lacks(self, window: Window) {
        if self.is_reading.get_value() || self.is_stale.get_untracked() {
            return;
        }
        let lack = self.blocks.with_untracked(|blocks| Block::lack(blocks, window));
        let Some((id, start, through)) = lack else { return };
        self.is_reading.set_value(true);
        let (turn, query) = (self.turn.get_value(), self.query.get_untracked());
        self.tasks.with_value(|tasks| {
            tasks.run(async move {
                let limit = if through.is_some() { GROWN } else { BLOCK };
                let asked = query.of_rows((start.as_ref(), through.as_ref()), limit);
                let answer = self.client.page_vms(&asked).await;
                self.take(turn, (id, start), answer);
            });
        });
    }

    /// Takes rows that were not there; a failure is told, and the next look asks again.
    fn take(self, turn: u32, (id, start): (Option<usize>, Option<VmPlace>), answer: Result<VmPage, Failure>) {
        if self.turn.get_value() != turn {
            return;
        }
        self.is_reading.set_value(false);
        match (answer, id) {
            (Err(failure), _) => self.failure.set(Some(failure)),
            (Ok(page), Some(id)) => self.put(id, page),
            (Ok(page), None) => self.blocks.update(|blocks| {
                blocks.push(Block::of(start, page));
                Block::number(blocks);
            }),
        }
    }
}
