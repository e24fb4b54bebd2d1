//! Structured logs. Tokens, cookies and claims are never among the fields.

use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{Config, LogFormat};

/// Starts logging to standard output; a second call changes nothing.
pub fn init(config: &Config) {
    let registry = tracing_subscriber::registry().with(config.log_filter.clone());
    let started = match config.log {
        LogFormat::Json => registry.with(tracing_subscriber::fmt::layer().json()).try_init(),
        LogFormat::Pretty => registry.with(tracing_subscriber::fmt::layer()).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}
