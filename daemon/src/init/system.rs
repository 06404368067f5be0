//! The second beginning, from the slot: everything set up once, then the daemon kept running until
//! the machine is told to end.

use super::notify::{Notify, Said};
use super::power::{self, End};
use super::service::{Order, SILENCE, Service};
use super::watchdog::Watchdog;
use super::{
    InitError, clock, console, disk::Disk, entropy, filesystem, kernel_line::KernelLine, mounts,
    network, places,
};
use crate::config::{Clock, Config, Network, Overrides};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, kill_process};
use rustix::system::RebootCommand;
use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM, SIGUSR2};
use std::convert::Infallible;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often the time is kept for the next start.
const KEEP_TIME: Duration = Duration::from_secs(600);

/// Sets everything up and keeps the daemon running. Returns only when that cannot be done.
pub(super) fn run() -> Result<Infallible, InitError> {
    mounts::kernel()?;
    mounts::memory()?;
    // Three keys at once are an order to this process, not to the kernel.
    let _ = rustix::system::reboot(RebootCommand::CadOff);
    let line = KernelLine::read();
    let disk = Disk::wait()?;
    if let Err(error) = disk.grow() {
        console::note("growing the data partition", &error);
    }
    filesystem::open(disk.partition("data")?)?;
    clock::restore();
    entropy::restore();
    ports();
    memory();
    let config_file = config_file();
    let config = config(&config_file);
    let (network, clock) = match &config {
        Some(config) => (config.network.clone(), config.clock.clone()),
        // A mistake in the configuration must not make the machine unreachable.
        None => (
            Network::default(),
            Clock {
                servers: Vec::new(),
            },
        ),
    };
    network::start(network);
    clock::follow(clock.servers);
    let watchdog = config
        .as_ref()
        .and_then(|config| config.board.watchdog.as_deref())
        .and_then(|device| Watchdog::open(Path::new(device)));
    // Where none is wanted, whoever reads the daemon's claim code here or was given one has the gateway.
    let wants_token = config.as_ref().is_none_or(|it| it.firmware.first_token);
    if wants_token && let Err(error) = first_token(&config_file) {
        console::note("the first token", &error);
    }
    let watch = Watch {
        signals: Signals::install().map_err(InitError::io("hear signals"))?,
        notify: Notify::open(Path::new(places::NOTIFY))
            .map_err(InitError::io("hear the daemon"))?,
        typed: Vec::new(),
        console: true,
        shell: None,
        watchdog,
        config_file,
        daemon: None,
        service: Service::new(line.trial),
        start: Instant::now(),
        time_kept: Duration::ZERO,
        ending: false,
    };
    watch.run()
}

/// The operator's configuration if there is one, else the image's.
fn config_file() -> PathBuf {
    let own = Path::new(places::CONFIG);
    match own.exists() {
        true => own.to_owned(),
        false => places::DEFAULT_CONFIG.into(),
    }
}

fn config(file: &Path) -> Option<Config> {
    match Config::load(Some(file), &Overrides::default()) {
        Ok(config) => Some(config),
        Err(error) => {
            console::note("the configuration", &error);
            None
        }
    }
}

/// Whoever runs the daemon may serve on low ports.
fn ports() {
    let setting = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
    if let Err(error) = std::fs::write(setting, "0") {
        console::note("low ports", &error);
    }
}

/// Who asks for memory that is not there is ended, and not who has most: a process that judges a push
/// asks for a lot, and the daemon, which others need, has most.
fn memory() {
    let setting = "/proc/sys/vm/oom_kill_allocating_task";
    if let Err(error) = std::fs::write(setting, "1") {
        console::note("memory", &error);
    }
}

/// On a machine without a token, makes one: it is told on the console, and kept where whoever has
/// the disk finds it.
fn first_token(config: &Path) -> io::Result<()> {
    let place = Path::new(places::FIRST_TOKEN);
    if place.exists() {
        return Ok(());
    }
    let output = Command::new(places::BINARY)
        .args(["token", "create", "--name", "first", "--config"])
        .arg(config)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!(
            "`postern token create` ended with {}",
            output.status
        )));
    }
    let fresh = place.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(&output.stdout)?;
    file.sync_all()?;
    std::fs::rename(&fresh, place)?;
    let token = String::from_utf8_lossy(&output.stdout);
    console::say(&format!("the first token is {}", token.trim()));
    Ok(())
}

/// Signals, as bytes in sockets.
struct Signals {
    child: UnixStream,
    reboot: UnixStream,
    power_off: UnixStream,
}

impl Signals {
    fn install() -> io::Result<Self> {
        let of = |signals: &[i32]| -> io::Result<UnixStream> {
            let (hears, tells) = UnixStream::pair()?;
            hears.set_nonblocking(true)?;
            for signal in signals {
                signal_hook::low_level::pipe::register(*signal, tells.try_clone()?)?;
            }
            Ok(hears)
        };
        Ok(Self {
            child: of(&[SIGCHLD])?,
            reboot: of(&[SIGTERM, SIGINT])?,
            power_off: of(&[SIGUSR2])?,
        })
    }
}

/// Whether a signal came since the last question.
fn came(mut signal: &UnixStream) -> bool {
    matches!(signal.read(&mut [0; 64]), Ok(length) if length > 0)
}

/// What process 1 watches over.
struct Watch {
    signals: Signals,
    notify: Notify,
    /// The line that is being typed at the console.
    typed: Vec<u8>,
    /// Whether there is a console to type at.
    console: bool,
    /// The recovery shell, which has the console while it runs.
    shell: Option<Pid>,
    watchdog: Option<Watchdog>,
    config_file: PathBuf,
    daemon: Option<Pid>,
    service: Service,
    start: Instant,
    time_kept: Duration,
    /// Whether the machine is ending.
    ending: bool,
}

impl Watch {
    fn run(mut self) -> ! {
        loop {
            if let Some(end) = self.turn() {
                self.end(end);
            }
        }
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Hears, decides, acts, and waits for what comes next.
    fn turn(&mut self) -> Option<End> {
        self.reap();
        let now = self.now();
        for said in self.notify.hear() {
            match said {
                Said::Ready => self.service.ready(now),
                Said::Well => self.service.well(now),
                Said::Stopping => {}
            }
        }
        if came(&self.signals.reboot) {
            return Some(End::Reboot);
        }
        if came(&self.signals.power_off) {
            return Some(End::PowerOff);
        }
        let mut next = now + KEEP_TIME;
        match self.service.order(now) {
            Order::Wait(until) => next = next.min(until),
            Order::Start => {
                self.start_daemon();
                return None;
            }
            Order::Kill => {
                console::say("the daemon does not say that it is well; it is killed");
                if let Some(pid) = self.daemon {
                    let _ = kill_process(pid, Signal::KILL);
                }
            }
            Order::GiveUp => {
                console::say("this slot fails its trial");
                return Some(End::Reboot);
            }
        }
        if let Some(watchdog) = &mut self.watchdog
            && self.service.is_well(now)
        {
            watchdog.feed();
            next = next.min(now + watchdog.every());
        }
        if now.saturating_sub(self.time_kept) >= KEEP_TIME {
            self.time_kept = now;
            if let Err(error) = clock::save() {
                console::note("keeping the time", &error);
            }
        }
        self.wait(next.saturating_sub(now));
        self.typed_line()
    }

    fn wait(&self, long: Duration) {
        let timeout = Timespec::try_from(long).ok();
        let stdin = io::stdin();
        let mut fds = vec![
            PollFd::new(&self.signals.child, PollFlags::IN),
            PollFd::new(&self.signals.reboot, PollFlags::IN),
            PollFd::new(&self.signals.power_off, PollFlags::IN),
            PollFd::from_borrowed_fd(self.notify.as_fd(), PollFlags::IN),
        ];
        if self.console && self.shell.is_none() {
            fds.push(PollFd::new(&stdin, PollFlags::IN));
        }
        // Interrupted by a signal: it is seen in the next turn.
        let _ = poll(&mut fds, timeout.as_ref());
    }

    /// Reads what was typed, if anything was, and obeys a whole line.
    fn typed_line(&mut self) -> Option<End> {
        let stdin = io::stdin();
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        let ready = poll(&mut fds, Some(&Timespec::default())).unwrap_or(0) > 0;
        if !self.console || self.shell.is_some() || !ready {
            return None;
        }
        let mut buffer = [0; 256];
        match rustix::io::read(&stdin, &mut buffer) {
            Ok(0) | Err(_) => self.console = false,
            Ok(length) => self.typed.extend_from_slice(&buffer[..length]),
        }
        let end = self.typed.iter().position(|byte| b"\r\n".contains(byte));
        let Some(end) = end else {
            // Nothing that is said here is so long.
            self.typed.truncate(256);
            return None;
        };
        let line: Vec<u8> = self.typed.drain(..=end).collect();
        let line = String::from_utf8_lossy(&line);
        let shell = Path::new(places::SHELL).exists();
        if shell && line.trim() == "shell" {
            self.start_shell();
            return None;
        }
        let order = End::typed(&line);
        if order.is_none() && !line.trim().is_empty() {
            console::say(match shell {
                true => "known here: reboot, poweroff, shell",
                false => "known here: reboot, poweroff",
            });
        }
        order
    }

    /// Gives the console away to the recovery shell, until that ends.
    fn start_shell(&mut self) {
        match Command::new(places::SHELL).arg("-i").spawn() {
            Ok(child) => self.shell = i32::try_from(child.id()).ok().and_then(Pid::from_raw),
            Err(error) => console::note("the recovery shell", &error),
        }
    }

    fn start_daemon(&mut self) {
        let now = self.now();
        let child = Command::new(places::BINARY)
            .args(["serve", "--config"])
            .arg(&self.config_file)
            .env("NOTIFY_SOCKET", places::NOTIFY)
            .env("WATCHDOG_USEC", SILENCE.as_micros().to_string())
            .stdin(Stdio::null())
            .spawn();
        self.service.started(now);
        match child {
            Ok(child) => self.daemon = i32::try_from(child.id()).ok().and_then(Pid::from_raw),
            Err(error) => {
                let pause = self.service.ended(now);
                console::say(&format!(
                    "cannot start the daemon: {error}; again in {} s",
                    pause.as_secs()
                ));
            }
        }
    }

    /// Takes note of all processes that have ended: the daemon, and those whose parents ended
    /// before them.
    fn reap(&mut self) {
        came(&self.signals.child);
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            if self.shell == Some(pid) {
                self.shell = None;
                console::say("the recovery shell ended");
            }
            if self.daemon != Some(pid) {
                continue;
            }
            self.daemon = None;
            let how = match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => format!("with {code}"),
                (None, Some(signal)) => format!("by signal {signal}"),
                (None, None) => "somehow".to_owned(),
            };
            let pause = self.service.ended(self.now());
            if self.ending {
                console::say(&format!("the daemon ended {how}"));
                continue;
            }
            console::say(&format!(
                "the daemon ended {how}; it is started again in {} s",
                pause.as_secs()
            ));
        }
    }

    /// Lets the daemon end in order, then ends the machine.
    fn end(&mut self, how: End) -> ! {
        console::say("ending in order");
        self.ending = true;
        if let Some(pid) = self.daemon {
            power::ask(pid);
        }
        let end = self.now() + power::PATIENCE;
        while self.daemon.is_some() && self.now() < end {
            if let Some(watchdog) = &mut self.watchdog {
                watchdog.feed();
            }
            self.reap();
            if self.daemon.is_some() {
                self.wait(Duration::from_secs(1));
                self.notify.hear();
            }
        }
        power::end(how)
    }
}
