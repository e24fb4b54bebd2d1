//! `POST /api/grants/preview`: what a request would come to, worked out by the code that would do it. Writes nothing.

use axum::extract::State;
use shared::{
    api::{CreateGrant, GrantPreview, PreviewedChange, PreviewedObstacle, ProblemBody},
    decision::decide,
    grant::{GrantId, LeaseId},
};

use super::create_grant::{Asked, asked_for, previewed};
use crate::{
    app::App,
    caller::Principal,
    enforce::Preview,
    error::{ApiError, Json},
};

pub(crate) async fn preview_grant(
    State(app): State<App>,
    principal: Principal,
    Json(body): Json<CreateGrant>,
) -> Result<axum::Json<GrantPreview>, ApiError> {
    let Asked { request, policies, caller } = asked_for(&app, body, &principal).await?;
    let (denials, preview) = match decide(&policies, &request, &caller, app.now()) {
        Err(denials) => {
            let told = denials.as_slice().iter().map(|denial| {
                ProblemBody::new(denial.code(), denial.to_string()).about(denial.vm().to_string())
            });
            (told.collect(), Preview::default())
        }
        Ok(admission) => {
            let grant = admission
                .into_grant(GrantId::from_uuid(app.ids.uuid()), || LeaseId::from_uuid(app.ids.uuid()))
                .ok_or_else(|| ApiError::rejected("duration", "an opening lasts some time"))?;
            (Vec::new(), previewed(&app, &grant).await?)
        }
    };
    let obstacles = preview.in_the_way(|_| true);
    let obstacles: Vec<PreviewedObstacle> = obstacles
        .into_iter()
        .map(|(place, reason)| PreviewedObstacle { place: place.to_owned(), reason })
        .collect();
    let Preview { changes, proof, .. } = preview;
    let changes =
        changes.into_iter().map(|(nsg, change)| PreviewedChange { nsg: nsg.name().to_owned(), change });
    Ok(axum::Json(GrantPreview {
        denials,
        obstacles,
        changes: changes.collect(),
        proof,
        server_time: app.now(),
    }))
}
