//! Deploying: by the command line, by forms as curl sends them; replacing, deleting, refusing.

use postern_e2e::api::{ACCOUNT, script};
use postern_e2e::guests::{answering, hello, module};
use postern_e2e::{Daemon, Form, Request};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

#[test]
fn the_command_line_pushes_replaces_and_deletes() {
    let daemon = Daemon::plain();
    daemon.cli(&["namespace", "create", "production"]).expect(0);
    let file = daemon.dir().join("greeter.wasm");
    let there = ["--namespace", "production"];
    for text in ["one", "two"] {
        std::fs::write(&file, hello(text)).unwrap();
        let ran = daemon
            .cli(&[&["push", "greeter.wasm"][..], &there].concat())
            .expect(0);
        assert!(ran.text().contains("production/greeter"), "{}", ran.text());
        assert_eq!(daemon.get("/greeter/").expect(200).text(), text);
    }
    daemon
        .cli(&[&["delete", "greeter"][..], &there].concat())
        .expect(0);
    let gone = daemon.get("/greeter/").expect(404);
    assert_eq!(gone.text(), "Worker not found");
}

#[test]
fn a_project_is_pushed_with_its_settings() {
    let daemon = Daemon::plain();
    daemon.cli(&["namespace", "create", "production"]).expect(0);
    let id = daemon
        .cli(&["kv", "namespace", "create", "counts"])
        .expect(0);
    let id = id.text().trim().to_owned();
    std::fs::write(daemon.dir().join("out.wasm"), hello("hi")).unwrap();
    std::fs::write(
        daemon.dir().join("wrangler.jsonc"),
        r#"{ "name": "shop", // the name
             "main": "out.wasm", "compatibility_date": "2026-01-01",
             "vars": {"A": "text", "B": {"x": 1}}, "tags": ["t1"],
             "kv_namespaces": [{"binding": "KV", "id": "counts"}],
             "limits": {"cpu_ms": 20, "subrequests": 3}, "r2_buckets": [], }"#,
    )
    .unwrap();
    let ran = daemon
        .cli(&["push", ".", "--tag", "t2", "--namespace", "production"])
        .expect(0);
    assert!(
        ran.stderr.contains("`r2_buckets` means nothing here"),
        "{}",
        ran.stderr
    );
    daemon.get("/shop/").expect(200);
    let settings = daemon
        .api()
        .get(&format!("{}/settings", script("shop")))
        .ok();
    assert_eq!(settings["compatibility_date"], "2026-01-01");
    assert_eq!(settings["limits"]["cpu_ms"], 20);
    let mut tags: Vec<&str> = settings["tags"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|t| t.as_str())
        .collect();
    tags.sort_unstable();
    assert_eq!(tags, ["t1", "t2"]);
    let bindings = settings["bindings"].as_array().unwrap();
    let find = |name: &str| bindings.iter().find(|b| b["name"] == name).unwrap();
    assert_eq!(find("A")["text"], "text");
    assert_eq!(find("B")["json"], json!({"x": 1}));
    assert_eq!(find("KV")["namespace_id"], id);
}

#[test]
fn secrets_are_kept_and_never_shown() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    std::fs::write(daemon.dir().join("w.wasm"), hello("hi")).unwrap();
    std::fs::write(daemon.dir().join("secrets"), "KEY=hunter2\n").unwrap();
    let ran = daemon
        .cli_with(
            &["--json", "push", "w.wasm", "--secret-file", "secrets"],
            &[("POSTERN_NAMESPACE", "production")],
            b"",
        )
        .expect(0);
    assert!(!ran.text().contains("hunter2"));
    daemon
        .cli(&["push", "w.wasm", "--namespace", "production"])
        .expect(0);
    let secrets = api.get(&format!("{}/secrets", script("w"))).ok();
    assert_eq!(secrets, json!([{"name": "KEY", "type": "secret_text"}]));
    let settings = api.get(&format!("{}/settings", script("w"))).envelope;
    assert!(!settings.to_string().contains("hunter2"));
    assert!(!daemon.log().contains("hunter2"));
}

#[test]
fn a_form_as_curl_sends_it() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    // No type for the metadata, and the part's file name is a local path's last part.
    let form = Form::new()
        .part("metadata", None, None, r#"{"main_module": "w.wasm"}"#)
        .part(
            "w.wasm",
            Some("built-0.1.wasm"),
            Some("application/wasm"),
            hello("curl"),
        );
    let result = api.form("PUT", &script("w"), form).ok();
    assert!(result["startup_time_ms"].is_number(), "{result}");
    assert_eq!(daemon.get("/w/").expect(200).text(), "curl");
    // And as the Python SDK does: the name of the module is the file's name.
    let form = Form::new()
        .metadata(&json!({"main_module": "w.wasm"}))
        .part(
            "files",
            Some("w.wasm"),
            Some("application/wasm"),
            hello("python"),
        );
    api.form("PUT", &script("w"), form).ok();
    assert_eq!(daemon.get("/w/").expect(200).text(), "python");
}

#[test]
fn a_large_module_and_a_large_answer() {
    let daemon = Daemon::plain();
    daemon.api().production();
    let text = "0123456789abcdef".repeat(32_768);
    daemon.api().push("large", &hello(&text), &json!({}));
    assert_eq!(daemon.get("/large/").expect(200).text(), text);
}

#[test]
fn statuses_and_methods_reach_both_sides() {
    let daemon = Daemon::plain();
    daemon.api().production();
    daemon
        .api()
        .push("teapot", &answering(418, "short"), &json!({}));
    let head = daemon.send(&Request::new("HEAD", "/teapot/")).expect(418);
    assert!(head.body.is_empty());
    let post = daemon
        .send(&Request::post("/teapot/x?y", "body"))
        .expect(418);
    assert_eq!(post.text(), "short");
}

#[test]
fn a_refused_push_leaves_the_old_version() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    api.push("w", &hello("old"), &json!({}));
    let bad: [(&str, Vec<u8>); 5] = [
        ("no wasm", b"hello".to_vec()),
        ("cut off", hello("new")[..40].to_vec()),
        (
            "unknown import",
            postern_e2e::guests::from_text(
                r#"(module (import "env" "system" (func)) (memory (export "memory") 1)
                  (func (export "postern_abi_v1")))"#,
            ),
        ),
        (
            "another version",
            postern_e2e::guests::from_text(
                r#"(module (memory (export "memory") 1) (func (export "postern_abi_v99")))"#,
            ),
        ),
        (
            "no event",
            postern_e2e::guests::from_text(
                r#"(module (memory (export "memory") 1) (func (export "postern_abi_v1")))"#,
            ),
        ),
    ];
    for (what, module) in bad {
        let (status, _, message) = api.try_push("w", &module, &json!({})).refused();
        assert_eq!(status, 400, "{what}: {message}");
        assert!(!message.is_empty(), "{what}");
        match what {
            "unknown import" => assert!(message.contains("system"), "{message}"),
            "another version" => assert!(message.contains("99"), "{message}"),
            "no event" => assert!(
                message.contains("postern_event") || message.contains("postern_window"),
                "{message}"
            ),
            _ => {}
        }
        assert_eq!(daemon.get("/w/").expect(200).text(), "old", "{what}");
        let none = api.try_push("fresh", &module, &json!({}));
        assert_eq!(none.status, 400, "{what}");
        daemon.get("/fresh/").expect(404);
    }
}

#[test]
fn start_up_that_never_ends_is_refused() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    let module = postern_e2e::guests::from_text(
        r#"(module (memory (export "memory") 1)
             (func (export "postern_abi_v1"))
             (func (export "postern_window") (param i32) (result i32) (i32.const 0))
             (func (export "postern_event") (param i32 i32 i32) (result i32) (i32.const 0))
             (func $spin (loop $again (br $again)))
             (start $spin))"#,
    );
    let (status, _, _) = api.try_push("w", &module, &json!({})).refused();
    assert_eq!(status, 400);
    api.push("other", &module_that_answers(), &json!({}));
    daemon.get("/other/").expect(200);
}

fn module_that_answers() -> Vec<u8> {
    hello("fine")
}

#[test]
fn deleting_by_tag_takes_only_those() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    for (name, tag) in [("a", "x"), ("b", "x"), ("c", "y")] {
        api.push(name, &hello(name), &json!({"tags": [tag]}));
    }
    let list = api
        .get(&format!(
            "{ACCOUNT}/workers/dispatch/namespaces/production/scripts?tags=x%3Ayes"
        ))
        .ok();
    assert_eq!(list.as_array().unwrap().len(), 2);
    daemon
        .cli(&["delete", "--tag", "x", "--namespace", "production"])
        .expect(0);
    daemon.get("/a/").expect(404);
    daemon.get("/b/").expect(404);
    daemon.get("/c/").expect(200);
}

#[test]
fn a_worker_that_traps_ends_alone() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    api.push("bad", &postern_e2e::guests::trapping(), &json!({}));
    api.push("good", &hello("good"), &json!({}));
    api.push("silent", &module("(nop)", &[]), &json!({}));
    for _ in 0..3 {
        let status = daemon.get("/bad/").status;
        assert!(matches!(status, 500 | 503), "{status}");
        daemon.get("/silent/").expect(500);
        assert_eq!(daemon.get("/good/").expect(200).text(), "good");
    }
}

#[test]
fn a_judge_that_was_ended_is_replaced() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    api.push("w", &hello("1"), &json!({}));
    for round in ["2", "3"] {
        for judge in daemon.children() {
            let judge = Pid::from_raw(i32::try_from(judge).unwrap()).unwrap();
            kill_process(judge, Signal::KILL).unwrap();
        }
        api.push("w", &hello(round), &json!({}));
        assert_eq!(daemon.get("/w/").expect(200).text(), round);
    }
}

#[test]
fn one_process_judges_pushes_that_come_in_turn() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    api.push("w", &hello("1"), &json!({}));
    let judges = daemon.children();
    assert_eq!(judges.len(), 1, "one keeper");
    api.try_push("w", b"no module", &json!({})).refused();
    api.push("w", &hello("2"), &json!({}));
    assert_eq!(daemon.children(), judges);
}
