//! Loads a Worker's module and answers requests with it, without a daemon: what `cargo xtask compare
//! --native` asks.
//!
//! `answer FILE DATE FLAGS [METHOD TARGET BODY]…`: FLAGS with commas between them. Each answer is a
//! line of JSON, `{"status", "headers", "body"}`; a module that is refused is `{"refused"}`.

#[allow(dead_code, reason = "the daemon uses more of it")]
#[path = "../../../daemon/src/catalog/flags.rs"]
mod flags;

use postern_abi::bundle::ModuleKind;
use postern_js::testing::{Case, load, request};
use serde_json::json;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, date, asked, requests @ ..] = arguments.as_slice() else {
        eprintln!("answer FILE DATE FLAGS [METHOD TARGET BODY]…");
        std::process::exit(2);
    };
    let source = std::fs::read(path).expect("a module that can be read");
    // As cases of `tests/compare` say it.
    let kind = if String::from_utf8_lossy(&source).contains("\n// script: classic\n") {
        ModuleKind::ServiceWorker
    } else {
        ModuleKind::EsModule
    };
    let asked: Vec<String> = asked.split(',').map(str::to_owned).collect();
    let names = flags::enabled(date, &asked);
    let mut case = Case {
        modules: vec![("worker.js".to_owned(), kind, source)],
        date: date.clone(),
        flags: names.iter().map(|name| (*name).to_owned()).collect(),
        headers: vec![("host".to_owned(), "example.com".to_owned())],
        ..Case::default()
    };
    if let Err(error) = load(&mut case) {
        println!("{}", json!({ "refused": error }));
        return;
    }
    for parts in requests.chunks(3) {
        let [method, target, body] = parts else {
            break;
        };
        case.method.clone_from(method);
        case.url = format!("http://example.com{target}");
        case.body = body.clone().into_bytes();
        let answer = request(&case).expect("a request that can be encoded");
        for line in &answer.logs {
            eprintln!("log: {line}");
        }
        if let Some(exception) = &answer.exception {
            eprintln!("exception: {exception}");
        }
        let status = match (answer.status, &answer.exception) {
            (0, Some(_)) => 500,
            (status, _) => status,
        };
        let body = String::from_utf8_lossy(&answer.body);
        println!(
            "{}",
            json!({ "status": status, "headers": answer.headers, "body": body })
        );
    }
}
