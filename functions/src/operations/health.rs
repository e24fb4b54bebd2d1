use shared::api::{HealthReport, route};

use super::{Access, Content, Operation, get, post};
use crate::{
    handlers::{
        read_health, read_health_report::read_health_report, read_metrics::read_metrics, run_sweep::run_sweep,
    },
    sweep::SweepReport,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get(
            route::HEALTH,
            "read_health_report",
            "How Postern is, for those who configure it",
            read_health_report,
        )
        .answers::<HealthReport>("What is overdue, what drifted, and whether the timer is heard of."),
        post(route::SWEEPS, "run_sweep", "Looks at everything once and closes what is due", run_sweep)
            .answers::<SweepReport>("What the look came to."),
        get("/healthz", "read_health", "Whether the process answers", read_health::is_alive)
            .open_to(Access::Public)
            .answers_in(200, "It does.", Content::Text("text/plain")),
        get("/readyz", "read_readiness", "Whether the store answers too", read_health::is_ready)
            .open_to(Access::Public)
            .answers_in(200, "It does.", Content::Text("text/plain"))
            .refuses(&[503]),
        get("/metrics", "read_metrics", "What was counted, for Prometheus", read_metrics)
            .open_to(Access::Metrics)
            .answers_in(200, "In Prometheus' text form.", Content::Text("text/plain"))
            .refuses(&[401, 404, 500]),
    ]
}
