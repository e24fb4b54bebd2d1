//! Small GET requests to what runs on this machine.

use std::time::Duration;

use ureq::Agent;

/// The status and body of a GET, or `None` when nobody answers yet.
pub(super) fn get(url: &str) -> Option<(u16, String)> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(5)))
        .build();
    let mut response = Agent::new_with_config(config).get(url).call().ok()?;
    let body = response.body_mut().read_to_string().ok()?;
    Some((response.status().as_u16(), body))
}
