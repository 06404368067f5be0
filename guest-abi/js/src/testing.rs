//! The engine on the machine that builds it, with a stand-in for the host: enough to serve one
//! request with one module. For `examples/serve.rs` and tests.

use crate::exception::Exception;
use crate::{events, modules, vm};
use postern_abi::bundle::{Bundle, BundleModule, ModuleKind};
use postern_abi::cache::{CacheDelete, CacheMatch, CachePut};
use postern_abi::fetch::{FetchBody, Fetched, FetchedBody};
use postern_abi::http::{BodyHint, Fields, RequestLine, ResponseHead};
use postern_abi::{EventKind, OpKind, SyncOp};
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};

/// What a Worker answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status; 0 without an answer.
    pub status: u16,
    /// Its fields.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// Lines of log.
    pub logs: Vec<String>,
    /// What it threw instead.
    pub exception: Option<String>,
}

#[derive(Default)]
struct State {
    modules: Vec<(String, ModuleKind, Vec<u8>)>,
    date: String,
    flags: Vec<String>,
    answer: Answer,
    queue: VecDeque<(EventKind, u32, Vec<u8>)>,
    timers: Vec<(u64, u32)>,
    body: Vec<u8>,
    pulled: bool,
    now: u64,
    requests: u32,
    done: bool,
    loading: bool,
    keys: postern_crypto::Keys,
    /// What caches hold, by cache and URL.
    kept: HashMap<(Option<String>, String), Kept>,
    /// Answers whose bodies are still coming, by their operations.
    keeping: HashMap<u32, ((Option<String>, String), Kept)>,
}

struct Kept {
    status: u16,
    status_text: String,
    fields: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    is_sized: bool,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// What a Worker is made of and asked.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// Modules by name; the first is the main one.
    pub modules: Vec<(String, ModuleKind, Vec<u8>)>,
    /// The compatibility date.
    pub date: String,
    /// Compatibility flags.
    pub flags: Vec<String>,
    /// The method.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// Header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Boots the engine, loads the modules, serves the request.
///
/// # Errors
/// What booting or loading threw.
pub fn serve(mut case: Case) -> Result<Answer, String> {
    load(&mut case)?;
    request(&case)
}

/// Boots the engine if that was not done, and loads the modules.
///
/// # Errors
/// What booting or loading threw.
pub fn load(case: &mut Case) -> Result<(), String> {
    let shown = |error: Exception| format!("{}: {}\n{}", error.name, error.message, error.stack);
    STATE.with_borrow_mut(|state| {
        state.modules = std::mem::take(&mut case.modules);
        state.date.clone_from(&case.date);
        state.flags.clone_from(&case.flags);
        state.now = 1_700_000_000_000;
        state.loading = true;
    });
    if vm::vm().is_none() {
        vm::boot().map_err(shown)?;
    }
    let vm = vm::vm().ok_or("not booted")?;
    let loaded = modules::load(vm).map_err(shown);
    STATE.with_borrow_mut(|state| state.loading = false);
    loaded
}

/// Serves a request with what was loaded.
///
/// # Errors
/// When the request cannot be encoded.
pub fn request(case: &Case) -> Result<Answer, String> {
    let line = RequestLine {
        method: &case.method,
        url: &case.url,
        body: if case.body.is_empty() {
            BodyHint::None
        } else {
            BodyHint::Known(case.body.len() as u64)
        },
    };
    let fields = Fields(
        case.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect(),
    );
    let mut payload = postcard::to_allocvec(&line).map_err(|error| error.to_string())?;
    payload.extend(postcard::to_allocvec(&fields).map_err(|error| error.to_string())?);
    let id = STATE.with_borrow_mut(|state| {
        state.body.clone_from(&case.body);
        state.pulled = false;
        state.done = false;
        state.requests += 1;
        state.requests
    });
    deliver(EventKind::Request, id, &payload);
    loop {
        let next = STATE.with_borrow_mut(|state| {
            if let Some(event) = state.queue.pop_front() {
                return Some(event);
            }
            state.timers.sort_unstable();
            if state.done || state.timers.is_empty() {
                return None;
            }
            let (at, op) = state.timers.remove(0);
            state.now = state.now.max(at);
            Some((EventKind::OpDone, op, Vec::new()))
        });
        match next {
            Some((kind, id, payload)) => deliver(kind, id, &payload),
            None => break,
        }
    }
    Ok(STATE.with_borrow_mut(|state| std::mem::take(&mut state.answer)))
}

/// Objects and bytes that the engine holds, without garbage.
pub fn holds() -> (i64, i64) {
    vm::vm().map_or((0, 0), vm::Vm::holds)
}

fn deliver(kind: EventKind, id: u32, payload: &[u8]) {
    let window = crate::host::window(payload.len());
    // SAFETY: the window has room for the payload, and nobody reads it between events.
    unsafe { std::ptr::copy_nonoverlapping(payload.as_ptr(), window, payload.len()) };
    let status = events::handle(kind as u32, id, payload.len());
    assert_eq!(status, 0, "an event failed");
}

/// A module of `node/`, as the daemon serves it.
fn builtin(name: &str) -> Option<Vec<u8>> {
    let name = match (name.strip_prefix("internal:node/"), name) {
        (Some(name), _) => format!("internal_{name}"),
        (None, "cloudflare:node") => "cloudflare_node".to_owned(),
        (None, name) => name.strip_prefix("node:")?.to_owned(),
    };
    let known = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || b"_/0123456789".contains(&byte));
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/node");
    let file = format!("{}.js", name.replace('/', "_"));
    known.then(|| std::fs::read(std::path::Path::new(folder).join(file)).ok())?
}

/// What the daemon does for `CompressionOpen` and its like.
#[allow(dead_code, reason = "the daemon uses more of it")]
#[path = "../../../daemon/src/engine/compression.rs"]
mod compression;

thread_local! {
    static CONTEXTS: RefCell<compression::Contexts> = RefCell::default();
}

fn compress(kind: u32, argument: &[u8]) -> Option<Result<Vec<u8>, postern_abi::OpErrorCode>> {
    let mut out = Vec::new();
    let done = CONTEXTS.with_borrow_mut(|contexts| {
        Some(match SyncOp::from_u32(kind)? {
            SyncOp::CompressionOpen => contexts
                .open(0, argument)
                .map(|handle| out.extend_from_slice(&handle.to_le_bytes())),
            SyncOp::CompressionWrite => contexts.write(argument, &mut out, &mut |_| true).map(drop),
            SyncOp::CompressionClose => contexts.close(argument),
            _ => return None,
        })
    })?;
    Some(done.map(|()| out))
}

/// What the daemon does for `RewriterOpen` and its like.
#[allow(dead_code, unreachable_pub, reason = "the daemon uses more of it")]
#[path = "../../../daemon/src/engine/rewriter/mod.rs"]
mod rewriter;

thread_local! {
    static REWRITERS: RefCell<rewriter::Rewriters> = RefCell::default();
}

fn rewrite(kind: u32, argument: &[u8]) -> Option<Result<Vec<u8>, postern_abi::OpErrorCode>> {
    let mut out = Vec::new();
    let done = REWRITERS.with_borrow_mut(|rewriters| {
        Some(match SyncOp::from_u32(kind)? {
            SyncOp::RewriterSelector => {
                out.extend(
                    rewriter::selector_error(argument)
                        .unwrap_or_default()
                        .bytes(),
                );
                Ok(())
            }
            SyncOp::RewriterOpen => rewriters.open(0, argument, &mut out).map(drop),
            SyncOp::RewriterFeed => rewriters.feed(argument, &mut out).map(drop),
            SyncOp::RewriterGoOn => rewriters.go_on(argument, &mut out).map(drop),
            SyncOp::RewriterToken => rewriters.token(argument, &mut out).map(drop),
            SyncOp::RewriterClose => rewriters.close(argument),
            _ => return None,
        })
    })?;
    Some(done.map(|()| out))
}

/// What the daemon does for `CacheMatch` and its like, but for how long things are kept, and of
/// what.
fn cache(state: &mut State, op: u32, kind: OpKind, argument: &[u8]) -> Option<Vec<u8>> {
    let key = |cache: Option<&str>, url: &str| (cache.map(str::to_owned), url.to_owned());
    match kind {
        OpKind::CacheMatch => {
            let asked: CacheMatch = postcard::from_bytes(argument).ok()?;
            let Some(kept) = state.kept.get(&key(asked.cache, asked.url)) else {
                return Some(vec![0]);
            };
            let mut fields: Vec<(&str, &[u8])> = kept
                .fields
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_slice()))
                .collect();
            let length = kept.body.len().to_string();
            fields.push(("cf-cache-status", b"HIT"));
            if kept.is_sized {
                fields.push(("content-length", length.as_bytes()));
            }
            let found = Fetched {
                status: kept.status,
                status_text: &kept.status_text,
                headers: Fields(fields),
                url: "",
                body: FetchedBody::Whole,
            };
            let mut payload = postcard::to_allocvec(&Some(found)).ok()?;
            payload.extend_from_slice(&kept.body);
            Some(payload)
        }
        OpKind::CachePut => {
            let (asked, body): (CachePut, _) = postcard::take_from_bytes(argument).ok()?;
            let fields = asked.headers.0.iter();
            let kept = Kept {
                status: asked.status,
                status_text: asked.status_text.to_owned(),
                fields: fields
                    .filter(|(name, _)| !matches!(*name, "content-length" | "cf-cache-status"))
                    .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
                    .collect(),
                body: body.to_vec(),
                is_sized: asked.body != FetchBody::Stream(None),
            };
            let key = key(asked.cache, asked.url);
            if matches!(asked.body, FetchBody::Stream(_)) {
                state.keeping.insert(op, (key, kept));
                return None;
            }
            state.kept.insert(key, kept);
            postcard::to_allocvec(&204u16).ok()
        }
        _ => {
            let asked: CacheDelete = postcard::from_bytes(argument).ok()?;
            let gone = state.kept.remove(&key(asked.cache, asked.url));
            Some(vec![gone.is_some().into()])
        }
    }
}

/// The host's functions.
pub mod host {
    #![allow(missing_docs, clippy::wildcard_imports)]
    use super::*;

    pub fn op_start(op: u32, kind: u32, argument: &[u8]) {
        STATE.with_borrow_mut(|state| {
            if kind == OpKind::Crypto as u32 {
                let mut result = Vec::new();
                if let Some(task) = postern_crypto::Task::read(&state.keys, argument) {
                    let ran = task.run();
                    ran.bring(&mut state.keys, &mut result);
                }
                state.queue.push_back((EventKind::OpDone, op, result));
            } else if kind == OpKind::Timer as u32 {
                let millis: u64 = postcard::from_bytes(argument).unwrap_or_default();
                state.timers.push((state.now + millis, op));
            } else if let Some(
                kind @ (OpKind::CacheMatch | OpKind::CachePut | OpKind::CacheDelete),
            ) = OpKind::from_u32(kind)
            {
                if let Some(result) = super::cache(state, op, kind, argument) {
                    state.queue.push_back((EventKind::OpDone, op, result));
                }
            } else {
                let error = postern_abi::OpError {
                    code: 1,
                    message: "there is no such operation here",
                };
                let error = postcard::to_allocvec(&error).unwrap_or_default();
                state.queue.push_back((EventKind::OpFailed, op, error));
            }
        });
    }

    pub fn op_cancel(op: u32) {
        STATE.with_borrow_mut(|state| {
            state.timers.retain(|(_, other)| *other != op);
            state.keeping.remove(&op);
        });
    }

    pub fn op_pull(_: u32, _: u32) {}

    pub fn op_chunk(op: u32, bytes: &[u8], end: bool) {
        STATE.with_borrow_mut(|state| {
            let Some((_, kept)) = state.keeping.get_mut(&op) else {
                return;
            };
            kept.body.extend_from_slice(bytes);
            if end && let Some((key, kept)) = state.keeping.remove(&op) {
                state.kept.insert(key, kept);
                let result = postcard::to_allocvec(&204u16).unwrap_or_default();
                state.queue.push_back((EventKind::OpDone, op, result));
            } else {
                let credit = postern_abi::limits::BODY_CREDIT.to_le_bytes();
                state
                    .queue
                    .push_back((EventKind::OpCredit, op, credit.to_vec()));
            }
        });
    }

    fn crypto(state: &mut State, argument: &[u8], out: &mut [u8], waits: bool) -> i32 {
        let Some(task) = postern_crypto::Task::read(&state.keys, argument) else {
            return -3;
        };
        if !task.is_short() && !state.loading && !waits {
            return -6;
        }
        let mut result = Vec::new();
        task.run_in(&mut state.keys, &mut result);
        if result.len() <= out.len() {
            out[..result.len()].copy_from_slice(&result);
        }
        result.len() as i32
    }

    pub fn op_sync(kind: u32, argument: &[u8], out: &mut [u8]) -> i32 {
        let waits = kind == SyncOp::CryptoWait as u32;
        if waits || kind == SyncOp::Crypto as u32 {
            // A key may be forgotten while the stand-in itself is at work.
            return STATE.with(|state| match state.try_borrow_mut() {
                Ok(mut state) => crypto(&mut state, argument, out, waits),
                Err(_) => -9,
            });
        }
        if let Some(answer) =
            super::compress(kind, argument).or_else(|| super::rewrite(kind, argument))
        {
            return match answer {
                Err(code) => -(code as i32),
                Ok(result) => {
                    if let Some(out) = out.get_mut(..result.len()) {
                        out.copy_from_slice(&result);
                    }
                    result.len() as i32
                }
            };
        }
        let answer = |state: &State| match SyncOp::from_u32(kind) {
            Some(SyncOp::Bundle) => {
                let bundle = Bundle {
                    main: &state.modules[0].0,
                    compatibility_date: &state.date,
                    flags: state.flags.iter().map(String::as_str).collect(),
                    modules: state
                        .modules
                        .iter()
                        .map(|(name, kind, bytes)| BundleModule {
                            name,
                            kind: *kind,
                            len: bytes.len() as u32,
                        })
                        .collect(),
                };
                postcard::to_allocvec(&bundle).ok()
            }
            Some(SyncOp::Module) => {
                let index = u32::from_le_bytes(argument.try_into().ok()?);
                state.modules.get(index as usize).map(|it| it.2.clone())
            }
            Some(SyncOp::EnvNames) => postcard::to_allocvec::<[&str]>(&[]).ok(),
            Some(SyncOp::Loaded) => Some(Vec::new()),
            Some(SyncOp::CacheDefault) => Some(vec![1]),
            Some(SyncOp::Builtin) => builtin(std::str::from_utf8(argument).ok()?),
            _ => None,
        };
        let Some(result) = STATE.with_borrow(answer) else {
            return -1;
        };
        if result.len() <= out.len() {
            out[..result.len()].copy_from_slice(&result);
        }
        result.len() as i32
    }

    pub fn respond(_: u32, head: &[u8], body: &[u8], _: bool) {
        STATE.with_borrow_mut(|state| {
            if let Ok(head) = postcard::from_bytes::<ResponseHead>(head) {
                state.answer.status = head.status;
                state.answer.headers = head
                    .headers
                    .0
                    .iter()
                    .map(|(name, value)| {
                        (
                            (*name).to_owned(),
                            String::from_utf8_lossy(value).into_owned(),
                        )
                    })
                    .collect();
            }
            state.answer.body.extend_from_slice(body);
        });
    }

    pub fn body_chunk(_: u32, bytes: &[u8], _: bool) -> i32 {
        assert!(bytes.len() <= 65_536, "a part is beyond the credit");
        STATE.with_borrow_mut(|state| state.answer.body.extend_from_slice(bytes));
        65_536
    }

    pub fn body_pull(request: u32, _: u32) {
        STATE.with_borrow_mut(|state| {
            if std::mem::replace(&mut state.pulled, true) {
                return;
            }
            let body = std::mem::take(&mut state.body);
            for part in body.chunks(4096) {
                state
                    .queue
                    .push_back((EventKind::BodyChunk, request, part.to_vec()));
            }
            state
                .queue
                .push_back((EventKind::BodyEnd, request, Vec::new()));
        });
    }

    pub fn fail(_: u32, exception: &[u8]) {
        let told = postcard::from_bytes::<postern_abi::http::Exception>(exception)
            .map(|it| format!("{}: {}\n{}", it.name, it.message, it.stack))
            .unwrap_or_default();
        STATE.with_borrow_mut(|state| state.answer.exception = Some(told));
    }

    pub fn done(_: u32, status: u32, exception: &[u8]) {
        if status != 0 {
            fail(0, exception);
        }
        STATE.with_borrow_mut(|state| state.done = true);
    }

    pub fn log(level: u32, line: &str) {
        if level == postern_abi::event::LOG_VALUES || level == postern_abi::event::LOG_METHOD {
            return;
        }
        STATE.with_borrow_mut(|state| state.answer.logs.push(line.to_owned()));
    }

    pub fn now() -> i64 {
        STATE.with_borrow(|state| state.now as i64)
    }

    /// Not random, but different bytes each time.
    pub fn random(out: &mut [u8]) {
        thread_local! {
            static STATE: std::cell::Cell<u64> = const { std::cell::Cell::new(0x9e37_79b9_7f4a_7c15) };
        }
        for byte in out {
            let mut state = STATE.get();
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            STATE.set(state);
            *byte = (state >> 32) as u8;
        }
    }
}
