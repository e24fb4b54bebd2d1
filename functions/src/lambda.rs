//! AWS Lambda: the router behind a function URL, an API Gateway or a load balancer, and the sweep behind EventBridge.
//!
//! A function is frozen after each answer, for minutes or for good, so nothing goes on after one.

mod answer;
mod event;

use std::convert::Infallible;

use axum::{extract::Request, response::Response};
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use tower::{Service, ServiceExt};

pub use self::{
    answer::Answer,
    event::{Event, NotHttp},
};
use crate::{
    app::App,
    sweep::{self, SweepReport, TIMER_PERIOD},
};

/// What a run of the sweep needs after its last look ahead, to end before Lambda ends it.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);

/// Answers the events of HTTP fronts until Lambda ends the process.
pub async fn serve<S>(service: S) -> Result<(), Error>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send,
    S::Future: Send,
{
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Event>| {
        let service = service.clone();
        async move { handle(service, event.payload).await.map_err(Error::from) }
    }))
    .await
}

/// Sweeps at each event, whatever it says, until Lambda ends the process.
pub async fn serve_sweep(app: App) -> Result<(), Error> {
    lambda_runtime::run(service_fn(move |event: LambdaEvent<serde::de::IgnoredAny>| {
        let app = app.clone();
        async move { sweep_until(&app, event.context.deadline).await.map_err(Error::from) }
    }))
    .await
}

/// The answer to one event; an error if it is none of an HTTP front.
pub async fn handle<S>(service: S, event: Event) -> Result<Answer, NotHttp>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let front = event.front()?;
    let response = match event.into_request(front) {
        Ok(request) => {
            let Ok(response) = service.oneshot(request).await;
            response
        }
        Err(error) => axum::response::IntoResponse::into_response(error),
    };
    Ok(Answer::new(front, response).await)
}

/// Looks ahead to the timer's next run, unless Lambda ends this one before: `deadline` is in milliseconds since 1970.
async fn sweep_until(app: &App, deadline: u64) -> Result<SweepReport, crate::store::StoreError> {
    sweep::run(&app.engine, &app.subscriptions, look_ahead(app.now(), deadline)).await
}

fn look_ahead(now: Timestamp, deadline: u64) -> Timestamp {
    let period = now.checked_add(TIMER_PERIOD).unwrap_or(Timestamp::MAX);
    let deadline = i64::try_from(deadline).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    // One that has passed before the work begins is of a clock that is not ours.
    let deadline = deadline.filter(|deadline| *deadline > now);
    let end = deadline.and_then(|end| end.checked_sub(MARGIN).ok()).unwrap_or(period);
    period.min(end.max(now))
}

#[cfg(test)]
mod tests;
