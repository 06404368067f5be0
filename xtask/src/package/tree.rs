//! The files of a package, as they lie on the machine, and what dpkg is told of them.

use crate::{process, workspace};
use anyhow::{Context, Result, bail};
use postern_board::Board;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the files come from.
const SOURCES: &str = "scripts/debian";
/// Who answers for the package; there is no address to write to.
const MAINTAINER: &str = "The Postern authors <authors@postern.invalid>";

/// A package's files on their way into it.
pub struct Tree {
    /// The folder that becomes `/`.
    pub root: PathBuf,
    /// Manual pages and completions.
    pub pages: PathBuf,
    /// The time that files have.
    pub epoch: u64,
}

impl Tree {
    /// Puts everything in place, where nothing was.
    pub fn fill(&self, board: &Board, binary: &Path, version: &str, arch: &str) -> Result<()> {
        if self.root.exists() {
            std::fs::remove_dir_all(&self.root).context("cannot make the package anew")?;
        }
        let program = std::fs::read(binary)
            .with_context(|| format!("there is no binary {}", workspace::shown(binary)))?;
        let is_static = !has_interpreter(&program).context("the binary is no ELF file")?;
        self.put("usr/bin/postern", 0o755, &program)?;
        let memory = board.memory_bytes().to_string();
        let filled = |name: &str| -> Result<String> {
            let text = source(name)?;
            let text = text.replace("@MEMORY_MAX@", &memory);
            Ok(text.replace("@BOARD@", &board.name))
        };
        for unit in [
            "postern.service",
            "postern.socket",
            "postern-management.socket",
        ] {
            let path = format!("usr/lib/systemd/system/{unit}");
            self.put(&path, 0o644, filled(unit)?.as_bytes())?;
        }
        let config = "etc/postern/postern.toml";
        self.put(config, 0o644, filled("postern.toml")?.as_bytes())?;
        self.pages()?;
        self.documents(version)?;

        let installed_kib = self.installed_kib()?;
        let depends = if is_static {
            "adduser"
        } else {
            "adduser, libc6"
        };
        let control = format!(
            "Package: postern\n\
             Version: {version}\n\
             Architecture: {arch}\n\
             Maintainer: {MAINTAINER}\n\
             Installed-Size: {installed_kib}\n\
             Depends: {depends}\n\
             Recommends: ca-certificates\n\
             Section: httpd\n\
             Priority: optional\n\
             Description: multi-tenant Workers on a small machine\n \
             Tenants' code, pushed over a management port, serves HTTP requests\n \
             inside limits of CPU, memory and time, with durable key-value storage.\n \
             .\n \
             This package is for the board {}.\n",
            board.name
        );
        let sums = self.sums()?;
        self.put("DEBIAN/control", 0o644, control.as_bytes())?;
        self.put("DEBIAN/md5sums", 0o644, sums.as_bytes())?;
        self.put("DEBIAN/conffiles", 0o644, format!("/{config}\n").as_bytes())?;
        for script in ["postinst", "prerm", "postrm"] {
            let path = format!("DEBIAN/{script}");
            self.put(&path, 0o755, source(script)?.as_bytes())?;
        }
        Ok(())
    }

    /// Writes a file with exactly this mode, and the folders above it.
    fn put(&self, path: &str, mode: u32, bytes: &[u8]) -> Result<()> {
        let to = self.root.join(path);
        let failed = || format!("cannot write {}", workspace::shown(&to));
        // This user's umask is nobody else's.
        let mut folder = self.root.clone();
        let parents = Path::new(path).parent().into_iter().flat_map(Path::iter);
        for part in std::iter::once("".as_ref()).chain(parents) {
            folder.push(part);
            if !folder.exists() {
                workspace::create_dir(&folder)?;
                let open = Permissions::from_mode(0o755);
                std::fs::set_permissions(&folder, open).with_context(failed)?;
            }
        }
        std::fs::write(&to, bytes).with_context(failed)?;
        std::fs::set_permissions(&to, Permissions::from_mode(mode)).with_context(failed)
    }

    /// Manual pages, packed, and completions.
    fn pages(&self) -> Result<()> {
        let entries = std::fs::read_dir(&self.pages).context("there are no manual pages")?;
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.context("a manual page has no name")?;
            let bytes = std::fs::read(&path)?;
            match name {
                "postern.bash" => self.put(
                    "usr/share/bash-completion/completions/postern",
                    0o644,
                    &bytes,
                )?,
                "_postern" => {
                    self.put("usr/share/zsh/vendor-completions/_postern", 0o644, &bytes)?
                }
                "postern.fish" => self.put(
                    "usr/share/fish/vendor_completions.d/postern.fish",
                    0o644,
                    &bytes,
                )?,
                page if page.ends_with(".1") => {
                    let path = format!("usr/share/man/man1/{page}.gz");
                    self.put(&path, 0o644, &packed(&bytes)?)?;
                }
                other => bail!("{other} is neither a manual page nor a completion"),
            }
        }
        Ok(())
    }

    /// What Debian wants to be told of every package.
    fn documents(&self, version: &str) -> Result<()> {
        let licence = std::fs::read_to_string(workspace::root().join("LICENSE-MIT"))
            .context("there is no LICENSE-MIT")?;
        // The first paragraph is the copyright, which has a field of its own.
        let (_, terms) = licence.split_once("\n\n").unwrap_or(("", &licence));
        let terms: Vec<String> = terms
            .trim()
            .lines()
            .map(|line| match line.trim_end() {
                "" => " .".to_owned(),
                line => format!(" {line}"),
            })
            .collect();
        let copyright = source("copyright")?.replace("@MIT@", &terms.join("\n"));
        self.put(
            "usr/share/doc/postern/copyright",
            0o644,
            copyright.as_bytes(),
        )?;
        let mut date = Command::new("date");
        date.args(["--utc", "--rfc-email", "--date"])
            .arg(format!("@{}", self.epoch))
            .env("LC_ALL", "C");
        let date = process::output(&mut date).context("cannot tell the date")?;
        let changes = format!(
            "postern ({version}) unstable; urgency=medium\n\n  \
             * What changed is told in CHANGELOG.md of the sources.\n\n \
             -- {MAINTAINER}  {}\n",
            date.trim()
        );
        let path = "usr/share/doc/postern/changelog.gz";
        self.put(path, 0o644, &packed(changes.as_bytes())?)
    }

    /// Every file below the root, in order.
    fn files(&self) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path);
                }
            }
        }
        files.sort();
        Ok(files)
    }

    fn installed_kib(&self) -> Result<u64> {
        let mut kib = 0;
        for file in self.files()? {
            kib += file.metadata()?.len().div_ceil(1024);
        }
        Ok(kib)
    }

    /// What `dpkg --verify` compares with.
    fn sums(&self) -> Result<String> {
        let mut command = Command::new("md5sum");
        command.current_dir(&self.root);
        for file in self.files()? {
            let path = file.strip_prefix(&self.root)?;
            // Configuration is its owner's to change.
            if !path.starts_with("etc") {
                command.arg(path);
            }
        }
        process::output(&mut command).context("md5sum failed")
    }
}

fn source(name: &str) -> Result<String> {
    let path = workspace::root().join(SOURCES).join(name);
    std::fs::read_to_string(&path)
        .with_context(|| format!("there is no {}", workspace::shown(&path)))
}

/// As gzip packs it, without a time or a name.
fn packed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut child = Command::new("gzip")
        .arg("-9n")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run gzip")?;
    let mut stdin = child.stdin.take().context("gzip has no input")?;
    let output = std::thread::scope(|scope| {
        // Both ends of a pipe must be served.
        scope.spawn(move || stdin.write_all(bytes));
        child.wait_with_output()
    })?;
    if !output.status.success() {
        bail!("gzip failed ({})", output.status);
    }
    Ok(output.stdout)
}

/// Whether an ELF file names a dynamic linker; `None` if it is none.
fn has_interpreter(file: &[u8]) -> Option<bool> {
    const INTERPRETER: u32 = 3;
    let u16_at = |at: usize| Some(u16::from_le_bytes(file.get(at..at + 2)?.try_into().ok()?));
    let u32_at = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?));
    if file.get(..4)? != b"\x7fELF" || file.get(5)? != &1 {
        return None;
    }
    // Where the table of segments is, and how large and how many its entries are.
    let (table, sizes) = match file.get(4)? {
        1 => (u32_at(0x1c)? as usize, 0x2a),
        2 => (u32_at(0x20)? as usize, 0x36),
        _ => return None,
    };
    let (entry, count) = (usize::from(u16_at(sizes)?), usize::from(u16_at(sizes + 2)?));
    (0..count).try_fold(false, |found, index| {
        Some(found || u32_at(table + index * entry)? == INTERPRETER)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn this_program_is_linked_dynamically() {
        let file = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(has_interpreter(&file), Some(true));
        assert_eq!(has_interpreter(&file[..70]), None);
        assert_eq!(has_interpreter(b"#!/bin/sh\n"), None);
    }

    #[test]
    fn what_is_packed_depends_on_its_bytes_alone() {
        let (one, other) = (packed(b"text").unwrap(), packed(b"text").unwrap());
        assert_eq!(one, other);
        assert_eq!(one[..4], [0x1f, 0x8b, 8, 0]);
        assert_eq!(one[4..8], [0; 4]);
    }
}
