//! The API as an AWS Lambda function behind an HTTP front (API Gateway, function URL, load balancer).

use functions::{
    auth::client_address::ClientPeer,
    router::router,
    start::{application, configuration},
    telemetry,
};
use lambda_http::{Error, Request, RequestExt, request::RequestContext, service_fn, tower::ServiceExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = configuration()?;
    telemetry::init(&config);
    let router = router(application(&config, false).await?);
    lambda_http::run(service_fn(move |mut request: Request| {
        let router = router.clone();
        if let Some(peer) = peer(&request) {
            request.extensions_mut().insert(peer);
        }
        async move { router.oneshot(request).await }
    }))
    .await
}

/// Who called the front, as AWS says it: no header can change that.
fn peer(request: &Request) -> Option<ClientPeer> {
    let address = match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.clone(),
        RequestContext::ApiGatewayV1(context) => context.identity.source_ip.clone(),
        _ => None,
    };
    address?.parse().ok().map(ClientPeer)
}
