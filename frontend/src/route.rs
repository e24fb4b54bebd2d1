//! Which page of the portal one is on: its address, and the links that lead from one page to another without leaving
//! the portal.

use tachys::html::event as ev;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlAnchorElement, UrlSearchParams};

use crate::{browser, prelude::*};

/// The address of the page that is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Address {
    path: String,
    /// With its question mark, or empty.
    query: String,
}

impl Address {
    fn of_window() -> Self {
        let location = window().location();
        Self {
            path: location.pathname().map(|path| browser::decoded(&path)).unwrap_or_default(),
            query: location.search().unwrap_or_default(),
        }
    }
}

/// Who is asked before the page is left: whether somebody must be, and where to.
type Held = Option<(Memo<bool>, Callback<String>)>;

/// The one route of the application.
#[derive(Clone, Copy)]
pub(crate) struct Route(RwSignal<Address>, StoredValue<Held>);

impl Route {
    /// Follows the links of the page and the browser's *back* until the owner is gone.
    pub(crate) fn provide() -> Self {
        let route = Self(RwSignal::new(Address::of_window()), StoredValue::new(None));
        let back = window_event_listener(ev::popstate, move |_| route.come_back());
        let links = window_event_listener(ev::click, move |event| route.follow(&event));
        on_cleanup(move || {
            back.remove();
            links.remove();
        });
        provide_context(route);
        route
    }

    /// Pages are only made below the place that provides it.
    pub(crate) fn here() -> Self {
        expect_context::<Self>()
    }

    /// Tracked.
    pub(crate) fn path(self) -> String {
        self.0.with(|address| address.path.clone())
    }

    /// Tracked: a value of the query.
    pub(crate) fn query(self, name: &str) -> Option<String> {
        self.0.with(|address| parsed(&address.query)?.get(name))
    }

    /// Tracked: each value that the query has under a name.
    pub(crate) fn queries(self, name: &str) -> Vec<String> {
        let values = self.0.with(|address| Some(parsed(&address.query)?.get_all(name)));
        values.into_iter().flatten().filter_map(|value| value.as_string()).collect()
    }

    /// While `is_held`, whoever wants to leave the page is not let go: `ask` is told where to, and may call
    /// [`Route::release`] and [`Route::go`]. Until the owner is gone.
    pub(crate) fn hold(self, is_held: Memo<bool>, ask: Callback<String>) {
        self.1.set_value(Some((is_held, ask)));
        let unload = window_event_listener(ev::beforeunload, move |event| {
            if self.asks_before_leaving().is_some() {
                event.prevent_default();
            }
        });
        on_cleanup(move || {
            unload.remove();
            self.release();
        });
    }

    pub(crate) fn release(self) {
        self.1.set_value(None);
    }

    fn asks_before_leaving(self) -> Option<Callback<String>> {
        let (is_held, ask) = self.1.get_value()?;
        is_held.get_untracked().then_some(ask)
    }

    /// The browser's *back* or *forward*, after which the window has another address already.
    fn come_back(self) {
        let (then, now) = (self.0.get_untracked(), Address::of_window());
        match self.asks_before_leaving().filter(|_| then != now) {
            None => self.0.set(now),
            Some(ask) => {
                let to = browser::path_and_query();
                if let Ok(history) = window().history() {
                    let here = format!("{}{}", then.path, then.query);
                    let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&here));
                }
                ask.run(to);
            }
        }
    }

    /// Another page, as a link to it would show it.
    pub(crate) fn go(self, to: &str) {
        if self.write(to, false) {
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    }

    /// The same page under another address: *back* does not return to the last one.
    pub(crate) fn rename(self, to: &str) {
        self.write(to, true);
    }

    fn write(self, to: &str, in_place: bool) -> bool {
        let Ok(history) = window().history() else { return false };
        let written = if in_place {
            history.replace_state_with_url(&JsValue::NULL, "", Some(to))
        } else {
            history.push_state_with_url(&JsValue::NULL, "", Some(to))
        };
        let (then, now) = (self.0.get_untracked(), Address::of_window());
        if written.is_ok() && then != now {
            self.0.set(now);
        }
        written.is_ok()
    }

    /// A plain click on a link within the portal shows the page without a journey to the server.
    fn follow(self, event: &web_sys::MouseEvent) {
        let held = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
        if event.default_prevented() || event.button() != 0 || held {
            return;
        }
        let Some(to) = event.target().and_then(|target| destination(target.dyn_into().ok()?)) else {
            return;
        };
        event.prevent_default();
        if let Some(ask) = self.asks_before_leaving() {
            ask.run(to);
            return;
        }
        let then = self.0.get_untracked().path;
        self.go(&to);
        if self.0.with_untracked(|address| address.path != then) {
            browser::focus("main");
        }
    }
}

/// Path and query of the link that was hit, if it leads to another page of the portal in the same window.
fn destination(hit: Element) -> Option<String> {
    let link: HtmlAnchorElement = hit.closest("a[href]").ok()??.dyn_into().ok()?;
    let elsewhere = !link.target().is_empty() || link.has_attribute("download") || link.rel() == "external";
    let same_site = window().location().origin().is_ok_and(|origin| origin == link.origin());
    (!elsewhere && same_site && link.hash().is_empty())
        .then(|| format!("{}{}", link.pathname(), link.search()))
}

fn parsed(query: &str) -> Option<UrlSearchParams> {
    UrlSearchParams::new_with_str(query).ok()
}
