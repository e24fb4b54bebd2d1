use std::cell::Cell;

use shared::api::{VmPage, VmPlace, VmSummary};

use crate::{browser, model::vm_blocks::Window, prelude::*};

/// A row that is written anew when its VM changes.
pub(in crate::pages::vms) type RowSignal = ArcRwSignal<VmSummary>;

thread_local! {
    /// How many blocks there ever were.
    static MADE: Cell<u32> = const { Cell::new(0) };
}

/// How high a row is that was never seen, in CSS pixels: on a wide screen, and as a card.
const USUAL: (u32, u32) = (55, 190);
const NARROW: i32 = 1080;

/// Rows that are read, shown and let go of together: those between two places of the list.
#[derive(Clone)]
pub(in crate::pages::vms) struct Block {
    /// No other block ever had it.
    pub key: u32,
    /// Its number in the list; blocks are only ever added at the end.
    pub id: usize,
    /// The place that it begins after; `None`: with the first row.
    pub start: Option<VmPlace>,
    /// The last place that it has; `None`: all that is left.
    pub through: Option<VmPlace>,
    /// `None`: read once, and let go of.
    pub rows: ArcRwSignal<Option<Vec<RowSignal>>>,
    /// How many rows stand before it.
    pub before: ArcRwSignal<usize>,
    pub count: usize,
    /// In CSS pixels, as it was seen last.
    pub height: u32,
}

impl Block {
    pub(super) fn of(start: Option<VmPlace>, page: VmPage) -> Self {
        let count = page.vms.len();
        MADE.set(MADE.get().wrapping_add(1));
        Self {
            key: MADE.get(),
            id: 0,
            start,
            through: page.next,
            rows: ArcRwSignal::new(Some(signals(page.vms))),
            before: ArcRwSignal::new(0),
            count,
            height: usual_height(count),
        }
    }

    /// Takes what was read again; says whether anything but the rows' own texts has changed.
    pub(super) fn put(&mut self, page: VmPage) -> bool {
        let (count, next) = (page.vms.len(), page.next);
        let is_alike = self.rows.with_untracked(|rows| {
            let rows = rows.as_deref().unwrap_or_default();
            rows.len() == count
                && rows.iter().zip(&page.vms).all(|(row, vm)| row.with_untracked(|old| is_same_row(old, vm)))
        });
        if is_alike {
            self.rows.with_untracked(|rows| {
                for (row, vm) in rows.iter().flatten().zip(page.vms) {
                    if row.with_untracked(|old| *old != vm) {
                        row.set(vm);
                    }
                }
            });
        } else {
            self.rows.set(Some(signals(page.vms)));
        }
        let has_end = self.through.is_none() && next.is_some();
        if has_end {
            self.through = next;
        }
        self.count = count;
        !is_alike || has_end
    }

    /// Says in each block where it stands.
    pub(super) fn number(blocks: &mut [Self]) {
        let mut before = 0;
        for (at, block) in blocks.iter_mut().enumerate() {
            block.id = at;
            if block.before.get_untracked() != before {
                block.before.set(before);
            }
            before += block.count;
        }
    }

    pub(super) fn rows(&self) -> Vec<VmSummary> {
        self.rows.with_untracked(|rows| rows.iter().flatten().map(ArcRwSignal::get_untracked).collect())
    }

    fn has_rows(&self) -> bool {
        self.rows.with_untracked(Option::is_some)
    }

    /// The `id` of its part of the table.
    pub(in crate::pages::vms) fn element(&self) -> String {
        format!("vms-{}", self.key)
    }

    /// Keeps how high the blocks are that are in the page; the heights of the others are reckoned from theirs.
    pub(super) fn measure(blocks: &mut [Self], window: Window) {
        for block in blocks.iter_mut().take(window.end).skip(window.first) {
            if block.has_rows()
                && let Some(height) = browser::height_of(&block.element())
            {
                block.height = height;
            }
        }
    }

    /// Lets go of the rows that are far away.
    pub(super) fn let_go(blocks: &[Self], window: Window) {
        let far = blocks.iter().enumerate().filter(|(at, block)| window.is_far_from(*at) && block.has_rows());
        for (_, block) in far {
            block.rows.set(None);
        }
    }

    /// What has to be read: a block whose rows were let go of, or the one after the last.
    pub(super) fn lack(
        blocks: &[Self],
        window: Window,
    ) -> Option<(Option<usize>, Option<VmPlace>, Option<VmPlace>)> {
        let shown = blocks.iter().take(window.end).skip(window.first);
        if let Some(block) = shown.into_iter().find(|block| !block.has_rows()) {
            return Some((Some(block.id), block.start.clone(), block.through.clone()));
        }
        let last = blocks.last()?;
        let is_near = window.end >= blocks.len();
        last.through.clone().filter(|_| is_near).map(|start| (None, Some(start), None))
    }
}

fn signals(vms: Vec<VmSummary>) -> Vec<RowSignal> {
    vms.into_iter().map(ArcRwSignal::new).collect()
}

/// Whether a row need not be made anew: what it links to and offers is the same.
fn is_same_row(old: &VmSummary, new: &VmSummary) -> bool {
    old.vm.name() == new.vm.name()
        && old.vm.resource_group() == new.vm.resource_group()
        && old.vm.subscription() == new.vm.subscription()
        && old.rights == new.rights
}

fn usual_height(count: usize) -> u32 {
    let (wide, narrow) = USUAL;
    let row = if browser::width() <= NARROW { narrow } else { wide };
    u32::try_from(count).unwrap_or(u32::MAX).saturating_mul(row)
}
