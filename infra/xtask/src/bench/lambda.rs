//! AWS Lambda as a function sees it: a server that gives one event and takes the answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::shell;

/// How long a function may take to its first answer: under callgrind each takes fifty times as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// A load balancer's call of a path: the shortest of the events.
fn event(path: &str) -> String {
    format!(
        r#"{{"requestContext":{{"elb":{{"targetGroupArn":"arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/a/1"}}}},"httpMethod":"GET","path":"{path}","queryStringParameters":{{}},"headers":{{"host":"postern.contoso.example"}},"body":"","isBase64Encoded":false}}"#
    )
}

/// Starts a function, gives it one call of `path`, and leaves it as it is after its answer, which `after` looks at
/// before the function is ended by SIGTERM. Gives the time from the start to the answer.
pub(super) fn first_answer(command: &mut Command, path: &str) -> Result<(Duration, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    let address = listener.local_addr().context("no port is free")?;
    command
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .stdin(Stdio::null());
    let event = event(path);
    let (sender, answers) = mpsc::channel();
    let start = Instant::now();
    let mut function =
        command.spawn().with_context(|| format!("cannot start {:?}", command.get_program()))?;
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (event, sender) = (event.clone(), sender.clone());
            thread::spawn(move || {
                if let Ok(Some(answer)) = serve(stream, &event) {
                    // Whoever waited may have given up.
                    let _ = sender.send((Instant::now(), answer));
                }
            });
        }
    });
    let answer = wait(&answers, &mut function);
    shell::end(&mut function);
    let (at, answer) = answer?;
    Ok((at - start, answer))
}

fn wait(answers: &Receiver<(Instant, String)>, function: &mut Child) -> Result<(Instant, String)> {
    let until = Instant::now() + PATIENCE;
    loop {
        crate::interrupt::check()?;
        match answers.recv_timeout(shell::POLL) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Disconnected) => bail!("the server of the bench ended"),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(status) = function.try_wait().context("cannot wait for a function")? {
            bail!("the function ended before its answer ({status})");
        }
        if Instant::now() > until {
            bail!("the function gave no answer in {} s", PATIENCE.as_secs());
        }
    }
}

/// Serves one connection until the answer comes, and leaves that one unanswered: nothing more is done then.
fn serve(stream: TcpStream, event: &str) -> std::io::Result<Option<String>> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let (first, body) = match request(&mut lines)? {
            Some(request) => request,
            None => return Ok(None),
        };
        if first.starts_with("GET ") {
            let head = format!(
                "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: 1\r\nlambda-runtime-deadline-ms: 4102444800000\r\n\
                 lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-central-1:1:function:bench\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n",
                event.len()
            );
            stream.write_all(format!("{head}{event}").as_bytes())?;
        } else {
            // Keeps the connection open until the function is ended.
            thread::spawn(move || lines.read_to_end(&mut Vec::new()));
            return Ok(Some(body));
        }
    }
}

/// The first line of a request, and its body; `None` at the end of the connection.
fn request(lines: &mut BufReader<TcpStream>) -> std::io::Result<Option<(String, String)>> {
    let (mut first, mut length, mut is_chunked) = (String::new(), 0, false);
    if lines.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    loop {
        let mut line = String::new();
        lines.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        is_chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body)?;
    while is_chunked {
        let mut size = String::new();
        lines.read_line(&mut size)?;
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let mut chunk = vec![0; size + 2];
        lines.read_exact(&mut chunk)?;
        body.extend_from_slice(&chunk[..size]);
        is_chunked = size > 0;
    }
    Ok(Some((first, String::from_utf8_lossy(&body).into_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_ends_without_an_answer_is_an_error() {
        let error = first_answer(&mut Command::new("false"), "/healthz").unwrap_err();
        assert!(error.to_string().starts_with("the function ended before its answer"), "{error}");
    }

    #[test]
    fn the_answer_is_what_the_function_sent() {
        let script = r#"
import os, http.client
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
api.request("GET", "/2018-06-01/runtime/invocation/next")
event = api.getresponse().read()
api.request("POST", "/2018-06-01/runtime/invocation/1/response", b"seen " + event)
api.getresponse()
"#;
        let (_, answer) = first_answer(Command::new("python3").args(["-c", script]), "/healthz").unwrap();
        assert!(answer.starts_with("seen {") && answer.contains(r#""path":"/healthz""#), "{answer}");
    }
}
