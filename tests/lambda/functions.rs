//! The functions' processes, and the emulator that gives them events.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

/// Where the emulator is and what runs in it, as `cargo xtask test` says it.
pub(crate) struct Emulator {
    port: String,
    invoke: String,
    binaries: PathBuf,
}

impl Emulator {
    #[expect(
        clippy::disallowed_methods,
        reason = "it is of the tests' run and not of Postern's configuration"
    )]
    pub(crate) fn of_this_run() -> Self {
        let told =
            |name| std::env::var(name).unwrap_or_else(|_| panic!("{name}: run it by cargo xtask test"));
        let (port, invoke) = (told("POSTERN_TEST_EMULATOR_PORT"), told("POSTERN_TEST_CARGO_LAMBDA"));
        Self { port, invoke, binaries: told("POSTERN_TEST_BINARIES").into() }
    }

    /// Where the API's function answers.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/lambda-url/lambda_api", self.port)
    }

    /// Starts an instance of a function.
    pub(crate) fn start(&self, name: &str, variables: &[(String, String)]) -> Function {
        let mut command = Command::new(self.binaries.join(name));
        command
            .env_clear()
            .envs(variables.iter().cloned())
            .env("AWS_LAMBDA_RUNTIME_API", format!("http://127.0.0.1:{}/.rt/{name}", self.port))
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .stdin(Stdio::null());
        Function(
            command.spawn().unwrap_or_else(|error| panic!("{name}: {error}; cargo xtask test builds it")),
        )
    }

    /// Invokes a function as EventBridge does; its answer, or why there is none.
    pub(crate) async fn invoke(&self, name: &str, event: &Value) -> Result<Value, String> {
        let mut command = tokio::process::Command::new(&self.invoke);
        command.kill_on_drop(true).args([
            "lambda",
            "invoke",
            "--invoke-address",
            "127.0.0.1",
            "--invoke-port",
            &self.port,
        ]);
        command.args([name, "--data-ascii", &event.to_string()]);
        let output = command.output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let failed = || format!("{said}{}", String::from_utf8_lossy(&output.stderr));
        if output.status.success() { said.trim().parse().map_err(|_| failed()) } else { Err(failed()) }
    }
}

/// An instance of a function; ended when it is dropped.
pub(crate) struct Function(Child);

impl Function {
    pub(crate) fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id().cast_signed()), signal).expect("it runs");
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}
