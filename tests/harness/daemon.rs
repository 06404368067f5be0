//! The daemon as a process on a directory of its own.

use crate::api::Api;
use crate::http::{Connection, Request, Response};
use crate::wait::{PATIENCE, eventually};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;
use tempfile::TempDir;

/// What a daemon starts with.
#[derive(Clone, Debug)]
pub struct Setup {
    top: String,
    edge: String,
    routing: String,
    manage: String,
    rest: String,
    tokenless: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self::new()
    }
}

impl Setup {
    /// Loopback, any ports, routing by path.
    pub fn new() -> Self {
        Self {
            top: "data-dir = \"data\"\n".to_owned(),
            edge: "listen = \"127.0.0.1:0\"\n".to_owned(),
            routing: String::new(),
            manage: "listen = \"127.0.0.1:0\"\n".to_owned(),
            rest: String::new(),
            tokenless: false,
        }
    }

    /// As if it ran on this board, one of those that are known.
    pub fn board(mut self, name: &str) -> Self {
        self.top.push_str(&format!("board = {name:?}\n"));
        self
    }

    /// With lines in `[edge]`.
    pub fn edge(mut self, lines: &str) -> Self {
        self.edge.push_str(&format!("{lines}\n"));
        self
    }

    /// With lines in `[routing]`.
    pub fn routing(mut self, lines: &str) -> Self {
        self.routing.push_str(&format!("{lines}\n"));
        self
    }

    /// With lines in `[manage]`.
    pub fn manage(mut self, lines: &str) -> Self {
        self.manage.push_str(&format!("{lines}\n"));
        self
    }

    /// With other tables, `[limits]` for instance.
    pub fn tables(mut self, text: &str) -> Self {
        self.rest.push_str(&format!("{text}\n"));
        self
    }

    /// Without a token, for tests that never call the management port.
    pub fn tokenless(mut self) -> Self {
        self.tokenless = true;
        self
    }

    fn toml(&self) -> String {
        let Self {
            top,
            edge,
            routing,
            manage,
            rest,
            ..
        } = self;
        format!("{top}\n[edge]\n{edge}\n[manage]\n{manage}\n[routing]\n{routing}\n{rest}")
    }

    /// Starts the daemon and waits until it listens.
    #[track_caller]
    pub fn start(self) -> Daemon {
        let mut daemon = self.prepare();
        daemon.start();
        daemon
    }

    /// A daemon that does not run yet.
    #[track_caller]
    pub fn prepare(self) -> Daemon {
        let dir = tempfile::Builder::new()
            .prefix("postern-e2e-")
            .tempdir()
            .unwrap();
        std::fs::write(dir.path().join("postern.toml"), self.toml()).unwrap();
        let mut daemon = Daemon {
            dir,
            child: None,
            token: String::new(),
            edge: SocketAddr::from(([0; 4], 0)),
            manage: SocketAddr::from(([0; 4], 0)),
            setup: self,
        };
        if !daemon.setup.tokenless {
            daemon.token = daemon.create_token();
        }
        daemon
    }
}

/// A daemon and its directory. Dropping it kills it; a failing test shows its threads and its log.
#[derive(Debug)]
pub struct Daemon {
    dir: TempDir,
    child: Option<Child>,
    token: String,
    edge: SocketAddr,
    manage: SocketAddr,
    setup: Setup,
}

impl Daemon {
    /// A daemon with nothing special about it.
    #[track_caller]
    pub fn plain() -> Self {
        Setup::new().start()
    }

    /// The binary: the variable `POSTERN_BIN`, or the one beside this test.
    pub fn binary() -> PathBuf {
        if let Some(path) = std::env::var_os("POSTERN_BIN") {
            return path.into();
        }
        let test = std::env::current_exe().unwrap();
        let path = test
            .ancestors()
            .skip(1)
            .map(|folder| folder.join("postern"))
            .find(|path| path.is_file());
        path.unwrap_or_else(|| {
            panic!(
                "no `postern` beside {}; build it with `cargo build -p postern-daemon`, or set POSTERN_BIN",
                test.display()
            )
        })
    }

    /// Its directory: `postern.toml`, `data`, `stderr.log`.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Where everything durable is.
    pub fn data_dir(&self) -> PathBuf {
        self.dir().join("data")
    }

    /// Where requests go.
    pub fn edge(&self) -> SocketAddr {
        self.edge
    }

    /// Where the management port is.
    pub fn manage(&self) -> SocketAddr {
        self.manage
    }

    /// The token of the management port.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The process.
    #[track_caller]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the daemon runs").id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read(self.dir().join("stderr.log"))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// The management port as a client sees it.
    pub fn api(&self) -> Api {
        Api::new(self.manage, &self.token)
    }

    /// A connection to the edge.
    #[track_caller]
    pub fn connect(&self) -> Connection {
        Connection::open(self.edge).unwrap()
    }

    /// Sends a request to the edge on a connection of its own.
    #[track_caller]
    pub fn send(&self, request: &Request) -> Response {
        request.send(self.edge).unwrap()
    }

    /// GETs a path from the edge.
    #[track_caller]
    pub fn get(&self, target: &str) -> Response {
        self.send(&Request::get(target))
    }

    /// The command line with its configuration, in its directory.
    pub fn command(&self) -> Command {
        let mut command = Command::new(Self::binary());
        for (name, _) in std::env::vars() {
            if name.starts_with("POSTERN_") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.dir()).stdin(Stdio::null());
        command
    }

    #[track_caller]
    fn create_token(&self) -> String {
        let output = self
            .command()
            .args(["token", "create", "--name", "e2e"])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "token create: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Starts it on its directory and waits until it listens.
    #[track_caller]
    pub fn start(&mut self) {
        self.start_by(|command| command);
    }

    /// Starts it by what `launch` makes of the command, which must become its process.
    #[track_caller]
    pub fn start_by(&mut self, launch: impl FnOnce(Command) -> Command) {
        assert!(self.child.is_none(), "the daemon runs already");
        let listening = self.data_dir().join("run/listening.json");
        let _ = std::fs::remove_file(&listening);
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.dir().join("stderr.log"))
            .unwrap();
        let mut command = self.command();
        command.arg("serve").stdout(Stdio::null());
        let child = launch(command).stderr(log).spawn().unwrap();
        self.child = Some(child);
        let addresses: serde_json::Value = eventually("the daemon listens", || {
            if let Some(status) = self.try_wait() {
                panic!("the daemon ended with {status}:\n{}", self.log());
            }
            serde_json::from_slice(&std::fs::read(&listening).ok()?).ok()
        });
        let address = |key: &str| addresses[key].as_str().unwrap().parse().unwrap();
        self.edge = address("edge");
        self.manage = address("manage");
    }

    fn try_wait(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().unwrap()
    }

    /// The processes that it started and that were not taken away.
    #[track_caller]
    pub fn children(&self) -> Vec<u32> {
        let processes = std::fs::read_dir("/proc").unwrap();
        let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let is_child = |pid: &u32| {
            // One that went meanwhile is none.
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
            Some(parent.trim().parse() == Ok(self.pid()))
        };
        numbers.filter(|pid| is_child(pid) == Some(true)).collect()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.is_some() && self.try_wait().is_none()
    }

    /// Sends it a signal.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits until it has ended.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.try_wait() {
                self.child = None;
                return status;
            }
            assert!(begin.elapsed() < PATIENCE, "the daemon does not end");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }

    /// Ends it without a warning, as a crash does.
    #[track_caller]
    pub fn kill9(&mut self) {
        self.signal(Signal::KILL);
        self.wait();
    }

    /// Asks it to end, and expects that it drains and exits with 0.
    #[track_caller]
    pub fn terminate(&mut self) {
        self.signal(Signal::TERM);
        let status = self.wait();
        assert!(status.success(), "{status}:\n{}", self.log());
    }

    /// Ends it well and starts it again.
    #[track_caller]
    pub fn restart(&mut self) {
        self.terminate();
        self.start();
    }

    /// Replaces its configuration; the daemon learns of it on SIGHUP or at its next start.
    pub fn reconfigure(&mut self, setup: Setup) {
        std::fs::write(self.dir().join("postern.toml"), setup.toml()).unwrap();
        self.setup = setup;
    }

    /// Bytes of it that are resident.
    #[track_caller]
    pub fn rss(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = text.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line
            .and_then(|line| line.split_whitespace().nth(1))
            .unwrap();
        kib.parse::<u64>().unwrap() * 1024
    }

    /// Bytes that are resident and nobody else's: neither another's nor a file's.
    #[track_caller]
    pub fn private(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid())).unwrap();
        let line = text.lines().find(|line| line.starts_with("Private_Dirty:"));
        let kib = line
            .and_then(|line| line.split_whitespace().nth(1))
            .unwrap();
        kib.parse::<u64>().unwrap() * 1024
    }

    /// Files that it holds open.
    pub fn open_files(&self) -> io::Result<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.pid()))?.count())
    }
}

/// What each thread of a process is doing: its name, whether it runs, sleeps or waits for the
/// disk, where in the kernel, and the ticks it has run for.
fn threads(pid: u32) -> Vec<String> {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    let told = |task: std::fs::DirEntry| {
        let read = |name| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
        let stat = read("stat");
        // Behind the name, which may hold anything.
        let rest: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        let (state, user, system) = (rest.first()?, rest.get(11)?, rest.get(12)?);
        let (name, place) = (read("comm"), read("wchan"));
        Some(format!(
            "{:<16} {state} {:<24} {user}+{system}",
            name.trim(),
            place.trim()
        ))
    };
    tasks.flatten().filter_map(told).collect()
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(child) = &self.child
        {
            eprintln!("--- the daemon's threads ---");
            for thread in threads(child.id()) {
                eprintln!("{thread}");
            }
        }
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(60).collect();
            eprintln!("--- the daemon's log, its last lines ---");
            for line in tail.iter().rev() {
                eprintln!("{line}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_runs_is_told_so() {
        let told = threads(std::process::id());
        assert!(told.iter().any(|line| line.contains(" R ")), "{told:?}");
    }
}
