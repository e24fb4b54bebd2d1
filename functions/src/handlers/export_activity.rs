//! `GET /api/activity.csv`: the same audit as a file, streamed.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use shared::{
    api::{ActivityQuery, Step},
    audit::{Event, Record},
};

use super::list_activity::{filter, step};
use crate::{
    app::App,
    caller::Principal,
    error::{ApiError, Query},
};

/// How many entries are in memory at once.
const AT_A_TIME: u32 = 500;

const HEAD: &str = "time,subscription,sequence,actor,actor_id,virtual_machine,event,summary,justification,grant,correlation_id,hash\r\n";

pub(crate) async fn export_activity(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<ActivityQuery>,
) -> Result<Response, ApiError> {
    let (mut filter, readable) = filter(&app, &principal, &query).await?;
    filter.limit = AT_A_TIME;
    let rows = app.store().clone().activity_stream(filter).filter_map(move |entry| {
        let row = match entry {
            Ok(entry) if !readable.shows(&entry) => None,
            Ok(entry) => Some(Ok(row(&step(entry)))),
            Err(error) => Some(Err(error)),
        };
        futures::future::ready(row)
    });
    let rows = rows.take(query.limit.map_or(usize::MAX, usize::from));
    let head = futures::stream::iter([Ok(HEAD.to_owned())]);
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"postern-activity.csv\""),
    ];
    Ok((headers, Body::from_stream(head.chain(rows))).into_response())
}

fn row(Step { entry, summary }: &Step) -> String {
    let Record { subscription, at, actor, vm, event } = &entry.record;
    let fields = [
        at.to_string(),
        subscription.to_string(),
        entry.seq.to_string(),
        actor.as_ref().map_or_else(|| "Postern".to_owned(), |actor| actor.name.clone()),
        actor.as_ref().map(|actor| actor.id.clone()).unwrap_or_default(),
        vm.as_ref().map(ToString::to_string).unwrap_or_default(),
        event.kind().to_owned(),
        summary.clone(),
        justification(event).to_owned(),
        event.grant().map(|grant| grant.to_string()).unwrap_or_default(),
        event.correlation_id().unwrap_or_default().to_owned(),
        entry.hash.clone(),
    ];
    let mut line = fields.iter().map(|field| cell(field)).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

fn justification(event: &Event) -> &str {
    match event {
        Event::Asked { justification, .. } => justification.as_deref().unwrap_or_default(),
        _ => "",
    }
}

/// A cell that no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    let starts_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']);
    let safe = if starts_formula { format!("'{text}") } else { text.to_owned() };
    if safe.contains([',', '"', '\n', '\r']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"] {
            assert!(cell(text).trim_start_matches('"').starts_with('\''), "{text}");
        }
        assert_eq!(cell("deploy fix"), "deploy fix");
    }

    #[test]
    fn quotes_commas_and_lines_stay_inside_their_cell() {
        assert_eq!(cell("a,\"b\"\nc"), "\"a,\"\"b\"\"\nc\"");
    }
}
