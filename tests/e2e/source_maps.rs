//! Source maps of modules: what is told of an exception names the tenant's sources.

use postern_e2e::api::script;
use postern_e2e::{Daemon, Form, eventually};
use serde_json::{Value, json};

const MODULE: &str = "application/javascript+module";
const MAP: &str = "application/source-map";
const INDEX: &str = "import { boom } from './lib/b.js';
export default { fetch(request) {
    if (request.url.endsWith('/own')) try { boom(); } catch (error) { return new Response(error.stack); }
    return boom();
} };
//# sourceMappingURL=index.js.map
";
const B: &str = "export function boom() { throw new RangeError('boom'); }
//# sourceMappingURL=b.js.map
";

fn form(index: &str, other: &str) -> Form {
    let metadata = json!({"main_module": "index.js", "compatibility_date": "2026-01-01"});
    Form::new()
        .metadata(&metadata)
        .part("index.js", Some("index.js"), Some(MODULE), INDEX)
        .part("lib/b.js", Some("lib/b.js"), Some(MODULE), B)
        .part("index.js.map", Some("index.js.map"), Some(MAP), index)
        .part("lib/b.js.map", Some("lib/b.js.map"), Some(MAP), other)
}

/// The stacks that the log holds, the newest last.
fn stacks(daemon: &Daemon) -> Vec<String> {
    let path = format!("{}/logs?follow=false", script("mapped"));
    let api = daemon.api();
    let answer = api.raw(&api.request("GET", &path)).unwrap().expect(200);
    let records = answer.text();
    let records = records
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let stack = |record: Value| Some(record["exceptions"][0]["stack"].as_str()?.to_owned());
    records.filter_map(stack).collect()
}

#[track_caller]
fn newest(daemon: &Daemon, count: usize) -> String {
    daemon.get("/mapped/").expect(500);
    eventually("the exception's record", || {
        let mut stacks = stacks(daemon);
        (stacks.len() == count).then(|| stacks.pop()).flatten()
    })
}

#[test]
fn stacks_name_the_sources_of_each_module() {
    let mut daemon = Daemon::plain();
    daemon.api().production();
    // What is on line 4 of the one comes from line 11, the whole of the other from line 3.
    let index =
        r#"{"version":3,"sources":["../../src/index.ts"],"names":[],"mappings":"AAAA;;;AAUA"}"#;
    let other = r#"{"version":3,"sources":["b.ts"],"sourcesContent":[null],"mappings":"AAEE"}"#;
    let pushed = daemon
        .api()
        .form("PUT", &script("mapped"), form(index, other))
        .ok();
    let told =
        "RangeError: boom\n    at boom (lib/b.ts:3:3)\n    at Object.fetch (src/index.ts:11:1)";
    assert_eq!(newest(&daemon, 1), told);
    // The Worker itself is not told.
    let own = daemon.get("/mapped/own").expect(200);
    let own = own.text();
    assert!(own.contains("at boom (lib/b.js:1:"), "{own}");

    // They are no modules.
    let api = daemon.api();
    let content = format!("{}/content", script("mapped"));
    let content = api.raw(&api.request("GET", &content)).unwrap().expect(200);
    assert!(content.text().contains("lib/b.js"));
    assert!(!content.text().contains("source-map"));

    daemon.restart();
    assert_eq!(newest(&daemon, 1), told);
    // Other settings have the modules judged again, and the maps stay.
    let path = format!("{}/settings", script("mapped"));
    let date = json!({"compatibility_date": "2025-01-01"}).to_string();
    let settings = Form::new().part("settings", None, Some("application/json"), &date);
    daemon.api().form("PATCH", &path, settings).ok();
    assert_eq!(newest(&daemon, 2), told);

    // What is no map is not looked at, and what comes without maps has none.
    let again = daemon
        .api()
        .form("PUT", &script("mapped"), form("[]", "nonsense"))
        .ok();
    assert_eq!(again["etag"], pushed["etag"]);
    let plain = newest(&daemon, 3);
    assert!(plain.contains("at boom (lib/b.js:1:"), "{plain}");
    assert!(plain.contains("at Object.fetch (index.js:4:"), "{plain}");
}
