//! Firmware: two slots for the system, one that runs and one that takes the next.
//!
//! An image is streamed into the slot that does not run, checked, and only then named to the boot
//! loader for a trial. What runs on trial becomes permanent when it has shown that it works;
//! else the boot loader goes back to the slot that did. `docs/updates.md` tells it to operators.
//!
//! # Implementation
//!
//! [`state`] is what the boot loader goes by; nothing else decides what is started. [`Push`] is an
//! image on its way in, [`trial`] the judgement after a start, [`records`] memories for people.

pub mod checks;
mod device;
pub mod error;
pub mod minisign;
mod push;
mod reboot;
mod records;
mod release;
pub mod slots;
pub mod state;
mod status;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod trial;

pub use error::FirmwareError;
pub use push::{Push, Pushed};
pub use state::TRIES_MAX;
pub use trial::Phase;

use checks::Checks;
use minisign::PublicKey;
use parking_lot::Mutex;
use records::{Records, What};
use slots::{Layout, LayoutError, Places, Slot};
use state::{BootState, StateFile};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Begins the reason of a trial that did not pass.
const FAILED: &str = "failed: ";
/// Begins the reason of a trial that an operator took back.
const ROLLED_BACK: &str = "rolled back: ";

/// What the room is told by the configuration.
#[derive(Clone, Debug)]
pub struct FirmwareOptions {
    /// Who may sign images.
    pub keys: Vec<PublicKey>,
    /// Where slots and boot state are, if not where they are looked for.
    pub places: Places,
    /// The board's name.
    pub board: String,
    /// Attempts of a trial.
    pub tries: u8,
    /// For a trial to pass, from the daemon's start.
    pub deadline: Duration,
    /// What restarts the machine.
    pub reboot: Vec<String>,
    /// The file of memories.
    pub records: PathBuf,
    /// The kernel's name of this run, another one after each start of the machine.
    pub run: String,
}

/// The firmware of this machine.
pub struct Firmware {
    options: FirmwareOptions,
    layout: Result<Layout, LayoutError>,
    /// One change of the boot state at a time.
    state: Mutex<()>,
    records: Mutex<Records>,
    /// Held by whoever changes a slot or decides about one.
    busy: Arc<smol::lock::Mutex<()>>,
    checks: OnceLock<Arc<dyn Checks>>,
}

impl Firmware {
    /// Looks for slots. Without them there is still something to tell.
    pub fn open(options: FirmwareOptions) -> Arc<Self> {
        let records = Records::open(&options.records);
        Arc::new(Self {
            layout: Layout::find(&options.places),
            state: Mutex::new(()),
            records: Mutex::new(records),
            busy: Arc::new(smol::lock::Mutex::new(())),
            checks: OnceLock::new(),
            options,
        })
    }

    /// Has someone who can tell whether the daemon does its work. Once only; a second call
    /// changes nothing.
    pub fn check_by(&self, checks: Arc<dyn Checks>) {
        let _ = self.checks.set(checks);
    }

    /// Looks at everything once.
    pub async fn check(&self) -> Vec<checks::Check> {
        match self.checks.get() {
            Some(checks) => checks.run().await,
            None => Vec::new(),
        }
    }

    fn layout(&self) -> Result<&Layout, FirmwareError> {
        self.layout
            .as_ref()
            .map_err(|error| FirmwareError::NoSlots(error.clone()))
    }

    /// What the boot loader goes by.
    fn state(&self) -> Result<BootState, FirmwareError> {
        let file = StateFile::new(&self.layout()?.state);
        Ok(file.read()?.unwrap_or_default())
    }

    /// Changes what the boot loader goes by, unless `change` refuses.
    fn change(
        &self,
        change: impl FnOnce(&mut BootState) -> Result<(), FirmwareError>,
    ) -> Result<BootState, FirmwareError> {
        let file = StateFile::new(&self.layout()?.state);
        let _one = self.state.lock();
        let mut state = file.read()?.unwrap_or_default();
        change(&mut state)?;
        Ok(file.change(|old| {
            *old = BootState {
                serial: old.serial,
                ..state
            }
        })?)
    }

    /// Makes the slot that runs permanent, because an operator says so.
    pub fn confirm(&self) -> Result<(), FirmwareError> {
        let running = self.layout()?.running;
        let _busy = self.busy.try_lock().ok_or(FirmwareError::Busy)?;
        if self.state()?.slot == running {
            return Err(FirmwareError::NothingToConfirm(running));
        }
        self.keep("confirmed by hand")
    }

    /// Makes the slot that runs permanent.
    fn keep(&self, why: &str) -> Result<(), FirmwareError> {
        let running = self.layout()?.running;
        let reason = format!("postern {} in slot {running}: {why}", release::VERSION);
        self.change(|state| {
            state.slot = running;
            state.trial = None;
            state.tries = 0;
            state.reason.clone_from(&reason);
            Ok(())
        })?;
        log::info!("slot {running} is permanent: {why}");
        let mut records = self.records.lock();
        records.runs(running, &self.options.board, true);
        records.note(What::Confirmed, running, &reason);
        Ok(())
    }

    /// Takes a trial back that waits or runs; where there is none, has the other slot tried if
    /// its system was permanent once. The slot that the next start takes.
    pub fn roll_back(&self) -> Result<Slot, FirmwareError> {
        let running = self.layout()?.running;
        let _busy = self.busy.try_lock().ok_or(FirmwareError::Busy)?;
        let state = self.state()?;
        if let Some(trial) = state.trial {
            let reason = format!("{ROLLED_BACK}the trial of slot {trial} was taken back by hand");
            self.change(|state| {
                state.trial = None;
                state.tries = 0;
                state.reason.clone_from(&reason);
                Ok(())
            })?;
            log::info!("{reason}");
            self.records.lock().note(What::RolledBack, trial, &reason);
            return Ok(state.slot);
        }
        if state.slot != running {
            return Err(FirmwareError::NotPermanent(running));
        }
        let other = running.other();
        let held = self.records.lock().held(other).cloned();
        let held = held
            .filter(|held| held.worked)
            .ok_or(FirmwareError::NothingToRollBack(other))?;
        let reason = format!(
            "postern {} in slot {other} is tried again: rolled back by hand from {}",
            held.version,
            release::VERSION
        );
        self.records.lock().asked(&self.options.run);
        self.change(|state| {
            state.trial = Some(other);
            state.tries = self.options.tries;
            state.reason.clone_from(&reason);
            Ok(())
        })?;
        log::info!("{reason}");
        self.records.lock().note(What::RolledBack, other, &reason);
        Ok(other)
    }

    /// Restarts the machine, a moment from now.
    pub fn reboot(&self) {
        reboot::reboot_soon(self.options.reboot.clone());
    }
}
