use shared::api::VmSort;

use super::{
    Shown,
    list::{Block, List, TABLE},
    row::row,
};
use crate::{
    components::icon::Icon,
    language::{Language, language, say},
    model::{vm_list::Tab, vm_query::turned},
    prelude::*,
    route::Route,
};

/// A column: its class, its name, and the order that a click on its head asks for first.
type Column = (&'static str, &'static str, Option<VmSort>);

fn columns(tab: Tab, language: Language) -> Vec<Column> {
    let name = ("name", say!(language, vms.name), Some(VmSort::Name));
    let details = ("details", say!(language, vms.details), None);
    let system = ("system", say!(language, vms.system), None);
    let mut columns = vec![name];
    match tab {
        Tab::Configured => columns.extend([
            ("state", say!(language, common.state), None),
            ("ports", say!(language, vms.ports), None),
            ("approved", say!(language, vms.approved), Some(VmSort::ApprovedDown)),
            ("access", say!(language, vms.last_access), Some(VmSort::LastAccessDown)),
            ("user", say!(language, vms.last_user), None),
            details,
        ]),
        Tab::NotConfigured => {
            columns.extend([system, details, ("region", say!(language, common.region), None)])
        }
        Tab::Unsupported => columns.extend([
            system,
            ("reason", say!(language, vms.reason), None),
            ("remedy", say!(language, vms.remedy), None),
        ]),
    }
    columns
}

/// The list, of which only what is near the view is in the page.
#[component]
pub(super) fn Table(shown: Shown, tab: Tab) -> impl IntoView {
    let language = language();
    let list = shown.list;
    let columns = columns(tab, language);
    let all = columns.len() + 1 + usize::from(tab != Tab::Unsupported);
    let heads = columns.into_iter().map(|column| head(shown, column)).collect_view();
    let pick = (tab != Tab::Unsupported).then(|| {
        let text = say!(language, select.title);
        view! { <th scope="col" role="columnheader" class="vms__pick"><span class="visually-hidden">{text}</span></th> }
    });
    let actions = say!(language, vms.actions);
    // Unknown is said as −1.
    let count = move || list.total().map_or_else(|| "-1".to_owned(), |total| (total + 1).to_string());
    let near = move || {
        let window = list.window.get();
        list.blocks.with(|blocks| {
            let some = blocks.iter().take(window.end).skip(window.first);
            some.cloned().collect::<Vec<Block>>()
        })
    };
    let more = move || list.blocks.with(|blocks| blocks.last().is_some_and(|last| last.through.is_some()));
    view! {
        <table
            class=format!("table vms vms--{}", tab.as_str())
            class:vms--stale=list.is_stale
            id=TABLE
            role="table"
            aria-label=tab.word(language)
            aria-rowcount=count
            aria-busy=move || list.is_stale.get().to_string()
        >
            <thead role="rowgroup">
                <tr role="row" aria-rowindex="1">
                    {pick}
                    {heads}
                    <th scope="col" role="columnheader" class="vms__actions">
                        <span class="visually-hidden">{actions}</span>
                    </th>
                </tr>
            </thead>
            {room(move || list.window.get().before)}
            {keyed(near, |block| block.key.to_string(), move |block| rows_of(shown, tab, block))}
            {room(move || list.window.get().after)}
            {move || more().then(|| coming(all))}
        </table>
    }
}

/// The rows of a block; while they are read again, the room that they had.
fn rows_of(shown: Shown, tab: Tab, block: Block) -> View {
    let id = block.element();
    let height = format!("{}px", block.height);
    let (rows, before) = (block.rows, block.before);
    let rows = move || match rows.get() {
        Some(rows) => {
            let one = |(at, vm)| row(shown, tab, vm, before.clone(), at);
            rows.into_iter().enumerate().map(one).collect_view().into_view()
        }
        None => {
            let height = height.clone();
            view! { <tr aria-hidden="true"><td class="vms__room" style:height=height></td></tr> }
        }
    };
    view! { <tbody role="rowgroup" id=id>{rows}</tbody> }
}

/// Stands for rows that are not in the page.
fn room(height: impl Fn() -> u32 + Copy + Send + Sync + 'static) -> View {
    let style = move || format!("{}px", height());
    view! {
        <tbody aria-hidden="true" hidden=move || height() == 0>
            <tr><td class="vms__room" style:height=style></td></tr>
        </tbody>
    }
}

/// Stands where the next rows are going to be, over all the columns: one more than there are would take from their width.
fn coming(columns: usize) -> View {
    let line = |_| view! { <tr><td colspan=columns.to_string()><div class=format!("skeleton skeleton--row")></div></td></tr> };
    view! { <tbody aria-hidden="true" class="vms__coming">{(0..3).map(line).collect_view()}</tbody> }
}

fn head(shown: Shown, (class, name, sort): Column) -> View {
    let class = format!("vms__{class}");
    let Some(own) = sort else {
        return view! { <th scope="col" role="columnheader" class=class>{name}</th> };
    };
    let (query, route) = (shown.query, Route::here());
    let now = move || query.with(|query| query.sort);
    let back = turned(own, own);
    let way = move || match now() {
        sort if sort != own && sort != back => "none",
        sort if sort.is_descending() => "descending",
        _ => "ascending",
    };
    let order = move |_| {
        let mut query = query.get_untracked();
        query.sort = turned(query.sort, own);
        route.go(&query.address());
    };
    view! {
        <th scope="col" role="columnheader" class=class aria-sort=way>
            <button type="button" class="vms__sort" on:click=order>{name}<Icon name="sort"/></button>
        </th>
    }
}

/// The first rows, before there are any.
#[component]
pub(super) fn Waiting(list: List) -> impl IntoView {
    let text = say!(language(), vms.reading);
    let row = |_| view! { <div class=format!("skeleton skeleton--vm")></div> };
    move || {
        list.failure.with(Option::is_none).then(|| {
            view! {
                <div aria-busy="true">
                    <p class="visually-hidden" role="status">{text}</p>
                    {(0..8).map(row).collect_view()}
                </div>
            }
        })
    }
}
