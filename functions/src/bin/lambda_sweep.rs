//! The sweep as an AWS Lambda function that EventBridge calls once a minute.

use functions::{
    lambda,
    start::{application, configuration},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = configuration()?;
    telemetry::init(&config);
    lambda::serve_sweep(application(&config, false).await?).await
}
