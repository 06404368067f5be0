//! The end: the daemon first, then everything else, then the disk, then the machine.

use super::{clock, console, entropy, places};
use rustix::mount::{UnmountFlags, unmount};
use rustix::process::{Pid, Signal, kill_process};
use rustix::system::RebootCommand;
use std::time::Duration;

/// How long the daemon may take for requests in flight and its store.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How the machine ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It is started again.
    Reboot,
    /// It is switched off.
    PowerOff,
}

impl End {
    /// What an operator at the console typed.
    pub(super) fn typed(line: &str) -> Option<Self> {
        match line.trim() {
            "reboot" => Some(Self::Reboot),
            "poweroff" => Some(Self::PowerOff),
            _ => None,
        }
    }
}

/// Asks the daemon to end.
pub(super) fn ask(daemon: Pid) {
    let _ = kill_process(daemon, Signal::TERM);
}

/// Ends the machine. The daemon has ended, or has had its time.
pub(super) fn end(how: End) -> ! {
    // Whatever is left would keep the data partition busy.
    kill_everything();
    if let Err(error) = entropy::save() {
        console::note("keeping a seed", &error);
    }
    if let Err(error) = clock::save() {
        console::note("keeping the time", &error);
    }
    rustix::fs::sync();
    if let Err(error) = unmount(places::DATA, UnmountFlags::empty()) {
        console::note("unmounting the data partition", &error);
    }
    rustix::fs::sync();
    console::say(match how {
        End::Reboot => "starting again",
        End::PowerOff => "switched off",
    });
    let command = match how {
        End::Reboot => RebootCommand::Restart,
        End::PowerOff => RebootCommand::PowerOff,
    };
    if let Err(error) = rustix::system::reboot(command) {
        console::note("ending the machine", &error);
    }
    // A machine that cannot switch itself off waits for someone to.
    loop {
        std::thread::park();
    }
}

/// Kills every process but this one and waits until they are gone.
fn kill_everything() {
    let everyone = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for entry in everyone {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
            .and_then(Pid::from_raw)
        else {
            continue;
        };
        // Threads of the kernel take no signals, and process 1 is this one.
        if pid != Pid::INIT {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
    while rustix::process::wait(rustix::process::WaitOptions::empty()).is_ok() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_end_the_machine() {
        assert_eq!(End::typed("poweroff\n"), Some(End::PowerOff));
        assert_eq!(End::typed("reboot\r\n"), Some(End::Reboot));
        assert_eq!(End::typed("reboot now"), None);
        assert_eq!(End::typed(""), None);
    }
}
