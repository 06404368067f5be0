//! Serves one GET with a Worker's modules, on this machine and without a daemon, and prints the
//! answer: `cargo run --example serve -- worker.js [FLAG ...]`. For trying the prelude out, and with
//! `POSTERN_REPEAT=1000` for a profiler to look at.

use postern_abi::bundle::ModuleKind;
use postern_js::testing::{Case, load, request};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().expect("the path of a module");
    let source = std::fs::read(&path).expect("a module that can be read");
    let mut case = Case {
        modules: vec![("worker.js".to_owned(), ModuleKind::EsModule, source)],
        date: "2026-01-01".to_owned(),
        flags: arguments.collect(),
        method: "GET".to_owned(),
        url: "http://example.com/".to_owned(),
        ..Case::default()
    };
    let repeat = std::env::var("POSTERN_REPEAT").ok();
    let repeat: u32 = repeat.and_then(|text| text.parse().ok()).unwrap_or(1);
    let answer = load(&mut case).and_then(|()| {
        for _ in 1..repeat {
            request(&case)?;
        }
        request(&case)
    });
    match answer {
        Err(error) => {
            eprintln!("refused: {error}");
            std::process::exit(1);
        }
        Ok(answer) => {
            for line in &answer.logs {
                eprintln!("log: {line}");
            }
            if let Some(exception) = &answer.exception {
                eprintln!("exception: {exception}");
            }
            eprintln!("{} {:?}", answer.status, answer.headers);
            println!("{}", String::from_utf8_lossy(&answer.body));
        }
    }
}
