//! Which Worker a request reaches, without a dispatch Worker.

use postern_e2e::guests::hello;
use postern_e2e::{Daemon, Request, Setup};
use serde_json::json;

fn start(routing: &str, hostnames: &str) -> Daemon {
    let daemon = Setup::new()
        .routing(routing)
        .tables(&format!("[routing.hostnames]\n{hostnames}"))
        .start();
    let api = daemon.api();
    api.production();
    for name in ["a", "b"] {
        api.push(name, &hello(name), &json!({}));
    }
    daemon
}

fn check(daemon: &Daemon, host: &str, path: &str, header: Option<&str>, expect: (u16, &str)) {
    let mut request = Request::get(path).header("host", host);
    if let Some(value) = header {
        request = request.header("x-worker", value);
    }
    let response = daemon.send(&request);
    let got = (response.status, response.text());
    assert_eq!(got, expect, "{host}{path} {header:?}");
}

#[test]
fn by_path() {
    let daemon = start("modes = ['path']", "");
    check(&daemon, "x", "/a/", None, (200, "a"));
    check(&daemon, "x", "/b", None, (200, "b"));
    check(&daemon, "x", "/b?q", None, (200, "b"));
    check(&daemon, "x", "/c/", None, (404, "Worker not found"));
    check(&daemon, "x", "/", None, (400, "Invalid path"));
}

#[test]
fn by_hostname() {
    let daemon = start(
        "modes = ['hostname']",
        "'a.test' = 'a'\n'b.test' = 'production/b'\n'c.test' = 'gone'",
    );
    check(&daemon, "a.test", "/", None, (200, "a"));
    check(&daemon, "B.Test:8080", "/any/path", None, (200, "b"));
    check(&daemon, "c.test", "/", None, (404, "Worker not found"));
    check(
        &daemon,
        "d.test",
        "/",
        None,
        (404, "Hostname not configured"),
    );
}

#[test]
fn by_subdomain() {
    let daemon = start("modes = ['subdomain']\nzone = 'edge.test'", "");
    check(&daemon, "a.edge.test", "/", None, (200, "a"));
    check(&daemon, "A.EDGE.TEST", "/", None, (200, "a"));
    check(&daemon, "c.edge.test", "/", None, (404, "Worker not found"));
    check(
        &daemon,
        "other.test",
        "/",
        None,
        (404, "Hostname not configured"),
    );
}

#[test]
fn by_header() {
    let daemon = start("modes = ['header']\nheader = 'x-worker'", "");
    check(&daemon, "x", "/", Some("a"), (200, "a"));
    check(&daemon, "x", "/", Some("c"), (404, "Worker not found"));
    check(&daemon, "x", "/", None, (404, "Worker not found"));
}

#[test]
fn by_a_table_in_kv() {
    let daemon = start("modes = ['kv']\nkv-namespace = 'ROUTES'", "");
    check(
        &daemon,
        "a.test",
        "/",
        None,
        (404, "Hostname not configured"),
    );
    let id = daemon.api().kv_namespace("ROUTES");
    daemon.api().kv_put(&id, "b.test", b"b");
    postern_e2e::eventually("the table is read", || {
        let response = daemon.send(&Request::get("/").header("host", "b.test"));
        (response.status == 200).then_some(())
    });
    check(&daemon, "b.test", "/x", None, (200, "b"));
}

#[test]
fn modes_are_tried_in_order() {
    let daemon = start(
        "modes = ['header', 'hostname', 'path']\nheader = 'x-worker'",
        "'a.test' = 'a'",
    );
    check(&daemon, "a.test", "/b/", None, (200, "a"));
    check(&daemon, "a.test", "/b/", Some("b"), (200, "b"));
    check(&daemon, "other.test", "/b/", None, (200, "b"));
}
