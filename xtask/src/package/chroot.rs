//! A Debian in a folder, for packages to be installed in: made with debootstrap, from where this machine has its
//! own packages.

use crate::packages::{self, Need, Sign};
use crate::{process, step, workspace};
use anyhow::{Context, Result, bail};
use rustix::process::geteuid;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is installed beside the least there can be: what the package's scripts and this test use.
const PACKAGES: &str = "adduser,ca-certificates,systemd";

/// A system in a folder, which goes with this value.
pub struct Chroot {
    /// Its root.
    pub root: PathBuf,
}

/// Makes sure that there can be one.
pub fn setup() -> Result<()> {
    packages::install(&[
        Need {
            packages: &["debootstrap"],
            sign: Sign::Check(|| {
                process::find("debootstrap").is_some()
                    || Path::new("/usr/sbin/debootstrap").exists()
            }),
        },
        Need {
            packages: &["util-linux"],
            sign: Sign::Program(&["setpriv"]),
        },
        Need {
            packages: &["systemd"],
            sign: Sign::Program(&["systemd-analyze"]),
        },
    ])
}

impl Chroot {
    /// A fresh one. The system itself is made once and kept in the cache.
    pub fn new() -> Result<Self> {
        if !geteuid().is_root() {
            bail!("a system in a folder takes root (chroot, mount); run this as root");
        }
        setup()?;
        let base = base()?;
        let root = workspace::target().join("package-test");
        let chroot = Self { root };
        chroot.remove()?;
        step::quiet_command(
            "a fresh system",
            Command::new("cp")
                .args(["-a", "--reflink=auto"])
                .arg(&base)
                .arg(&chroot.root),
        )?;
        Ok(chroot)
    }

    /// A path in it, as seen from outside.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// A command that runs in it, as root.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("chroot");
        command
            .arg(&self.root)
            .arg(program)
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .env("LC_ALL", "C.UTF-8")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(std::process::Stdio::null());
        command
    }

    /// Runs a command in it; what it wrote, to either.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let mut command = self.command(program);
        let output = command
            .args(arguments)
            .output()
            .with_context(|| format!("cannot run {program}"))?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            bail!(
                "{} failed ({}):\n{text}",
                process::shown(&command),
                output.status
            );
        }
        Ok(text)
    }

    fn remove(&self) -> Result<()> {
        if self.root.exists() {
            std::fs::remove_dir_all(&self.root)
                .with_context(|| format!("cannot remove {}", workspace::shown(&self.root)))?;
        }
        Ok(())
    }
}

impl Drop for Chroot {
    fn drop(&mut self) {
        // What is left is removed before the next one.
        let _ = self.remove();
    }
}

/// The system that fresh ones are copies of.
fn base() -> Result<PathBuf> {
    let (mirror, suite) = mirror()?;
    let base = workspace::cache().join(format!("chroot-{suite}"));
    if base.exists() {
        return Ok(base);
    }
    let fresh = base.with_extension("new");
    if fresh.exists() {
        std::fs::remove_dir_all(&fresh)?;
    }
    workspace::create_dir(&fresh)?;
    let search = std::env::var("PATH").unwrap_or_default();
    step::quiet_command(
        &format!("a system of Debian {suite}, once"),
        Command::new("debootstrap")
            .env("PATH", format!("{search}:/usr/sbin:/sbin"))
            .args([
                "--variant=minbase",
                &format!("--include={PACKAGES}"),
                &suite,
            ])
            .arg(&fresh)
            .arg(mirror),
    )?;
    // Packages that were unpacked are of no use any more.
    let archives = fresh.join("var/cache/apt/archives");
    for entry in std::fs::read_dir(archives)?.flatten() {
        if entry.path().extension().is_some_and(|it| it == "deb") {
            std::fs::remove_file(entry.path())?;
        }
    }
    std::fs::rename(&fresh, &base)?;
    Ok(base)
}

/// Where this machine has Debian itself from, and which release of it.
fn mirror() -> Result<(String, String)> {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let suite = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .map(|name| name.trim_matches('"').to_owned())
        .context("/etc/os-release names no release of Debian")?;
    let mut command = Command::new("apt-get");
    command.args([
        "indextargets",
        "--format",
        "$(ORIGIN)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)",
        "Created-By: Packages",
    ]);
    let targets = process::output(&mut command).context("apt-get tells no mirrors")?;
    let wanted = format!("Debian|{suite}|main|");
    let mirror = targets.lines().find_map(|line| line.strip_prefix(&wanted));
    let mirror = mirror.with_context(|| format!("apt has no mirror of Debian {suite}"))?;
    Ok((mirror.to_owned(), suite))
}
