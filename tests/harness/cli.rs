//! The command line as its users run it.

use crate::daemon::Daemon;
use std::io::Write;
use std::process::Stdio;

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit status.
    pub code: i32,
    /// What it wrote.
    pub stdout: Vec<u8>,
    /// What it complained.
    pub stderr: String,
}

impl Ran {
    /// What it wrote, as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// What it wrote, as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// What it complained, as JSON.
    #[track_caller]
    pub fn error(&self) -> serde_json::Value {
        let last = self.stderr.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Fails unless it ended so.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

impl Daemon {
    /// Runs a command against this daemon.
    #[track_caller]
    pub fn cli(&self, arguments: &[&str]) -> Ran {
        self.cli_with(arguments, &[], b"")
    }

    /// Runs a command with variables and something on stdin.
    #[track_caller]
    pub fn cli_with(&self, arguments: &[&str], variables: &[(&str, &str)], stdin: &[u8]) -> Ran {
        let url = format!("http://{}/client/v4", self.manage());
        let mut command = self.command();
        command
            .args(arguments)
            .env("POSTERN_URL", url)
            .env("POSTERN_TOKEN", self.token())
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, _) in variables.iter().filter(|(_, value)| value.is_empty()) {
            command.env_remove(name);
        }
        let mut child = command.spawn().unwrap();
        // A command that does not read its stdin may be gone already.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
