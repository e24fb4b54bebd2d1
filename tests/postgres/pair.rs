//! Two real servers of which one copies the other in step, and a monitor that lets it take over: pg_auto_failover.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{as_postgres, folder, free_port, initdb, printed, programs, psql};

const PROGRAM: &str = "/usr/bin/pg_autoctl";
const PATIENCE: Duration = Duration::from_secs(120);
const DATABASE: &str = "postern";

/// Reads process ids until its input ends, then stops those and leaves nothing behind.
const KEEPER: &str = r#"
all=
while read -r pid; do all="$all $pid"; done
kill -INT $all
for pid in $all; do while kill -0 $pid; do sleep 0.1; done; done
rm -rf "$FOLDER"
"#;

/// The copy's first reading does not wait for a checkpoint that takes its time.
const SERVER: &str = "fsync = off\nmax_connections = 200\ncheckpoint_completion_target = 0\n";

/// In milliseconds; without them it takes half a minute until the copy takes over.
const MONITOR: &str = "fsync = off
pgautofailover.health_check_period = 1000
pgautofailover.health_check_retry_delay = 500
pgautofailover.health_check_timeout = 2000
pgautofailover.node_considered_unhealthy_timeout = 5000
pgautofailover.startup_grace_period = 1000
pgautofailover.primary_demote_timeout = 5000
";

/// A running pair. Anyone on this machine may use it as `postgres`.
#[derive(Debug)]
pub struct Pair {
    folder: PathBuf,
    monitor: u16,
    ports: [u16; 2],
    processes: Vec<Child>,
    keeper: Child,
}

impl Pair {
    /// Starts them and waits until no write is acknowledged that only one of them has.
    pub fn start() -> Self {
        let folder = folder("pair");
        let mut keeper = Command::new("/bin/sh");
        keeper.args(["-c", KEEPER]).env("FOLDER", &folder).stdin(Stdio::piped()).stderr(Stdio::null());
        let keeper = keeper.spawn().expect("a shell");
        let (monitor, ports) = (free_port(), [free_port(), free_port()]);
        let mut pair = Self { folder, monitor, ports, processes: Vec::new(), keeper };
        pair.prepare("monitor", MONITOR);
        pair.prepare("one", SERVER);
        pair.run("monitor", &["create", "monitor"], monitor);
        pair.wait("the monitor answers", |pair| psql(&pair.monitor_url(), "SELECT 1").is_ok());
        pair.run_node("one", ports[0]);
        pair.wait("the first server answers", |pair| psql(&pair.url_of(0), "SELECT 1").is_ok());
        pair.run_node("two", ports[1]);
        pair.wait("the second server copies the first", |pair| {
            pair.states() == ["primary primary", "secondary secondary"]
        });
        pair
    }

    /// The URL of its database, on whichever server takes writes.
    pub fn url(&self) -> String {
        let [one, two] = self.ports;
        format!("postgres://postgres@127.0.0.1:{one},127.0.0.1:{two}/{DATABASE}")
    }

    /// Kills the first server and what looks after it, as if its machine lost power.
    pub fn crash_first(&self) {
        let server = fs::read_to_string(self.folder.join("one/postmaster.pid")).expect("it runs");
        let server: i32 = server.lines().next().and_then(|line| line.parse().ok()).expect("a process id");
        let keeper =
            self.processes.get(1).and_then(|child| child.id().try_into().ok()).expect("it was started");
        // Stopped first, so that neither starts anything anew.
        for process in [keeper, server] {
            signal(process, Signal::SIGSTOP);
        }
        for parent in [server, keeper] {
            for process in children(parent).into_iter().chain([parent]) {
                signal(process, Signal::SIGKILL);
            }
        }
    }

    /// Runs statements on the second server, where all is once the first is gone; what they print.
    pub fn run_on_second(&self, sql: &str) -> String {
        printed(&self.url_of(1), sql)
    }

    fn url_of(&self, node: usize) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{DATABASE}", self.ports[node])
    }

    fn monitor_url(&self) -> String {
        format!("postgres://autoctl_node@127.0.0.1:{}/pg_auto_failover?sslmode=disable", self.monitor)
    }

    /// What each server says that it is, and what it is to be.
    fn states(&self) -> Vec<String> {
        let states = "SELECT reportedstate || ' ' || goalstate FROM pgautofailover.node ORDER BY nodeid";
        psql(&self.monitor_url(), states).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn prepare(&self, name: &str, settings: &str) {
        let data = self.folder.join(name);
        initdb(&data);
        let mut file = File::options().append(true).open(data.join("postgresql.conf")).expect("its settings");
        let sockets = format!("unix_socket_directories = '{}'\n", self.folder.display());
        file.write_all((sockets + settings).as_bytes()).expect("its settings");
    }

    fn run_node(&mut self, name: &str, port: u16) {
        let monitor = self.monitor_url();
        let node = ["create", "postgres", "--pghost", "127.0.0.1", "--listen", "127.0.0.1"];
        let as_what = ["--username", "postgres", "--dbname", DATABASE, "--name", name, "--monitor", &monitor];
        self.run(name, &[node.as_slice(), &as_what].concat(), port);
    }

    fn run(&mut self, name: &str, arguments: &[&str], port: u16) {
        let folder = &self.folder;
        let programs = programs().expect("PostgreSQL's server is installed (apt-get install postgresql)");
        let log = || File::create(folder.join(format!("{name}.log"))).expect("a log");
        let mut command = as_postgres(Path::new(PROGRAM));
        command
            .args(arguments)
            .args(["--hostname", "127.0.0.1", "--auth", "trust", "--no-ssl", "--run", "--pgdata"])
            .arg(folder.join(name))
            .args(["--pgport", &port.to_string()])
            .env("PATH", format!("{}:/usr/bin:/bin", programs.display()))
            .env("HOME", folder)
            .env("PGHOST", folder)
            .env("PGUSER", "postgres")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log())
            .stderr(log());
        for (variable, place) in
            [("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_RUNTIME_DIR", "run")]
        {
            command.env(variable, folder.join(place));
        }
        let child = command
            .spawn()
            .expect("pg_auto_failover is installed (apt-get install postgresql-15-auto-failover)");
        let note = format!("{}\n", child.id());
        let input = self.keeper.stdin.as_mut().expect("it is piped");
        input.write_all(note.as_bytes()).expect("the keeper reads");
        self.processes.push(child);
    }

    fn wait(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            assert!(start.elapsed() < PATIENCE, "waited in vain until {what}: {}", self.logs());
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn logs(&self) -> String {
        let log = |name: &str| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        ["monitor.log", "one.log", "two.log"].map(log).join("\n")
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        for process in &mut self.processes {
            _ = process.wait();
        }
        _ = self.keeper.wait();
    }
}

fn signal(process: i32, signal: Signal) {
    // Who is gone already needs none.
    _ = kill(Pid::from_raw(process), signal);
}

fn children(parent: i32) -> Vec<i32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    numbers.filter(|process| parent_of(*process) == Some(parent)).collect()
}

fn parent_of(process: i32) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}
