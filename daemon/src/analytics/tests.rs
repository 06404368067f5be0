//! Points from the writing to the answer, and what hostile queries get.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::store::StoreOptions;
use proptest::prelude::*;
use serde_json::{Value, json};
use smol::future::block_on;

struct Bench {
    analytics: Analytics,
    store: Store,
    _dir: tempfile::TempDir,
}

fn bench(options: AnalyticsOptions) -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(StoreOptions::new(dir.path())).unwrap().store;
    Bench {
        analytics: Analytics::open(store.clone(), options).unwrap(),
        store,
        _dir: dir,
    }
}

fn point(at_s: u64, index: &str, blobs: &[&str], doubles: &[f64]) -> Point {
    Point {
        at_ms: at_s * 1000,
        index: index.to_owned(),
        blobs: blobs.iter().map(|it| (*it).to_owned()).collect(),
        doubles: doubles.to_vec(),
    }
}

/// Five points of the first minutes of 2026.
fn filled() -> Bench {
    let bench = bench(AnalyticsOptions::default());
    let from = 1_767_225_600;
    for (at, path, status, ms) in [
        (0, "/a", "200", 1.5),
        (30, "/a", "500", 2.5),
        (60, "/b", "200", 10.0),
        (90, "/b", "200", 20.0),
        (360, "/a", "200", 6.0),
    ] {
        let point = point(from + at, path, &[path, status], &[ms, 1.0]);
        bench.analytics.write("views", [1; 16], point);
    }
    bench
        .analytics
        .write("other", [2; 16], point(from, "i", &[], &[]));
    bench
}

impl Bench {
    fn ask(&self, query: &str) -> Result<Value, String> {
        let answer = block_on(self.analytics.query(query)).map_err(|error| error.to_string())?;
        Ok(serde_json::from_str(&answer.text()).unwrap())
    }

    #[track_caller]
    fn check(&self, query: &str, expect: Value) {
        assert_eq!(
            self.ask(query).map(|it| it["data"].clone()),
            Ok(expect),
            "{query}"
        );
    }
}

#[test]
fn points_are_grouped_aggregated_and_sorted() {
    let bench = filled();
    bench.check(
        "SELECT blob1 AS path, SUM(_sample_interval) AS views FROM views
         WHERE timestamp > toDateTime('2025-12-31 00:00:00') GROUP BY path ORDER BY views DESC LIMIT 10",
        json!([{"path": "/a", "views": 3}, {"path": "/b", "views": 2}]),
    );
    bench.check(
        "select count() as n, avg(double1) a, min(double1), max(blob1) from views",
        json!([{"n": 5, "a": 8, "min(double1)": 1.5, "max(blob1)": "/b"}]),
    );
    bench.check(
        "SELECT COUNT(DISTINCT blob2) AS n FROM views",
        json!([{"n": 2}]),
    );
    bench.check("SELECT quantileWeighted(0.5)(double1, _sample_interval) AS m, median(double1) AS n FROM views",
        json!([{"m": 6, "n": 6}]));
    bench.check(
        "SELECT countIf(blob2 = '500') AS errors, sumIf(double1, blob2 != '500') AS ms FROM views",
        json!([{"errors": 1, "ms": 37.5}]),
    );
    bench.check(
        "SELECT argMax(blob1, double1) AS slowest FROM views",
        json!([{"slowest": "/b"}]),
    );
    bench.check(
        "SELECT toStartOfInterval(timestamp, INTERVAL '5' MINUTE) AS t, count(*) AS n FROM views GROUP BY t ORDER BY t",
        json!([{"t": "2026-01-01 00:00:00", "n": 4}, {"t": "2026-01-01 00:05:00", "n": 1}]),
    );
    bench.check(
        "SELECT blob1, count() AS n FROM views GROUP BY blob1 HAVING n > 2",
        json!([{"blob1": "/a", "n": 3}]),
    );
    bench.check(
        "SELECT index1 FROM views WHERE double1 BETWEEN 5 AND 15 ORDER BY double1 DESC",
        json!([{"index1": "/b"}, {"index1": "/a"}]),
    );
    bench.check("SELECT double1 d FROM views WHERE blob1 IN ('/a', '/c') AND NOT blob2 LIKE '5%' ORDER BY d",
        json!([{"d": 1.5}, {"d": 6}]));
    bench.check(
        "SELECT double1 AS d FROM views ORDER BY d LIMIT 2 OFFSET 1",
        json!([{"d": 2.5}, {"d": 6}]),
    );
    bench.check(
        "SELECT 1 + 2 * 3 - -4 % 3 AS x FROM views LIMIT 1",
        json!([{"x": 8}]),
    );
    bench.check(
        "SELECT sum(double1) AS s FROM views WHERE timestamp > NOW() - INTERVAL '1' HOUR",
        json!([{"s": 0}]),
    );
    bench.check("SELECT count() AS n FROM missing", json!([{"n": 0}]));
    bench.check("SELECT blob1 FROM missing GROUP BY blob1", json!([]));
    bench.check(
        "SHOW TABLES",
        json!([{"dataset": "other", "type": "dataset"}, {"dataset": "views", "type": "dataset"}]),
    );
    let whole = bench
        .ask("SELECT blob1, double1, timestamp FROM views LIMIT 1;")
        .unwrap();
    let kinds: Vec<&str> = whole["meta"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["String", "Float64", "DateTime"]);
    assert_eq!(
        bench.ask("SELECT * FROM views").unwrap()["data"][0]
            .as_object()
            .unwrap()
            .len(),
        44
    );
    let text = |query: &str| block_on(bench.analytics.query(query)).unwrap().text();
    assert_eq!(
        text("SELECT blob1 b, double1 d FROM views LIMIT 2 FORMAT JSONEachRow"),
        "{\"b\":\"/a\",\"d\":1.5}\n{\"b\":\"/a\",\"d\":2.5}\n"
    );
    assert_eq!(
        text("SELECT blob1, double1 FROM views LIMIT 1 FORMAT TabSeparated"),
        "/a\t1.5\n"
    );
}

#[test]
fn what_is_wrong_with_a_query_is_told() {
    let bench = filled();
    let check = |query: &str, expect: &str| {
        let error = bench.ask(query).unwrap_err();
        assert!(error.contains(expect), "{query}: {error}");
    };
    check("", "expected select, found the end");
    check("SELECT", "expected an expression, found the end");
    check("SELECT blob1", "expected from");
    check("SELECT blob21 FROM views", "unknown column 'blob21'");
    check("SELECT a AS a FROM views", "unknown column 'a'");
    check("SELECT nothing(1) FROM views", "unknown function 'nothing'");
    check("SELECT sum() FROM views", "sum: too few arguments");
    check(
        "SELECT sum(count()) FROM views",
        "aggregate function 'count'",
    );
    check(
        "SELECT 1 FROM views WHERE count() > 1",
        "cannot be used here",
    );
    check(
        "SELECT blob1, count() FROM views",
        "'blob1' is neither in GROUP BY",
    );
    check("SELECT 'x FROM views", "within quotes");
    check(
        "SELECT blob1 FROM views; DROP TABLE views",
        "expected the end",
    );
    check("SELECT ? FROM views", "character '?'");
    check("SELECT quantile(2)(double1) FROM views", "from 0 to 1");
    check(
        "SELECT 1 FROM views WHERE timestamp > NOW() - INTERVAL '1' FORTNIGHT",
        "SECOND, MINUTE",
    );
    check(&"(".repeat(1000), "expected select");
    check(
        &format!("SELECT {}", "(".repeat(1000)),
        "more than 48 expressions within",
    );
    check(
        &format!("SELECT {}1 FROM views", "-".repeat(1000)),
        "expected an expression",
    );
    check(
        &format!("SELECT {}1 FROM views", "- ".repeat(1000)),
        "more than 48",
    );
    check(
        &format!("SELECT 1{} FROM views", " + 1".repeat(1000)),
        "more than 64 operators",
    );
    check(
        &format!("SELECT 1{} FROM views", " between 1 and 2".repeat(200)),
        "expected from",
    );
    check(
        &format!("SELECT 1{} FROM views", ", 1".repeat(100)),
        "more than 64 columns",
    );
    check(&"x".repeat(20_000), "the limit is 16384");
    let doubling: Vec<String> = (1..40)
        .map(|i| format!("c{} + c{} AS c{i}", i - 1, i - 1))
        .collect();
    check(
        &format!("SELECT 1 AS c0, {} FROM views", doubling.join(", ")),
        "unknown column",
    );
}

#[test]
fn what_is_kept_has_bounds() {
    let options = AnalyticsOptions {
        bytes_max: 64 * 1024,
        tenant_bytes_max: 24 * 1024,
    };
    let bench = bench(options);
    let blob = "x".repeat(1000);
    let count = |tenant: u8| {
        let query =
            format!("SELECT count() AS n, min(double1) AS first FROM d WHERE index1 = '{tenant}'");
        let answer = bench.ask(&query).unwrap();
        let first = &answer["data"][0];
        (first["n"].as_i64().unwrap(), first["first"].as_i64())
    };
    let write = |tenant: u8, at: usize| {
        let point = point(1, &tenant.to_string(), &[&blob], &[at as f64]);
        bench.analytics.write("d", [tenant; 16], point);
        block_on(bench.analytics.flush());
    };
    for at in 0..60 {
        write(1, at);
    }
    // One tenant's oldest go, and no others'.
    let (kept, first) = count(1);
    assert!((18..24).contains(&kept), "{kept}");
    assert_eq!(first, Some(60 - kept));
    for tenant in 2..5 {
        for at in 0..20 {
            write(tenant, at);
        }
    }
    assert!(count(1).0 < kept);
    assert_eq!(count(4).0, 20);
    let bytes = bench.analytics.counts().bytes;
    assert!(bytes <= options.bytes_max, "{bytes}");
    // The same after a restart.
    let again = Analytics::open(bench.store.clone(), options).unwrap();
    assert_eq!(again.counts().bytes, bytes);
}

#[test]
fn points_that_break_limits_are_none() {
    let bench = bench(AnalyticsOptions::default());
    let allowed = point(
        1,
        &"i".repeat(INDEX_MAX),
        &["x"; VALUES_MAX],
        &[1.0; VALUES_MAX],
    );
    let long = "x".repeat(BLOBS_BYTES_MAX + 1);
    for wrong in [
        point(1, &"i".repeat(INDEX_MAX + 1), &[], &[]),
        point(1, "", &["x"; VALUES_MAX + 1], &[]),
        point(1, "", &[], &[1.0; VALUES_MAX + 1]),
        point(1, "", &[&long], &[]),
    ] {
        bench.analytics.write("d", [1; 16], wrong);
    }
    bench.analytics.write("d", [1; 16], allowed);
    let counts = bench.analytics.counts();
    assert_eq!((counts.taken, counts.dropped), (1, 4));
    let large = "x".repeat(BLOBS_BYTES_MAX);
    for _ in 0..100 {
        bench
            .analytics
            .write("d", [1; 16], point(1, "", &[&large], &[]));
    }
    assert!(bench.analytics.counts().dropped > 4 + 30);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_is_too_much(words in prop::collection::vec(prop_oneof![
        Just("SELECT"), Just("FROM"), Just("views"), Just("WHERE"), Just("GROUP BY"), Just("ORDER BY"), Just("LIMIT"), Just("blob1"),
        Just("double1"), Just("count("), Just("("), Just(")"), Just(","), Just("'a'"), Just("1"), Just("-"), Just("*"), Just("IN"),
        Just("BETWEEN"), Just("AND"), Just("NOT"), Just("IS"), Just("NULL"), Just("INTERVAL"), Just("'1' HOUR"), Just("AS x"), Just("x"), Just("like"),
        Just("\u{e4}"), Just("sum("), Just("quantile(0.5)("), Just("="), Just("HAVING"), Just("FORMAT"), Just("JSON"),
    ], 0..40)) {
        if let Ok(query) = sql::parse(&words.join(" ")) {
            let mut run = sql::Run::new(&query, 1);
            let _ = run.take(&point(1, "i", &["a"], &[1.0]));
            let _ = run.finish().map(|answer| answer.text());
        }
    }

    #[test]
    fn no_bytes_are_too_much(text in "\\PC{0,200}") {
        let _ = sql::parse(&text);
    }
}
