//! Invocations that failed leave records, which run again without a daemon to the same fuel and bytes.

use postern_e2e::api::{ACCOUNT, script};
use postern_e2e::wait::eventually;
use postern_e2e::{Daemon, Form, Setup};
use serde_json::{Value, json};

const MODULE: &str = "application/javascript+module";

const SOURCE: &str = "
function sortAll(n) { const all = []; for (;;) { all.push(Math.sin(n++)); all.sort(); if (all.length > 500) all.length = 0; } }
export default { async fetch(request, env) {
  const url = new URL(request.url);
  console.log('asked for', url.pathname, Math.random(), Date.now());
  await env.KV.put('a', 'some value');
  console.log(await env.KV.get('a'));
  if (url.pathname.endsWith('/throw')) throw new RangeError('no such article');
  if (url.pathname.endsWith('/cut')) sortAll(1);
  if (request.headers.get('authorization') === 'Bearer letMeInPlease') throw new Error('a friend');
  return new Response('fine ' + env.KEY.length);
} };";

fn push(daemon: &Daemon, name: &str, tags: &[&str]) {
    let api = daemon.api();
    let kv = api.kv_namespace(&format!("kv-{name}"));
    let metadata = json!({
        "main_module": "index.js",
        "compatibility_date": "2026-01-01",
        "tags": tags,
        "limits": {"cpu_ms": 50},
        "bindings": [
            {"type": "kv_namespace", "name": "KV", "namespace_id": kv},
            {"type": "secret_text", "name": "KEY", "text": "topSecretValue"},
        ],
    });
    let form =
        Form::new()
            .metadata(&metadata)
            .part("index.js", Some("index.js"), Some(MODULE), SOURCE);
    api.form("PUT", &script(name), form).ok();
}

fn replays(daemon: &Daemon) -> Value {
    daemon
        .api()
        .get(&format!("{ACCOUNT}/postern/v1/replays"))
        .ok()
}

/// Waits for the record of a script's last invocation with this outcome.
fn recorded(daemon: &Daemon, outcome: &str) -> String {
    eventually("a record is kept", || {
        let all = replays(daemon);
        let found = all.as_array()?.iter().find(|it| it["outcome"] == outcome)?;
        Some(found["ray"].as_str()?.to_owned())
    })
}

#[test]
fn what_failed_runs_again_without_a_daemon() {
    let mut daemon = Setup::new()
        .tables("[replay]\nrecord = \"failures\"\nisolate-bytes = \"256 KiB\"\n")
        .start();
    daemon.api().production();
    push(&daemon, "shop", &[]);
    push(&daemon, "quiet", &["replay:off"]);
    daemon.get("/shop/").expect(200);
    daemon.get("/quiet/throw").expect(500);
    daemon.get("/shop/throw").expect(500);
    let thrown = recorded(&daemon, "exception");
    daemon.get("/shop/cut");
    let cut = recorded(&daemon, "exceededCpu");
    let all = replays(&daemon);
    assert_eq!(all.as_array().unwrap().len(), 2, "{all:#}");
    let listed = daemon.cli(&["replay", "list"]).expect(0);
    assert!(listed.text().contains(&cut) && !listed.text().contains("quiet"));

    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for ray in [&thrown, &cut] {
        let file = folder.path().join(ray);
        let answer = daemon.cli(&["replay", "get", ray]).expect(0).stdout;
        let holds = |text: &[u8]| answer.windows(text.len()).any(|it| it == text);
        assert!(!holds(b"topSecretValue"));
        std::fs::write(&file, answer).unwrap();
        files.push(file.to_str().unwrap().to_owned());
    }
    let missing = daemon.cli(&["replay", "get", "00000000000000aa"]).expect(1);
    assert!(missing.stderr.contains("no record"), "{}", missing.stderr);
    daemon.cli(&["replay", "delete", &thrown]).expect(0);
    assert_eq!(replays(&daemon).as_array().unwrap().len(), 1);
    daemon.terminate();

    // Nothing but the file.
    let told = daemon.cli(&["replay", &files[0]]).expect(0);
    for part in [
        "The same:",
        "RangeError: no such article",
        "some value",
        "op ",
    ] {
        assert!(told.text().contains(part), "{part}: {}", told.text());
    }
    let told = daemon.cli(&["replay", &files[1], "--json"]).expect(0);
    let told = told.json();
    assert_eq!(told["same"], true, "{told:#}");
    assert_eq!(told["fuel"], told["fuel_replayed"]);
    let first = told["scripts"][0]["name"].as_str().unwrap();
    assert!(first.starts_with("sortAll index.js:"), "{first}");

    let bytes = std::fs::read(&files[1]).unwrap();
    std::fs::write(&files[1], &bytes[..bytes.len() / 2]).unwrap();
    let told = daemon.cli(&["replay", &files[1]]).expect(1);
    assert!(told.stderr.contains("damaged"), "{}", told.stderr);
}
