//! A real sshd, and real clients of it.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::network::Network;

/// How long a client tries before it calls a port shut: several times what it takes where the port is open.
const PATIENCE_SECONDS: u32 = 4;

/// An sshd in the VM's namespace that lets one key in; ends when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    files: TempDir,
}

impl Server {
    /// Starts one, or says why this machine cannot.
    pub(crate) fn start(network: &Network) -> Result<Self, String> {
        let files = TempDir::new().map_err(|error| error.to_string())?;
        write_files(files.path(), network)?;
        // Only this process sees the folder that sshd insists on.
        let script =
            "mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && exec $(command -v sshd) -D -e -f $0";
        let mut command = network.machine.command("sh");
        let piped = command.args(["-c", script]).arg(files.path().join("config")).stderr(Stdio::piped());
        let process = piped.spawn().map_err(|error| error.to_string())?;
        let mut server = Self { process, files };
        server.wait_until_it_listens()?;
        Ok(server)
    }

    fn wait_until_it_listens(&mut self) -> Result<(), String> {
        let mut log = BufReader::new(self.process.stderr.take().expect("piped"));
        let mut said = String::new();
        while !said.contains("listening on") {
            if log.read_line(&mut said).map_err(|error| error.to_string())? == 0 {
                return Err(format!("sshd does not start: {}", said.trim()));
            }
        }
        // Nobody reads what it says later, and it must not have to wait.
        thread::spawn(move || log.read_to_end(&mut Vec::new()));
        Ok(())
    }

    /// Runs a command on the VM by ssh from one of the client's addresses; what ssh complains about if it cannot.
    pub(crate) fn run(&self, network: &Network, from: &str, command: &str) -> Result<String, String> {
        let output = self.client(network, from).arg(command).output().map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// Begins a session that lasts.
    pub(crate) fn session(&self, network: &Network, from: &str) -> Session {
        let mut command = self.client(network, from);
        let piped = command.arg("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        Session::new(piped.spawn().expect("ssh starts"))
    }

    fn client(&self, network: &Network, from: &str) -> Command {
        let file = |name: &str| self.files.path().join(name).display().to_string();
        let options = [
            "BatchMode=yes".to_owned(),
            format!("ConnectTimeout={PATIENCE_SECONDS}"),
            "GlobalKnownHostsFile=none".to_owned(),
            format!("UserKnownHostsFile={}", file("known_hosts")),
            "IdentityAgent=none".to_owned(),
            "IdentitiesOnly=yes".to_owned(),
            format!("IdentityFile={}", file("client_key")),
            // A dead session ends by itself, as an impatient person ends it.
            "ServerAliveInterval=1".to_owned(),
            format!("ServerAliveCountMax={PATIENCE_SECONDS}"),
        ];
        let mut command = network.client.command("ssh");
        command.args(["-F", "none", "-T", "-b", from]);
        command.args(options.iter().flat_map(|option| ["-o", option]));
        command.arg(format!("root@{}", network.public));
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn write_files(folder: &Path, network: &Network) -> Result<(), String> {
    for key in ["host_key", "client_key"] {
        let mut keygen = Command::new("ssh-keygen");
        let made = keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(key)).status();
        if !made.map_err(|error| format!("ssh-keygen cannot be run: {error}"))?.success() {
            return Err("ssh-keygen makes no key".to_owned());
        }
    }
    let read = |name: &str| fs::read_to_string(folder.join(name)).map_err(|error| error.to_string());
    let write =
        |name: &str, text: String| fs::write(folder.join(name), text).map_err(|error| error.to_string());
    write("known_hosts", format!("{} {}", network.public, read("host_key.pub")?))?;
    write("authorized_keys", read("client_key.pub")?)?;
    let path = |name: &str| folder.join(name).display().to_string();
    let (host_key, authorized_keys) = (path("host_key"), path("authorized_keys"));
    let config = format!(
        "ListenAddress {}
Port 22
HostKey {host_key}
AuthorizedKeysFile {authorized_keys}
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
PidFile none
StrictModes no
ClientAliveInterval 1
ClientAliveCountMax {PATIENCE_SECONDS}
",
        network.private
    );
    write("config", config)
}

/// An established session, in which the VM repeats every line.
#[derive(Debug)]
pub(crate) struct Session {
    process: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Session {
    fn new(mut process: Child) -> Self {
        let input = process.stdin.take().expect("piped");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let (sender, lines) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { process, input, lines }
    }

    /// Whether a line goes to the VM and back.
    pub(crate) fn repeats(&mut self, word: &str) -> bool {
        let patience = Duration::from_secs(2 * u64::from(PATIENCE_SECONDS));
        let sent = writeln!(self.input, "{word}").and_then(|()| self.input.flush());
        sent.is_ok() && self.lines.recv_timeout(patience).is_ok_and(|line| line == word)
    }

    /// Whether ssh itself has given up, or does soon.
    pub(crate) fn has_ended(&mut self) -> bool {
        for _ in 0..50 {
            if self.process.try_wait().expect("a child of ours").is_some() {
                return true;
            }
            thread::sleep(Duration::from_millis(200));
        }
        false
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
