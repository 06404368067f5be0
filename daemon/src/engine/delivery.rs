//! How a guest learns what happened: takes events from where they wait, writes their payloads
//! into the guest's window, and says what to call.

use super::core::{Condemned, Core, Entries};
use super::cost;
use super::host::{Event, Host, Op, OpState, Serial, event_cost};
use super::imports;
use super::invocation::{RequestBody, Trigger};
use super::isolate::{Inbound, Isolate};
use super::limits::{Failure, Limits};
use super::replay::entry::How;
use super::replay::{end, end_by};
use super::turn::Entry;
use super::wire::{self, Writer};
use crate::deadline::Deadline;
use postern_abi::event::AbortReason;
use postern_abi::http::BodyHint;
use postern_abi::rpc::Purpose;
use postern_abi::{EventKind, OpErrorCode, limits};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmi::TypedFunc;

/// Bytes of a window that is used again and again; a larger one serves one payload.
const WINDOW_KEPT: usize = 128 * 1024;
/// Fuel that a guest has to make a window, beside an eighth of its bytes.
const WINDOW_FUEL: u64 = 200_000;

impl Core {
    /// The next thing to do.
    pub(super) fn next(&mut self, isolate: &Arc<Isolate>) -> Result<Step, Condemned> {
        let queued = self.store.data_mut().queue.pop_front();
        let event = match queued {
            Some(event) => event,
            None => match isolate.take() {
                Some(Inbound::Event(event)) => event,
                Some(Inbound::Start(invocation)) => {
                    let id = invocation.id;
                    if let Some(tape) = &mut self.store.data_mut().tape {
                        tape.began(id, invocation.ray.0, invocation.started_ms);
                    }
                    self.store.data_mut().invocations.push(*invocation);
                    Event::Request(id)
                }
                None => {
                    return Ok(if self.quiesce(isolate) {
                        Step::Skip
                    } else {
                        Step::Rest
                    });
                }
            },
        };
        self.store.data_mut().tick();
        self.deliver(event, isolate)
    }

    /// Nothing is left to do. Requests that nothing will ever wake are over; the guest is told
    /// of those that it still works on, so that it forgets them. False when there are none.
    fn quiesce(&mut self, isolate: &Isolate) -> bool {
        let host = self.store.data_mut();
        let stuck: Vec<(u32, Option<Failure>)> = host
            .invocations
            .iter()
            .filter(|it| !host.waits(it))
            .map(|it| (it.id, (!it.is_answered()).then(|| it.never_ends())))
            .collect();
        for (id, failure) in stuck {
            if matches!(self.entry, Entries::Wasi { .. }) {
                host.finish(id, isolate);
                continue;
            }
            host.queue.push_back(match failure {
                None => Event::Forget(id),
                Some(failure) => Event::Abandon(id, failure),
            });
        }
        !host.queue.is_empty()
    }

    /// Hands an event to the guest: writes its payload and says what to call.
    fn deliver(&mut self, event: Event, isolate: &Arc<Isolate>) -> Result<Step, Condemned> {
        let host = self.store.data_mut();
        match event {
            Event::Request(id) => self.begin(id, isolate),
            Event::BodyChunk(id, bytes) => {
                let Some(invocation) = host.invocation_of(id) else {
                    return Ok(Step::Skip);
                };
                invocation.body_wanted = invocation.body_wanted.saturating_sub(bytes.len() as u64);
                invocation.body_credit.arrived(bytes.len() as u64);
                self.send(id, EventKind::BodyChunk, id, isolate, bytes.len(), |out| {
                    out.bytes(&bytes)
                })
            }
            Event::BodyEnd(id) => {
                let Some(invocation) = host.invocation_of(id) else {
                    return Ok(Step::Skip);
                };
                invocation.body = RequestBody::Empty;
                self.send(id, EventKind::BodyEnd, id, isolate, 0, |_| {})
            }
            Event::BodyBroken(id, why) => {
                let Some(invocation) = host.invocation_of(id) else {
                    return Ok(Step::Skip);
                };
                invocation.body = RequestBody::Empty;
                self.send(
                    id,
                    EventKind::BodyError,
                    id,
                    isolate,
                    why.len() + 8,
                    |out| {
                        wire::op_error(out, OpErrorCode::Cancelled as u16, &why);
                    },
                )
            }
            Event::BodyCredit(id) => {
                let Some(invocation) = host
                    .invocation_of(id)
                    .filter(|invocation| invocation.streaming)
                else {
                    return Ok(Step::Skip);
                };
                let credit = u32::try_from(invocation.exchange.credit().max(0)).unwrap_or(u32::MAX);
                self.send(id, EventKind::BodyCredit, id, isolate, 4, |out| {
                    out.bytes(&credit.to_le_bytes())
                })
            }
            Event::OpCredit(op) => {
                let Some((id, request)) = op_of(host, op) else {
                    return Ok(Step::Skip);
                };
                let credit = match host.op(op) {
                    Some(Op {
                        state: OpState::Socket(end),
                        ..
                    }) => end.credit(),
                    Some(Op {
                        pipe: Some(pipe), ..
                    }) => pipe.credit(),
                    _ => limits::BODY_CREDIT,
                };
                self.send(request, EventKind::OpCredit, id, isolate, 4, |out| {
                    out.bytes(&credit.to_le_bytes());
                })
            }
            Event::Op(op, outcome) => self.op_ended(op, outcome.0, isolate),
            Event::OpChunk(op, bytes) => {
                let Some((id, request)) = op_of(host, op) else {
                    return Ok(Step::Skip);
                };
                if let Some(OpState::Streaming(credit, _)) = host.op(op).map(|op| &op.state) {
                    credit.arrived(bytes.len() as u64);
                }
                self.send(
                    request,
                    EventKind::OpChunk,
                    id,
                    isolate,
                    bytes.len(),
                    |out| out.bytes(&bytes),
                )
            }
            Event::OpEnd(op) => {
                let Some((id, request)) = op_of(host, op) else {
                    return Ok(Step::Skip);
                };
                host.end_op(id);
                self.send(request, EventKind::OpEnd, id, isolate, 0, |_| {})
            }
            Event::OpBroken(op, failure) => {
                let Some((id, request)) = op_of(host, op) else {
                    return Ok(Step::Skip);
                };
                host.end_op(id);
                self.send(
                    request,
                    EventKind::OpFailed,
                    id,
                    isolate,
                    failure.message.len() + 8,
                    |out| {
                        wire::op_error(out, failure.code as u16, &failure.message);
                    },
                )
            }
            Event::SocketOpen(op) => {
                let Some((id, request)) = op_of(host, op) else {
                    return Ok(Step::Skip);
                };
                self.send(request, EventKind::OpDone, id, isolate, 0, |_| {})
            }
            Event::SocketMessage(op, part) => {
                let Some((id, request)) = op_of(host, op) else {
                    return Ok(Step::Skip);
                };
                let mut is_served = false;
                if let Some(OpState::Socket(end)) = host.op(op).map(|op| &op.state) {
                    end.arrived(&part);
                    is_served = end.is_served() && !end.is_session();
                }
                let rate = isolate.worker().engine().fuel_per_ms();
                if let Some(invocation) = host.invocation_of(request).filter(|_| is_served) {
                    invocation.limits = isolate.worker().limits();
                    let cpu_ms = invocation.cpu_ms();
                    let fuel = Limits {
                        cpu_ms,
                        ..*invocation.limits
                    }
                    .fuel(rate);
                    // What a client sends over a socket has its own CPU time, as a request has.
                    let burned = invocation.fuel;
                    let granted = match &mut invocation.metered {
                        Some(metered) => metered.renew(burned, fuel),
                        None => fuel,
                    };
                    invocation.fuel_limit = burned.saturating_add(granted);
                }
                let len = part.len();
                self.send(request, EventKind::SocketMessage, id, isolate, len, |out| {
                    out.bytes(&part);
                })
            }
            Event::Abandon(id, failure) => {
                let Some(invocation) = host.invocation_of(id) else {
                    return Ok(Step::Skip);
                };
                let reason = match failure {
                    Failure::Canceled => AbortReason::Left,
                    _ => AbortReason::Over,
                };
                if reason == AbortReason::Left && invocation.is_answered() {
                    return Ok(Step::Skip);
                }
                invocation.fail(failure);
                if invocation.expiry.is_none() {
                    invocation.expiry = Some(expire(isolate, id));
                }
                self.abort(id, reason, isolate)
            }
            Event::Expire(id) => {
                host.current = id;
                match host.invocation_of(id) {
                    Some(invocation) => invocation.expired = true,
                    None => return Ok(Step::Skip),
                }
                host.log(
                    postern_abi::event::LogLevel::Warn,
                    "waitUntil() tasks did not complete within the allowed time after invocation end and have been cancelled.",
                );
                self.abort(id, AbortReason::Over, isolate)
            }
            Event::Forget(id) => {
                if host.invocation_of(id).is_none() {
                    return Ok(Step::Skip);
                }
                self.abort(id, AbortReason::Over, isolate)
            }
        }
    }

    /// Tells the guest that a request ends before its work does, and how much of it.
    fn abort(
        &mut self,
        id: u32,
        reason: AbortReason,
        isolate: &Isolate,
    ) -> Result<Step, Condemned> {
        let step = self.send(id, EventKind::Abort, id, isolate, 1, |out| {
            out.bytes(&[reason as u8]);
        })?;
        if reason == AbortReason::Over
            && let Some(invocation) = self.store.data_mut().invocation_of(id)
        {
            // Settled when the guest has heard of it.
            invocation.done = true;
        }
        Ok(step)
    }

    fn begin(&mut self, id: u32, isolate: &Arc<Isolate>) -> Result<Step, Condemned> {
        let host = self.store.data_mut();
        let Some(invocation) = host.invocation_of(id) else {
            return Ok(Step::Skip);
        };
        invocation.begun = Some(Instant::now());
        invocation.charge(cost::REQUEST);
        let limits = invocation.limits.clone();
        host.widen(&limits);
        let Some(invocation) = host.invocation_of(id) else {
            return Ok(Step::Skip);
        };
        if let Entries::Wasi { init, start } = &mut self.entry {
            let start = Entry::Unit(*start);
            host.current = id;
            host.wasi = super::wasi_run::prepare(host).map(Box::new);
            return Ok(Step::Enter(match init.take() {
                None => start,
                Some(init) => {
                    self.startup.push_back(start);
                    init
                }
            }));
        }
        match invocation.trigger.clone() {
            Some(Trigger::Scheduled { cron, time_ms }) => {
                // The length of the expression, and that of two numbers at most.
                let bound = cron.len() + 20;
                return self.send(id, EventKind::Scheduled, id, isolate, bound, |out| {
                    wire::scheduled(out, &cron, time_ms);
                });
            }
            Some(Trigger::Tail {
                items,
                entry: Some(entry),
                ..
            }) => {
                let bound = wire::entry_bound(&entry) + items.len();
                return self.send(id, EventKind::Enter, id, isolate, bound, |out| {
                    wire::entry(out, &entry, Purpose::Tail);
                    out.bytes(&items);
                });
            }
            Some(Trigger::Tail { items, .. }) => {
                return self.send(id, EventKind::Tail, id, isolate, items.len(), |out| {
                    out.bytes(&items);
                });
            }
            None => {}
        }
        let headers = std::mem::take(&mut invocation.headers);
        let (method, url) = (
            invocation.method.clone(),
            std::mem::take(&mut invocation.url),
        );
        let (kind, name) = match invocation.handler {
            None => (EventKind::Request, method.as_str()),
            Some(handler) => (EventKind::Handle, handler),
        };
        let body = match &invocation.body {
            RequestBody::Empty => BodyHint::None,
            RequestBody::Whole(bytes) => BodyHint::Known(bytes.len() as u64),
            RequestBody::Stream { len: Some(len), .. } => BodyHint::Known(*len),
            RequestBody::Stream { len: None, .. } => BodyHint::Chunked,
        };
        let fields: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 6)
            .sum();
        let bound = name.len() + url.len() + fields + 32;
        let entry = invocation.entry.take();
        let step = match &entry {
            None => self.send(id, kind, id, isolate, bound, |out| {
                wire::request(out, name, &url, body, &headers);
            }),
            Some(entry) if entry.rpc => {
                let first = match std::mem::replace(&mut invocation.body, RequestBody::Empty) {
                    RequestBody::Whole(bytes) => bytes,
                    _ => bytes::Bytes::new(),
                };
                let bound = wire::entry_bound(entry) + first.len();
                self.send(id, EventKind::Enter, id, isolate, bound, |out| {
                    wire::entry(out, entry, Purpose::Session);
                    out.bytes(&first);
                })
            }
            Some(entry) => {
                let bound = wire::entry_bound(entry) + bound;
                self.send(id, EventKind::Enter, id, isolate, bound, |out| {
                    wire::entry(out, entry, Purpose::Request);
                    wire::request(out, name, &url, body, &headers);
                })
            }
        };
        if let Some(invocation) = self.store.data_mut().invocation_of(id) {
            invocation.url = url;
            invocation.headers = headers;
            invocation.entry = entry;
        }
        step
    }

    fn op_ended(
        &mut self,
        op: Serial,
        result: super::ops::OpResult,
        isolate: &Arc<Isolate>,
    ) -> Result<Step, Condemned> {
        let host = self.store.data_mut();
        let Some((id, request)) = op_of(host, op) else {
            return Ok(Step::Skip);
        };
        let ended = host.end_op(id);
        let result = match result {
            Ok(reply) if reply.socket.is_some() && !reply.is_session => {
                super::socket::admit(host).map(|()| reply)
            }
            result => result,
        };
        match result {
            Ok(mut reply) => {
                if let Some(ran) = reply.ran.take() {
                    ran.bring(&mut host.keys, &mut reply.head);
                }
                if let Some(source) = reply.stream {
                    let state: OpState = imports::stream(host, op, source);
                    host.current = request;
                    host.add_op(op, state, 0);
                    if let Some(added) = host.ops.get_mut(&id) {
                        // Both ways at once: the rest of the argument may still come.
                        added.pipe = ended.and_then(|ended| ended.pipe);
                        added.decode = reply.decode;
                    }
                }
                if let Some(speak) = reply.socket {
                    let state = super::socket::spoken(host, op, speak, reply.is_session);
                    host.current = request;
                    host.add_op(op, state, 0);
                }
                let len = reply.head.len() + reply.body.len();
                self.send(request, EventKind::OpDone, id, isolate, len, |out| {
                    out.bytes(&reply.head);
                    out.bytes(&reply.body);
                })
            }
            Err(failure) => self.send(
                request,
                EventKind::OpFailed,
                id,
                isolate,
                failure.message.len() + 8,
                |out| {
                    wire::op_error(out, failure.code as u16, &failure.message);
                },
            ),
        }
    }

    /// Writes a payload of at most `bound` bytes into the window and calls the guest with it.
    fn send(
        &mut self,
        request: u32,
        kind: EventKind,
        id: u32,
        isolate: &Isolate,
        bound: usize,
        write: impl Fn(&mut Writer<'_>),
    ) -> Result<Step, Condemned> {
        self.store.data_mut().current = request;
        let Entries::V1 { event, window } = &self.entry else {
            return Ok(Step::Skip);
        };
        let (event, window) = (*event, *window);
        let ptr = match self.window {
            Some((ptr, cap)) if bound <= cap as usize => ptr,
            _ if bound == 0 => 0,
            _ => self.open_window(&window, bound, isolate)?,
        };
        let memory = self.memory.data_mut(&mut self.store);
        let slot = (ptr as usize)
            .checked_add(bound)
            .and_then(|end| memory.get_mut(ptr as usize..end));
        let Some(slot) = slot else {
            return Err(Condemned(boundary(format!(
                "the window of {bound} bytes at {ptr} is outside the memory"
            ))));
        };
        let mut writer = Writer::new(slot);
        write(&mut writer);
        let len = writer.finish().map_err(|len| {
            Condemned(Failure::Internal(format!(
                "payload of {len} bytes in {bound}"
            )))
        })?;
        if let Some(invocation) = self.store.data_mut().invocation() {
            invocation.charge(event_cost(len));
        }
        let (memory, host) = self.memory.data_and_store_mut(&mut self.store);
        if let Some(tape) = &mut host.tape {
            let end = ptr as usize + len;
            let payload = memory.get(ptr as usize..end).unwrap_or_default();
            tape.event(request, kind as u32, id, payload);
        }
        if bound > WINDOW_KEPT {
            // The guest may let go of a window this large when it is asked for the next one.
            self.window = None;
        }
        // A window is at most 4 GiB, so its length fits.
        Ok(Step::Enter(Entry::Event(
            event,
            (kind as u32, id, len as u32),
        )))
    }

    /// Asks the guest for a window of `bound` bytes. Not sliced: a window is an allocation.
    fn open_window(
        &mut self,
        window: &TypedFunc<u32, u32>,
        bound: usize,
        isolate: &Isolate,
    ) -> Result<u32, Condemned> {
        let want = u32::try_from(bound.max(4096).next_power_of_two())
            .map_err(|_| Condemned(boundary(format!("a payload of {bound} bytes is too large"))))?;
        // Enough to zero or copy a large window, and little enough to be no way around slices; the same
        // on every board, however long those are.
        let allowance = self.allowance();
        let fuel = allowance.min(WINDOW_FUEL + u64::from(want) / 8);
        if let Some(tape) = &mut self.store.data_mut().tape {
            tape.window(want);
            tape.allow(fuel);
        }
        self.lend(allowance - fuel);
        self.store
            .set_fuel(fuel)
            .map_err(|error| Condemned(Failure::Internal(error.to_string())))?;
        let result = window.call(&mut self.store, want);
        let used = fuel - self.store.get_fuel().unwrap_or(0);
        self.spend(used);
        match &result {
            Ok(ptr) => end(self.store.data_mut(), How::Returned(*ptr as i32)),
            Err(error) => end_by(self.store.data_mut(), error),
        }
        match result {
            Ok(0) => {
                let limit = self.store.data().limits.memory_bytes;
                let memory_use = &mut self.store.data_mut().memory_use;
                let refused = std::mem::take(&mut memory_use.refused);
                let used = memory_use.bytes();
                Err(Condemned(if refused {
                    Failure::Memory { limit, used }
                } else {
                    boundary(format!("the guest has no window of {want} bytes"))
                }))
            }
            Ok(ptr) => {
                self.window = Some((ptr, want));
                Ok(ptr)
            }
            Err(error) => {
                self.trapped(error, isolate)?;
                Err(Condemned(boundary(
                    "the guest exited instead of giving a window".into(),
                )))
            }
        }
    }
}

/// What to do next.
pub(super) enum Step {
    Enter(Entry),
    Skip,
    Rest,
}

fn boundary(message: String) -> Failure {
    Failure::Exception {
        name: "BoundaryError".into(),
        message,
        stack: String::new(),
        refusal: None,
    }
}

/// An operation's number and its request's, unless it is over.
fn op_of(host: &Host, op: Serial) -> Option<(u32, u32)> {
    host.op(op).map(|found| (op.id, found.request))
}

/// Ends a request when its `waitUntil` time is over.
pub(super) fn expire(isolate: &Arc<Isolate>, id: u32) -> async_executor::Task<()> {
    let after = Duration::from_millis(u64::from(isolate.worker().limits().wait_until_ms));
    let isolate_ = Arc::downgrade(isolate);
    isolate.worker().engine().executor().spawn(async move {
        Deadline::after(after).await;
        if let Some(isolate) = isolate_.upgrade() {
            isolate.push(Event::Expire(id));
        }
    })
}
