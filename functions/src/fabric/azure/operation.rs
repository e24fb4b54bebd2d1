//! Long-running operations: a write is done when ARM says so, not when it says that it has begun.

use std::time::Duration;

use http::StatusCode;
use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;

use super::{
    answer::{Answer, ArmError},
    client::Client,
};
use crate::fabric::FabricError;

const FIRST_POLL: Duration = Duration::from_millis(500);
const LONGEST_POLL: Duration = Duration::from_secs(5);
/// The longest `Retry-After` that is obeyed.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const GIVE_UP: SignedDuration = SignedDuration::from_mins(5);
/// For how long an operation is followed that cannot be seen for the moment.
const UNSEEN: SignedDuration = SignedDuration::from_mins(1);

/// Where the state of an operation can be read.
#[derive(Debug)]
enum Follow {
    /// `Azure-AsyncOperation`: a document with a status.
    Status(Url),
    /// `Location`: 202 until it is done.
    Result(Url),
}

#[derive(Debug)]
enum Progress {
    Running,
    Done,
    Failed(FabricError),
}

#[derive(Deserialize)]
struct Status {
    status: String,
    #[serde(default)]
    error: Option<ArmError>,
}

/// Waits until the operation that `accepted` began has ended. Whatever keeps its end from being seen is
/// `Lost`: the change itself goes on in Azure.
pub(super) async fn end_of(client: &Client, accepted: &Answer) -> Result<(), FabricError> {
    let Some(mut follow) = follow(client, accepted)? else {
        return Ok(());
    };
    let deadline = client.now().saturating_add(GIVE_UP).unwrap_or(client.now());
    let (mut wait, mut growing, mut seen_at) = (FIRST_POLL, FIRST_POLL, client.now());
    while client.now() < deadline {
        client.pause(wait).await;
        growing = growing.saturating_mul(2).min(LONGEST_POLL);
        let asked = match client.poll(follow.url()).await {
            Ok(answer) => {
                seen_at = client.now();
                match progress(&follow, &answer, client)? {
                    Progress::Done => return Ok(()),
                    Progress::Failed(error) => return Err(error),
                    Progress::Running => {}
                }
                follow = follow.moved(client, &answer)?;
                answer.retry_after(client.now())
            }
            Err(FabricError::Throttled { retry_after }) => retry_after,
            Err(error) if passes(&error) && client.now().duration_since(seen_at) < UNSEEN => None,
            Err(error) => return Err(lost(error)),
        };
        wait = asked.map_or(growing, |asked| asked.clamp(FIRST_POLL, LONGEST_WAIT));
    }
    tracing::warn!("an operation did not end in time");
    Err(FabricError::Lost)
}

/// Whether the operation may be seen again at the next look: there was no answer, or no token to ask with.
const fn passes(error: &FabricError) -> bool {
    matches!(error, FabricError::Unreachable { .. })
}

fn follow(client: &Client, accepted: &Answer) -> Result<Option<Follow>, FabricError> {
    let link = |name| accepted.header(name).map(|link| client.own_link(link)).transpose().map_err(lost);
    if let Some(url) = link("azure-asyncoperation")? {
        return Ok(Some(Follow::Status(url)));
    }
    if !matches!(accepted.status, StatusCode::ACCEPTED | StatusCode::CREATED) {
        return Ok(None);
    }
    match link("location")? {
        Some(url) => Ok(Some(Follow::Result(url))),
        None if accepted.status == StatusCode::CREATED => Ok(None),
        None => Err(FabricError::Lost),
    }
}

impl Follow {
    const fn url(&self) -> &Url {
        match self {
            Self::Status(url) | Self::Result(url) => url,
        }
    }

    /// A running operation may name another place for the next look.
    fn moved(self, client: &Client, answer: &Answer) -> Result<Self, FabricError> {
        let named = |name| answer.header(name).map(|link| client.own_link(link).map_err(lost)).transpose();
        Ok(match self {
            Self::Status(url) => Self::Status(named("azure-asyncoperation")?.unwrap_or(url)),
            Self::Result(url) => Self::Result(named("location")?.unwrap_or(url)),
        })
    }
}

fn progress(follow: &Follow, answer: &Answer, client: &Client) -> Result<Progress, FabricError> {
    match follow {
        Follow::Result(_) if answer.status == StatusCode::ACCEPTED => Ok(Progress::Running),
        Follow::Result(_) if answer.status.is_success() => Ok(Progress::Done),
        Follow::Result(_) if answer.says_not_found() => Err(FabricError::Lost),
        Follow::Result(_) => Ok(Progress::Failed(answer.failure(client.now()))),
        Follow::Status(_) if !answer.status.is_success() => Err(lost(answer.failure(client.now()))),
        Follow::Status(_) => Ok(stated(answer.json("the state of an operation").map_err(lost)?)),
    }
}

fn stated(Status { status, error }: Status) -> Progress {
    match status.to_ascii_lowercase().as_str() {
        "succeeded" => Progress::Done,
        "failed" | "canceled" | "cancelled" => Progress::Failed(failure(error.unwrap_or_default(), &status)),
        _ => Progress::Running,
    }
}

fn failure(error: ArmError, status: &str) -> FabricError {
    let (is_lock, is_conflict) = (error.is_lock(), error.is_conflict());
    let ArmError { code, message } = error;
    let code = if code.is_empty() { status.to_owned() } else { code };
    match code.as_str() {
        _ if is_lock => FabricError::Locked { message },
        _ if is_conflict => FabricError::Conflict { message },
        "InternalServerError" | "InternalError" => {
            FabricError::Unreachable { message: format!("the operation failed in Azure: {message}") }
        }
        _ => FabricError::Refused { status: StatusCode::CONFLICT.as_u16(), code, message },
    }
}

fn lost(error: FabricError) -> FabricError {
    tracing::warn!(%error, "the end of an operation could not be seen");
    FabricError::Lost
}

#[cfg(test)]
mod tests;
