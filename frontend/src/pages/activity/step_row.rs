use shared::vm::VmId;
use web_sys::HtmlDetailsElement;

use super::details::Details;
use crate::{
    browser, clock,
    components::{header::NAME, time::AbsoluteTime},
    language::{language, say},
    model::{activity_filter::ActivityFilter, step::Step},
    prelude::*,
};

pub(super) const VM: &str = "VM";

#[component]
pub(super) fn StepRow(step: Step, filter: Memo<ActivityFilter>) -> impl IntoView {
    let language = language();
    let who = match step.actor() {
        Some(name) => view! { <PersonLink name=name.to_owned() filter/> },
        None => NAME.into_view(),
    };
    let at = step.at().map(|at| view! { <AbsoluteTime at/> });
    let vm = step.vm().map(|vm| view! { <VmLink vm filter/> });
    let kind = format!("row step step--{}", step.kind());
    view! {
        <tr class=kind>
            <td data-label=say!(language, activity.time) class="step__time">{at}</td>
            <td data-label=say!(language, activity.who) class="row__user">{who}</td>
            <td data-label=VM>{vm}</td>
            <td data-label=say!(language, activity.what) class="step__what"><What step/></td>
        </tr>
    }
}

/// A name leads to what else this VM or person has, under the same other filters.
#[component]
fn VmLink(vm: VmId, filter: Memo<ActivityFilter>) -> impl IntoView {
    let name = vm.name().to_owned();
    let href = move || filter.with(|filter| filter.of_vm(&vm).address(browser::encoded));
    view! { <a href=href>{name}</a> }
}

#[component]
fn PersonLink(name: String, filter: Memo<ActivityFilter>) -> impl IntoView {
    let person = name.clone();
    let href = move || filter.with(|filter| filter.of_person(&person).address(browser::encoded));
    view! { <a href=href>{name}</a> }
}

/// The sentence, and behind it what an auditor asks for next, made when it is looked at.
#[component]
fn What(step: Step) -> impl IntoView {
    let fold = Reference::new();
    let seen = RwSignal::new(false);
    let sentence = step.sentence(clock::zone, language());
    let details = move || seen.get().then(|| view! { <Details step=step.clone()/> });
    let look = move |_| seen.set(fold.get::<HtmlDetailsElement>().is_some_and(|fold| fold.open()));
    view! {
        <details class="fold" node_ref=fold on:toggle=look>
            <summary>{sentence}</summary>
            {details}
        </details>
    }
}
