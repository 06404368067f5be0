//! One load: wrk against a server, and what the server used meanwhile.

use crate::machine::{self, Side};
use crate::{process, workspace};
use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What wrk is told.
#[derive(Clone, Copy, Debug)]
pub struct Load<'a> {
    /// The server's process id.
    pub server: u32,
    /// `http://ADDRESS`.
    pub url: &'a str,
    /// Method and path; `%d` in the path becomes a changing number.
    pub request: (&'a str, &'a str),
    /// The body, or empty.
    pub body: &'a str,
    /// A bearer token, or empty.
    pub token: &'a str,
    /// Connections, each with one request at a time.
    pub connections: u32,
    /// Seconds.
    pub seconds: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Requests answered in a second.
    pub per_second: f64,
    /// Requests answered in a second of the server's CPU.
    pub per_cpu_second: f64,
    /// Milliseconds in which half of the requests were answered.
    pub p50_ms: f64,
    /// Milliseconds in which 99 of 100 requests were answered.
    pub p99_ms: f64,
    /// The most bytes that the server had in memory.
    pub rss_bytes: u64,
}

impl Load<'_> {
    /// Runs it. A failed request fails the benchmark: a rate of refusals is none of requests.
    pub fn run(&self) -> Result<Outcome> {
        self.run_with(&[])
    }

    /// The same, with these header fields in each request.
    pub fn run_with(&self, fields: &[(&str, &str)]) -> Result<Outcome> {
        let cpu_before = machine::cpu_s(self.server)?;
        let mut command = Command::new("wrk");
        command
            .args(["--threads", "1", "--latency", "--timeout", "30s"])
            .args(["--connections", &self.connections.to_string()])
            .args(["--duration", &format!("{}s", self.seconds)]);
        for (name, value) in fields {
            command.args(["--header", &format!("{name}: {value}")]);
        }
        command
            .arg("--script")
            .arg(workspace::root().join("scripts/wrk.lua"))
            .args([self.url, "--", self.request.0, self.request.1])
            .args([self.body, self.token])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = machine::bound(Side::Load, || {
            command
                .spawn()
                .with_context(|| format!("cannot run {}", process::shown(&command)))
        })?;
        let mut rss_bytes = 0;
        while child.try_wait().context("cannot ask after wrk")?.is_none() {
            rss_bytes = rss_bytes.max(machine::rss_bytes(self.server)?);
            std::thread::sleep(Duration::from_millis(50));
        }
        let output = child.wait_with_output().context("cannot read from wrk")?;
        let cpu_s = machine::cpu_s(self.server)? - cpu_before;
        let text = String::from_utf8_lossy(&output.stdout);
        outcome(&text, cpu_s, rss_bytes)
            .with_context(|| format!("{} {} at {}", self.request.0, self.request.1, self.url))
    }
}

/// One request, whose answer must be 200.
pub fn touch(url: &str, path: &str) -> Result<()> {
    let address = url.trim_start_matches("http://");
    let mut stream =
        TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .with_context(|| format!("GET {path}"))?;
    if !answer.starts_with("HTTP/1.1 200 ") {
        bail!("GET {path} answered: {answer}");
    }
    Ok(())
}

/// Reads what `scripts/wrk.lua` prints at the end.
fn outcome(text: &str, cpu_s: f64, rss_bytes: u64) -> Result<Outcome> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("result "))
        .with_context(|| format!("wrk printed no result:\n{text}"))?;
    let number = |name: &str| -> Result<f64> {
        line.split(' ')
            .find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
            .and_then(|value| value.parse().ok())
            .with_context(|| format!("wrk's result has no {name}: {line}"))
    };
    let (requests, failed) = (number("requests")?, number("failed")?);
    if failed > 0.0 {
        bail!("{failed} of {requests} requests failed");
    }
    if requests == 0.0 {
        bail!("no request was answered");
    }
    Ok(Outcome {
        per_second: requests / number("duration_us")? * 1e6,
        per_cpu_second: requests / cpu_s,
        p50_ms: number("p50_us")? / 1e3,
        p99_ms: number("p99_us")? / 1e3,
        rss_bytes,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_result_is_read() {
        let text = "Running 10s test\nresult requests=50000 duration_us=10000000 p50_us=500 p99_us=2500 failed=0\n";
        let found = outcome(text, 4.0, 1000).unwrap();
        assert_eq!(
            found,
            Outcome {
                per_second: 5000.0,
                per_cpu_second: 12500.0,
                p50_ms: 0.5,
                p99_ms: 2.5,
                rss_bytes: 1000,
            }
        );
    }

    #[test]
    fn a_failed_request_is_a_failed_benchmark() {
        let text = "result requests=10 duration_us=10 p50_us=1 p99_us=1 failed=3\n";
        assert!(outcome(text, 1.0, 0).is_err());
        assert!(outcome("unable to connect", 1.0, 0).is_err());
    }
}
