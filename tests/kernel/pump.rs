//! The kernel's own verdicts, by packets.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, BufWriter, Read, Write},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Stdio},
};

use tests::Namespace;

use crate::{
    packet::{Packet, Way},
    pair::Pair,
};

/// A router with three ways in and one way out.
#[derive(Debug)]
pub(crate) struct Kernel {
    namespace: Namespace,
    process: Child,
    input: BufWriter<ChildStdin>,
    output: BufReader<ChildStdout>,
    errors: ChildStderr,
}

impl Kernel {
    /// Sets it up, or says what this machine lacks or this user may not.
    pub(crate) fn start() -> Result<Self, String> {
        let namespace = Namespace::create("kernel", &["python3"])?;
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/kernel/pump.py");
        let mut command = namespace.command("python3");
        command.arg(program).args(Way::ALL.map(Way::device));
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = piped.spawn().expect("ip has run before");
        let input = BufWriter::new(process.stdin.take().expect("piped"));
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let errors = process.stderr.take().expect("piped");
        let mut kernel = Self { namespace, process, input, output, errors };
        match kernel.line().expect("the pump starts").as_str() {
            "ready" => Ok(kernel),
            obstacle => Err(obstacle.to_owned()),
        }
    }

    /// Has the kernel follow a pair's rules from now on.
    pub(crate) fn load(&self, pair: &Pair) {
        self.namespace.nft(&pair.script()).expect("nft takes every NSG");
    }

    /// For each packet whether it got through.
    pub(crate) fn pump(&mut self, packets: &[Packet]) -> Vec<bool> {
        self.send(packets).expect("the pump reads");
        let line = self.line().expect("the pump answers");
        let numbers = line.split_whitespace().map(|number| number.parse().expect("a number"));
        let arrived: BTreeSet<usize> = numbers.collect();
        assert!(arrived.last().is_none_or(|last| *last < packets.len()), "a stray packet: {arrived:?}");
        (0..packets.len()).map(|number| arrived.contains(&number)).collect()
    }

    fn send(&mut self, packets: &[Packet]) -> std::io::Result<()> {
        let count = u32::try_from(packets.len()).expect("not so many");
        self.input.write_all(&count.to_be_bytes())?;
        for (number, packet) in (0..count).zip(packets) {
            self.input.write_all(&packet.frame(number))?;
        }
        self.input.flush()
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        let read = self.output.read_line(&mut line).map_err(|error| error.to_string())?;
        if read > 0 {
            return Ok(line.trim_end().to_owned());
        }
        let mut complaint = String::new();
        // Whatever it has said is better than nothing.
        let _ = self.errors.read_to_string(&mut complaint);
        Err(format!("the pump ended: {}", complaint.trim()))
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
