//! Who is let in, as clients and operators see it, and that the management port answers whatever
//! tenants do.

use postern_e2e::api::script;
use postern_e2e::guests::{hello, spinning};
use postern_e2e::{Connection, Daemon, Form, Request, Setup, eventually};
use rustix::process::Signal;
use serde_json::{Value, json};

fn status(daemon: &Daemon) -> Value {
    daemon.api().get("/postern/v1/status").ok()
}

#[test]
fn a_rate_of_nothing_answers_429_until_it_is_raised() {
    let mut daemon = Setup::new()
        .tables("[limits]\nrequests-per-second = 0\n")
        .start();
    daemon.api().production();
    daemon.api().push("w", &hello("hello"), &json!({}));
    let refused = daemon.get("/w/").expect(429);
    assert_eq!(refused.header("retry-after"), Some("60"));
    let told = refused.text();
    for part in [
        "error code: 1015",
        "requests-per-second",
        "the limit is 0",
        "raise it",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let requests = &status(&daemon)["requests"];
    assert_eq!(requests["refused"]["requests-per-second"], 1, "{requests}");
    assert_eq!(requests["total"], 0, "{requests}");
    daemon.reconfigure(Setup::new());
    daemon.signal(Signal::HUP);
    eventually("the rate is another", || {
        (daemon.get("/w/").status == 200).then_some(())
    });
}

/// Answers when it has read its request.
const READER: &str =
    "export default { async fetch(request) { return new Response(await request.text()); } };";

/// A request whose Worker waits for its body.
fn inside(edge: std::net::SocketAddr) -> Connection {
    let mut slow = Connection::open(edge).unwrap();
    // The Worker wants the body, so it is asked for, and by then it is inside.
    slow.write(
        b"POST /w/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n",
    )
    .unwrap();
    assert_eq!(slow.read_head().unwrap().0, 100);
    slow
}

#[test]
fn who_finds_a_worker_full_is_told_so_or_waits() {
    for (line, status) in [(0, 429), (1, 200)] {
        let limits = format!(
            "[limits]\nconcurrent-invocations = 1\nqueue-length = {line}\nqueue-ms = 30000\n[ceilings]\nqueue-ms = 30000\n"
        );
        let daemon = Setup::new().tables(&limits).start();
        daemon.api().production();
        let metadata = json!({"main_module": "index.js", "compatibility_date": "2026-01-01"});
        let module = "application/javascript+module";
        let form = Form::new().metadata(&metadata).part(
            "index.js",
            Some("index.js"),
            Some(module),
            READER,
        );
        daemon.api().form("PUT", &script("w"), form).ok();
        let edge = daemon.edge();
        let mut slow = inside(edge);
        std::thread::scope(|scope| {
            let asking = scope.spawn(move || Request::post("/w/", "mine").send(edge).unwrap());
            if line == 0 {
                let answer = asking.join().unwrap();
                assert_eq!(answer.status, status);
                assert_eq!(answer.header("retry-after"), Some("1"));
                let told = "Worker exceeded concurrent-invocations: the limit is 1";
                assert!(answer.text().starts_with(told), "{}", answer.text());
                slow.write(b"body").unwrap();
            } else {
                slow.write(b"body").unwrap();
                assert_eq!(asking.join().unwrap().status, status);
            }
        });
        assert_eq!(slow.read(false).unwrap().expect(200).text(), "body");
        eventually("there is room", || {
            (Request::get("/w/").send(edge).unwrap().status == 200).then_some(())
        });
    }
}

#[test]
fn the_management_port_answers_while_every_tenant_spins() {
    let daemon = Setup::new().start();
    let api = daemon.api();
    api.production();
    for at in 0..8 {
        let tags = json!({"tags": [format!("tenant:{at}")]});
        api.push(&format!("spins-{at}"), &spinning(), &tags);
    }
    let edge = daemon.edge();
    std::thread::scope(|scope| {
        let spinning: Vec<_> = (0..8)
            .map(|at| {
                let path = format!("/spins-{at}/");
                scope.spawn(move || Request::get(&path).send(edge).unwrap().status)
            })
            .collect();
        for at in 0..10 {
            assert!(status(&daemon)["workers"]["running"].is_number());
            api.push(&format!("pushed-{at}"), &hello("hello"), &json!({}));
        }
        for thread in spinning {
            assert_eq!(thread.join().unwrap(), 503);
        }
    });
    assert_eq!(daemon.get("/pushed-9/").expect(200).text(), "hello");
}
