#![allow(clippy::unwrap_used)]
use super::event::Event;
use super::filter::Condition;
use super::query::Query;
use serde_json::{Value, json};

/// Events of three invocations, the newest first.
fn events() -> Vec<Event> {
    let event = |number: u64, request: &str, level: &str, source: Value| Event {
        at_ms: 1000 + number,
        request: request.to_owned(),
        shown: json!({
            "$metadata": {"id": format!("{request}{number}"), "level": level, "service": "w"},
            "$workers": {"outcome": "ok", "wallTimeMs": number},
            "dataset": "cloudflare-workers", "source": source, "timestamp": 1000 + number,
        }),
    };
    vec![
        event(
            5,
            "c",
            "log",
            json!({"message": "five", "n": 5, "user.id": "x"}),
        ),
        event(4, "b", "error", json!({"message": "four", "n": 4})),
        event(
            3,
            "b",
            "log",
            json!({"message": "three", "deep": {"a": true}}),
        ),
        event(2, "a", "log", json!({"message": "two", "n": 2})),
        event(1, "a", "log", json!({"message": "one", "n": 1})),
    ]
}

#[track_caller]
fn found(filters: Value, combination: &str) -> Vec<u64> {
    let condition = Condition::all(filters.as_array().unwrap(), combination).unwrap();
    let events = events();
    let found = events.iter().filter(|event| condition.holds(event));
    found.map(|event| event.at_ms - 1000).collect()
}

fn filter(key: &str, operation: &str, kind: &str, value: Value) -> Value {
    json!({"key": key, "operation": operation, "type": kind, "value": value})
}

#[test]
fn filters_look_at_fields() {
    let one = |key: &str, operation: &str, kind: &str, value: Value| {
        found(json!([filter(key, operation, kind, value)]), "and")
    };
    assert_eq!(one("message", "eq", "string", json!("two")), [2]);
    assert_eq!(one("message", "!=", "string", json!("two")), [5, 4, 3, 1]);
    assert_eq!(one("n", "gte", "number", json!(4)), [5, 4]);
    assert_eq!(one("n", "gte", "number", json!("4")), [5, 4]);
    assert_eq!(one("n", "<", "number", json!(2)), [1]);
    assert_eq!(one("n", "IN", "number", json!("1, 5")), [5, 1]);
    assert_eq!(one("n", "not_in", "number", json!("1,5")), [4, 3, 2]);
    assert_eq!(one("n", "exists", "number", json!(null)), [5, 4, 2, 1]);
    assert_eq!(one("n", "DOES_NOT_EXIST", "number", json!(null)), [3]);
    assert_eq!(one("$metadata.level", "eq", "string", json!("error")), [4]);
    assert_eq!(
        one("source.message", "includes", "string", json!("o")),
        [4, 2, 1]
    );
    assert_eq!(one("message", "starts_with", "string", json!("t")), [3, 2]);
    assert_eq!(one("message", "ends_with", "string", json!("e")), [5, 3, 1]);
    assert_eq!(one("deep.a", "eq", "boolean", json!("true")), [3]);
    assert_eq!(one("user.id", "eq", "string", json!("x")), [5]);
    assert_eq!(one("__proto__", "exists", "string", json!(null)), [0; 0]);
    let group = json!([
        filter("n", "gt", "number", json!(1)),
        {"kind": "group", "filterCombination": "or", "filters": [
            filter("message", "eq", "string", json!("two")), filter("message", "eq", "string", json!("five")),
        ]},
    ]);
    assert_eq!(found(group.clone(), "and"), [5, 2]);
    assert_eq!(found(group, "OR"), [5, 4, 2]);
    assert_eq!(found(json!([]), "or"), [5, 4, 3, 2, 1]);
}

#[test]
fn filters_that_are_wrong_are_refused() {
    let refused = |filters: Value| Condition::all(filters.as_array().unwrap(), "and").is_err();
    assert!(refused(json!([filter("n", "regex", "string", json!("a"))])));
    assert!(refused(json!([filter(
        "n",
        "almost",
        "string",
        json!("a")
    )])));
    assert!(refused(json!([filter("n", "eq", "string", json!(null))])));
    assert!(refused(json!([{"operation": "eq", "value": 1}])));
    assert!(refused(json!([7])));
    assert!(Condition::all(&[], "xor").is_err());
    let many: Vec<Value> = (0..101)
        .map(|_| filter("n", "exists", "string", json!(1)))
        .collect();
    assert!(refused(json!(many)));
    let mut deep = json!([]);
    for _ in 0..10 {
        deep = json!([{"kind": "group", "filterCombination": "and", "filters": deep}]);
    }
    assert!(refused(deep));
}

#[track_caller]
fn answer(mut query: Value) -> Value {
    query["queryId"] = json!("q");
    query["timeframe"] = json!({"from": 0, "to": 5000});
    Query::parse(&query).unwrap().answer(&events()).unwrap()
}

#[test]
fn views_show_what_was_found() {
    let told = answer(json!({"view": "events", "limit": 2, "parameters": {}}));
    let told = &told["events"];
    assert_eq!(told["count"], 5);
    assert_eq!(told["events"].as_array().unwrap().len(), 2);
    let last = &told["events"][1]["$metadata"]["id"];
    let told = answer(json!({"limit": 2, "offset": last, "parameters": {}}));
    assert_eq!(told["events"]["events"][0]["source"]["message"], "three");
    let told = answer(json!({"offset": "nobody", "parameters": {}}));
    assert_eq!(told["events"]["events"], json!([]));
    let told = answer(json!({"view": "invocations", "limit": 2, "parameters": {}}));
    let told = told["invocations"].as_object().unwrap();
    assert_eq!(told.keys().collect::<Vec<_>>(), ["b", "c"]);
    assert_eq!(told["b"].as_array().unwrap().len(), 2);
}

#[test]
fn calculations_are_made_by_groups_and_over_time() {
    let value = |operator: &str, key: &str| {
        let told = answer(json!({"view": "calculations", "parameters": {
            "calculations": [{"operator": operator, "key": key, "keyType": "number"}],
        }}));
        told["calculations"][0]["aggregates"][0]["value"]
            .as_f64()
            .unwrap()
    };
    assert_eq!(value("sum", "n"), 12.0);
    assert_eq!(value("AVG", "n"), 3.0);
    assert_eq!(value("max", "n"), 5.0);
    assert_eq!(value("min", "n"), 1.0);
    assert_eq!(value("median", "n"), 4.0);
    assert_eq!(value("p99", "n"), 5.0);
    assert_eq!(value("uniq", "$metadata.level"), 2.0);
    assert_eq!(value("count", "n"), 4.0);
    assert_eq!(value("variance", "n"), 2.5);
    assert_eq!(value("sum", "nothing"), 0.0);
    let grouped = |more: Value| {
        let mut parameters = json!({
            "calculations": [{"operator": "count", "alias": "all"}],
            "groupBys": [{"type": "string", "value": "$metadata.level"}],
        });
        for (key, value) in more.as_object().unwrap() {
            parameters[key] = value.clone();
        }
        let told =
            answer(json!({"view": "calculations", "granularity": 2, "parameters": parameters}));
        told["calculations"][0].clone()
    };
    let told = grouped(json!({}));
    assert_eq!(told["alias"], "all");
    assert_eq!(
        told["aggregates"][0]["groups"],
        json!([{"key": "$metadata.level", "value": "log"}])
    );
    assert_eq!(told["aggregates"][0]["value"], 4.0);
    assert_eq!(told["series"].as_array().unwrap().len(), 2);
    let told = grouped(json!({"orderBy": {"value": "all", "order": "asc"}}));
    assert_eq!(told["aggregates"][0]["value"], 1.0);
    let told = grouped(json!({"havings": [{"key": "all", "operation": "gt", "value": 1}]}));
    assert_eq!(told["aggregates"].as_array().unwrap().len(), 1);
    let told = grouped(json!({"limit": 1}));
    assert_eq!(told["aggregates"].as_array().unwrap().len(), 1);
}

#[test]
fn what_the_ring_cannot_tell_is_said() {
    let refused = |query: Value| {
        let mut all = json!({"queryId": "q", "timeframe": {"from": 0, "to": 1}, "parameters": {}});
        for (key, value) in query.as_object().unwrap() {
            all[key] = value.clone();
        }
        let query = match Query::parse(&all) {
            Ok(query) => query,
            Err(refusal) => return refusal.errors[0].1.clone(),
        };
        query.answer(&events()).unwrap_err().errors[0].1.clone()
    };
    for (query, text) in [
        (json!({"view": "traces"}), "traces are not supported"),
        (json!({"view": "agents"}), "traces are not supported"),
        (json!({"view": "all"}), "no view 'all'"),
        (json!({"compare": true}), "comparisons are not supported"),
        (
            json!({"chartType": "distribution"}),
            "distributions are not supported",
        ),
        (
            json!({"parameters": null}),
            "saved queries are not supported",
        ),
        (
            json!({"timeframe": {"from": 2, "to": 1}}),
            "ends before it begins",
        ),
        (json!({"timeframe": 7}), "the query is wrong"),
        (
            json!({"parameters": {"needle": {"value": "a", "isRegex": true}}}),
            "regular expressions",
        ),
        (
            json!({"view": "calculations"}),
            "takes 1 to 20 calculations",
        ),
        (
            json!({"view": "calculations", "parameters": {"calculations": [{"operator": "sum"}]}}),
            "has no key",
        ),
        (
            json!({"view": "calculations", "parameters": {"calculations": [{"operator": "guess", "key": "n"}]}}),
            "no calculation 'guess'",
        ),
    ] {
        let said = refused(query);
        assert!(said.contains(text), "{said}");
    }
}
