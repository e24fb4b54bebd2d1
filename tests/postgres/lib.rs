//! A real PostgreSQL server for tests: made anew in a temporary folder, stopped and removed with the process that
//! started it, even if that one was killed.

mod pair;
mod pooler;

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use nix::unistd::{Uid, User};

pub use pair::Pair;
pub use pooler::Pooler;

/// Where Debian and its kin keep the server's programs.
const VERSIONS: &str = "/usr/lib/postgresql";
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the server until its input ends, then stops it; the last line leaves nothing behind.
const KEEPER: &str = r#"
"$@" & server=$!
while read -r signal; do kill -"$signal" $server; wait $server; "$@" & server=$!; done
kill -INT $server; wait $server
rm -rf "$FOLDER"
"#;

/// A running server. Anyone on this machine may use it as `postgres`.
#[derive(Debug)]
pub struct Server {
    folder: PathBuf,
    port: u16,
    keeper: Child,
}

impl Server {
    /// Starts one whose texts are ordered as English orders them, so that nothing is right by luck.
    pub fn start() -> Self {
        let programs = programs().expect("PostgreSQL's server is installed (apt-get install postgresql)");
        let folder = folder("postgres");
        let data = folder.join("data");
        initdb(&data);
        let port = free_port();
        let server = as_postgres(&programs.join("postgres"));
        let mut keeper = Command::new("/bin/sh");
        keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(server.get_program())
            .args(server.get_args())
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200"])
            .arg("-p")
            .arg(port.to_string())
            .arg("-k")
            .arg(&folder)
            .arg("-D")
            .arg(&data)
            .env("FOLDER", &folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("log")).expect("a log"));
        let server = Self { folder, port, keeper: keeper.spawn().expect("a shell") };
        server.wait();
        server
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database; its URL.
    pub fn create(&self, database: &str) -> String {
        self.run(&format!("CREATE DATABASE {database}"));
        self.url(database)
    }

    /// Runs statements in the database `postgres`; what they print.
    pub fn run(&self, sql: &str) -> String {
        self.run_in("postgres", sql)
    }

    pub fn run_in(&self, database: &str, sql: &str) -> String {
        printed(&self.url(database), sql)
    }

    /// Stops it at once, as a crash does, and starts it again.
    pub fn restart(&mut self) {
        let pid = self.pid();
        let input = self.keeper.stdin.as_mut().expect("it is piped");
        input.write_all(b"QUIT\n").expect("the keeper reads");
        let start = Instant::now();
        while fs::read_to_string(self.pid_file()).is_ok_and(|text| text.starts_with(&format!("{pid}\n"))) {
            assert!(start.elapsed() < PATIENCE, "the server stops");
            thread::sleep(Duration::from_millis(10));
        }
        self.wait();
    }

    /// What it has told about itself so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn pid(&self) -> i32 {
        let text = fs::read_to_string(self.pid_file()).expect("it runs");
        text.lines().next().and_then(|line| line.parse().ok()).expect("a process id")
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join("data/postmaster.pid")
    }

    fn wait(&self) {
        let start = Instant::now();
        while !self.is_ready() {
            assert!(start.elapsed() < PATIENCE, "the server does not answer: {}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn is_ready(&self) -> bool {
        let says_so = fs::read_to_string(self.pid_file()).is_ok_and(|text| text.contains("ready"));
        says_so && TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        _ = self.keeper.wait();
    }
}

/// The URL of a database of this process's own server: a new one for a new key, the same for the same.
pub fn database(key: &str) -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    static NAMES: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    let server = SERVER.get_or_init(Server::start);
    let (name, is_new) = {
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, known) = (format!("t{}", names.len()), names.contains_key(key));
        (names.entry(key.to_owned()).or_insert(next).clone(), !known)
    };
    if is_new { server.create(&name) } else { server.url(&name) }
}

/// As `database`, if the tests are to run on PostgreSQL: if `POSTERN_TEST_STORE` is `postgres`.
#[expect(clippy::disallowed_methods, reason = "it is of the tests' run and not of Postern's configuration")]
pub fn chosen(key: &str) -> Option<String> {
    (std::env::var("POSTERN_TEST_STORE").as_deref() == Ok("postgres")).then(|| database(key))
}

/// The folder of the newest version's programs.
pub fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(VERSIONS).ok()?.filter_map(Result::ok);
    let numbered =
        versions.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())));
    let newest = numbered.filter(|(_, path)| path.join("bin/postgres").exists()).max();
    newest.map(|(_, path)| path.join("bin"))
}

/// Makes a server's files.
fn initdb(data: &Path) {
    let program =
        programs().expect("PostgreSQL's server is installed (apt-get install postgresql)").join("initdb");
    let made = as_postgres(&program)
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "--no-instructions"])
        .args(["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en", "-D"])
        .arg(data)
        .current_dir("/")
        .output()
        .expect("initdb runs");
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
}

/// Runs statements; what they print, or what was wrong with them.
fn psql(url: &str, sql: &str) -> Result<String, String> {
    let output = Command::new(programs().expect("it was started").join("psql"))
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "-v", "ON_ERROR_STOP=1", "-c", sql])
        .arg(url)
        .output()
        .expect("psql runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn printed(url: &str, sql: &str) -> String {
    let printed = psql(url, sql);
    assert!(printed.is_ok(), "{sql}: {printed:?}");
    printed.unwrap_or_default()
}

/// The server refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    if !Uid::effective().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("postern-{name}-{}-{}", std::process::id(), free_port()));
    fs::create_dir(&folder).expect("a folder");
    if Uid::effective().is_root() {
        let user =
            User::from_name("postgres").ok().flatten().expect("the user postgres, which the package makes");
        chown(&folder, Some(user.uid.as_raw()), Some(user.gid.as_raw())).expect("its folder");
    }
    folder
}

fn free_port() -> u16 {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    port.map(|address| address.port()).expect("a free port")
}
