//! Limits on a tenant that means no good: each ends its own invocation and nothing else.

use postern_e2e::guests::{hello, spinning};
use postern_e2e::{Daemon, Request, Setup, guest};
use serde_json::json;

const LIMITS: &str = "[limits]
cpu-ms = 20
memory-bytes = '4 MiB'
wall-ms = 2000
kv-operations = 10
request-body-bytes = '64 KiB'
response-body-bytes = '256 KiB'
log-bytes = '4 KiB'
";

fn start() -> Daemon {
    let daemon = Setup::new().tables(LIMITS).start();
    let api = daemon.api();
    api.production();
    let id = api.kv_namespace("probe");
    let metadata = json!({"bindings": [
        {"type": "kv_namespace", "name": "KV", "namespace_id": id},
        {"type": "plain_text", "name": "GREETING", "text": "hi"},
    ]});
    api.push("probe", &guest("probe"), &metadata);
    api.push("good", &hello("good"), &json!({}));
    daemon
}

/// The neighbour answers as ever, and so does the same Worker when it behaves.
fn unharmed(daemon: &Daemon) {
    assert_eq!(daemon.get("/good/").expect(200).text(), "good");
    // The Worker may be held back for a moment after it has crashed.
    postern_e2e::eventually("the Worker answers again", || {
        (daemon.get("/probe/status?code=200").status == 200).then_some(())
    });
}

fn check(target: &str, status: u16, part: &str) {
    let daemon = start();
    for _ in 0..2 {
        let response = daemon.get(target);
        assert_eq!(response.status, status, "{target}: {}", response.text());
        assert!(
            response.text().contains(part),
            "{target}: {}",
            response.text()
        );
        unharmed(&daemon);
    }
}

#[test]
fn cpu() {
    check("/probe/spin", 503, "CPU time limit");
}

#[test]
fn memory() {
    let daemon = start();
    let response = daemon.get("/probe/alloc");
    assert!(matches!(response.status, 500 | 503), "{response:?}");
    unharmed(&daemon);
}

#[test]
fn stack() {
    let daemon = start();
    let response = daemon.get("/probe/recurse");
    assert!(matches!(response.status, 500 | 503), "{response:?}");
    unharmed(&daemon);
}

#[test]
fn panics_traps_and_errors() {
    for route in ["panic", "throw", "trap"] {
        check(&format!("/probe/{route}"), 500, "1101");
    }
}

#[test]
fn an_answer_that_never_comes() {
    let daemon = start();
    let response = daemon.get("/probe/never");
    assert!(matches!(response.status, 500 | 504), "{response:?}");
    unharmed(&daemon);
}

#[test]
fn wall_time() {
    check("/probe/timer?ms=60000", 504, "wall time limit");
}

#[test]
fn request_bodies() {
    let daemon = start();
    let fits = vec![b'x'; 64 << 10];
    let echo = daemon
        .send(&Request::post("/probe/echo", fits.clone()))
        .expect(200);
    assert_eq!(echo.body, fits);
    let mut connection = daemon.connect();
    let over = Request::post("/probe/echo", vec![b'x'; (64 << 10) + 1]);
    assert_eq!(connection.send(&over).unwrap().status, 413);
    // Without a length it shows only on the way.
    let mut connection = daemon.connect();
    let head = b"POST /probe/echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    connection.write(head).unwrap();
    let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 65_536], b"\r\n"].concat();
    // The answer may come, and the connection go, before everything is written.
    let _ = connection
        .write(&chunk)
        .and_then(|()| connection.write(&chunk));
    let _ = connection.write(b"0\r\n\r\n");
    if let Ok(response) = connection.read(false) {
        assert!(matches!(response.status, 413 | 500), "{response:?}");
    }
    unharmed(&daemon);
}

#[test]
fn response_bodies() {
    let daemon = start();
    let fits = daemon.get("/probe/stream?chunks=16&size=16384").expect(200);
    assert_eq!(fits.body.len(), 256 << 10);
    let mut connection = daemon.connect();
    let over = Request::get("/probe/stream?chunks=32&size=16384");
    // The head has gone out by then, so the body ends short.
    match connection.send(&over) {
        Ok(response) => assert_eq!(response.status, 500),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof),
    }
    unharmed(&daemon);
}

#[test]
fn kv_operations() {
    let daemon = start();
    daemon.get("/probe/kv-loop?n=10").expect(200);
    let over = daemon.get("/probe/kv-loop?n=11");
    // What an exception says is the tenant's; the limit is for programs.
    assert_eq!((over.status, over.text()), (500, "error code: 1101"));
    let limit = over.header("postern-limit");
    assert_eq!(limit, Some("kv-operations; value=10; used=11"));
    unharmed(&daemon);
}

#[test]
fn log_bytes() {
    let daemon = start();
    // What is over the limit is dropped; the invocation goes on.
    daemon.get("/probe/log?bytes=100000").expect(200);
    unharmed(&daemon);
}

#[test]
fn a_spinning_tenant_leaves_room_for_others() {
    let daemon = start();
    let address = daemon.edge();
    std::thread::scope(|scope| {
        let spinning: Vec<_> = (0..8)
            .map(|_| scope.spawn(move || Request::get("/probe/spin").send(address).unwrap().status))
            .collect();
        for _ in 0..50 {
            daemon.get("/good/").expect(200);
        }
        for thread in spinning {
            let status = thread.join().unwrap();
            assert!(matches!(status, 500 | 503), "{status}");
        }
    });
    unharmed(&daemon);
}

#[test]
fn a_ceiling_bounds_what_a_push_may_ask_for() {
    let daemon = Setup::new()
        .tables("[limits]\ncpu-ms = 5\n[ceilings]\ncpu-ms = 10")
        .start();
    let api = daemon.api();
    api.production();
    // What is asked for counts up to the ceiling; the lowest wins.
    for (asked, effective) in [
        (json!({}), "5 ms"),
        (json!({"limits": {"cpu_ms": 7}}), "7 ms"),
        (json!({"limits": {"cpu_ms": 5000}}), "10 ms"),
    ] {
        api.push("w", &spinning(), &asked);
        let response = daemon.get("/w/").expect(503);
        let told = response.text();
        assert!(told.contains(effective), "{asked}: {told}");
    }
}

/// A Worker with the probe's code and default limits.
fn unlimited() -> Daemon {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    let id = api.kv_namespace("probe");
    let metadata =
        json!({"bindings": [{"type": "kv_namespace", "name": "KV", "namespace_id": id}]});
    api.push("probe", &guest("probe"), &metadata);
    daemon
}

fn written(daemon: &Daemon, key: &str) {
    postern_e2e::eventually("what waitUntil writes is there", || {
        (daemon.get(&format!("/probe/kv/get?key={key}")).status == 200).then_some(())
    });
}

#[test]
fn wait_until_goes_on_when_the_client_leaves() {
    let daemon = unlimited();
    let mut connection = daemon.connect();
    // Without an end, and the key is not written before it is cancelled.
    let request = Request::get("/probe/wait-until?then=stream&key=left");
    connection.write(&request.to_bytes("x")).unwrap();
    assert_eq!(connection.read_head().unwrap().0, 200);
    drop(connection);
    written(&daemon, "left");
}

#[test]
fn wait_until_goes_on_when_the_handler_fails() {
    let daemon = unlimited();
    // The error is there while the work still waits for a key that nobody has written.
    let failed = daemon.get("/probe/wait-until?then=throw&key=failed&after=told&ms=20");
    assert!(failed.expect(500).text().contains("1101"));
    assert_eq!(daemon.get("/probe/kv/get?key=failed").status, 404);
    daemon
        .send(&Request::post("/probe/kv/put?key=told", "yes"))
        .expect(200);
    written(&daemon, "failed");
}

#[test]
fn requests_of_one_worker_see_its_environment_and_headers() {
    let daemon = start();
    assert_eq!(
        daemon.get("/probe/env?name=GREETING").expect(200).text(),
        "hi"
    );
    assert_eq!(
        daemon.get("/probe/env").expect(200).json()["names"],
        json!(["GREETING", "KV"])
    );
    let request = Request::get("/probe/headers")
        .header("x-mine", "1")
        .header("connection", "x-hop")
        .header("x-hop", "1");
    let text = daemon.send(&request).expect(200).text().to_owned();
    assert!(text.contains("x-mine"), "{text}");
    assert!(!text.contains("x-hop"), "{text}");
    daemon.get("/probe/status?code=204").expect(204);
    daemon.get("/probe/wait-until?key=after").expect(200);
    postern_e2e::eventually("what waitUntil writes is there", || {
        (daemon.get("/probe/kv/get?key=after").status == 200).then_some(())
    });
}
