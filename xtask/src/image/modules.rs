//! A kernel's modules: those that are wanted and what they depend on, in the order in which they can be
//! loaded. Each module says itself what it depends on, in its section `.modinfo`.

use crate::{process, workspace};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One module.
pub struct Module {
    /// Its name, with `_` for `-`.
    pub name: String,
    /// Its content, not compressed.
    pub content: Vec<u8>,
}

/// The modules of an unpacked kernel, by name.
pub struct Modules(BTreeMap<String, PathBuf>);

impl Modules {
    /// Those under a folder `lib/modules/VERSION`.
    pub fn of(folder: &Path) -> Result<Self> {
        let mut found = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = std::fs::read_dir(&folder)
                .with_context(|| format!("cannot list {}", workspace::shown(&folder)))?;
            for entry in entries {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Some(name) = module_name(&path) {
                    found.insert(name, path);
                }
            }
        }
        Ok(Self(found))
    }

    /// Those that are wanted and exist, each after what it depends on.
    pub fn load(&self, wanted: &[&str]) -> Result<Vec<Module>> {
        let mut loaded = Vec::new();
        for name in wanted {
            self.add(name, &mut loaded, 0)?;
        }
        Ok(loaded)
    }

    fn add(&self, name: &str, loaded: &mut Vec<Module>, depth: usize) -> Result<()> {
        let known = loaded.iter().any(|it| it.name == name);
        // What is built in has no file.
        let Some(path) = self.0.get(name).filter(|_| !known) else {
            return Ok(());
        };
        if depth > 32 {
            bail!("the modules around {name} depend on one another");
        }
        let content = read(path)?;
        for other in depends(&content) {
            self.add(&other, loaded, depth + 1)?;
        }
        loaded.push(Module {
            name: name.to_owned(),
            content,
        });
        Ok(())
    }
}

/// The name of a module's file, which may be compressed.
fn module_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let (name, rest) = name.split_once(".ko")?;
    ["", ".xz", ".zst", ".gz"]
        .contains(&rest)
        .then(|| name.replace('-', "_"))
}

/// A module's content. `postern init` loads it as it is, so what is compressed is unpacked here.
fn read(path: &Path) -> Result<Vec<u8>> {
    let program = match path.extension().and_then(|it| it.to_str()) {
        Some("xz") => "xz",
        Some("zst") => "zstd",
        Some("gz") => "gzip",
        _ => {
            return std::fs::read(path)
                .with_context(|| format!("cannot read {}", workspace::shown(path)));
        }
    };
    let mut command = Command::new(program);
    command.args(["--decompress", "--stdout"]).arg(path);
    let output = command
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    if !output.status.success() {
        bail!("{} failed ({})", process::shown(&command), output.status);
    }
    Ok(output.stdout)
}

/// What a module says that it depends on.
fn depends(content: &[u8]) -> Vec<String> {
    let key = b"\0depends=";
    let Some(at) = content.windows(key.len()).position(|it| it == key) else {
        return Vec::new();
    };
    let rest = &content[at + key.len()..];
    let end = rest.iter().position(|byte| *byte == 0).unwrap_or(0);
    String::from_utf8_lossy(&rest[..end])
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| name.replace('-', "_"))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn modules_come_after_what_they_depend_on() {
        let folder = std::env::temp_dir().join(format!("postern-modules-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("fs")).unwrap();
        for (name, content) in [
            ("fs/ext4.ko", "license=GPL\0depends=jbd2,crc-16\0intree=Y\0"),
            ("jbd2.ko", "x\0depends=\0"),
            ("crc-16.ko", "x\0depends=jbd2\0"),
        ] {
            std::fs::write(folder.join(name), content).unwrap();
        }
        let modules = Modules::of(&folder).unwrap();
        let names: Vec<String> = modules
            .load(&["built_in", "ext4", "jbd2"])
            .unwrap()
            .into_iter()
            .map(|it| it.name)
            .collect();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(names, ["jbd2", "crc_16", "ext4"]);
    }

    #[test]
    fn names_are_told_from_files() {
        let name = |file: &str| module_name(Path::new(file));
        assert_eq!(name("virtio-rng.ko").as_deref(), Some("virtio_rng"));
        assert_eq!(name("a/ext4.ko.xz").as_deref(), Some("ext4"));
        assert_eq!(name("modules.order"), None);
    }
}
