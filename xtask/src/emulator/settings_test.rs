//! What the configuration tells process 1, tried on an emulated machine: an address of its own, servers
//! that know the time, a clock that does not go back, a claim in place of a first token, and the watchdog's bite.

use super::boot_test::{SOON, Trial, served, tenants};
use super::http::Manage;
use super::machine::{BOOT, Wanted};
use super::{fresh_disk, ram};
use crate::image::{self, Plan};
use crate::step;
use anyhow::{Context, Result, bail};
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The machine's own address; QEMU's network gives others by DHCP.
const ADDRESS: &str = "10.0.2.77";
/// How far the time's server is ahead of this machine.
const AHEAD: Duration = Duration::from_secs(3 * 24 * 3600);
/// Seconds between the epochs of NTP and Unix.
const EPOCHS: u64 = 2_208_988_800;
/// A battery's clock that has lost its battery.
const LOST: &str = "2020-01-01T00:00:00";
/// Until the daemon is given up, the watchdog bites, and the loader is there again.
const BITE: Duration = Duration::from_secs(240);

/// Each kind of settings.
pub fn run(board: &str, plan: &Plan, binary: &Path) -> Result<()> {
    network_and_clock(board, plan, binary)?;
    claim(board, plan, binary)?;
    watchdog(board, plan, binary)
}

/// A fresh machine with this configuration.
fn machine<'a>(board: &'a str, plan: &Plan, binary: &Path, config: &str) -> Result<Trial<'a>> {
    let file = plan.folder.join("settings.toml");
    std::fs::write(&file, config).context("cannot write a configuration")?;
    let plan = Plan::new(board, Some(file), None)?;
    image::make(&plan, binary)?;
    let trial = Trial {
        board,
        folder: plan.folder.join("trial"),
        disk: plan.folder.join("trial.img"),
    };
    fresh_disk(&plan.folder.join("disk.img"), &trial.disk, 0)?;
    Ok(trial)
}

fn network_and_clock(board: &str, plan: &Plan, binary: &Path) -> Result<()> {
    let server = TimeServer::start()?;
    // The emulator's network has this machine at 10.0.2.2.
    let config = format!(
        r#"data-dir = "/data/postern"
board = "/etc/postern/board.toml"
[edge]
listen = "{ADDRESS}:80"
[routing]
modes = ["path"]
namespace = "production"
[manage]
listen = "{ADDRESS}:8788"
insecure = true
[network]
address = "{ADDRESS}/24"
gateway = "10.0.2.2"
nameservers = ["10.0.2.3"]
hostname = "gateway-7"
[clock]
servers = ["10.0.2.2:{}"]
"#,
        server.port
    );
    let trial = machine(board, plan, binary, &config)?;
    let boot = |rtc| {
        trial.boot_as(&Wanted {
            guest: Some(ADDRESS),
            rtc,
            ..trial.wanted(ram(plan.board()))
        })
    };
    let first = boot(None)?;
    step::quiet("boot with an address of its own", || first.served())?;
    tenants(&first, &first.manage(&first.token()?), &["hello"])?;
    let offset = step::quiet("the time", || first.says("the clock was wrong by ", SOON))?;
    let seconds: f64 = offset
        .split(' ')
        .next()
        .and_then(|it| it.parse().ok())
        .with_context(|| format!("`{offset}` is no offset"))?;
    if (seconds - AHEAD.as_secs_f64()).abs() > 60.0 {
        bail!(
            "the clock was set by {seconds} s, and not by {}",
            AHEAD.as_secs()
        );
    }
    step::quiet("switching off", || first.power_off())?;
    drop(server);
    let second = boot(Some(LOST))?;
    step::quiet("boot with a clock that lost its battery", || {
        second.served()
    })?;
    second.says("the clock goes on from when the machine last ran", SOON)?;
    served(&second, "hello")?;
    second.power_off()?;
    println!(
        "{board}: served at {ADDRESS}; the clock was set by {seconds} s, and goes on after {LOST}"
    );
    Ok(())
}

/// A machine without a first token, which is claimed by the code on its console, once.
fn claim(board: &str, plan: &Plan, binary: &Path) -> Result<()> {
    let config = r#"data-dir = "/data/postern"
board = "/etc/postern/board.toml"
[edge]
listen = "0.0.0.0:80"
[routing]
modes = ["path"]
namespace = "production"
[manage]
listen = "0.0.0.0:8788"
insecure = true
[firmware]
first-token = false
"#;
    let trial = machine(board, plan, binary, config)?;
    let machine = trial.boot(ram(plan.board()))?;
    step::quiet("boot of a machine that nobody has", || machine.served())?;
    let told = machine.says("claim it: postern claim ", SOON)?;
    let code = told.split(' ').next().context("there is no code")?;
    let manage = Manage::claim(machine.manage, code)?;
    tenants(&machine, &manage, &["hello"])?;
    if Manage::claim(machine.manage, code).is_ok() {
        bail!("it can be claimed a second time");
    }
    let console = machine.console();
    if console.contains("first token") {
        bail!("the machine made a token that nobody wanted:\n{console}");
    }
    machine.power_off()?;
    println!("{board}: claimed by the code on its console");
    Ok(())
}

/// A daemon that cannot start, in a machine that is none the worse for it but for that.
fn watchdog(board: &str, plan: &Plan, binary: &Path) -> Result<()> {
    let config = r#"data-dir = "/data/postern"
board = "/etc/postern/board.toml"
[edge]
listen = "192.0.2.99:80"
[routing]
modes = ["path"]
namespace = "production"
"#;
    let trial = machine(board, plan, binary, config)?;
    let machine = trial.boot(ram(plan.board()))?;
    step::quiet("boot with a daemon that cannot start", || {
        machine.says("the watchdog bites after", BOOT)?;
        machine.says("the daemon ended with", BOOT)
    })?;
    step::quiet("the watchdog's bite", || {
        machine.wait("second start", BITE, |it| {
            (it.console().matches("Postern: slot a").count() > 1).then_some(())
        })
    })?;
    let console = machine.console();
    if console.contains("ending in order") {
        bail!("it was not the watchdog that ended the machine:\n{console}");
    }
    machine.cut()?;
    println!("{board}: the watchdog has started a machine again whose daemon did not come up");
    Ok(())
}

/// A server of the time that is ahead, until this is dropped.
struct TimeServer {
    port: u16,
    over: Arc<AtomicBool>,
}

impl TimeServer {
    fn start() -> Result<Self> {
        let socket =
            UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("no port for a time server")?;
        socket.set_read_timeout(Some(Duration::from_millis(200)))?;
        let port = socket.local_addr()?.port();
        let over = Arc::new(AtomicBool::new(false));
        let ends = over.clone();
        std::thread::spawn(move || {
            let mut packet = [0; 48];
            while !ends.load(Ordering::Relaxed) {
                // Nothing came, or something that is too short to be a question.
                let Ok((48, client)) = socket.recv_from(&mut packet) else {
                    continue;
                };
                answer(&mut packet, SystemTime::now() + AHEAD);
                let _ = socket.send_to(&packet, client);
            }
        });
        Ok(Self { port, over })
    }
}

impl Drop for TimeServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Makes the answer of a question: version 4, a server of stratum 1 (RFC 5905, 7.3).
fn answer(packet: &mut [u8; 48], now: SystemTime) {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = (since.as_secs() + EPOCHS) & u64::from(u32::MAX);
    let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    let time = (seconds << 32 | fraction).to_be_bytes();
    let mut asked = [0; 8];
    asked.copy_from_slice(&packet[40..]);
    packet.fill(0);
    packet[0] = 0b0010_0100;
    packet[1] = 1;
    packet[12..16].copy_from_slice(b"TEST");
    packet[24..32].copy_from_slice(&asked);
    for at in [16, 32, 40] {
        packet[at..at + 8].copy_from_slice(&time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_its_question_and_the_time() {
        let mut packet = [0; 48];
        packet[40..].copy_from_slice(b"question");
        answer(&mut packet, UNIX_EPOCH + Duration::from_millis(1500));
        assert_eq!(&packet[24..32], b"question");
        assert_eq!(packet[40..44], (EPOCHS as u32 + 1).to_be_bytes());
        assert_eq!(packet[44..], 0x8000_0000u32.to_be_bytes());
        assert_eq!(packet[0] & 7, 4);
    }
}
