use std::time::Duration;

use leptos_dom::helpers::TimeoutHandle;

use super::Shown;
use crate::{
    language::{language, say},
    model::vm_query::Query,
    prelude::*,
    route::Route,
};

/// How long somebody pauses who has typed what is meant.
const PAUSE: Duration = Duration::from_millis(250);

/// Its text goes into the address; where that changes by itself, so does the text.
#[component]
pub(super) fn Search(shown: Shown) -> impl IntoView {
    let what = say!(language(), vms.search);
    let (query, route) = (shown.query, Route::here());
    let text = RwSignal::new(query.with_untracked(|query| query.search.clone()));
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move |_| {
        let asked = query.with(|query| query.search.clone());
        if waiting.get_value().is_none() && text.with_untracked(|text| text.trim() != asked) {
            text.set(asked);
        }
    });
    let stop = move || {
        if let Some(timer) = waiting.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    let ask = move || {
        waiting.set_value(None);
        let before = query.get_untracked();
        let search = text.with_untracked(|text| text.trim().to_owned());
        if before.search == search {
            return;
        }
        // A search that goes on is one step of the way back.
        let is_another = before.search.is_empty() || search.is_empty();
        let to = Query { search, ..before }.address();
        if is_another { route.go(&to) } else { route.rename(&to) }
    };
    let typed = move |event| {
        text.set(event_target_value(&event));
        stop();
        waiting.set_value(set_timeout_with_handle(ask, PAUSE).ok());
    };
    on_cleanup(stop);
    view! {
        <input
            class="input search"
            type="search"
            placeholder=what
            aria-label=what
            autocomplete="off"
            spellcheck="false"
            maxlength=200
            prop:value=text
            on:input=typed
        />
    }
}
