//! The API as an AWS Lambda function behind an HTTP front (function URL, API Gateway, load balancer).

use functions::{
    lambda,
    router::router,
    start::{application, configuration},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = configuration()?;
    telemetry::init(&config);
    lambda::serve(router(application(&config, false).await?)).await
}
