//! Whether Postern answers, and asking anew when it may again.

use jiff::Timestamp;
use tachys::html::event as ev;

use crate::{browser, prelude::*};

/// Written when somebody signs out, of which browsers tell the other tabs.
const SIGNED_OUT: &str = "postern.signed-out";

/// The last answer of any kind, and whether there is none now.
#[derive(Clone, Copy)]
pub(crate) struct Reach {
    last_word: StoredValue<Option<Timestamp>>,
    lost: RwSignal<Option<Lost>>,
}

/// Postern does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// When it last did.
    pub last_word: Option<Timestamp>,
}

impl Reach {
    /// Hears of the network's end until the owner is gone.
    pub(crate) fn new() -> Self {
        let reach = Self { last_word: StoredValue::new(None), lost: RwSignal::new(None) };
        let offline = window_event_listener_untyped("offline", move |_| reach.lose());
        on_cleanup(move || offline.remove());
        reach
    }

    /// Tracked: while this is so, nothing that is shown may be called open or closed.
    pub(crate) fn lost(self) -> Option<Lost> {
        self.lost.get()
    }

    pub(crate) fn hear(self, now: Timestamp) {
        self.last_word.set_value(Some(now));
        if self.lost.get_untracked().is_some() {
            self.lost.set(None);
        }
    }

    pub(crate) fn lose(self) {
        if self.lost.get_untracked().is_none() {
            self.lost.set(Some(Lost { last_word: self.last_word.get_value() }));
        }
    }
}

/// Makes whoever asks again and again ask at once.
#[derive(Clone, Copy)]
pub(crate) struct Wake(Trigger);

impl Wake {
    /// Wakes when the network is back, and when another tab has signed out, until the owner is gone.
    pub(crate) fn provide() -> Self {
        let wake = Self(Trigger::new());
        let online = window_event_listener(ev::online, move |_| wake.wake());
        let told = window_event_listener(ev::storage, move |event| {
            if event.key().as_deref() == Some(SIGNED_OUT) {
                wake.wake();
            }
        });
        on_cleanup(move || {
            online.remove();
            told.remove();
        });
        provide_context(wake);
        wake
    }

    pub(crate) fn wake(self) {
        self.0.notify();
    }

    /// Tracked.
    pub(crate) fn track(self) {
        self.0.track();
    }
}

/// Tells the other tabs that nobody is signed in any more.
pub(crate) fn tell_signed_out() {
    browser::store(SIGNED_OUT, Some(&browser::random_name()));
}
