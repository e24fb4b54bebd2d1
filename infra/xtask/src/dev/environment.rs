//! The running pair: azure-sim, which also is the front door, and the functions behind it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::data::DataFolder;
use super::demo::{self, Demo, Variables};
use super::http::Http;
use super::{Options, ports};
use crate::process::Service;
use crate::{interrupt, shell, workspace};

/// How long a service may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The pause before functions that died start again.
const RESTART_AFTER: Duration = Duration::from_secs(1);

const PID_FILE: &str = "postern.pid";

/// A running Postern; everything stops when it is dropped, the functions first.
pub(crate) struct Environment {
    functions: Option<Service>,
    restart_at: Option<Instant>,
    sim: Service,
    settings: Variables,
    scripts: Variables,
    url: String,
    authority: Option<PathBuf>,
    data: DataFolder,
}

impl Environment {
    /// Starts both, and returns when the portal answers through the front door.
    pub(crate) fn start(options: &Options, data: DataFolder) -> Result<Self> {
        let scheme = if options.tls { "https" } else { "http" };
        let url = format!("{scheme}://127.0.0.1:{}", options.port);
        let sim_url = format!("{scheme}://127.0.0.1:{}", options.sim_port);
        let inner = format!("127.0.0.1:{}", ports::free_port()?);
        for log in ["azure-sim.log", "postern.log"] {
            data.write_private(log, "")?;
        }
        let mut sim = Service::start(&mut sim_command(options, &inner, &data), &data.file("azure-sim.log"))?;
        let authority = options.tls.then(|| tls_folder(&data).join("ca.pem"));
        if let Some(file) = &authority {
            wait_until("azure-sim", &mut sim, || {
                if file.exists() { Ok(()) } else { Err("no certificate".into()) }
            })?;
        }
        let http = Http::new(authority.as_deref())?;
        let demo = Demo::parse(&wait_for(&http, &format!("{sim_url}/sim/demo"), "azure-sim", &mut sim)?)?;
        let scripts = demo.for_scripts(&url, &sim_url, authority.as_deref());
        data.write_private("dev.env", &demo::shell_lines(&scripts))?;
        let mut settings = settings(&demo, &url, &inner, &data)?;
        if let Some(authority) = &authority {
            settings.extend(demo::variables([("POSTERN_EXTRA_CA", &authority.display().to_string())]));
        }
        let mut functions = start_functions(&settings, &data)?;
        wait_for(&http, &format!("{url}/readyz"), "the functions", &mut functions)?;
        Ok(Self {
            functions: Some(functions),
            restart_at: None,
            sim,
            settings,
            scripts,
            url,
            authority,
            data,
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// Whom to trust, where TLS is spoken.
    pub(crate) fn authority(&self) -> Option<&Path> {
        self.authority.as_deref()
    }

    /// What `dev.env` holds.
    pub(crate) fn scripts(&self) -> &Variables {
        &self.scripts
    }

    /// Keeps the functions running until `until` gives a value; an error when azure-sim ends before.
    pub(crate) fn watch<T>(&mut self, mut until: impl FnMut() -> Result<Option<T>>) -> Result<T> {
        loop {
            if let Some(value) = until()? {
                return Ok(value);
            }
            if let Some(status) = self.sim.ended()? {
                bail!("{}", last_words("azure-sim", status, &self.sim));
            }
            self.revive_functions()?;
            thread::sleep(shell::POLL);
        }
    }

    fn revive_functions(&mut self) -> Result<()> {
        if let Some(functions) = &mut self.functions
            && let Some(status) = functions.ended()?
        {
            shell::say(format_args!("The functions ended ({status}) and start again in a second."));
            let _ = std::fs::remove_file(self.data.file(PID_FILE));
            self.functions = None;
            self.restart_at = Some(Instant::now() + RESTART_AFTER);
        }
        if self.restart_at.is_some_and(|at| Instant::now() >= at) {
            self.restart_at = None;
            self.functions = Some(start_functions(&self.settings, &self.data)?);
        }
        Ok(())
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        if let Some(functions) = &mut self.functions {
            functions.stop();
        }
        let _ = std::fs::remove_file(self.data.file(PID_FILE));
    }
}

fn sim_command(options: &Options, inner: &str, data: &DataFolder) -> Command {
    let mut command = isolated("azure-sim");
    command
        .args(["--listen", &format!("127.0.0.1:{}", options.sim_port)])
        .args(["--front", &format!("127.0.0.1:{}", options.port)])
        .args(["--upstream", &format!("http://{inner}")])
        .args(["--fleet", &options.fleet])
        .args(["--seed", &options.seed.to_string()])
        .args(["--latency-ms", &options.latency_ms.to_string()])
        .arg("--state")
        .arg(data.file("azure-sim.json"));
    if options.tls {
        command.arg("--tls").arg(tls_folder(data));
    }
    command
}

/// Where azure-sim puts its certificates.
fn tls_folder(data: &DataFolder) -> PathBuf {
    data.file("tls")
}

fn start_functions(settings: &Variables, data: &DataFolder) -> Result<Service> {
    let mut command = isolated("postern");
    command.args(["serve", "--timer"]).envs(settings.iter().map(|(name, value)| (name, value)));
    let functions = Service::start(&mut command, &data.file("postern.log"))?;
    data.write_private(PID_FILE, &format!("{}\n", functions.id()))?;
    Ok(functions)
}

/// A binary of ours that inherits nothing which could point it elsewhere: no `POSTERN_*`, no proxy.
fn isolated(binary: &str) -> Command {
    let mut command = Command::new(workspace::binary(binary));
    command.env_clear().current_dir(workspace::root());
    for name in ["PATH", "HOME", "TMPDIR", "TZ", "RUST_LOG", "RUST_BACKTRACE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// The whole configuration of the functions.
fn settings(demo: &Demo, url: &str, inner: &str, data: &DataFolder) -> Result<Variables> {
    let mut settings = demo.for_functions();
    settings.extend(demo::variables([
        ("POSTERN_LISTEN", inner),
        ("POSTERN_PUBLIC_URL", url),
        ("POSTERN_DATABASE", &format!("sqlite:{}", data.file("postern.db").display())),
        ("POSTERN_COOKIE_KEY", &data.cookie_key()?),
        ("POSTERN_TRUSTED_PROXIES", "1"),
        ("POSTERN_DEPLOYMENT", "dev"),
        ("POSTERN_ASSETS", &workspace::portal().display().to_string()),
        ("POSTERN_LOG", "pretty"),
        ("POSTERN_ORGANISATION_RANGES", "198.51.100.0/28,203.0.113.64/26"),
        ("POSTERN_CONTACT", "vm-access@contoso.example"),
    ]));
    Ok(settings)
}

/// Asks until the answer is 200, and gives its body; an error when the service ends or takes too long.
fn wait_for(http: &Http, url: &str, name: &str, service: &mut Service) -> Result<String> {
    wait_until(name, service, || match http.get(url) {
        Some((200, body)) => Ok(body),
        Some((status, _)) => Err(format!("{url}: status {status}")),
        None => Err(format!("{url}: no answer")),
    })
}

/// Looks until there is a value; what is missing is said when it takes too long.
fn wait_until<T>(
    name: &str,
    service: &mut Service,
    mut look: impl FnMut() -> Result<T, String>,
) -> Result<T> {
    let until = Instant::now() + START_LIMIT;
    loop {
        interrupt::check()?;
        if let Some(status) = service.ended()? {
            bail!("{}", last_words(name, status, service));
        }
        match look() {
            Ok(value) => return Ok(value),
            Err(missing) if Instant::now() > until => {
                bail!("{name} did not become ready in {} s ({missing})", START_LIMIT.as_secs())
            }
            Err(_) => thread::sleep(shell::POLL),
        }
    }
}

fn last_words(name: &str, status: ExitStatus, service: &Service) -> String {
    format!("{name} ended ({status}); its last lines:\n{}", service.last_lines())
}
