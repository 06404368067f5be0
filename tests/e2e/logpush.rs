//! Logpush: invocations on their way to a server of the operator's.

use postern_e2e::api::{ACCOUNT, script};
use postern_e2e::tls::Certificates;
use postern_e2e::{Daemon, Form, Setup, eventually};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a server was sent: the fields and the body of each request.
type Sent = Arc<Mutex<Vec<(String, String)>>>;

/// A server on loopback that refuses its first request and takes the others.
fn server() -> (SocketAddr, Sent) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let sent = Sent::default();
    let taken = sent.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let taken = taken.clone();
            std::thread::spawn(move || serve(stream, &taken));
        }
    });
    (address, sent)
}

fn serve(stream: TcpStream, sent: &Sent) -> Option<()> {
    let mut write = stream.try_clone().ok()?;
    let mut read = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            read.read_line(&mut head).ok().filter(|len| *len > 0)?;
        }
        let head = head.to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1)?.lines().next()?;
        let mut body = vec![0; length.parse().ok()?];
        read.read_exact(&mut body).ok()?;
        let is_first = sent.lock().unwrap().is_empty();
        sent.lock()
            .unwrap()
            .push((head, String::from_utf8(body).unwrap()));
        let status = if is_first {
            "503 Not Now"
        } else {
            "204 No Content"
        };
        write
            .write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes())
            .ok()?;
    }
}

#[track_caller]
fn push(daemon: &Daemon, name: &str, logpush: bool) {
    let source = "export default { fetch(request) {
        console.log('seen', { path: new URL(request.url).pathname });
        if (request.url.endsWith('/throw')) throw new Error('too bad');
        return new Response('ok');
    } };";
    let metadata = json!({
        "main_module": "index.js", "compatibility_date": "2026-01-01", "logpush": logpush,
    });
    let form = Form::new().metadata(&metadata).part(
        "index.js",
        Some("index.js"),
        Some("application/javascript+module"),
        source,
    );
    daemon.api().form("PUT", &script(name), form).ok();
}

/// The lines of all batches, once there is one that says this.
fn lines(sent: &Sent, has: &str) -> Vec<Value> {
    eventually("a batch is sent", || {
        let sent = sent.lock().unwrap();
        // The first batch was refused, and comes again.
        let bodies: String = sent.iter().skip(1).map(|(_, body)| body.as_str()).collect();
        bodies.contains(has).then(|| {
            let lines = bodies.lines();
            lines
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        })
    })
}

#[test]
fn a_job_sends_what_scripts_and_namespaces_push() {
    let mut daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    let (address, sent) = server();
    push(&daemon, "pushed", true);
    push(&daemon, "silent", false);
    let jobs = format!("{ACCOUNT}/logpush/jobs");
    let destination = format!("http://{address}/in?header_Authorization=Bearer%20x&tenant=1");
    let body = json!({
        "name": "traces", "dataset": "workers_trace_events", "enabled": true,
        "destination_conf": destination,
        "filter": "{\"where\":{\"key\":\"ScriptName\",\"operator\":\"!eq\",\"value\":\"never\"}}",
        "output_options": {"field_names": ["ScriptName", "Outcome", "Logs", "Event", "Exceptions", "DispatchNamespace"]},
    });
    let job = api.json("POST", &jobs, &body).ok();
    assert_eq!(job["destination_conf"], json!(destination));
    assert_eq!(daemon.get("/silent/a").status, 200);
    assert_eq!(daemon.get("/pushed/a").status, 200);
    assert_eq!(daemon.get("/pushed/throw").status, 500);
    let told = lines(&sent, "too bad");
    assert!(told.iter().all(|line| line["ScriptName"] == "pushed"));
    let thrown = told
        .iter()
        .find(|line| line["Outcome"] == "exception")
        .unwrap();
    assert_eq!(thrown["Exceptions"][0]["Message"], "too bad");
    assert_eq!(
        thrown["Logs"][0]["Message"],
        json!(["seen", {"path": "/throw"}])
    );
    assert_eq!(thrown["Event"]["Request"]["Method"], "GET");
    assert_eq!(thrown["DispatchNamespace"], "production");
    let head = sent.lock().unwrap()[1].0.clone();
    assert!(head.starts_with("post /in?tenant=1 "), "{head}");
    assert!(head.contains("authorization: bearer x"), "{head}");

    // A namespace's own setting covers all of it, and a restart forgets nothing.
    let config = format!("{ACCOUNT}/workers/dispatch/namespaces/production/logs/config");
    let set = api.json("PUT", &config, &json!({"enabled": true})).ok();
    assert_eq!(set["enabled"], true);
    daemon.restart();
    assert_eq!(daemon.get("/silent/later").status, 200);
    let told = lines(&sent, "/later");
    assert_eq!(told.last().unwrap()["ScriptName"], "silent");

    let api = daemon.api();
    let one = format!("{jobs}/{}", job["id"]);
    let shown = eventually("the job tells that it is well", || {
        let shown = api.get(&one).ok();
        shown["last_complete"].is_string().then_some(shown)
    });
    assert_eq!(shown["error_message"], Value::Null);
    assert_eq!(
        api.json("PUT", &one, &json!({"enabled": false})).ok()["enabled"],
        false
    );
    api.delete(&one).ok();
    assert_eq!(api.get(&one).refused().0, 404);
    assert_eq!(api.get(&jobs).ok(), json!([]));
    let wrong = json!({"dataset": "workers_trace_events", "destination_conf": "r2://bucket/path"});
    let (status, _, message) = api.json("POST", &jobs, &wrong).refused();
    assert_eq!(status, 400);
    assert!(message.contains("http://"), "{message}");
}

#[test]
fn what_is_kept_is_searched() {
    let daemon = Daemon::plain();
    daemon.api().production();
    push(&daemon, "w", false);
    assert_eq!(daemon.get("/w/one").status, 200);
    assert_eq!(daemon.get("/w/throw").status, 500);
    let found = |arguments: &[&str]| -> Vec<String> {
        let all = [&["--json", "logs", "w"], arguments].concat();
        let lines = daemon
            .cli_with(&all, &[("POSTERN_NAMESPACE", "production")], b"")
            .expect(0)
            .text()
            .to_owned();
        let lines = lines.lines().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let url = line["event"]["request"]["url"].as_str().unwrap().to_owned();
            url.rsplit('/').next().unwrap_or_default().to_owned()
        });
        lines.collect()
    };
    eventually("both are kept", || {
        (found(&["--since", "1h"]).len() == 2).then_some(())
    });
    assert_eq!(found(&["--search", "/one"]), ["one"]);
    assert_eq!(found(&["--search", "too bad"]), ["throw"]);
    assert_eq!(found(&["--outcome", "exception,exceededCpu"]), ["throw"]);
    assert_eq!(found(&["--since", "2100-01-01T00:00:00Z"]), [""; 0]);
    let logs = format!("{}/logs", script("w"));
    let (status, _, message) = daemon
        .api()
        .get(&format!("{logs}?since=yesterday"))
        .refused();
    assert_eq!(status, 400);
    assert!(message.contains("90s, 15m, 2h or 1d"), "{message}");
    let newest = daemon.api().request("GET", &format!("{logs}?limit=1"));
    let newest = daemon.api().raw(&newest).unwrap().expect(200);
    assert_eq!(newest.text().lines().count(), 1);
}

#[test]
fn roots_that_change_hold_for_jobs_too() {
    let (others, certificates) = (Certificates::new(), Certificates::new());
    certificates.server("here", "IP:127.0.0.1,DNS:localhost");
    let (address, sent) = server();
    let nginx = certificates.nginx("here", address, "");
    let setup = |roots: &Certificates| {
        let path = roots.path("root.pem");
        // What the second configuration names is beyond what the first one did.
        let read = certificates.path("");
        Setup::new().tables(&format!(
            "[outbound.tls]\nroots = \"{}\"\n[confinement]\nread = [\"{}\"]\n",
            path.display(),
            read.display()
        ))
    };
    let mut daemon = setup(&others).start();
    let api = daemon.api();
    api.production();
    push(&daemon, "pushed", true);
    let jobs = format!("{ACCOUNT}/logpush/jobs");
    let body = json!({
        "dataset": "workers_trace_events", "enabled": true,
        "destination_conf": format!("https://localhost:{}/in", nginx.port),
    });
    let job = api.json("POST", &jobs, &body).ok();
    let one = format!("{jobs}/{}", job["id"]);
    assert_eq!(daemon.get("/pushed/a").status, 200);
    eventually("the job does not believe its server", || {
        let shown = api.get(&one).ok();
        shown["error_message"].as_str().map(drop)
    });
    assert!(sent.lock().unwrap().is_empty());
    daemon.reconfigure(setup(&certificates));
    daemon.signal(Signal::HUP);
    let told = lines(&sent, "pushed");
    assert!(told.iter().all(|line| line["ScriptName"] == "pushed"));
}
