//! The verdict: whether the system that was started may stay.

use super::records::What;
use super::release::VERSION;
use super::state::StateFile;
use super::{FAILED, Firmware, FirmwareError, ROLLED_BACK, checks};
use async_io::Timer;
use futures_lite::FutureExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two looks at a system that is not well yet.
const PAUSE: Duration = Duration::from_millis(500);

/// How the daemon finds its firmware when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// There are no slots, or the boot state cannot be read.
    Unknown,
    /// The permanent slot runs.
    Steady,
    /// The slot that runs is on trial.
    Trial,
    /// The boot loader started the other slot than the permanent one, which it could not load.
    Stray,
}

impl Firmware {
    /// Finds out how the machine was started, and tells of a trial that did not pass. Reads and
    /// writes the disk.
    pub fn begin(&self) -> Phase {
        let layout = match &self.layout {
            Ok(layout) => layout,
            Err(error) => {
                log::debug!("no slots: {error}");
                return Phase::Unknown;
            }
        };
        match self.found() {
            Ok(phase) => {
                log::info!(
                    "postern {VERSION} runs from slot {}, {}",
                    layout.running,
                    match phase {
                        Phase::Trial => "on trial",
                        Phase::Stray => "which is not the permanent one",
                        Phase::Steady | Phase::Unknown => "which is permanent",
                    }
                );
                phase
            }
            Err(error) => {
                log::error!("{error}");
                Phase::Unknown
            }
        }
    }

    fn found(&self) -> Result<Phase, FirmwareError> {
        let layout = self.layout()?;
        let running = layout.running;
        if StateFile::new(&layout.state).read()?.is_none() {
            log::warn!("no copy of the boot state is valid; the boot loader starts slot a");
        }
        let state = self.state()?;
        let board = &self.options.board;
        let permanent = state.slot == running;
        let started = self.records.lock().started_since(&self.options.run);
        self.records
            .lock()
            .runs(running, board, permanent && state.trial != Some(running));
        match state.trial {
            Some(trial) if trial == running && !permanent => return Ok(Phase::Trial),
            // Waits for the next start.
            Some(trial) if trial != running && state.tries > 0 && !started => {}
            Some(trial) => {
                let why = match state.reason.strip_prefix(FAILED) {
                    Some(why) => why.to_owned(),
                    None if state.tries > 0 => "the boot loader could not start it".to_owned(),
                    None => "it ended without a verdict: it crashed, hung, could not be loaded, or the power was cut".to_owned(),
                };
                let reason =
                    format!("fell back to slot {running} from the trial of slot {trial}: {why}");
                self.change(|state| {
                    state.trial = None;
                    state.tries = 0;
                    state.reason.clone_from(&reason);
                    Ok(())
                })?;
                log::error!("{reason}");
                self.records.lock().note(What::FellBack, running, &reason);
            }
            None => {}
        }
        match permanent || state.reason.starts_with(ROLLED_BACK) {
            true => Ok(Phase::Steady),
            false => {
                let text = format!(
                    "slot {} could not be started, so slot {running} runs",
                    state.slot
                );
                log::error!("{text}");
                self.records.lock().note(What::Strayed, running, &text);
                Ok(Phase::Stray)
            }
        }
    }

    /// Judges the system that runs, if it is not permanent: keeps it when all checks pass, and
    /// goes back if they do not within the deadline.
    pub async fn judge(self: Arc<Self>, phase: Phase) {
        if !matches!(phase, Phase::Trial | Phase::Stray) {
            return;
        }
        let deadline = Instant::now() + self.options.deadline;
        let late = "no check ended in time";
        let mut failure = late.to_owned();
        while Instant::now() < deadline {
            let checked = async { Some(self.check().await) };
            let expired = async {
                Timer::at(deadline).await;
                None
            };
            let Some(checked) = checked.or(expired).await else {
                break;
            };
            match checks::failure(&checked) {
                None => match self.aside(move |it| it.passed(phase)).await {
                    Ok(()) => return,
                    Err(error) => failure = error.to_string(),
                },
                Some(found) => {
                    log::debug!("not well yet: {found}");
                    failure = found;
                }
            }
            if !self.aside(move |it| it.is_open(phase)).await {
                // An operator decided meanwhile.
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            Timer::after(PAUSE.min(left)).await;
        }
        self.aside(move |it| it.failed(phase, &failure)).await;
    }

    /// Does something where waiting for the disk holds nobody up.
    async fn aside<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> T {
        let this = self.clone();
        postern_task::unblock(move || work(&this)).await
    }

    /// Whether there is something to decide yet.
    fn is_open(&self, phase: Phase) -> bool {
        let (Ok(layout), Ok(state)) = (self.layout(), self.state()) else {
            // It may be readable later.
            return true;
        };
        match phase {
            Phase::Trial => state.trial == Some(layout.running) && state.slot != layout.running,
            Phase::Stray => state.trial.is_none() && state.slot != layout.running,
            Phase::Steady | Phase::Unknown => false,
        }
    }

    fn passed(&self, phase: Phase) -> Result<(), FirmwareError> {
        let _busy = self.busy.try_lock().ok_or(FirmwareError::Busy)?;
        if !self.is_open(phase) {
            return Ok(());
        }
        self.keep(match phase {
            Phase::Stray => "kept, because the other slot could not be started",
            _ => "passed its trial",
        })
    }

    /// Remembers why, and restarts the machine: the boot loader tries again, or goes back.
    fn failed(&self, phase: Phase, why: &str) {
        let Ok(layout) = self.layout() else {
            return;
        };
        if phase == Phase::Stray {
            log::error!("slot {} is not well either: {why}", layout.running);
            return;
        }
        let text = format!(
            "the trial of postern {VERSION} in slot {} failed: {why}",
            layout.running
        );
        log::error!("{text}; the machine is restarted");
        let noted = self.change(|state| {
            state.reason = format!("{FAILED}{why}");
            Ok(())
        });
        if let Err(error) = noted {
            log::error!("{error}");
        }
        self.records
            .lock()
            .note(What::Failed, layout.running, &text);
        self.reboot();
    }
}
