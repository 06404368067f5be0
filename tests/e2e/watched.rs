//! What programs that watch machines see: figures, and whether requests should come.

use postern_e2e::guests::hello;
use postern_e2e::{Daemon, Request, Response, Setup, eventually};
use rustix::process::Signal;
use serde_json::json;

fn ask(daemon: &Daemon, path: &str, token: Option<&str>) -> Response {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header("authorization", &format!("Bearer {token}"));
    }
    request.send(daemon.manage()).unwrap()
}

/// The sum of all series of a family with this piece of a label set.
fn figure(text: &str, name: &str, label: &str) -> f64 {
    let lines = text.lines().filter(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']) && rest.contains(label))
    });
    lines
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum()
}

#[test]
fn figures_are_told_to_who_may_have_them() {
    let daemon = Setup::new().tables("[metrics]\nworkers = 1\n").start();
    let api = daemon.api();
    api.production();
    for name in ["a", "b"] {
        api.push(name, &hello(name), &json!({}));
    }
    for _ in 0..3 {
        daemon.get("/a/").expect(200);
    }
    daemon.get("/b/").expect(200);
    daemon.get("/nobody/").expect(404);
    ask(&daemon, "/metrics", None).expect(401);
    ask(&daemon, "/metrics", Some("pst_wrong")).expect(401);
    let key = std::fs::read_to_string(daemon.data_dir().join("metrics.key")).unwrap();
    let scraped = eventually("invocations are counted", || {
        let scraped = ask(&daemon, "/metrics", Some(key.trim())).expect(200);
        let name = "postern_worker_invocations_total";
        (figure(scraped.text(), name, "") >= 4.0).then_some(scraped)
    });
    let text = scraped.text();
    let kind = scraped.header("content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    let check = |name: &str, label: &str, expected: f64| {
        assert_eq!(
            figure(text, name, label),
            expected,
            "{name} {label}: {text}"
        );
    };
    check(
        "postern_worker_invocations_total",
        "script=\"a\",outcome=\"ok\"",
        3.0,
    );
    check(
        "postern_worker_invocations_total",
        "namespace=\"other\",script=\"other\"",
        1.0,
    );
    check("postern_edge_answers_total", "class=\"4xx\"", 1.0);
    check("postern_workers", "state=\"running\"", 2.0);
    check("postern_store_writable", "", 1.0);
    assert!(figure(text, "process_resident_memory_bytes", "") > 1e6);
    // The port's own tokens do as well; the key does nothing else.
    ask(&daemon, "/metrics", Some(daemon.token())).expect(200);
    ask(&daemon, "/postern/v1/status", Some(key.trim())).expect(401);
    let posted = Request::post("/metrics", "x").send(daemon.manage());
    assert_eq!(posted.unwrap().status, 405);
}

#[test]
fn the_key_stays_and_needs_not_be() {
    let mut daemon = Setup::new().tokenless().start();
    let path = daemon.data_dir().join("metrics.key");
    let key = std::fs::read_to_string(&path).unwrap();
    daemon.restart();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), key);
    daemon.reconfigure(Setup::new().tables("[metrics]\npublic = true\n"));
    daemon.restart();
    ask(&daemon, "/metrics", None).expect(200);
}

#[test]
fn it_is_ready_until_it_stops() {
    let mut daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    api.push("slow", &super::signals::waits_for_a_body(), &json!({}));
    eventually("it is ready", || {
        (ask(&daemon, "/ready", None).status == 200).then_some(())
    });
    assert_eq!(ask(&daemon, "/health", None).expect(200).text(), "ok\n");
    let head =
        "POST /slow/ HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
    let mut connection = daemon.connect();
    connection.write(head.as_bytes()).unwrap();
    assert_eq!(connection.read_head().unwrap().0, 100);
    daemon.signal(Signal::TERM);
    let told = eventually("it is not ready any more", || {
        let told = ask(&daemon, "/ready", None);
        (told.status == 503).then_some(told)
    });
    assert!(told.text().starts_with("stopping"), "{told:?}");
    // It lives, it tells its figures, and it takes no changes.
    ask(&daemon, "/health", None).expect(200);
    ask(&daemon, "/metrics", Some(daemon.token())).expect(200);
    let refused = api.try_push("late", &hello("late"), &json!({}));
    assert_eq!(refused.status, 503);
    connection.write(b"ab").unwrap();
    assert_eq!(connection.read(false).unwrap().status, 204);
    assert!(daemon.wait().success());
}

#[test]
fn an_answer_tells_where_its_time_went() {
    let daemon = Setup::new().edge("server-timing = true").start();
    let api = daemon.api();
    api.production();
    api.push("a", &hello("a"), &json!({}));
    let response = daemon.get("/a/").expect(200);
    let told = response.header("server-timing").unwrap();
    let parts: Vec<(&str, &str)> = told
        .split(", ")
        .map(|part| part.split_once(';').unwrap())
        .collect();
    let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["queue", "start", "run", "fuel"], "{told}");
    for (name, value) in &parts[..3] {
        let ms: f64 = value.strip_prefix("dur=").unwrap().parse().unwrap();
        assert!((0.0..60_000.0).contains(&ms), "{name}: {told}");
    }
    let fuel = parts[3].1.trim_start_matches("desc=\"");
    let fuel: u64 = fuel.trim_end_matches('"').parse().unwrap();
    assert!(fuel > 100, "{told}");
    // What nobody ran has nothing to tell.
    let response = daemon.get("/nobody/").expect(404);
    assert_eq!(response.header("server-timing"), None);
    // And it is not told unless the operator wants it.
    let quiet = Daemon::plain();
    quiet.api().production();
    quiet.api().push("a", &hello("a"), &json!({}));
    let response = quiet.get("/a/").expect(200);
    assert_eq!(response.header("server-timing"), None);
}

#[test]
fn lines_for_the_journal_have_priorities() {
    use std::os::unix::fs::MetadataExt;
    let mut daemon = Setup::new().prepare();
    let log = std::fs::File::create(daemon.dir().join("stderr.log")).unwrap();
    let stat = log.metadata().unwrap();
    let stream = format!("{}:{}", stat.dev(), stat.ino());
    daemon.start_by(|mut command| {
        command.env("JOURNAL_STREAM", stream);
        command
    });
    // It listens a moment before it says that it serves.
    let told = eventually("the line of serving", || {
        let log = daemon.log();
        log.contains("cli::serve: serving").then_some(log)
    });
    let first = told.lines().next().unwrap();
    assert!(first.starts_with("<6>"), "{told}");
    assert!(told.contains("<6>cli::serve: serving"), "{told}");
    daemon.terminate();
    // A stream of another name is none of the journal's.
    daemon.start_by(|mut command| {
        command.env("JOURNAL_STREAM", "0:1");
        command
    });
    let told = daemon.log();
    let last = told.lines().last().unwrap();
    assert!(!last.starts_with('<') && last.contains(" INFO "), "{told}");
}
