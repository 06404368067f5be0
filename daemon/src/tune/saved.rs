//! What the recorder knows, as it outlasts a restart.
//!
//! Every hour the histograms are stored, which are small; when the daemon stops, invocations as they
//! were too. What was recorded since the last hour is lost with the power. Minutes are the
//! recorder's own, so that a machine whose clock is wrong after a start loses nothing: the time
//! between is what the clock says, and none if it says that time went back.

use super::level::{Block, Level};
use super::recorder::{DAY, OTHERS, Recorder};
use super::seen::Seen;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A stored recorder.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Saved {
    /// When: milliseconds since 1970.
    pub at_ms: u64,
    /// The minute that was.
    now: u32,
    /// Since which minute there are figures at all.
    began: u32,
    /// Numbers, namespaces, tenants, and when each was seen last.
    tenants: Vec<(u16, String, String, u32)>,
    /// Slots that were over, with what lasted.
    short: Vec<Block>,
    long: Vec<Block>,
    /// Since when all slots are there, of both levels.
    whole_since: (u32, u32),
    /// Invocations, and since when all are there.
    ring: Vec<Seen>,
    ring_whole_since: u32,
}

impl Recorder {
    /// What there is to store; invocations as they were only `with_ring`.
    pub fn save(&self, at_ms: u64, began: u32, with_ring: bool) -> Saved {
        let tenants = self.tenants.iter().enumerate().skip(1);
        let packed =
            |level: &Level, lasting: fn(&super::recorder::Tenant) -> &super::slot::Slot| {
                let slot = self.now / level.minutes;
                let mut blocks: Vec<Block> = level.blocks().cloned().collect();
                let lasting = self
                    .tenants
                    .iter()
                    .enumerate()
                    .map(|(n, it)| (n, lasting(it)));
                let lasting = lasting.filter(|(_, it)| it.requests > 0);
                blocks.extend(lasting.map(|(number, it)| Block {
                    slot,
                    tenant: number as u16,
                    packed: it.pack(),
                }));
                blocks
            };
        Saved {
            at_ms,
            now: self.now,
            began,
            tenants: tenants
                .map(|(number, it)| {
                    let (namespace, name) = (it.namespace.to_string(), it.name.to_string());
                    (number as u16, namespace, name, it.last)
                })
                .collect(),
            short: packed(&self.short, |it| &it.short),
            long: packed(&self.long, |it| &it.long),
            whole_since: (self.short.whole_since(), self.long.whole_since()),
            ring: match with_ring {
                true => self.ring.iter().copied().collect(),
                false => Vec::new(),
            },
            ring_whole_since: match with_ring {
                true => self.ring.whole_since(),
                false => self.now + 1,
            },
        }
    }

    /// Goes on from what was stored, at `now_ms`; the recorder must be empty. Gives the minute since
    /// which there are figures.
    pub fn restore(&mut self, saved: Saved, now_ms: u64) -> u32 {
        let away = now_ms.saturating_sub(saved.at_ms) / 60_000;
        let away = u32::try_from(away).unwrap_or(u32::MAX).min(4 * DAY);
        // A stored number may be anything.
        let sane = |minute: u32| minute.min(u32::MAX / 4);
        let now = sane(saved.now);
        self.now = self.now.max(now);
        let mut numbers = HashMap::new();
        for (number, namespace, name, last) in saved.tenants {
            let new = self.number(&namespace, &name);
            if let Some(tenant) = self.tenants.get_mut(usize::from(new)) {
                tenant.last = tenant.last.max(last.min(now));
            }
            numbers.insert(number, new);
        }
        let number = |number: u16| numbers.get(&number).copied().unwrap_or(OTHERS);
        for (level, blocks, whole) in [
            (&mut self.short, saved.short, saved.whole_since.0),
            (&mut self.long, saved.long, saved.whole_since.1),
        ] {
            level.turn(now, std::iter::empty());
            level.lost_until(whole.min(now));
            for mut block in blocks {
                block.slot = block.slot.min(now / level.minutes);
                block.tenant = number(block.tenant);
                level.push(block);
            }
        }
        for mut seen in saved.ring {
            seen.minute = seen.minute.min(now);
            seen.tenant = number(seen.tenant);
            self.ring.push(seen);
        }
        self.ring.lost_until(saved.ring_whole_since.min(now + 1));
        self.advance(now + away);
        saved.began.min(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tune::recorder::{Capacity, Window};
    use crate::tune::slot::Figures;

    fn recorder() -> Recorder {
        let mut recorder = Recorder::new(Capacity::of(256 << 10));
        let start = recorder.now;
        for minute in 0..200 {
            let figures = Figures {
                values: [1000 * u64::from(minute), 1 << 20, 5, 0],
                cut: minute == 3,
            };
            recorder.record(
                start + minute,
                "n",
                if minute % 2 == 0 { "a" } else { "b" },
                &figures,
            );
        }
        recorder
    }

    fn again(saved: &Saved) -> Saved {
        let bytes = postcard::to_allocvec(saved).unwrap_or_default();
        postcard::from_bytes(&bytes).unwrap_or_default()
    }

    #[test]
    fn everything_is_there_after_a_proper_end() {
        let before = recorder();
        let mut after = Recorder::new(Capacity::of(256 << 10));
        let began = after.restore(again(&before.save(1_000_000, 2 * DAY, true)), 1_000_000);
        assert_eq!(began, 2 * DAY);
        for window in [Window::Hour, Window::Day] {
            assert_eq!(after.used(window), before.used(window));
        }
        assert!(after.used(Window::Day)[0].exact);
        // Three hours of being off have passed for the windows.
        let mut late = Recorder::new(Capacity::of(256 << 10));
        late.restore(again(&before.save(0, 0, true)), 3 * 3600 * 1000);
        assert!(late.used(Window::Hour).is_empty());
        assert_eq!(late.used(Window::Day).len(), 2);
    }

    #[test]
    fn histograms_are_there_after_a_crash() {
        let before = recorder();
        let saved = again(&before.save(5, 0, false));
        let mut after = Recorder::new(Capacity::of(256 << 10));
        // The clock went back meanwhile.
        after.restore(saved, 0);
        let used = after.used(Window::Day);
        assert_eq!((used[0].requests, used[1].requests), (100, 100));
        assert!(!used[0].exact);
        assert_eq!(used[1].spreads[0].max, 199_000);
        assert_eq!(used[1].cut, 1);
        // What comes now counts on top.
        let now = after.now;
        after.record(now, "n", "a", &Figures::default());
        assert_eq!(after.used(Window::Day)[0].requests, 101);
    }

    #[test]
    fn nonsense_that_was_stored_does_no_harm() {
        let saved = Saved {
            now: u32::MAX,
            tenants: vec![(9, "n".into(), "x".repeat(5000), u32::MAX)],
            short: vec![Block {
                slot: u32::MAX,
                tenant: 77,
                packed: Box::from([0xff; 40]),
            }],
            whole_since: (u32::MAX, u32::MAX),
            ring: vec![Seen::new(
                u32::MAX,
                500,
                &Figures {
                    values: [u64::MAX; 4],
                    cut: true,
                },
            )],
            ring_whole_since: u32::MAX,
            ..Saved::default()
        };
        let mut after = Recorder::new(Capacity::of(64 << 10));
        after.restore(saved, u64::MAX);
        let now = after.now;
        after.record(now, "n", "a", &Figures::default());
        assert_eq!(after.used(Window::Hour).len(), 1);
    }
}
