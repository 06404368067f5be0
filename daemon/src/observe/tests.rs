//! Observing as a whole: what is kept, counted and passed on.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::invocation::Ray;
use crate::engine::limits::Outcome;
use crate::engine::refusal::Stage;
use crate::engine::{LogLine, Thrown};
use futures_lite::future::block_on;
use postern_abi::event::LogLevel;
use proptest::prelude::*;
use std::collections::HashMap;

fn logged(message: &str) -> Vec<LogLine> {
    vec![LogLine {
        level: LogLevel::Warn,
        message: message.to_owned(),
        values: None,
        at_ms: 7,
    }]
}

pub(crate) fn finished<'a>(script: &'a str, logs: &'a [LogLine]) -> Finished<'a> {
    Finished {
        namespace: "n",
        script,
        version: "v1",
        ray: Ray(0xabc),
        origin: None,
        invoked: 0,
        outcome: Outcome::Ok,
        started_ms: 5,
        fuel: 100,
        cpu_us: 1500,
        wall_us: 2500,
        queue_us: 0,
        start_us: 0,
        trigger: None,
        entrypoint: None,
        rpc_method: None,
        method: "GET",
        url: "http://a.example/?key=0123456789abcdef0123456789abcdef",
        headers: None,
        status: Some(200),
        logs,
        logs_dropped: 0,
        exception: None,
        labels: None,
        tail_depth: 0,
        listeners: &[],
        memory_bytes: 0,
        subrequests: 0,
        tenant: "t",
        refusal: None,
        stage: Stage::Response,
    }
}

fn messages(observe: &Observe, script: &str) -> Vec<String> {
    let records = observe.recent("n", script);
    let lines = records.iter().flat_map(|record| &record.logs);
    lines.map(|line| line.message.clone()).collect()
}

#[test]
fn a_record_is_a_tail_event() {
    let observe = Observe::default();
    let mut headers = http::HeaderMap::new();
    for (name, value) in [
        ("accept", "a"),
        ("accept", "b"),
        ("authorization", "Bearer x"),
        ("cookie", "a=1"),
    ] {
        headers.append(name, value.parse().unwrap());
    }
    let logs = logged("hello");
    let thrown = Thrown {
        name: "TypeError".into(),
        message: "no".into(),
        stack: "at x".into(),
        at_ms: 8,
    };
    observe.invocation(&Finished {
        outcome: Outcome::ExceededCpu,
        headers: Some(&headers),
        exception: Some(&thrown),
        ..finished("s", &logs)
    });
    let records = observe.recent("n", "s");
    assert_eq!(
        records[0].to_json(),
        serde_json::json!({
            "scriptName": "s",
            "dispatchNamespace": "n",
            "scriptVersion": { "id": "v1" },
            "ray": "0000000000000abc",
            "outcome": "exceededCpu",
            "eventTimestamp": 5,
            "cpuTime": 1.5,
            "wallTime": 2.5,
            "fuel": 100,
            "event": {
                "request": {
                    "url": "http://a.example/?key=REDACTED",
                    "method": "GET",
                    "headers": { "accept": "a, b", "authorization": "REDACTED", "cookie": "REDACTED" },
                    "cf": {},
                },
                "response": { "status": 200 },
            },
            "logs": [{ "level": "warn", "message": ["hello"], "timestamp": 7 }],
            "logsDropped": 0,
            "truncated": false,
            "exceptions": [{ "name": "TypeError", "message": "no", "stack": "at x", "timestamp": 8 }],
            "diagnosticsChannelEvents": [],
            "executionModel": "stateless",
        })
    );
}

#[test]
fn lines_are_told_as_their_values() {
    let check = |values: Option<&str>, message: serde_json::Value, errors: serde_json::Value| {
        let mut logs = logged("text");
        logs[0].values = values.map(str::to_owned);
        let observe = Observe::default();
        observe.invocation(&finished("s", &logs));
        let told = observe.recent("n", "s")[0].to_json();
        assert_eq!(told["logs"][0]["message"], message, "{values:?}");
        assert_eq!(told["logs"][0]["errorInfo"], errors, "{values:?}");
    };
    use serde_json::{Value::Null, json};
    check(None, json!(["text"]), Null);
    check(
        Some(r#"["a",{"b":1},null]"#),
        json!(["a", {"b": 1}, null]),
        Null,
    );
    let with_errors = r#"{"message":["Error: e"],"errorInfo":[{"name":"Error"}]}"#;
    check(
        Some(with_errors),
        json!(["Error: e"]),
        json!([{"name": "Error"}]),
    );
    // What a guest says is not what it should be.
    for wrong in [
        "",
        "[",
        "5",
        "{}",
        r#"{"message":5}"#,
        r#"{"errorInfo":[]}"#,
    ] {
        let told = if wrong.contains("errorInfo") {
            json!([])
        } else {
            Null
        };
        check(Some(wrong), json!(["text"]), told);
    }
}

#[test]
fn what_has_nothing_to_tell_is_counted_only() {
    let observe = Observe::default();
    for _ in 0..3 {
        observe.invocation(&finished("s", &[]));
    }
    observe.invocation(&Finished {
        outcome: Outcome::Exception,
        ..finished("s", &[])
    });
    observe.invocation(&Finished {
        outcome: Outcome::Canceled,
        logs_dropped: 4,
        ..finished("s", &logged("x"))
    });
    assert_eq!(observe.recent("n", "s").len(), 2);
    let counts = observe.counts("n", "s").unwrap();
    assert_eq!(
        (counts.requests, counts.of(Outcome::Ok), counts.errors()),
        (5, 3, 1)
    );
    assert_eq!(
        (counts.fuel, counts.cpu_us, counts.log_lines),
        (500, 7500, 5)
    );
    assert_eq!(observe.counts("n", "other"), None);
    observe.expect("n", "other");
    observe.expect("n", "s");
    assert_eq!(observe.counts("n", "other"), None, "it has not run");
    assert_eq!(observe.all_counts().len(), 1);
    observe.forget("n", "s");
    observe.forget("n", "s");
    assert_eq!(observe.counts("n", "s"), None);
    assert_eq!(
        (observe.recent("n", "s").len(), observe.kept_bytes()),
        (0, 0)
    );
}

#[test]
fn what_deploying_took_is_counted_with_the_script() {
    let observe = Observe::new(ObserveOptions {
        scripts_max: 1,
        ..ObserveOptions::default()
    });
    let deployed = Deployed {
        namespace: "n",
        script: "s",
        fuel: 40,
        cpu_us: 3,
    };
    Observer::deployed(&observe, &deployed);
    observe.invocation(&finished("s", &[]));
    let counts = observe.counts("n", "s").unwrap();
    assert_eq!(
        (counts.fuel, counts.startup_fuel, counts.cpu_us),
        (140, 40, 1503)
    );
    assert_eq!(counts.requests, 1, "a deployment is no request");
    let beyond = Deployed {
        script: "other",
        ..deployed
    };
    observe.deployment(&beyond);
    let all = observe.all_counts();
    assert_eq!((all[0].1.as_str(), all[0].2.startup_fuel), ("", 40));
    observe.forget("n", "s");
    assert_eq!(observe.counts("n", "s"), None);
}

#[test]
fn scripts_beyond_the_bound_are_counted_together() {
    let observe = Observe::new(ObserveOptions {
        scripts_max: 2,
        ..ObserveOptions::default()
    });
    for script in ["a", "b", "c", "d", "a"] {
        observe.invocation(&finished(script, &[]));
    }
    let all = observe.all_counts();
    let shown: Vec<_> = all
        .iter()
        .map(|(_, script, c)| (script.as_str(), c.requests))
        .collect();
    assert_eq!(shown, [("", 2), ("a", 2), ("b", 1)]);
}

#[test]
fn the_oldest_go_first() {
    let observe = Observe::default();
    for i in 0..ENTRIES_MAX + 3 {
        observe.invocation(&finished("s", &logged(&i.to_string())));
    }
    let kept = messages(&observe, "s");
    assert_eq!((kept.len(), kept[0].as_str()), (ENTRIES_MAX, "3"));
}

#[test]
fn a_record_too_large_is_cut() {
    let observe = Observe::new(ObserveOptions {
        script_bytes_max: 4096,
        ..ObserveOptions::default()
    });
    let lines: Vec<LogLine> = (0..100).flat_map(|i| logged(&format!("{i:050}"))).collect();
    observe.invocation(&finished("s", &lines));
    let record = &observe.recent("n", "s")[0];
    assert!(record.bytes() <= 4096);
    assert!(!record.logs.is_empty());
    assert_eq!(record.logs.len() + record.logs_dropped as usize, 100);
}

#[test]
fn followers_get_what_they_want() {
    let observe = Observe::default();
    let filters = [
        Filter::default(),
        Filter {
            script: Some("a".into()),
            ..Filter::default()
        },
        Filter {
            namespace: Some("other".into()),
            ..Filter::default()
        },
        Filter {
            outcomes: vec![Outcome::Exception],
            ..Filter::default()
        },
        Filter {
            methods: vec!["POST".into()],
            ..Filter::default()
        },
        Filter {
            query: Some("need".into()),
            ..Filter::default()
        },
    ];
    let mut follows = filters.map(|filter| observe.follow(filter).unwrap());
    observe.invocation(&finished("a", &[]));
    observe.invocation(&finished("b", &logged("a needle")));
    observe.invocation(&Finished {
        outcome: Outcome::Exception,
        method: "POST",
        ..finished("c", &[])
    });
    let mut got = Vec::new();
    for follow in &mut follows {
        let mut scripts = String::new();
        while let Some(followed) = follow.try_next() {
            assert_eq!(followed.lost, 0);
            scripts.push_str(&followed.record.script);
        }
        got.push(scripts);
    }
    assert_eq!(got, ["abc", "a", "", "c", "c", "b"]);
}

#[test]
fn a_follower_waits_and_is_woken() {
    let observe = Observe::default();
    let mut follow = observe.follow(Filter::default()).unwrap();
    let reporter = observe.clone();
    let thread = std::thread::spawn(move || reporter.invocation(&finished("s", &[])));
    assert_eq!(block_on(follow.next()).record.script, "s");
    thread.join().unwrap();
}

#[test]
fn a_follower_that_does_not_keep_up_loses_and_is_told() {
    let observe = Observe::default();
    let mut follow = observe.follow(Filter::default()).unwrap();
    for _ in 0..1000 {
        observe.invocation(&finished("s", &[]));
    }
    let mut got = 0;
    while follow.try_next().is_some() {
        got += 1;
    }
    assert!(got <= 256, "{got}");
    observe.invocation(&finished("s", &[]));
    // The loss is told with the first record read after it, so here it has been.
    assert_eq!(follow.try_next().map(|followed| followed.lost), Some(0));
}

#[test]
fn losses_are_counted_in_bytes_too() {
    let observe = Observe::new(ObserveOptions {
        follower_bytes_max: 1,
        ..ObserveOptions::default()
    });
    let mut follow = observe.follow(Filter::default()).unwrap();
    for _ in 0..5 {
        observe.invocation(&finished("s", &[]));
    }
    assert_eq!(follow.try_next().map(|followed| followed.lost), Some(4));
    assert!(follow.try_next().is_none());
}

#[test]
fn followers_are_bounded_and_leave() {
    let observe = Observe::new(ObserveOptions {
        followers_max: 1,
        ..ObserveOptions::default()
    });
    let first = observe.follow(Filter::default()).unwrap();
    let error = observe.follow(Filter::default()).err().unwrap();
    assert!(error.to_string().contains("1 followers"), "{error}");
    drop(first);
    assert!(observe.follow(Filter::default()).is_ok());
}

proptest! {
    #[test]
    fn bounds_hold_and_what_is_kept_is_the_newest(reports in prop::collection::vec((0u8..4, 0usize..2000), 0..200), forget in prop::option::of(0u8..4)) {
        let options = ObserveOptions {
            script_bytes_max: 3000,
            total_bytes_max: 7000,
            ..ObserveOptions::default()
        };
        let observe = Observe::new(options.clone());
        let mut model: HashMap<String, Vec<String>> = HashMap::new();
        for (i, (script, len)) in reports.into_iter().enumerate() {
            let script = script.to_string();
            let message = format!("{i}:{}", "x".repeat(len));
            observe.invocation(&finished(&script, &logged(&message)));
            model.entry(script).or_default().push(message);
            prop_assert!(observe.kept_bytes() <= options.total_bytes_max);
        }
        if let Some(script) = forget {
            observe.forget("n", &script.to_string());
            model.remove(&script.to_string());
        }
        let mut total = 0;
        for script in 0..4u8 {
            let script = script.to_string();
            let kept = messages(&observe, &script);
            let all = model.remove(&script).unwrap_or_default();
            prop_assert!(all.ends_with(&kept));
            let records = observe.recent("n", &script);
            let bytes: usize = records.iter().map(|record| record.bytes()).sum();
            prop_assert!(bytes <= options.script_bytes_max);
            total += bytes;
        }
        prop_assert_eq!(total, observe.kept_bytes());
    }
}
