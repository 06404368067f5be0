//! Queries over what Workers have logged, as the field's clients ask them.

use postern_e2e::api::{ACCOUNT, Api, script};
use postern_e2e::{Daemon, Form, eventually};
use serde_json::{Value, json};

const SOURCE: &str = "export default { fetch(request) {
    const url = new URL(request.url);
    if (url.pathname.endsWith('/throw')) throw new RangeError('too bad');
    console.log({ message: 'an order', amount: Number(url.searchParams.get('amount')), user: { id: 'u1' } });
    console.warn('a', 'warning');
    return new Response('ok');
} };";

fn push(api: &Api, name: &str) {
    let metadata = json!({"main_module": "index.js", "compatibility_date": "2026-01-01"});
    let kind = Some("application/javascript+module");
    let form = Form::new()
        .metadata(&metadata)
        .part("index.js", Some("index.js"), kind, SOURCE);
    api.form("PUT", &script(name), form).ok();
}

fn path(end: &str) -> String {
    format!("{ACCOUNT}/workers/observability/telemetry/{end}")
}

fn query(api: &Api, view: &str, parameters: Value) -> Value {
    let body = json!({
        "queryId": "adhoc", "timeframe": {"from": 0, "to": 1e14}, "view": view, "parameters": parameters,
    });
    api.json("POST", &path("query"), &body).ok()
}

fn leaf(key: &str, operation: &str, kind: &str, value: Value) -> Value {
    json!({"key": key, "operation": operation, "type": kind, "value": value})
}

#[test]
fn what_workers_logged_is_queried() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    push(&api, "shop");
    push(&api, "other");
    for amount in [5, 7, 30] {
        daemon
            .get(&format!("/shop/buy?amount={amount}"))
            .expect(200);
    }
    daemon.get("/shop/throw").expect(500);
    daemon.get("/other/buy?amount=1").expect(200);
    let shop = leaf("$metadata.service", "eq", "string", json!("shop"));
    // Records come when invocations are over, which is after their answers.
    eventually("all is recorded", || {
        let told = query(
            &api,
            "invocations",
            json!({"filters": [leaf("$metadata.type", "eq", "string", json!("cf-worker-event"))]}),
        );
        (told["invocations"].as_object().unwrap().len() == 5).then_some(())
    });

    let told = query(
        &api,
        "events",
        json!({"filters": [shop, leaf("amount", "gt", "number", json!(5))]}),
    );
    assert_eq!(told["run"]["status"], "COMPLETED");
    assert!(told["statistics"]["rows_read"].as_u64() > Some(5));
    let events = told["events"]["events"].as_array().unwrap();
    assert_eq!(told["events"]["count"], 2);
    assert_eq!(events[0]["source"]["amount"], 30);
    assert_eq!(events[0]["source"]["user"]["id"], "u1");
    assert_eq!(events[0]["$metadata"]["message"], "an order");
    assert_eq!(events[0]["$metadata"]["trigger"], "GET /buy");
    assert_eq!(events[0]["$workers"]["scriptName"], "shop");
    assert_eq!(events[0]["$workers"]["dispatchNamespace"], "production");
    assert!(events[0]["timestamp"].is_u64());

    let told = query(&api, "events", json!({"needle": {"value": "TOO BAD"}}));
    assert_eq!(told["events"]["count"], 1, "{told}");
    let event = &told["events"]["events"][0];
    assert_eq!(event["$metadata"]["level"], "error");
    assert_eq!(event["source"]["exception"]["name"], "RangeError");

    let told = query(
        &api,
        "calculations",
        json!({
            "calculations": [{"operator": "sum", "key": "amount", "keyType": "number", "alias": "sold"}, {"operator": "count"}],
            "groupBys": [{"type": "string", "value": "$metadata.service"}],
            "filters": [leaf("amount", "exists", "number", json!(null))],
            "orderBy": {"value": "sold", "order": "desc"},
        }),
    );
    let sold = &told["calculations"][0]["aggregates"];
    assert_eq!(sold[0]["value"], 42.0);
    assert_eq!(
        sold[0]["groups"],
        json!([{"key": "$metadata.service", "value": "shop"}])
    );
    assert_eq!(sold[1]["value"], 1.0);
    assert_eq!(told["calculations"][1]["aggregates"][0]["value"], 3.0);

    let keys = api
        .json(
            "POST",
            &path("keys"),
            &json!({"keyNeedle": {"value": "amo"}}),
        )
        .ok();
    assert_eq!(keys[0]["key"], "amount");
    assert_eq!(keys[0]["type"], "number");
    assert_eq!(keys.as_array().unwrap().len(), 1);
    let wanted = json!({
        "datasets": [], "key": "$metadata.service", "type": "string", "timeframe": {"from": 0, "to": 1e14},
    });
    let values = api.json("POST", &path("values"), &wanted).ok();
    let mut values: Vec<&str> = values
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["value"].as_str().unwrap())
        .collect();
    values.sort_unstable();
    assert_eq!(values, ["other", "shop"]);
    // Of another time, and of other data sets, there is nothing.
    let early = json!({"queryId": "q", "timeframe": {"from": 0, "to": 1}, "parameters": {}});
    let told = api.json("POST", &path("query"), &early).ok();
    assert_eq!(told["events"]["count"], 0);
    let told = query(&api, "events", json!({"datasets": ["else"]}));
    assert_eq!(told["events"]["count"], 0);
    // A deleted Worker's lines are gone with it.
    api.delete(&script("shop")).ok();
    let told = query(
        &api,
        "events",
        json!({"filters": [leaf("$metadata.service", "eq", "string", json!("shop"))]}),
    );
    assert_eq!(told["events"]["count"], 0);
}

#[test]
fn what_cannot_be_told_is_refused_by_name() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    let refused = |end: &str, body: Value| {
        let (status, _, message) = api.json("POST", &path(end), &body).refused();
        (status, message)
    };
    let traces = json!({"queryId": "q", "timeframe": {"from": 0, "to": 1}, "view": "traces", "parameters": {}});
    let (status, message) = refused("query", traces);
    assert_eq!(status, 400);
    assert!(message.contains("traces are not supported"), "{message}");
    let (status, message) = refused("values", json!({"datasets": []}));
    assert_eq!(status, 400);
    assert!(message.contains("\"key\""), "{message}");
    for end in ["live-tail", "live-tail/heartbeat"] {
        let (status, message) = refused(end, json!({}));
        assert_eq!(status, 400);
        assert!(message.contains("Live tails of queries"), "{message}");
    }
    let all = format!("{ACCOUNT}/workers/observability/queries");
    let (status, _, message) = api.get(&all).refused();
    assert_eq!(status, 400);
    assert!(message.contains("Saved queries"), "{message}");
    let token = api.with_token("wrong");
    assert_eq!(
        token.json("POST", &path("query"), &json!({})).refused().0,
        401
    );
}
