use shared::{api::ProblemBody, vm::VmId};

use super::{editor::Editor, field::anchor};
use crate::{
    browser,
    language::{Language, language, say},
    model::{failure::Failure, link, problem},
    prelude::*,
};

/// The button that says what it will do, and why it does not do it yet.
#[component]
pub(super) fn Submit(editor: Editor, reload: Callback<()>) -> impl IntoView {
    let language = language();
    let vms = editor.named(language);
    let what = if editor.enables() {
        say!(language, protect.title_enable, vms)
    } else {
        say!(language, protect.save, vms)
    };
    let unchanged = Memo::new(move |_| {
        editor.verdict.with(|verdict| verdict.as_ref().is_ok_and(|patch| patch.is_empty()))
    });
    let disabled = move || unchanged.get() || editor.busy.get();
    view! {
        {refusal(editor, reload, language)}
        <div class="policy__bar">
            <p class="policy__why" role="status">{move || reason(editor, language)}</p>
            <button
                type="submit"
                class="button button--primary"
                id="primary"
                disabled=disabled
                on:click=move |_| go_to_first_wrong(editor)
            >
                {what}
            </button>
            <a class="button" href=back(editor)>{say!(language, common.cancel)}</a>
        </div>
    }
}

/// Where one comes from, as a rule.
fn back(editor: Editor) -> String {
    editor.vms.with_value(|vms| match vms.as_slice() {
        [one] => link::connect(&one.summary.vm),
        _ => "/".to_owned(),
    })
}

/// Why pressing the button does nothing now; empty if it does.
fn reason(editor: Editor, language: Language) -> String {
    if editor.busy.get() {
        return say!(language, protect.saving).to_owned();
    }
    editor.verdict.with(|verdict| match verdict {
        Ok(patch) if patch.is_empty() => say!(language, protect.unchanged).to_owned(),
        Ok(_) => String::new(),
        Err(all) => {
            let text = all.first().map(|one| one.text.clone()).unwrap_or_default();
            match all.len() {
                0 | 1 => say!(language, protect.wrong, text),
                number => say!(language, protect.more_wrong, text, count = number - 1),
            }
        }
    })
}

/// Pressing the button too early leads to what is wrong.
fn go_to_first_wrong(editor: Editor) {
    let first = editor.verdict.with_untracked(|verdict| {
        let first = verdict.as_ref().err()?.first()?;
        Some(anchor(first.row, first.field))
    });
    if let Some(id) = first {
        browser::focus(&id);
    }
}

/// Why it was not saved: of each VM, what is true now, and what to do.
fn refusal(editor: Editor, reload: Callback<()>, language: Language) -> View {
    let shown = move || {
        let failure = editor.failure.get()?;
        let (code, details) = match &failure {
            Failure::Refused { problem, .. } => (problem.code.as_str(), problem.details.as_slice()),
            _ => ("", [].as_slice()),
        };
        let of_vms = if details.len() > 1 { details } else { &[] };
        let lines = of_vms.iter().map(|one| view! { <li>{of_vm(one, language)}</li> }).collect_view();
        let theirs = (code == "policy_changed").then(|| load_theirs(editor, reload, language));
        let sessions = (code == "sessions_cannot_be_cut")
            .then(|| view! { <p>{say!(language, protect.sessions_help)}</p> });
        let doubtful = failure.is_doubtful().then(|| view! { <p>{say!(language, protect.doubtful)}</p> });
        Some(view! {
            <div class="notice notice--danger" role="alert">
                <p>{failure.message(language)}</p>
                <ul class="notice__details">{lines}</ul>
                {sessions}
                {doubtful}
                {theirs}
            </div>
        })
    };
    shown.into_view()
}

fn of_vm(detail: &ProblemBody, language: Language) -> String {
    let said = problem::sentence(detail, language);
    let vm = detail.target.as_ref().and_then(|target| target.parse::<VmId>().ok());
    match vm {
        Some(vm) if !said.contains(vm.name()) => {
            format!("{}{}{said}", vm.name(), say!(language, common.colon))
        }
        _ => said,
    }
}

fn load_theirs(editor: Editor, reload: Callback<()>, language: Language) -> View {
    let load = move |_| {
        editor.start_over();
        editor.forget_draft();
        reload.run(());
    };
    view! {
        <p>{say!(language, protect.theirs_text)}</p>
        <button type="button" class="button" on:click=load>{say!(language, protect.load_theirs)}</button>
    }
}
