//! What the host of Azure Functions reads: the application, and its two functions.
//!
//! Both triggers are built into the host, so that no extension bundle is named, downloaded or kept up to date.

use anyhow::{Context, Result};
use serde::Serialize;

use crate::build::folder::PROGRAM;

/// What the program allows for: it answers a timer within four minutes. The Consumption plan's own default.
const FUNCTION_TIMEOUT: &str = "00:05:00";

/// On the minute, each minute: the sweep looks as far ahead.
const EACH_MINUTE: &str = "0 * * * * *";

/// The host's files, by their place in the folder; the name of a function is that of its folder.
pub(super) fn files() -> Result<[(&'static str, String); 3]> {
    Ok([
        ("host.json", text(&Host::application())?),
        ("api/function.json", text(&Function::api())?),
        ("sweep/function.json", text(&Function::sweep())?),
    ])
}

fn text(file: &impl Serialize) -> Result<String> {
    let mut text = serde_json::to_string_pretty(file).context("a file for the host is not JSON")?;
    text.push('\n');
    Ok(text)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Host {
    version: &'static str,
    function_timeout: &'static str,
    extensions: Extensions,
    custom_handler: CustomHandler,
}

#[derive(Serialize)]
struct Extensions {
    http: Http,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    /// What every path begins with; it would be `api`.
    route_prefix: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CustomHandler {
    description: Description,
    /// HTTP calls come as they are, and are answered as they are.
    enable_forwarding_http_request: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    default_executable_path: &'static str,
    arguments: [&'static str; 1],
}

impl Host {
    fn application() -> Self {
        Self {
            version: "2.0",
            function_timeout: FUNCTION_TIMEOUT,
            extensions: Extensions { http: Http { route_prefix: "" } },
            custom_handler: CustomHandler {
                description: Description { default_executable_path: PROGRAM, arguments: ["serve"] },
                enable_forwarding_http_request: true,
            },
        }
    }
}

#[derive(Serialize)]
struct Function {
    bindings: Vec<Binding>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Binding {
    /// Of every method. Postern itself knows who calls: the host asks for no key.
    HttpTrigger {
        direction: Direction,
        name: &'static str,
        auth_level: &'static str,
        route: &'static str,
    },
    Http {
        direction: Direction,
        name: &'static str,
    },
    /// With a monitor, a run that was missed is made up for when the host starts.
    TimerTrigger {
        direction: Direction,
        name: &'static str,
        schedule: &'static str,
        use_monitor: bool,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    In,
    Out,
}

impl Function {
    /// Every path but the host's own, `/admin` and `/runtime`.
    fn api() -> Self {
        let (name, auth_level, route) = ("request", "anonymous", "{*path}");
        let trigger = Binding::HttpTrigger { direction: Direction::In, name, auth_level, route };
        Self { bindings: vec![trigger, Binding::Http { direction: Direction::Out, name: "response" }] }
    }

    fn sweep() -> Self {
        let (name, schedule, use_monitor) = ("timer", EACH_MINUTE, true);
        Self {
            bindings: vec![Binding::TimerTrigger { direction: Direction::In, name, schedule, use_monitor }],
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_files_are_those_of_a_custom_handler_that_forwards() {
        let [host, api, sweep] =
            files().unwrap().map(|(_, text)| serde_json::from_str::<Value>(&text).unwrap());
        let description = json!({ "defaultExecutablePath": "postern", "arguments": ["serve"] });
        let handler = json!({ "description": description, "enableForwardingHttpRequest": true });
        let extensions = json!({ "http": { "routePrefix": "" } });
        let expected = json!({ "version": "2.0", "functionTimeout": "00:05:00", "extensions": extensions,
                               "customHandler": handler });
        assert_eq!(host, expected);
        let trigger = json!({ "type": "httpTrigger", "direction": "in", "name": "request",
                              "authLevel": "anonymous", "route": "{*path}" });
        let answer = json!({ "type": "http", "direction": "out", "name": "response" });
        assert_eq!(api, json!({ "bindings": [trigger, answer] }));
        let timer = json!({ "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "0 * * * * *",
                            "useMonitor": true });
        assert_eq!(sweep, json!({ "bindings": [timer] }));
    }
}
