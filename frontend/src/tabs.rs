//! What is done in one tab is seen in the others of the same browser at once.

use tachys::html::event as ev;

use crate::{browser, prelude::*};

const KEY: &str = "postern.changed";

/// Fires when another tab has changed something.
#[derive(Clone, Copy)]
pub(crate) struct Tabs(Trigger);

impl Tabs {
    /// Listens until the owner is gone.
    pub(crate) fn provide() {
        let tabs = Self(Trigger::new());
        // Browsers tell this to the other tabs alone.
        let told = window_event_listener(ev::storage, move |event| {
            if event.key().as_deref() == Some(KEY) {
                tabs.0.notify();
            }
        });
        on_cleanup(move || told.remove());
        provide_context(tabs);
    }

    /// Tracked.
    pub(crate) fn track(self) {
        self.0.track();
    }
}

/// Tells the other tabs that something is not what it was.
pub(crate) fn tell() {
    browser::store(KEY, Some(&browser::random_name()));
}
