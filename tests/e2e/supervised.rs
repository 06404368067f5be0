//! Under a service manager: what it is told, what feeds its watchdog, and the sockets that it passes.

use nix::sys::ptrace;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use postern_e2e::wait::PATIENCE;
use postern_e2e::{Connection, Daemon, Request, Setup};
use rustix::process::Signal;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::Command;

/// Who listens at `NOTIFY_SOCKET`.
struct Supervisor {
    dir: tempfile::TempDir,
    socket: UnixDatagram,
}

impl Supervisor {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(dir.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { dir, socket }
    }

    /// Starts a daemon whose supervisor this is, with a watchdog.
    fn start(&self, setup: Setup, watchdog_usec: u64) -> Daemon {
        let mut daemon = setup.prepare();
        daemon.start_by(|mut command| {
            command
                .env("NOTIFY_SOCKET", self.dir.path().join("notify"))
                .env("WATCHDOG_USEC", watchdog_usec.to_string());
            command
        });
        daemon
    }

    /// The next thing that is told.
    #[track_caller]
    fn next(&self) -> String {
        let mut bytes = [0; 4096];
        let len = self.socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..len].to_vec()).unwrap()
    }

    /// The next thing told that has this in it.
    #[track_caller]
    fn until(&self, part: &str) -> String {
        loop {
            let told = self.next();
            if told.contains(part) {
                return told;
            }
        }
    }

    /// Leaves out what was told so far.
    fn skip(&self) {
        self.socket.set_nonblocking(true).unwrap();
        loop {
            match self.socket.recv(&mut [0; 16]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        self.socket.set_nonblocking(false).unwrap();
    }
}

/// A thread that was stopped where it was, alone of its process. Goes on when it is dropped, which
/// must be before its process ends.
struct Frozen(Pid);

impl Frozen {
    #[track_caller]
    fn new(daemon: &Daemon, name: &str) -> Self {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", daemon.pid())).unwrap();
        let thread = tasks.map(|task| task.unwrap().path()).find(|task| {
            let comm = std::fs::read_to_string(task.join("comm")).unwrap_or_default();
            comm.trim() == name
        });
        let thread = thread.unwrap_or_else(|| panic!("there is no thread {name}"));
        let id = thread.file_name().unwrap().to_str().unwrap();
        let id = Pid::from_raw(id.parse().unwrap());
        ptrace::seize(id, ptrace::Options::empty()).unwrap();
        ptrace::interrupt(id).unwrap();
        waitpid(id, Some(WaitPidFlag::__WALL)).unwrap();
        Self(id)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = ptrace::detach(self.0, None);
    }
}

#[test]
fn it_tells_when_it_is_ready_reloads_and_stops() {
    let supervisor = Supervisor::new();
    // A minute: nothing is fed here but once.
    let mut daemon = supervisor.start(Setup::new().tokenless(), 60_000_000);
    let ready = supervisor.until("READY=1\n");
    assert!(
        ready.contains(&format!("STATUS=serving on {}", daemon.edge())),
        "{ready}"
    );
    assert_eq!(daemon.get("/nobody/").status, 404);
    supervisor.until("WATCHDOG=1\n");
    daemon.signal(Signal::HUP);
    let reloading = supervisor.next();
    assert!(
        reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="),
        "{reloading}"
    );
    assert!(supervisor.next().starts_with("READY=1\n"));
    daemon.signal(Signal::TERM);
    let stopping = supervisor.next();
    assert!(stopping.starts_with("STOPPING=1\n"), "{stopping}");
    assert!(daemon.wait().success());
}

#[test]
fn what_the_supervisor_says_wrongly_is_told() {
    for (name, value) in [("NOTIFY_SOCKET", "nowhere"), ("WATCHDOG_USEC", "soon")] {
        let daemon = Setup::new().tokenless().prepare();
        let output = daemon
            .command()
            .arg("serve")
            .env("NOTIFY_SOCKET", "/nowhere")
            .env(name, value)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(name) && told.contains(value), "{told}");
    }
}

#[test]
fn the_watchdog_is_fed_and_nobody_else_notices() {
    let supervisor = Supervisor::new();
    let daemon = supervisor.start(Setup::new(), 1_000_000);
    for _ in 0..3 {
        supervisor.until("WATCHDOG=1\n");
    }
    let status = daemon.cli(&["status", "--json"]).expect(0).json();
    assert_eq!(status["requests"]["total"], 0, "{status}");
    assert_eq!(status["edge"]["accepted"], 0, "{status}");
    assert_eq!(status["workers"]["running"], 0, "{status}");
}

#[test]
fn clients_that_take_every_connection_do_not_stop_the_feeding() {
    let supervisor = Supervisor::new();
    let daemon = supervisor.start(Setup::new().edge("connections = 1").tokenless(), 1_000_000);
    let _only: Connection = daemon.connect();
    let full = Request::get("/").send(daemon.edge()).unwrap();
    assert_eq!(full.status, 503);
    supervisor.skip();
    for _ in 0..2 {
        supervisor.until("WATCHDOG=1\n");
    }
}

/// Freezes threads of a daemon that is fed, and sees that it is not fed until they go on.
#[track_caller]
fn hangs(names: &[&str], told: &str) {
    let supervisor = Supervisor::new();
    let daemon = supervisor.start(Setup::new().tokenless(), 2_000_000);
    supervisor.until("WATCHDOG=1\n");
    let frozen: Vec<Frozen> = names
        .iter()
        .map(|name| Frozen::new(&daemon, name))
        .collect();
    supervisor.skip();
    // What was asked before may still be answered; not what is asked from here on.
    let status = supervisor.until("STATUS=not well: ");
    assert!(status.contains(told), "{status}");
    for _ in 0..3 {
        let status = supervisor.next();
        assert!(status.starts_with("STATUS=not well: "), "{status}");
    }
    drop(frozen);
    let well = supervisor.until("WATCHDOG=1\n");
    assert!(well.contains("STATUS=serving on "), "{well}");
}

#[test]
fn a_thread_that_hangs_stops_the_feeding() {
    hangs(&["turns-1"], "thread turns-1 did not answer within 500 ms");
}

#[test]
fn an_executor_that_hangs_stops_the_feeding() {
    hangs(&["turns-0", "turns-1"], "thread turns-0 did not answer");
}

#[test]
fn a_management_port_that_hangs_stops_the_feeding() {
    hangs(
        &["manage"],
        "the thread of the management port did not answer",
    );
}

/// Has a shell stand in for the supervisor: sockets come as its input and output, and go on as 3 and 4.
fn activate(serve: Command, names: &str, first: TcpListener, second: TcpListener) -> Command {
    let mut shell = Command::new("sh");
    let script = "export LISTEN_PID=$$; exec \"$@\" 3<&0 4<&1 </dev/null >/dev/null";
    shell
        .args(["-c", script, "sh"])
        .arg(serve.get_program())
        .args(serve.get_args())
        .current_dir(serve.get_current_dir().unwrap())
        .env("LISTEN_FDS", "2")
        .env("LISTEN_FDNAMES", names)
        .stdin(OwnedFd::from(first))
        .stdout(OwnedFd::from(second));
    shell
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[test]
fn sockets_that_are_passed_are_listened_on() {
    let ((edge, edge_at), (manage, manage_at)) = (listener(), listener());
    let mut daemon = Setup::new().prepare();
    daemon.start_by(|serve| activate(serve, "management:edge", manage, edge));
    assert_eq!((daemon.edge(), daemon.manage()), (edge_at, manage_at));
    daemon.api().production();
    assert_eq!(daemon.get("/nobody/").status, 404);
    daemon.terminate();
}

#[test]
fn one_socket_that_is_passed_leaves_the_others_as_configured() {
    let ((one, one_at), (other, other_at)) = (listener(), listener());
    let mut daemon = Setup::new().prepare();
    daemon.start_by(|serve| activate(serve, "edge:edge", one, other));
    for address in [one_at, other_at] {
        assert_eq!(Request::get("/nobody/").send(address).unwrap().status, 404);
    }
    daemon.api().production();
}

#[test]
fn sockets_passed_by_other_names_are_refused() {
    for (names, told) in [
        ("edge:http", "by the name `http`"),
        (
            "edge",
            "2 sockets were passed, and LISTEN_FDNAMES has 1 names",
        ),
        ("management:management", "which listens on one"),
    ] {
        let daemon = Setup::new().tokenless().prepare();
        let mut serve = daemon.command();
        serve.arg("serve");
        let output = activate(serve, names, listener().0, listener().0)
            .stderr(std::process::Stdio::piped())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn a_management_socket_for_everybody_is_refused() {
    let open = TcpListener::bind("0.0.0.0:0").unwrap();
    let daemon = Setup::new().tokenless().prepare();
    let mut serve = daemon.command();
    serve.arg("serve");
    let output = activate(serve, "management:edge", open, listener().0)
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("manage.insecure"), "{error}");
}

#[test]
fn the_first_connection_starts_it() {
    let activator = "systemd-socket-activate";
    if Command::new(activator).arg("--version").output().is_err() {
        eprintln!("skipped: there is no {activator}");
        return;
    }
    let address = listener().1;
    let mut daemon = Setup::new().tokenless().prepare();
    // It waits to be accepted until the daemon does.
    let client = std::thread::spawn(move || {
        postern_e2e::eventually("somebody listens", || {
            Request::get("/nobody/").send(address).ok()
        })
    });
    daemon.start_by(|serve| {
        let mut command = Command::new(activator);
        command
            .args(["--fdname=edge", "--listen", &address.to_string()])
            .arg(serve.get_program())
            .args(serve.get_args())
            .current_dir(serve.get_current_dir().unwrap());
        command
    });
    assert_eq!(client.join().unwrap().status, 404);
    assert_eq!(daemon.edge(), address);
}
