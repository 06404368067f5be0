//! A terminal of 80 by 24, and one of the daemon's commands on it.

use crate::{Daemon, eventually};
use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus, Stdio};

/// A terminal, and a command on it.
pub struct Terminal {
    ours: OwnedFd,
    theirs: OwnedFd,
    child: Child,
    seen: String,
}

impl Terminal {
    /// Runs `postern` with these arguments, as somebody who may do all at this gateway.
    pub fn open(daemon: &Daemon, arguments: &[&str]) -> Self {
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
            .args(arguments)
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

    /// The process of the command.
    pub fn process(&self) -> &Child {
        &self.child
    }

    /// What was shown since something was typed last.
    pub fn seen(&self) -> &str {
        &self.seen
    }

    /// Waits until this is on the screen, drawn after what was typed last.
    #[track_caller]
    pub fn shows(&mut self, text: &str) {
        eventually(text, || {
            self.read();
            self.seen.contains(text).then_some(())
        });
    }

    /// Types these keys.
    pub fn types(&mut self, keys: &str) {
        self.read();
        self.seen.clear();
        rustix::io::write(&self.ours, keys.as_bytes()).unwrap();
    }

    /// Whether each key goes to the command as it is typed, and is not shown.
    pub fn is_raw(&self) -> bool {
        let modes = tcgetattr(&self.theirs).unwrap().local_modes;
        !modes.contains(LocalModes::ICANON) && !modes.contains(LocalModes::ECHO)
    }

    /// Waits until the command has ended, and all that it wrote was seen.
    #[track_caller]
    pub fn ends(&mut self) -> ExitStatus {
        let status = eventually("the command ends", || {
            self.read();
            self.child.try_wait().unwrap()
        });
        self.read();
        status
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
