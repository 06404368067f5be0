//! The sandbox of a unit without systemd: as much of it as a program can have that is started by hand.
//!
//! The user, no privileges and no way to them, a system that is read-only but for the state directory, private
//! `/tmp` and `/dev`, no memory both written and executed, and the filter of system calls.

use super::chroot::Chroot;
use crate::process;
use anyhow::{Context, Result, bail};
use seccompiler::{BpfProgram, TargetArch};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};

/// What stands between the filter and the daemon, which must be let through: entering the system in a
/// folder and becoming another user. The unit forbids them.
const ENTERING: &[&str] = &[
    "capset",
    "chroot",
    "mount",
    "setgid",
    "setgroups",
    "setresgid",
    "setresuid",
    "setuid",
];

/// What is refused is answered so, as the unit has it.
const EPERM: u32 = 1;

/// A service, as its unit has it.
pub struct Unit {
    settings: Vec<(String, String)>,
}

impl Unit {
    /// Reads an installed unit.
    pub fn read(chroot: &Chroot, name: &str) -> Result<Self> {
        let path = chroot.path("/usr/lib/systemd/system").join(name);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("there is no {}", path.display()))?;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let settings = lines.filter_map(|line| line.split_once('='));
        Ok(Self {
            settings: settings
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        })
    }

    /// What a setting is, all of them if it is there several times.
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.settings.iter().filter(move |(it, _)| it == name);
        named.map(|(_, value)| value.as_str())
    }

    /// What a setting is.
    pub fn get<'a>(&'a self, name: &'a str) -> Result<&'a str> {
        self.all(name)
            .last()
            .with_context(|| format!("the unit has no {name}="))
    }

    /// Starts what the unit starts, in a system in a folder, with these variables.
    pub fn start(&self, chroot: &Chroot, variables: &[(&str, String)]) -> Result<Child> {
        let user = self.get("User")?;
        let state = format!("/var/lib/{}", self.get("StateDirectory")?);
        for wanted in [
            "NoNewPrivileges",
            "PrivateDevices",
            "PrivateTmp",
            "MemoryDenyWriteExecute",
        ] {
            if self.get(wanted)? != "yes" {
                bail!("the unit has {wanted}= other than yes, which this does for it");
            }
        }
        if self.get("ProtectSystem")? != "strict" || !self.get("CapabilityBoundingSet")?.is_empty()
        {
            bail!("the unit asks for less than this gives it");
        }
        let root = chroot.root.display();
        // In a mount namespace of its own, so that nothing is left.
        let script = format!(
            "set -e
             mount --rbind {root} {root}
             mount --bind {root}{state} {root}{state}
             mount -t tmpfs tmpfs {root}/tmp
             mount -t tmpfs -o mode=0755 tmpfs {root}/dev
             for device in null zero full random urandom; do
                 touch {root}/dev/$device
                 mount --bind /dev/$device {root}/dev/$device
             done
             mount -o remount,bind,ro {root}
             mount -t proc proc {root}/proc
             exec chroot {root} setpriv --reuid {user} --regid {user} --clear-groups \
                 --no-new-privs --inh-caps=-all --bounding-set=-all -- {}",
            self.get("ExecStart")?
        );
        let mut command = Command::new("unshare");
        command
            .args([
                "--mount",
                "--propagation",
                "private",
                "--",
                "sh",
                "-c",
                &script,
            ])
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        let arch = TargetArch::try_from(std::env::consts::ARCH)
            .map_err(|error| anyhow::anyhow!("no filter for this machine: {error}"))?;
        // The second would not let another be set.
        let filters = [never_both(arch)?, self.filter(arch)?];
        // The filter is the thread's own, and what a thread starts has it too.
        let started = std::thread::scope(|scope| {
            let confined = scope.spawn(move || {
                for filter in &filters {
                    seccompiler::apply_filter(filter).context("the kernel takes no filter")?;
                }
                command
                    .spawn()
                    .with_context(|| format!("cannot run {}", process::shown(&command)))
            });
            confined.join()
        });
        started.unwrap_or_else(|_| bail!("the thread that starts the service panicked"))
    }

    /// What the unit's `SystemCallFilter=` lets through, as the kernel takes it.
    fn filter(&self, arch: TargetArch) -> Result<BpfProgram> {
        let groups = groups()?;
        let mut allowed = BTreeSet::new();
        for line in self.all("SystemCallFilter") {
            let (deny, names) = match line.strip_prefix('~') {
                Some(names) => (true, names),
                None => (false, line),
            };
            for name in names.split_whitespace() {
                for call in expand(&groups, name, 0)? {
                    if deny {
                        allowed.remove(&call);
                    } else {
                        allowed.insert(call);
                    }
                }
            }
        }
        allowed.extend(ENTERING.iter().map(|name| (*name).to_owned()));
        // Those of other machines, or newer than the table, are not known.
        allowed.retain(|name| compiled(std::iter::once(name), arch).is_ok());
        compiled(allowed.iter(), arch)
    }
}

/// A filter that lets these system calls through alone.
fn compiled<'a>(names: impl Iterator<Item = &'a String>, arch: TargetArch) -> Result<BpfProgram> {
    let calls = names.map(|name| json!({"syscall": name})).collect();
    program(json!({"errno": EPERM}), json!("allow"), calls, arch)
}

/// `MemoryDenyWriteExecute=`: nothing is mapped for both, and what was written is not made executable.
fn never_both(arch: TargetArch) -> Result<BpfProgram> {
    const WRITE: u32 = 2;
    const EXECUTE: u32 = 4;
    let with = |call: &str, bits: u32| {
        json!({"syscall": call, "args": [
            {"index": 2, "type": "dword", "op": {"masked_eq": bits}, "val": bits}
        ]})
    };
    let calls = vec![
        with("mmap", WRITE | EXECUTE),
        with("mprotect", EXECUTE),
        with("pkey_mprotect", EXECUTE),
    ];
    program(json!("allow"), json!({"errno": EPERM}), calls, arch)
}

fn program(
    otherwise: Value,
    matched: Value,
    calls: Vec<Value>,
    arch: TargetArch,
) -> Result<BpfProgram> {
    let text = json!({"all": {
        "mismatch_action": otherwise,
        "match_action": matched,
        "filter": calls,
    }});
    let mut filters = seccompiler::compile_from_json(text.to_string().as_bytes(), arch)?;
    filters.remove("all").context("no filter was compiled")
}

/// systemd's groups of system calls: the name of each, and what is in it.
fn groups() -> Result<BTreeMap<String, Vec<String>>> {
    let mut command = Command::new("systemd-analyze");
    command.args(["--no-pager", "syscall-filter"]);
    let text = process::output(&mut command).context("systemd-analyze tells no system calls")?;
    let mut groups = BTreeMap::new();
    let mut group: Option<&mut Vec<String>> = None;
    for line in text.lines() {
        let name = line.trim();
        if line.starts_with('@') {
            group = Some(groups.entry(name.to_owned()).or_default());
        } else if !name.is_empty()
            && !name.starts_with('#')
            && let Some(group) = &mut group
        {
            group.push(name.to_owned());
        }
    }
    Ok(groups)
}

fn expand(groups: &BTreeMap<String, Vec<String>>, name: &str, depth: u32) -> Result<Vec<String>> {
    if !name.starts_with('@') {
        return Ok(vec![name.to_owned()]);
    }
    let group = groups
        .get(name)
        .filter(|_| depth < 8)
        .with_context(|| format!("systemd knows no group {name}"))?;
    let mut all = Vec::new();
    for name in group {
        all.extend(expand(groups, name, depth + 1)?);
    }
    Ok(all)
}
