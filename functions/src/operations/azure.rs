use super::{Access, Operation, get};
use crate::handlers::read_endpoints::{Endpoints, read_endpoints};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get(
            "/metadata/endpoints",
            "read_endpoints",
            "Where Azure's tools sign in, and for whom",
            read_endpoints,
        )
        .open_to(Access::Public)
        .answers::<Endpoints>("In the form that Azure's clouds give; the same for every `api-version`."),
    ]
}
