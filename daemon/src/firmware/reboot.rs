//! Restarting the machine, so that everything on it ends well before.

use rustix::process::{Pid, Signal, kill_process};
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Time for the answer that tells of the restart to reach its client.
const GRACE: Duration = Duration::from_millis(500);

/// Why the machine was not restarted.
#[derive(Debug, thiserror::Error)]
pub enum RebootError {
    /// The command cannot be run.
    #[error("`{command}` cannot be run: {error}; correct `reboot` of [firmware]")]
    Run {
        /// The command.
        command: String,
        /// What the system said.
        error: io::Error,
    },
    /// It failed.
    #[error(
        "`{command}` ended with {status}; correct `reboot` of [firmware], or let this user restart the machine"
    )]
    Failed {
        /// The command.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// Nothing is known that could.
    #[error(
        "nothing is known that restarts this machine; name a command as `reboot` of [firmware]"
    )]
    Unknown,
    /// PID 1 does not listen.
    #[error("PID 1 cannot be asked to restart the machine: {0}")]
    Init(io::Error),
}

/// Has the machine restarted: by the operator's command, by `postern init`, or by systemd.
/// Returns when that has begun.
pub fn reboot(command: &[String]) -> Result<(), RebootError> {
    if let [program, arguments @ ..] = command {
        return run(program, arguments);
    }
    if init_is_postern() {
        let init = Pid::from_raw(1).ok_or(RebootError::Unknown)?;
        // As the kernel asks PID 1 for it when Ctrl-Alt-Del is pressed.
        return kill_process(init, Signal::INT).map_err(|error| RebootError::Init(error.into()));
    }
    if Path::new("/run/systemd/system").is_dir() {
        return run("systemctl", &["reboot".to_owned()]);
    }
    Err(RebootError::Unknown)
}

/// The same a moment later, on a thread of its own; a failure is logged.
pub fn reboot_soon(command: Vec<String>) {
    let work = move || {
        std::thread::sleep(GRACE);
        log::info!("the machine is restarted");
        if let Err(error) = reboot(&command) {
            log::error!("the machine was not restarted: {error}");
        }
    };
    let thread = std::thread::Builder::new().name("reboot".to_owned());
    if let Err(error) = thread.spawn(work) {
        log::error!("the machine was not restarted: {error}");
    }
}

fn run(program: &str, arguments: &[String]) -> Result<(), RebootError> {
    let shown = || [&[program.to_owned()], arguments].concat().join(" ");
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .map_err(|error| RebootError::Run {
            command: shown(),
            error,
        })?;
    match status.success() {
        true => Ok(()),
        false => Err(RebootError::Failed {
            command: shown(),
            status,
        }),
    }
}

/// Whether this process is a child of `postern init`.
fn init_is_postern() -> bool {
    let parent_is_init = rustix::process::getppid().is_some_and(Pid::is_init);
    parent_is_init
        && std::fs::read("/proc/1/cmdline").is_ok_and(|line| {
            let mut words = line.split(|byte| *byte == 0);
            let program = words.next().unwrap_or_default();
            program.ends_with(b"/postern") && words.next() == Some(b"init")
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_operators_command_is_run_and_its_failure_told() {
        let command = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        reboot(&command("true")).unwrap();
        let error = reboot(&command("false now")).unwrap_err().to_string();
        assert!(error.starts_with("`false now` ended with"), "{error}");
        let error = reboot(&command("/no/such/program")).unwrap_err();
        assert!(matches!(error, RebootError::Run { .. }));
    }
}
