//! The real wrangler, unmodified, and Workers outside of dispatch namespaces.

use postern_e2e::{Daemon, Ran, Request, Response, Setup};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;

const WORKER: &str = "export default {
    async fetch(request, env) {
        const { pathname } = new URL(request.url);
        if (pathname === '/kv') return new Response(await env.KV.get('key'));
        if (pathname === '/env') return Response.json([env.GREETING, env.DEEP, env.SECRET ?? null, env.MORE ?? null]);
        return new Response(`worker ${request.url}`);
    },
    scheduled() {},
};";

struct Stage {
    daemon: Daemon,
    folder: PathBuf,
}

impl Stage {
    fn new() -> Self {
        let daemon = Setup::new()
            .routing("zone = 'edge.test'\naccount-subdomain = 'workers'")
            .start();
        let folder = daemon.dir().join("project");
        std::fs::create_dir_all(folder.join("public")).unwrap();
        std::fs::write(folder.join("index.js"), WORKER).unwrap();
        std::fs::write(folder.join("public/page.html"), "<p>a page</p>").unwrap();
        Self { daemon, folder }
    }

    /// Writes the project's configuration: a name, and what more is said.
    fn project(&self, name: &str, more: Value) {
        let mut all = json!({"name": name, "main": "index.js", "compatibility_date": "2026-01-01"});
        let more = more.as_object().unwrap().clone();
        all.as_object_mut().unwrap().extend(more);
        std::fs::write(self.folder.join("wrangler.json"), all.to_string()).unwrap();
    }

    #[track_caller]
    fn run(&self, line: &str) -> Ran {
        self.run_with(line, "")
    }

    #[track_caller]
    fn run_with(&self, line: &str, stdin: &str) -> Ran {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ran = self.daemon.wrangler(&self.folder, &words, stdin);
        assert_eq!(
            ran.code,
            0,
            "wrangler {line}\n{}\n{}\n{}",
            String::from_utf8_lossy(&ran.stdout),
            ran.stderr,
            self.daemon.log()
        );
        ran
    }

    fn get(&self, host: &str, path: &str) -> Response {
        self.daemon.send(&Request::get(path).header("host", host))
    }

    #[track_caller]
    fn check(&self, host: &str, path: &str, status: u16, text: &str) {
        let answer = self.get(host, path);
        assert_eq!(
            (answer.status, answer.text()),
            (status, text),
            "{host}{path}"
        );
    }
}

#[test]
fn whoami_and_kv() {
    let stage = Stage::new();
    stage.project("none", json!({}));
    let ran = stage.run("whoami");
    assert!(ran.text().contains("edge"), "{ran:?}");
    stage.run("kv namespace create THINGS");
    let list = stage.run("kv namespace list").json();
    assert_eq!(list[0]["title"], "THINGS");
    let id = list[0]["id"].as_str().unwrap();
    let at = format!("--namespace-id {id} --remote");
    stage.run(&format!("kv key put a/b one {at}"));
    let got = stage.run(&format!("kv key get a/b --text {at}"));
    assert_eq!(got.text().trim(), "one");
    let keys = stage.run(&format!("kv key list {at}")).json();
    assert_eq!(keys[0]["name"], "a/b");
    let bulk = json!([{"key": "x", "value": "1"}, {"key": "y", "value": "2"}]);
    std::fs::write(stage.folder.join("bulk.json"), bulk.to_string()).unwrap();
    stage.run(&format!("kv bulk put bulk.json {at}"));
    std::fs::write(stage.folder.join("keys.json"), r#"["x", "a/b"]"#).unwrap();
    let got = stage.run(&format!("kv bulk get keys.json {at}"));
    assert!(got.text().contains("one"), "{got:?}");
    stage.run(&format!("kv bulk delete keys.json --force {at}"));
    stage.run(&format!("kv key delete y {at}"));
    assert_eq!(stage.run(&format!("kv key list {at}")).json(), json!([]));
    stage.run(&format!("kv namespace delete --namespace-id {id} -y"));
    assert_eq!(stage.run("kv namespace list").json(), json!([]));
}

#[test]
fn a_first_deployment_with_everything() {
    let stage = Stage::new();
    stage.project("none", json!({}));
    stage.run("kv namespace create THINGS");
    let list = stage.run("kv namespace list").json();
    let id = list[0]["id"].as_str().unwrap();
    stage.run(&format!("kv key put key kept --namespace-id {id} --remote"));
    let everything = json!({
        "vars": {"GREETING": "hello", "DEEP": {"a": [1]}},
        "kv_namespaces": [{"binding": "KV", "id": id}],
        "assets": {"directory": "public", "binding": "ASSETS"},
        "workers_dev": true,
        "routes": [
            {"pattern": "shop.edge.test/api/*", "zone_name": "edge.test"},
            "*.shop.test/*",
            {"pattern": "app.shop.test", "custom_domain": true},
        ],
        "triggers": {"crons": ["*/5 * * * *"]},
    });
    stage.project("shop", everything);
    stage.run("deploy");
    // By route, by Custom Domain, by default hostname, and by path.
    let url = "worker http://shop.edge.test/api/x?y";
    stage.check("shop.edge.test", "/api/x?y", 200, url);
    stage.check("a.shop.test", "/", 200, "worker http://a.shop.test/");
    stage.check("app.shop.test", "/kv", 200, "kept");
    let told = stage.get("shop.workers.edge.test", "/env").expect(200);
    assert_eq!(told.json(), json!(["hello", {"a": [1]}, null, null]));
    stage.check("shop.workers.edge.test", "/page", 200, "<p>a page</p>");
    stage.check("127.0.0.1", "/shop/kv", 200, "kept");
    stage.check("else.edge.test", "/shop/", 404, "Worker not found");
    let crons = "/client/v4/accounts/edge/workers/scripts/shop/schedules";
    let crons = stage.daemon.api().get(crons).ok();
    assert_eq!(crons["schedules"][0]["cron"], "*/5 * * * *");

    // Secrets.
    stage.run_with("secret put SECRET", "hush");
    let listed = stage.run("secret list").json();
    assert_eq!(listed, json!([{"name": "SECRET", "type": "secret_text"}]));
    std::fs::write(stage.folder.join("s.json"), r#"{"MORE": "1", "GONE": "2"}"#).unwrap();
    stage.run("secret bulk s.json");
    stage.run("secret delete GONE");
    let told = stage.get("app.shop.test", "/env").expect(200);
    assert_eq!(told.json(), json!(["hello", {"a": [1]}, "hush", "1"]));

    // Only what leads to it.
    stage.project(
        "shop",
        json!({
            "workers_dev": false,
            "routes": [{"pattern": "new.edge.test/*", "zone_name": "edge.test"}],
            "triggers": {"crons": []},
        }),
    );
    stage.run("triggers deploy");
    stage.check("new.edge.test", "/", 200, "worker http://new.edge.test/");
    stage.check("a.shop.test", "/", 400, "Invalid path");
    stage.check("shop.workers.edge.test", "/env", 404, "Worker not found");
    stage.check("127.0.0.1", "/shop/kv", 404, "Worker not found");
    let types = stage.run("types");
    assert!(!types.stdout.is_empty());

    stage.run("delete");
    stage.check("new.edge.test", "/", 404, "Worker not found");
    let routes = "/postern/v1/routes";
    assert_eq!(stage.daemon.api().get(routes).ok(), json!([]));
}

#[test]
fn a_secret_makes_the_worker_that_is_missing() {
    let stage = Stage::new();
    stage.project("fresh", json!({}));
    stage.run_with("secret put SECRET", "hush");
    let listed = stage.run("secret list").json();
    assert_eq!(listed[0]["name"], "SECRET");
    let path = "/client/v4/accounts/edge/workers/workers/fresh";
    let worker = stage.daemon.api().get(path).ok();
    assert_eq!(worker["subdomain"]["enabled"], false);
    stage.run("delete --force");
    assert_eq!(stage.daemon.api().get(path).refused().1, 10007);
}

#[test]
fn a_route_of_another_worker_is_not_taken() {
    let stage = Stage::new();
    let routes = json!({"routes": [{"pattern": "x.edge.test/*", "zone_name": "edge.test"}]});
    stage.project("one", routes.clone());
    stage.run("deploy");
    stage.project("two", routes);
    let ran = stage.daemon.wrangler(&stage.folder, &["deploy"], "");
    assert_ne!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("x.edge.test/*"), "{ran:?}");
    stage.check("x.edge.test", "/", 200, "worker http://x.edge.test/");
}

#[test]
fn dispatch_namespaces_and_user_workers() {
    let stage = Stage::new();
    stage.project(
        "tenant",
        json!({"vars": {"GREETING": "hi"}, "assets": {"directory": "public", "binding": "ASSETS"}}),
    );
    stage.run("dispatch-namespace create staging");
    let list = stage.run("dispatch-namespace list");
    assert!(list.text().contains("staging"), "{list:?}");
    stage.run("dispatch-namespace rename staging production");
    let shown = stage.run("dispatch-namespace get production");
    assert!(shown.text().contains("production"), "{shown:?}");
    // Twice: later deployments of user Workers go the same way.
    for _ in 0..2 {
        stage.run("deploy --dispatch-namespace production");
        let told = stage.get("tenant.edge.test", "/env").expect(200);
        assert_eq!(told.json(), json!(["hi", null, null, null]));
        stage.check("tenant.edge.test", "/page", 200, "<p>a page</p>");
    }
    // No Worker outside of namespaces has come of it.
    let plain = "/client/v4/accounts/edge/workers/scripts/tenant";
    let api = stage.daemon.api();
    assert_eq!(api.get(&format!("{plain}/settings")).refused().1, 10007);
    let user = "/client/v4/accounts/edge/workers/dispatch/namespaces/production/scripts/tenant";
    api.delete(user).ok();
    stage.run("dispatch-namespace delete production");
    let deploy = ["deploy", "--dispatch-namespace", "production"];
    let ran = stage.daemon.wrangler(&stage.folder, &deploy, "");
    assert_ne!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("100119"), "{ran:?}");
}

#[test]
fn who_needs_a_worker_is_told_before_it_is_deleted() {
    let stage = Stage::new();
    let source = "export default { fetch: () => new Response('x'), tail() {} };";
    std::fs::write(stage.folder.join("index.js"), source).unwrap();
    stage.project("needed", json!({}));
    stage.run("deploy");
    stage.run("dispatch-namespace create production");
    let outbound = json!({"service": "needed", "parameters": ["tenant"]});
    for (name, uses) in [
        (
            "caller",
            json!({"services": [{"binding": "S", "service": "needed"}]}),
        ),
        (
            "producer",
            json!({"tail_consumers": [{"service": "needed"}]}),
        ),
        (
            "dispatcher",
            json!({"dispatch_namespaces": [
                {"binding": "D", "namespace": "production", "outbound": outbound},
            ]}),
        ),
    ] {
        stage.project(name, uses);
        stage.run("deploy");
    }
    stage.project("needed", json!({}));
    let ran = stage.run("delete");
    let told = format!("{}{}", ran.text(), ran.stderr);
    for use_of_it in [
        "caller (production) uses this Worker as a Service Binding",
        "producer (production) uses this Worker as a Tail Worker",
        "dispatcher (production) uses this Worker as an Outbound Worker for the Dynamic Dispatch Namespace \"production\"",
    ] {
        assert!(told.contains(use_of_it), "{told}");
    }
}

#[test]
fn versions_have_previews() {
    let stage = Stage::new();
    stage.project("w", json!({"workers_dev": true, "preview_urls": true}));
    stage.run("deploy");
    let source = WORKER.replace("worker ", "preview ");
    std::fs::write(stage.folder.join("index.js"), source).unwrap();
    let ran = stage.run("versions upload --preview-alias staging");
    let said = ran.text();
    let address = |what: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(what));
        line.unwrap_or_else(|| panic!("{said}")).trim().to_owned()
    };
    let version = address("Worker Version ID:");
    let host = format!("{}-w.workers.edge.test", &version[..8]);
    assert_eq!(address("Version Preview URL:"), format!("https://{host}"));
    let alias = "staging-w.workers.edge.test";
    assert_eq!(
        address("Version Preview Alias URL:"),
        format!("https://{alias}")
    );
    for host in [&*host, alias] {
        stage.check(host, "/x", 200, &format!("preview http://{host}/x"));
    }
    let host = "w.workers.edge.test";
    stage.check(host, "/x", 200, &format!("worker http://{host}/x"));
    let words = ["versions", "upload", "--preview-alias", "Not"];
    let ran = stage.daemon.wrangler(&stage.folder, &words, "");
    assert_ne!(ran.code, 0, "{ran:?}");
}

#[test]
fn versions_are_found_by_what_a_deployment_says() {
    let stage = Stage::new();
    stage.project("w", json!({"vars": {"GREETING": "hello"}}));
    let told = |said: &str| {
        let line = said
            .lines()
            .find_map(|line| line.strip_prefix("Current Version ID:"));
        line.unwrap_or_else(|| panic!("{said}")).trim().to_owned()
    };
    // The first deployment is an upload of the script, later ones are of versions.
    let first = told(stage.run("deploy").text());
    let second = told(stage.run("deploy").text());
    let listed: Value = serde_json::from_str(stage.run("versions list --json").text()).unwrap();
    let listed = listed.as_array().unwrap().iter();
    let ids: Vec<_> = listed.map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [&*first, &*second]);
    let seen = stage.run(&format!("versions view {first}"));
    assert!(seen.text().contains(&first), "{seen:?}");
    stage.run(&format!("rollback {first} -y"));
    let status = stage.run("deployments status");
    assert!(status.text().contains(&first), "{status:?}");
    stage.run_with("versions secret put KEY", "hush");
    let secrets = stage.run("versions secret list --latest-version");
    assert!(secrets.text().contains("Secret Name: KEY"), "{secrets:?}");
}

#[test]
fn a_token_that_is_none_is_said_to_be() {
    let stage = Stage::new();
    stage.project("w", json!({}));
    for line in ["whoami", "deploy", "kv namespace list"] {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut command = stage.daemon.wrangler_command(&stage.folder, &words);
        command.env("CLOUDFLARE_API_TOKEN", "none");
        let output = command.stdin(Stdio::null()).output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        assert!(!output.status.success(), "{told}");
        assert!(
            told.contains("Authentication error [code: 10000]"),
            "{told}"
        );
        assert!(!told.contains("error handler also failed"), "{told}");
    }
}

#[test]
fn what_there_is_not_is_named() {
    let stage = Stage::new();
    for (line, feature) in [
        ("d1 create things", "D1"),
        ("d1 info things", "D1 databases:"),
        ("d1 execute things --remote --command select", "D1"),
        ("r2 object get things/key --remote", "R2 buckets:"),
        ("r2 bucket create things", "R2"),
        ("queues create things", "Queues"),
        ("queues list", "Queues"),
        ("vectorize list", "Vectorize"),
        ("hyperdrive list", "Hyperdrive"),
        ("workflows list", "Workflows"),
        ("pipelines list", "Pipelines"),
        ("secrets-store store list --remote", "Secrets Store"),
        ("mtls-certificate list", "mTLS certificates"),
        ("ai models", "Workers AI"),
        ("pages project list", "Pages"),
        ("artifacts namespaces list", "Artifacts"),
        ("k2 streams list", "K2"),
    ] {
        stage.project("none", json!({}));
        let words: Vec<&str> = line.split_whitespace().collect();
        let ran = stage.daemon.wrangler(&stage.folder, &words, "");
        assert_ne!(ran.code, 0, "{ran:?}");
        let told = format!("{}{}", String::from_utf8_lossy(&ran.stdout), ran.stderr);
        assert!(
            told.contains(feature) && told.contains("not supported"),
            "{told}"
        );
    }
}
