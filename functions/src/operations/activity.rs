use shared::api::{Activity, ActivityQuery, route};

use super::{Content, Operation, get};
use crate::handlers::{export_activity::export_activity, list_activity::list_activity};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get(route::ACTIVITY, "list_activity", "The audit of what the caller may see", list_activity)
            .asks::<ActivityQuery>()
            .answers::<Activity>("A page, newest first.")
            .refuses(&[404]),
        get(route::ACTIVITY_CSV, "export_activity", "The same audit as a file", export_activity)
            .asks::<ActivityQuery>()
            .answers_in(200, "All entries, newest first.", Content::Text("text/csv"))
            .refuses(&[404]),
    ]
}
