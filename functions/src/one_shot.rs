//! One more chance to close, on AWS: for each end of a grant a schedule of EventBridge Scheduler, which invokes the sweep
//! then and removes itself. The timer stays the law: whatever fails here is logged, and nothing waits for it.

mod signed;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::{grant::Grant, nsg::stamp::Deployment};
use url::Url;

use crate::{clock::Clock, config::Secret};

/// How long the answer to a request for access may wait for this.
const PATIENCE: Duration = Duration::from_secs(3);

/// A grant has one end, or a few; those of more are left to the timer.
const MOST: usize = 10;

/// What is scheduled where, and by whom.
#[derive(Clone, Debug)]
pub struct OneShotSettings {
    /// The ARN of the sweep's function.
    pub target: String,
    /// The ARN of the role by which EventBridge Scheduler invokes it.
    pub role: String,
    /// The group of the schedules, which exists.
    pub group: String,
    pub endpoint: Url,
    pub region: String,
    pub keys: AwsKeys,
}

/// What AWS gives to a function that runs there.
#[derive(Clone, Debug)]
pub struct AwsKeys {
    pub id: String,
    pub secret: Secret<String>,
    pub session: Option<Secret<String>>,
}

/// Makes the schedules.
#[derive(Debug)]
pub struct OneShot {
    settings: OneShotSettings,
    deployment: Deployment,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
}

impl OneShot {
    pub fn new(
        settings: OneShotSettings,
        deployment: Deployment,
        http: reqwest::Client,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { settings, deployment, http, clock }
    }

    /// Schedules a sweep for each end of a grant. What is not scheduled is in the log.
    pub async fn schedule(&self, grant: &Grant) {
        let ends: BTreeSet<Timestamp> = grant.leases.iter().map(|lease| lease.expires_at).collect();
        let each = ends.into_iter().take(MOST).map(|end| async move {
            if let Err(error) = self.create(grant, end).await {
                tracing::warn!(grant.id = %grant.id, %end, error, "no schedule for the end: the timer closes it");
            }
        });
        join_all(each).await;
    }

    async fn create(&self, grant: &Grant, end: Timestamp) -> Result<(), String> {
        let url = self.settings.endpoint.join(&format!("schedules/{}", self.name(grant, end)));
        let url = url.map_err(|error| error.to_string())?;
        let request = signed::post(&url, self.schedule_at(end), &self.settings, self.clock.now())?;
        let request = reqwest::Request::try_from(request).map_err(|error| error.to_string())?;
        let asked = tokio::time::timeout(PATIENCE, self.http.execute(request)).await;
        let response = asked.map_err(|_| "no answer in time".to_owned())?;
        let response = response.map_err(|error| error.without_url().to_string())?;
        match response.status() {
            status if status.is_success() => Ok(()),
            // It was scheduled before.
            http::StatusCode::CONFLICT => Ok(()),
            status => Err(format!("EventBridge Scheduler answered {status}")),
        }
    }

    /// At most 64 characters, the same for the same end.
    fn name(&self, grant: &Grant, end: Timestamp) -> String {
        let grant = grant.id.to_string().replace('-', "");
        format!("postern-{}-{grant}-{}", self.deployment, end.as_second())
    }

    fn schedule_at(&self, end: Timestamp) -> Value {
        let OneShotSettings { target, role, group, .. } = &self.settings;
        // At or after the end: a sweep that comes before it only waits.
        let second = if end.subsec_nanosecond() == 0 { end.as_second() } else { end.as_second() + 1 };
        let at = Timestamp::from_second(second).unwrap_or(end).strftime("at(%Y-%m-%dT%H:%M:%S)").to_string();
        json!({
            "GroupName": group,
            "ScheduleExpression": at,
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": { "Mode": "OFF" },
            "ActionAfterCompletion": "DELETE",
            "Target": { "Arn": target, "RoleArn": role, "Input": "{}" },
        })
    }
}

#[cfg(test)]
mod tests;
