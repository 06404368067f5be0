//! Workers outside of dispatch namespaces at the edge and on the command line.

use postern_e2e::api::{ACCOUNT, Api};
use postern_e2e::eventually;
use postern_e2e::guests::hello;
use postern_e2e::{Daemon, Form, Ran, Request, Setup};
use rustix::process::Signal;
use serde_json::{Value, json};

fn path(rest: &str) -> String {
    format!("{ACCOUNT}/workers/{rest}")
}

/// Pushes what answers with its own name.
fn push(api: &Api, name: &str) {
    let form = Form::new()
        .metadata(&json!({"main_module": "main.wasm"}))
        .wasm("main.wasm", &hello(name));
    api.form("PUT", &path(&format!("scripts/{name}")), form)
        .ok();
}

fn javascript_form(source: &str, bindings: Value) -> Form {
    let metadata =
        json!({"main_module": "w.js", "compatibility_date": "2026-01-01", "bindings": bindings});
    let kind = Some("application/javascript+module");
    Form::new()
        .metadata(&metadata)
        .part("w.js", Some("w.js"), kind, source)
}

fn javascript(api: &Api, at: &str, source: &str, bindings: Value) {
    api.form("PUT", at, javascript_form(source, bindings)).ok();
}

fn routes(api: &Api, name: &str, patterns: Value) {
    api.json("PUT", &path(&format!("scripts/{name}/routes")), &patterns)
        .ok();
}

fn domain(api: &Api, name: &str, hostname: &str) {
    let body = json!({"hostname": hostname, "service": name});
    api.json("PUT", &path("domains"), &body).ok();
}

fn switch(api: &Api, name: &str, on: bool) {
    let at = path(&format!("scripts/{name}/subdomain"));
    api.json("POST", &at, &json!({"enabled": on})).ok();
}

#[track_caller]
fn check(daemon: &Daemon, host: &str, target: &str, expect: (u16, &str)) {
    let response = daemon.send(&Request::get(target).header("host", host));
    assert_eq!(
        (response.status, response.text()),
        expect,
        "{host} {target}"
    );
}

#[test]
fn routes_come_before_domains_before_defaults_before_modes() {
    let mut daemon = Setup::new()
        .routing("zone = 'edge.test'\n[routing.hostnames]\n'www.edge.test' = 'user'")
        .start();
    let api = daemon.api();
    api.production();
    api.push("user", &hello("user"), &json!({}));
    for name in ["route", "narrow", "domain", "default", "user"] {
        push(&api, name);
    }
    let found = |daemon: &Daemon| {
        check(daemon, "www.edge.test", "/", (200, "route"));
        check(daemon, "WWW.edge.test.:8080", "/a", (200, "route"));
        check(daemon, "www.edge.test", "/a/b?c", (200, "narrow"));
        check(daemon, "www.edge.test", "/off", (200, "domain"));
        check(daemon, "www.edge.test", "/off?", (200, "route"));
        check(daemon, "default.postern.edge.test", "/", (200, "default"));
        check(
            daemon,
            "route.postern.edge.test",
            "/",
            (404, "Worker not found"),
        );
        check(
            daemon,
            "none.postern.edge.test",
            "/",
            (404, "Worker not found"),
        );
        check(
            daemon,
            "default.postern.edge.test.evil",
            "/",
            (400, "Invalid path"),
        );
        check(daemon, "user.edge.test", "/", (200, "user"));
        // By path, the namespace's Worker first, then one that is switched on.
        check(daemon, "127.0.0.1", "/default/", (200, "default"));
        check(daemon, "127.0.0.1", "/user/", (200, "user"));
        check(daemon, "127.0.0.1", "/route/", (404, "Worker not found"));
        check(
            daemon,
            "127.0.0.1",
            "/(account)/",
            (404, "Worker not found"),
        );
    };
    check(&daemon, "www.edge.test", "/", (200, "user"));
    routes(&api, "route", json!(["www.edge.test/*"]));
    routes(
        &api,
        "narrow",
        json!(["*.edge.test/a/*", "www.edge.test/a/*"]),
    );
    let zone = api.get("/client/v4/zones?name=edge.test").ok();
    let zone = zone[0]["id"].as_str().unwrap();
    let off = json!({"pattern": "www.edge.test/off"});
    api.json(
        "POST",
        &format!("/client/v4/zones/{zone}/workers/routes"),
        &off,
    )
    .ok();
    domain(&api, "domain", "www.edge.test");
    switch(&api, "default", true);
    found(&daemon);
    // What was acknowledged is there after a power cut.
    daemon.kill9();
    daemon.start();
    found(&daemon);
    // An absolute target names the host.
    let request = Request::get("http://www.edge.test/a/x").header("host", "else.test");
    assert_eq!(daemon.send(&request).text(), "narrow");
    let api = daemon.api();
    api.delete(&path("scripts/route")).ok();
    check(&daemon, "www.edge.test", "/", (200, "domain"));
    api.delete(&path("scripts/domain")).ok();
    check(&daemon, "www.edge.test", "/", (200, "user"));
}

#[test]
fn the_scheme_is_what_the_edge_says() {
    let daemon = Setup::new().edge("scheme = 'https'").start();
    let api = daemon.api();
    push(&api, "a");
    push(&api, "b");
    routes(&api, "a", json!(["https://x.test/*"]));
    routes(&api, "b", json!(["http://x.test/long/path/*"]));
    check(&daemon, "x.test", "/long/path/", (200, "a"));
}

#[test]
fn user_workers_see_those_outside_that_they_are_bound_to() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    let ask = "export default { async fetch(request, env) {
        const answer = await env.INNER.fetch(request);
        return new Response(`${answer.status} ${await answer.text()}`);
    } };";
    let bindings = json!([{"type": "service", "name": "INNER", "service": "inner"}]);
    let user = path("dispatch/namespaces/production/scripts/user");
    // One that is not there is not bound to, here or there.
    for at in [&path("scripts/plain"), &user] {
        let form = javascript_form(ask, bindings.clone());
        let (status, code, message) = api.form("PUT", at, form).refused();
        assert_eq!((status, code), (400, 10143), "{message}");
        let told = "Could not resolve service binding 'INNER'. Target script 'inner' not found.";
        assert!(message.starts_with(told), "{message}");
    }
    let inner = "import { WorkerEntrypoint } from 'cloudflare:workers';
    export default { fetch: () => new Response('inner') };
    export class Named extends WorkerEntrypoint {
        fetch() { return new Response(this.ctx.props.tenant); }
        hello(name) { return `${this.ctx.props.tenant} ${name}`; }
    }";
    javascript(&api, &path("scripts/inner"), inner, json!([]));
    javascript(&api, &path("scripts/plain"), ask, bindings.clone());
    switch(&api, "plain", true);
    assert_eq!(daemon.get("/plain/").expect(200).text(), "200 inner");
    // Whoever has a token for the namespace alone reaches nothing outside of it.
    let scoped = [
        "token",
        "create",
        "--remote",
        "--role",
        "deploy",
        "--namespace",
        "production",
    ];
    let scoped = daemon.cli(&scoped).expect(0).text().trim().to_owned();
    let tenant = daemon.api().with_token(&scoped);
    let form = javascript_form(ask, bindings.clone());
    assert_eq!(tenant.form("PUT", &user, form).refused().1, 10143);
    javascript(&api, &user, ask, bindings.clone());
    assert_eq!(daemon.get("/user/").expect(200).text(), "200 inner");
    // What the operator gave stays.
    let form = javascript_form(ask, json!([{"type": "inherit", "name": "INNER"}]));
    tenant.form("PUT", &user, form).ok();
    tenant
        .form("PUT", &user, javascript_form(ask, bindings))
        .ok();
    assert_eq!(daemon.get("/user/").expect(200).text(), "200 inner");
    let named = json!([{"type": "service", "name": "INNER", "service": "inner", "entrypoint": "Named",
        "props": {"tenant": "one"}}]);
    let calls = "export default { async fetch(request, env) {
        return new Response(await (await env.INNER.fetch(request)).text() + ' ' + await env.INNER.hello('you'));
    } };";
    javascript(&api, &user, calls, named);
    let bound = api.get(&format!("{user}/bindings")).ok();
    assert_eq!(
        (&bound[0]["service"], &bound[0]["entrypoint"]),
        (&json!("inner"), &json!("Named"))
    );
    assert_eq!(daemon.get("/user/").expect(200).text(), "one one you");
    // One of the same namespace comes first.
    javascript(
        &api,
        &path("dispatch/namespaces/production/scripts/inner"),
        "export default { fetch: () => new Response('theirs') };",
        json!([]),
    );
    let form = javascript_form(
        ask,
        json!([{"type": "service", "name": "INNER", "service": "inner"}]),
    );
    api.form("PUT", &user, form).ok();
    assert_eq!(daemon.get("/user/").expect(200).text(), "200 theirs");
}

#[test]
fn workers_outside_share_a_default_cache() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    // Their own default cache, which user Workers do not have.
    let cache = "export default { async fetch() {
        const key = 'http://key.test/';
        if (!caches.default) return new Response('no cache');
        const kept = await caches.default.match(key);
        if (kept) return kept;
        await caches.default.put(key, new Response('kept', { headers: { 'cache-control': 'max-age=60' } }));
        return new Response('put');
    } };";
    for name in ["one", "two"] {
        javascript(&api, &path(&format!("scripts/{name}")), cache, json!([]));
        switch(&api, name, true);
    }
    assert_eq!(daemon.get("/one/").expect(200).text(), "put");
    assert_eq!(daemon.get("/two/").expect(200).text(), "kept");
}

#[test]
fn hosts_and_targets_that_are_hostile() {
    let daemon = Setup::new().routing("zone = 'edge.test'").start();
    let api = daemon.api();
    for name in ["a", "x-a"] {
        push(&api, name);
        switch(&api, name, true);
    }
    routes(&api, "a", json!(["*.shop.test/*", "shop.test/only"]));
    for host in [
        "shop.test",
        "evilshop.test",
        "a.shop.test.evil",
        "-a.postern.edge.test",
        "a-.postern.edge.test",
        "--a.postern.edge.test",
        "00000000-a.postern.edge.test",
        "00000000-x-a.postern.edge.test",
        "a.b.postern.edge.test",
        "postern.edge.test",
        "xn--a.postern.edge.test",
    ] {
        let answer = daemon.send(&Request::get("/nothing").header("host", host));
        assert!(
            answer.status == 404 || answer.status == 400,
            "{host}: {answer:?}"
        );
    }
    check(&daemon, "shop.test", "/only", (200, "a"));
    check(&daemon, "shop.test", "/only/", (404, "Worker not found"));
    check(&daemon, "shop.test", "/%6fnly", (404, "Worker not found"));
    check(&daemon, "shop.test", "//only", (400, "Invalid path"));
    check(&daemon, "x-a.postern.edge.test", "/", (200, "x-a"));
    let long = format!("{}.shop.test", "y".repeat(64));
    let answer = daemon.send(&Request::get("/").header("host", &long));
    assert_eq!(answer.status, 400);
    let target = format!("/{}", "z".repeat(17_000));
    let answer = daemon.send(&Request::get(&target).header("host", "q.shop.test"));
    assert_eq!(answer.status, 414);
}

#[test]
fn the_command_line_has_routes_and_domains() {
    let daemon = Setup::new().routing("zone = 'edge.test'").start();
    let run = |line: &str| -> Ran { daemon.cli(&line.split_whitespace().collect::<Vec<_>>()) };
    for name in ["a", "b"] {
        std::fs::write(daemon.dir().join(format!("{name}.wasm")), hello(name)).unwrap();
        let ran = run(&format!("push {name}.wasm")).expect(0);
        let told = ran.text();
        let url = format!("http://{name}.postern.edge.test:{}/", daemon.edge().port());
        assert!(told.starts_with(&format!("pushed {name} (")), "{told}");
        assert!(told.contains(&url), "{told}");
    }
    let list = run("list").expect(0);
    assert!(list.text().contains("NAME"), "{}", list.text());
    assert!(run("routes list").expect(0).text().contains("no routes"));
    let put = run("routes put x.test/* a").expect(0);
    assert_eq!(put.text(), "x.test/* leads to a\n");
    check(&daemon, "x.test", "/", (200, "a"));
    run("routes put x.test/* b").expect(0);
    check(&daemon, "x.test", "/", (200, "b"));
    run("routes put *.x.test/* a").expect(0);
    run("routes put x.test/off").expect(0);
    check(&daemon, "x.test", "/off", (404, "Worker not found"));
    let told = run("routes list --json").expect(0).json();
    assert_eq!(told.as_array().unwrap().len(), 3);
    let table = run("routes list").expect(0);
    assert!(table.text().contains("(none)"), "{}", table.text());
    run("routes delete x.test/off").expect(0);
    check(&daemon, "x.test", "/off", (200, "b"));
    let id = told[0]["id"].as_str().unwrap();
    run(&format!("routes delete {id}")).expect(0);
    let none = run("routes delete none.test/").expect(1);
    assert!(
        none.stderr.contains("postern routes list"),
        "{}",
        none.stderr
    );
    let bad = run("--json routes put *.jpg/*.jpg a").expect(1);
    assert_eq!(bad.error()["errors"][0]["code"], 10022);
    run("routes put x.test/y none").expect(1);

    run("domains put app.test a").expect(0);
    check(&daemon, "app.test", "/any", (200, "a"));
    run("domains put app.test b").expect(0);
    let told = run("domains list --json").expect(0).json();
    assert_eq!(told[0]["service"], "b");
    assert!(run("domains list").expect(0).text().contains("app.test"));
    run("domains delete app.test").expect(0);
    run("domains delete app.test").expect(1);
    run("domains put *.app.test a").expect(1);

    run("delete --tag x").expect(2);
    run("delete a").expect(0);
    run("delete a").expect(1);
    check(
        &daemon,
        "a.postern.edge.test",
        "/",
        (404, "Worker not found"),
    );
}

#[test]
fn a_push_of_a_project_sets_its_entrances() {
    let daemon = Setup::new().routing("zone = 'edge.test'").start();
    let folder = daemon.dir().join("project");
    std::fs::create_dir(&folder).unwrap();
    let source = "export default { fetch: () => new Response('here') };";
    std::fs::write(folder.join("index.js"), source).unwrap();
    let write = |more: &str| {
        let text =
            format!("name = 'here'\nmain = 'index.js'\ncompatibility_date = '2026-01-01'\n{more}");
        std::fs::write(folder.join("wrangler.toml"), text).unwrap();
    };
    let folder = folder.to_str().unwrap();
    let here = (200, "here");
    let nowhere = (404, "Worker not found");
    write(
        "routes = ['r.test/*', { pattern = 'd.test', custom_domain = true }, { pattern = 'z.test/*', zone_name = 'z.test' }]",
    );
    let ran = daemon.cli(&["push", folder]).expect(0);
    assert_eq!(ran.stderr, "");
    assert!(ran.text().contains("http://d.test:"), "{}", ran.text());
    for host in ["r.test", "d.test", "z.test"] {
        check(&daemon, host, "/", here);
    }
    check(&daemon, "here.postern.edge.test", "/", nowhere);
    // Without the key routes stay; an empty list removes them.
    write("workers_dev = true");
    daemon.cli(&["push", folder]).expect(0);
    check(&daemon, "r.test", "/", here);
    check(&daemon, "here.postern.edge.test", "/", here);
    write("routes = []\nworkers_dev = false\npreview_urls = false");
    daemon.cli(&["push", folder]).expect(0);
    check(&daemon, "r.test", "/here/", nowhere);
    check(&daemon, "here.postern.edge.test", "/", nowhere);
    write("routes = [{ zone_name = 'z.test' }]");
    let wrong = daemon.cli(&["push", folder]).expect(1);
    assert!(
        wrong.stderr.contains("routes[0].pattern"),
        "{}",
        wrong.stderr
    );
    // In a dispatch namespace they mean nothing, which is said.
    write("route = 'r.test/*'");
    daemon.cli(&["namespace", "create", "production"]).expect(0);
    let ran = daemon
        .cli(&["push", folder, "--namespace", "production"])
        .expect(0);
    assert!(ran.stderr.contains("`routes`"), "{}", ran.stderr);
}

#[test]
fn default_hostnames_follow_the_configuration() {
    let with = |label: &str| {
        Setup::new().routing(&format!(
            "zone = 'edge.test'\naccount-subdomain = '{label}'"
        ))
    };
    let mut daemon = with("one").start();
    push(&daemon.api(), "a");
    switch(&daemon.api(), "a", true);
    check(&daemon, "a.one.edge.test", "/", (200, "a"));
    let subdomain = |daemon: &Daemon| daemon.api().get(&path("subdomain")).ok();
    assert_eq!(subdomain(&daemon), json!({"subdomain": "one"}));
    daemon.reconfigure(with("Two"));
    daemon.signal(Signal::HUP);
    eventually("the new subdomain holds", || {
        let request = Request::get("/").header("host", "a.two.edge.test");
        (daemon.send(&request).status == 200).then_some(())
    });
    check(&daemon, "a.one.edge.test", "/a/", (200, "a"));
    check(&daemon, "a.one.edge.test", "/", (400, "Invalid path"));
    assert_eq!(subdomain(&daemon), json!({"subdomain": "two"}));
}

#[test]
fn a_routing_table_leads_to_no_worker_outside_of_namespaces() {
    let daemon = Setup::new().routing("kv-namespace = 'ROUTES'").start();
    let api = daemon.api();
    api.production();
    let id = api.kv_namespace("ROUTES");
    push(&api, "hidden");
    for (host, value) in [
        ("a.test", "(account)/hidden"),
        ("b.test", "/hidden"),
        ("c.test", "hidden"),
    ] {
        api.kv_put(&id, host, value.as_bytes());
        let answer = daemon.send(&Request::get("/hidden/").header("host", host));
        assert_eq!(answer.status, 404, "{host}");
    }
}
