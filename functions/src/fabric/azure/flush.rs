//! Whether an NSG cuts flows that are established and no longer let in (`flushConnection`).

use http::Method;
use serde_json::Value;
use shared::vm::NsgId;
use url::Url;

use super::{client::Client, resource::version, write};
use crate::fabric::{FabricError, FlushSet, WriteFailure, Written};

pub(super) async fn read(client: &Client, nsg: &NsgId) -> Result<bool, FabricError> {
    let body: Value = client.get(&url(client, nsg), "an NSG").await?;
    Ok(flushes(&body))
}

/// The NSG is written as a whole, which is all that ARM offers for this: only if nobody changed it since it was read.
pub(super) async fn set(client: &Client, nsg: &NsgId, on: bool) -> Result<FlushSet, WriteFailure> {
    let url = url(client, nsg);
    let unwritten = |error| WriteFailure { error, correlation_id: None };
    let mut body: Value = client.get(&url, "an NSG").await.map_err(unwritten)?;
    let before = flushes(&body);
    if before == on {
        return Ok(FlushSet { before, written: Written { correlation_id: None } });
    }
    let etag = body["etag"].as_str().map(str::to_owned);
    let unversioned = || unwritten(FabricError::Unintelligible { what: "an NSG without etag".to_owned() });
    let etag = etag.ok_or_else(unversioned)?;
    body["properties"]["flushConnection"] = on.into();
    let written = write::send(client, &Method::PUT, &url, Some(&body), Some(&etag)).await?;
    Ok(FlushSet { before, written })
}

fn url(client: &Client, nsg: &NsgId) -> Url {
    client.url(&nsg.to_string(), version::NETWORK, &[])
}

fn flushes(body: &Value) -> bool {
    body["properties"]["flushConnection"].as_bool().unwrap_or(false)
}
