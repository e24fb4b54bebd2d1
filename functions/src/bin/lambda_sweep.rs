//! The sweep as an AWS Lambda function that EventBridge calls once a minute.

use functions::{
    start::{application, configuration},
    sweep::{self, TIMER_PERIOD},
    telemetry,
};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = configuration()?;
    telemetry::init(&config);
    let app = application(&config, false).await?;
    lambda_runtime::run(service_fn(move |_: LambdaEvent<Value>| {
        let app = app.clone();
        async move {
            let report = sweep::run(&app.engine, &app.subscriptions, app.now() + TIMER_PERIOD).await;
            report.map_err(Error::from)
        }
    }))
    .await
}
