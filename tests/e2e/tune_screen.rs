//! The screen of `postern tune` on a terminal of 80 by 24, and what is left of it afterwards.

use postern_e2e::guests::hello;
use postern_e2e::{Daemon, eventually};
use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use serde_json::json;
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};

/// A terminal, and the screen on it.
struct Terminal {
    ours: OwnedFd,
    theirs: OwnedFd,
    child: Child,
    seen: String,
}

impl Terminal {
    fn open(daemon: &Daemon) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let theirs = open(&*name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&theirs, size).unwrap();
        fcntl_setfl(&ours, fcntl_getfl(&ours).unwrap() | OFlags::NONBLOCK).unwrap();
        let end = || Stdio::from(theirs.try_clone().unwrap());
        let mut command = daemon.command();
        let child = command
            .arg("tune")
            .env(
                "POSTERN_URL",
                format!("http://{}/client/v4", daemon.manage()),
            )
            .env("POSTERN_TOKEN", daemon.token())
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        Self {
            ours,
            theirs,
            child,
            seen: String::new(),
        }
    }

    fn read(&mut self) {
        let mut bytes = [0; 65536];
        while let Ok(count) = rustix::io::read(&self.ours, &mut bytes) {
            self.seen
                .push_str(&String::from_utf8_lossy(&bytes[..count]));
            if count == 0 {
                break;
            }
        }
    }

    /// Waits until this is on the screen, drawn after what was typed last.
    #[track_caller]
    fn shows(&mut self, text: &str) {
        eventually(text, || {
            self.read();
            self.seen.contains(text).then_some(())
        });
    }

    fn types(&mut self, keys: &str) {
        self.read();
        self.seen.clear();
        rustix::io::write(&self.ours, keys.as_bytes()).unwrap();
    }

    fn is_raw(&self) -> bool {
        let modes = tcgetattr(&self.theirs).unwrap().local_modes;
        !modes.contains(LocalModes::ICANON) && !modes.contains(LocalModes::ECHO)
    }

    /// It ends with this status, and the terminal is as it was.
    #[track_caller]
    fn is_given_back(&mut self, code: Option<i32>) {
        let status = eventually("the screen ends", || {
            self.read();
            self.child.try_wait().unwrap()
        });
        self.read();
        assert_eq!(status.code(), code);
        assert!(self.seen.contains("\x1b[?25h"), "the cursor is there again");
        assert!(
            self.seen.contains("\x1b[?1049l"),
            "what was before is shown"
        );
        assert!(!self.is_raw());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start() -> Daemon {
    let daemon = Daemon::plain();
    daemon.api().production();
    daemon.api().push("good", &hello("good"), &json!({}));
    for _ in 0..5 {
        daemon.get("/good/").expect(200);
    }
    daemon
}

#[test]
fn the_screen_shows_tries_applies_and_gives_the_terminal_back() {
    let daemon = start();
    let mut terminal = Terminal::open(&daemon);
    terminal.shows("production/good");
    terminal.shows("q quit");
    assert!(terminal.is_raw());
    // Memory, the second of four, to its least: every request would have been cut. All keys at
    // once, more than the 64 bytes that are read at a time, which end within an arrow.
    terminal.types(&format!("{}{}", "\t".repeat(9), "\x1b[D".repeat(40)));
    terminal.shows("1 of 1 tenants would have been cut, 5 of 5 requests");
    terminal.types("a");
    terminal.shows("why?");
    terminal.types("a test\r");
    terminal.shows("TRIAL 1: returns in");
    terminal.types("y");
    terminal.shows("kept");
    let told = daemon.api().get("/postern/v1/tune/history").ok();
    assert_eq!(
        (&told["changes"][0]["why"], &told["changes"][0]["of"]),
        (&json!("a test"), &json!("tenant production/good"))
    );
    terminal.types("h");
    terminal.shows("memory-bytes off -> 65536");
    terminal.types("u");
    terminal.shows("taken back");
    terminal.types("q");
    if !terminal.seen.contains("\x1b[?1049l") {
        terminal.is_given_back(Some(0));
    }
}

#[test]
fn a_signal_gives_the_terminal_back_too() {
    let daemon = start();
    for typed in [false, true] {
        let mut terminal = Terminal::open(&daemon);
        terminal.shows("q quit");
        if typed {
            terminal.types("\x03");
        } else {
            let pid = rustix::process::Pid::from_child(&terminal.child);
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        }
        terminal.is_given_back(Some(0));
    }
}

#[test]
fn without_a_terminal_the_commands_are_named() {
    let daemon = start();
    let ran = daemon.cli(&["tune"]).expect(2);
    assert!(
        ran.stderr
            .contains("the screen needs a terminal; the same as plain commands"),
        "{ran:?}"
    );
}
