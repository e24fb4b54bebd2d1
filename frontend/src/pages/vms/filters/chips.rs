use shared::api::Place;

use super::{Shown, value_of, with_value};
use crate::{
    components::icon::Icon,
    language::{Language, language, say},
    model::{port_state::Tone, vm_list::os_name, vm_query::Query},
    prelude::*,
    route::Route,
};

/// The filters that are on; a click takes one off.
#[component]
pub(super) fn Chips(shown: Shown, places: RwSignal<Vec<Place>>) -> impl IntoView {
    let (language, route, query) = (language(), Route::here(), shown.query);
    move || {
        let query = query.get();
        let words = ["subscription", "group", "os", "state"]
            .map(|name| (name, words(&query, name, places, language)));
        let on: Vec<(&str, String)> =
            words.into_iter().filter_map(|(name, words)| Some((name, words?))).collect();
        let several = (on.len() > 1).then(|| {
            let bare = Query { search: query.search.clone(), ..query.without_filters() };
            let clear = move |_| route.go(&bare.address());
            view! { <button type="button" class="button button--quiet" on:click=clear>{say!(language, filter.clear)}</button> }
        });
        let chips: Vec<View> =
            on.into_iter().map(|(name, words)| chip(&query, name, words, route, language)).collect();
        (!chips.is_empty()).then(|| view! { <div class="chips" role="group" aria-label=say!(language, filter.on)>{chips}{several}</div> })
    }
}

fn chip(query: &Query, name: &str, words: String, route: Route, language: Language) -> View {
    let without = with_value(query, name, String::new()).address();
    let label = say!(language, filter.take_off, what = words.as_str());
    view! {
        <button type="button" class="filter-chip" aria-label=label on:click=move |_| route.go(&without)>
            {words}
            <Icon name="cross"/>
        </button>
    }
}

/// *OS: Linux*; nothing where the filter is off.
fn words(query: &Query, name: &str, places: RwSignal<Vec<Place>>, language: Language) -> Option<String> {
    let value = value_of(query, name);
    if value.is_empty() {
        return None;
    }
    let (what, value) = match name {
        "subscription" => {
            let id = query.subscription?;
            let named = places.with(|places| {
                places.iter().find(|place| place.subscription == id).map(|place| place.name.clone())
            });
            (say!(language, facts.subscription), named.unwrap_or(value))
        }
        "group" => (say!(language, filter.group), value),
        "os" => (say!(language, filter.system), os_name(query.os, language).to_owned()),
        _ => (say!(language, common.state), Tone::from(query.state?).word(language).to_owned()),
    };
    Some(format!("{what}{}{value}", say!(language, common.colon)))
}
