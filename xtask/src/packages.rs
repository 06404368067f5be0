//! Debian's packages: which ones a purpose needs, which are missing, and how they come here.

use crate::{process, step};
use anyhow::{Result, bail};
use rustix::process::geteuid;
use std::io::IsTerminal;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Once;

/// Something that a package brings.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// The packages that would bring it; the first one that exists is installed.
    pub packages: &'static [&'static str],
    /// How to see that it is there.
    pub sign: Sign,
}

/// How to see that a package's content is there, whoever installed it.
#[derive(Clone, Copy, Debug)]
pub enum Sign {
    /// One of these programs is in the search path.
    Program(&'static [&'static str]),
    /// This file exists.
    File(&'static str),
    /// This function says so.
    Check(fn() -> bool),
}

impl Need {
    fn met(&self) -> bool {
        match self.sign {
            Sign::Program(names) => names.iter().any(|name| process::find(name).is_some()),
            Sign::File(path) => Path::new(path).exists(),
            Sign::Check(check) => check(),
        }
    }
}

/// Installs what is missing of `needs`. Says in the error what to install by hand.
pub fn install(needs: &[Need]) -> Result<()> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !need.met()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let first: Vec<&str> = missing.iter().map(|need| need.packages[0]).collect();
    if process::find("apt-get").is_none() {
        bail!(
            "this machine has no apt-get; install what these Debian packages hold: {}",
            first.join(" ")
        );
    }
    update()?;
    let mut wanted = Vec::new();
    for need in &missing {
        match need.packages.iter().find(|package| available(package)) {
            Some(package) => wanted.push(*package),
            None => bail!("apt-get knows none of: {}", need.packages.join(" ")),
        }
    }
    let mut command = root_command("apt-get", &wanted)?;
    command
        .args(["install", "--yes", "--no-install-recommends"])
        .args(&wanted);
    step::quiet_command(&format!("installing {}", wanted.join(" ")), &mut command)?;
    if let Some(need) = missing.iter().find(|need| !need.met()) {
        bail!(
            "{} is installed, but what it should bring is not there ({:?})",
            need.packages.join(" or "),
            need.sign
        );
    }
    Ok(())
}

/// Reads the package lists again, once in a run. A mirror in the middle of its own update can
/// fail one list; what arrived may do, so that is no error here.
fn update() -> Result<()> {
    static ONCE: Once = Once::new();
    let mut command = root_command("apt-get", &[])?;
    command.arg("update");
    ONCE.call_once(|| {
        if let Err(error) = step::quiet_command("reading the package lists", &mut command) {
            eprintln!("warning: {error:#}");
        }
    });
    Ok(())
}

fn available(package: &str) -> bool {
    process::output(Command::new("apt-cache").args(["policy", package]))
        .is_some_and(|text| text.contains("Candidate:") && !text.contains("Candidate: (none)"))
}

/// A command that runs as root: as it is for root, through sudo otherwise.
fn root_command(program: &str, wanted: &[&str]) -> Result<Command> {
    let by_hand = || {
        let list = if wanted.is_empty() {
            String::from("update")
        } else {
            format!("install {}", wanted.join(" "))
        };
        format!("run as root: {program} {list}")
    };
    let mut command = if geteuid().is_root() {
        Command::new(program)
    } else if process::find("sudo").is_none() {
        bail!("installing packages takes root or sudo; {}", by_hand());
    } else {
        // Ask for the password now, where it can be typed; the steps themselves read nothing.
        let mut ask = Command::new("sudo");
        if std::io::stdin().is_terminal() {
            ask.arg("--validate");
        } else {
            ask.args(["--non-interactive", "true"]).stdin(Stdio::null());
        }
        if !ask.status().is_ok_and(|status| status.success()) {
            bail!(
                "sudo does not let this user install packages; {}",
                by_hand()
            );
        }
        let mut command = Command::new("sudo");
        command.arg("--preserve-env=DEBIAN_FRONTEND").arg(program);
        command
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}
