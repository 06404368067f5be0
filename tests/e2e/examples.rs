//! The examples of `tests/examples` through the real daemon, with a local stub for every other host.
//!
//! A file says at its top what it is asked and what it has to answer:
//!
//! ```text
//! // flags: nodejs_compat
//! // cpu-ms: 500
//! // > POST /path | header: value || body
//! // < 200 | header: value || part of the body || another part
//! ```
//!
//! `?` instead of `>` asks until the answer is that: where the one before left work for after its answer.
//!
//! Every example has `ORIGIN` (the stub's URL), `SECRET`, a KV namespace `KV`, a dataset `ANALYTICS` and
//! a rate limit `RATE`.

use postern_e2e::api::script;
use postern_e2e::{Daemon, Form, Request, Response, Setup, eventually};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// Who plays every other host.
fn origin() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    format!("http://{address}")
}

fn serve(stream: TcpStream) -> Option<()> {
    let mut write = stream.try_clone().ok()?;
    let mut read = BufReader::new(stream);
    loop {
        let (mut line, mut fields, mut length, mut chunked) = (String::new(), json!({}), 0, false);
        read.read_line(&mut line).ok().filter(|len| *len > 0)?;
        loop {
            let mut field = String::new();
            read.read_line(&mut field).ok()?;
            let Some((name, value)) = field.trim().split_once(": ") else {
                break;
            };
            let name = name.to_ascii_lowercase();
            match name.as_str() {
                "content-length" => length = value.parse().ok()?,
                "transfer-encoding" => chunked = true,
                _ => {}
            }
            fields[name] = json!(value);
        }
        let mut body = vec![0; length];
        read.read_exact(&mut body).ok()?;
        if chunked {
            body = chunks(&mut read)?;
        }
        let mut words = line.split(' ');
        let (method, path) = (words.next()?, words.next()?);
        let (status, kind, text) = answer(method, path, fields, &String::from_utf8_lossy(&body));
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nx-origin: 1\r\nset-cookie: origin=1\r\ncontent-length: {}\r\n\r\n",
            text.len()
        );
        write.write_all(head.as_bytes()).ok()?;
        if method != "HEAD" {
            write.write_all(text.as_bytes()).ok()?;
        }
    }
}

fn chunks(read: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        read.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        read.read_exact(&mut chunk).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend(&chunk[..size]);
    }
}

/// Status, type and body by path.
fn answer(method: &str, path: &str, fields: Value, body: &str) -> (u16, &'static str, String) {
    let json = "application/json";
    if let Some(status) = path.strip_prefix("/status/") {
        return (status.parse().unwrap_or(500), "text/plain", String::new());
    }
    if let Some(text) = path.strip_prefix("/text/") {
        let text = text.replace("%20", " ").replace("%40", "@");
        return (200, "text/plain", text);
    }
    match path {
        "/echo" => {
            let told = json!({"method": method, "headers": fields, "body": body});
            (200, json, told.to_string())
        }
        "/siteverify" => (
            200,
            json,
            json!({"success": body.contains("good")}).to_string(),
        ),
        "/large.json" => (200, json, json!(vec!["a long array"; 20_000]).to_string()),
        _ if path.ends_with(".png") => (200, "image/png", "PNG".to_owned()),
        _ if path.ends_with("page.html") => (
            200,
            "text/html",
            format!(
                "<!doctype html><html><head><title>T</title></head><body>{path}<a href=\"http://old.example/a\">x</a><img src=\"http://old.example/i.png\"></body></html>"
            ),
        ),
        _ => (200, json, json!({"path": path, "ok": true}).to_string()),
    }
}

/// One line of what is asked or answered: the first words, fields, parts of the body.
struct Line {
    first: String,
    fields: Vec<(String, String)>,
    bodies: Vec<String>,
}

impl Line {
    fn parse(text: &str) -> Self {
        let mut parts = text.split(" || ");
        let mut head = parts.next().unwrap_or("").split(" | ");
        let first = head.next().unwrap_or("").trim().to_owned();
        let field = |text: &str| {
            let (name, value) = text.split_once(':').unwrap();
            (name.trim().to_owned(), value.trim().to_owned())
        };
        Self {
            first,
            fields: head.map(field).collect(),
            bodies: parts.map(|it| it.trim().to_owned()).collect(),
        }
    }
}

/// What a file's comments say.
struct Example {
    name: String,
    source: String,
    flags: Vec<String>,
    cpu_ms: Option<u32>,
    lines: Vec<(char, Line)>,
}

fn read(path: &Path) -> Example {
    let source = std::fs::read_to_string(path).unwrap();
    let name = path
        .file_stem()
        .unwrap()
        .to_string_lossy()
        .replace('_', "-");
    let (mut flags, mut lines, mut cpu_ms) = (Vec::new(), Vec::new(), None);
    for line in source.lines().map_while(|line| line.strip_prefix("//")) {
        let line = line.trim();
        if let Some(text) = line.strip_prefix("> ") {
            lines.push(('>', Line::parse(text)));
        } else if let Some(text) = line.strip_prefix("? ") {
            lines.push(('?', Line::parse(text)));
        } else if let Some(text) = line.strip_prefix("< ") {
            lines.push(('<', Line::parse(text)));
        } else if let Some(text) = line.strip_prefix("cpu-ms: ") {
            cpu_ms = Some(text.parse().unwrap());
        } else if let Some(text) = line.strip_prefix("flags: ") {
            flags.extend(text.split(", ").map(str::to_owned));
        }
    }
    Example {
        name,
        source,
        flags,
        cpu_ms,
        lines,
    }
}

fn push(daemon: &Daemon, example: &Example, bindings: &Value) {
    let mut metadata = json!({
        "main_module": "index.js",
        "compatibility_date": "2026-01-01",
        "compatibility_flags": example.flags,
        "bindings": bindings,
    });
    if let Some(cpu_ms) = example.cpu_ms {
        metadata["limits"] = json!({"cpu_ms": cpu_ms});
    }
    let kind = Some("application/javascript+module");
    let form =
        Form::new()
            .metadata(&metadata)
            .part("index.js", Some("index.js"), kind, &example.source);
    daemon.api().form("PUT", &script(&example.name), form).ok();
}

fn send(daemon: &Daemon, name: &str, line: &Line) -> Response {
    let (method, target) = line.first.split_once(' ').unwrap();
    let mut request = Request::new(method, &format!("/{name}{target}"));
    for (field, value) in &line.fields {
        request = request.header(field, value);
    }
    if let Some(body) = line.bodies.first() {
        request = request.body(body.as_bytes());
    }
    daemon.send(&request)
}

/// What an answer lacks.
fn lacks(answer: &Response, line: &Line) -> Option<String> {
    let text = String::from_utf8_lossy(&answer.body);
    if line.first != answer.status.to_string() {
        return Some(format!("{}: {text:.500}", answer.status));
    }
    for (field, value) in &line.fields {
        if answer.header(field) != Some(value) {
            return Some(format!("{field}: {:?}", answer.headers));
        }
    }
    let missing = line.bodies.iter().find(|part| !text.contains(*part))?;
    Some(format!("no {missing:?} in {text:.2000}"))
}

fn try_out(daemon: &Daemon, example: &Example) -> Option<String> {
    let mut lines = example.lines.iter();
    while let Some((sign, asked)) = lines.next() {
        let expected = match lines.next() {
            Some(('<', line)) => line,
            _ => return Some(format!("{} has no answer", asked.first)),
        };
        let mut lack = lacks(&send(daemon, &example.name, asked), expected);
        if *sign == '?' && lack.is_some() {
            lack = eventually(&format!("{}: {}", example.name, asked.first), || {
                lacks(&send(daemon, &example.name, asked), expected)
                    .is_none()
                    .then_some(None)
            });
        }
        if let Some(lack) = lack {
            return Some(format!("{}: {lack}", asked.first));
        }
    }
    None
}

#[test]
fn examples_run() {
    let daemon = Setup::new()
        .edge("test-routes = true")
        .tables("[outbound]\nallow-private = true\n")
        .start();
    let api = daemon.api();
    api.production();
    let bindings = json!([
        {"type": "plain_text", "name": "ORIGIN", "text": origin()},
        {"type": "secret_text", "name": "SECRET", "text": "s3cret"},
        {"type": "kv_namespace", "name": "KV", "namespace_id": api.kv_namespace("examples")},
        {"type": "analytics_engine", "name": "ANALYTICS", "dataset": "examples"},
        {"type": "ratelimit", "name": "RATE", "namespace_id": "1", "simple": {"limit": 5, "period": 60}},
    ]);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let mut failed = Vec::new();
    for path in &paths {
        let example = read(path);
        push(&daemon, &example, &bindings);
        if let Some(lack) = try_out(&daemon, &example) {
            failed.push(format!("{}: {lack}", example.name));
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {} fail:\n{}",
        failed.len(),
        paths.len(),
        failed.join("\n")
    );
}
