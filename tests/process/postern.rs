//! A running `postern`, and who calls it.

use std::{
    fs::File,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::OnceLock,
    time::Duration,
};

use azure_sim::Options;
use functions::auth::http_client;
use http::Method;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use shared::{api, vm::VmId};
use tempfile::TempDir;
use tests::{Azure, CLIENT_ADDRESS};

/// How long anything may take that takes no time.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(25);

/// Azure in a box whose writes take `latency`, by the machine's clock.
pub(crate) async fn azure(latency: Duration) -> Azure {
    Azure::start(Options { latency, ..Options::for_tests() }).await
}

/// A folder with what a Postern keeps, and what it is told.
#[derive(Debug)]
pub(crate) struct Home {
    folder: TempDir,
    pub(crate) port: u16,
    settings: Vec<(String, String)>,
}

impl Home {
    pub(crate) fn of(azure: &Azure, more: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a folder");
        let port = free_port();
        let database = format!("sqlite:{}", folder.path().join("postern.db").display());
        let listen = format!("127.0.0.1:{port}");
        let identity = &azure.demo["identity"];
        let own = [
            ("POSTERN_DATABASE", database.as_str()),
            ("POSTERN_LISTEN", &listen),
            ("POSTERN_LOG", "pretty"),
            ("IDENTITY_ENDPOINT", identity["endpoint"].as_str().expect("a URL")),
            ("IDENTITY_HEADER", identity["header"].as_str().expect("a secret")),
        ];
        let mut settings = azure.settings();
        settings
            .extend(own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Self { folder, port, settings }
    }

    /// As if one of its variables were not set.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.settings.retain(|(own, _)| own != name);
        self
    }

    pub(crate) fn store(&self) -> String {
        format!("sqlite:{}", self.folder.path().join("postern.db").display())
    }

    /// Everything that was logged so far, by all that ran here.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Starts `postern` with these arguments.
    pub(crate) fn start(&self, arguments: &[&str]) -> Process {
        self.start_as(Command::new(binary()).env_clear().args(arguments))
    }

    /// Starts `postern` as this command says, with what this home tells it.
    pub(crate) fn start_as(&self, command: &mut Command) -> Process {
        let log = File::options().create(true).append(true).open(self.folder.path().join("log"));
        let log = log.expect("a log can be written");
        let child = command
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log can be written"))
            .stderr(log)
            .spawn();
        Process(child.expect("postern starts"))
    }

    /// Starts the server, and returns when it is ready.
    pub(crate) async fn serve(&self) -> Process {
        let mut process = self.start(&["serve", "--timer"]);
        until("it is ready", async || {
            assert!(process.ended().is_none(), "it ended:\n{}", self.log());
            self.status("/readyz").await == Some(200)
        })
        .await;
        process
    }

    /// What a GET answers; nothing where nobody answers.
    pub(crate) async fn status(&self, path: &str) -> Option<u16> {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        Some(client().get(url).header("connection", "close").send().await.ok()?.status().as_u16())
    }

    pub(crate) async fn caller(&self, azure: &Azure, principal: &str) -> Caller {
        let token = azure.token(principal, "api://postern/.default").await;
        Caller { url: format!("http://127.0.0.1:{}", self.port), token }
    }
}

/// Killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("it can be waited for")
    }

    pub(crate) fn terminate(&self) {
        let id = Pid::from_raw(self.0.id().try_into().expect("a process id"));
        kill(id, Signal::SIGTERM).expect("it runs");
    }

    /// As SIGKILL does: at once, whatever it is doing.
    pub(crate) fn kill(mut self) {
        self.0.kill().expect("it can be killed");
        self.0.wait().expect("it can be waited for");
    }

    /// How it ended.
    pub(crate) async fn end(&mut self) -> ExitStatus {
        until("it ends", async || self.ended().is_some()).await;
        self.ended().expect("it ended")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Calls with a bearer token, as if through the one trusted proxy.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    url: String,
    token: String,
}

impl Caller {
    /// The status and what came with it; nothing where the connection broke.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Option<(u16, Value)> {
        let mut request = client()
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.token)
            .header("x-forwarded-for", CLIENT_ADDRESS)
            .header("connection", "close");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.ok()?;
        Some((answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null)))
    }

    /// JIT with Azure's defaults for SSH.
    pub(crate) async fn enable(&self, vm: &VmId) {
        let answer = self.call(Method::PUT, &api::policy_path(vm), &[], Some(&a_policy("PT3H"))).await;
        assert!(matches!(answer, Some((200, _))), "{answer:?}");
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.call(Method::GET, path, &[], None).await;
        let (status, body) = answer.expect("it answers");
        assert_eq!(status, 200, "{path}: {body}");
        body
    }
}

pub(crate) fn client() -> reqwest::Client {
    http_client(None).expect("a client")
}

pub(crate) fn a_policy(longest: &str) -> Value {
    let rule = json!({ "port": 22, "protocol": "tcp", "allowed_sources": "any", "max_duration": longest });
    json!({ "ports": [rule], "justification": "optional", "precedence": "customer_first", "live_sessions": "never" })
}

/// A request for SSH from the caller's own address.
pub(crate) fn an_opening(vm: &VmId, duration: &str) -> Value {
    json!({ "openings": [{ "vm": vm.to_string(), "port": 22, "duration": duration }] })
}

/// Returns when it is so; fails when that takes too long.
pub(crate) async fn until(what: &str, is_so: impl AsyncFnMut() -> bool) {
    until_within(PATIENCE, what, is_so).await;
}

pub(crate) async fn until_within(limit: Duration, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(limit, async {
        while !is_so().await {
            tokio::time::sleep(POLL).await;
        }
    });
    assert!(waited.await.is_ok(), "not so after {limit:?}: {what}");
}

/// Somebody removes a guard; gives its path.
pub(crate) async fn remove_guard(azure: &Azure) -> String {
    let written = azure.history().await;
    let guard =
        written.iter().filter_map(|write| write["path"].as_str()).find(|path| path.contains("-guard-"));
    let guard = guard.expect("a guard was written").to_owned();
    azure.sim_call(reqwest::Method::DELETE, "resources", &json!({ "id": guard })).await;
    guard
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it has an address").port()
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie below the root")
}

/// `postern` as `cargo xtask build` makes it; made now if it is not up to date.
pub(crate) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let target = root().join("target");
        let mut cargo = cargo();
        cargo.args(["build", "-p", "functions", "-p", "azure-sim", "--bins", "--target-dir"]).arg(&target);
        assert!(cargo.status().expect("cargo runs").success(), "postern cannot be built");
        target.join("debug/postern")
    })
}

/// The folder that `cargo xtask build --target azure-functions` makes, with the binary that the other tests run.
pub(crate) fn package() -> &'static Path {
    static PACKAGE: OnceLock<PathBuf> = OnceLock::new();
    PACKAGE.get_or_init(|| {
        let mut cargo = cargo();
        cargo.args(["run", "--quiet", "--package", "xtask", "--"]);
        cargo.args(["build", "--target", "azure-functions", "--dev"]);
        assert!(cargo.status().expect("cargo runs").success(), "the application cannot be built");
        root().join("target/azure-functions")
    })
}

/// Cargo without what it told this test: build scripts that watch it would run again.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root());
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| name.to_string_lossy().starts_with(start)) {
            cargo.env_remove(name);
        }
    }
    cargo
}
