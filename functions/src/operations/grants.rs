use shared::api::{CreateGrant, GrantList, GrantPreview, GrantView, MoveGrant, route};

use super::{Header, Operation, get, post};
use crate::handlers::{
    create_grant::create_grant, list_grants::list_grants, move_grant::move_grant,
    preview_grant::preview_grant, read_grant::read_grant, revoke_grant::revoke_grant,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get(route::GRANTS, "list_grants", "The caller's own grants", list_grants)
            .answers::<GrantList>("The newest 100, and all older ones that still live, newest first."),
        post(route::GRANTS, "create_grant", "Asks for openings", create_grant)
            .takes::<CreateGrant>()
            .heeds(Header::IDEMPOTENCY)
            .heeds(Header::PREFER)
            .answers::<GrantView>("This request was granted before, under the same name.")
            .answers_with::<GrantView>(201, "Granted; each opening as it was read back from Azure.")
            .answers_with::<GrantView>(202, "Granted and durable; the openings are being made.")
            .refuses(&[404, 409, 422]),
        post(
            route::GRANT_PREVIEW,
            "preview_grant",
            "What a request would come to; writes nothing",
            preview_grant,
        )
        .takes::<CreateGrant>()
        .answers::<GrantPreview>("Worked out by the code that would do it.")
        .refuses(&[404, 409]),
        get("/api/grants/{id}", "read_grant", "A grant and how far it is", read_grant)
            .answers::<GrantView>("As it was last read back."),
        post("/api/grants/{id}/revoke", "revoke_grant", "Closes a grant's openings now", revoke_grant)
            .heeds(Header::PREFER)
            .answers::<GrantView>("Each opening as it was read back from Azure.")
            .answers_with::<GrantView>(202, "The end is durable; the openings are being closed.")
            .refuses(&[409]),
        post(
            "/api/grants/{id}/move",
            "move_grant",
            "The same openings for another address, to the same end",
            move_grant,
        )
        .takes::<MoveGrant>()
        .heeds(Header::IDEMPOTENCY)
        .heeds(Header::PREFER)
        .answers::<GrantView>("This was done before, under the same name: the new grant.")
        .answers_with::<GrantView>(201, "The new grant; the old one is closed once the new one is open.")
        .answers_with::<GrantView>(202, "The new grant, which is durable; its openings are being made.")
        .refuses(&[409, 422]),
    ]
}
