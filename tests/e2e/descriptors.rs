//! The process has no file descriptor left: who is connected is served, others wait or are refused, and when there
//! are some again everything goes on.

use postern_e2e::api::ACCOUNT;
use postern_e2e::guests::hello;
use postern_e2e::{Daemon, Request, eventually};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;
use std::net::TcpStream;

fn limit(daemon: &Daemon, most: u64) {
    let pid = Pid::from_raw(i32::try_from(daemon.pid()).unwrap());
    let maximum = rustix::process::getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: Some(most),
        maximum,
    };
    prlimit(pid, Resource::Nofile, limit).unwrap();
}

#[test]
fn without_descriptors_who_is_connected_is_served() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    api.push("good", &hello("good"), &json!({}));
    let id = api.kv_namespace("n");
    let mut connected = daemon.connect();
    let mut managing = api.connect().unwrap();
    let good = || Request::get("/good/");
    connected.send(&good()).unwrap().expect(200);
    let open = daemon.open_files().unwrap() as u64;
    limit(&daemon, open + 4);
    let crowd: Vec<TcpStream> = (0..64)
        .filter_map(|_| TcpStream::connect(daemon.edge()).ok())
        .collect();
    eventually("all descriptors are used", || {
        (daemon.open_files().unwrap() as u64 >= open + 4).then_some(())
    });
    for _ in 0..20 {
        assert_eq!(connected.send(&good()).unwrap().expect(200).text(), "good");
    }
    // A push needs some: it is refused, or there was one; the port answers all the same.
    let list = api.request("GET", &format!("{ACCOUNT}/storage/kv/namespaces"));
    managing.send(&list).unwrap().expect(200);
    drop(crowd);
    limit(&daemon, open + 1000);
    eventually("others are served again", || {
        let answer = good().send(daemon.edge()).ok()?;
        (answer.status == 200).then_some(())
    });
    api.push("later", &hello("later"), &json!({}));
    api.kv_put(&id, "k", b"v");
    assert_eq!(daemon.get("/later/").expect(200).text(), "later");
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
}
