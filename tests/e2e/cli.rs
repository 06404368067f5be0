//! Every subcommand as its users run it: results, errors, exit statuses, JSON.

use postern_e2e::guests::{answering, hello};
use postern_e2e::{Daemon, Setup, eventually};
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

#[test]
fn help_is_there_for_everything() {
    let daemon = Setup::new().tokenless().start();
    for command in [
        "",
        "serve",
        "push",
        "bundle",
        "bundle keygen",
        "bundle build",
        "bundle sign",
        "bundle verify",
        "bundle inspect",
        "bundle diff",
        "list",
        "delete",
        "namespace",
        "namespace create",
        "routes",
        "routes list",
        "routes put",
        "routes delete",
        "domains",
        "domains list",
        "domains put",
        "domains delete",
        "kv",
        "kv get",
        "kv put",
        "kv list",
        "kv delete",
        "kv namespace",
        "kv namespace create",
        "logs",
        "status",
        "config",
        "config check",
        "config show",
        "token",
        "token create",
        "token list",
        "token revoke",
        "secrets",
        "secrets forget",
        "versions",
        "versions list",
        "versions view",
        "versions deploy",
        "versions rollback",
        "deployments",
        "deployments list",
        "completions",
    ] {
        let mut words: Vec<&str> = command.split_whitespace().collect();
        words.push("--help");
        let ran = daemon.cli(&words).expect(0);
        assert!(ran.text().contains("Usage: postern"), "{command}");
        assert!(!ran.text().contains("judge"), "{command}");
    }
    daemon.cli(&["--version"]).expect(0);
}

#[test]
fn wrong_command_lines_exit_2() {
    let daemon = Setup::new().tokenless().start();
    for line in [
        &["fly"][..],
        &[],
        &["push"],
        &["kv", "get", "k"],
        &["status", "--timeout", "x"],
    ] {
        let ran = daemon.cli(line).expect(2);
        assert!(!ran.stderr.is_empty(), "{line:?}");
    }
    let ran = daemon.cli(&["--json", "fly"]).expect(2);
    assert_eq!(ran.error()["success"], false);
    let none = daemon
        .cli_with(&["status"], &[("POSTERN_TOKEN", "")], b"")
        .expect(2);
    assert!(none.stderr.contains("POSTERN_TOKEN"), "{}", none.stderr);
    let url = daemon
        .cli(&["status", "--url", "ftp://127.0.0.1:1"])
        .expect(1);
    assert!(
        url.stderr.contains("it must begin with https://"),
        "{}",
        url.stderr
    );
}

#[test]
fn tokens_are_created_listed_and_revoked() {
    let mut daemon = Daemon::plain();
    daemon.terminate();
    let made = daemon
        .cli(&["--json", "token", "create", "--name", "second"])
        .expect(0)
        .json();
    let (id, token) = (
        made["id"].as_str().unwrap(),
        made["token"].as_str().unwrap(),
    );
    let list = daemon.cli(&["--json", "token", "list"]).expect(0);
    assert_eq!(list.json().as_array().unwrap().len(), 2);
    assert!(!list.text().contains(token));
    daemon.start();
    daemon
        .cli_with(&["list", "--namespaces"], &[("POSTERN_TOKEN", token)], b"")
        .expect(0);
    for command in [
        &["token", "list"][..],
        &["token", "create"],
        &["audit", "show"],
    ] {
        let busy = daemon.cli(command).expect(1);
        let ways = "say --remote to ask that one, or stop it first";
        assert!(busy.stderr.contains(ways), "{}", busy.stderr);
    }
    let third = daemon
        .cli(&["--json", "token", "create", "--remote"])
        .expect(0);
    let third = third.json()["token"].as_str().unwrap().to_owned();
    let variables = [("POSTERN_TOKEN", third.as_str())];
    let list = daemon
        .cli_with(&["--json", "token", "list", "--remote"], &variables, b"")
        .expect(0);
    assert_eq!(list.json().as_array().unwrap().len(), 3);
    daemon.terminate();
    daemon.cli(&["token", "revoke", id]).expect(0);
    daemon.cli(&["token", "revoke", id]).expect(1);
    daemon.start();
    let ran = daemon
        .cli_with(&["list", "--namespaces"], &[("POSTERN_TOKEN", token)], b"")
        .expect(1);
    assert!(
        ran.stderr.contains("10000") || ran.stderr.contains("401"),
        "{}",
        ran.stderr
    );
    // The file goes before the variable.
    std::fs::write(daemon.dir().join("token"), daemon.token()).unwrap();
    let arguments = ["list", "--namespaces", "--token-file", "token"];
    daemon
        .cli_with(&arguments, &[("POSTERN_TOKEN", token)], b"")
        .expect(0);
}

#[test]
fn lists_and_deletes() {
    let daemon = Daemon::plain();
    let empty = daemon.cli(&["list", "--namespaces"]).expect(0);
    assert!(
        empty.text().contains("postern namespace create"),
        "{}",
        empty.text()
    );
    daemon.cli(&["namespace", "create", "production"]).expect(0);
    daemon.cli(&["namespace", "create", "staging"]).expect(0);
    daemon.cli(&["namespace", "create", "production"]).expect(1);
    let namespaces = daemon
        .cli(&["--json", "list", "--namespaces"])
        .expect(0)
        .json();
    assert_eq!(namespaces.as_array().unwrap().len(), 2);
    std::fs::write(daemon.dir().join("a.wasm"), hello("a")).unwrap();
    let nowhere = daemon
        .cli(&["push", "a.wasm", "--namespace", "elsewhere"])
        .expect(1);
    let told = &nowhere.stderr;
    assert!(
        told.contains("'elsewhere' not found") && told.contains("postern namespace create"),
        "{told}"
    );
    daemon
        .cli(&["push", "a.wasm", "--namespace", "staging", "--tag", "t"])
        .expect(0);
    let list = daemon.cli(&["list", "--namespace", "staging"]).expect(0);
    assert!(
        list.text().contains("NAME") && list.text().contains('a'),
        "{}",
        list.text()
    );
    let none = daemon
        .cli(&["--json", "list", "--namespace", "staging", "--tag", "u"])
        .expect(0);
    assert_eq!(none.json(), json!([]));
    daemon.cli(&["delete", "a"]).expect(1);
    daemon
        .cli(&["delete", "a", "--namespace", "staging"])
        .expect(0);
    let again = daemon
        .cli(&["--json", "delete", "a", "--namespace", "staging"])
        .expect(1);
    assert!(again.error()["errors"][0]["code"].is_number());
    daemon.cli(&["namespace", "delete", "staging"]).expect(0);
    daemon.cli(&["list", "--namespace", "staging"]).expect(1);
}

#[test]
fn push_refuses_what_cannot_be() {
    let daemon = Daemon::plain();
    daemon.api().production();
    let check = |arguments: &[&str], code: i32, part: &str| {
        let ran = daemon.cli(arguments).expect(code);
        assert!(ran.stderr.contains(part), "{arguments:?}: {}", ran.stderr);
    };
    check(&["push", "none.wasm"], 1, "does not exist");
    check(&["push", "."], 1, "holds no wrangler.jsonc");
    std::fs::write(daemon.dir().join("text.wasm"), "no wasm").unwrap();
    check(&["push", "text.wasm"], 1, "code: 10021");
    std::fs::write(daemon.dir().join("ok.wasm"), hello("x")).unwrap();
    check(
        &["push", "ok.wasm", "--name", "a/b"],
        2,
        "is no name for a Worker",
    );
    check(
        &["push", "ok.wasm", "--kv", "KV=nowhere"],
        1,
        "no KV namespace with the title `nowhere`",
    );
    check(&["push", "ok.wasm", "--namespace", "nowhere"], 1, "nowhere");
    check(&["push", "ok.wasm", "--json-var", "A={"], 2, "is no JSON");
    check(&["push", "ok.wasm", "--cpu-ms", "999999"], 1, "999999");
    std::fs::write(daemon.dir().join("ts.ts"), "x").unwrap();
    check(&["push", "ts.ts"], 1, "bundle it first");
}

#[test]
fn a_dry_run_sends_nothing() {
    let daemon = Setup::new().tokenless().start();
    std::fs::write(daemon.dir().join("a.wasm"), hello("a")).unwrap();
    std::fs::write(daemon.dir().join("secrets"), "KEY=hunter2").unwrap();
    let arguments = [
        "--json",
        "push",
        "a.wasm",
        "--dry-run",
        "--var",
        "A=b",
        "--secret-file",
        "secrets",
        "--url",
        "http://127.0.0.1:1",
    ];
    let ran = daemon.cli(&arguments).expect(0);
    assert_eq!(ran.json()["metadata"]["bindings"][0]["text"], "b");
    assert!(!ran.text().contains("hunter2"));
}

#[test]
fn status_tells_how_things_are() {
    let daemon = Daemon::plain();
    let status = daemon.cli(&["--json", "status"]).expect(0).json();
    assert_eq!(
        status["fuel"],
        json!({"total": 0, "startup": 0}),
        "{status}"
    );
    // What a push took is charged before the first request.
    daemon.api().production();
    daemon.api().push("a", &hello("a"), &json!({}));
    let fuel = |which: &str| {
        let status = daemon.cli(&["--json", "status"]).expect(0).json();
        status["fuel"][which].as_u64().unwrap()
    };
    let startup = fuel("startup");
    assert!(startup > 0);
    assert_eq!(fuel("total"), startup);
    daemon.get("/a/").expect(200);
    eventually("the request is charged too", || {
        (fuel("total") > startup).then_some(())
    });
    assert_eq!(fuel("startup"), startup);
    let shown = daemon.cli(&["status"]).expect(0);
    assert!(
        shown.text().contains(&format!("startup: {startup}")),
        "{}",
        shown.text()
    );
}

#[test]
fn logs_follow_a_worker() {
    let daemon = Daemon::plain();
    daemon.api().production();
    daemon.api().push("w", &answering(201, "made"), &json!({}));
    let url = format!("http://{}/client/v4", daemon.manage());
    let mut child = daemon
        .command()
        .args(["--json", "logs", "w", "--count", "1", "--url", &url])
        .env("POSTERN_NAMESPACE", "production")
        .env("POSTERN_TOKEN", daemon.token())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // Nothing tells when it follows, so requests are made until one is seen.
    let event = std::thread::scope(|scope| {
        let seen = scope.spawn(move || lines.next().unwrap().unwrap());
        postern_e2e::eventually("an event is seen", || {
            daemon.get("/w/").expect(201);
            seen.is_finished().then_some(())
        });
        seen.join().unwrap()
    });
    let event: serde_json::Value = serde_json::from_str(&event).unwrap();
    assert_eq!(event["outcome"], "ok");
    assert_eq!(event["scriptName"], "w");
    assert_eq!(event["event"]["response"]["status"], 201);
    assert!(child.wait().unwrap().success());
    daemon.cli(&["logs", "none"]).expect(1);
}

#[test]
fn config_check_explains() {
    let daemon = Setup::new().tokenless().start();
    let right = daemon.cli(&["config", "check"]).expect(0);
    assert!(right.text().contains("the configuration is right"));
    std::fs::write(
        daemon.dir().join("bad.toml"),
        "[edge]\nlisen = 1\nconnections = 0\n",
    )
    .unwrap();
    let wrong = daemon
        .cli(&["config", "check", "--file", "bad.toml"])
        .expect(1);
    assert!(
        wrong
            .stderr
            .contains("bad.toml:2:1: unknown key `lisen`; did you mean `listen`?")
    );
    assert!(
        wrong
            .stderr
            .contains("bad.toml:3:15: `edge.connections` is 0; it must be 1 to")
    );
    let json = daemon
        .cli(&["--json", "config", "check", "--file", "bad.toml"])
        .expect(1)
        .error();
    assert_eq!(json["errors"][0]["line"], 2);
    daemon.cli(&["serve", "--config", "bad.toml"]).expect(1);
    daemon
        .cli(&["config", "check", "--file", "none.toml"])
        .expect(1);
    let open = daemon
        .cli(&["config", "check", "--manage-listen", "0.0.0.0:1"])
        .expect(1);
    assert!(open.stderr.contains("insecure = true"), "{}", open.stderr);
}

#[test]
fn config_show_reads_back() {
    let daemon = Setup::new().tokenless().start();
    let shown = daemon.cli(&["config", "show"]).expect(0);
    std::fs::write(daemon.dir().join("shown.toml"), &shown.stdout).unwrap();
    let again = daemon
        .cli(&["config", "show", "--config", "shown.toml"])
        .expect(0);
    assert_eq!(shown.text(), again.text());
    assert!(daemon.cli(&["--json", "config", "show"]).expect(0).json()["edge"].is_object());
}

#[test]
fn completions_for_every_shell() {
    let daemon = Setup::new().tokenless().start();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = daemon.cli(&["completions", shell]).expect(0);
        assert!(ran.text().contains("postern"), "{shell}");
    }
}

#[test]
fn nobody_at_the_port_is_told() {
    let daemon = Daemon::plain();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let ran = daemon
        .cli(&["--json", "status", "--url", &format!("http://{free}")])
        .expect(1);
    let message = ran.error()["errors"][0]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(message.contains("cannot connect"), "{message}");
    let edge = format!("http://{}/client/v4", daemon.edge());
    let ran = daemon.cli(&["list", "--url", &edge]).expect(1);
    assert!(ran.stderr.contains("check --url"), "{}", ran.stderr);
}

#[test]
fn what_looks_into_a_store_makes_none() {
    let tools = Setup::new().tokenless().prepare();
    for command in [
        "token list",
        "token revoke 12",
        "audit show",
        "audit export all.jsonl",
        "audit verify",
        "calibrate --show",
        "calibrate --forget",
        "secrets forget",
    ] {
        let mut words: Vec<&str> = command.split(' ').collect();
        words.extend(["--data-dir", "elsewhere"]);
        let ran = tools.cli(&words).expect(1);
        assert!(
            ran.stderr.contains(
                "there is none in elsewhere; name the daemon's by --config or --data-dir"
            ),
            "{command}: {}",
            ran.stderr
        );
        assert!(!tools.dir().join("elsewhere").exists(), "{command}");
    }
}
