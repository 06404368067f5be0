//! A WASI program as a Worker: run once a request, which goes in and out by the CGI convention.

use super::Engine;
use super::held::Held;
use super::host::{Host, now_ms};
use super::imports::response_bytes_limit;
use super::invocation::{Reply, ReplyBody, RequestBody};
use super::limits::Failure;
use super::ops::Bindings;
use super::wasi::cgi::{CgiRequest, environ, parse_output};
use super::wasi::{Wasi, WasiInput};
use crate::ledger::Budget;
use bytes::Bytes;
use futures_lite::StreamExt;
use postern_abi::SyncOp;
use postern_abi::event::LogLevel;
use postern_abi::op::EnvValue;

/// Reads a body to its end, because a program that reads its input must not wait inside a
/// host call.
///
/// # Errors
/// When it is longer than `limit`, breaks off, or has no room.
pub async fn buffer(
    body: RequestBody,
    limit: u64,
    budget: &Budget,
    engine: &Engine,
) -> Result<RequestBody, Failure> {
    let RequestBody::Stream { mut source, .. } = body else {
        return Ok(body);
    };
    let mut bytes = Held::new("a request's body", budget);
    while let Some(part) = source.next().await {
        let part = part.map_err(|_| Failure::Canceled)?;
        let used = (bytes.len() + part.len()) as u64;
        if used > limit {
            return Err(Failure::RequestBody { limit, used });
        }
        bytes.extend(&part, engine)?;
    }
    Ok(RequestBody::Whole(Bytes::from(bytes)))
}

/// What the program that answers the current request is given.
pub fn prepare(host: &mut Host) -> Option<Wasi> {
    let limits = host.in_force();
    let bindings = host.bindings.clone();
    let invocation = host.invocation()?;
    let stdin = match std::mem::replace(&mut invocation.body, RequestBody::Empty) {
        RequestBody::Whole(bytes) => Some(bytes),
        RequestBody::Empty | RequestBody::Stream { .. } => None,
    };
    let client = invocation.headers.get("cf-connecting-ip");
    let mut environment = environ(&CgiRequest {
        method: invocation.method.as_str(),
        url: &invocation.url,
        headers: &invocation.headers,
        body_len: stdin.as_ref().map(|bytes| bytes.len() as u64),
        remote_addr: client.and_then(|client| client.to_str().ok()),
    });
    environment.extend(variables(&*bindings));
    Some(Wasi::new(WasiInput {
        args: vec!["worker".to_owned()],
        environ: environment,
        stdin: stdin.unwrap_or_default(),
        stdout_max: response_bytes_limit(&limits),
        stderr_max: limits.log_bytes as usize,
        now_ns: now_ms().saturating_mul(1_000_000),
        random: Box::new(|out| {
            // A system without randomness gives zeros to a program that cannot be told.
            let _ = getrandom::fill(out);
        }),
    }))
}

/// The Worker's own variables and secrets, behind those of the request.
fn variables(bindings: &dyn Bindings) -> Vec<String> {
    let mut names = Vec::new();
    let mut found = Vec::new();
    if bindings.sync(SyncOp::EnvNames, &[], &mut names).is_err() {
        return found;
    }
    for name in postcard::from_bytes::<Vec<String>>(&names).unwrap_or_default() {
        let mut value = Vec::new();
        if bindings
            .sync(SyncOp::EnvGet, name.as_bytes(), &mut value)
            .is_err()
        {
            continue;
        }
        if let Ok(EnvValue::Text(text) | EnvValue::Json(text) | EnvValue::Secret(text)) =
            postcard::from_bytes(&value)
            && !text.contains('\0')
            && !name.contains(['\0', '='])
        {
            found.push(format!("{name}={text}"));
        }
    }
    found
}

/// An answer, counted until its client has it: the isolate may be gone before.
fn held(host: &Host, bytes: Vec<u8>) -> Result<Bytes, Failure> {
    let memory = &host.memory_use;
    match &memory.engine {
        Some(engine) => Held::of(bytes, "an answer", memory.budget(), engine).map(Bytes::from),
        None => Ok(Bytes::from(bytes)),
    }
}

/// Answers the current request with what the program wrote, which has ended.
pub fn answer(host: &mut Host) {
    let Some(wasi) = host.wasi.take() else { return };
    let output = wasi.finish();
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        host.log(LogLevel::Error, line);
    }
    let failed = |message| Failure::Exception {
        name: "Error".to_owned(),
        message,
        stack: String::new(),
        refusal: None,
    };
    let answered = match (output.exit_code, parse_output(&output.stdout)) {
        (None | Some(0), Ok(response)) => {
            held(host, output.stdout).map(|stdout| (response, stdout))
        }
        (None | Some(0), Err(error)) => Err(failed(error.to_string())),
        (Some(code), _) => Err(failed(format!("the command ended with exit status {code}"))),
    };
    let Some(invocation) = host.invocation() else {
        return;
    };
    invocation.done = true;
    match answered {
        Ok((response, stdout)) => {
            let body = stdout.slice(response.body);
            invocation.status = response.status.as_u16();
            invocation.tell_timing(invocation.fuel);
            invocation.response_bytes = body.len() as u64;
            invocation.exchange.answer(Ok(Reply {
                reason: None,
                status: response.status,
                headers: response.headers,
                body: ReplyBody::Whole(body),
            }));
        }
        Err(failure) => {
            invocation.failure.get_or_insert(failure.clone());
            invocation.answer_failed(failure);
        }
    }
}
