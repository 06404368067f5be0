//! Raw bytes on a connection, from the files in `tests/raw_http`: the answers are those that the
//! file names, no request reaches a Worker that the file does not name, and the next connection
//! is served.

mod corpus;

use corpus::{Case, Corpus};
use postern_e2e::{Connection, Daemon, Request, Setup};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Cases that there are at least.
const CASES_MIN: usize = 150;

/// Tells on `/seen` what has come since it was asked last, bodies included.
const SPY: &str = r#"
    let seen = [];
    export default {
        async fetch(request) {
            const { pathname, search, host } = new URL(request.url);
            if (pathname === "/seen") {
                const told = seen;
                seen = [];
                return Response.json(told);
            }
            if (pathname === "/alive") return new Response("still here");
            const told = seen;
            const at = told.push(`${request.method} ${pathname}${search} (broken)`) - 1;
            let body = await request.text();
            if (body.length > 100) body = `(${body.length} bytes)`;
            told[at] = `${request.method} ${pathname}${search} ${body.split(/\s+/).join(" ")}`.trimEnd();
            const fields = [...request.headers].map(([name, value]) => `${name}=${value}\n`).join("");
            return new Response(`host=${host}\n${fields}body=${body}`);
        },
    };
"#;

/// What is asked on the connection of a case to see whether it goes on.
const ALIVE: &[u8] = b"GET /spy/alive HTTP/1.1\r\nhost: alive.example\r\nconnection: close\r\n\r\n";
/// The same for the management port.
const ALIVE_MANAGE: &[u8] = b"GET / HTTP/1.1\r\nhost: alive.example\r\nconnection: close\r\n\r\n";

fn files() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/raw_http");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "http"))
        .collect();
    files.sort();
    files
}

#[test]
fn the_corpus_is_whole() {
    let mut names = BTreeSet::new();
    let mut bytes = BTreeSet::new();
    for file in files() {
        for case in Corpus::read(&file, "token").cases {
            assert!(!case.why.is_empty(), "{}: no reason", case.name);
            assert!(names.insert(case.name.clone()), "{}: twice", case.name);
            let what = (case.bytes.clone(), case.half, case.manage);
            assert!(bytes.insert(what), "{}: the bytes of another", case.name);
        }
    }
    let cases = names.len();
    assert!(
        cases >= CASES_MIN,
        "{cases} cases, {CASES_MIN} are promised"
    );
}

#[test]
fn answers_are_as_written_and_nobody_smuggles() {
    let mut wrong = Vec::new();
    for file in files() {
        let edge = Corpus::read(&file, "").edge;
        // Nothing ends by being idle, unless it is about that.
        let lines = match edge.contains("idle-deadline-ms") {
            true => edge,
            false => format!("idle-deadline-ms = 600000\n{edge}"),
        };
        let mut daemon = Setup::new()
            .edge(&lines)
            .tables("[limits]\nisolates = 1")
            .start();
        let api = daemon.api();
        api.production();
        api.push_javascript("spy", SPY);
        for case in Corpus::read(&file, daemon.token()).cases {
            if case.edge {
                let to = daemon.edge();
                wrong.extend(check(&mut daemon, &case, to, ALIVE).err());
            }
            if case.manage {
                let to = daemon.manage();
                wrong.extend(check(&mut daemon, &case, to, ALIVE_MANAGE).err());
            }
        }
        assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
    }
    assert!(
        wrong.is_empty(),
        "{} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Runs a case, and says what was not as written.
fn check(daemon: &mut Daemon, case: &Case, to: SocketAddr, alive: &[u8]) -> Result<(), String> {
    let name = &case.name;
    let mut connection = Connection::open(to).unwrap();
    // The other side may have answered and closed before it has read everything.
    let _ = connection.write(&case.bytes);
    if case.open && !case.half {
        let _ = connection.write(alive);
    }
    if case.half {
        let _ = connection.finish_writing();
    }
    let (mut got, texts) =
        answers(&mut connection, &case.answers).map_err(|reason| format!("{name}: {reason}"))?;
    let goes_on = case.open && !case.half;
    if goes_on && got.len() == case.answers.len() + 1 {
        got.pop();
    } else if goes_on {
        got.push(0);
    }
    let expected: Vec<u16> = case.answers.iter().map(|(status, _)| *status).collect();
    let mut faults = String::new();
    if got != expected {
        faults += &format!("answers {got:?} instead of {expected:?}; ");
    }
    for text in case.has.iter().filter(|text| !texts.contains(*text)) {
        faults += &format!("no {text:?}; ");
    }
    for text in case.lacks.iter().filter(|text| texts.contains(*text)) {
        faults += &format!("has {text:?}; ");
    }
    drop(connection);
    // What came is asked for on a new connection, which has to be served.
    assert!(daemon.runs(), "{name}: {}", daemon.log());
    let seen = seen(daemon);
    if seen != case.saw {
        faults += &format!("the Worker saw {seen:?} instead of {:?}; ", case.saw);
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(format!("{name}: {faults}\n{texts}\n")),
    }
}

/// What the Worker has seen since it was asked last.
fn seen(daemon: &Daemon) -> Vec<String> {
    let told = Request::get("/spy/seen").send(daemon.edge()).unwrap();
    serde_json::from_value(told.expect(200).json()).unwrap()
}

/// All statuses until the connection ends, and everything that came.
fn answers(
    connection: &mut Connection,
    expected: &[(u16, bool)],
) -> Result<(Vec<u16>, String), String> {
    let (all, ended) = connection.read_until_gone();
    let texts = String::from_utf8_lossy(&all).into_owned();
    if let Err(error) = ended {
        return Err(format!("the connection was not closed ({error}):\n{texts}"));
    }
    let mut statuses = Vec::new();
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        let no_body = expected.get(statuses.len()).is_some_and(|(_, head)| *head);
        let (status, len) = answer(rest, no_body).map_err(|fault| format!("{fault}:\n{texts}"))?;
        statuses.push(status);
        rest = &rest[len..];
    }
    Ok((statuses, texts))
}

/// The status of the answer that these bytes begin with, and how many are its own.
fn answer(bytes: &[u8], no_body: bool) -> Result<(u16, usize), String> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut fields);
    let begin = match head.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        other => return Err(format!("no answer ({other:?})")),
    };
    let status = head.code.unwrap_or(0);
    let field = |name: &str| {
        let found = head
            .headers
            .iter()
            .find(|it| it.name.eq_ignore_ascii_case(name));
        found.map(|it| String::from_utf8_lossy(it.value).into_owned())
    };
    if no_body || status < 200 || matches!(status, 204 | 304) {
        return Ok((status, begin));
    }
    if let Some(len) = field("content-length") {
        let len: usize = len.parse().map_err(|_| format!("a length of {len}"))?;
        return match begin + len <= bytes.len() {
            true => Ok((status, begin + len)),
            false => Err("an answer that broke off".to_owned()),
        };
    }
    if field("transfer-encoding").is_some() {
        let end = bytes[begin..].windows(5).position(|it| it == b"0\r\n\r\n");
        return end.map_or(Err("chunks without an end".to_owned()), |at| {
            Ok((status, begin + at + 5))
        });
    }
    Ok((status, bytes.len()))
}
