//! Limits on trial: they hold at once, and what was before holds again unless somebody confirms them
//! in time. One trial at a time.
//!
//! For those who tune over a link that the limits might cut. What is on trial is written down before it
//! holds, so that a daemon that was restarted in between, by whatever, returns before it serves.

use super::{Catalog, CatalogError, Result};
use crate::plans::key::Key;
use crate::plans::{Author, Change, Edit, Entry, PlansError, Target};
use crate::store::{StoreError, Table};
use event_listener::Event;
use futures_lite::future;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// The key of the one record.
const KEY: &[u8] = b"trial";
/// How long it takes until a return that the store refused is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// Who changes limits when nobody confirms them, as the history has it.
const NOBODY: &str = "(return)";

/// Why limits are not tried, confirmed or taken back.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// Somebody tries others.
    #[error(
        "{who} has limits on trial, as change {number}, for {left_s} s more; wait, or confirm or undo that first"
    )]
    UnderWay {
        /// Who.
        who: String,
        /// The number of the change.
        number: u64,
        /// Seconds that are left.
        left_s: u64,
    },
    /// It is over, or another one.
    #[error(
        "change {0} is not on trial: it was confirmed, taken back, or returned already; look at the history"
    )]
    Over(u64),
    /// Nothing is on trial.
    #[error(
        "no limits are on trial: they were confirmed, taken back, or returned already; look at the history"
    )]
    None,
    /// The change is refused, or the store fails.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl From<StoreError> for TrialError {
    fn from(error: StoreError) -> Self {
        Self::Catalog(error.into())
    }
}

/// A trial under way.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The number of its last change.
    pub number: u64,
    /// Who tries.
    pub who: String,
    /// When it ends.
    pub ends: Instant,
    /// All of its changes.
    changes: Vec<u64>,
}

impl Trial {
    /// Seconds that are left.
    pub fn left_s(&self) -> u64 {
        let left = self.ends.saturating_duration_since(Instant::now());
        left.as_millis().div_ceil(1000) as u64
    }
}

/// What is written down of a trial, in every format that there was.
#[derive(Debug, Serialize, Deserialize)]
enum StoredTrial {
    V1 {
        /// The number of the last change before it.
        last: u64,
        /// Whose changes after that are a part of it, and how many, where their numbers are not known.
        who: String,
        why: String,
        count: u64,
        /// The numbers, once the changes are made.
        changes: Vec<u64>,
    },
}

/// The trial, if there is one.
#[derive(Default)]
pub struct Trials {
    now: Mutex<Option<Trial>>,
    /// Held by whoever begins or ends one.
    changing: smol::lock::Mutex<()>,
    began: Event,
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// The trial under way.
    pub fn trial(&self) -> Option<Trial> {
        self.trials.now.lock().clone()
    }

    /// Makes changes that hold for so long and then return, unless [`Catalog::confirm_trial`] is
    /// called. Nothing to change is no trial.
    ///
    /// # Errors
    /// Somebody else tries others, or what is wrong with the changes.
    pub async fn try_limits(
        &self,
        changes: Vec<Change>,
        author: &Author,
        after: Duration,
    ) -> Result<Vec<Entry>, TrialError> {
        let _alone = self.trials.changing.lock().await;
        self.no_trial()?;
        let last = self.plans.history()?.first().map_or(0, |it| it.number);
        let stored = |changes: Vec<u64>, count: usize| StoredTrial::V1 {
            last,
            who: author.who.clone(),
            why: author.why.clone(),
            count: count as u64,
            changes,
        };
        self.write_trial(Some(stored(Vec::new(), changes.len())))
            .await?;
        let made = match self.change_limits(changes, author, None).await {
            Ok(made) if !made.is_empty() => made,
            other => {
                self.write_trial(None).await?;
                return Ok(other?);
            }
        };
        let numbers: Vec<u64> = made.iter().map(|it| it.number).collect();
        *self.trials.now.lock() = Some(Trial {
            number: numbers.last().copied().unwrap_or(0),
            who: author.who.clone(),
            ends: Instant::now() + after,
            changes: numbers.clone(),
        });
        self.trials.began.notify(usize::MAX);
        // The trial runs even if this fails: what was written before does.
        if let Err(error) = self.write_trial(Some(stored(numbers, made.len()))).await {
            log::warn!("the numbers of limits on trial were not stored: {error}");
        }
        Ok(made)
    }

    /// Makes changes that stay, unless some are on trial.
    ///
    /// # Errors
    /// Somebody tries others, or what is wrong with the changes.
    pub async fn keep_limits(
        &self,
        changes: Vec<Change>,
        author: &Author,
    ) -> Result<Vec<Entry>, TrialError> {
        let _alone = self.trials.changing.lock().await;
        self.no_trial()?;
        Ok(self.change_limits(changes, author, None).await?)
    }

    fn no_trial(&self) -> Result<(), TrialError> {
        match self.trial() {
            None => Ok(()),
            Some(trial) => Err(TrialError::UnderWay {
                left_s: trial.left_s(),
                who: trial.who,
                number: trial.number,
            }),
        }
    }

    /// Keeps what is on trial; durable when this returns.
    ///
    /// # Errors
    /// When nothing is, or not that.
    pub async fn confirm_trial(&self, number: Option<u64>) -> Result<Trial, TrialError> {
        let _alone = self.trials.changing.lock().await;
        let trial = match (self.trial(), number) {
            (Some(trial), None) => trial,
            (Some(trial), Some(number)) if trial.number == number => trial,
            (_, Some(number)) => return Err(TrialError::Over(number)),
            (None, None) => return Err(TrialError::None),
        };
        self.write_trial(None).await?;
        *self.trials.now.lock() = None;
        log::info!("the limits of change {} were confirmed", trial.number);
        Ok(trial)
    }

    /// Takes back a change, or what is on trial, or the last change.
    ///
    /// # Errors
    /// When there is none, or something was changed since.
    pub async fn undo_or_return(
        &self,
        number: Option<u64>,
        author: &Author,
    ) -> Result<Vec<Entry>, TrialError> {
        let _alone = self.trials.changing.lock().await;
        match self.trial() {
            Some(trial) if number.is_none_or(|it| trial.changes.contains(&it)) => {
                let undone = self.take_back(&trial.changes, author).await?;
                self.end_trial().await?;
                Ok(undone)
            }
            _ => {
                let Some(number) = number else {
                    return self.step_back(author).await;
                };
                Ok(self.undo_limits(Some(number), author).await?)
            }
        }
    }

    /// Takes back the last change that was neither taken back nor took one back: one step after the
    /// other goes back in time, and none undoes an undo.
    async fn step_back(&self, author: &Author) -> Result<Vec<Entry>, TrialError> {
        let history = self.plans.history()?;
        let undone: Vec<u64> = history.iter().filter_map(|it| it.undoes).collect();
        let mut own = history.into_iter().filter(|it| it.undoes.is_none());
        let Some(last) = own.find(|it| !undone.contains(&it.number)) else {
            return Err(CatalogError::from(PlansError::NothingToUndo).into());
        };
        let now = match &last.target {
            Target::Plan(name) => self.plans.plan(name).unwrap_or_default(),
            Target::Override(scope) => self.plans.of(scope),
        };
        if now.stated != last.after.unwrap_or_default() {
            // Told as what it is.
            return Ok(self.undo_limits(Some(last.number), author).await?);
        }
        let change = Change {
            target: last.target,
            named: last.named,
            edit: last.before.map_or(Edit::Remove, Edit::Replace),
            expected: Some(now.revision),
        };
        let made = self.change_limits(vec![change], author, Some(last.number));
        Ok(made.await?)
    }

    /// Returns from what was on trial when the daemon ended. To be called before it serves.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn return_from_before(&self) -> Result<()> {
        let stored = self.store.records().get(Table::LimitTrials, KEY)?;
        let Some(StoredTrial::V1 {
            last,
            who,
            why,
            count,
            mut changes,
        }) = stored
        else {
            return Ok(());
        };
        if changes.is_empty() {
            let history = self.plans.history()?;
            let own = history.iter().rev().filter(|it| it.number > last);
            let own = own.filter(|it| it.who == who && it.why == why && it.undoes.is_none());
            changes = own.map(|it| it.number).take(count as usize).collect();
        }
        let author = Author {
            who: NOBODY.to_owned(),
            why: "the daemon was restarted before it was confirmed".to_owned(),
        };
        let undone = match self.take_back(&changes, &author).await {
            Ok(undone) => undone,
            Err(error) => {
                // A full disk, for instance: no reason not to serve. It is tried again.
                log::error!("limits that were on trial cannot be taken back yet: {error}");
                *self.trials.now.lock() = Some(Trial {
                    number: changes.last().copied().unwrap_or(0),
                    who,
                    ends: Instant::now(),
                    changes,
                });
                return Ok(());
            }
        };
        log::warn!(
            "{} changes of limits were on trial when the daemon ended; {} were taken back",
            changes.len(),
            undone.len()
        );
        self.write_trial(None).await
    }

    /// Returns from each trial that is not confirmed in time. Never ends.
    pub async fn keep_trials(&self) {
        loop {
            let began = self.trials.began.listen();
            let Some(trial) = self.trial() else {
                began.await;
                continue;
            };
            let over = async {
                async_io::Timer::at(trial.ends).await;
                true
            };
            let other = async {
                began.await;
                false
            };
            if !future::or(over, other).await {
                continue;
            }
            if let Err(error) = self.return_from(&trial).await {
                log::error!("limits on trial cannot be taken back, which is tried again: {error}");
                async_io::Timer::after(AGAIN).await;
            }
        }
    }

    async fn return_from(&self, trial: &Trial) -> Result<()> {
        let _alone = self.trials.changing.lock().await;
        // It may have been confirmed, or taken back, meanwhile.
        if self.trial().is_none_or(|it| it.number != trial.number) {
            return Ok(());
        }
        let author = Author {
            who: NOBODY.to_owned(),
            why: "it was not confirmed in time".to_owned(),
        };
        self.take_back(&trial.changes, &author).await?;
        log::warn!(
            "the limits of change {} were not confirmed in time and taken back",
            trial.number
        );
        self.end_trial().await
    }

    async fn end_trial(&self) -> Result<()> {
        self.write_trial(None).await?;
        *self.trials.now.lock() = None;
        Ok(())
    }

    /// Takes changes back, the last one first. What somebody else has changed since, or taken back,
    /// stays as they had it.
    async fn take_back(&self, changes: &[u64], author: &Author) -> Result<Vec<Entry>> {
        let mut undone = Vec::new();
        for number in changes.iter().rev() {
            match self.undo_limits(Some(*number), author).await {
                Ok(made) => undone.extend(made),
                Err(CatalogError::Plans(PlansError::ChangedSince { .. })) => {
                    undone.extend(self.take_back_rest(*number, author).await?);
                }
                Err(CatalogError::Plans(
                    error @ (PlansError::Conflict { .. }
                    | PlansError::NoChange(_)
                    | PlansError::PlanNotFound(_)
                    | PlansError::PlanInUse { .. }),
                )) => log::warn!("not taken back: {error}"),
                Err(error) => return Err(error),
            }
        }
        Ok(undone)
    }

    /// Takes back what is still as a change made it, where others came after it that changed the rest.
    async fn take_back_rest(&self, number: u64, author: &Author) -> Result<Vec<Entry>> {
        let history = self.plans.history()?;
        let Some(entry) = history.into_iter().find(|it| it.number == number) else {
            return Ok(Vec::new());
        };
        let now = match &entry.target {
            Target::Plan(name) => self.plans.plan(name).unwrap_or_default(),
            Target::Override(scope) => self.plans.of(scope),
        };
        let (before, after) = (
            entry.before.unwrap_or_default(),
            entry.after.unwrap_or_default(),
        );
        let values: Vec<_> = Key::all()
            .filter(|key| {
                let made = after.values.get(*key);
                made != before.values.get(*key) && made == now.stated.values.get(*key)
            })
            .map(|key| (key, before.values.get(key)))
            .collect();
        let plan =
            (after.plan != before.plan && after.plan == now.stated.plan).then_some(before.plan);
        if values.is_empty() && plan.is_none() {
            log::warn!("nothing is left of change {number} that could be taken back");
            return Ok(Vec::new());
        }
        let change = Change {
            target: entry.target,
            named: entry.named,
            edit: Edit::Merge { plan, values },
            expected: Some(now.revision),
        };
        self.change_limits(vec![change], author, Some(number)).await
    }

    /// What a daemon that is killed in the middle leaves.
    #[cfg(test)]
    pub(super) async fn write_intent_alone(
        &self,
        last: u64,
        who: &str,
        why: &str,
        count: u64,
    ) -> Result<()> {
        let changes = Vec::new();
        let (who, why) = (who.to_owned(), why.to_owned());
        let intent = StoredTrial::V1 {
            last,
            who,
            why,
            count,
            changes,
        };
        self.write_trial(Some(intent)).await
    }

    /// Writes down that there is a trial, or none.
    async fn write_trial(&self, trial: Option<StoredTrial>) -> Result<()> {
        let store = self.store.clone();
        postern_task::unblock(move || {
            let mut batch = store.records().batch();
            match &trial {
                Some(trial) => batch.put(Table::LimitTrials, KEY, trial)?,
                None => batch.delete(Table::LimitTrials, KEY)?,
            };
            batch.commit()
        })
        .await?;
        Ok(self.store.durable().await?)
    }
}
