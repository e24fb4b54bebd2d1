use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Answer;
use super::call::Call;
use super::paging::page;
use super::place::Place;
use super::write::bad_request;
use crate::world::WriteRecord;

/// The activity log of a subscription, made from the writes of the past.
pub(super) fn list(call: &mut Call<'_>) -> Answer {
    let filter = Filter::parse(call.query("$filter").unwrap_or_default()).ok_or_else(|| {
        let message = "The $filter must bound eventTimestamp by 'ge' and may name one of resourceGroupName, \
                       resourceUri, resourceProvider, correlationId.";
        bad_request("BadRequest", message)
    })?;
    let scope = &call.place.scope;
    let in_scope = |record: &&WriteRecord| crate::world::is_within(&record.path.to_ascii_lowercase(), scope);
    let all = call.core.world.history(0).filter(in_scope).filter(|record| filter.takes(record));
    // Newest first, as Azure answers: the numbers are complemented so that their order is the list's order.
    let mut keys: Vec<String> = all.map(|record| format!("{:020}", u64::MAX - record.seq)).collect();
    keys.sort_unstable();
    page(call, &keys, |key| {
        let seq = u64::MAX - key.parse::<u64>().ok()?;
        call.core.world.history(seq.checked_sub(1)?).next().map(event)
    })
}

fn event(record: &WriteRecord) -> Value {
    let place = Place::parse(&record.path);
    let kind = place.as_ref().map_or("", |place| place.kind.as_str());
    let group = place.as_ref().and_then(Place::resource_group).map(|(name, _)| name.to_owned());
    let verb = match record.method.as_str() {
        "DELETE" => "delete",
        "POST" => "action",
        _ => "write",
    };
    let action = format!("{kind}/{verb}");
    let status = StatusCode::from_u16(record.status).unwrap_or_default();
    let outcome = if status.is_success() { "Succeeded" } else { "Failed" };
    let reason = status.canonical_reason().unwrap_or_default();
    json!({
        "authorization": {"action": action, "scope": record.path},
        "caller": record.principal_name,
        "claims": {"http://schemas.microsoft.com/identity/claims/objectidentifier": record.principal},
        "correlationId": record.correlation_id,
        "eventDataId": format!("00000000-0000-0000-0000-{:012x}", record.seq),
        "eventName": {"value": "EndRequest", "localizedValue": "End request"},
        "eventTimestamp": record.at.to_string(),
        "submissionTimestamp": record.at.to_string(),
        "httpRequest": {"clientIpAddress": "127.0.0.1", "method": record.method},
        "level": if status.is_success() { "Informational" } else { "Error" },
        "operationName": {"value": action, "localizedValue": action},
        "resourceId": record.path,
        "resourceGroupName": group,
        "status": {"value": outcome, "localizedValue": outcome},
        "subStatus": {"value": reason, "localizedValue": format!("{reason} (HTTP Status Code: {})", record.status)},
        "properties": {"statusCode": reason},
    })
}

#[derive(Debug, Default)]
struct Filter {
    from: Timestamp,
    to: Option<Timestamp>,
    group: Option<String>,
    resource: Option<String>,
    provider: Option<String>,
    correlation_id: Option<String>,
}

impl Filter {
    fn parse(text: &str) -> Option<Self> {
        let mut filter = Self::default();
        let mut is_bounded = false;
        for clause in text.split(" and ") {
            let mut words = clause.trim().splitn(3, ' ');
            let (field, operator, value) = (words.next()?, words.next()?, words.next()?);
            let value = value.trim().trim_matches('\'').to_owned();
            match (field.to_ascii_lowercase().as_str(), operator) {
                ("eventtimestamp", "ge") => {
                    is_bounded = true;
                    filter.from = value.parse().ok()?;
                }
                ("eventtimestamp", "le") => filter.to = Some(value.parse().ok()?),
                ("resourcegroupname", "eq") => filter.group = Some(value),
                ("resourceuri", "eq") => filter.resource = Some(value.to_ascii_lowercase()),
                ("resourceprovider", "eq") => filter.provider = Some(value),
                ("correlationid", "eq") => filter.correlation_id = Some(value),
                _ => return None,
            }
        }
        is_bounded.then_some(filter)
    }

    fn takes(&self, record: &WriteRecord) -> bool {
        let path = record.path.to_ascii_lowercase();
        let has =
            |marker: &str, name: &String| path.contains(&format!("/{marker}/{}/", name.to_ascii_lowercase()));
        record.at >= self.from
            && self.to.is_none_or(|to| record.at <= to)
            && self.group.as_ref().is_none_or(|group| has("resourcegroups", group))
            && self.provider.as_ref().is_none_or(|provider| has("providers", provider))
            && self.resource.as_ref().is_none_or(|id| crate::world::is_within(&path, id))
            && self.correlation_id.as_ref().is_none_or(|id| *id == record.correlation_id)
    }
}
