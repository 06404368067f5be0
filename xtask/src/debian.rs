//! Files out of Debian's packages for other machines: downloaded and unpacked into the build
//! directory, never installed. The lists are read for that machine alone, into a folder of their own, so
//! that this takes no root and this machine's packages stay as they are.

use crate::{packages, process, step, workspace};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The packages of one architecture.
pub struct Debian {
    architecture: &'static str,
    folder: PathBuf,
}

impl Debian {
    /// Those of `architecture`, as Debian names it.
    pub fn new(architecture: &'static str) -> Self {
        let folder = workspace::target().join("boards/debian").join(architecture);
        Self {
            architecture,
            folder,
        }
    }

    /// Unpacks a package, unless that was done before; where its files are. Of one that only
    /// names another by version, the other one.
    pub fn unpack(&self, package: &str) -> Result<PathBuf> {
        let place = self.folder.join("files").join(package);
        if place.exists() {
            return Ok(place);
        }
        if process::find("apt-get").is_none() || process::find("dpkg").is_none() {
            bail!(
                "this machine has no apt-get; unpack Debian's {package} for {} to {}",
                self.architecture,
                workspace::shown(&place)
            );
        }
        self.update()?;
        let real = self.real(package)?;
        let download = self.folder.join("download");
        workspace::create_dir(&download)?;
        let mut command = self.apt("apt-get");
        command.args(["download", &real]).current_dir(&download);
        step::quiet_command(
            &format!("downloading {real} for {}", self.architecture),
            &mut command,
        )?;
        let file = find(&download, &format!("{real}_"))?;
        // Under another name until it is whole.
        let fresh = self.folder.join("files").join(format!("{package}.part"));
        workspace::create_dir(&fresh)?;
        step::quiet_command(
            &format!("unpacking {real}"),
            Command::new("dpkg").arg("-x").arg(&file).arg(&fresh),
        )?;
        std::fs::rename(&fresh, &place).context("cannot name what was unpacked")?;
        std::fs::remove_file(&file).context("cannot remove the package")?;
        Ok(place)
    }

    fn update(&self) -> Result<()> {
        let done = self.folder.join("state/updated");
        if done.exists() {
            return Ok(());
        }
        for folder in ["state/lists/partial", "cache/archives/partial"] {
            workspace::create_dir(&self.folder.join(folder))?;
        }
        let mut command = self.apt("apt-get");
        command.arg("update");
        let what = format!("reading Debian's lists for {}", self.architecture);
        // A mirror in the middle of its own update can fail one list; what arrived may do.
        if let Err(error) = step::quiet_command(&what, &mut command) {
            eprintln!("warning: {error:#}");
        }
        std::fs::write(done, "").context("cannot say that the lists were read")
    }

    /// The package with the files: the one that a package without files depends on by version.
    fn real(&self, package: &str) -> Result<String> {
        if !package.starts_with("linux-image-") {
            return Ok(package.to_owned());
        }
        let mut command = self.apt("apt-cache");
        command.args(["depends", package]);
        let text = process::output(&mut command)
            .with_context(|| format!("{} failed", process::shown(&command)))?;
        depends(&text).with_context(|| format!("{package} depends on no kernel"))
    }

    fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let state = self.folder.join("state");
        let cache = self.folder.join("cache");
        for option in [
            format!("Dir::State={}", state.display()),
            "Dir::State::status=/dev/null".to_owned(),
            format!("Dir::Cache={}", cache.display()),
            format!("APT::Architecture={}", self.architecture),
            format!("APT::Architectures={}", self.architecture),
            "Acquire::Languages=none".to_owned(),
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".to_owned(),
            "APT::Sandbox::User=root".to_owned(),
        ] {
            command.args(["-o", &option]);
        }
        command
    }
}

/// The first kernel among what `apt-cache depends` shows.
fn depends(text: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .find(|name| name.starts_with("linux-image-"))
        .map(|name| name.split(':').next().unwrap_or(name).to_owned())
}

/// The file in a folder whose name begins so.
pub fn find(folder: &Path, prefix: &str) -> Result<PathBuf> {
    std::fs::read_dir(folder)
        .with_context(|| format!("cannot list {}", workspace::shown(folder)))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(prefix))
        })
        .with_context(|| format!("{} has no {prefix}*", workspace::shown(folder)))
}

/// What images and emulated machines take beside that.
pub fn tools() -> Result<()> {
    use packages::{Need, Sign};
    packages::install(&[
        Need {
            packages: &["qemu-system-arm"],
            sign: Sign::Program(&["qemu-system-aarch64"]),
        },
        // The network card's own program, which QEMU insists on.
        Need {
            packages: &["ipxe-qemu"],
            sign: Sign::File("/usr/lib/ipxe/qemu/efi-virtio.rom"),
        },
        Need {
            packages: &["u-boot-qemu"],
            sign: Sign::File("/usr/lib/u-boot/qemu_arm64/u-boot.bin"),
        },
        Need {
            packages: &["u-boot-tools"],
            sign: Sign::Program(&["mkimage"]),
        },
        Need {
            packages: &["mtools"],
            sign: Sign::Program(&["mcopy"]),
        },
        Need {
            packages: &["dosfstools"],
            sign: Sign::File("/usr/sbin/mkfs.vfat"),
        },
        Need {
            packages: &["e2fsprogs"],
            sign: Sign::File("/usr/sbin/mke2fs"),
        },
        Need {
            packages: &["minisign"],
            sign: Sign::Program(&["minisign"]),
        },
        Need {
            packages: &["ca-certificates"],
            sign: Sign::File("/etc/ssl/certs/ca-certificates.crt"),
        },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_behind_a_package_is_found() {
        let text = "linux-image-armmp\n  Depends: linux-base\n  Depends: linux-image-6.1.0-50-armmp:armhf\n";
        assert_eq!(depends(text).as_deref(), Some("linux-image-6.1.0-50-armmp"));
        assert_eq!(depends("linux-image-armmp\n"), None);
    }
}
