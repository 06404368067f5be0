//! An emulated machine: QEMU with U-Boot and a disk image, its console in a file, both ports forwarded.

use super::http::{self, Manage};
use crate::{process, workspace};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a machine may take from nothing to its first answer; one that fills its first disk on a
/// host under load included.
pub const BOOT: Duration = Duration::from_secs(300);
/// How long it may take to end in order.
const END: Duration = Duration::from_secs(90);
/// Between two looks at what is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// How long a machine that has just been started may take to answer.
const FIRST_PATIENCE: Duration = Duration::from_millis(500);

/// Between two questions.
const ASK: Duration = Duration::from_millis(500);

/// Names of files in a machine's folder.
const CONSOLE_LOG: &str = "console.log";
const CONSOLE: &str = "console";
const PID: &str = "pid";
const QEMU_LOG: &str = "qemu.log";

/// What to emulate.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The board: `qemu-arm64` or `qemu-armv7`.
    pub board: &'a str,
    /// The disk; it is written to.
    pub disk: &'a Path,
    /// Where console and process id are kept.
    pub folder: &'a Path,
    /// Mebibytes of RAM.
    pub ram: u32,
    /// Ports of this machine for edge and management; 0 means any that is free.
    pub ports: (u16, u16),
    /// The machine's address in the emulator's network, if it is not the first one of its DHCP.
    pub guest: Option<&'a str>,
    /// What its clock says when it starts, if it is not the time.
    pub rtc: Option<&'a str>,
}

/// A machine that runs, also after this value is dropped.
pub struct Machine {
    /// The edge's port on this machine.
    pub edge: u16,
    /// The management port's.
    pub manage: u16,
    pid: Pid,
    folder: PathBuf,
    start: Instant,
}

impl Machine {
    /// Starts it.
    pub fn start(wanted: &Wanted<'_>) -> Result<Self> {
        let (program, machine, cores, loader) = match wanted.board {
            "qemu-arm64" => ("qemu-system-aarch64", "cortex-a72", "2", "qemu_arm64"),
            "qemu-armv7" => ("qemu-system-arm", "cortex-a15", "2", "qemu_arm"),
            other => bail!("{other} is no board to emulate; qemu-arm64 and qemu-armv7 are"),
        };
        workspace::create_dir(wanted.folder)?;
        if let Some(pid) = running(wanted.folder) {
            bail!("the machine runs already as process {pid:?}; `--stop` ends it");
        }
        for name in [CONSOLE_LOG, CONSOLE] {
            match std::fs::remove_file(wanted.folder.join(name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        let (edge, manage) = (port(wanted.ports.0)?, port(wanted.ports.1)?);
        let disk = std::fs::canonicalize(wanted.disk)
            .with_context(|| format!("there is no {}", wanted.disk.display()))?;
        let guest = wanted.guest.unwrap_or_default();
        let log = std::fs::File::create(wanted.folder.join(QEMU_LOG))?;
        let mut command = Command::new(program);
        command
            .current_dir(wanted.folder)
            .args(["-M", "virt", "-cpu", machine, "-smp", cores])
            .args(["-m", &wanted.ram.to_string()])
            .args(["-bios", &format!("/usr/lib/u-boot/{loader}/u-boot.bin")])
            .args(["-display", "none", "-monitor", "none", "-parallel", "none"])
            .args([
                "-chardev",
                &format!(
                    "socket,id=console,path={CONSOLE},server=on,wait=off,logfile={CONSOLE_LOG}"
                ),
                "-serial",
                "chardev:console",
            ])
            .arg("-drive")
            .arg(format!(
                "if=none,id=disk,format=raw,file={}",
                disk.display()
            ))
            .args(["-device", "virtio-blk-pci,drive=disk"])
            .arg("-netdev")
            .arg(format!(
                "user,id=net,hostfwd=tcp:127.0.0.1:{edge}-{guest}:80,hostfwd=tcp:127.0.0.1:{manage}-{guest}:8788"
            ))
            .args(["-device", "virtio-net-pci,netdev=net"])
            .args(["-device", "virtio-rng-pci"])
            .args(wanted.rtc.iter().flat_map(|time| ["-rtc".to_owned(), format!("base={time}")]))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // A Ctrl-C at the terminal is this program's to answer.
            .process_group(0);
        let start = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", process::shown(&command)))?;
        let id = child.id();
        std::fs::write(wanted.folder.join(PID), format!("{id}\n"))?;
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
        // Somebody must ask how it ended, or it stays in the list of processes.
        std::thread::spawn(move || {
            let mut child = child;
            child.wait()
        });
        Ok(Self {
            edge,
            manage,
            pid: pid.context("the emulator has no process id")?,
            folder: wanted.folder.to_owned(),
            start,
        })
    }

    /// What the console has shown.
    pub fn console(&self) -> String {
        let bytes = std::fs::read(self.folder.join(CONSOLE_LOG)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits for `look` to find something.
    pub fn wait<T>(
        &self,
        what: &str,
        patience: Duration,
        mut look: impl FnMut(&Self) -> Option<T>,
    ) -> Result<T> {
        let end = Instant::now() + patience;
        loop {
            if let Some(found) = look(self) {
                return Ok(found);
            }
            if !alive(self.pid) {
                bail!("the emulator ended without {what}:\n{}", self.told());
            }
            if Instant::now() > end {
                bail!("no {what} after {} s:\n{}", patience.as_secs(), self.told());
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Waits for a text on the console; what follows it on its line.
    pub fn says(&self, text: &str, patience: Duration) -> Result<String> {
        self.wait(&format!("`{text}` on the console"), patience, |it| {
            let console = it.console();
            let (_, rest) = console.split_once(text)?;
            let (line, _) = rest.split_once('\n')?;
            Some(line.trim().to_owned())
        })
    }

    /// Asks the machine again and again, until it answers what is wanted.
    pub fn answers<T>(
        &self,
        what: &str,
        patience: Duration,
        mut ask: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        self.wait(what, patience, |_| {
            let found = ask();
            if found.is_none() {
                // It has other things to do than to answer.
                std::thread::sleep(ASK);
            }
            found
        })
    }

    /// Waits for the first answer at the edge, whatever it is; how long that took from the start.
    pub fn served(&self) -> Result<Duration> {
        self.wait("answer at the edge", BOOT, |it| {
            // QEMU takes the connection at once, and knocks at a machine that is not up yet more and
            // more rarely: soon a fresh connection is faster. A slow machine needs time to answer.
            let patience = FIRST_PATIENCE + it.start.elapsed() / 4;
            http::ask_within(patience, it.edge, "GET", "/", &[], &[]).ok()
        })?;
        Ok(self.start.elapsed())
    }

    /// The token that a first boot tells.
    pub fn token(&self) -> Result<String> {
        self.says("the first token is ", BOOT)
    }

    /// Its management port.
    pub fn manage(&self, token: &str) -> Manage {
        Manage {
            port: self.manage,
            token: token.to_owned(),
        }
    }

    /// Switches it off in order.
    pub fn power_off(&self) -> Result<()> {
        let _typing = types(&self.folder, "poweroff")?;
        let end = Instant::now() + END;
        while alive(self.pid) {
            if Instant::now() > end {
                bail!("the machine does not switch off:\n{}", self.told());
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Cuts its power.
    pub fn cut(&self) -> Result<()> {
        let _ = kill_process(self.pid, Signal::KILL);
        let end = Instant::now() + END;
        while alive(self.pid) {
            if Instant::now() > end {
                bail!("the emulator cannot be killed");
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// The last lines of console and emulator.
    fn told(&self) -> String {
        let console = self.console();
        let qemu = std::fs::read_to_string(self.folder.join(QEMU_LOG)).unwrap_or_default();
        let lines: Vec<&str> = console.lines().chain(qemu.lines()).collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

/// Ends the machine of a folder, in order if it can; whether there was one.
pub fn stop(folder: &Path) -> Result<bool> {
    let Some(pid) = running(folder) else {
        return Ok(false);
    };
    let end = Instant::now() + END;
    let asked = types(folder, "poweroff");
    while alive(pid) {
        if asked.is_err() || Instant::now() > end {
            kill_process(pid, Signal::KILL).context("cannot end the emulator")?;
        }
        std::thread::sleep(LOOK);
    }
    Ok(true)
}

/// Types a line at a console. What the machine has not taken yet is lost when the connection closes.
fn types(folder: &Path, line: &str) -> Result<UnixStream> {
    // The path of a socket may have no more than 107 bytes.
    let path = folder.join(CONSOLE);
    let here = std::env::current_dir()?;
    let path = path.strip_prefix(&here).unwrap_or(&path).to_owned();
    let mut console = UnixStream::connect(&path)
        .with_context(|| format!("cannot reach the console {}", path.display()))?;
    console.write_all(format!("{line}\n").as_bytes())?;
    let mut shown = console.try_clone()?;
    // A machine whose console is connected and not read from stands still.
    std::thread::spawn(move || std::io::copy(&mut shown, &mut std::io::sink()));
    Ok(console)
}

/// The process of the machine in a folder, if it runs.
fn running(folder: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(folder.join(PID)).ok()?;
    let pid = Pid::from_raw(text.trim().parse().ok()?)?;
    // Another process may have its number by now.
    let line = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).ok()?;
    (alive(pid) && line.starts_with(b"qemu-system-")).then_some(pid)
}

fn alive(pid: Pid) -> bool {
    test_kill_process(pid).is_ok() && state(pid).is_none_or(|state| state != 'Z')
}

/// The state of a process, as the kernel tells it.
fn state(pid: Pid) -> Option<char> {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    text.rsplit_once(") ")?.1.chars().next()
}

/// A port: the one that is wanted, or one that is free now.
fn port(wanted: u16) -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, wanted))
        .with_context(|| format!("port {wanted} is taken"))?;
    Ok(listener.local_addr()?.port())
}
