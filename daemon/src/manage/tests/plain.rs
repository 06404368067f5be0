//! Workers outside of dispatch namespaces, their routes, Custom Domains and default hostnames.

use super::*;
use crate::catalog::entrances::{Address, Found, zone_id};
use crate::catalog::name::ACCOUNT;

impl Desk {
    fn plain(&self, script: &str, metadata: Value) -> Value {
        let path = format!("{P}/scripts/{script}?excludeScript=true&bindings_inherit=strict");
        let (status, json) = self.form("PUT", &path, &[meta(&metadata), wasm("main.wasm")]);
        assert_eq!(status, 200, "{json}");
        json["result"].clone()
    }

    /// The name of the Worker that answers at a URL by an entrance.
    fn at(&self, url: &str) -> Option<String> {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (before, query) = rest
            .split_once('?')
            .map_or((rest, None), |(a, b)| (a, Some(b)));
        let (host, path) = before.split_at(before.find('/').unwrap());
        let address = Address {
            is_https: scheme == "https",
            host,
            path,
            has_query: query.is_some(),
        };
        match self.manage.catalog.entrance(&address) {
            Found::Deployed(deployed) => Some(deployed.worker()?.spec.script.to_string()),
            Found::Missing => Some("missing".to_owned()),
            Found::Starting => Some("starting".to_owned()),
            Found::Elsewhere => None,
        }
    }

    fn zone(&self, name: &str) -> String {
        let zones = self.result(
            "GET",
            &format!("/client/v4/zones?name={name}&account.id=edge"),
            Value::Null,
        );
        zones[0]["id"].as_str().unwrap().to_owned()
    }
}

fn simple() -> Value {
    json!({"main_module": "main.wasm"})
}

#[test]
fn the_same_calls_as_for_user_workers() {
    let desk = Desk::new();
    let pushed = desk.plain("hello", json!({"main_module": "main.wasm", "tags": ["a"]}));
    assert_eq!(pushed["deployment_id"].as_str().unwrap().len(), 32);
    assert_eq!(pushed["dispatch_namespace"], Value::Null);
    let s = |rest: &str| format!("{P}/scripts/hello{rest}");
    let secret = json!({"name": "S", "text": "v", "type": "secret_text"});
    desk.result("PUT", &s("/secrets"), secret);
    let shown = json!({"name": "S", "type": "secret_text"});
    assert_eq!(
        desk.result("GET", &s("/secrets"), Value::Null),
        json!([shown])
    );
    let bulk =
        json!({"secrets": {"S": null, "T": {"name": "T", "text": "w", "type": "secret_text"}}});
    desk.result("PATCH", &s("/secrets-bulk"), bulk);
    assert_eq!(
        desk.result("GET", &s("/bindings"), Value::Null),
        json!([{"name": "T", "type": "secret_text"}])
    );
    desk.result("DELETE", &s("/secrets/T?url_encoded=true"), Value::Null);
    assert_eq!(desk.result("PUT", &s("/tags"), json!(["x"])), json!(["x"]));
    desk.result("PUT", &s("/tags/y"), Value::Null);
    desk.result("DELETE", &s("/tags/x"), Value::Null);
    assert_eq!(
        desk.result("GET", &s("/settings"), Value::Null)["tags"],
        json!(["y"])
    );
    let (status, json) = desk.form(
        "PATCH",
        &s("/settings"),
        &[part("settings", r#"{"limits": {"cpu_ms": 9}}"#)],
    );
    assert_eq!(
        (status, &json["result"]["limits"]["cpu_ms"]),
        (200, &json!(9))
    );
    let (status, json) = desk.form("PUT", &s("/content"), &[meta(&simple()), wasm("main.wasm")]);
    assert_eq!(status, 200, "{json}");
    for raw in ["", "/content", "/content/v2"] {
        let got = desk.send("GET", &s(raw), None, b"");
        assert!(got.content_type.starts_with("multipart/form-data"), "{raw}");
    }
    desk.result("GET", &s("/schedules"), Value::Null);
    let begun = desk.result(
        "POST",
        &s("/assets-upload-session"),
        json!({"manifest": {}}),
    );
    assert_eq!(begun["buckets"], json!([]));
    let list = desk.result("GET", &format!("{P}/scripts"), Value::Null);
    assert_eq!(list[0]["id"], "hello");
    for page in ["2", "3"] {
        let path = format!("{P}/scripts?page={page}");
        assert_eq!(desk.result("GET", &path, Value::Null), json!([]));
    }
    // It is in no dispatch namespace, and those do not show it.
    assert_eq!(desk.refused("GET", D, Value::Null), (404, 10092));
    let namespaces = desk.result("GET", NS, Value::Null);
    assert_eq!(namespaces.as_array().unwrap().len(), 1);
    let catalog = &desk.manage.catalog;
    assert!(catalog.namespace(ACCOUNT).unwrap().trusted_workers);
}

#[test]
fn the_namespace_of_plain_workers_is_none_of_dispatch() {
    let desk = Desk::new();
    desk.plain("hello", simple());
    for name in ["(account)", "%28account%29"] {
        for (method, rest) in [
            ("GET", ""),
            ("PUT", ""),
            ("DELETE", ""),
            ("GET", "/scripts"),
            ("DELETE", "/scripts?tags=a:yes"),
            ("DELETE", "/scripts/hello"),
            ("GET", "/scripts/hello/bindings"),
        ] {
            let path = format!("{NS}/{name}{rest}");
            let refused = desk.refused(method, &path, json!({"name": "mine"}));
            assert_eq!(refused, (404, 100119), "{method} {path}");
        }
    }
    assert_eq!(
        desk.refused("POST", NS, json!({"name": "(account)"})),
        (400, 10016)
    );
    assert_eq!(
        desk.refused(
            "PUT",
            &format!("{NS}/production"),
            json!({"name": "(account)"})
        ),
        (400, 10016)
    );
    let logs = "/postern/v1/logs/(account)/hello";
    assert_eq!(desk.refused("GET", logs, Value::Null), (404, 100119));
    desk.result("GET", &format!("{P}/services/hello"), Value::Null);
}

#[test]
fn what_wrangler_asks_around_a_deployment() {
    let desk = Desk::new();
    for (path, code) in [
        ("services/w", 10090),
        ("services/w/environments/production/bindings", 10007),
        ("services/w/environments/production/other", 10090),
        ("scripts/w/deployments", 10007),
        ("scripts/w/versions", 10007),
        ("scripts/w/script-settings", 10007),
        ("scripts/w/subdomain", 10007),
        ("scripts/w/references", 10007),
        ("workers/w", 10007),
        ("workers/w/versions/latest", 10007),
    ] {
        let refused = desk.refused("GET", &format!("{P}/{path}"), Value::Null);
        assert_eq!(refused, (404, code), "{path}");
    }
    desk.plain("w", simple());
    let service = desk.result("GET", &format!("{P}/services/w"), Value::Null);
    let script = &service["default_environment"]["script"];
    assert_eq!(script["last_deployed_from"], "wrangler");
    assert_eq!(script["id"], "w");
    desk.result(
        "GET",
        &format!("{P}/services/w/environments/production"),
        Value::Null,
    );
    let staging = format!("{P}/services/w/environments/staging");
    assert_eq!(desk.refused("GET", &staging, Value::Null), (404, 10090));
    let worker = desk.result("GET", &format!("{P}/workers/w"), Value::Null);
    assert_eq!(
        worker["subdomain"],
        json!({"enabled": false, "previews_enabled": false})
    );
    let id = worker["id"].as_str().unwrap();
    assert_eq!(
        desk.result("GET", &format!("{P}/workers/{id}"), Value::Null),
        worker
    );

    // Labels are no version: the Worker goes on as it is.
    let version = |desk: &Desk| desk.manage.catalog.script(ACCOUNT, "w").unwrap().1.version;
    let before = version(&desk);
    let path = format!("{P}/scripts/w/script-settings");
    let said = json!({
        "tags": ["a"], "logpush": true, "observability": {"enabled": true},
        "tail_consumers": null, "bindings": [{"type": "nonsense"}],
    });
    let labels = desk.result("PATCH", &path, said);
    assert_eq!(labels["observability"], json!({"enabled": true}));
    assert_eq!(
        (&labels["tags"], &labels["logpush"]),
        (&json!(["a"]), &json!(true))
    );
    assert_eq!(desk.result("GET", &path, Value::Null), labels);
    assert_eq!(version(&desk), before);
    assert_eq!(desk.refused("PATCH", &path, json!([])).0, 400);
    assert_eq!(
        desk.refused("PATCH", &path, json!({"tags": ["a,b"]})).0,
        400
    );

    // Without a word of it observability is off.
    desk.plain("quiet", simple());
    let quiet = format!("{P}/scripts/quiet/settings");
    let settings = desk.result("GET", &quiet, Value::Null);
    assert_eq!(settings["observability"], json!({"enabled": false}));

    let bound = json!({"main_module": "main.wasm", "bindings": [{"type": "service", "name": "W", "service": "w"}]});
    desk.plain("other", bound);
    let references = desk.result("GET", &format!("{P}/scripts/w/references"), Value::Null);
    assert_eq!(references["services"]["incoming"][0]["service"], "other");
    let tails = format!("{P}/tails/by-consumer/w");
    assert_eq!(desk.result("GET", &tails, Value::Null), json!([]));
    let objects = format!("{P}/durable_objects/namespaces?per_page=1000&page=1");
    assert_eq!(desk.result("GET", &objects, Value::Null), json!([]));
    let gentle = format!("{P}/services/w?force=false");
    assert_eq!(desk.refused("DELETE", &gentle, Value::Null), (400, 10064));
    desk.result("DELETE", &format!("{P}/services/w?force=true"), Value::Null);
    assert_eq!(desk.refused("DELETE", &gentle, Value::Null), (404, 10090));
    let gone = format!("{P}/scripts/w");
    assert_eq!(desk.refused("DELETE", &gone, Value::Null), (404, 10007));
}

#[test]
fn routes_lead_to_workers_and_survive_a_restart() {
    let desk = Desk::new();
    desk.plain("a", simple());
    desk.plain("b", simple());
    let zone = desk.zone("edge.test");
    assert_eq!(desk.zone("EDGE.test"), zone);
    let routes = format!("/client/v4/zones/{zone}/workers/routes");
    let put = |script: &str, list: Value| {
        desk.result("PUT", &format!("{P}/scripts/{script}/routes"), list)
    };
    let set = put(
        "a",
        json!([{"pattern": "edge.test/*", "zone_name": "edge.test"}, "*.edge.test/a/*"]),
    );
    assert_eq!(set.as_array().unwrap().len(), 2);
    let body = json!({"pattern": "edge.test/b*", "script": "b"});
    let made = desk.result("POST", &routes, body);
    let off = json!({"pattern": "edge.test/off"});
    desk.result("POST", &routes, off);
    assert_eq!(desk.at("http://edge.test/").as_deref(), Some("a"));
    assert_eq!(desk.at("http://edge.test/bc?d").as_deref(), Some("b"));
    assert_eq!(desk.at("http://edge.test/off"), None);
    assert_eq!(desk.at("http://edge.test/off?x").as_deref(), Some("a"));
    assert_eq!(desk.at("http://x.edge.test/a/").as_deref(), Some("a"));
    assert_eq!(desk.at("http://x.edge.test/"), None);

    let list = desk.result("GET", &routes, Value::Null);
    assert_eq!(list.as_array().unwrap().len(), 4);
    let page = format!("{routes}?page=2");
    assert_eq!(desk.result("GET", &page, Value::Null), json!([]));
    let parent = format!("/client/v4/zones/{}/workers/routes", desk.zone("test"));
    assert_eq!(
        desk.result("GET", &parent, Value::Null)
            .as_array()
            .unwrap()
            .len(),
        4
    );
    let other = format!("/client/v4/zones/{}/workers/routes", desk.zone("else.test"));
    assert_eq!(desk.result("GET", &other, Value::Null), json!([]));

    let id = made["id"].as_str().unwrap();
    let one = format!("{routes}/{id}");
    assert_eq!(desk.result("GET", &one, Value::Null), made);
    desk.result(
        "PUT",
        &one,
        json!({"pattern": "edge.test/c*", "script": "b"}),
    );
    assert_eq!(desk.at("http://edge.test/c").as_deref(), Some("b"));
    assert_eq!(desk.at("http://edge.test/b").as_deref(), Some("a"));
    assert_eq!(
        desk.refused("GET", &format!("{other}/{id}"), Value::Null).0,
        404
    );

    // Replacing keeps what stays, and touches no other Worker's.
    let again = put("a", json!(["edge.test/*"]));
    assert_eq!(again[0]["id"], set[0]["id"]);
    assert_eq!(desk.at("http://x.edge.test/a/"), None);
    let dir = desk.dir;
    drop(desk.manage);
    let catalog = open(dir.path(), &TestRuntime::new("build-1"));
    assert_eq!(catalog.routes().unwrap().len(), 3);
    let address = Address {
        is_https: false,
        host: "edge.test",
        path: "/c",
        has_query: false,
    };
    assert!(matches!(catalog.entrance(&address), Found::Deployed(_)));
    // With a Worker go its routes.
    block_on(catalog.delete_script(ACCOUNT, "b")).unwrap();
    block_on(catalog.delete_script(ACCOUNT, "a")).unwrap();
    assert!(matches!(catalog.entrance(&address), Found::Elsewhere));
    assert_eq!(catalog.routes().unwrap().len(), 1);
}

#[test]
fn routes_that_cannot_be() {
    let desk = Desk::new();
    desk.plain("a", simple());
    desk.plain("b", simple());
    let zone = desk.zone("edge.test");
    let routes = format!("/client/v4/zones/{zone}/workers/routes");
    let post = |pattern: &str, script: Value| {
        desk.refused(
            "POST",
            &routes,
            json!({"pattern": pattern, "script": script}),
        )
    };
    for pattern in [
        "",
        "*.",
        "edge.test/*.jpg",
        "edge.test/?a",
        "a.*.edge.test/",
        "ftp://edge.test/",
        "edge.test:80/",
        "edge.test/\u{0}",
    ] {
        assert_eq!(post(pattern, json!("a")), (400, 10022), "{pattern:?}");
    }
    for pattern in ["else.test/*", "*test/", "notedge.test/"] {
        assert_eq!(post(pattern, json!("a")), (400, 10022), "{pattern:?}");
    }
    assert_eq!(post("edge.test/", json!("none")), (404, 10007));
    assert_eq!(post("edge.test/", json!("(account)/a")), (404, 10007));
    assert_eq!(post("edge.test/", json!(7)).0, 400);
    desk.result(
        "POST",
        &routes,
        json!({"pattern": "edge.test", "script": "a"}),
    );
    for same in ["edge.test/", "EDGE.test"] {
        assert_eq!(post(same, json!("b")), (400, 10020), "{same}");
    }
    let put = |list: Value| desk.refused("PUT", &format!("{P}/scripts/b/routes"), list);
    assert_eq!(put(json!(["edge.test/"])), (400, 10020));
    assert_eq!(put(json!(["x.test/", "x.test"])), (400, 10020));
    assert_eq!(
        put(json!([{"pattern": "x.test/", "zone_name": "y.test"}])),
        (400, 10022)
    );
    assert_eq!(
        put(json!([{"pattern": "x.test/", "zone_id": "0"}])),
        (400, 10022)
    );
    assert_eq!(put(json!([{"zone_id": "0"}])), (400, 10026));
    assert_eq!(put(json!({})).0, 400);
    let many: Vec<_> = (0..1001).map(|n| format!("x{n}.test/")).collect();
    assert_eq!(put(json!(many)).0, 403);
    assert_eq!(put(json!(many[..1000])).0, 403);
    desk.result("PUT", &format!("{P}/scripts/b/routes"), json!(many[..999]));
    assert_eq!(post("one.more.edge.test/", json!("a")).0, 403);
    let wide = format!("{P}/scripts/b/routes");
    let all = json!([{"pattern": "*/*", "zone_name": "edge.test"}]);
    let set = desk.result("PUT", &wide, all);
    assert_eq!(desk.at("http://any.where/").as_deref(), Some("b"));
    let list = desk.result("GET", &routes, Value::Null);
    let there = list
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["pattern"] == "*/*");
    assert_eq!(there.unwrap()["zone_id"], zone);
    assert_eq!(post("*/*", json!("a")), (400, 10020));
    let one = format!("{routes}/{}", set[0]["id"].as_str().unwrap());
    desk.result("DELETE", &one, Value::Null);
    assert_eq!(desk.at("http://any.where/"), None);
    let missing = format!("{P}/scripts/none/routes");
    assert_eq!(desk.refused("PUT", &missing, json!([])), (404, 10007));
    for zone in ["x", "%2e%2e", "0000"] {
        let path = format!("/client/v4/zones/{zone}/workers/routes");
        assert_eq!(desk.result("GET", &path, Value::Null), json!([]));
        assert_eq!(
            desk.refused("POST", &path, json!({"pattern": "edge.test/x"})),
            (400, 10022)
        );
    }
    for name in ["a b", "..", "-", "a/b", &"x".repeat(300)] {
        let path = format!("/client/v4/zones?name={}", name.replace(' ', "%20"));
        assert_eq!(desk.result("GET", &path, Value::Null), json!([]));
    }
}

#[test]
fn custom_domains_belong_to_one_worker() {
    let desk = Desk::new();
    desk.plain("a", simple());
    desk.plain("b", simple());
    let domains = format!("{P}/domains");
    let set = |script: &str, body: Value| {
        let path = format!("{P}/scripts/{script}/domains/records");
        desk.check("PUT", &path, body)
    };
    let scope = |origins: Value, takes: bool| json!({"override_scope": true, "override_existing_origin": takes, "override_existing_dns_record": false, "origins": origins});
    let (status, _) = set(
        "a",
        scope(
            json!([{"hostname": "App.edge.test"}, {"hostname": "two.edge.test", "zone_name": "edge.test"}]),
            false,
        ),
    );
    assert_eq!(status, 200);
    assert_eq!(desk.at("https://app.edge.test/x?y").as_deref(), Some("a"));
    let change = |script: &str, origins: Value| {
        let path = format!("{P}/scripts/{script}/domains/changeset?replace_state=true");
        desk.result("POST", &path, origins)
    };
    let told = change(
        "a",
        json!([{"hostname": "app.edge.test"}, {"hostname": "new.edge.test"}]),
    );
    assert_eq!(told["added"][0]["hostname"], "new.edge.test");
    assert_eq!(told["removed"][0]["hostname"], "two.edge.test");
    assert_eq!(told["updated"][0]["modified"], false);
    let told = change("b", json!([{"hostname": "app.edge.test"}]));
    assert_eq!(told["updated"][0]["modified"], true);
    assert_eq!(told["updated"][0]["service"], "a");
    let id = told["updated"][0]["id"].as_str().unwrap();
    let record = desk.result("GET", &format!("{P}/domains/records/{id}"), Value::Null);
    assert_eq!(record["service"], "a");

    let app = json!([{"hostname": "app.edge.test"}]);
    let (status, json) = set("b", scope(app.clone(), false));
    assert_eq!(
        (status, json["errors"][0]["code"].as_u64()),
        (400, Some(100117))
    );
    assert_eq!(set("b", scope(app, true)).0, 200);
    assert_eq!(desk.at("https://app.edge.test/").as_deref(), Some("b"));

    let zone = zone_id("edge.test").hex();
    let body = json!({"hostname": "put.edge.test", "service": "b", "environment": "production", "zone_id": zone});
    let put = desk.result("PUT", &domains, body);
    assert_eq!(put["zone_name"], "edge.test");
    let listed = desk.result("GET", &format!("{domains}?service=b"), Value::Null);
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let listed = desk.result(
        "GET",
        &format!("{domains}?zone_id={zone}&hostname=put.edge.test"),
        Value::Null,
    );
    assert_eq!(listed, json!([put]));
    let one = format!("{domains}/{}", put["id"].as_str().unwrap());
    desk.result("DELETE", &one, Value::Null);
    assert_eq!(desk.refused("DELETE", &one, Value::Null), (404, 100117));
    assert_eq!(desk.at("http://put.edge.test/"), None);

    for hostname in [
        "",
        "*.edge.test",
        "edge.test/x",
        "edge.test:80",
        "a b.test",
        "http://edge.test",
        "-.test",
        &format!("{}.test", "x".repeat(64)),
    ] {
        let body = json!({"hostname": hostname, "service": "b"});
        assert_eq!(
            desk.refused("PUT", &domains, body),
            (400, 100117),
            "{hostname:?}"
        );
    }
    let refused = |body: Value| desk.refused("PUT", &domains, body);
    assert_eq!(refused(json!({"hostname": "x.test"})), (400, 10026));
    assert_eq!(
        refused(json!({"hostname": "x.test", "service": "none"})),
        (404, 10007)
    );
    assert_eq!(
        refused(json!({"hostname": "x.test", "service": "a", "zone_id": zone})),
        (400, 10022)
    );
    assert_eq!(
        refused(json!({"hostname": "x.test", "service": "a", "zone_name": "y.test"})),
        (400, 10022)
    );
}

#[test]
fn default_hostnames_are_switched_on_and_off() {
    let desk = Desk::new();
    desk.plain("hello", simple());
    assert_eq!(desk.at("http://hello.workers.edge.test/"), None);
    assert_eq!(
        desk.result("GET", &format!("{P}/subdomain"), Value::Null)["subdomain"],
        "postern"
    );
    desk.manage
        .catalog
        .set_default_zone(Some("workers.edge.test"));
    assert_eq!(
        desk.result("GET", &format!("{P}/subdomain"), Value::Null)["subdomain"],
        "workers"
    );
    assert_eq!(
        desk.at("http://hello.workers.edge.test/").as_deref(),
        Some("missing")
    );
    assert!(matches!(
        desk.manage.catalog.by_default("hello"),
        Found::Missing
    ));
    let path = format!("{P}/scripts/hello/subdomain");
    let on = desk.result("POST", &path, json!({"enabled": true}));
    assert_eq!(on, json!({"enabled": true, "previews_enabled": true}));
    assert_eq!(
        desk.at("http://hello.workers.edge.test/a?b").as_deref(),
        Some("hello")
    );
    assert!(matches!(
        desk.manage.catalog.by_default("hello"),
        Found::Deployed(_)
    ));
    let version = desk
        .manage
        .catalog
        .script(ACCOUNT, "hello")
        .unwrap()
        .1
        .version_id
        .uuid();
    let preview = format!("http://{}-hello.workers.edge.test/", &version[..8]);
    assert_eq!(desk.at(&preview).as_deref(), Some("hello"));
    for other in [&version[..7], &version[..9], "00000000", "alias"] {
        let url = format!("http://{other}-hello.workers.edge.test/");
        assert_eq!(desk.at(&url).as_deref(), Some("missing"), "{other}");
    }
    desk.result(
        "POST",
        &path,
        json!({"enabled": true, "previews_enabled": false}),
    );
    assert_eq!(desk.at(&preview).as_deref(), Some("missing"));
    desk.result("POST", &path, json!({"enabled": true}));
    assert_eq!(desk.at(&preview).as_deref(), Some("missing"));
    let off = desk.result("DELETE", &path, Value::Null);
    assert_eq!(off, json!({"enabled": false, "previews_enabled": false}));
    assert_eq!(
        desk.at("http://hello.workers.edge.test/").as_deref(),
        Some("missing")
    );
    assert_eq!(desk.result("GET", &path, Value::Null), off);
    assert_eq!(
        desk.refused("POST", &path, json!({"enabled": "yes"})).0,
        400
    );
    let none = format!("{P}/scripts/none/subdomain");
    assert_eq!(
        desk.refused("POST", &none, json!({"enabled": true})),
        (404, 10007)
    );
    assert_eq!(
        desk.refused("PUT", &format!("{P}/subdomain"), json!({"subdomain": "x"}))
            .0,
        400
    );
}
