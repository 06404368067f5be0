//! Tokens with roles, and the log of what was changed, by the command line and from outside.

use postern_e2e::api::{ACCOUNT, script};
use postern_e2e::guests::hello;
use postern_e2e::{Api, Daemon, Request, Setup};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

const TOKENS: &str = "/postern/v1/tokens";

/// A token that the command line makes at the running daemon.
fn token(daemon: &Daemon, arguments: &[&str]) -> String {
    let fixed = ["token", "create", "--remote"];
    let made = daemon.cli(&[&fixed, arguments].concat()).expect(0);
    made.text().trim().to_owned()
}

#[test]
fn a_token_does_what_its_role_says() {
    let daemon = Daemon::plain();
    daemon.api().production();
    daemon
        .api()
        .json(
            "POST",
            &format!("{ACCOUNT}/workers/dispatch/namespaces"),
            &json!({"name": "staging"}),
        )
        .ok();
    let with = |arguments: &[&str]| daemon.api().with_token(&token(&daemon, arguments));
    let deploy = with(&[
        "--role",
        "deploy",
        "--namespace",
        "production",
        "--expires",
        "30d",
        "--name",
        "ci",
    ]);
    deploy.push("good", &hello("good"), &json!({}));
    assert_eq!(daemon.get("/good/").expect(200).text(), "good");
    let denied = |api: &Api, method: &str, path: &str| {
        let (status, code, message) = api.json(method, path, &json!({"name": "x"})).refused();
        assert_eq!((status, code), (403, 10000), "{message}");
        message
    };
    let staging = format!("{ACCOUNT}/workers/dispatch/namespaces/staging/scripts");
    let told = denied(&deploy, "DELETE", &format!("{staging}/x"));
    assert!(told.contains("'production'"), "{told}");
    denied(&deploy, "POST", TOKENS);
    denied(&deploy, "GET", "/postern/v1/status");
    let read = with(&["--role", "read"]);
    read.get("/postern/v1/status").ok();
    read.get(&staging).ok();
    let told = denied(
        &read,
        "POST",
        &format!("{ACCOUNT}/workers/dispatch/namespaces"),
    );
    assert!(told.contains("the role deploy"), "{told}");
    let tune = with(&["--role", "tune"]);
    tune.json(
        "PATCH",
        &format!("{ACCOUNT}/postern/v1/limits/account"),
        &json!({"limits": {"cpu-ms": 20}}),
    )
    .ok();
    denied(&tune, "POST", TOKENS);
    denied(&with(&["--role", "firmware"]), "POST", TOKENS);

    let listed = daemon.cli(&["token", "list", "--remote"]).expect(0);
    assert!(
        listed.text().contains("deploy of production"),
        "{}",
        listed.text()
    );
    let all = daemon
        .cli(&["token", "list", "--remote", "--json"])
        .expect(0)
        .json();
    let ci = all
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "ci")
        .unwrap()
        .clone();
    assert!(
        ci["last_used_on"].is_string() && ci["expires_on"].is_string(),
        "{ci}"
    );
    daemon
        .cli(&["token", "revoke", ci["id"].as_str().unwrap(), "--remote"])
        .expect(0);
    assert_eq!(deploy.get("/client/v4/user/tokens/verify").refused().0, 401);
    for wrong in [
        &["--role", "root"][..],
        &["--namespace", "production"],
        &["--expires", "yesterday"],
        &["--rate", "0"],
    ] {
        daemon
            .cli(&[&["token", "create"], wrong].concat())
            .expect(2);
    }
}

#[test]
fn a_token_for_a_tag_leaves_the_rest_alone() {
    let daemon = Daemon::plain();
    let operator = daemon.api();
    operator.production();
    let tagged = |tags: Value| json!({ "tags": tags });
    operator.push("mine", &hello("old"), &tagged(json!(["customer-1", "eu"])));
    operator.push("theirs", &hello("theirs"), &tagged(json!(["customer-2"])));
    let token = token(&daemon, &["--role", "deploy", "--tag", "customer-1"]);
    let one = operator.with_token(&token);
    // The command line as its holder uses it.
    let project = daemon.dir().join("worker");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("hello.wasm"), hello("new")).unwrap();
    let push = |name: &str, more: &[&str]| {
        let module = project.join("hello.wasm");
        let mut command = daemon.command();
        command.env("POSTERN_TOKEN", &token);
        command.env("POSTERN_URL", format!("http://{}", daemon.manage()));
        command
            .args(["push", module.to_str().unwrap(), "--name", name])
            .args(["--namespace", "production"])
            .args(more);
        command.output().unwrap()
    };
    let pushed = push("mine", &[]);
    assert!(pushed.status.success(), "{pushed:?}");
    assert_eq!(daemon.get("/mine/").expect(200).text(), "new");
    assert_eq!(
        one.get(&format!("{}/tags", script("mine"))).ok(),
        json!(["customer-1", "eu"])
    );
    for (name, more) in [
        ("theirs", &[][..]),
        ("theirs", &["--tag", "customer-1"]),
        ("fresh", &[]),
        ("fresh", &["--tag", "customer-1", "--tag", "customer-2"]),
        ("mine", &["--tag", "customer-1"]),
    ] {
        let refused = push(name, more);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            !refused.status.success() && told.contains("customer-1"),
            "{told}"
        );
    }
    let pushed = push("fresh", &["--tag", "customer-1"]);
    assert!(pushed.status.success(), "{pushed:?}");
    assert_eq!(daemon.get("/theirs/").expect(200).text(), "theirs");
    let scripts = format!("{ACCOUNT}/workers/dispatch/namespaces/production/scripts");
    let listed = one.get(&scripts).ok();
    let names: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["fresh", "mine"]);
    for path in ["", "/content", "/settings", "/versions", "/logs", "/tails"] {
        let path = format!("{}{path}", script("theirs"));
        assert_eq!(one.get(&path).refused().0, 403, "{path}");
    }
    for path in [
        "workers/scripts",
        "workers/dispatch/namespaces",
        "storage/kv/namespaces",
    ] {
        assert_eq!(
            one.get(&format!("{ACCOUNT}/{path}")).refused().0,
            403,
            "{path}"
        );
    }
    // The operator takes the tag away, and with it the script.
    operator
        .json("PUT", &format!("{}/tags", script("mine")), &json!(["eu"]))
        .ok();
    assert_eq!(one.get(&script("mine")).refused().0, 403);
    assert!(!push("mine", &[]).status.success());
    assert_eq!(
        one.delete(&format!("{scripts}?tags=eu:yes")).ok()["deleted"],
        json!([])
    );
    assert_eq!(
        one.delete(&format!("{scripts}?tags=customer-1:yes")).ok()["deleted"],
        json!(["fresh"])
    );
    let listed = daemon.cli(&["token", "list", "--remote"]).expect(0);
    assert!(
        listed.text().contains("deploy of tag customer-1"),
        "{}",
        listed.text()
    );
    daemon
        .cli(&["token", "create", "--tag", "customer-1"])
        .expect(2);
}

#[test]
fn who_asks_too_often_is_told_when_to_come_again() {
    let daemon = Daemon::plain();
    let slow = token(&daemon, &["--role", "read", "--rate", "1"]);
    let listed = daemon.cli(&["token", "list", "--remote"]).expect(0);
    let listed = listed.text();
    assert!(listed.contains("  RATE  "), "{listed}");
    assert!(listed.contains("  read   1/s   "), "{listed}");
    assert!(listed.contains("  admin  any   "), "{listed}");
    let ask = |token: &str| {
        Request::get("/client/v4/user/tokens/verify")
            .header("authorization", &format!("Bearer {token}"))
            .send(daemon.manage())
            .unwrap()
    };
    ask(&slow).expect(200);
    let refused = ask(&slow).expect(429);
    assert_eq!(refused.header("retry-after"), Some("1"));
    // On loopback who has no good token is locked out, late, and nobody else.
    let statuses: Vec<u16> = (0..102).map(|_| ask("pst_wrong").status).collect();
    assert_eq!(statuses[..100], [401; 100]);
    assert_eq!(statuses[100..], [429; 2]);
    ask(daemon.token()).expect(200);
}

#[test]
fn every_change_is_in_a_chain_that_shows_what_was_done_to_it() {
    let mut daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    api.push("good", &hello("good"), &json!({}));
    let id = api.kv_namespace("n");
    api.kv_put(&id, "k", b"not told");
    api.get("/postern/v1/status").ok();
    let shown = daemon.cli(&["audit", "show", "--remote"]).expect(0);
    for told in ["scripts/good", "values/k", "e2e", "127.0.0.1"] {
        assert!(shown.text().contains(told), "{}", shown.text());
    }
    assert!(!shown.text().contains("status") && !shown.text().contains("not told"));
    daemon.cli(&["audit", "verify", "--remote"]).expect(0);
    // What was acknowledged is in it after a crash.
    daemon.kill9();
    let file = daemon.dir().join("audit.jsonl");
    let path = file.to_str().unwrap();
    daemon.cli(&["audit", "export", path]).expect(0);
    let verified = daemon
        .cli(&["audit", "verify", path, "--json"])
        .expect(0)
        .json();
    assert_eq!(
        (&verified["whole"], &verified["entries"]),
        (&json!(true), &json!(4))
    );
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let harms: [(&str, Vec<String>); 3] = [
        (
            "changed",
            lines
                .iter()
                .map(|it| it.replace("scripts/good", "scripts/evil"))
                .collect(),
        ),
        (
            "removed",
            [lines[0], lines[2], lines[3]].map(str::to_owned).to_vec(),
        ),
        (
            "moved",
            [lines[0], lines[2], lines[1], lines[3]]
                .map(str::to_owned)
                .to_vec(),
        ),
    ];
    for (what, harmed) in harms {
        std::fs::write(&file, harmed.join("\n")).unwrap();
        let told = daemon.cli(&["audit", "verify", path]);
        assert!(
            told.code == 1 && told.stderr.contains("not whole"),
            "{what}: {told:?}"
        );
    }
    daemon.start();
    let after: Value = daemon.api().get("/postern/v1/audit/verify").ok();
    assert_eq!(after["entries"], 4);
}

/// The status line of an answer by the Unix socket.
fn by_socket(daemon: &Daemon, head: &str) -> String {
    let mut stream = UnixStream::connect(daemon.data_dir().join("run/manage.sock")).unwrap();
    let request = format!(
        "GET /client/v4/user HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{head}\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_daemons_own_user_needs_no_token_on_the_device() {
    let mut daemon = Setup::new().tokenless().start();
    let socket = daemon.data_dir().join("run/manage.sock");
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    let status = daemon.command().arg("status").output().unwrap();
    assert!(status.status.success(), "{status:?}");
    assert_eq!(by_socket(&daemon, ""), "HTTP/1.1 200 OK");
    // Whoever brings a token is that token's, and a wrong one is nobody's.
    let wrong = by_socket(&daemon, "authorization: Bearer wrong\r\n");
    assert_eq!(wrong, "HTTP/1.1 401 Unauthorized");
    // What it does is told as its own.
    daemon
        .command()
        .args(["namespace", "create", "here"])
        .output()
        .unwrap();
    let shown = daemon
        .command()
        .args(["audit", "show", "--remote"])
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("user ") && shown.contains("the Unix socket"),
        "{shown}"
    );
    daemon.kill9();
    assert!(socket.exists());
    daemon.start();
    assert_eq!(by_socket(&daemon, ""), "HTTP/1.1 200 OK");
    daemon.terminate();
}

#[test]
fn on_tcp_the_same_user_needs_a_token() {
    let daemon = Setup::new().tokenless().start();
    let url = format!("http://{}", daemon.manage());
    let status = daemon
        .command()
        .args(["status", "--url", &url])
        .output()
        .unwrap();
    assert!(!status.status.success(), "{status:?}");
}
