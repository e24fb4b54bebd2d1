use super::vm_field::VmField;
use crate::{
    browser, clock,
    language::{language, say},
    model::{
        activity_filter::{ActivityFilter, Group, Last, Span},
        times,
    },
    prelude::*,
    route::Route,
    session::SignedIn,
};

/// From which width on, as a style rule says it, there is room for the filters at once.
const WIDE: &str = "(min-width: 761px)";
/// The choice of a time by its two ends.
const BETWEEN: &str = "between";

/// Every change is a change of the page's address.
fn put(route: Route, filter: &ActivityFilter) {
    route.rename(&filter.address(browser::encoded));
}

#[component]
pub(super) fn Filters(filter: Memo<ActivityFilter>) -> impl IntoView {
    let route = Route::here();
    let language = language();
    let wide = window().match_media(WIDE).ok().flatten().is_some_and(|rule| rule.matches());
    let count = Memo::new(move |_| filter.with(ActivityFilter::count));
    let title = move || match count.get() {
        0 => say!(language, activity_filter.title).to_owned(),
        count => say!(language, activity_filter.title_set, count = count),
    };
    let clear = move || {
        let clear = move |_| put(route, &ActivityFilter::default());
        let text = say!(language, activity_filter.clear);
        (count.get() > 0).then(|| {
            view! { <button type="button" class="button button--quiet" on:click=clear>{text}</button> }
        })
    };
    let change = Callback::new(move |changed: ActivityFilter| put(route, &changed));
    view! {
        <details class="fold log-filters" open=wide>
            <summary>{title}</summary>
            <div class="log-filters__fields">
                <VmField filter change/>
                <PersonField filter change/>
                <TimeField filter change/>
                {clear}
            </div>
            <Kinds filter change/>
        </details>
    }
}

#[component]
fn PersonField(filter: Memo<ActivityFilter>, change: Callback<ActivityFilter>) -> impl IntoView {
    let language = language();
    let person = move || filter.with(|filter| filter.person.clone().unwrap_or_default());
    let set = move |event| {
        let name = event_target_value(&event).trim().to_owned();
        let person = Some(name).filter(|name| !name.is_empty());
        change.run(ActivityFilter { person, ..filter.get_untracked() });
    };
    view! {
        <label class="log-field">
            <span class="log-field__name">{say!(language, activity_filter.person)}</span>
            <input
                class="input"
                type="text"
                autocomplete="off"
                spellcheck="false"
                maxlength="256"
                placeholder=say!(language, activity_filter.whole_name)
                prop:value=person
                on:change=set
            />
        </label>
    }
}

#[component]
fn TimeField(filter: Memo<ActivityFilter>, change: Callback<ActivityFilter>) -> impl IntoView {
    let clock = SignedIn::of_page().clock;
    let language = language();
    let chosen = Memo::new(move |_| match filter.with(|filter| filter.span) {
        Span::Always => "",
        Span::Last(last) => last.as_str(),
        Span::Between(..) => BETWEEN,
    });
    let set = move |event| {
        let value = event_target_value(&event);
        let last = Last::ALL.into_iter().find(|last| last.as_str() == value);
        let now = clock.coarse_now();
        let span = match last {
            Some(last) => Span::Last(last),
            None if value == BETWEEN => Span::Between(Last::Day.start(now), None),
            None => Span::Always,
        };
        change.run(ActivityFilter { span, ..filter.get_untracked() });
    };
    let option = move |value: &'static str, text: &'static str| {
        view! { <option value=value selected=move || chosen.get() == value>{text}</option> }
    };
    let lasts = Last::ALL.map(|last| option(last.as_str(), last.word(language)));
    let ends = move || (chosen.get() == BETWEEN).then(|| view! { <Ends filter change/> });
    view! {
        <label class="log-field">
            <span class="log-field__name">{say!(language, activity_filter.time)}</span>
            <select class="input" on:change=set>
                {option("", say!(language, activity_filter.always))}
                {lasts.collect_view()}
                {option(BETWEEN, say!(language, activity_filter.between))}
            </select>
        </label>
        {ends}
    }
}

/// The two ends of a time, where the reader is.
#[component]
fn Ends(filter: Memo<ActivityFilter>, change: Callback<ActivityFilter>) -> impl IntoView {
    let language = language();
    let ends = move || match filter.with(|filter| filter.span) {
        Span::Between(since, until) => (since, until),
        Span::Always | Span::Last(_) => (None, None),
    };
    let put = move |span| change.run(ActivityFilter { span, ..filter.get_untracked() });
    let field = |name: &'static str, value: Signal<Option<jiff::Timestamp>>, set: Callback<String>| {
        let text = move || value.get().map(|at| times::in_field(at, clock::zone(at))).unwrap_or_default();
        view! {
            <label class="log-field">
                <span class="log-field__name">{name}</span>
                <input
                    class="input"
                    type="datetime-local"
                    prop:value=text
                    on:change=move |event| set.run(event_target_value(&event))
                />
            </label>
        }
    };
    let since =
        Callback::new(move |text: String| put(Span::Between(clock::of_field(&text), untrack(ends).1)));
    let until =
        Callback::new(move |text: String| put(Span::Between(untrack(ends).0, clock::of_field(&text))));
    view! {
        {field(say!(language, activity_filter.since), Signal::derive(move || ends().0), since)}
        {field(say!(language, activity_filter.until), Signal::derive(move || ends().1), until)}
    }
}

#[component]
fn Kinds(filter: Memo<ActivityFilter>, change: Callback<ActivityFilter>) -> impl IntoView {
    let language = language();
    let chip = |group: Group| {
        let checked = move || filter.with(|filter| filter.groups.contains(&group));
        let turn = move |_| change.run(filter.with_untracked(|filter| filter.toggled(group)));
        view! {
            <label class="chip">
                <input class="chip__input" type="checkbox" prop:checked=checked on:change=turn/>
                <span class="chip__text">{group.word(language)}</span>
            </label>
        }
    };
    view! {
        <fieldset class="log-filters__kinds">
            <legend class="log-field__name">{say!(language, activity_filter.kind)}</legend>
            <div class="chips">{Group::ALL.map(chip).collect_view()}</div>
        </fieldset>
    }
}
