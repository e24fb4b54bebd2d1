use super::{
    editor::Editor,
    field::{Answer, Question},
};
use crate::{
    language::{language, say},
    model::policy_form::{Field, JUSTIFICATIONS, PRECEDENCES, PolicyForm, SESSIONS},
    prelude::*,
};

/// What holds for every port: each answer with what it means beside it.
#[component]
pub(super) fn Settings(editor: Editor) -> impl IntoView {
    let language = language();
    let why = setting(
        editor,
        (Field::Justification, say!(language, protect.why)),
        vec![
            Answer::new(say!(language, protect.why_off), say!(language, protect.why_off_text)),
            Answer::new(say!(language, protect.why_optional), say!(language, protect.why_optional_text)),
            Answer::new(say!(language, protect.why_required), say!(language, protect.why_required_text)),
        ],
        |form| JUSTIFICATIONS.iter().position(|one| Some(*one) == form.justification),
        |form, at| form.justification = at.and_then(|at| JUSTIFICATIONS.get(at).copied()),
    );
    let order = setting(
        editor,
        (Field::Precedence, say!(language, protect.order)),
        vec![
            Answer::new(say!(language, protect.order_customer), say!(language, protect.order_customer_text)),
            Answer::new(say!(language, protect.order_guard), say!(language, protect.order_guard_text)),
        ],
        |form| PRECEDENCES.iter().position(|one| Some(*one) == form.precedence),
        |form, at| form.precedence = at.and_then(|at| PRECEDENCES.get(at).copied()),
    );
    let sessions = setting(
        editor,
        (Field::Sessions, say!(language, protect.sessions)),
        vec![
            Answer::new(say!(language, protect.sessions_never), say!(language, protect.sessions_never_text)),
            Answer::new(
                say!(language, protect.sessions_revoke),
                say!(language, protect.sessions_revoke_text),
            ),
            Answer::new(say!(language, protect.sessions_end), say!(language, protect.sessions_end_text)),
        ],
        |form| SESSIONS.iter().position(|one| Some(*one) == form.live_sessions),
        |form, at| form.live_sessions = at.and_then(|at| SESSIONS.get(at).copied()),
    );
    view! { <section class="policy__part policy__settings">{why}{order}{sessions}</section> }
}

fn setting(
    editor: Editor,
    (field, name): (Field, &'static str),
    answers: Vec<Answer>,
    read: fn(&PolicyForm) -> Option<usize>,
    write: fn(&mut PolicyForm, Option<usize>),
) -> View {
    let enables = editor.enables();
    Question {
        row: None,
        field,
        name,
        answers,
        mixed: !enables && editor.now.with_value(|now| read(now).is_none()),
        chosen: Signal::derive(move || editor.form.with(read)),
        choose: Callback::new(move |at| editor.form.update(|form| write(form, at))),
        more: ().into_view(),
    }
    .into_view(editor)
}
