use shared::{
    api::{SourceConcern, SourceSeen},
    source::AllowedSources,
};

use super::{Fields, Group, Objections};
use crate::{
    language::{language, say},
    model::form::{Field, Origin, names_source, with_source_turned},
    prelude::*,
    session::SignedIn,
};

const EXAMPLE: &str = "203.0.113.0/24, 198.51.100.7";

/// Whose packets are let in.
#[component]
pub(crate) fn From(fields: Fields) -> impl IntoView {
    let session = SignedIn::of_page().session;
    let language = language();
    let Fields { form, found, group, .. } = fields;
    let seen = Memo::new(move |_| session.with(|session| session.source.clone()));
    let origin = Memo::new(move |_| form.with(|form| form.origin));
    let choose = move |origin: Origin| form.update(|form| form.origin = origin);
    let mine = move || say!(language, request.my_address, address = seen.with(|seen| seen.address));
    view! {
        <Group name=say!(language, request.from)>
            <label class="choice">
                <input
                    type="radio"
                    name=format!("from-{group}")
                    disabled=move || seen.with(|seen| seen.prefix.is_none())
                    prop:checked=move || origin.get() == Origin::Mine
                    on:change=move |_| choose(Origin::Mine)
                />
                <span class="figures">{mine}</span>
            </label>
            <div class="choice choice--with-field">
                <label class="choice__label">
                    <input
                        type="radio"
                        name=format!("from-{group}")
                        prop:checked=move || origin.get() == Origin::Another
                        on:change=move |_| choose(Origin::Another)
                    />
                    <span>{say!(language, request.another)}</span>
                </label>
                <Another fields/>
            </div>
            <Concern seen/>
            <Ranges fields seen/>
            <Objections found field=Some(Field::From)/>
            <Allowed fields/>
        </Group>
    }
}

/// Typing another address chooses it.
#[component]
fn Another(fields: Fields) -> impl IntoView {
    let form = fields.form;
    let typed = move |event| {
        form.update(|form| {
            form.another = event_target_value(&event);
            form.origin = Origin::Another;
        });
    };
    view! {
        <input
            class="input figures"
            type="text"
            inputmode="text"
            autocomplete="off"
            autocapitalize="off"
            spellcheck="false"
            placeholder=EXAMPLE
            aria-label=say!(language(), request.another_field)
            prop:value=move || form.with(|form| form.another.clone())
            on:input=typed
        />
    }
}

/// Why the own address may not be the one that Azure sees.
#[component]
fn Concern(seen: Memo<SourceSeen>) -> impl IntoView {
    let language = language();
    move || {
        let text = match seen.with(|seen| seen.concern)? {
            SourceConcern::Private => say!(language, request.private),
            SourceConcern::Unusable => say!(language, request.unusable),
            SourceConcern::Proxied => say!(language, source.proxied),
        };
        Some(view! { <p class="hint hint--warn" role="status">{text}</p> })
    }
}

/// The organisation's ranges, each to be had by one tap, where the own address looks wrong or another is wanted.
#[component]
fn Ranges(fields: Fields, seen: Memo<SourceSeen>) -> impl IntoView {
    let session = SignedIn::of_page().session;
    let language = language();
    let form = fields.form;
    let wanted = Memo::new(move |_| {
        seen.with(|seen| seen.concern.is_some()) || form.with(|form| form.origin == Origin::Another)
    });
    let ranges = Memo::new(move |_| {
        session.with(|session| {
            session.organisation_ranges.iter().map(ToString::to_string).collect::<Vec<String>>()
        })
    });
    move || {
        let ranges = ranges.get();
        (wanted.get() && !ranges.is_empty()).then(|| {
            let items = ranges.into_iter().map(|range| view! { <Range fields range/> }).collect_view();
            view! {
                <div class="ranges" role="group" aria-label=say!(language, source.ranges)>
                    <span class="hint">{say!(language, source.ranges)}</span>
                    {items}
                </div>
            }
        })
    }
}

#[component]
fn Range(fields: Fields, range: String) -> impl IntoView {
    let form = fields.form;
    let (own, label) = (range.clone(), range.clone());
    let pressed = move || {
        let named = |form: &crate::model::form::RequestForm| {
            form.origin == Origin::Another && names_source(&form.another, &own)
        };
        form.with(named).to_string()
    };
    let turn = move |_| {
        form.update(|form| {
            let fresh = form.origin == Origin::Mine && !names_source(&form.another, &range);
            if fresh || form.origin == Origin::Another {
                form.another = with_source_turned(&form.another, &range);
            }
            form.origin = Origin::Another;
        });
    };
    view! {
        <button type="button" class="button button--range figures" aria-pressed=pressed on:click=turn>{label}</button>
    }
}

/// From where the policy lets one ask, where that is not everywhere.
#[component]
fn Allowed(fields: Fields) -> impl IntoView {
    let language = language();
    move || match fields.rule.get()?.allowed_sources {
        AllowedSources::Any => None,
        AllowedSources::Only(sources) => {
            Some(view! { <p class="hint">{say!(language, request.allowed, sources = sources)}</p> })
        }
    }
}
