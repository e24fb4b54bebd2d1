use shared::api::Place;

use super::Shown;
use crate::{
    components::{
        icon::Icon,
        menu::{Closing, Menu},
        notice::MaybeFailure,
        time::Ago,
    },
    language::{Language, language, say},
    model::{
        failure::Failure,
        port_state::Tone,
        vm_list::{Tab, os_name},
        vm_query::{Query, STATES, SYSTEMS},
    },
    prelude::*,
    route::Route,
    session::SignedIn,
    task::Tasks,
};

mod chips;

use self::chips::Chips;

/// The subscriptions and groups that can be chosen, as soon as somebody wants to choose.
#[derive(Clone, Copy)]
struct Choices {
    places: RwSignal<Vec<Place>>,
    failure: RwSignal<Option<Failure>>,
}

impl Choices {
    fn read(self, tasks: &Tasks) {
        let client = SignedIn::of_page().client;
        tasks.run(async move {
            match client.list_places().await {
                Ok(places) => {
                    self.places.set(places.subscriptions);
                    self.failure.set(None);
                }
                Err(failure) => self.failure.set(Some(failure)),
            }
        });
    }
}

/// What the list is filtered by, how to filter it, and how old it is.
#[component]
pub(super) fn Filters(shown: Shown) -> impl IntoView {
    let language = language();
    let choices = Choices { places: RwSignal::new(Vec::new()), failure: RwSignal::new(None) };
    let tasks = Tasks::here();
    if shown.query.with_untracked(|query| query.subscription.is_some()) {
        choices.read(&tasks);
    }
    let opened = Callback::new(move |()| choices.read(&tasks));
    let text = say!(language, filter.title);
    let face = view! { <Icon name="filter"/>{text} };
    view! {
        <div class="filters">
            <Menu
                group="filters"
                label=text.to_owned()
                face
                class="button"
                closing=Closing::OnLeaving
                on_open=opened
            >
                <Panel shown choices/>
            </Menu>
            <Chips shown places=choices.places/>
            <Age shown/>
        </div>
    }
}

#[component]
fn Panel(shown: Shown, choices: Choices) -> impl IntoView {
    let language = language();
    let query = shown.query;
    let subscriptions = move || {
        let one = |place: &Place| (place.subscription.to_string(), place.name.clone());
        choices.places.with(|places| places.iter().map(one).collect())
    };
    let groups = move || {
        let wanted = query.with(|query| query.subscription);
        choices.places.with(|places| {
            let of = places.iter().filter(|place| wanted.is_none_or(|wanted| place.subscription == wanted));
            let mut names: Vec<String> = of.flat_map(|place| place.groups.iter().cloned()).collect();
            names.sort_unstable();
            names.dedup();
            names.into_iter().map(|name| (name.clone(), name)).collect()
        })
    };
    let systems =
        move || SYSTEMS.map(|(os, name)| (name.to_owned(), os_name(Some(os), language).to_owned())).to_vec();
    let states = move || {
        STATES.map(|(state, name)| (name.to_owned(), Tone::from(state).word(language).to_owned())).to_vec()
    };
    let is_configured = Memo::new(move |_| query.with(|query| query.tab == Tab::Configured));
    let state = move || {
        is_configured
            .get()
            .then(|| select(shown, "state", say!(language, common.state), Callback::new(move |()| states())))
    };
    view! {
        <MaybeFailure failure=choices.failure.into()/>
        {select(shown, "subscription", say!(language, facts.subscription), Callback::new(move |()| subscriptions()))}
        {select(shown, "group", say!(language, filter.group), Callback::new(move |()| groups()))}
        {select(shown, "os", say!(language, filter.system), Callback::new(move |()| systems()))}
        {state}
        <div class="filters__order">
            {select(shown, "sort", say!(language, filter.order), Callback::new(move |()| orders(query, language)))}
        </div>
    }
}

/// Where the columns have no heads.
fn orders(query: Memo<Query>, language: Language) -> Vec<(String, String)> {
    let (up, down) = (say!(language, filter.up), say!(language, filter.down));
    let mut columns = vec![("name", say!(language, vms.name))];
    if query.with(|query| query.tab == Tab::Configured) {
        columns.push(("last_access", say!(language, vms.last_access)));
        columns.push(("approved", say!(language, vms.approved)));
    }
    let both = |(name, word): (&str, &str)| {
        [(name.to_owned(), format!("{word} {up}")), (format!("-{name}"), format!("{word} {down}"))]
    };
    columns.into_iter().flat_map(both).collect()
}

/// A field of the panel: what is chosen goes into the address.
fn select(
    shown: Shown,
    name: &'static str,
    label: &'static str,
    options: Callback<(), Vec<(String, String)>>,
) -> View {
    let (query, route, language) = (shown.query, Route::here(), language());
    let chosen = move || query.with(|query| value_of(query, name));
    let listed = move || {
        let now = chosen();
        let mut options = options.run(());
        if !now.is_empty() && !options.iter().any(|(value, _)| *value == now) {
            options.push((now.clone(), now.clone()));
        }
        let one = move |(value, text): (String, String)| {
            let selected = value == now;
            view! { <option value=value prop:selected=selected>{text}</option> }
        };
        options.into_iter().map(one).collect_view()
    };
    let every = (name != "sort")
        .then(|| view! { <option value="" prop:selected=move || chosen().is_empty()>{say!(language, filter.every)}</option> });
    let choose = move |event| {
        let value = event_target_value(&event);
        let before = query.get_untracked();
        route.go(&with_value(&before, name, value).address());
    };
    view! {
        <label class="field">
            <span class="field__name">{label}</span>
            <select class="input" on:change=choose>
                {every}
                {listed}
            </select>
        </label>
    }
}

/// A value of the address; empty if it has none.
fn value_of(query: &Query, name: &str) -> String {
    let value = match name {
        "subscription" => query.subscription.map(|id| id.to_string()),
        "group" => query.group.clone(),
        "sort" => Some(query.sort.as_str().to_owned()),
        "os" => SYSTEMS.iter().find(|(os, _)| Some(*os) == query.os).map(|(_, name)| (*name).to_owned()),
        _ => STATES.iter().find(|(state, _)| Some(*state) == query.state).map(|(_, name)| (*name).to_owned()),
    };
    value.unwrap_or_default()
}

/// With another value in the address. A resource group is one of its subscription.
fn with_value(query: &Query, name: &str, value: String) -> Query {
    let of = |asked: &str| match asked {
        "list" => Some(query.tab.as_str().to_owned()),
        "search" => Some(query.search.clone()),
        "group" if name == "subscription" => None,
        asked if asked == name => Some(value.clone()),
        asked => Some(value_of(query, asked)),
    };
    Query::read(&of)
}

/// How old the list of VMs is.
#[component]
fn Age(shown: Shown) -> impl IntoView {
    let language = language();
    let read = Memo::new(move |_| shown.list.head.with(|head| head.as_ref().map(|head| head.inventory_at)));
    move || {
        let age = match read.get()? {
            Some(at) => view! { {say!(language, vms.inventory)}<Ago at/> },
            None => say!(language, vms.no_inventory).into_view(),
        };
        Some(view! { <p class="filters__age">{age}</p> })
    }
}
