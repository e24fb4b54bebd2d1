//! The part of Azure Functions' host: it reads an application's folder as the real one does, starts its custom handler,
//! forwards HTTP calls to it, and fires its timer.

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use http::{HeaderMap, Method};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::Azure;

use crate::postern::{Home, Process, client, free_port, until};

/// How long the host waits until its handler answers anything.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Longer than any function may take.
const LONGEST_CALL: Duration = Duration::from_secs(600);
/// The host's own paths, which no function gets.
const RESERVED: [&str; 2] = ["/admin", "/runtime"];
const VERSION: &str = "4.1048.200.26180";

/// A host with its application running.
#[derive(Debug)]
pub(crate) struct Host {
    home: Home,
    folder: PathBuf,
    application: Value,
    /// The bindings of each function, by its name.
    functions: BTreeMap<String, Vec<Value>>,
    port: u16,
    handler: Option<Process>,
    http: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }
}

impl Host {
    /// Reads the application in `folder`, with the application settings of a Postern for this Azure, and starts it.
    pub(crate) async fn start(azure: &Azure, folder: &Path) -> Self {
        let application = read(&folder.join("host.json"));
        assert_eq!(application["version"], "2.0");
        let functions = fs::read_dir(folder).expect("a folder").filter_map(|entry| {
            let entry = entry.expect("an entry");
            let file = entry.path().join("function.json");
            let bindings = file.exists().then(|| read(&file)["bindings"].as_array().cloned())?;
            Some((entry.file_name().into_string().expect("a name"), bindings.expect("bindings")))
        });
        let mut host = Self {
            home: Home::of(azure, &[]),
            folder: folder.to_owned(),
            application,
            functions: functions.collect(),
            port: free_port(),
            handler: None,
            http: client(),
        };
        host.begin().await;
        host
    }

    pub(crate) fn log(&self) -> String {
        self.home.log()
    }

    /// Starts the handler and waits until it answers, whatever it says.
    pub(crate) async fn begin(&mut self) {
        let description = &self.application["customHandler"]["description"];
        let executable = self.folder.join(description["defaultExecutablePath"].as_str().expect("a path"));
        let mode = fs::metadata(&executable).expect("the executable is there").permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{} may be run", executable.display());
        let arguments = description["arguments"].as_array().expect("a list").iter();
        let mut command = Command::new(&executable);
        command
            .env_clear()
            .args(arguments.map(|one| one.as_str().expect("a text")))
            .current_dir(&self.folder);
        for name in ["FUNCTIONS_CUSTOMHANDLER_PORT", "FUNCTIONS_HTTPWORKER_PORT"] {
            command.env(name, self.port.to_string());
        }
        self.handler = Some(self.home.start_as(&mut command));
        let answers =
            until("the handler answers", async || self.http.get(self.url("/")).send().await.is_ok());
        tokio::time::timeout(START_LIMIT, answers).await.expect("the handler starts in time");
    }

    pub(crate) fn kill(&mut self) {
        self.handler.take().expect("a handler runs").kill();
    }

    pub(crate) fn handler(&mut self) -> &mut Process {
        self.handler.as_mut().expect("a handler runs")
    }

    /// A call from outside, as it comes through Azure's front end and the HTTP trigger.
    pub(crate) async fn forward(
        &self,
        client: &str,
        (method, path): (Method, &str),
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        if !self.has_trigger_for(path) {
            return Answer { status: 404, headers: HeaderMap::new(), text: String::new() };
        }
        let mut request = self.http.request(method, self.url(path));
        let mut forwarded = SocketAddr::new(client.parse().expect("an address"), 50_123).to_string();
        for (name, value) in headers {
            if name.eq_ignore_ascii_case("x-forwarded-for") {
                forwarded = format!("{value}, {forwarded}");
            } else {
                request = request.header(*name, *value);
            }
        }
        request = request.header("host", "postern.contoso.example");
        request = self.as_host(request.header("x-forwarded-for", forwarded).header("x-arr-log-id", "1"));
        if let Some(body) = body {
            request = request.json(body);
        }
        sent(request).await
    }

    /// Fires the one timer.
    pub(crate) async fn fire(&self, is_past_due: bool, next: Timestamp) -> Answer {
        let (_, binding) = self.timer();
        let status = json!({ "Last": "0001-01-01T00:00:00", "Next": next.to_string(), "LastUpdated": "0001-01-01T00:00:00" });
        let timer = json!({ "Schedule": { "AdjustForDST": true }, "ScheduleStatus": status, "IsPastDue": is_past_due });
        let data = json!({ binding["name"].as_str().expect("a name"): timer });
        let sys = json!({ "MethodName": self.timer().0, "UtcNow": next.to_string(), "RandGuid": "4e773554-f6b7-4ea2-b07d-4c5fd5aba741" });
        self.invoke(&json!({ "Data": data, "Metadata": { "sys": sys } })).await
    }

    /// Calls the timer's function with any payload.
    pub(crate) async fn invoke(&self, payload: &Value) -> Answer {
        let url = self.url(&format!("/{}", self.timer().0));
        sent(self.as_host(self.http.post(url)).json(payload)).await
    }

    /// When the timer is to fire next after `now`: its schedule says each minute.
    pub(crate) fn next_after(&self, now: Timestamp) -> Timestamp {
        assert_eq!(self.timer().1["schedule"], "0 * * * * *");
        let minutes = now.as_second().div_euclid(60) + 1;
        Timestamp::from_second(minutes * 60).expect("a time")
    }

    /// How long a call of a function may take before the host ends the handler.
    pub(crate) fn function_timeout(&self) -> SignedDuration {
        let text = self.application["functionTimeout"].as_str().expect("a text");
        let parts: Vec<i64> = text.split(':').map(|part| part.parse().expect("a number")).collect();
        SignedDuration::from_secs((parts[0] * 60 + parts[1]) * 60 + parts[2])
    }

    fn timer(&self) -> (&String, &Value) {
        let mut timers = self.functions.iter().flat_map(|(name, bindings)| {
            bindings.iter().filter(|one| one["type"] == "timerTrigger").map(move |one| (name, one))
        });
        let timer = timers.next().expect("a timer");
        assert!(timers.next().is_none(), "there is one timer");
        timer
    }

    /// Whether a function takes HTTP calls at this path, from anybody and as they are.
    fn has_trigger_for(&self, path: &str) -> bool {
        assert_eq!(self.application["customHandler"]["enableForwardingHttpRequest"], true);
        assert_eq!(self.application["extensions"]["http"]["routePrefix"], "");
        let is_reserved = RESERVED.iter().any(|own| path.starts_with(own));
        let mut functions = self.functions.values();
        !is_reserved
            && functions.any(|bindings| {
                // Only a function with these two bindings has its calls forwarded.
                bindings.len() == 2
                    && bindings[0]["type"] == "httpTrigger"
                    && bindings[0]["direction"] == "in"
                    && bindings[0]["authLevel"] == "anonymous"
                    && bindings[0]["route"] == "{*path}"
                    && bindings[0].get("methods").is_none()
                    && bindings[1]["type"] == "http"
                    && bindings[1]["direction"] == "out"
            })
    }

    fn as_host(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request
            .header("x-azure-functions-hostversion", VERSION)
            .header("x-azure-functions-invocationid", "83a33220-a921-460a-bec0-b3f043dcf1ff")
            .header("user-agent", format!("Azure-Functions-Host/{VERSION}"))
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}:{}{path}", Ipv4Addr::LOCALHOST, self.port)
    }
}

async fn sent(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.timeout(LONGEST_CALL).send().await.expect("the handler answers");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.expect("a body") }
}

fn read(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file).expect("the file is there")).expect("JSON")
}
