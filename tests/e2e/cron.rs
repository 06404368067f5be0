//! Cron triggers: test routes at the edge, schedules of scripts, and what a push makes of them.

use postern_e2e::api::{ACCOUNT, script};
use postern_e2e::{Daemon, Form, Setup};
use serde_json::{Value, json};

const MODULE: &str = "application/javascript+module";

/// Remembers what it was called with in KV; some expressions make it fail.
const SOURCE: &str = "
    export default {
        async fetch(request, env) {
            return new Response(await env.RUNS.get('last') ?? 'none');
        },
        async scheduled(controller, env, ctx) {
            if (controller.cron === 'throw') throw new TypeError('as told');
            const told = [controller.type, controller.cron, controller.scheduledTime].join(' ');
            ctx.waitUntil(env.RUNS.put('last', told));
        },
    };
";

fn daemon(setup: Setup) -> (Daemon, Value) {
    let daemon = setup.start();
    daemon.api().production();
    let id = daemon.api().kv_namespace("runs");
    let metadata = json!({"bindings": [
        {"type": "kv_namespace", "name": "RUNS", "namespace_id": id},
    ]});
    push(&daemon, "cron", SOURCE, &metadata);
    (daemon, metadata)
}

#[track_caller]
fn push(daemon: &Daemon, name: &str, source: &str, metadata: &Value) -> Value {
    let mut metadata = metadata.clone();
    metadata["main_module"] = json!("index.js");
    metadata["compatibility_date"] = json!("2026-01-01");
    let form =
        Form::new()
            .metadata(&metadata)
            .part("index.js", Some("index.js"), Some(MODULE), source);
    daemon.api().form("PUT", &script(name), form).ok()
}

fn schedules(name: &str) -> String {
    format!("{}/schedules", script(name))
}

#[track_caller]
fn crons(daemon: &Daemon, name: &str) -> Vec<String> {
    let shown = daemon.api().get(&schedules(name)).ok();
    let all = shown["schedules"].as_array().unwrap();
    all.iter()
        .map(|it| it["cron"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn test_routes_have_the_handler_called() {
    let (daemon, _) = daemon(Setup::new().edge("test-routes = true"));
    let path = "/cron/cdn-cgi/handler/scheduled";
    let ran = daemon.get(&format!("{path}?cron=*/5+*+*+*+*&time=1745856238"));
    assert_eq!(ran.expect(200).text(), "ok");
    let last = "scheduled */5 * * * * 1745856238000";
    assert_eq!(daemon.get("/cron/").expect(200).text(), last);
    let ran = daemon.get(&format!(
        "{path}?cron=0+0+LW+*+*&time=1745856238123&format=json"
    ));
    let outcome = json!({"outcome": "ok", "noRetry": false});
    assert_eq!(ran.expect(200).json(), outcome);
    let last = "scheduled 0 0 LW * * 1745856238123";
    assert_eq!(daemon.get("/cron/").expect(200).text(), last);
    let ran = daemon.get("/cron/__scheduled?cron=1+2+3+4+5&time=7");
    assert_eq!(ran.expect(200).text(), "Ran scheduled event");
    let last = "scheduled 1 2 3 4 5 7000";
    assert_eq!(daemon.get("/cron/").expect(200).text(), last);

    let failed = daemon.get(&format!("{path}?cron=throw"));
    assert_eq!(failed.expect(500).text(), "exception");
    let failed = daemon.get("/cron/__scheduled?cron=throw");
    assert_eq!(failed.expect(500).text(), "TypeError: as told");
    let source = "export default { fetch: () => new Response('fetched') };";
    push(&daemon, "plain", source, &json!({}));
    let failed = daemon.get("/plain/cdn-cgi/handler/scheduled");
    assert_eq!(failed.expect(500).text(), "exception");
    daemon.get("/none/__scheduled").expect(404);
}

#[test]
fn without_test_routes_their_paths_are_the_workers() {
    let (daemon, _) = daemon(Setup::new());
    for path in [
        "/cron/cdn-cgi/handler/scheduled?cron=x",
        "/cron/__scheduled",
    ] {
        assert_eq!(daemon.get(path).expect(200).text(), "none");
    }
}

#[test]
fn schedules_are_kept_through_pushes_and_restarts() {
    let (mut daemon, metadata) = daemon(Setup::new());
    let all = json!([{"cron": "0 0 29 2 1#1"}, {"cron": "59 23 LW JAN *"}]);
    let set = daemon.api().json("PUT", &schedules("cron"), &all).ok();
    assert_eq!(set["schedules"][0]["cron"], "0 0 29 2 1#1");
    assert!(set["schedules"][1]["created_on"].is_string(), "{set}");
    let texts = ["0 0 29 2 1#1", "59 23 LW JAN *"];
    assert_eq!(crons(&daemon, "cron"), texts);
    push(&daemon, "cron", SOURCE, &metadata);
    assert_eq!(crons(&daemon, "cron"), texts);
    daemon.kill9();
    daemon.start();
    assert_eq!(crons(&daemon, "cron"), texts);
    let status = daemon.cli(&["status", "--json"]).expect(0).json();
    assert_eq!(status["cron"]["triggers"], 2, "{status}");
    assert!(status["cron"]["next"].is_string(), "{status}");

    let one = json!([{"cron": "0 0 1 1 *"}]);
    daemon.api().json("PUT", &schedules("cron"), &one).ok();
    assert_eq!(crons(&daemon, "cron"), ["0 0 1 1 *"]);
    let runs = daemon.api().get(&schedules("cron")).ok()["runs"].clone();
    assert_eq!(runs, json!([]));
    daemon.api().delete(&script("cron")).ok();
    let gone = daemon.api().get(&schedules("cron")).refused();
    assert_eq!((gone.0, gone.1), (404, 10092));
    let status = daemon.cli(&["status", "--json"]).expect(0).json();
    assert_eq!(status["cron"], json!({"triggers": 0, "next": null}));
}

#[test]
fn schedules_that_cannot_be_are_refused_and_change_nothing() {
    let (daemon, _) = daemon(Setup::new());
    let api = daemon.api();
    let good = json!([{"cron": "0 0 1 1 *"}]);
    api.json("PUT", &schedules("cron"), &json!({ "schedules": good }))
        .ok();
    let twice = json!([{"cron": "0 0 1 1 *"}, {"cron": "0 0 1 1 *"}]);
    let many: Value = (0..101)
        .map(|at| json!({"cron": format!("{at} 0 1 1 *")}))
        .collect();
    for (body, code, text) in [
        (json!([{"cron": "0 0 * * 0"}]), 10100, "invalid cron string"),
        (
            json!([{"cron": "* * * * * *"}]),
            10100,
            "6 fields instead of 5",
        ),
        (json!([{"cron": "@hourly"}]), 10100, "means nothing"),
        (twice, 10100, "given twice"),
        (many, 10072, "may have 100 cron triggers"),
        (json!({"crons": []}), 10026, "no array of cron triggers"),
        (json!([{"at": "noon"}]), 10026, "no array of cron triggers"),
    ] {
        let refused = api.json("PUT", &schedules("cron"), &body).refused();
        assert_eq!((refused.0, refused.1), (400, code), "{body}: {refused:?}");
        assert!(refused.2.contains(text), "{body}: {refused:?}");
    }
    assert_eq!(crons(&daemon, "cron"), ["0 0 1 1 *"]);
    let source = "export default { fetch: () => new Response('fetched') };";
    push(&daemon, "plain", source, &json!({}));
    let refused = api.json("PUT", &schedules("plain"), &good).refused();
    assert_eq!((refused.0, refused.1), (400, 10068), "{refused:?}");
    assert!(refused.2.contains("no scheduled handler"), "{refused:?}");
    api.json("PUT", &schedules("plain"), &json!([])).ok();
    let path = format!("{ACCOUNT}/workers/dispatch/namespaces/none/scripts/x/schedules");
    assert_eq!(api.get(&path).refused().1, 100_119);
}

#[test]
fn a_push_of_a_project_sets_its_crons() {
    let daemon = Daemon::plain();
    daemon.api().production();
    let folder = daemon.dir().join("project");
    std::fs::create_dir(&folder).unwrap();
    let source = "export default { scheduled() {} };";
    std::fs::write(folder.join("index.js"), source).unwrap();
    let write = |triggers: &str| {
        let text = format!(
            "name = 'timed'\nmain = 'index.js'\ncompatibility_date = '2026-01-01'\n{triggers}"
        );
        std::fs::write(folder.join("wrangler.toml"), text).unwrap();
    };
    let folder = folder.to_str().unwrap();
    write("[triggers]\ncrons = ['0 0 1 1 *', '0 12 * DEC SUN']");
    let ran = daemon
        .cli(&["push", folder, "--namespace", "production"])
        .expect(0);
    assert!(ran.text().contains("schedule: 0 12 * DEC SUN"), "{ran:?}");
    let texts = ["0 0 1 1 *", "0 12 * DEC SUN"];
    assert_eq!(crons(&daemon, "timed"), texts);
    // Without the key they stay; an empty list removes them.
    write("");
    daemon
        .cli(&["push", folder, "--namespace", "production"])
        .expect(0);
    assert_eq!(crons(&daemon, "timed"), texts);
    write("[triggers]\ncrons = ['soon']");
    let ran = daemon.cli(&["push", folder, "--namespace", "production"]);
    assert_ne!(ran.code, 0);
    assert!(ran.stderr.contains("invalid cron string 'soon'"), "{ran:?}");
    write("[triggers]\ncrons = []");
    daemon
        .cli(&["push", folder, "--namespace", "production"])
        .expect(0);
    assert_eq!(crons(&daemon, "timed"), [""; 0]);
}
