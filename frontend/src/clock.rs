//! The server's time, as far as the browser can tell: a local clock that is set by every answer.

use std::time::Duration;

use jiff::{Timestamp, tz::Offset};
use leptos_dom::helpers::set_interval_with_handle;
use wasm_bindgen::JsValue;

use crate::{prelude::*, reach::Wake};

const TICK: Duration = Duration::from_millis(500);
/// A tick that comes later than this, in milliseconds, comes after a sleep or a change of the local clock.
const LATEST_TICK: i64 = 5000;
/// How often relative times are rewritten.
const COARSE_SECONDS: i64 = 10;

#[derive(Clone, Copy)]
pub(crate) struct Clock {
    /// How far the server's clock is ahead of the local one.
    ahead_ms: StoredValue<i64>,
    now: RwSignal<Timestamp>,
    coarse: Memo<Timestamp>,
    /// The local time of the last tick.
    ticked_ms: StoredValue<i64>,
    wake: Wake,
}

impl Clock {
    /// Ticks until the owner is gone, and at once when the page is looked at again. What is shown after a sleep, or by
    /// a local clock that was set anew, is asked for at once.
    pub(crate) fn start(wake: Wake) -> Self {
        let now = RwSignal::new(local_now(0));
        let coarse = Memo::new(move |_| {
            let second = now.get().as_second();
            Timestamp::from_second(second - second % COARSE_SECONDS).unwrap_or_default()
        });
        let ticked_ms = StoredValue::new(local_ms());
        let clock = Self { ahead_ms: StoredValue::new(0), now, coarse, ticked_ms, wake };
        if let Ok(ticking) = set_interval_with_handle(move || clock.tick(), TICK) {
            on_cleanup(move || ticking.clear());
        }
        let seen = window_event_listener_untyped("visibilitychange", move |_| clock.tick());
        on_cleanup(move || seen.remove());
        clock
    }

    /// Tracked: changes twice a second.
    pub(crate) fn now(self) -> Timestamp {
        self.now.get()
    }

    /// Tracked: changes every 10 seconds, for times that are told in minutes.
    pub(crate) fn coarse_now(self) -> Timestamp {
        self.coarse.get()
    }

    pub(crate) fn exact_now(self) -> Timestamp {
        local_now(self.ahead_ms.get_value())
    }

    /// Sets the clock by what an answer says.
    pub(crate) fn heard(self, server_time: Timestamp) {
        let ahead = server_time.as_millisecond() - local_now(0).as_millisecond();
        self.ahead_ms.set_value(ahead);
    }

    fn tick(self) {
        self.now.set(self.exact_now());
        if document().hidden() {
            return;
        }
        let passed = local_ms().saturating_sub(self.ticked_ms.get_value());
        self.ticked_ms.set_value(local_ms());
        if !(0..LATEST_TICK).contains(&passed) {
            self.wake.wake();
        }
    }
}

fn local_ms() -> i64 {
    js_sys::Date::now() as i64
}

fn local_now(ahead_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(local_ms().saturating_add(ahead_ms)).unwrap_or_default()
}

/// The offset from UTC that holds at `at` where the browser is.
pub(crate) fn zone(at: Timestamp) -> Offset {
    let date = js_sys::Date::new(&JsValue::from_f64(at.as_millisecond() as f64));
    // JavaScript counts the minutes from local time to UTC.
    let seconds = -(date.get_timezone_offset() as i32) * 60;
    Offset::from_seconds(seconds).unwrap_or(Offset::UTC)
}

/// The moment that a field for local date and time says; `None` while it says none.
pub(crate) fn of_field(text: &str) -> Option<Timestamp> {
    let milliseconds = js_sys::Date::parse(text);
    if milliseconds.is_nan() { None } else { Timestamp::from_millisecond(milliseconds as i64).ok() }
}
