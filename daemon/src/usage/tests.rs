//! Counts through crashes, power cuts, full disks and clocks that jump.

#![allow(clippy::unwrap_used)]

use super::quota::{Figures, Period, Quotas};
use super::*;
use crate::engine::limits::Failure;
use crate::engine::meter::Meter;
use crate::store::StoreOptions;
use futures_lite::future::block_on;
use std::sync::atomic::{AtomicU64, Ordering};

const NS: [u8; 16] = [1; 16];
/// 2026-11-30, an hour before the month ends.
const NOW: u64 = 1_796_079_600;
const DAY_S: u64 = 86_400;

/// A machine: its disk, its clock, and which of its runs this is.
struct Machine {
    dir: tempfile::TempDir,
    now: Arc<AtomicU64>,
}

impl Machine {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            now: Arc::new(AtomicU64::new(NOW)),
        }
    }

    fn open(&self, boot: &str) -> Usage {
        let store = Store::open(StoreOptions::new(self.dir.path().join("store")));
        let now = self.now.clone();
        let options = UsageOptions {
            dir: self.dir.path().join("usage"),
            boot: boot.to_owned(),
            clock: Arc::new(move || now.load(Ordering::Relaxed)),
        };
        Usage::open(store.unwrap().store, options).unwrap()
    }

    fn at(&self, now: u64) {
        self.now.store(now, Ordering::Relaxed);
    }

    /// What the process leaves that dies here: the store as of its last sync and the journal as it is.
    /// Closing the store adds nothing, for nothing is synced.
    fn journal(&self) -> std::path::PathBuf {
        self.dir.path().join("usage/journal")
    }
}

fn meter(usage: &Usage, name: &str, quotas: Quotas) -> Counted {
    usage.tenant(NS, name).counted(quotas)
}

fn quotas(set: impl FnOnce(&mut Quotas)) -> Quotas {
    let mut quotas = Quotas::default();
    set(&mut quotas);
    quotas
}

fn used(usage: &Usage, period: Period) -> Vec<(String, String, Figures)> {
    let filter = Filter {
        period,
        since: None,
        until: None,
        namespace: Some(NS),
        tenant: None,
    };
    let lines = block_on(usage.report(filter)).unwrap().unwrap();
    let told = lines.into_iter();
    told.map(|line| (line.tenant, line.period, line.figures))
        .collect()
}

fn days(usage: &Usage) -> Vec<(String, String, u64)> {
    let all = used(usage, Period::Day).into_iter();
    all.map(|(tenant, day, figures)| (tenant, day, figures[0]))
        .collect()
}

fn day(tenant: &str, day: &str, requests: u64) -> (String, String, u64) {
    (tenant.to_owned(), day.to_owned(), requests)
}

#[test]
fn a_killed_process_loses_and_doubles_nothing() {
    let machine = Machine::new();
    let usage = machine.open("boot");
    let counted = meter(&usage, "a", Quotas::default());
    let other = meter(&usage, "b", Quotas::default());
    for at in 0..100 {
        assert_eq!(counted.begin(10).unwrap(), 10);
        counted.burned(10, 7);
        counted.egress(3).unwrap();
        other.stored(5).unwrap();
        if at == 50 {
            block_on(usage.sync()).unwrap();
        }
    }
    drop((counted, other, usage));
    // Twice: what was taken over once is not taken over again.
    for _ in 0..2 {
        let usage = machine.open("boot");
        let all = used(&usage, Period::Day);
        assert_eq!(
            all[0],
            ("a".into(), "2026-11-30".into(), [100, 700, 300, 0])
        );
        assert_eq!(all[1], ("b".into(), "2026-11-30".into(), [0, 0, 0, 500]));
        let months = used(&usage, Period::Month);
        assert_eq!(
            months[0],
            ("a".into(), "2026-11".into(), [100, 700, 300, 0])
        );
    }
    // It goes on where it was.
    let usage = machine.open("boot");
    meter(&usage, "a", Quotas::default()).begin(0).unwrap();
    assert_eq!(days(&usage)[0], day("a", "2026-11-30", 101));
}

#[test]
fn a_crash_in_the_middle_of_taking_over_doubles_nothing() {
    let machine = Machine::new();
    let usage = machine.open("boot");
    let counted = meter(&usage, "a", Quotas::default());
    for _ in 0..10 {
        counted.begin(0).unwrap();
    }
    drop((counted, usage));
    let journal = std::fs::read(machine.journal()).unwrap();
    drop(machine.open("boot"));
    // The rows were written, the journal was not begun anew.
    std::fs::write(machine.journal(), journal).unwrap();
    let usage = machine.open("boot");
    assert_eq!(days(&usage), [day("a", "2026-11-30", 10)]);
    assert_eq!(used(&usage, Period::Month)[0].2[0], 10);
}

#[test]
fn a_power_cut_takes_nothing_that_was_told_and_gives_no_more_than_the_quota() {
    let machine = Machine::new();
    let bound = quotas(|it| it.day[0] = 1000);
    let usage = machine.open("boot");
    let counted = meter(&usage, "a", bound);
    assert!(
        matches!(counted.begin(0), Err(Failure::Overloaded { .. })),
        "nothing is counted before that much is set aside"
    );
    block_on(usage.reserve()).unwrap();
    for _ in 0..100 {
        counted.begin(0).unwrap();
    }
    assert_eq!(
        days(&usage),
        [day("a", "2026-11-30", 100)],
        "told, and so durable"
    );
    for _ in 0..50 {
        counted.begin(0).unwrap();
    }
    drop((counted, usage));
    // What was not synced is gone with the page cache.
    std::fs::remove_file(machine.journal()).unwrap();
    let usage = machine.open("another boot");
    assert_eq!(days(&usage), [day("a", "2026-11-30", 100)]);
    let counted = meter(&usage, "a", bound);
    let mut begun = 0;
    let refused = loop {
        block_on(usage.reserve()).unwrap();
        match counted.begin(0) {
            Ok(_) => begun += 1,
            Err(failure) => break failure,
        }
    };
    // 256 were set aside, of which 100 are known: the other 156 are charged.
    assert_eq!(begun, 1000 - 256);
    assert!(
        matches!(refused, Failure::Quota { used: 1000, .. }),
        "{refused}"
    );
    assert!(
        begun + 150 <= 1000,
        "with the 50 that nobody knows of it is no more than the quota"
    );
    assert_eq!(days(&usage), [day("a", "2026-11-30", 100 + begun)]);
    drop((counted, usage));
    // The charge outlives further restarts, and ends with its month.
    let usage = machine.open("another boot");
    let counted = meter(&usage, "a", bound);
    block_on(usage.reserve()).unwrap();
    assert!(matches!(counted.begin(0), Err(Failure::Quota { .. })));
    machine.at(NOW + DAY_S);
    block_on(usage.reserve()).unwrap();
    counted.begin(0).unwrap();
}

#[test]
fn a_clean_stop_charges_nothing() {
    let machine = Machine::new();
    let bound = quotas(|it| it.month[0] = 10);
    let usage = machine.open("boot");
    let counted = meter(&usage, "a", bound);
    block_on(usage.reserve()).unwrap();
    for _ in 0..4 {
        counted.begin(0).unwrap();
    }
    block_on(usage.close()).unwrap();
    drop((counted, usage));
    std::fs::remove_file(machine.journal()).unwrap();
    let usage = machine.open("another boot");
    let counted = meter(&usage, "a", bound);
    block_on(usage.reserve()).unwrap();
    for _ in 0..6 {
        counted.begin(0).unwrap();
    }
    let Err(Failure::Quota {
        quota,
        value,
        used,
        retry_after_s,
    }) = counted.begin(0)
    else {
        panic!("it has a quota");
    };
    assert_eq!((quota, value, used), ("requests-per-month", 10, 10));
    assert_eq!(retry_after_s, 3600, "until the month is over");
}

#[test]
fn the_first_request_of_a_day_need_not_wait() {
    let machine = Machine::new();
    let bound = quotas(|it| it.day[0] = 1000);
    let usage = machine.open("boot");
    let counted = meter(&usage, "a", bound);
    machine.at(NOW + 3600 - 20);
    block_on(usage.reserve()).unwrap();
    counted.begin(0).unwrap();
    machine.at(NOW + 3600);
    for _ in 0..100 {
        counted.begin(0).unwrap();
    }
    drop((counted, usage));
    // What a power cut leaves unknown of either date is charged to that.
    std::fs::remove_file(machine.journal()).unwrap();
    let usage = machine.open("another boot");
    let counted = meter(&usage, "a", bound);
    let mut begun = 0;
    loop {
        block_on(usage.reserve()).unwrap();
        match counted.begin(0) {
            Ok(_) => begun += 1,
            Err(_) => break,
        }
    }
    assert_eq!(begun, 1000 - 256);
}

#[test]
fn each_date_has_one_count_whatever_the_clock_does() {
    let machine = Machine::new();
    let bound = quotas(|it| it.day[0] = 5);
    let usage = machine.open("boot");
    let counted = meter(&usage, "a", bound);
    let begin = |now: u64, times: u64| {
        machine.at(now);
        block_on(usage.reserve()).unwrap();
        (0..times).filter(|_| counted.begin(0).is_ok()).count()
    };
    assert_eq!(begin(NOW, 3), 3);
    // Far ahead, back, and over midnight to and fro: no date has a second quota, and none loses a count.
    assert_eq!(begin(NOW + 1000 * DAY_S, 2), 2);
    assert_eq!(begin(NOW, 1), 1);
    assert_eq!(begin(NOW + DAY_S, 5), 5);
    assert_eq!(begin(NOW, 9), 1);
    assert_eq!(begin(NOW + DAY_S, 9), 0);
    assert_eq!(begin(0, 1), 1, "a clock that was never set");
    block_on(usage.sync()).unwrap();
    assert_eq!(begin(NOW + 1000 * DAY_S, 9), 3);
    assert_eq!(begin(NOW, 9), 0);
    let expected = [
        day("a", "1970-01-01", 1),
        day("a", "2026-11-30", 5),
        day("a", "2026-12-01", 5),
        day("a", "2029-08-26", 5),
    ];
    assert_eq!(days(&usage), expected);
    drop(counted);
    drop(usage);
    let usage = machine.open("boot");
    assert_eq!(days(&usage), expected);
    let months = used(&usage, Period::Month);
    let months: Vec<_> = months.iter().map(|it| (it.1.as_str(), it.2[0])).collect();
    assert_eq!(
        months,
        [
            ("1970-01", 1),
            ("2026-11", 5),
            ("2026-12", 5),
            ("2029-08", 5)
        ]
    );
}

#[test]
fn counting_goes_on_where_the_store_takes_no_writes() {
    let machine = Machine::new();
    let usage = machine.open("boot");
    let free = meter(&usage, "free", Quotas::default());
    let bound = meter(&usage, "bound", quotas(|it| it.day[0] = 100_000));
    block_on(usage.reserve()).unwrap();
    free.begin(0).unwrap();
    // As after a commit that failed on a full disk.
    usage.0.store.clone().close().unwrap();
    for _ in 0..500 {
        free.begin(0).unwrap();
    }
    let begun = (0..5000).filter(|_| bound.begin(0).is_ok()).count();
    assert_eq!(begun, 100_000 / 32, "what was set aside, and no more");
    let refused = bound.begin(0).unwrap_err();
    assert!(matches!(refused, Failure::Overloaded { .. }), "{refused}");
    assert!(
        refused.to_string().contains("cannot be recorded"),
        "{refused}"
    );
    assert!(block_on(usage.sync()).is_err() && block_on(usage.reserve()).is_err());
    free.begin(0).unwrap();
    drop((free, bound, usage));
    // There is room again: nothing was lost.
    let usage = machine.open("boot");
    assert_eq!(
        days(&usage),
        [
            day("bound", "2026-11-30", 3125),
            day("free", "2026-11-30", 502)
        ]
    );
}

#[test]
fn counting_goes_on_where_the_journal_cannot_be_written() {
    let machine = Machine::new();
    std::fs::create_dir_all(machine.dir.path().join("usage")).unwrap();
    std::os::unix::fs::symlink("/dev/full", machine.journal()).unwrap();
    let usage = machine.open("boot");
    let counted = meter(&usage, "a", Quotas::default());
    for _ in 0..10 {
        counted.begin(0).unwrap();
    }
    assert_eq!(
        days(&usage),
        [day("a", "2026-11-30", 10)],
        "told, and so durable"
    );
    counted.begin(0).unwrap();
    machine.at(NOW + DAY_S);
    counted.begin(0).unwrap();
    machine.at(NOW);
    counted.begin(0).unwrap();
    let expected = [day("a", "2026-11-30", 12), day("a", "2026-12-01", 1)];
    assert_eq!(days(&usage), expected);
    drop((counted, usage));
    assert_eq!(days(&machine.open("boot")), expected);
}

#[test]
fn fuel_is_set_aside_for_invocations_under_way() {
    let machine = Machine::new();
    let usage = machine.open("boot");
    let counted = meter(&usage, "a", quotas(|it| it.day[1] = 1000));
    block_on(usage.reserve()).unwrap();
    assert_eq!(counted.begin(600).unwrap(), 600);
    assert_eq!(counted.begin(600).unwrap(), 400, "what is left");
    assert!(matches!(
        counted.begin(600),
        Err(Failure::Overloaded { .. })
    ));
    counted.burned(600, 100);
    assert_eq!(counted.extend(200), 200);
    counted.burned(200, 200);
    counted.burned(400, 400);
    assert_eq!(counted.begin(600).unwrap(), 300);
    counted.burned(300, 300);
    let refused = counted.begin(600).unwrap_err();
    assert!(matches!(
        refused,
        Failure::Quota {
            quota: "fuel-per-day",
            used: 1000,
            ..
        }
    ));
    let all = used(&usage, Period::Day);
    assert_eq!(all[0].2, [3, 1000, 0, 0], "refused ones are not counted");
}

#[test]
fn a_quota_of_nothing_refuses_everything() {
    let machine = Machine::new();
    let usage = machine.open("boot");
    let counted = meter(&usage, "a", quotas(|it| it.day = [0; 4]));
    block_on(usage.reserve()).unwrap();
    assert!(matches!(
        counted.begin(1),
        Err(Failure::Quota {
            value: 0,
            used: 0,
            ..
        })
    ));
    assert!(counted.egress(1).is_err() && counted.stored(1).is_err());
    assert!(days(&usage).is_empty());
}

#[test]
fn only_so_many_dates_and_months_are_kept() {
    let machine = Machine::new();
    let usage = machine.open("boot");
    let counted = meter(&usage, "a", Quotas::default());
    let longer = meter(&usage, "ab", Quotas::default());
    for at in 0..900 {
        machine.at(at * DAY_S);
        counted.begin(0).unwrap();
        if at == 0 {
            longer.begin(0).unwrap();
        }
        block_on(usage.sync()).unwrap();
    }
    let all = days(&usage);
    assert_eq!(all.len(), DAYS_KEPT + 1);
    assert_eq!(all.last(), Some(&day("ab", "1970-01-01", 1)));
    assert_eq!(used(&usage, Period::Month).len(), MONTHS_KEPT + 1);
    drop((counted, longer));
    block_on(usage.sync()).unwrap();
    assert!(usage.0.tenants.lock().is_empty(), "nobody holds them");
    block_on(usage.forget(NS)).unwrap();
    assert!(days(&usage).is_empty());
}

#[test]
fn counts_from_many_threads_add_up() {
    let machine = Machine::new();
    let usage = machine.open("boot");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let counted = meter(&usage, "a", Quotas::default());
            scope.spawn(move || {
                for _ in 0..500 {
                    counted.begin(1).unwrap();
                    counted.burned(1, 1);
                }
            });
        }
        for _ in 0..5 {
            block_on(usage.sync()).unwrap();
        }
    });
    drop(usage);
    let usage = machine.open("boot");
    assert_eq!(used(&usage, Period::Day)[0].2, [2000, 2000, 0, 0]);
}
