//! The recorder: what every tenant's invocations used, over an hour and a day, in a fixed amount of
//! memory.
//!
//! # Implementation
//!
//! Two things are kept. A ring has the newest invocations as they were ([`super::seen`]): as long as
//! it reaches back over all of a window, every figure of that window is exact. Behind the ring are
//! histograms: a tenant counts what lasts in two dense slots, of ten minutes and of an hour, and what
//! is over is packed ([`super::level`]). Time is the recorder's own, minutes that no jump of the
//! machine's clock changes.

use super::level::Level;
use super::measure::MEASURES;
use super::seen::{Ring, Seen};
use super::slot::{Figures, Slot, rank};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes of a name that are kept: names are no longer.
const NAME_MAX: usize = 256;
/// Minutes of a day.
pub const DAY: u32 = 24 * 60;

/// The number of all tenants together that there is no room for.
pub const OTHERS: u16 = 0;

/// What fits into the bytes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Capacity {
    /// Bytes of everything.
    pub bytes: usize,
    /// Tenants with figures of their own; more are counted together.
    pub tenants: usize,
    /// Invocations that are kept as they were.
    pub requests: usize,
    /// Bytes of packed histograms of ten minutes.
    pub short_bytes: usize,
    /// Bytes of packed histograms of an hour.
    pub long_bytes: usize,
}

impl Capacity {
    /// Half for invocations, a quarter for tenants, a quarter for histograms.
    pub fn of(bytes: usize) -> Self {
        let bytes = bytes.max(64 << 10);
        let tenant = size_of::<Tenant>() + 2 * NAME_MAX + 128;
        Self {
            bytes,
            tenants: (bytes / 4 / tenant).clamp(2, usize::from(u16::MAX)),
            requests: bytes / 2 / size_of::<Seen>(),
            short_bytes: bytes / 16,
            long_bytes: bytes / 16 * 3,
        }
    }
}

/// How far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Window {
    /// An hour; 60 to 70 minutes where the ring does not reach.
    Hour,
    /// A day; 24 to 25 hours where the ring does not reach.
    Day,
}

impl Window {
    /// Its minutes.
    pub fn minutes(self) -> u32 {
        match self {
            Self::Hour => 60,
            Self::Day => DAY,
        }
    }
}

/// A tenant and the slots that last.
#[derive(Clone)]
pub struct Tenant {
    pub(super) namespace: Arc<str>,
    pub(super) name: Arc<str>,
    /// The minute of its newest invocation.
    pub(super) last: u32,
    pub(super) short: Slot,
    pub(super) long: Slot,
}

/// See the [module](self).
#[derive(Clone)]
pub struct Recorder {
    /// What fits.
    pub capacity: Capacity,
    /// Namespace, then tenant: so that both can be asked for without building a key.
    names: HashMap<Arc<str>, HashMap<Arc<str>, u16>>,
    pub(super) tenants: Vec<Tenant>,
    pub(super) short: Level,
    pub(super) long: Level,
    pub(super) ring: Ring,
    /// The minute that is now.
    pub(super) now: u32,
}

/// A measure over a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// The median.
    pub p50: u64,
    /// Of 95 in 100.
    pub p95: u64,
    /// Of 99 in 100.
    pub p99: u64,
    /// The greatest.
    pub max: u64,
}

/// What a tenant used over a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// The dispatch namespace; empty for those who are counted together.
    pub namespace: Arc<str>,
    /// The tenant; empty for those who are counted together.
    pub tenant: Arc<str>,
    /// Invocations.
    pub requests: u64,
    /// Those that a limit cut.
    pub cut: u64,
    /// As in [`MEASURES`].
    pub spreads: [Spread; 4],
    /// Whether all of it is from invocations as they were; else quantiles are at most a quarter high.
    pub exact: bool,
}

impl Recorder {
    /// An empty one.
    pub fn new(capacity: Capacity) -> Self {
        let mut tenants = Vec::with_capacity(capacity.tenants);
        tenants.push(Tenant::new("".into(), "".into()));
        Self {
            names: HashMap::new(),
            tenants,
            short: Level::new(10, 6, capacity.short_bytes),
            long: Level::new(60, 24, capacity.long_bytes),
            ring: Ring::new(capacity.requests),
            // A window never reaches before the beginning.
            now: DAY * 2,
            capacity,
        }
    }

    /// Counts an invocation that ended in this minute.
    pub fn record(&mut self, minute: u32, namespace: &str, tenant: &str, figures: &Figures) {
        self.advance(minute);
        let number = self.number(namespace, tenant);
        // The number was given here.
        let Some(tenant) = self.tenants.get_mut(usize::from(number)) else {
            return;
        };
        tenant.last = self.now;
        tenant.short.add(figures);
        tenant.long.add(figures);
        self.ring.push(Seen::new(self.now, number, figures));
    }

    /// It is this minute now. Time does not go back.
    pub fn advance(&mut self, minute: u32) {
        self.now = self.now.max(minute);
        if self.short.is_over(self.now) {
            let over = self.tenants.iter_mut().enumerate();
            let over = over.filter_map(|(number, it)| taken(number, &mut it.short));
            self.short.turn(self.now, over);
        }
        if self.long.is_over(self.now) {
            let over = self.tenants.iter_mut().enumerate();
            let over = over.filter_map(|(number, it)| taken(number, &mut it.long));
            self.long.turn(self.now, over);
        }
    }

    /// The number of a tenant, a new one if there is room.
    pub(super) fn number(&mut self, namespace: &str, tenant: &str) -> u16 {
        let known = self.names.get(namespace).and_then(|it| it.get(tenant));
        if let Some(number) = known {
            return *number;
        }
        let fits = namespace.len() <= NAME_MAX && tenant.len() <= NAME_MAX;
        let Some(number) = self.vacant().filter(|_| fits) else {
            return OTHERS;
        };
        let new = Tenant::new(namespace.into(), tenant.into());
        let by_name = self.names.entry(new.namespace.clone()).or_default();
        by_name.insert(new.name.clone(), number);
        match self.tenants.get_mut(usize::from(number)) {
            Some(place) => *place = new,
            None => self.tenants.push(new),
        }
        number
    }

    /// A number that nobody has, or nothing is known of any more.
    fn vacant(&mut self) -> Option<u16> {
        if self.tenants.len() < self.capacity.tenants {
            return u16::try_from(self.tenants.len()).ok();
        }
        // A slot more than any window, so that no block has it either.
        let long_ago = self.now.checked_sub(DAY + 2 * self.long.minutes)?;
        let mut others = self.tenants.iter().enumerate().skip(1);
        let (number, gone) = others.find(|(_, it)| it.last < long_ago)?;
        let (namespace, name) = (gone.namespace.clone(), gone.name.clone());
        if let Some(by_name) = self.names.get_mut(&namespace) {
            by_name.remove(&name);
            if by_name.is_empty() {
                self.names.remove(&namespace);
            }
        }
        u16::try_from(number).ok()
    }

    /// The first minute of a window.
    pub(super) fn begin(&self, window: Window) -> u32 {
        self.now.saturating_sub(window.minutes())
    }

    /// What every tenant used over a window, those without an invocation left out.
    pub fn used(&self, window: Window) -> Vec<Used> {
        let exact = self.ring.whole_since() <= self.begin(window);
        let mut used: Vec<Used> = if exact {
            self.used_exactly(window)
        } else {
            let slots = self.slots(window, self.now + 1);
            let slots = slots.into_iter();
            slots
                .map(|(number, slot)| self.told(number, &slot))
                .collect()
        };
        used.sort_by(|a, b| (&a.namespace, &a.tenant).cmp(&(&b.namespace, &b.tenant)));
        used
    }

    fn used_exactly(&self, window: Window) -> Vec<Used> {
        let mut by_tenant: HashMap<u16, (u64, Vec<[u64; 4]>)> = HashMap::new();
        for seen in self.ring.since(self.begin(window)) {
            let figures = seen.figures();
            let (cut, all) = by_tenant.entry(seen.tenant).or_default();
            *cut += u64::from(figures.cut);
            all.push(figures.values);
        }
        let by_tenant = by_tenant.into_iter();
        by_tenant
            .map(|(number, (cut, mut all))| {
                let spreads = MEASURES.map(|measure| {
                    all.sort_unstable_by_key(|it| it[measure.index()]);
                    let at = |per_mille| {
                        let rank = rank(all.len() as u64, per_mille) as usize;
                        all.get(rank - 1).map_or(0, |it| it[measure.index()])
                    };
                    spread(at)
                });
                let (namespace, tenant) = self.named(number);
                Used {
                    namespace,
                    tenant,
                    requests: all.len() as u64,
                    cut,
                    spreads,
                    exact: true,
                }
            })
            .collect()
    }

    fn told(&self, number: u16, slot: &Slot) -> Used {
        let (namespace, tenant) = self.named(number);
        Used {
            namespace,
            tenant,
            requests: slot.requests,
            cut: slot.cut,
            spreads: MEASURES.map(|measure| spread(|it| slot.quantile(measure, it))),
            exact: false,
        }
    }

    /// A tenant's names.
    pub(super) fn named(&self, number: u16) -> (Arc<str>, Arc<str>) {
        match self.tenants.get(usize::from(number)) {
            Some(it) => (it.namespace.clone(), it.name.clone()),
            None => ("".into(), "".into()),
        }
    }

    /// The histograms of a window, by tenant: of slots that begin before minute `until`.
    pub(super) fn slots(&self, window: Window, until: u32) -> HashMap<u16, Slot> {
        let level = match window {
            Window::Hour => &self.short,
            Window::Day => &self.long,
        };
        let mut slots: HashMap<u16, Slot> = HashMap::new();
        for block in level.between(self.begin(window), until) {
            slots.entry(block.tenant).or_default().unpack(&block.packed);
        }
        if self.now / level.minutes * level.minutes < until {
            for (number, tenant) in self.tenants.iter().enumerate() {
                let lasting = match window {
                    Window::Hour => &tenant.short,
                    Window::Day => &tenant.long,
                };
                if lasting.requests > 0 {
                    slots.entry(number as u16).or_default().merge(lasting);
                }
            }
        }
        slots
    }

    /// The histogram of one tenant's window.
    pub fn histogram(&self, window: Window, namespace: &str, tenant: &str) -> Option<Slot> {
        let number = self.names.get(namespace)?.get(tenant)?;
        if self.ring.whole_since() > self.begin(window) {
            return self.slots(window, self.now + 1).remove(number);
        }
        let mut slot = Slot::default();
        let own = self.ring.since(self.begin(window));
        for seen in own.filter(|it| it.tenant == *number) {
            slot.add(&seen.figures());
        }
        Some(slot)
    }

    /// Minutes of a window that are known: less than all of it after a start, and where there were
    /// more histograms than fit.
    pub fn known(&self, window: Window, began: u32) -> u32 {
        let level = match window {
            Window::Hour => &self.short,
            Window::Day => &self.long,
        };
        let whole = self.ring.whole_since().min(level.whole_since());
        let since = whole.max(began).max(self.begin(window));
        self.now.saturating_sub(since)
    }

    /// Invocations that are kept as they were, now.
    pub fn kept(&self) -> usize {
        self.ring.len()
    }

    /// Bytes that are in use, nearly.
    pub fn used_bytes(&self) -> usize {
        self.tenants.len() * (size_of::<Tenant>() + 128)
            + self.ring.len() * size_of::<Seen>()
            + self.short.bytes()
            + self.long.bytes()
    }

    /// Tenants that have figures of their own, now.
    pub fn tenants(&self) -> usize {
        self.tenants.len() - 1
    }
}

impl Tenant {
    pub(super) fn new(namespace: Arc<str>, name: Arc<str>) -> Self {
        Self {
            namespace,
            name,
            last: 0,
            short: Slot::default(),
            long: Slot::default(),
        }
    }
}

fn spread(at: impl Fn(u64) -> u64) -> Spread {
    Spread {
        p50: at(500),
        p95: at(950),
        p99: at(990),
        max: at(1000),
    }
}

/// A slot that is over, packed, and empty again; none if nothing was in it.
fn taken(number: usize, slot: &mut Slot) -> Option<(u16, Box<[u8]>)> {
    if slot.requests == 0 {
        return None;
    }
    let packed = slot.pack();
    *slot = Slot::default();
    Some((number as u16, packed))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tune::measure::Measure;

    pub fn figures(fuel: u64) -> Figures {
        Figures {
            values: [fuel, 1 << 20, fuel / 1000, 1],
            cut: false,
        }
    }

    #[test]
    fn what_the_ring_covers_is_exact() {
        let mut recorder = Recorder::new(Capacity::of(1 << 20));
        let start = recorder.now;
        for fuel in 1..=1000 {
            recorder.record(start + 1, "n", "a", &figures(fuel * 1000));
        }
        recorder.record(start + 1, "n", "b", &figures(7));
        recorder.advance(start + 90);
        recorder.record(start + 90, "n", "b", &figures(5));
        let used = recorder.used(Window::Day);
        assert_eq!(used.len(), 2);
        let fuel = used[0].spreads[Measure::Fuel.index()];
        assert_eq!((used[0].requests, used[0].exact), (1000, true));
        assert_eq!(
            (fuel.p50, fuel.p95, fuel.p99, fuel.max),
            (500_000, 950_000, 990_000, 1_000_000)
        );
        assert_eq!(used[1].spreads[0].max, 7);
        // An hour later only the newest counts.
        let used = recorder.used(Window::Hour);
        assert_eq!(
            (used.len(), used[0].requests, used[0].spreads[0].max),
            (1, 1, 5)
        );
    }

    #[test]
    fn what_the_ring_has_lost_histograms_know() {
        let capacity = Capacity {
            requests: 10,
            ..Capacity::of(1 << 20)
        };
        let mut recorder = Recorder::new(capacity);
        let start = recorder.now;
        for minute in 0..180 {
            recorder.record(start + minute, "n", "a", &figures(1_000_000));
            recorder.record(start + minute, "n", "b", &figures(40_000_000));
        }
        let used = recorder.used(Window::Day);
        assert_eq!((used[0].requests, used[0].exact), (180, false));
        assert_eq!(used[0].spreads[0].max, 1_000_000);
        let fuel = used[1].spreads[0];
        assert!((40_000_000..=50_000_000).contains(&fuel.p50), "{fuel:?}");
        let hour = recorder.used(Window::Hour);
        assert!(
            (60..=70).contains(&hour[0].requests),
            "{}",
            hour[0].requests
        );
        assert_eq!(
            recorder.histogram(Window::Day, "n", "a").unwrap().requests,
            180
        );
        assert!(recorder.histogram(Window::Day, "n", "c").is_none());
        // A day later nothing is left.
        recorder.advance(start + 180 + DAY + 120);
        assert!(recorder.used(Window::Day).is_empty());
    }

    #[test]
    fn tenants_beyond_the_bound_are_counted_together_until_others_are_forgotten() {
        let capacity = Capacity {
            tenants: 3,
            ..Capacity::of(1 << 20)
        };
        let mut recorder = Recorder::new(capacity);
        let start = recorder.now;
        for tenant in ["a", "b", "c", "d"] {
            recorder.record(start, "n", tenant, &figures(1));
        }
        let names = |recorder: &Recorder| {
            let used = recorder.used(Window::Day);
            let names = used
                .iter()
                .map(|it| format!("{}{}", it.tenant, it.requests));
            names.collect::<Vec<_>>()
        };
        assert_eq!(names(&recorder), ["2", "a1", "b1"]);
        recorder.record(start + 2 * DAY, "n", "c", &figures(1));
        assert_eq!(names(&recorder), ["c1"]);
        assert_eq!(recorder.tenants(), 2);
    }

    #[test]
    fn the_memory_is_what_was_promised() {
        for bytes in [64 << 10, 256 << 10, 1 << 20, 4 << 20] {
            let it = Capacity::of(bytes);
            let all = it.tenants * (size_of::<Tenant>() + 2 * NAME_MAX + 128)
                + it.requests * size_of::<Seen>()
                + it.short_bytes
                + it.long_bytes;
            assert!(all <= bytes, "{it:?} takes {all}");
        }
        let it = Capacity::of(4 << 20);
        assert!(it.tenants >= 300 && it.requests >= 100_000, "{it:?}");
    }

    #[test]
    fn time_does_not_go_back() {
        let mut recorder = Recorder::new(Capacity::of(1 << 20));
        let start = recorder.now;
        recorder.record(start + 100, "n", "a", &figures(1));
        recorder.record(start, "n", "a", &figures(1));
        assert_eq!(recorder.used(Window::Hour)[0].requests, 2);
    }
}
