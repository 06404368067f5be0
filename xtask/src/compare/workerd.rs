//! What workerd answers: one process with every case as a service, each on a socket of its own.

use super::daemon::{HEADER, worker};
use super::folder;
use crate::process::Server;
use crate::{npm, step, workspace};
use anyhow::{Result, bail};
use postern_compare::{Answer, Case, Outcome, Request, ask};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to start.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// How long one answer may take.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);

/// The service that tells that it is ready.
const READY: &str = "ready";
/// The service that keeps what Workers put into caches.
const CACHE: &str = "cache";

/// Asks it all cases.
pub fn outcomes(cases: &[Case]) -> Result<Vec<Outcome>> {
    let program = program()?;
    // A socket's path has to be short, which a build directory's may not be.
    let dir = std::env::temp_dir().join(format!("postern-compare-{}", std::process::id()));
    workspace::create_dir(&dir)?;
    let result = step::quiet("workerd's answers", || {
        let mut refused = BTreeMap::new();
        // It ends when a Worker's module throws, and tells all that did.
        loop {
            let before = refused.len();
            let mut server = start(&program, &dir, cases, &refused)?;
            if let Some(told) = wait(&dir, &mut server)? {
                refused.extend(refusals(&told));
                if refused.len() == before {
                    bail!("workerd does not start:\n{told}");
                }
                continue;
            }
            let outcomes = cases
                .iter()
                .enumerate()
                .map(|(at, case)| match refused.get(&at) {
                    Some(why) => Outcome::Refused(why.clone()),
                    None => Outcome::Answers(answers(&dir, at, case)),
                })
                .collect();
            server.terminate()?;
            server.wait(Duration::from_secs(10))?;
            return Ok(outcomes);
        }
    });
    let _ = std::fs::remove_dir_all(&dir);
    result
}

/// Installs it; where it is.
pub fn program() -> Result<PathBuf> {
    let modules = npm::install("compare", &folder())?;
    npm::program(&modules.join("@cloudflare"), "bin/workerd")
}

fn start(
    program: &Path,
    dir: &Path,
    cases: &[Case],
    refused: &BTreeMap<usize, String>,
) -> Result<Server> {
    let mut config = String::from("using Workerd = import \"/workerd/workerd.capnp\";\n");
    let mut services = format!("(name = {READY:?}, worker = .{READY}),");
    let mut sockets =
        format!("(name = {READY:?}, address = \"unix:{READY}\", http = (), service = {READY:?}),");
    std::fs::write(
        dir.join("ready.js"),
        "export default { fetch() { return new Response(); } };",
    )?;
    writeln!(
        config,
        "const {READY} :Workerd.Worker = (modules = [(name = \"worker.js\", esModule = embed \"ready.js\")], \
         compatibilityDate = \"2026-01-01\");"
    )?;
    std::fs::write(dir.join("cache.js"), include_str!("cache.js"))?;
    writeln!(services, "(name = {CACHE:?}, worker = .{CACHE}),")?;
    writeln!(
        config,
        "const {CACHE} :Workerd.Worker = (modules = [(name = \"cache.js\", esModule = embed \"cache.js\")], \
         compatibilityDate = \"2026-01-01\");"
    )?;
    std::fs::write(dir.join("handlers.js"), include_str!("handlers.js"))?;
    let _ = std::fs::remove_file(dir.join(READY));
    for (at, case) in cases.iter().enumerate() {
        let _ = std::fs::remove_file(dir.join(at.to_string()));
        if refused.contains_key(&at) {
            continue;
        }
        std::fs::write(dir.join(format!("{at}.js")), &case.source)?;
        let mut wasm = String::new();
        for path in &case.wasm {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            std::fs::copy(path, dir.join(format!("{at}-{name}")))?;
            write!(wasm, ", (name = {name:?}, wasm = embed \"{at}-{name}\")")?;
        }
        let mut bindings = String::new();
        let mut bound: Vec<&Path> = Vec::new();
        for service in &case.services {
            let known = bound.iter().position(|path| *path == service.path);
            let number = known.unwrap_or(bound.len());
            if known.is_none() {
                bound.push(&service.path);
                std::fs::copy(&service.path, dir.join(format!("{at}-{number}.js")))?;
            }
            let entrypoint = match &service.entrypoint {
                Some(entrypoint) => format!(", entrypoint = {entrypoint:?}"),
                None => String::new(),
            };
            let props = match &service.props {
                Some(props) => format!(", props = (json = {props:?})"),
                None => String::new(),
            };
            write!(
                bindings,
                "(name = {:?}, service = (name = \"{at}-{number}\"{entrypoint}{props})),",
                service.binding
            )?;
        }
        for loader in &case.loaders {
            write!(bindings, "(name = {loader:?}, workerLoader = ()),")?;
        }
        let flags: Vec<String> = case.flags.iter().map(|flag| format!("{flag:?}")).collect();
        writeln!(services, "(name = \"{at}\", worker = .w{at}),")?;
        let asked = if case.calls_handlers() {
            writeln!(services, "(name = \"{at}-handlers\", worker = .w{at}h),")?;
            writeln!(
                config,
                "const w{at}h :Workerd.Worker = (modules = [(name = \"worker.js\", \
                 esModule = embed \"handlers.js\")], compatibilityDate = \"2026-01-01\", \
                 compatibilityFlags = [\"service_binding_extra_handlers\"], \
                 bindings = [(name = \"WORKER\", service = \"{at}\")]);"
            )?;
            format!("{at}-handlers")
        } else {
            at.to_string()
        };
        writeln!(
            sockets,
            "(name = \"s{at}\", address = \"unix:{at}\", http = (), service = {asked:?}),"
        )?;
        let code = if case.classic {
            format!("serviceWorkerScript = embed \"{at}.js\"")
        } else {
            format!("modules = [(name = \"worker.js\", esModule = embed \"{at}.js\"){wasm}]")
        };
        writeln!(
            config,
            "const w{at} :Workerd.Worker = ({code}, \
             compatibilityDate = {:?}, compatibilityFlags = [{}], cacheApiOutbound = {CACHE:?}, \
             bindings = [{bindings}]);",
            case.date,
            flags.join(", ")
        )?;
        for number in 0..bound.len() {
            writeln!(
                services,
                "(name = \"{at}-{number}\", worker = .w{at}s{number}),"
            )?;
            writeln!(
                config,
                "const w{at}s{number} :Workerd.Worker = (modules = [(name = \"worker.js\", \
                 esModule = embed \"{at}-{number}.js\")], compatibilityDate = {:?}, \
                 compatibilityFlags = [{}]);",
                case.date,
                flags.join(", ")
            )?;
        }
    }
    writeln!(
        config,
        "const config :Workerd.Config = (services = [\n{services}], sockets = [\n{sockets}]);"
    )?;
    std::fs::write(dir.join("config.capnp"), config)?;
    let log = std::fs::File::create(dir.join("log"))?;
    Server::start(
        Command::new(program)
            .args(["serve", "config.capnp", "--experimental"])
            .current_dir(dir)
            .stdout(Stdio::null())
            .stderr(log),
    )
}

/// Waits until it listens; what it told if it ended instead.
fn wait(dir: &Path, server: &mut Server) -> Result<Option<String>> {
    let start = Instant::now();
    let ready = Request {
        method: "GET".to_owned(),
        target: "/".to_owned(),
        body: String::new(),
    };
    loop {
        // It listens before it evaluates modules, and answers afterwards.
        if answer(&dir.join(READY), READY, &ready).is_ok() {
            return Ok(None);
        }
        if server.ended()?.is_some() {
            return Ok(Some(std::fs::read_to_string(dir.join("log"))?));
        }
        if start.elapsed() > START_PATIENCE {
            bail!(
                "workerd does not listen after {} s",
                START_PATIENCE.as_secs()
            );
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Which services it names in lines such as `service 3: Uncaught TypeError: …`.
fn refusals(told: &str) -> BTreeMap<usize, String> {
    told.lines()
        .filter_map(|line| {
            let (name, why) = line.split_once("service ")?.1.split_once(':')?;
            Some((name.trim().parse().ok()?, why.trim().to_owned()))
        })
        .collect()
}

fn answers(dir: &Path, at: usize, case: &Case) -> Vec<Answer> {
    case.requests
        .iter()
        .map(|request| {
            answer(&dir.join(at.to_string()), &worker(case), request).unwrap_or_else(|error| {
                let told = format!("workerd gives no answer: {error:#}");
                Answer::new(request.shown(), 0, [], told.as_bytes())
            })
        })
        .collect()
}

fn answer(socket: &Path, name: &str, request: &Request) -> Result<Answer> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(ANSWER_PATIENCE))?;
    Ok(ask(stream, "example.com", &[(HEADER, name)], request)?)
}
