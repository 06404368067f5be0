//! What this process gives up before it serves: files, system calls, and every way to more privileges.
//!
//! For the case that something in it is taken over. What the kernel does not have is told, not done.
//! Nothing here can be taken back, and processes that are started inherit it.

mod calls;
mod filter;
mod paths;

pub use paths::Reach;

use calls::Who;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, capability_is_in_bounding_set,
    clear_ambient_capability_set, remove_capability_from_bounding_set, set_capabilities,
    set_no_new_privs,
};
use serde::Serialize;
use std::sync::OnceLock;

/// What a process keeps.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Files.
    pub reach: Reach,
    /// Privileges, of those that it has.
    pub capabilities: CapabilitySet,
}

/// One thing that is given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Part {
    /// Its name, as documentation has it.
    pub name: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// All of them, as they are in this process.
pub type Held = Vec<Part>;

static HELD: OnceLock<Held> = OnceLock::new();

/// What holds in this process; nothing was given up before [`confine`].
pub fn held() -> &'static [Part] {
    HELD.get().map_or(&[], Vec::as_slice)
}

/// Confines this process, of which there must be one thread. Tells what holds.
pub fn confine(plan: &Plan) -> &'static [Part] {
    HELD.get_or_init(|| {
        let restarts = plan.capabilities.contains(CapabilitySet::SYS_BOOT);
        // In this order: each would forbid what the ones before it do.
        vec![
            part("no-new-privileges", set_no_new_privs(true).map(|()| true)),
            part("capabilities", give_up(plan.capabilities).map(|()| true)),
            part("landlock", close(&plan.reach)),
            part("seccomp", restrict(Who::Daemon { restarts })),
        ]
    })
}

/// Confines a process that judges pushes: no files but the system's own about it and those of the engine's
/// folder, no sockets, no programs.
pub fn confine_judge(engine: Option<&std::path::Path>) {
    let read = ["/proc".into()].into_iter().chain(engine.map(Into::into));
    let reach = Reach {
        read: read.collect(),
        ..Reach::default()
    };
    // A filter is taken from whoever can get no more privileges alone.
    let _ = set_no_new_privs(true);
    // It has its limits and the daemon's confinement without these.
    let _ = close(&reach);
    let _ = restrict(Who::Judge);
}

fn close(reach: &Reach) -> Result<bool, landlock::RulesetError> {
    let own = paths::own();
    let all = |named: &[std::path::PathBuf], own| [named, own].concat();
    paths::close(&Reach {
        read: all(&reach.read, &own.read),
        write: reach.write.clone(),
        run: all(&reach.run, &own.run),
    })
}

fn restrict(who: Who) -> Result<bool, seccompiler::Error> {
    seccompiler::apply_filter_all_threads(&filter::program(who)).map(|()| true)
}

/// Keeps no privileges but these, and takes the others from what could be started.
fn give_up(kept: CapabilitySet) -> rustix::io::Result<()> {
    for number in 0..64 {
        let one = CapabilitySet::from_bits_retain(1 << number);
        match capability_is_in_bounding_set(one) {
            // The kernel knows no more of them.
            Err(_) => break,
            Ok(true) if !kept.contains(one) => {
                // Who has not the privilege for that cannot gain any either: nothing gives new ones.
                let _ = remove_capability_from_bounding_set(one);
            }
            Ok(_) => {}
        }
    }
    let _ = clear_ambient_capability_set();
    let had = capabilities(None)?;
    set_capabilities(
        None,
        CapabilitySets {
            effective: had.effective & kept,
            permitted: had.permitted & kept,
            inheritable: CapabilitySet::empty(),
        },
    )
}

fn part<E: std::fmt::Display>(name: &'static str, done: Result<bool, E>) -> Part {
    let why = match done {
        Ok(true) => None,
        Ok(false) => Some("this kernel does not have it".to_owned()),
        Err(error) => Some(error.to_string()),
    };
    Part {
        name,
        holds: why.is_none(),
        why,
    }
}
