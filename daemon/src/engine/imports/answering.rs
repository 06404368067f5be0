//! A request's answer and end, as the guest tells them.

use super::super::exchange::BodyStream;
use super::super::host::Host;
use super::super::invocation::{Reply, ReplyBody, field_value};
use super::super::isolate::Isolate;
use super::super::limits::{Failure, Limits};
use super::super::refusal::Bound;
use super::super::{cost, upload};
use super::{Guest, charge, parts, slice, violation};
use crate::ledger::Share;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, header};
use postern_abi::event::LogLevel;
use postern_abi::http::{Exception, Fields, PHRASE_MAX, ResponseHead};
use postern_abi::limits;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use wasmi::Error;

/// Bytes of an answer from which on they are counted for as long as its client takes to read them.
const COUNTED_MIN: usize = 64 * 1024;

/// An answer's bytes on their way, for which there is room.
struct Counted {
    bytes: Vec<u8>,
    /// Of the machine's memory.
    _share: Share,
    /// What its Worker has on its way.
    all: Arc<AtomicU64>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let bytes = self.bytes.len() as u64;
        self.all.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// A copy of an answer's bytes, which is there until its client has taken it, however slowly.
fn copied(isolate: &Weak<Isolate>, body: &[u8]) -> Result<Bytes, Failure> {
    if body.len() < COUNTED_MIN {
        return Ok(Bytes::copy_from_slice(body));
    }
    let isolate = isolate
        .upgrade()
        .ok_or_else(|| Failure::Internal("an answer without an isolate".into()))?;
    let (worker, bytes) = (isolate.worker(), body.len() as u64);
    let full = |reason, bound| Failure::Overloaded {
        reason,
        retry_after_s: 1,
        bound: Some(bound),
    };
    let budget = isolate.budget();
    let share = worker.engine().room(budget, bytes).ok_or_else(|| {
        full(
            format!("this machine has no memory for an answer of {bytes} bytes"),
            worker.engine().short_of(budget, bytes),
        )
    })?;
    let (all, most) = (worker.answers().clone(), worker.answers_max());
    let before = all.fetch_add(bytes, Ordering::Relaxed);
    let counted = Counted {
        bytes: body.to_vec(),
        _share: share,
        all,
    };
    if before > 0 && before + bytes > most {
        let bound = Bound {
            limit: "memory-bytes",
            value: most,
            used: before + bytes,
            remedy: "stream answers, or raise it: answers on their way may have twice as much",
            is_shared: false,
        };
        return Err(full(
            format!(
                "answers of {before} bytes of this Worker are on their way, {bytes} more exceed the limit of {most}; stream them"
            ),
            bound,
        ));
    }
    Ok(Bytes::from_owner(counted))
}

pub(super) fn respond(
    caller: &mut Guest<'_>,
    request: u32,
    head_ptr: u32,
    head_len: u32,
    body_ptr: u32,
    body_len: u32,
    more: u32,
) -> Result<(), Error> {
    charge(
        caller,
        cost::CALL + cost::copy(head_len as usize) + cost::copy(body_len as usize),
    );
    let left = caller.get_fuel().unwrap_or(0);
    let (memory, host) = parts(caller)?;
    // What this turn has used is charged when it ends.
    let running = host.given.saturating_sub(left).saturating_add(host.debt);
    let head = slice(memory, host, head_ptr, head_len)?;
    let body = slice(memory, host, body_ptr, body_len)?;
    // First, so that a head is decoded once a request and not for nothing.
    match host.invocation_of(request) {
        None => return Ok(()),
        // Nobody asked for an answer.
        Some(invocation) if invocation.done || invocation.trigger.is_some() => return Ok(()),
        Some(invocation) if invocation.status != 0 => {
            return Err(violation(
                host,
                format!("request {request} was answered twice"),
            ));
        }
        // It failed, or the client left: nobody waits for this.
        Some(invocation) if invocation.is_answered() => return Ok(()),
        Some(_) => {}
    }
    let (status, reason, headers) = match response_head(head) {
        Ok(head) => head,
        Err(what) => return Err(violation(host, what)),
    };
    let isolate = host.isolate.clone();
    let Some(invocation) = host.invocation_of(request) else {
        return Ok(());
    };
    let (limit, used) = (invocation.limits.response_body_bytes, body.len() as u64);
    if used > limit {
        let failure = Failure::ResponseBody { limit, used };
        invocation.failure = Some(failure.clone());
        invocation.done = true;
        invocation.exchange.answer(Err(failure));
        return Ok(());
    }
    let whole = match (more == 0).then(|| copied(&isolate, body)).transpose() {
        Ok(whole) => whole,
        Err(failure) => {
            invocation.fail(failure);
            return Ok(());
        }
    };
    invocation.status = status.as_u16();
    invocation.tell_timing(invocation.fuel.saturating_add(running));
    invocation.response_bytes = body.len() as u64;
    invocation.streaming = more != 0;
    let body = if let Some(whole) = whole {
        ReplyBody::Whole(whole)
    } else {
        let credit = invocation.exchange.chunk(body);
        if credit < OVERDRAFT {
            return Err(beyond(host, credit));
        }
        ReplyBody::Stream(Box::pin(BodyStream::new(
            invocation.exchange.clone(),
            isolate,
            request,
            invocation.deadline,
            invocation.limits.wall_ms,
        )))
    };
    if more == 0 {
        host.is_answering();
    }
    if let Some(invocation) = host.invocation_of(request) {
        invocation.exchange.answer(Ok(Reply {
            status,
            reason,
            headers,
            body,
        }));
    }
    Ok(())
}

/// The credit at which a guest that ignores it is stopped, before it fills the host's memory.
const OVERDRAFT: i64 = -(limits::BODY_CREDIT as i64 * 16);

fn beyond(host: &mut Host, credit: i64) -> Error {
    violation(
        host,
        format!(
            "{} bytes of a response were sent beyond the credit",
            -credit
        ),
    )
}

/// Bytes that a response's head and body may have together where one buffer holds both.
pub fn response_bytes_limit(worker: &Limits) -> usize {
    usize::try_from(worker.response_body_bytes)
        .unwrap_or(usize::MAX)
        .saturating_add(limits::HEADERS_MAX)
}

/// Reads a response's head and keeps what a tenant may say.
fn response_head(bytes: &[u8]) -> Result<(StatusCode, Option<Box<str>>, HeaderMap), String> {
    if bytes.len() > limits::HEADERS_MAX {
        return Err(format!(
            "a response head of {} bytes exceeds the limit of {} bytes",
            bytes.len(),
            limits::HEADERS_MAX
        ));
    }
    let (head, rest) = postcard::take_from_bytes::<ResponseHead<'_>>(bytes)
        .map_err(|error| format!("a response head cannot be decoded: {error}"))?;
    // A reason phrase may follow. What is no such text means nothing.
    let reason = postcard::from_bytes::<&str>(rest).ok();
    let reason = reason.filter(|reason| !reason.is_empty() && reason.len() <= PHRASE_MAX);
    let reason = reason.filter(|reason| !reason.bytes().any(|byte| byte.is_ascii_control()));
    let status = StatusCode::from_u16(head.status)
        .ok()
        .filter(|status| (200..600).contains(&status.as_u16()))
        .ok_or_else(|| format!("status {} is not one of 200 to 599", head.status))?;
    Ok((
        status,
        reason.map(Box::from),
        response_fields(head.headers)?,
    ))
}

/// Header fields of a response, without those that are the host's.
pub fn response_fields(fields: Fields<'_>) -> Result<HeaderMap, String> {
    // More than the map can have is found out below, where it is no panic.
    let mut headers = HeaderMap::with_capacity(fields.0.len().min(64));
    for (name, value) in fields.0 {
        // `Headers` takes these, as the field has it, and no message can hold them.
        if name.is_empty() || !name.is_ascii() {
            continue;
        }
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("{name:.100?} is not a header name"))?;
        let value = field_value(value)
            .ok_or_else(|| format!("the value of header {name} holds CR, LF or NUL"))?;
        // Framing and the connection are the host's.
        if [
            header::TRANSFER_ENCODING,
            header::CONNECTION,
            header::TE,
            header::TRAILER,
            header::UPGRADE,
        ]
        .contains(&name)
        {
            continue;
        }
        headers
            .try_append(name, value)
            .map_err(|_| "too many header fields".to_owned())?;
    }
    Ok(headers)
}

pub(super) fn body_chunk(
    caller: &mut Guest<'_>,
    request: u32,
    ptr: u32,
    len: u32,
    end: u32,
) -> Result<i32, Error> {
    charge(caller, cost::CALL + cost::copy(len as usize));
    let (memory, host) = parts(caller)?;
    let bytes = slice(memory, host, ptr, len)?;
    let Some(invocation) = host
        .invocation_of(request)
        .filter(|invocation| invocation.streaming && !invocation.done)
    else {
        return Ok(0);
    };
    let limit = invocation.limits.response_body_bytes;
    invocation.response_bytes += bytes.len() as u64;
    if invocation.response_bytes > limit {
        let used = invocation.response_bytes;
        let failure = Failure::ResponseBody { limit, used };
        invocation.failure = Some(failure.clone());
        invocation.streaming = false;
        invocation.exchange.end(Err(failure));
        return Ok(0);
    }
    let credit = invocation.exchange.chunk(bytes);
    if credit < OVERDRAFT {
        return Err(beyond(host, credit));
    }
    if end != 0 {
        invocation.streaming = false;
        host.is_answering();
        if let Some(invocation) = host.invocation_of(request) {
            invocation.exchange.end(Ok(()));
        }
    }
    Ok(i32::try_from(credit).unwrap_or(i32::MIN))
}

pub(super) fn body_pull(caller: &mut Guest<'_>, request: u32, bytes: u32) {
    charge(caller, cost::CALL);
    let host = caller.data_mut();
    let (isolate, executor) = (host.isolate.clone(), host.executor.clone());
    if let Some(invocation) = host.invocation_of(request) {
        let limit = invocation.limits.request_body_bytes;
        upload::read_body(invocation, u64::from(bytes), limit, isolate, &executor);
    }
}

pub(super) fn fail(caller: &mut Guest<'_>, request: u32, ptr: u32, len: u32) -> Result<(), Error> {
    charge(caller, cost::CALL + cost::copy(len as usize));
    let (memory, host) = parts(caller)?;
    let failure = exception(slice(memory, host, ptr, len)?);
    if let Some(loading) = host.loading.as_mut().filter(|_| request == 0) {
        loading.failure.get_or_insert(failure);
    } else if let Some(invocation) = host.invocation_of(request) {
        invocation.fail(failure);
    }
    Ok(())
}

pub(super) fn done(
    caller: &mut Guest<'_>,
    request: u32,
    status: u32,
    ptr: u32,
    len: u32,
) -> Result<(), Error> {
    charge(caller, cost::CALL + cost::copy(len as usize));
    let (memory, host) = parts(caller)?;
    let bytes = slice(memory, host, ptr, len)?;
    let Some(invocation) = host
        .invocation_of(request)
        .filter(|invocation| !invocation.done)
    else {
        return Ok(());
    };
    let failure = (status != 0).then(|| exception(bytes));
    invocation.done = true;
    let Some(failure) = failure else {
        return Ok(());
    };
    if invocation.failure.is_none() {
        invocation.answer_failed(failure.clone());
        invocation.failure = Some(failure);
    } else if request == host.current {
        // The record has one failure, the first; this one is still worth knowing.
        host.log(LogLevel::Error, &failure.to_string());
    }
    Ok(())
}

/// Bytes of a guest's report that are looked at.
const EXCEPTION_MAX: usize = 256 * 1024;

/// The failure that a guest reports, cut to a bounded size.
fn exception(bytes: &[u8]) -> Failure {
    let decoded = if bytes.len() <= EXCEPTION_MAX {
        postcard::from_bytes(bytes).ok()
    } else {
        None
    };
    let told = decoded.unwrap_or(Exception {
        name: "Error",
        message: "the Worker failed and its report cannot be decoded",
        stack: "",
    });
    let cut = |text: &str| text.chars().take(4096).collect::<String>();
    Failure::Exception {
        name: cut(told.name),
        message: cut(told.message),
        stack: cut(told.stack),
        refusal: None,
    }
}
