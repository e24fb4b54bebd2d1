use shared::{
    policy::{JustificationRule, PortRule},
    port::Port,
};

use super::desk::{Desk, Line};
use crate::{
    components::asking::{Fields, From, Group, Lasting, Why},
    language::{language, say},
    model::vm_list::port_name,
    prelude::*,
};

/// What counts for all: source, time, reason, and which ports.
#[component]
pub(super) fn Common(desk: Desk) -> impl IntoView {
    let language = language();
    // What the shortest of the chosen ports allows is right for all of them.
    let rule = Memo::new(move |_| {
        let rules = desk.chosen().map(|line| line.rule.get_value());
        let shortest = rules.min_by_key(|rule| rule.max_duration)?;
        Some(PortRule { max_duration: shortest.max_duration, ..PortRule::with_defaults(shortest.port) })
    });
    let fields = Fields { form: desk.common, found: desk.found, rule, group: 0 };
    let asks_why = Memo::new(move |_| {
        let rules: Vec<JustificationRule> = desk
            .chosen()
            .filter_map(|line| {
                line.detail.with_value(|detail| detail.policy.as_ref().map(|policy| policy.justification))
            })
            .collect();
        if rules.contains(&JustificationRule::Required) {
            Some(true)
        } else {
            rules.contains(&JustificationRule::Optional).then_some(false)
        }
    });
    let why = move || asks_why.get().map(|required| view! { <Why fields required/> });
    let heading = desk.lines.with_value(Vec::len) > 1;
    view! {
        <section class="request many__common" aria-label=say!(language, many.common)>
            {heading.then(|| view! { <h2>{say!(language, many.common)}</h2><Ports desk/> })}
            <From fields/>
            <Lasting fields/>
            {why}
        </section>
    }
}

/// Each port that some VM has, to be chosen of all that have it.
#[component]
fn Ports(desk: Desk) -> impl IntoView {
    let mut ports: Vec<Port> = desk.lines.get_value().iter().map(|line| line.port).collect();
    ports.sort_unstable();
    ports.dedup();
    let choices = ports.into_iter().map(|port| view! { <PortOfAll desk port/> }).collect_view();
    view! { <Group name=say!(language(), many.ports)>{choices}</Group> }
}

#[component]
fn PortOfAll(desk: Desk, port: Port) -> impl IntoView {
    let having: Vec<Line> = desk.lines.get_value().into_iter().filter(|line| line.port == port).collect();
    let having = StoredValue::new(having);
    let all = having.with_value(Vec::len);
    let chosen = Memo::new(move |_| having.get_value().iter().filter(|line| line.on.get()).count());
    let turn = move |event| {
        let on = event_target_checked(&event);
        for line in having.get_value() {
            line.on.set(on);
        }
    };
    view! {
        <label class="choice">
            <input
                type="checkbox"
                prop:checked=move || chosen.get() == all
                prop:indeterminate=move || chosen.get() != 0 && chosen.get() != all
                on:change=turn
            />
            <span>{port_name(port)}</span>
            <span class="choice__state">{move || say!(language(), many.of_all, count = chosen.get(), all)}</span>
        </label>
    }
}
