use leptos::prelude::*;
use shared::{
    api::{SourceConcern, SourceSeen},
    source::AllowedSources,
};

use super::{
    Verdict,
    fields::{Group, Objections},
};
use crate::{
    language::{language, say},
    model::form::{Field, Origin},
    pages::connect::desk::Desk,
    session::SignedIn,
};

const EXAMPLE: &str = "203.0.113.0/24";

/// Whose packets are let in.
#[component]
pub(super) fn From(desk: Desk, verdict: Verdict) -> impl IntoView {
    let session = SignedIn::of_page().session;
    let language = language();
    let seen = Memo::new(move |_| session.with(|session| session.source.clone()));
    let origin = Memo::new(move |_| desk.form.with(|form| form.origin));
    let choose = move |origin: Origin| desk.form.update(|form| form.origin = origin);
    let mine = move || say!(language, request.my_address, address = seen.with(|seen| seen.address));
    view! {
        <Group name=say!(language, request.from)>
            <label class="choice">
                <input
                    type="radio"
                    name="from"
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
                        name="from"
                        prop:checked=move || origin.get() == Origin::Another
                        on:change=move |_| choose(Origin::Another)
                    />
                    <span>{say!(language, request.another)}</span>
                </label>
                <Another desk/>
            </div>
            <Concern seen/>
            <Objections verdict field=Some(Field::From)/>
            <Allowed desk/>
        </Group>
    }
}

/// Typing another address chooses it.
#[component]
fn Another(desk: Desk) -> impl IntoView {
    let typed = move |event| {
        desk.form.update(|form| {
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
            prop:value=move || desk.form.with(|form| form.another.clone())
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
        };
        Some(view! { <p class="hint hint--warn">{text}</p> })
    }
}

/// From where the policy lets one ask, where that is not everywhere.
#[component]
fn Allowed(desk: Desk) -> impl IntoView {
    let language = language();
    move || match desk.status()?.rule.allowed_sources {
        AllowedSources::Any => None,
        AllowedSources::Only(sources) => {
            Some(view! { <p class="hint">{say!(language, request.allowed, sources = sources)}</p> })
        }
    }
}
