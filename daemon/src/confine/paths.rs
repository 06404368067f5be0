//! Which files can be reached (Landlock): those of a plan, and what the process itself is made of.

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Rights up to cutting files short; what came later is of devices and sockets.
const RIGHTS: ABI = ABI::V3;

/// Files and folders that can be reached. What is not there is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Only to be read.
    pub read: Vec<PathBuf>,
    /// To be changed, too.
    pub write: Vec<PathBuf>,
    /// Programs, and folders of programs, that may be started.
    pub run: Vec<PathBuf>,
}

/// Leaves this thread, and those that it starts, with these files alone. Whether the kernel does that.
pub fn close(reach: &Reach) -> Result<bool, RulesetError> {
    let read = AccessFs::from_read(RIGHTS) & !BitFlags::from(AccessFs::Execute);
    let write = AccessFs::from_all(RIGHTS)
        & !(AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock);
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(RIGHTS))?
        .create()?;
    for path in &reach.read {
        rules = allow(rules, path, read)?;
    }
    for path in &reach.write {
        rules = allow(rules, path, write)?;
    }
    for path in &reach.run {
        rules = allow(rules, path, read | AccessFs::Execute)?;
    }
    let status = rules.restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    // One that is not there yet cannot be named, and nothing can be made there.
    let Ok(opened) = PathFd::new(path) else {
        return Ok(rules);
    };
    let access = match path.is_dir() {
        true => access,
        false => access & AccessFs::from_file(RIGHTS),
    };
    rules.add_rule(PathBeneath::new(opened, access))
}

/// What this process was loaded from, which another of it needs too: the program and its loader, to be
/// started, and the folders of its libraries, to be read.
pub fn own() -> Reach {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let files = maps
        .lines()
        .filter_map(|line| line.find('/').map(|at| &line[at..]));
    let files: BTreeSet<PathBuf> = files.map(PathBuf::from).filter(|it| it.is_file()).collect();
    let folders: BTreeSet<PathBuf> = (files.iter().filter_map(|it| it.parent()))
        .map(Path::to_owned)
        .collect();
    let program = PathBuf::from("/proc/self/exe");
    Reach {
        read: folders.into_iter().collect(),
        write: Vec::new(),
        run: files.into_iter().chain([program]).collect(),
    }
}
