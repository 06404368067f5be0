//! `test --package`: the package as a machine has it. In a system in a folder it is installed, started under
//! its unit's sandbox, asked, upgraded, removed and purged.

use super::chroot::Chroot;
use super::confine::Unit;
use super::{Package, pack};
use crate::{boards, build, process, step};
use anyhow::{Context, Result, bail, ensure};
use postern_board::Board;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// The board whose package this machine can run.
const BOARD: &str = "generic-x86-64";
const CONFIG: &str = "/etc/postern/postern.toml";
const TOKEN: &str = "/etc/postern/token";
const DATA: &str = "/var/lib/postern";
const UNITS: [&str; 3] = [
    "postern.service",
    "postern.socket",
    "postern-management.socket",
];

/// A Worker that counts in KV, so that it is seen what stays.
const COUNTER: &str = "export default {
  async fetch(request, env) {
    const count = Number(await env.COUNTS.get('visits') ?? 0) + 1;
    await env.COUNTS.put('visits', String(count));
    return new Response(`visit ${count}`);
  },
};
";

/// Makes the package, of `binary` if there is one and of what is built for the board otherwise, and an
/// upgrade of it, and does with them what machines do.
pub fn test(binary: Option<&Path>) -> Result<()> {
    let board = boards::load(BOARD)?;
    ensure!(
        board.architecture.is_here(),
        "the package of {BOARD} is not for this machine"
    );
    let binary = match binary {
        Some(binary) => binary.to_owned(),
        None => build::for_board(&board)?.binary,
    };
    let binary = binary.as_path();
    let package = pack(&board, binary, None)?;
    reproducible(&board, binary, &package)?;
    lint(&package)?;
    let upgrade = format!("{}+1", package.version);
    let upgrade = pack(&board, binary, Some(upgrade))?;
    let chroot = Chroot::new()?;
    let machine = Machine {
        ports: free_ports()?,
        chroot,
    };
    step::quiet("installing the package", || machine.install(&package))?;
    step::quiet("what was installed", || machine.check_installed())?;
    step::quiet("units", || machine.check_units())?;
    machine.configure()?;
    step::quiet("serving under the unit's sandbox", || {
        let service = machine.start()?;
        machine.deploy()?;
        machine.expect_visit(1)?;
        service.fed()?;
        service.confined()?;
        service.stop()
    })?;
    step::quiet("upgrading", || {
        machine.install(&upgrade)?;
        ensure!(machine.version()? == upgrade.version, "the version stayed");
        let service = machine.start()?;
        machine.expect_visit(2)?;
        service.stop()
    })?;
    step::quiet("removing, and installing again", || {
        machine.chroot.run("dpkg", &["--remove", "postern"])?;
        machine.expect("/usr/bin/postern", false)?;
        machine.expect(DATA, true)?;
        machine.expect(CONFIG, true)?;
        machine.install(&upgrade)?;
        let service = machine.start()?;
        machine.expect_visit(3)?;
        service.stop()
    })?;
    step::quiet("purging", || {
        machine.chroot.run("dpkg", &["--purge", "postern"])?;
        for path in ["/usr/bin/postern", DATA, "/etc/postern"] {
            machine.expect(path, false)?;
        }
        Ok(())
    })
}

/// The same sources give the same bytes.
fn reproducible(board: &Board, binary: &Path, package: &Package) -> Result<()> {
    let first = std::fs::read(&package.path)?;
    let again = pack(board, binary, None)?;
    ensure!(
        first == std::fs::read(&again.path)?,
        "two packages of the same binary differ"
    );
    Ok(())
}

/// What Debian's own check says, where there is one.
fn lint(package: &Package) -> Result<()> {
    if process::find("lintian").is_none() {
        step::skip("lintian", "it is not installed");
        return Ok(());
    }
    step::quiet_command(
        "lintian",
        Command::new("lintian")
            .args(["--allow-root", "--fail-on", "error", "--suppress-tags"])
            // That is what it is for, and what a build for tests is.
            .arg("statically-linked-binary,unstripped-binary-or-object")
            .arg(&package.path),
    )
}

/// A machine with the package.
struct Machine {
    chroot: Chroot,
    /// Of the edge and the management port.
    ports: [u16; 2],
}

impl Machine {
    fn install(&self, package: &Package) -> Result<()> {
        let name = package.path.file_name().context("a package has a name")?;
        let inside = self.chroot.path("/root").join(name);
        std::fs::copy(&package.path, &inside)?;
        let path = Path::new("/root").join(name);
        let told = self
            .chroot
            .run("dpkg", &["--install", &path.to_string_lossy()])?;
        if let Ok(token) = std::fs::read_to_string(self.chroot.path(TOKEN)) {
            ensure!(
                !told.contains(token.trim()),
                "installing shows the token:\n{told}"
            );
        }
        Ok(())
    }

    fn version(&self) -> Result<String> {
        self.chroot.run(
            "dpkg-query",
            &["--show", "--showformat=${Version}", "postern"],
        )
    }

    /// Whether something exists.
    fn expect(&self, path: &str, there: bool) -> Result<()> {
        let found = self.chroot.path(path).symlink_metadata().is_ok();
        let what = if there { "is not" } else { "is still" };
        ensure!(found == there, "{path} {what} there");
        Ok(())
    }

    fn check_installed(&self) -> Result<()> {
        let ids = self.chroot.run("id", &["postern"])?;
        let meta = |path: &str| {
            let path = self.chroot.path(path);
            path.metadata()
                .with_context(|| format!("there is no {}", path.display()))
        };
        let (data, token) = (meta(DATA)?, meta(TOKEN)?);
        ensure!(
            data.permissions().mode() & 0o7777 == 0o700 && data.uid() != 0,
            "{DATA} is open to others, or root's"
        );
        ensure!(
            ids.contains(&format!("uid={}(postern)", data.uid())),
            "{DATA} is not postern's: {ids}"
        );
        ensure!(
            token.permissions().mode() & 0o7777 == 0o600 && token.uid() == 0,
            "{TOKEN} is open to others, or not root's"
        );
        let conffiles = self.chroot.run(
            "dpkg-query",
            &["--show", "--showformat=${Conffiles}", "postern"],
        )?;
        ensure!(conffiles.contains(CONFIG), "{CONFIG} is no conffile");
        for path in [
            "/usr/share/man/man1/postern.1.gz",
            "/usr/share/man/man1/postern-serve.1.gz",
            "/usr/share/bash-completion/completions/postern",
            "/usr/share/zsh/vendor-completions/_postern",
            "/usr/share/fish/vendor_completions.d/postern.fish",
            "/usr/share/doc/postern/copyright",
            "/etc/systemd/system/multi-user.target.wants/postern.service",
        ] {
            self.expect(path, true)?;
        }
        self.expect(
            "/etc/systemd/system/sockets.target.wants/postern.socket",
            false,
        )?;
        self.chroot
            .run("postern", &["config", "check", "--config", CONFIG])?;
        let changed = self.chroot.run("dpkg", &["--verify", "postern"])?;
        ensure!(
            changed.trim().is_empty(),
            "files are not as packed:\n{changed}"
        );
        let bash = "/usr/share/bash-completion/completions/postern";
        self.chroot.run("bash", &["-n", bash])?;
        Ok(())
    }

    /// What systemd itself says of the units.
    fn check_units(&self) -> Result<()> {
        for unit in UNITS {
            let told = self
                .chroot
                .run("systemd-analyze", &["verify", "--man=no", unit])?;
            ensure!(told.trim().is_empty(), "{unit}: {told}");
        }
        // In tenths; what is left open is the network, and other services' view of users.
        self.chroot.run(
            "systemd-analyze",
            &[
                "security",
                "--offline=true",
                "--threshold=20",
                "--no-pager",
                UNITS[0],
            ],
        )?;
        Ok(())
    }

    /// Has it listen where nobody else does, as its operator would. The file stays so from then on.
    fn configure(&self) -> Result<()> {
        let path = self.chroot.path(CONFIG);
        let text = std::fs::read_to_string(&path)?;
        let [edge, manage] = self.ports;
        let text = text
            .replace("127.0.0.1:8787", &format!("127.0.0.1:{edge}"))
            .replace("127.0.0.1:8788", &format!("127.0.0.1:{manage}"));
        Ok(std::fs::write(&path, text)?)
    }

    /// Starts it as its unit says, and waits until it says that it is ready.
    fn start(&self) -> Result<Service> {
        let unit = Unit::read(&self.chroot, UNITS[0])?;
        ensure!(unit.get("Type")? == "notify", "the unit is not told");
        let seconds: u64 = unit.get("WatchdogSec")?.parse().context("WatchdogSec=")?;
        // Not in its folder: the system there is read-only, but may be connected to.
        let socket = self.chroot.path("/run/postern-notify");
        let _ = std::fs::remove_file(&socket);
        let supervisor = UnixDatagram::bind(&socket)?;
        std::fs::set_permissions(&socket, PermissionsExt::from_mode(0o666))?;
        supervisor.set_read_timeout(Some(PATIENCE))?;
        let variables = [
            ("NOTIFY_SOCKET", "/run/postern-notify".to_owned()),
            // As the unit has it, but sooner.
            ("WATCHDOG_USEC", (seconds * 1_000_000 / 10).to_string()),
        ];
        let child = unit.start(&self.chroot, &variables)?;
        let service = Service { child, supervisor };
        service.until("READY=1")?;
        Ok(service)
    }

    /// Runs the command line as root would.
    fn postern(&self, arguments: &[&str]) -> Result<String> {
        let url = format!("http://127.0.0.1:{}/client/v4", self.ports[1]);
        let mut all = arguments.to_vec();
        all.extend(["--url", &url, "--token-file", TOKEN]);
        self.chroot.run("postern", &all)
    }

    fn deploy(&self) -> Result<()> {
        std::fs::write(self.chroot.path("/srv/counter.js"), COUNTER)?;
        self.postern(&["namespace", "create", "production"])?;
        self.postern(&["kv", "namespace", "create", "counts"])?;
        self.postern(&[
            "push",
            "/srv/counter.js",
            "--namespace",
            "production",
            "--kv",
            "COUNTS=counts",
        ])?;
        Ok(())
    }

    fn expect_visit(&self, count: u32) -> Result<()> {
        let address = SocketAddr::from(([127, 0, 0, 1], self.ports[0]));
        let answer = get(address, "/counter/")?;
        ensure!(
            answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(&format!("visit {count}")),
            "instead of visit {count}: {answer}"
        );
        Ok(())
    }
}

/// A running service and what it tells. It is ended with this value at the latest.
struct Service {
    child: Child,
    supervisor: UnixDatagram,
}

impl Service {
    fn until(&self, wanted: &str) -> Result<()> {
        let mut told = [0; 4096];
        loop {
            let len = self
                .supervisor
                .recv(&mut told)
                .with_context(|| format!("waited in vain for {wanted}"))?;
            let text = String::from_utf8_lossy(&told[..len]);
            if text.lines().any(|line| line == wanted) {
                return Ok(());
            }
        }
    }

    /// The daemon has served requests to itself.
    fn fed(&self) -> Result<()> {
        self.until("WATCHDOG=1")?;
        self.until("WATCHDOG=1")
    }

    /// It has what the unit says, and not what this program has.
    fn confined(&self) -> Result<()> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        ensure!(
            status.starts_with("Name:\tpostern\n"),
            "it is another program:\n{status}"
        );
        // Two is a filter.
        for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "CapBnd:\t0000000000000000"] {
            ensure!(
                status.lines().any(|it| it == line),
                "there is no `{line}` in:\n{status}"
            );
        }
        ensure!(!status.contains("\nUid:\t0\t"), "it runs as root");
        Ok(())
    }

    /// Ends it in order.
    fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        self.until("STOPPING=1")?;
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            ensure!(begun.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The whole answer, as text.
fn get(address: SocketAddr, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Ports that nobody listens on now.
fn free_ports() -> Result<[u16; 2]> {
    let listeners = [
        TcpListener::bind("127.0.0.1:0")?,
        TcpListener::bind("127.0.0.1:0")?,
    ];
    let [Ok(edge), Ok(manage)] = listeners.map(|it| it.local_addr().map(|it| it.port())) else {
        bail!("the system tells no port");
    };
    Ok([edge, manage])
}
