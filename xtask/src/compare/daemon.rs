//! What one Postern daemon answers, with every case pushed to it as a Worker.

use crate::daemon::Daemon;
use crate::{step, test, workspace};
use anyhow::{Context, Result};
use postern_compare::{Answer, Case, Outcome, ask};
use serde_json::{Value, json};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

/// The header that names the Worker; workerd gets it too, since a case may show what it was sent.
pub const HEADER: &str = "x-worker";
/// How long one answer may take.
const ANSWER_PATIENCE: Duration = Duration::from_secs(60);

/// Facts by the hundred take longer than a request may by default.
const CPU_MS: &str = "30000";
const NAMESPACE: &str = "compare";
const CONFIG: &str = r#"data-dir = "."

[edge]
listen = "127.0.0.1:0"
test-routes = true

[routing]
modes = ["header"]
header = "x-worker"
namespace = "compare"

[manage]
listen = "127.0.0.1:0"

[outbound]
allow-private = true

[limits]
startup-cpu-ms = 5000
memory-bytes = "64 MiB"
isolates = 1
"#;

/// Builds it, pushes every case and asks it.
pub fn outcomes(cases: &[Case]) -> Result<Vec<Outcome>> {
    outcomes_with(cases, &[], |_| Ok(()))
}

/// The same, with more arguments of `postern push`, after what they need was made.
pub fn outcomes_with(
    cases: &[Case],
    more: &[&str],
    make: impl FnOnce(&Daemon) -> Result<()>,
) -> Result<Vec<Outcome>> {
    let binary = test::daemon()?;
    let dir = workspace::target().join("compare");
    if dir.exists() {
        std::fs::remove_dir_all(&dir)
            .with_context(|| format!("cannot empty {}", workspace::shown(&dir)))?;
    }
    let daemon = Daemon::start(&binary, &dir, CONFIG)?;
    daemon.namespace(NAMESPACE)?;
    make(&daemon)?;
    let outcomes = step::quiet("the daemon's answers", || {
        cases
            .iter()
            .map(|case| outcome(&daemon, case, more))
            .collect()
    });
    daemon.stop()?;
    outcomes
}

/// A Worker's name for a case.
pub fn worker(case: &Case) -> String {
    case.name.replace(['/', '_', '.'], "-")
}

fn outcome(daemon: &Daemon, case: &Case, arguments: &[&str]) -> Result<Outcome> {
    let name = worker(case);
    let mut more = arguments.to_vec();
    more.extend(["--namespace", NAMESPACE, "--cpu-ms", CPU_MS]);
    more.extend(["--compatibility-date", &case.date]);
    for flag in &case.flags {
        more.extend(["--compatibility-flag", flag]);
    }
    // Stacks name the module, which is called so in workerd.
    let folder = workspace::target().join("compare-cases").join(&name);
    workspace::create_dir(&folder)?;
    let module = folder.join("worker.js");
    let copy = |from: &Path, to: &Path| {
        std::fs::copy(from, to)
            .with_context(|| format!("cannot copy {}", workspace::shown(from)))
            .map(drop)
    };
    std::fs::write(&module, &case.source)
        .with_context(|| format!("cannot write {}", workspace::shown(&module)))?;
    for wasm in &case.wasm {
        copy(wasm, &folder.join(wasm.file_name().unwrap_or_default()))?;
    }
    let mut pushed = module;
    if case.needs_others() {
        let services = bound(daemon, case, &name, &more)?;
        let loaders = case.loaders.iter().map(|name| json!({"binding": name}));
        let loaders: Vec<Value> = loaders.collect();
        let project = json!({"name": name, "main": "worker.js", "services": services, "worker_loaders": loaders});
        std::fs::write(folder.join("wrangler.json"), project.to_string())?;
        pushed = folder;
    }
    if let Err(error) = daemon.push(&pushed, &name, &more) {
        return Ok(Outcome::Refused(format!("{error:#}")));
    }
    let edge = daemon.edge();
    let address = edge.strip_prefix("http://").unwrap_or(&edge);
    let answers = case.requests.iter().map(|request| {
        let answer = TcpStream::connect(address).and_then(|stream| {
            stream.set_read_timeout(Some(ANSWER_PATIENCE))?;
            ask(stream, "example.com", &[(HEADER, &name)], request)
        });
        answer.unwrap_or_else(|error| {
            let told = format!("the daemon gives no answer: {error}");
            Answer::new(request.shown(), 0, [], told.as_bytes())
        })
    });
    Ok(Outcome::Answers(answers.collect()))
}

/// Pushes the Workers that a case is bound to; the bindings as a project has them.
fn bound(daemon: &Daemon, case: &Case, name: &str, more: &[&str]) -> Result<Vec<Value>> {
    let mut pushed: Vec<&Path> = Vec::new();
    let mut services = Vec::new();
    for service in &case.services {
        let known = pushed.iter().position(|path| *path == service.path);
        let number = known.unwrap_or(pushed.len());
        let script = format!("{name}-{number}");
        if known.is_none() {
            pushed.push(&service.path);
            let folder = workspace::target().join("compare-cases").join(&script);
            workspace::create_dir(&folder)?;
            let module = folder.join("worker.js");
            std::fs::copy(&service.path, &module)
                .with_context(|| format!("cannot copy {}", workspace::shown(&service.path)))?;
            daemon.push(&module, &script, more)?;
        }
        let props = service.props.as_deref().map(serde_json::from_str::<Value>);
        services.push(json!({
            "binding": service.binding,
            "service": script,
            "entrypoint": service.entrypoint.as_deref().unwrap_or("default"),
            "props": props.transpose().context("props are JSON")?,
        }));
    }
    Ok(services)
}
