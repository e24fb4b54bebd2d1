use shared::{
    port::{Port, Protocol},
    vm::Os,
};

use super::{
    editor::Editor,
    field::{Answer, Question, Typed, anchor, objections, sources_field},
};
use crate::{
    browser,
    language::{Language, language, say},
    model::{
        durations,
        policy_form::{Field, Place, PolicyForm, PortRow},
        vm_list::port_name,
    },
    prelude::*,
};

/// Where the focus goes when a port is removed.
pub(super) const ANOTHER: &str = "another-port";
const OFFERED_MINUTES: [i64; 5] = [30, 60, 180, 480, 1440];
/// Something else than what is offered.
const FREE: usize = OFFERED_MINUTES.len();

/// One port with everything about it.
pub(super) fn port(editor: Editor, id: u32) -> View {
    let language = language();
    let name = Signal::derive(move || editor.form.with(|form| heading(form, id, language)));
    let remove = move |_| {
        editor.form.update(|form| form.remove(id));
        browser::focus(ANOTHER);
    };
    let remove_label = move || say!(language, protect.remove_port, port = name.get());
    view! {
        <section class="policy__port" aria-label=name>
            <header class="policy__head">
                <h3>{name}</h3>
                <button type="button" class="button button--quiet" aria-label=remove_label on:click=remove>
                    {say!(language, protect.remove)}
                </button>
            </header>
            {number(editor, id, language)}
            {protocol(editor, id, language)}
            {sources(editor, id, language)}
            {longest(editor, id, language)}
            {place(editor, id, language)}
        </section>
    }
}

fn heading(form: &PolicyForm, id: u32, language: Language) -> String {
    let number = form.row(id).and_then(|row| row.number.trim().parse::<Port>().ok());
    match number {
        Some(port) => say!(language, protect.port_named, port = port_name(port)),
        None => say!(language, protect.new_port).to_owned(),
    }
}

/// Reads a part of the row; tracked.
fn of<T: Default>(editor: Editor, id: u32, part: fn(&PortRow) -> T) -> T {
    editor.form.with(|form| form.row(id).map(part).unwrap_or_default())
}

fn change(editor: Editor, id: u32, change: impl FnOnce(&mut PortRow)) {
    editor.form.update(|form| {
        if let Some(row) = form.row_mut(id) {
            change(row);
        }
    });
}

/// What the VMs have of this port; `None`: it is new.
fn was<T>(editor: Editor, id: u32, part: fn(&PortRow) -> T) -> Option<T> {
    editor.now.with_value(|now| now.row(id).map(part))
}

/// A port that some VM has keeps its number: another number is another port.
fn number(editor: Editor, id: u32, language: Language) -> View {
    if was(editor, id, |_| ()).is_some() {
        return objections(editor, Some(id), Field::Number);
    }
    let field = Typed {
        id: anchor(Some(id), Field::Number),
        label: say!(language, protect.number),
        unit: "",
        describes: (Some(id), Field::Number),
        value: Signal::derive(move || of(editor, id, |row| row.number.clone())),
        typed: Callback::new(move |text| change(editor, id, |row| row.number = text)),
    };
    view! {
        <div class="group policy__number">
            <span class="group__name" aria-hidden="true">{say!(language, protect.number)}</span>
            <div class="group__body">
                {field.into_view(editor)}
                {objections(editor, Some(id), Field::Number)}
            </div>
        </div>
    }
}

fn protocol(editor: Editor, id: u32, language: Language) -> View {
    let chosen = Signal::derive(move || {
        let protocol = of(editor, id, |row| row.protocol);
        Protocol::ALL.iter().position(|one| Some(*one) == protocol)
    });
    let choose = Callback::new(move |at: Option<usize>| {
        let protocol = at.and_then(|at| Protocol::ALL.get(at).copied());
        change(editor, id, |row| row.protocol = protocol);
    });
    let name = |protocol: Protocol| match protocol {
        Protocol::Any => say!(language, protect.any),
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
    };
    Question {
        row: Some(id),
        field: Field::Protocol,
        name: say!(language, protect.protocol),
        answers: Protocol::ALL.map(|protocol| Answer::new(name(protocol), "")).into(),
        mixed: was(editor, id, |row| row.protocol) == Some(None),
        chosen,
        choose,
        more: ().into_view(),
    }
    .into_view(editor)
}

fn sources(editor: Editor, id: u32, language: Language) -> View {
    let limited = Signal::derive(move || of(editor, id, |row| row.limited));
    let chosen = Signal::derive(move || limited.get().map(usize::from));
    let choose = Callback::new(move |at: Option<usize>| {
        change(editor, id, |row| row.limited = at.map(|at| at == 1));
    });
    let field = move || (limited.get() == Some(true)).then(|| sources_field(editor, id));
    Question {
        row: Some(id),
        field: Field::Sources,
        name: say!(language, protect.sources),
        answers: vec![
            Answer::new(say!(language, protect.sources_any), say!(language, protect.sources_any_text)),
            Answer::new(say!(language, protect.sources_only), say!(language, protect.sources_only_text)),
        ],
        mixed: was(editor, id, |row| row.limited) == Some(None),
        chosen,
        choose,
        more: field.into_view(),
    }
    .into_view(editor)
}

/// The longest time that may be asked for: one tap, or hours and minutes.
fn longest(editor: Editor, id: u32, language: Language) -> View {
    let chosen = Signal::derive(move || {
        let is_open = of(editor, id, |row| row.hours.is_empty() && row.minutes.is_empty());
        let minutes = of(editor, id, PortRow::typed_minutes);
        let offered = OFFERED_MINUTES.iter().position(|one| Some(*one) == minutes);
        if is_open { None } else { Some(offered.unwrap_or(FREE)) }
    });
    let choose = Callback::new(move |at: Option<usize>| {
        change(editor, id, |row| match at.and_then(|at| OFFERED_MINUTES.get(at)) {
            Some(minutes) => row.set_minutes(*minutes),
            None => (row.hours, row.minutes) = (String::new(), String::new()),
        });
    });
    let hours = Typed {
        id: anchor(Some(id), Field::Longest) + "-h",
        label: say!(language, protect.hours),
        unit: say!(language, protect.hour_unit),
        describes: (Some(id), Field::Longest),
        value: Signal::derive(move || of(editor, id, |row| row.hours.clone())),
        typed: Callback::new(move |text| change(editor, id, |row| row.hours = text)),
    };
    let minutes = Typed {
        id: anchor(Some(id), Field::Longest) + "-m",
        label: say!(language, protect.minutes),
        unit: say!(language, protect.minute_unit),
        describes: (Some(id), Field::Longest),
        value: Signal::derive(move || of(editor, id, |row| row.minutes.clone())),
        typed: Callback::new(move |text| change(editor, id, |row| row.minutes = text)),
    };
    let free = view! { <div class="policy__time">{hours.into_view(editor)}{minutes.into_view(editor)}</div> };
    Question {
        row: Some(id),
        field: Field::Longest,
        name: say!(language, protect.longest),
        answers: OFFERED_MINUTES.map(|it| Answer::new(durations::short(it * 60, language), "")).into(),
        mixed: was(editor, id, |row| row.hours.is_empty() && row.minutes.is_empty()) == Some(true),
        chosen,
        choose,
        more: free.into_view(),
    }
    .into_view(editor)
}

/// Which of several VMs it is for.
fn place(editor: Editor, id: u32, language: Language) -> View {
    let count = editor.count();
    let having = was(editor, id, |row| row.having).unwrap_or(0);
    if count == 1 || having == count {
        return ().into_view();
    }
    let windows =
        editor.vms.with_value(|vms| vms.iter().filter(|vm| vm.summary.os == Some(Os::Windows)).count());
    let mut places = Vec::new();
    match having {
        0 => {}
        1 => places.push((Place::Having, say!(language, protect.place_one).to_owned())),
        _ => places.push((Place::Having, say!(language, protect.place_having, count = having))),
    }
    places.push((Place::Every, say!(language, protect.place_every, count = count)));
    if windows > 0 && windows < count {
        places.push((Place::Linux, say!(language, protect.place_linux).to_owned()));
        places.push((Place::Windows, say!(language, protect.place_windows).to_owned()));
    }
    if places.len() == 1 {
        return ().into_view();
    }
    let (places, answers): (Vec<Place>, Vec<Answer>) =
        places.into_iter().map(|(place, label)| (place, Answer::new(label, ""))).unzip();
    let places = StoredValue::new(places);
    let chosen = Signal::derive(move || {
        let place = editor.form.with(|form| form.row(id).map(|row| row.place));
        places.with_value(|places| places.iter().position(|one| Some(*one) == place))
    });
    let choose = Callback::new(move |at: Option<usize>| {
        let place = places.with_value(|places| at.and_then(|at| places.get(at).copied()));
        change(editor, id, |row| row.place = place.unwrap_or(Place::Every));
    });
    Question {
        row: Some(id),
        field: Field::Place,
        name: say!(language, protect.place),
        answers,
        mixed: false,
        chosen,
        choose,
        more: ().into_view(),
    }
    .into_view(editor)
}
