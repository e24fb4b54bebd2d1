use super::desk::{Desk, Line};
use crate::{
    components::{
        asking::{Fields, From, Lasting},
        icon::Icon,
    },
    language::{Language, language, say},
    model::{
        durations,
        form::{Field, Objection, RequestForm},
        verdict::action,
        vm_list::port_name,
    },
    prelude::*,
    session::SignedIn,
};

/// One port: whether it is asked for, from where and for how long, and what the law says of it.
#[component]
pub(super) fn PortLine(desk: Desk, line: Line) -> impl IntoView {
    let language = language();
    let longest = durations::in_words(line.rule.with_value(|rule| rule.max_duration.seconds()), language);
    let turn = move |event| line.on.set(event_target_checked(&event));
    let label = what(line, language);
    view! {
        <li class="asked__line">
            <label class="choice">
                <input type="checkbox" aria-label=label prop:checked=line.on on:change=turn/>
                <span>{port_name(line.port)}</span>
                <span class="choice__state">{say!(language, many.longest, length = longest)}</span>
            </label>
            {move || line.on.get().then(|| view! { <Terms desk line/> })}
        </li>
    }
}

#[component]
fn Terms(desk: Desk, line: Line) -> impl IntoView {
    let session = SignedIn::of_page().session;
    let language = language();
    let how = Memo::new(move |_| {
        let form = if line.own.get() {
            line.form.get()
        } else {
            RequestForm { port: line.port, ..desk.common.get() }
        };
        session.with(|session| action(&form, session, language).1)
    });
    let id = format!("own-{}", line.group);
    let turn = move |_| {
        if !line.own.get_untracked() {
            line.form.set(RequestForm { port: line.port, ..desk.common.get_untracked() });
        }
        line.own.update(|own| *own = !*own);
    };
    let text =
        move || if line.own.get() { say!(language, many.as_for_all) } else { say!(language, many.own) };
    let what = what(line, language);
    let label = move || say!(language, many.about, action = text(), what = what.as_str());
    view! {
        <p class="asked__how figures">{how}</p>
        <button
            type="button"
            class="button button--quiet asked__own-button"
            aria-label=label
            aria-expanded=move || line.own.get().to_string()
            aria-controls=id.clone()
            on:click=turn
        >
            {text}
        </button>
        <Judged desk line/>
        <div class="asked__own" id=id>{move || line.own.get().then(|| view! { <Own line/> })}</div>
    }
}

fn what(line: Line, language: Language) -> String {
    let vm = line.vm();
    say!(language, access.lease_of, port = port_name(line.port), vm = vm.name())
}

/// Whether it is allowed, and if not, why.
#[component]
fn Judged(desk: Desk, line: Line) -> impl IntoView {
    let language = language();
    let lines = Memo::new(move |_| told(desk, line, language));
    let shown = move || {
        let found = lines.get();
        if found.is_empty() && line.verdict.with(Result::is_ok) {
            let text = say!(language, many.allowed);
            return view! { <p class="asked__allowed"><Icon name="check"/>{text}</p> };
        }
        let items = found.into_iter().map(|text| view! { <p>{text}</p> }).collect_view();
        view! { <div class="objections">{items}</div> }
    };
    view! { <div class="asked__judged" role="status">{shown}</div> }
}

/// The reasons that no field of its own says. What is malformed for all is said once, there.
fn told(desk: Desk, line: Line, language: Language) -> Vec<String> {
    let all = line.verdict.get().err().unwrap_or_default();
    if line.own.get() {
        let elsewhere = |one: &Objection| matches!(one.field, Some(Field::From | Field::For));
        return all.into_iter().filter(|one| !elsewhere(one)).map(|one| one.text).collect();
    }
    let common = desk.found.get();
    let (shared, own): (Vec<Objection>, Vec<Objection>) =
        all.into_iter().partition(|one| one.field != Some(Field::Why) && common.contains(one));
    let mut told: Vec<String> = own.into_iter().map(|one| one.text).collect();
    if told.is_empty() && !shared.is_empty() {
        told.push(say!(language, verdict.incomplete_above).to_owned());
    }
    told
}

/// Values that count for this port alone.
#[component]
fn Own(line: Line) -> impl IntoView {
    let fields = Fields {
        form: line.form,
        found: Memo::new(move |_| line.verdict.get().err().unwrap_or_default()),
        rule: Memo::new(move |_| Some(line.rule.get_value())),
        group: line.group,
    };
    view! {
        <From fields/>
        <Lasting fields/>
    }
}
