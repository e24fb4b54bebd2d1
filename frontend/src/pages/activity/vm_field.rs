use std::time::Duration;

use crate::{
    api::FoundVm,
    browser,
    language::{Language, language, say},
    model::activity_filter::ActivityFilter,
    prelude::*,
    session::SignedIn,
    task::Tasks,
};

const OFFERED: &str = "offered-vms";
/// How long somebody types before VMs are looked for.
const TYPING: Duration = Duration::from_millis(250);

/// How a VM is offered: unlike any other.
fn label(found: &FoundVm) -> String {
    format!("{} · {} · {}", found.vm.name(), found.vm.resource_group(), found.subscription_name)
}

/// A VM by its name, or as it is offered while one types.
#[component]
pub(super) fn VmField(filter: Memo<ActivityFilter>, change: Callback<ActivityFilter>) -> impl IntoView {
    let client = SignedIn::of_page().client;
    let language = language();
    let (typed, offered) = (RwSignal::new(String::new()), RwSignal::new(Vec::<FoundVm>::new()));
    let hint = RwSignal::new(None::<String>);
    let name =
        move || filter.with(|filter| filter.vm.as_ref().map(|vm| vm.name().to_owned())).unwrap_or_default();
    Effect::new(move |_| {
        let text = typed.get();
        if text.trim().is_empty() {
            return;
        }
        spawn(async move {
            browser::sleep(TYPING).await;
            if let Ok(found) = client.find_vms(text.trim()).await {
                offered.set(found.vms);
            }
        });
    });
    let tasks = Tasks::here();
    let set = move |event| {
        let text = event_target_value(&event).trim().to_owned();
        hint.set(None);
        if text.is_empty() {
            change.run(ActivityFilter { vm: None, ..filter.get_untracked() });
            return;
        }
        tasks.run(async move {
            let wanted = text.split(" · ").next().unwrap_or_default();
            match client.find_vms(wanted).await.map(|found| choice(&found.vms, &text, language)) {
                Ok(Ok(vm)) => change.run(filter.get_untracked().of_vm(&vm)),
                Ok(Err(why)) => hint.set(Some(why)),
                Err(failure) => hint.set(Some(failure.message(language))),
            }
        });
    };
    let options = move || {
        offered.get().iter().map(|found| view! { <option value=label(found)></option> }).collect_view()
    };
    view! {
        <label class="log-field log-field--vm">
            <span class="log-field__name">{super::step_row::VM}</span>
            <input
                class="input"
                type="text"
                list=OFFERED
                autocomplete="off"
                spellcheck="false"
                placeholder=say!(language, activity_filter.vm_name)
                prop:value=name
                on:input=move |event| typed.set(event_target_value(&event))
                on:change=set
            />
            <span class="log-field__hint" role="status">{hint}</span>
        </label>
        <datalist id=OFFERED>{options}</datalist>
    }
}

/// The one VM that is meant, or why it is not known which.
fn choice(found: &[FoundVm], text: &str, language: Language) -> Result<shared::vm::VmId, String> {
    let is_meant = |one: &&FoundVm| label(one) == text || one.vm.name().eq_ignore_ascii_case(text);
    let meant: Vec<&FoundVm> = found.iter().filter(is_meant).collect();
    match meant.as_slice() {
        [one] => Ok(one.vm.clone()),
        [] => Err(say!(language, activity_filter.no_vm, name = text)),
        _ => Err(say!(language, activity_filter.several_vms).to_owned()),
    }
}
