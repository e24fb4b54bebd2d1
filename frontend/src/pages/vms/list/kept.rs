//! The list as one left it, for coming back to the same place.

use std::cell::{Cell, RefCell};

use super::{Block, Head, List};
use crate::{
    browser,
    model::{vm_blocks::Window, vm_query::Query},
    prelude::*,
};

thread_local! {
    static LEFT: RefCell<Option<Kept>> = const { RefCell::new(None) };
    static SCROLLED: Cell<i32> = const { Cell::new(0) };
}

#[derive(Clone)]
pub(super) struct Kept {
    query: Query,
    blocks: Vec<Block>,
    window: Window,
    head: Option<Head>,
    scrolled: i32,
}

impl Kept {
    /// What is kept of this list, if it is the last one that was looked at.
    pub(super) fn of(query: &Query) -> Option<Self> {
        LEFT.with_borrow(|left| left.clone()).filter(|kept| kept.query == *query)
    }

    /// Remembers how far one has scrolled: when the page is left, that is lost already.
    pub(super) fn note() {
        SCROLLED.set(browser::scrolled());
    }

    pub(super) fn leave(list: List) {
        let kept = Self {
            query: list.query.get_untracked(),
            blocks: list.blocks.get_untracked(),
            window: list.window.get_untracked(),
            head: list.head.get_untracked(),
            scrolled: SCROLLED.get(),
        };
        let is_whole = !list.is_stale.get_untracked();
        LEFT.set(Some(kept).filter(|_| is_whole));
    }

    pub(super) fn restore(&self, list: List) {
        list.blocks.set(self.blocks.clone());
        list.window.set(self.window);
        list.head.set(self.head.clone());
        list.is_stale.set(false);
        let scrolled = self.scrolled;
        request_animation_frame(move || browser::scroll_to(scrolled));
    }
}
