//! The time: never before the machine last ran, and as servers say once there are some to ask.

use super::{console, places};
use rsntp::{Config, SntpClient};
use rustix::time::{ClockId, Timespec, clock_gettime, clock_settime};
use std::io;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long until servers are asked again: after an answer, and after none (doubled each time).
const SETTLED: Duration = Duration::from_secs(3600);
const RETRY_MIN: Duration = Duration::from_secs(4);
const RETRY_MAX: Duration = Duration::from_secs(600);
/// What a clock may be wrong by without being set.
const TOLERANCE: Duration = Duration::from_millis(100);

/// Sets the clock to when the machine last ran, or to when the image was made, if it is before.
pub(super) fn restore() {
    let made = std::fs::metadata(places::DEFAULT_CONFIG).and_then(|it| it.modified());
    let made = made
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let Some(least) = made.max(read(Path::new(places::CLOCK))) else {
        return;
    };
    if now() < least {
        match set(least) {
            Ok(()) => console::say("the clock goes on from when the machine last ran"),
            Err(error) => console::note("setting the clock", &error),
        }
    }
}

/// Keeps the time for the next start.
pub(super) fn save() -> io::Result<()> {
    write(Path::new(places::CLOCK), now())
}

fn read(path: &Path) -> Option<Duration> {
    let text = std::fs::read_to_string(path).ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

fn write(path: &Path, time: Duration) -> io::Result<()> {
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, format!("{}\n", time.as_secs()))?;
    std::fs::rename(&fresh, path)
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::Realtime);
    Duration::try_from(time).unwrap_or_default()
}

fn set(time: Duration) -> io::Result<()> {
    let time = Timespec::try_from(time).map_err(io::Error::other)?;
    Ok(clock_settime(ClockId::Realtime, time)?)
}

/// Asks the servers for ever, one after the other, on a thread of its own.
pub(super) fn follow(servers: Vec<String>) {
    if servers.is_empty() {
        return;
    }
    let thread = std::thread::Builder::new()
        .name("clock".to_owned())
        .stack_size(128 << 10)
        .spawn(move || {
            let mut retry = RETRY_MIN;
            loop {
                let pause = match servers.iter().find_map(|server| ask(server)) {
                    Some(offset) => {
                        retry = RETRY_MIN;
                        adjust(offset);
                        SETTLED
                    }
                    None => {
                        let pause = retry;
                        retry = (retry * 2).min(RETRY_MAX);
                        pause
                    }
                };
                std::thread::sleep(pause);
            }
        });
    if let Err(error) = thread {
        console::note("asking for the time", &error);
    }
}

/// By how much the clock is behind a server; negative when it is ahead.
fn ask(server: &str) -> Option<f64> {
    let client = SntpClient::with_config(Config::default().timeout(PATIENCE));
    let answer = client.synchronize(server).ok()?;
    Some(answer.clock_offset().as_secs_f64())
}

fn adjust(offset: f64) {
    let Some(time) = adjusted(now(), offset) else {
        return;
    };
    match set(time) {
        Ok(()) => console::say(&format!("the clock was wrong by {offset:.1} s")),
        Err(error) => console::note("setting the clock", &error),
    }
    if let Err(error) = save() {
        console::note("keeping the time", &error);
    }
}

/// The time to set, if the offset is one to set a clock for.
fn adjusted(now: Duration, offset: f64) -> Option<Duration> {
    let by = Duration::try_from_secs_f64(offset.abs()).ok()?;
    if by <= TOLERANCE {
        return None;
    }
    if offset > 0.0 {
        now.checked_add(by)
    } else {
        now.checked_sub(by)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn the_time_is_kept_in_whole_seconds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clock");
        assert_eq!(read(&path), None);
        write(&path, Duration::from_millis(1_800_000_000_900)).unwrap();
        assert_eq!(read(&path), Some(Duration::from_secs(1_800_000_000)));
        std::fs::write(&path, "torn").unwrap();
        assert_eq!(read(&path), None);
    }

    #[test]
    fn a_small_or_absurd_offset_sets_nothing() {
        let now = Duration::from_secs(1000);
        assert_eq!(adjusted(now, 0.05), None);
        assert_eq!(adjusted(now, -0.05), None);
        assert_eq!(adjusted(now, f64::NAN), None);
        assert_eq!(adjusted(now, -2000.0), None);
        assert_eq!(adjusted(now, 2.0), Some(Duration::from_secs(1002)));
        assert_eq!(adjusted(now, -2.0), Some(Duration::from_secs(998)));
    }

    #[test]
    fn a_server_is_asked_and_believed() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap().to_string();
        let serving = std::thread::spawn(move || {
            let mut packet = [0; 48];
            let (_, client) = server.recv_from(&mut packet).unwrap();
            // An answer of stratum 1 whose clock is an hour ahead.
            let sent: [u8; 8] = packet[40..48].try_into().unwrap();
            let ahead = u64::from_be_bytes(sent) + (3600 << 32);
            packet[0] = 0b0010_0100;
            packet[1] = 1;
            packet[12..16].copy_from_slice(b"TEST");
            packet[24..32].copy_from_slice(&sent);
            for at in [16, 32, 40] {
                packet[at..at + 8].copy_from_slice(&ahead.to_be_bytes());
            }
            server.send_to(&packet, client).unwrap();
        });
        let offset = ask(&address).unwrap();
        serving.join().unwrap();
        assert!((3590.0..3610.0).contains(&offset), "{offset}");
    }
}
