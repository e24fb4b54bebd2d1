use super::editor::Editor;
use crate::{
    language::{language, say},
    model::policy_form::Field,
    prelude::*,
};

/// The id of the element to go to when something is wrong there.
pub(super) fn anchor(row: Option<u32>, field: Field) -> String {
    let row = row.map_or_else(|| "all".to_owned(), |row| row.to_string());
    format!("at-{row}-{}", field as u8)
}

fn wrong_id(row: Option<u32>, field: Field) -> String {
    format!("wrong-{}", anchor(row, field))
}

/// What is wrong with a field, read out as it changes. An empty field of a new port waits for its number first.
pub(super) fn objections(editor: Editor, row: Option<u32>, field: Field) -> View {
    let waits = move || {
        field == Field::Number
            && row.is_some_and(|id| {
                editor.form.with(|form| form.row(id).is_some_and(|it| it.number.is_empty()))
            })
    };
    let lines = move || {
        let texts = if waits() { Vec::new() } else { editor.wrong(row, field) };
        texts.into_iter().map(|text| view! { <p>{text}</p> }).collect_view()
    };
    view! { <div class="objections" role="status" id=wrong_id(row, field)>{lines}</div> }
}

/// One answer of several.
pub(super) struct Answer {
    pub label: String,
    /// What it means; empty: the label says it.
    pub hint: &'static str,
}

impl Answer {
    pub(super) fn new(label: impl Into<String>, hint: &'static str) -> Self {
        Self { label: label.into(), hint }
    }
}

/// A question with one answer of several, of which `None` is *mixed*.
pub(super) struct Question {
    pub row: Option<u32>,
    pub field: Field,
    pub name: &'static str,
    pub answers: Vec<Answer>,
    /// Whether to leave it mixed is an answer.
    pub mixed: bool,
    pub chosen: Signal<Option<usize>>,
    pub choose: Callback<Option<usize>>,
    /// What stands below the answers.
    pub more: View,
}

impl Question {
    pub(super) fn into_view(self, editor: Editor) -> View {
        let Self { row, field, name, answers, mixed, chosen, choose, more } = self;
        let group = format!("of-{}", anchor(row, field));
        let language = language();
        let chips = answers.iter().all(|answer| answer.hint.is_empty());
        let answers = (0..).map(Some).zip(answers);
        let mixed = mixed.then(|| {
            let hint = if chips { "" } else { say!(language, protect.mixed_text) };
            (None, Answer::new(say!(language, protect.mixed), hint))
        });
        let answers = mixed.into_iter().chain(answers);
        let shown = answers
            .map(|(at, answer)| {
                let checked = Signal::derive(move || chosen.get() == at);
                let choose = Callback::new(move |()| choose.run(at));
                if chips {
                    chip(&group, answer, checked, choose)
                } else {
                    choice(&group, answer, checked, choose)
                }
            })
            .collect_view();
        let class = if chips { "chips" } else { "policy__choices" };
        let described = wrong_id(row, field);
        view! {
            <fieldset class="group" id=anchor(row, field) tabindex=-1 aria-describedby=described>
                <legend class="group__name">{name}</legend>
                <div class="group__body">
                    <div class=class>{shown}</div>
                    {more}
                    {objections(editor, row, field)}
                </div>
            </fieldset>
        }
    }
}

fn chip(group: &str, answer: Answer, checked: Signal<bool>, choose: Callback<()>) -> View {
    view! {
        <label class="chip">
            <input
                class="chip__input"
                type="radio"
                name=group.to_owned()
                prop:checked=checked
                on:change=move |_| choose.run(())
            />
            <span class="chip__text">{answer.label}</span>
        </label>
    }
}

fn choice(group: &str, answer: Answer, checked: Signal<bool>, choose: Callback<()>) -> View {
    view! {
        <label class="policy__choice">
            <input type="radio" name=group.to_owned() prop:checked=checked on:change=move |_| choose.run(())/>
            <span class="policy__label">{answer.label}</span>
            <span class="policy__hint">{answer.hint}</span>
        </label>
    }
}

/// A number as text, with its unit behind it.
pub(super) struct Typed {
    pub id: String,
    pub label: &'static str,
    pub unit: &'static str,
    pub describes: (Option<u32>, Field),
    pub value: Signal<String>,
    pub typed: Callback<String>,
}

impl Typed {
    pub(super) fn into_view(self, editor: Editor) -> View {
        let Self { id, label, unit, describes: (row, field), value, typed } = self;
        let invalid = move || (!editor.wrong(row, field).is_empty()).then_some("true");
        view! {
            <label class="minutes">
                <input
                    class="input figures"
                    type="text"
                    inputmode="numeric"
                    autocomplete="off"
                    id=id
                    aria-label=label
                    aria-invalid=invalid
                    aria-describedby=wrong_id(row, field)
                    prop:value=value
                    on:input=move |event| typed.run(event_target_value(&event))
                />
                <span aria-hidden="true">{unit}</span>
            </label>
        }
    }
}

/// Addresses and ranges, several.
pub(super) fn sources_field(editor: Editor, id: u32) -> View {
    let language = language();
    let row = Some(id);
    let value =
        move || editor.form.with(|form| form.row(id).map(|row| row.sources.clone()).unwrap_or_default());
    let invalid = move || (!editor.wrong(row, Field::Sources).is_empty()).then_some("true");
    let typed = move |event| {
        let text = event_target_value(&event);
        editor.form.update(|form| {
            if let Some(row) = form.row_mut(id) {
                row.sources = text;
            }
        });
    };
    let hint_id = format!("hint-{id}");
    view! {
        <textarea
            class="input policy__sources figures"
            rows=2
            autocapitalize="off"
            autocomplete="off"
            spellcheck="false"
            id=format!("sources-{id}")
            aria-label=say!(language, protect.sources_field)
            aria-invalid=invalid
            aria-describedby=format!("{hint_id} {}", wrong_id(row, Field::Sources))
            prop:value=value
            on:input=typed
        ></textarea>
        <p class="hint" id=hint_id>{say!(language, protect.sources_hint)}</p>
    }
}
