use crate::{
    components::copy::CopyButton,
    language::{language, say},
    model::step::{
        Step,
        detail::{Detail, Fact, Grid, GridRow},
    },
    prelude::*,
};

/// What stands behind the sentence of a step.
#[component]
pub(super) fn Details(step: Step) -> impl IntoView {
    let Detail { facts, grid, proof, json } = step.detail(language());
    let facts = facts.into_iter().map(fact).collect_view();
    view! {
        <div class="detail">
            {grid.map(table)}
            {effects(proof)}
            <dl class="detail__facts">{facts}</dl>
            {json.map(|json| view! { <pre class="json">{json}</pre> })}
        </div>
    }
}

fn fact(Fact { name, value, is_id }: Fact) -> View {
    if !is_id {
        return view! { <dt>{name}</dt><dd>{value}</dd> };
    }
    let copy = say!(language(), common.copy);
    view! {
        <dt>{name.clone()}</dt>
        <dd class="detail__id"><code>{value.clone()}</code><CopyButton text=value.into() label=copy what=Some(name)/></dd>
    }
}

fn effects(proof: Vec<String>) -> Option<View> {
    if proof.is_empty() {
        return None;
    }
    let lines = proof.into_iter().map(|line| view! { <li>{line}</li> }).collect_view();
    let title = say!(language(), step.proof);
    Some(view! { <p class="detail__title">{title}</p><ul class="changes">{lines}</ul> })
}

fn table(Grid { caption, heads, rows }: Grid) -> View {
    let heads = heads.into_iter().map(|head| view! { <th scope="col">{head}</th> }).collect_view();
    let rows = rows.into_iter().map(row).collect_view();
    view! {
        <table class="grid">
            <caption>{caption}</caption>
            <thead><tr>{heads}</tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn row(GridRow { name, cells, changed }: GridRow) -> View {
    let cells = cells.into_iter().map(|cell| view! { <td>{cell}</td> }).collect_view();
    let class = if changed { "grid__row grid__row--changed" } else { "grid__row" };
    view! { <tr class=class><th scope="row">{name}</th>{cells}</tr> }
}
