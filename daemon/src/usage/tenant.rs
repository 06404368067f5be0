//! One tenant's count, and its quotas as its Workers have them.

use super::calendar::Day;
use super::quota::{Figures, MEASURES, Measure, Period, QUOTAS, Quotas};
use super::{Inner, Reserved, StoredReserved, TenantKey, figures, plus};
use crate::engine::limits::Failure;
use crate::engine::meter::Meter;
use crate::store::{StoreError, Table};
use parking_lot::Mutex;
use std::sync::{Arc, Weak};

/// What is reserved at a time, at least, of each of [`MEASURES`]; a quota below it at once.
const CHUNK_MIN: Figures = [256, 2_000_000_000, 64 << 20, 16 << 20];
/// The part of a quota that is reserved at a time, where that is more.
const CHUNK_PART: u64 = 32;

/// Seconds before midnight from which on the next date has something reserved, so that its first
/// requests need not wait.
const AHEAD_S: u64 = 120;

/// A tenant's count. All its Workers share it.
pub struct Tenant {
    pub(super) key: TenantKey,
    usage: Weak<Inner>,
    pub(super) state: Mutex<State>,
}

/// How a count stands.
#[derive(Default)]
pub(super) struct State {
    /// Dates that the store does not have as they are, and today's, which comes last.
    pub days: Vec<DayCount>,
    /// Their months.
    pub months: Vec<(u32, Figures)>,
    /// Fuel that is set aside for invocations under way.
    held: u64,
    /// What is reserved; `None` until the store was asked.
    reserved: Option<Reserved>,
    /// How much is reserved at a time; 0 of what no quota bounds.
    chunk: Figures,
    /// The most that was wanted at once and not reserved.
    demand: Figures,
}

/// The count of a date.
pub(super) struct DayCount {
    pub day: Day,
    pub figures: Figures,
    pub slot: Option<u32>,
    /// The store has less.
    pub is_dirty: bool,
    /// The store has no row of it.
    pub is_new: bool,
    /// It is on its way to the store.
    pub is_writing: bool,
}

impl Tenant {
    pub(super) fn new(usage: Weak<Inner>, key: TenantKey) -> Self {
        Self {
            key,
            usage,
            state: Mutex::default(),
        }
    }

    /// Counts against these quotas.
    pub fn counted(self: &Arc<Self>, quotas: Quotas) -> Counted {
        let chunk = std::array::from_fn(|at| match quotas.day[at].min(quotas.month[at]) {
            u64::MAX => 0,
            quota => (quota / CHUNK_PART).max(CHUNK_MIN[at]).min(quota),
        });
        self.state.lock().chunk = chunk;
        Counted {
            tenant: self.clone(),
            quotas,
        }
    }
}

impl State {
    /// Turns to the date that the clock shows, whichever was there before: each date has one count,
    /// which goes on where it was.
    fn turn(&mut self, inner: &Inner, key: &[u8]) -> Result<(Day, u64), StoreError> {
        let now = (inner.clock)();
        let today = Day::at(now);
        if self.days.last().is_some_and(|it| it.day == today) {
            return Ok((today, now));
        }
        if let Some(at) = self.days.iter().position(|it| it.day == today) {
            let again = self.days.remove(at);
            self.days.push(again);
            return Ok((today, now));
        }
        let store = &inner.store;
        let row = figures(store, Table::UsageDays, key, today.0)?;
        let month = today.month().0;
        if !self.months.iter().any(|(it, _)| *it == month) {
            let sum = figures(store, Table::UsageMonths, key, month)?.unwrap_or_default();
            self.months.push((month, sum));
        }
        if self.reserved.is_none() {
            let row = store.records().get(Table::UsageReserved, key)?;
            self.reserved = Some(row.map_or_else(Reserved::default, |StoredReserved::V1(it)| it));
        }
        // One that says nothing new makes way.
        self.days
            .retain(|it| it.is_dirty || it.is_writing || it.slot.is_some());
        self.days.push(DayCount {
            day: today,
            figures: row.unwrap_or_default(),
            slot: inner.journal.lock().as_mut().and_then(|it| it.take()),
            is_dirty: false,
            is_new: row.is_none(),
            is_writing: false,
        });
        Ok((today, now))
    }

    fn today(&self) -> Figures {
        self.days
            .last()
            .map_or_else(Figures::default, |it| it.figures)
    }

    fn this_month(&self, day: Day) -> Figures {
        let month = day.month().0;
        let mut months = self.months.iter();
        let found = months.find(|(it, _)| *it == month);
        found.map_or_else(Figures::default, |(_, sum)| *sum)
    }

    /// What power cuts left unknown of a date, and of its month.
    fn charged(&self, day: Day) -> (Figures, Figures) {
        let charges = self.reserved.iter().flat_map(|it| &it.charges);
        let mut sums = (Figures::default(), Figures::default());
        for (of, unknown) in charges {
            if *of == day.0 {
                sums.0 = plus(sums.0, *unknown);
            }
            if Day(*of).month() == day.month() {
                sums.1 = plus(sums.1, *unknown);
            }
        }
        sums
    }

    /// How much of a measure the quotas leave, what was used of the one that leaves least, and which
    /// that is; `None` where there is none.
    fn left(&self, quotas: &Quotas, measure: Measure, day: Day) -> Option<(u64, u64, usize)> {
        let at = measure as usize;
        if quotas.day[at] == u64::MAX && quotas.month[at] == u64::MAX {
            return None;
        }
        let (of_day, of_month) = self.charged(day);
        let used_day = self.today()[at].saturating_add(of_day[at]);
        let used_month = self.this_month(day)[at].saturating_add(of_month[at]);
        let by_day = (quotas.day[at].saturating_sub(used_day), used_day, at);
        let place = at + MEASURES.len();
        let by_month = (
            quotas.month[at].saturating_sub(used_month),
            used_month,
            place,
        );
        // Of two that are used up, the one that is so for longer.
        Some(match by_month.0 <= by_day.0 {
            true => by_month,
            false => by_day,
        })
    }

    /// Refuses what a quota does not leave room for.
    fn check(
        &self,
        quotas: &Quotas,
        measure: Measure,
        more: u64,
        (day, now): (Day, u64),
    ) -> Result<(), Failure> {
        match self.left(quotas, measure, day) {
            Some((left, used, place)) if left < more => Err(over(quotas, place, used, day, now)),
            _ => Ok(()),
        }
    }

    /// What is reserved of a date.
    fn most(&self, day: Day) -> Figures {
        let Some(reserved) = &self.reserved else {
            return Figures::default();
        };
        let ahead = reserved.ahead.filter(|(of, _)| *of == day.0);
        match ahead {
            _ if reserved.day == day.0 => reserved.most,
            Some((_, most)) => most,
            None => Figures::default(),
        }
    }

    /// Refuses what is not reserved, of a measure that has a quota. Whether more should be reserved
    /// soon.
    fn is_reserved(&mut self, measure: Measure, more: u64, day: Day) -> Result<bool, Failure> {
        let at = measure as usize;
        let chunk = self.chunk[at];
        if chunk == 0 {
            return Ok(false);
        }
        let most = self.most(day)[at];
        let held = if measure == Measure::Fuel {
            self.held
        } else {
            0
        };
        let wanted = self.today()[at].saturating_add(held).saturating_add(more);
        if wanted > most {
            if more > chunk / 8 {
                self.demand[at] = self.demand[at].max(more);
            }
            return Err(Failure::Overloaded {
                reason: format!(
                    "what the tenant uses of its {} cannot be recorded yet: {most} are set aside",
                    QUOTAS[at].key
                ),
                retry_after_s: 1,
                bound: None,
            });
        }
        Ok(wanted.saturating_add(chunk / 2) > most)
    }

    fn add(&mut self, inner: &Inner, key: &[u8], measure: Measure, more: u64) {
        let at = measure as usize;
        let Some(today) = self.days.last_mut() else {
            return;
        };
        today.figures[at] = today.figures[at].saturating_add(more);
        today.is_dirty = true;
        let month = today.day.month().0;
        if let Some((_, sum)) = self.months.iter_mut().find(|(it, _)| *it == month) {
            sum[at] = sum[at].saturating_add(more);
        }
        let mut journal = inner.journal.lock();
        if let (Some(slot), Some(journal)) = (today.slot, journal.as_mut()) {
            journal.write(slot, key, today.day.0, &today.figures);
        }
    }

    /// What is to be reserved now, if anything.
    pub(super) fn wanted(
        &mut self,
        inner: &Inner,
        key: &[u8],
    ) -> Result<Option<Reserved>, StoreError> {
        if self.chunk == Figures::default() {
            return Ok(None);
        }
        let (day, now) = self.turn(inner, key)?;
        let today = self.today();
        let held = self.held;
        let mut most = self.most(day);
        let Some(reserved) = &self.reserved else {
            return Ok(None);
        };
        let mut is_short = false;
        for at in 0..MEASURES.len() {
            let held = if at == Measure::Fuel as usize {
                held
            } else {
                0
            };
            let used = today[at].saturating_add(held);
            let chunk = self.chunk[at];
            if chunk > 0 && used.saturating_add(chunk / 2) >= most[at] {
                // Room for several that want that much.
                let demand = self.demand[at].saturating_mul(8);
                most[at] = used.saturating_add(chunk).saturating_add(demand);
                is_short = true;
            }
        }
        let tomorrow = day.0.saturating_add(1);
        let mut ahead = reserved.ahead.filter(|(of, _)| *of == tomorrow);
        if ahead.is_none() && day.left(now) <= AHEAD_S {
            ahead = Some((tomorrow, self.chunk));
            is_short = true;
        }
        let month = day.month();
        let charges = reserved.charges.iter();
        let charges = charges.filter(|(of, _)| Day(*of).month() == month);
        let wanted = Reserved {
            day: day.0,
            most,
            ahead,
            charges: charges.copied().collect(),
        };
        Ok(is_short.then_some(wanted))
    }

    pub(super) fn set_reserved(&mut self, reserved: Reserved) {
        self.reserved = Some(reserved);
    }
}

/// The refusal of a quota that is used up.
fn over(quotas: &Quotas, place: usize, used: u64, day: Day, now: u64) -> Failure {
    let quota = &QUOTAS[place];
    let mut quotas = *quotas;
    let left = match quota.period {
        Period::Day => day.left(now),
        Period::Month => day.month().left(now),
    };
    Failure::Quota {
        quota: quota.key,
        value: *quotas.at(place),
        used,
        retry_after_s: u32::try_from(left).unwrap_or(u32::MAX),
    }
}

/// A tenant's count as a Worker of its has it, with quotas.
pub struct Counted {
    tenant: Arc<Tenant>,
    quotas: Quotas,
}

impl Counted {
    /// Counts more of a measure, if the quotas leave room for it.
    fn count(&self, measure: Measure, more: u64) -> Result<(), Failure> {
        self.with(|inner, state, at| {
            state.check(&self.quotas, measure, more, at)?;
            let is_short = state.is_reserved(measure, more, at.0);
            self.tell(inner, &is_short);
            is_short?;
            state.add(inner, &self.tenant.key, measure, more);
            Ok(())
        })
    }

    fn with<T>(
        &self,
        act: impl FnOnce(&Inner, &mut State, (Day, u64)) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Some(inner) = self.tenant.usage.upgrade() else {
            return Err(Failure::Internal("the daemon is stopping".to_owned()));
        };
        let mut state = self.tenant.state.lock();
        let at = state
            .turn(&inner, &self.tenant.key)
            .map_err(|error| Failure::Internal(format!("usage cannot be counted: {error}")))?;
        act(&inner, &mut state, at)
    }

    /// Has more reserved, if that is needed.
    fn tell(&self, inner: &Inner, is_short: &Result<bool, Failure>) {
        if !matches!(is_short, Ok(false)) {
            // One that waits to be heard is enough.
            let _ = inner.short.try_send(());
        }
    }

    /// How much of some fuel the quotas leave, and sets it aside.
    fn grant(
        &self,
        inner: &Inner,
        state: &mut State,
        (day, now): (Day, u64),
        fuel: u64,
    ) -> Result<u64, Failure> {
        let Some((left, used, place)) = state.left(&self.quotas, Measure::Fuel, day) else {
            return Ok(fuel);
        };
        let free = left.saturating_sub(state.held);
        if free == 0 {
            return Err(match left {
                0 => over(&self.quotas, place, used, day, now),
                _ => Failure::Overloaded {
                    reason: format!(
                        "what is left of the tenant's {} is set aside for invocations under way",
                        QUOTAS[place].key
                    ),
                    retry_after_s: 1,
                    bound: None,
                },
            });
        }
        let granted = fuel.min(free);
        let is_short = state.is_reserved(Measure::Fuel, granted, day);
        self.tell(inner, &is_short);
        is_short?;
        state.held = state.held.saturating_add(granted);
        Ok(granted)
    }
}

impl Meter for Counted {
    fn begin(&self, fuel: u64) -> Result<u64, Failure> {
        self.with(|inner, state, at| {
            state.check(&self.quotas, Measure::Requests, 1, at)?;
            // Whoever has used up what it may send or store is told by what it asks for then.
            let is_short = state.is_reserved(Measure::Requests, 1, at.0);
            self.tell(inner, &is_short);
            is_short?;
            let granted = self.grant(inner, state, at, fuel)?;
            state.add(inner, &self.tenant.key, Measure::Requests, 1);
            Ok(granted)
        })
    }

    fn extend(&self, fuel: u64) -> u64 {
        let granted = self.with(|inner, state, at| self.grant(inner, state, at, fuel));
        granted.unwrap_or(0)
    }

    fn spent(&self) -> Option<Failure> {
        let told = self.with(|_, state, (day, now)| {
            let left = state.left(&self.quotas, Measure::Fuel, day);
            Ok(left.map(|(_, used, place)| over(&self.quotas, place, used, day, now)))
        });
        told.ok().flatten()
    }

    fn burned(&self, granted: u64, used: u64) {
        let has_quota = self.quotas.day[Measure::Fuel as usize] != u64::MAX
            || self.quotas.month[Measure::Fuel as usize] != u64::MAX;
        let counted = self.with(|inner, state, _| {
            if has_quota {
                state.held = state.held.saturating_sub(granted);
            }
            if used > 0 {
                state.add(inner, &self.tenant.key, Measure::Fuel, used);
            }
            Ok(())
        });
        if let Err(error) = counted {
            log::error!("{used} fuel is not counted: {error}");
        }
    }

    fn egress(&self, bytes: u64) -> Result<(), Failure> {
        self.count(Measure::EgressBytes, bytes)
    }

    fn stored(&self, bytes: u64) -> Result<(), Failure> {
        self.count(Measure::StorageBytes, bytes)
    }
}
