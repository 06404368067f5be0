//! Versions and deployments of a daemon: what runs, for whom, and what is left after a crash.

use postern_e2e::api::script;
use postern_e2e::{Daemon, Form, Request, Setup, eventually};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MODULE: &str = "application/javascript+module";

/// Tells its name and what its bindings say of its version.
fn source(name: &str) -> String {
    format!(
        "export default {{
            async fetch(request, env) {{
                const url = new URL(request.url);
                if (url.pathname.endsWith('/throw')) throw new Error('{name}');
                if ('{name}' === 'caller') return env.OTHER.fetch(request);
                console.log('seen');
                return Response.json({{ name: '{name}', version: env.VERSION }});
            }},
        }};"
    )
}

fn metadata(tag: &str) -> Value {
    json!({
        "main_module": "index.js",
        "compatibility_date": "2026-01-01",
        "bindings": [
            {"type": "version_metadata", "name": "VERSION"},
            {"type": "service", "name": "OTHER", "service": "split"},
        ],
        "annotations": {"workers/tag": tag, "workers/message": format!("makes {tag}")},
    })
}

fn form(name: &str) -> Form {
    let source = source(name);
    Form::new()
        .metadata(&metadata(name))
        .part("index.js", Some("index.js"), Some(MODULE), &source)
}

#[track_caller]
fn push(daemon: &Daemon, script_name: &str, name: &str) -> String {
    let pushed = daemon
        .api()
        .form("PUT", &script(script_name), form(name))
        .ok();
    pushed["version_id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn upload(daemon: &Daemon, name: &str) -> String {
    let path = format!("{}/versions", script("split"));
    let uploaded = daemon.api().form("POST", &path, form(name)).ok();
    uploaded["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn deploy(daemon: &Daemon, body: &Value) -> Value {
    let path = format!("{}/deployments", script("split"));
    daemon.api().json("POST", &path, body).ok()
}

fn shares(versions: &[(&str, f64)]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|(id, percentage)| json!({"version_id": id, "percentage": percentage}))
        .collect();
    json!({"strategy": "percentage", "versions": versions})
}

#[track_caller]
fn ask(daemon: &Daemon, path: &str, header: Option<(&str, &str)>) -> Value {
    let mut request = Request::get(path);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    daemon.send(&request).expect(200).json()
}

/// Which version each of many keys gets.
fn by_key(daemon: &Daemon) -> BTreeMap<String, String> {
    let keys = (0..60).map(|number| format!("user-{number}"));
    keys.map(|key| {
        let header = ("Cloudflare-Workers-Version-Key", key.as_str());
        let name = ask(daemon, "/split/", Some(header))["name"].clone();
        (key.clone(), name.as_str().unwrap().to_owned())
    })
    .collect()
}

#[test]
fn requests_are_shared_and_keys_stay() {
    let mut daemon = Daemon::plain();
    daemon.api().production();
    let one = push(&daemon, "split", "one");
    push(&daemon, "caller", "caller");
    let two = upload(&daemon, "two");
    assert!(by_key(&daemon).values().all(|name| name == "one"));

    deploy(&daemon, &shares(&[(&one, 70.0), (&two, 30.0)]));
    let before = by_key(&daemon);
    assert!(before.values().any(|name| name == "one"));
    assert!(before.values().any(|name| name == "two"));
    let seen: Vec<Value> = (0..60).map(|_| ask(&daemon, "/split/", None)).collect();
    for name in ["one", "two"] {
        let one = seen.iter().find(|it| it["name"] == name).unwrap();
        assert_eq!(one["version"]["tag"], name);
    }
    assert_eq!(
        ask(&daemon, "/split/", None)["version"]["id"]
            .as_str()
            .unwrap()
            .len(),
        36
    );

    let logs = daemon
        .api()
        .request("GET", &format!("{}/logs", script("split")));
    let logs = daemon.api().raw(&logs).unwrap().expect(200);
    for (id, name) in [(&one, "one"), (&two, "two")] {
        let told = json!({"id": id, "message": format!("makes {name}"), "tag": name});
        assert!(
            logs.text().contains(&told.to_string()),
            "{told} in {}",
            logs.text()
        );
    }

    // A version that is deployed can be asked for by name, and behind a service binding too.
    let overrides = format!("other=\"x\", split=\"{two}\"");
    let header = Some(("Cloudflare-Workers-Version-Overrides", overrides.as_str()));
    for path in ["/split/", "/caller/"] {
        for _ in 0..5 {
            let told = ask(&daemon, path, header);
            assert_eq!(
                (&told["name"], &told["version"]["id"]),
                (&json!("two"), &json!(two))
            );
        }
    }

    daemon.kill9();
    daemon.start();
    assert_eq!(by_key(&daemon), before, "the same keys after a crash");
    deploy(&daemon, &shares(&[(&one, 20.0), (&two, 80.0)]));
    let now = by_key(&daemon);
    let moved_back = before
        .iter()
        .any(|(key, name)| name == "two" && now[key] == "one");
    assert!(!moved_back);

    deploy(&daemon, &shares(&[(&one, 100.0)]));
    assert!(by_key(&daemon).values().all(|name| name == "one"));
}

#[test]
fn a_guard_rolls_back_by_itself() {
    let daemon = Daemon::plain();
    daemon.api().production();
    let one = push(&daemon, "split", "one");
    let two = upload(&daemon, "two");
    let mut body = shares(&[(&one, 50.0), (&two, 50.0)]);
    body["guard"] = json!({"requests": 10, "error_rate": 20});
    let guarded = deploy(&daemon, &body);
    let path = format!("{}/deployments", script("split"));
    for number in 0..40 {
        let wanted = if number % 2 == 0 { &one } else { &two };
        let target = if number % 2 == 0 {
            "/split/"
        } else {
            "/split/throw"
        };
        let overrides = format!("split=\"{wanted}\"");
        let request =
            Request::get(target).header("Cloudflare-Workers-Version-Overrides", &overrides);
        daemon.send(&request);
    }
    let last = eventually("the guard rolls back", || {
        let last = daemon.api().get(&path).ok()["deployments"][0].clone();
        (last["id"] != guarded["id"]).then_some(last)
    });
    assert_eq!(last["source"], "guard");
    assert_eq!(
        last["versions"],
        json!([{"version_id": one, "percentage": 100.0}])
    );
    let message = last["annotations"]["workers/message"].as_str().unwrap();
    assert!(message.contains("failed"), "{message}");
    assert!(daemon.log().contains("is rolled back"), "{}", daemon.log());
    // Its row is there before requests go to it.
    eventually("the older one runs alone", || {
        let two = format!("split=\"{two}\"");
        let header = Some(("Cloudflare-Workers-Version-Overrides", two.as_str()));
        (ask(&daemon, "/split/", header)["name"] == "one").then_some(())
    });
}

#[test]
fn a_crash_leaves_the_old_deployment_or_the_new_one() {
    let mut daemon = Setup::new().manage("versions-kept = 3").start();
    daemon.api().production();
    push(&daemon, "split", "0");
    for round in 1..=8 {
        let names = [format!("{}", round - 1), format!("{round}")];
        let (kind, body) = form(&names[1]).finish();
        let request = daemon.api().request("PUT", &script("split"));
        let request = request.header("content-type", &kind).body(body);
        let mut connection = daemon.api().connect().unwrap();
        connection.write(&request.to_bytes("localhost")).unwrap();
        // Somewhere in the middle, which is another place each time.
        let reached = daemon.api();
        for _ in 0..round {
            reached.get(&format!("{}/versions", script("split"))).ok();
        }
        daemon.kill9();
        daemon.start();
        let runs = ask(&daemon, "/split/", None);
        assert!(
            names.iter().any(|name| runs["name"] == name.as_str()),
            "{runs}"
        );
        let deployments = daemon
            .api()
            .get(&format!("{}/deployments", script("split")))
            .ok();
        assert_eq!(
            deployments["deployments"][0]["versions"][0]["version_id"],
            runs["version"]["id"]
        );
        let versions = daemon
            .api()
            .get(&format!("{}/versions", script("split")))
            .ok();
        let versions = versions["items"].as_array().unwrap().clone();
        assert!(versions.len() <= 3);
        assert_eq!(versions[0]["id"], runs["version"]["id"]);
        if runs["name"] != names[1].as_str() {
            push(&daemon, "split", &names[1]);
        }
    }
}

#[test]
fn the_command_line_lists_deploys_and_rolls_back() {
    let daemon = Daemon::plain();
    daemon.api().production();
    let run = |line: &[&str]| daemon.cli(&[line, &["--namespace", "production"]].concat());
    let one = push(&daemon, "split", "one");
    let two = upload(&daemon, "two");
    let listed = run(&["versions", "list", "split"]).expect(0);
    for part in [one.as_str(), two.as_str(), "makes two", "version_upload"] {
        assert!(listed.text().contains(part), "{part} in {}", listed.text());
    }
    let listed = run(&["--json", "versions", "list", "split"]).expect(0);
    let listed: Value = serde_json::from_str(listed.text()).unwrap();
    assert_eq!(listed[0]["id"], two.as_str());
    let shown = run(&["versions", "view", "split", "latest"]).expect(0);
    assert!(
        shown.text().contains("VERSION (version_metadata)"),
        "{}",
        shown.text()
    );
    let none = run(&["versions", "view", "split", "nothing"]).expect(1);
    assert!(
        none.stderr.contains("has no version 'nothing'"),
        "{}",
        none.stderr
    );

    let shares = [format!("{one}@75"), format!("{two}@25")];
    let guard = ["--guard-error-rate", "10", "--message", "carefully"];
    let line = [
        &["versions", "deploy", "split"][..],
        &[&shares[0], &shares[1]],
        &guard,
    ]
    .concat();
    let deployed = run(&line).expect(0);
    assert_eq!(
        deployed.text(),
        format!("deployed split: {one} 75 %, {two} 25 %\n")
    );
    run(&["versions", "deploy", "split", &two]).expect(0);
    assert_eq!(ask(&daemon, "/split/", None)["name"], "two");
    run(&["versions", "rollback", "split", "--message", "it was worse"]).expect(0);
    assert_eq!(ask(&daemon, "/split/", None)["name"], "one");
    let history = run(&["deployments", "list", "split"]).expect(0);
    for part in ["carefully", "it was worse", "rollback", "75 %"] {
        assert!(
            history.text().contains(part),
            "{part} in {}",
            history.text()
        );
    }
    let history = run(&["--json", "deployments", "list", "split"]).expect(0);
    let history: Value = serde_json::from_str(history.text()).unwrap();
    assert_eq!(history.as_array().unwrap().len(), 4);
    assert_eq!(history[1]["versions"][0]["version_id"], two.as_str());
    assert_eq!(history[2]["guard"]["error_rate"], 10.0);
}
