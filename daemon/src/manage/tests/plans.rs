//! Plans, overrides, their history, and what follows for a script.

use super::*;

const PLANS: &str = "/client/v4/accounts/edge/postern/v1/plans";
const LIMITS: &str = "/client/v4/accounts/edge/postern/v1/limits";

fn limit<'a>(told: &'a Value, key: &str) -> &'a Value {
    let mut all = told["limits"].as_array().unwrap().iter();
    all.find(|it| it["limit"] == key).unwrap()
}

#[test]
fn plans_are_made_given_and_held_against_running_workers() {
    let desk = Desk::new();
    desk.pushed(
        "a",
        json!({"main_module": "main.wasm", "limits": {"cpu_ms": 40}}),
    );
    let worker = desk.manage.catalog.worker("production", "a").unwrap();
    assert_eq!(worker.limits.lock().cpu_ms, 40);
    let free = format!("{PLANS}/free");
    let made = desk.result(
        "PUT",
        &free,
        json!({"limits": {"cpu-ms": 30, "memory-bytes": "1 MiB"}, "why": "first"}),
    );
    assert_eq!(made["revision"], 1);
    let ns = format!("{LIMITS}/namespaces/production");
    assert_eq!(desk.result("GET", &ns, Value::Null)["revision"], 0);
    desk.result("PATCH", &ns, json!({"plan": "free"}));
    assert_eq!(worker.limits.lock().cpu_ms, 30);
    assert_eq!(worker.limits.lock().memory_bytes, 1 << 20);
    desk.result("PATCH", &free, json!({"limits": {"cpu-ms": 35}}));
    assert_eq!(worker.limits.lock().cpu_ms, 35, "edited live");
    let script = format!("{LIMITS}/namespaces/production/scripts/a");
    desk.result("PATCH", &script, json!({"limits": {"cpu-ms": 20}}));
    let told = desk.result("GET", &format!("{script}/explain"), Value::Null);
    assert_eq!(
        (told["tenant"].as_str(), told["plan"].as_str()),
        (Some("a"), Some("free"))
    );
    let cpu = limit(&told, "cpu-ms");
    assert_eq!(
        (&cpu["value"], &cpu["from"]),
        (&json!(20), &json!("script"))
    );
    assert_eq!(limit(&told, "memory-bytes")["from"], "plan free");
    assert_eq!(limit(&told, "requests-per-day")["value"], Value::Null);
    assert_eq!(limit(&told, "wall-ms")["from"], "default");

    // What is used does not go, and says by whom.
    let (status, json) = desk.check("DELETE", &free, Value::Null);
    assert_eq!((status, code(&json)), (409, 10612));
    assert!(
        message(&json).contains("used by namespace production"),
        "{json}"
    );
    desk.result("PATCH", &ns, json!({"plan": null}));
    desk.result("PUT", &format!("{D}/tags"), json!(["plan:free"]));
    let (_, json) = desk.check("DELETE", &free, Value::Null);
    assert!(
        message(&json).contains("used by script production/a"),
        "{json}"
    );
    desk.result("DELETE", &script, Value::Null);
    assert_eq!(worker.limits.lock().cpu_ms, 35, "a tag names it");
    desk.result("PUT", &format!("{D}/tags"), json!([]));
    assert_eq!(worker.limits.lock().cpu_ms, 40);
    desk.result("DELETE", &free, Value::Null);
    assert_eq!(desk.refused("GET", &free, Value::Null), (404, 10611));
    assert!(
        !worker.retired.load(Ordering::SeqCst),
        "it ran all the time"
    );
}

#[test]
fn the_second_of_two_operators_is_told() {
    let desk = Desk::new();
    let pro = format!("{PLANS}/pro");
    let body = |revision: u64, cpu: u64| json!({"revision": revision, "limits": {"cpu-ms": cpu}});
    desk.result("PUT", &pro, body(0, 10));
    assert_eq!(desk.refused("PUT", &pro, body(0, 11)), (412, 10612));
    desk.result("PATCH", &pro, body(1, 12));
    let (status, json) = desk.check("PATCH", &pro, body(1, 13));
    assert_eq!(status, 412);
    assert!(
        message(&json).contains("it has revision 2, not 1"),
        "{json}"
    );
    let with = |field: &str| {
        let request = http::Request::builder()
            .method("PATCH")
            .uri(&pro)
            .header("authorization", format!("Bearer {}", desk.token))
            .header("if-match", field);
        let body = json!({"limits": {"cpu-ms": 14}}).to_string();
        desk.raw(request.body(Payload::whole(body)).unwrap()).status
    };
    assert_eq!(
        [with("\"1\""), with("x"), with("\"2\""), with("*")],
        [412, 400, 200, 200]
    );
    let gone = format!("{pro}?revision=1");
    assert_eq!(desk.refused("DELETE", &gone, Value::Null).0, 412);
}

#[test]
fn changes_have_a_history_and_are_undone() {
    let desk = Desk::new();
    desk.pushed("a", json!({"main_module": "main.wasm"}));
    let worker = desk.manage.catalog.worker("production", "a").unwrap();
    let tenant = format!("{LIMITS}/namespaces/production/tenants/a");
    let undo = format!("{LIMITS}/undo");
    assert_eq!(desk.refused("POST", &undo, json!({})).0, 400);
    desk.result(
        "PUT",
        &tenant,
        json!({"limits": {"cpu-ms": 9, "requests-per-day": 0}, "why": "abuse"}),
    );
    assert_eq!(worker.limits.lock().cpu_ms, 9);
    let history = desk.result("GET", &format!("{LIMITS}/history"), Value::Null);
    let entry = &history[0];
    assert_eq!(entry["who"], "test");
    assert_eq!(entry["why"], "abuse");
    assert_eq!(entry["what"], "tenant production/a");
    assert_eq!(entry["before"], Value::Null);
    assert_eq!(entry["after"]["limits"]["requests-per-day"], 0);
    let undone = desk.result("POST", &undo, json!({"number": 1}));
    assert_eq!(undone[0]["undoes"], 1);
    assert_eq!(worker.limits.lock().cpu_ms, 50);
    assert_eq!(
        desk.refused("POST", &undo, json!({"number": 1})),
        (409, 10612)
    );
    assert_eq!(
        desk.refused("POST", &undo, json!({"number": 77})),
        (404, 10611)
    );
    let all = desk.result("GET", LIMITS, Value::Null);
    assert_eq!(all, json!([]));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let desk = Desk::new();
    let refused = |path: &str, body: Value, expected: &str| {
        let (status, json) = desk.check("PUT", path, body);
        assert_eq!(status, 400, "{json}");
        assert!(message(&json).contains(expected), "{json}");
    };
    let plan = format!("{PLANS}/x");
    refused(&plan, json!({"limits": {"cpu-ms": 0}}), "must be 1 ms to");
    refused(&plan, json!({"limits": {"cpu-ms": -1}}), "negative");
    refused(&plan, json!({"limits": {"cpu-ms": u64::MAX}}), "must be");
    refused(
        &plan,
        json!({"limits": {"cpu-ms": 51}}),
        "ceiling allows 50 ms",
    );
    refused(
        &plan,
        json!({"limits": {"speed": 1}}),
        "there is no limit `speed`",
    );
    refused(&plan, json!({"plan": "y"}), "a plan has no plan");
    refused(&plan, json!({"limit": {}}), "unknown field");
    refused(&format!("{PLANS}/a%20b"), json!({}), "cannot name a plan");
    let script = format!("{LIMITS}/namespaces/production/scripts/a");
    refused(
        &script,
        json!({"limits": {"fuel-per-month": 1}}),
        "quotas are a tenant's",
    );
    let nowhere = format!("{LIMITS}/namespaces/nowhere");
    assert_eq!(desk.refused("PUT", &nowhere, json!({})).0, 404);
    let unknown = format!("{LIMITS}/scripts/none/explain");
    assert_eq!(desk.refused("GET", &unknown, Value::Null).0, 404);
    assert_eq!(desk.result("GET", PLANS, Value::Null), json!([]));
}
