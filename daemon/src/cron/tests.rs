//! Expressions as the field means them, and a timetable under clocks of all kinds.
#![allow(clippy::unwrap_used)]

use super::*;
use std::sync::Arc;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

fn at(text: &str) -> u64 {
    let time: jiff::Timestamp = text.parse().unwrap();
    u64::try_from(time.as_millisecond()).unwrap()
}

#[track_caller]
fn next(cron: &str, after: &str, expected: &str) {
    let next = Expression::parse(cron).unwrap().next(at(after));
    assert_eq!(next, Some(at(expected)), "{cron} after {after}");
}

#[test]
fn expressions_mean_what_they_mean_in_the_field() {
    // 2026-01-01 is a Thursday.
    let new_year = "2026-01-01T00:00:00Z";
    next(
        "* * * * *",
        "2026-01-01T00:00:00.001Z",
        "2026-01-01T00:01:00Z",
    );
    next("* * * * *", new_year, "2026-01-01T00:01:00Z");
    next(
        "*/30 * * * *",
        "2026-01-01T00:29:59.999Z",
        "2026-01-01T00:30:00Z",
    );
    next("45 * * * *", new_year, "2026-01-01T00:45:00Z");
    for sunday in ["0 17 * * sun", "0 17 * * SUN", "0 17 * * 1"] {
        next(sunday, new_year, "2026-01-04T17:00:00Z");
    }
    for weekdays in ["10 7 * * mon-fri", "10 7 * * 2-6"] {
        next(weekdays, "2026-01-02T08:00:00Z", "2026-01-05T07:10:00Z");
    }
    next("0 15 1 * *", "2026-01-01T15:00:00Z", "2026-02-01T15:00:00Z");
    for friday in ["0 18 * * 6L", "0 18 * * friL"] {
        next(friday, new_year, "2026-01-30T18:00:00Z");
    }
    // 2026-01-31 is a Saturday, so that the last weekday is the 30th.
    next("59 23 LW * *", new_year, "2026-01-30T23:59:00Z");
    next("0 0 L * *", new_year, "2026-01-31T00:00:00Z");
    // The 15th of February 2026 is a Sunday: the nearest weekday is the 16th.
    next("0 0 15W 2 *", new_year, "2026-02-16T00:00:00Z");
    next("0 0 * * 2#1", new_year, "2026-01-05T00:00:00Z");
    next("0 0 * * 7", new_year, "2026-01-03T00:00:00Z");
    next("0 0 1 feb *", new_year, "2026-02-01T00:00:00Z");
    next("0 0 29 2 *", new_year, "2028-02-29T00:00:00Z");
    // A day of the month and a weekday: either will do.
    next("0 0 13 * 6", new_year, "2026-01-02T00:00:00Z");
    next("0 0 13 * 6", "2026-01-09T00:00:00Z", "2026-01-13T00:00:00Z");
}

#[test]
fn what_is_no_expression_is_refused_with_the_reason() {
    let long = "1,".repeat(200) + "1 * * * *";
    for (text, reason) in [
        ("", "0 fields"),
        ("* * * *", "4 fields"),
        ("0 * * * * *", "6 fields"),
        ("@daily", "'@' means nothing"),
        ("0 0 ? * *", "'?' means nothing"),
        ("60 * * * *", ""),
        ("* 24 * * *", ""),
        ("* * 0 * *", ""),
        ("* * 32 * *", ""),
        ("* * * 13 *", ""),
        ("* * * * 0", ""),
        ("* * * * 8", ""),
        ("*/0 * * * *", ""),
        ("5-1 * * * *", ""),
        ("abc * * * *", ""),
        ("L * * * *", ""),
        ("* * * * 2#6", ""),
        ("0 0 31 2 *", "no day"),
        (&long, "the limit is 256"),
    ] {
        let refused = Expression::parse(text).err();
        let refused = refused
            .unwrap_or_else(|| panic!("`{text}` was taken"))
            .to_string();
        assert!(refused.starts_with("invalid cron string '"), "{refused}");
        assert!(refused.contains(reason), "{refused}");
    }
}

fn table(cron: &str, now_ms: u64) -> Timetable<&'static str> {
    let table = Timetable::default();
    table.set("w", vec![Expression::parse(cron).unwrap()], now_ms);
    table.due(now_ms);
    table
}

#[track_caller]
fn fires(table: &Timetable<&'static str>, now_ms: u64, expected: &[u64]) {
    let due: Vec<u64> = table.due(now_ms).iter().map(|due| due.time_ms).collect();
    assert_eq!(due, expected);
}

#[test]
fn each_time_is_fired_once() {
    let start = at("2026-01-01T00:00:20Z");
    let minute = at("2026-01-01T00:01:00Z");
    let table = table("* * * * *", start);
    assert_eq!(table.sleep(start), Some(std::time::Duration::from_secs(40)));
    fires(&table, minute - 1, &[]);
    fires(&table, minute, &[minute]);
    fires(&table, minute, &[]);
    fires(&table, minute + MINUTE + 5, &[minute + MINUTE]);
}

#[test]
fn a_start_within_the_minute_fires_nothing_again() {
    let minute = at("2026-01-01T00:01:00Z");
    fires(&table("* * * * *", minute), minute + 1, &[]);
    let same = table("* * * * *", minute - 1);
    // What is set again is due as it was.
    same.set("w", vec![Expression::parse("* * * * *").unwrap()], minute);
    fires(&same, minute, &[minute]);
}

#[test]
fn a_clock_that_jumps_fires_at_most_once() {
    let start = at("2026-01-01T00:00:20Z");
    let minute = at("2026-01-01T00:01:00Z");
    let table = table("* * * * *", start);
    // An hour ahead: the first time that was missed, once.
    fires(&table, start + HOUR, &[minute]);
    fires(&table, start + HOUR + 1, &[]);
    // An hour back: nothing that has been comes again.
    fires(&table, start, &[]);
    fires(&table, start + HOUR, &[]);
    fires(&table, minute + HOUR, &[minute + HOUR]);
    // A clock that was never set, and is then: nothing is made up for.
    fires(&table, start + 1000 * HOUR, &[]);
    fires(&table, minute + 1000 * HOUR, &[minute + 1000 * HOUR]);
    // Nor does one that was far ahead keep everything from running.
    fires(&table, start, &[]);
    fires(&table, minute, &[minute]);
}

#[test]
fn a_trigger_has_one_run_that_waits() {
    let table = table("* * * * *", 0);
    let mut fired = table.due(MINUTE);
    fired.extend(table.due(2 * MINUTE));
    assert!(fired[0].enqueue());
    assert!(!fired[1].enqueue());
    fired[0].begins();
    assert!(fired[1].enqueue());
}

fn run(number: u64) -> Run {
    Run {
        cron: "* * * * *".to_owned(),
        time_ms: number,
        started_ms: number,
        wall_ms: 1,
        outcome: "exception",
        error: Some("é".repeat(1000)),
    }
}

#[test]
fn the_last_runs_are_remembered_and_no_more() {
    let table = table("* * * * *", 0);
    for number in 0..250 {
        table.ended(&"w", run(number));
    }
    let runs = table.runs(&"w");
    assert_eq!((runs.len(), runs[0].time_ms), (RUNS_MAX, 249));
    assert_eq!(runs[0].error.as_ref().map(String::len), Some(256));
    table.ended(&"unknown", run(1));
    assert_eq!(table.runs(&"unknown"), []);
    table.forget("w");
    assert_eq!(table.runs(&"w"), []);
    assert_eq!(table.overview(), (0, None));
}

#[test]
fn runs_of_all_scripts_are_bounded() {
    let table = Timetable::default();
    let every = Expression::parse("* * * * *").unwrap();
    for script in 0..200 {
        table.set(script, vec![every.clone()], 0);
        for number in 0..100 {
            table.ended(&script, run(number));
        }
    }
    let kept: usize = (0..200).map(|script| table.runs(&script).len()).sum();
    assert_eq!(kept, RUNS_TOTAL_MAX);
    // Whoever comes late is remembered too.
    assert!((0..200).all(|script| table.runs(&script).len() >= 49));
}

struct Telling(smol::channel::Sender<(&'static str, String, u64)>);

impl Fire<&'static str> for Telling {
    async fn fire(&self, key: &&'static str, cron: &str, time_ms: u64) -> Result<(), Ended> {
        self.0.send((key, cron.to_owned(), time_ms)).await.unwrap();
        Err(Ended {
            outcome: "exception",
            error: "told".to_owned(),
        })
    }
}

#[test]
fn what_is_due_runs_and_is_remembered() {
    let executor = Arc::new(async_executor::Executor::new());
    let (told, telling) = smol::channel::bounded(1);
    // Reckoned a minute ago, so that it is due at once.
    let before = now_ms() - MINUTE;
    let table = Arc::new(table("* * * * *", before));
    let running = run_task(&table, told, &executor);
    smol::block_on(executor.run(async {
        let (key, cron, time_ms) = telling.recv().await.unwrap();
        assert_eq!((key, cron.as_str()), ("w", "* * * * *"));
        assert_eq!(time_ms % MINUTE, 0);
        while table.runs(&"w").is_empty() {
            smol::future::yield_now().await;
        }
        let run = table.runs(&"w").remove(0);
        assert_eq!(
            (run.outcome, run.error.as_deref()),
            ("exception", Some("told"))
        );
        assert_eq!(run.time_ms, time_ms);
        running.cancel().await;
    }));
}

fn run_task(
    table: &Arc<Timetable<&'static str>>,
    told: smol::channel::Sender<(&'static str, String, u64)>,
    executor: &Arc<async_executor::Executor<'static>>,
) -> smol::Task<()> {
    let work = super::run(table.clone(), Arc::new(Telling(told)), executor.clone());
    executor.spawn(work)
}
