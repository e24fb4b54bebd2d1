use shared::api::VmPolicy;

use super::{
    changes::Changes, editor::Editor, leave::Leave, outcome::Outcome, ports::Ports, settings::Settings,
    submit::Submit,
};
use crate::{
    components::page_title::set_page_title,
    language::{Language, language, say},
    model::{link, vm_list::os_name},
    prelude::*,
    task::Tasks,
};

/// How many VMs are named before the rest is counted.
const NAMED: usize = 3;

/// The form, and what became of it once it is saved.
#[component]
pub(super) fn Editing(vms: Vec<VmPolicy>, reload: Callback<()>) -> impl IntoView {
    let language = language();
    let editor = Editor::new(vms, language);
    let title = title(editor, language);
    let shown = title.clone();
    set_page_title(move || shown.clone());
    let is_saved = Memo::new(move |_| editor.saved.with(Option::is_some));
    move || {
        if is_saved.get() {
            return view! { <Outcome editor/> };
        }
        let heading = title.clone();
        view! {
            <h1>{heading}</h1>
            {whom(editor, language)}
            {restored(editor, language)}
            <Form editor reload/>
            <Leave editor/>
        }
    }
}

fn title(editor: Editor, language: Language) -> String {
    let vms = editor.named(language);
    if editor.enables() {
        say!(language, protect.title_enable, vms)
    } else {
        say!(language, protect.title_edit, vms)
    }
}

#[component]
fn Form(editor: Editor, reload: Callback<()>) -> impl IntoView {
    let tasks = Tasks::here();
    let submit = move |event: tachys::html::event::SubmitEvent| {
        event.prevent_default();
        editor.save(&tasks);
    };
    let heading = title(editor, language());
    view! {
        <form class="policy" aria-label=heading novalidate on:submit=submit>
            <Ports editor/>
            <Settings editor/>
            <Changes editor/>
            <Submit editor reload/>
        </form>
    }
}

/// The VMs by name, and those of them that have no policy yet.
fn whom(editor: Editor, language: Language) -> View {
    let item = |vm: &VmPolicy| {
        let summary = &vm.summary;
        let place = format!(" · {} · {}", os_name(summary.os, language), summary.vm.resource_group());
        view! {
            <li><a href=link::connect(&summary.vm)>{summary.vm.name().to_owned()}</a><span class="muted">{place}</span></li>
        }
    };
    let items = editor.vms.with_value(|vms| vms.iter().map(item).collect::<Vec<_>>());
    let all = editor.vms.with_value(|vms| names(vms.iter(), language));
    let new = editor.vms.with_value(|vms| {
        let new: Vec<&VmPolicy> = vms.iter().filter(|vm| vm.policy.is_none()).collect();
        let some = !new.is_empty() && new.len() < vms.len();
        some.then(|| say!(language, protect.some_new, names = names(new.into_iter(), language)))
    });
    let new = new.map(|text| view! { <p class="notice">{text}</p> });
    let list = if editor.count() == 1 {
        view! { <ul class="policy__vms">{items}</ul> }
    } else {
        view! {
            <details class="fold policy__fold">
                <summary>{all}</summary>
                <ul class="policy__vms">{items}</ul>
            </details>
        }
    };
    view! {
        {list}
        {new}
    }
}

fn names<'v>(vms: impl ExactSizeIterator<Item = &'v VmPolicy>, language: Language) -> String {
    let more = vms.len().saturating_sub(NAMED);
    let named: Vec<&str> = vms.take(NAMED).map(|vm| vm.summary.vm.name()).collect();
    let names = named.join(say!(language, common.comma));
    if more == 0 { names } else { say!(language, protect.and_more, names, count = more) }
}

/// A draft was found: it is said, and can be thrown away.
fn restored(editor: Editor, language: Language) -> View {
    let notice = move || {
        editor.is_restored.get().then(|| {
            view! {
                <div class="notice policy__restored" role="status">
                    <p>{say!(language, protect.restored)}</p>
                    <button type="button" class="button" on:click=move |_| editor.start_over()>
                        {say!(language, protect.start_over)}
                    </button>
                </div>
            }
        })
    };
    notice.into_view()
}
