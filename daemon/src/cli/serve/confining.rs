//! What the daemon keeps of the system: its own data, what the configuration names, and what the
//! system's libraries read.

use super::ServeError;
use super::updates::places;
use crate::config::confinement::Mode;
use crate::config::{Config, PLACES, Root};
use crate::confine::{self, Part, Plan, Reach};
use crate::firmware::slots::{Layout, Slot};
use rustix::thread::CapabilitySet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What names are resolved by, roots of certificates, time zones, the machine's figures.
const SYSTEM: [&str; 7] = [
    "/etc",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/share/zoneinfo",
    "/proc",
    "/sys",
    "/dev/urandom",
];
/// Which servers know names.
const NAMES: &str = "/etc/resolv.conf";
/// Where programs are that restart a machine.
const PROGRAMS: [&str; 6] = ["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/lib", "/usr/lib"];

/// What the process can reach since it is confined.
pub(super) struct Confined {
    reach: Reach,
    file: Option<PathBuf>,
}

impl Confined {
    /// Confines the process as `[confinement]` has it; `None` if it has not. To be called before there is a
    /// second thread.
    pub(super) fn begin(config: &Config, file: Option<&Path>) -> Result<Option<Self>, ServeError> {
        if config.confinement.mode == Mode::Off {
            return Ok(None);
        }
        let plan = Plan {
            reach: reach(config, file),
            capabilities: capabilities(config),
        };
        let held = confine::confine(&plan);
        let missing = held.iter().find(|part| !part.holds);
        if let (Mode::Required, Some(Part { name, why, .. })) = (config.confinement.mode, missing) {
            let why = why.clone().unwrap_or_default();
            return Err(ServeError::Confinement { name, why });
        }
        Ok(Some(Self {
            reach: plan.reach,
            file: file.map(Path::to_owned),
        }))
    }

    /// Tells what another configuration names that cannot be reached, until the next start.
    pub(super) fn check(&self, config: &Config) {
        let real = |path: &PathBuf| std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        let (now, new) = (&self.reach, reach(config, self.file.as_deref()));
        let reached: Vec<PathBuf> = (now.read.iter().chain(&now.write)).map(real).collect();
        for path in new.read.iter().map(real) {
            if !reached.iter().any(|it| path.starts_with(it)) {
                log::error!(
                    "nothing in `{}` can be read until a restart: the process has confined itself to what its \
                     configuration named when it started; name it in `confinement.read` to have it from then on",
                    path.display()
                );
            }
        }
    }
}

/// Tells what does not hold.
pub(super) fn tell(confined: Option<&Confined>) {
    if confined.is_none() {
        log::warn!("the process is not confined: `confinement.mode` is \"off\"");
    }
    for Part { name, why, .. } in confine::held().iter().filter(|part| !part.holds) {
        log::warn!(
            "confinement: {name} does not hold: {}",
            why.as_deref().unwrap_or_default()
        );
    }
}

fn reach(config: &Config, file: Option<&Path>) -> Reach {
    let mut reach = Reach {
        read: SYSTEM.iter().map(PathBuf::from).collect(),
        write: vec![config.data_dir.clone(), "/dev/null".into()],
        run: Vec::new(),
    };
    // A file that is exchanged is another one by the same name: its folder is what stays.
    let mut beside = |path: &Path| reach.read.push(folder(path));
    match file {
        Some(file) => beside(file),
        None => PLACES.iter().for_each(|it| beside(Path::new(it))),
    }
    if config.board.source.contains('/') {
        beside(Path::new(&config.board.source));
    }
    for root in &config.outbound.tls.roots {
        if let Root::File(path) = root {
            beside(path);
        }
    }
    for certificate in config.edge.tls.iter().flat_map(|tls| &tls.certificates) {
        beside(&certificate.chain);
        beside(&certificate.key);
        certificate.ocsp.iter().for_each(|path| beside(path));
    }
    if let Some(acme) = config.edge.tls.as_ref().and_then(|tls| tls.acme.as_ref()) {
        acme.roots.iter().for_each(|path| beside(path));
    }
    if let Some(tls) = &config.manage.tls {
        tls.client_ca.iter().for_each(|path| beside(path));
        for certificate in &tls.certificates {
            beside(&certificate.chain);
            beside(&certificate.key);
            certificate.ocsp.iter().for_each(|path| beside(path));
        }
    }
    config
        .firmware
        .command_line
        .iter()
        .for_each(|path| beside(path));
    // On many systems it is a link to what a service writes, perhaps later than now.
    if let Ok(link) = std::fs::read_link(NAMES) {
        let path = folder(Path::new(NAMES)).join(link);
        beside(&std::fs::canonicalize(&path).unwrap_or(path));
    }
    if let Ok(layout) = Layout::find(&places(config)) {
        let slots = [Slot::A, Slot::B].map(|slot| layout.device(slot).to_owned());
        reach.write.extend(slots);
        reach.write.push(layout.state);
        reach.run.extend(PROGRAMS.iter().map(PathBuf::from));
        if let Some(program) = config.firmware.reboot.first().filter(|it| it.contains('/')) {
            reach.run.push(program.into());
        }
    }
    // A stick's folder may come with the stick, into one that is there.
    reach.read.extend(
        config
            .bundles
            .folder
            .iter()
            .map(|path| match path.exists() {
                true => path.clone(),
                false => folder(path),
            }),
    );
    reach.read.extend_from_slice(&config.confinement.read);
    reach.write.extend_from_slice(&config.confinement.write);
    reach.run.extend_from_slice(&config.confinement.run);
    reach
}

fn capabilities(config: &Config) -> CapabilitySet {
    let mut kept = CapabilitySet::NET_BIND_SERVICE;
    // Of another user's files root owns none.
    let owner = std::fs::metadata(&config.data_dir).map(|data| data.uid());
    if owner.is_ok_and(|owner| owner != rustix::process::geteuid().as_raw()) {
        kept |= CapabilitySet::DAC_OVERRIDE;
    }
    // A command that restarts the machine by itself asks the kernel.
    if !config.firmware.reboot.is_empty() {
        kept |= CapabilitySet::SYS_BOOT;
    }
    kept
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
