//! Network namespaces of Linux: small machines with a packet filter of their own. As root only.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

/// A network namespace, with its loopback up; gone when dropped.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes one, or says what this machine lacks or this user may not. `tools` are the programs that it is for.
    pub fn create(purpose: &str, tools: &[&str]) -> Result<Self, String> {
        for tool in ["ip", "nft"].iter().chain(tools) {
            let found = ran(Command::new("sh").args(["-c", "command -v $0", tool]), "");
            found.map_err(|_| format!("there is no {tool}"))?;
        }
        let made = Self { name: format!("postern-{purpose}-{}", std::process::id()) };
        ran(Command::new("ip").args(["netns", "add", &made.name]), "")?;
        made.run(&["ip", "link", "set", "lo", "up"])?;
        // An allowed namespace without the filter's module is no use either.
        made.run(&["nft", "list", "ruleset"])?;
        Ok(made)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// A command that will run inside.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// Runs a command inside to its end; what it printed, or its complaint.
    pub fn run(&self, words: &[&str]) -> Result<String, String> {
        let (program, arguments) = words.split_first().ok_or("no command")?;
        ran(self.command(program).args(arguments), "")
    }

    /// Has the kernel take a script of nft's, all of it or nothing.
    pub fn nft(&self, script: &str) -> Result<(), String> {
        ran(self.command("nft").args(["-f", "-"]), script).map(|_| ())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Nothing is left to do about a namespace that will not go.
        let _ = Command::new("ip").args(["netns", "del", &self.name]).stderr(Stdio::null()).status();
    }
}

fn ran(command: &mut Command, input: &str) -> Result<String, String> {
    let output = fed(command, input).map_err(|error| format!("{command:?} cannot be run: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(format!("{command:?} says: {}", text(&output.stderr)))
    }
}

fn fed(command: &mut Command, input: &str) -> std::io::Result<Output> {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn()?;
    let mut stdin = child.stdin.take();
    if let Some(stdin) = &mut stdin {
        // One that stops reading says why on its stderr.
        let _ = stdin.write_all(input.as_bytes());
    }
    drop(stdin);
    child.wait_with_output()
}
