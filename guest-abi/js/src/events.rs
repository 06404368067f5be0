//! Events of the host, and the hooks of `prelude/main.js` that they become.

use crate::exception::Exception;
use crate::vm::{Vm, call, vm};
use crate::{host, modules, ops, requests, serve, socket};
use postern_abi::event::{AbortReason, Scheduled};
use postern_abi::{EventKind, OpError};

/// Handles an event; 0 is well.
pub fn handle(kind: u32, id: u32, len: usize) -> i32 {
    let (Some(vm), Some(kind)) = (vm(), EventKind::from_u32(kind)) else {
        return 1;
    };
    let payload = host::payload(len);
    let outcome = match kind {
        EventKind::Load => {
            return match modules::load(vm) {
                Ok(()) => 0,
                Err(exception) => {
                    host::fail(0, &exception.encode());
                    1
                }
            };
        }
        kind => {
            match kind {
                EventKind::OpDone
                | EventKind::OpFailed
                | EventKind::OpChunk
                | EventKind::OpEnd
                | EventKind::OpCredit
                | EventKind::SocketMessage => ops::of_op(id),
                _ => ops::of_request(id),
            }
            dispatch(vm, kind, id, payload)
        }
    };
    if outcome.is_ok() && requests::are_waiting() && ops::are_none() && socket::are_none() {
        // Nothing will ever answer them.
        let ids = requests::waiting();
        if vm.event(|_, hooks| call(hooks, "hung", (ids,))).is_err() {
            return 1;
        }
    }
    match outcome {
        Ok(()) => 0,
        Err(exception) => {
            // A hook does not throw; if it does, the request is the one to tell.
            host::log(
                4,
                &format!(
                    "{}: {}\n{}",
                    exception.name, exception.message, exception.stack
                ),
            );
            if matches!(kind, EventKind::Request | EventKind::Handle) {
                host::done(id, 1, &exception.encode());
                ops::forget(id);
                return 0;
            }
            1
        }
    }
}

fn dispatch(vm: &Vm, kind: EventKind, id: u32, payload: &[u8]) -> Result<(), Exception> {
    match kind {
        EventKind::Request => serve::request(vm, id, payload),
        EventKind::Handle => serve::handle(vm, id, payload),
        EventKind::Enter => serve::entered(vm, id, payload),
        EventKind::BodyChunk => {
            if requests::chunk(id, payload) {
                return Ok(());
            }
            vm.event(|ctx, hooks| {
                call(hooks, "bodyChunk", (id, crate::bytes::array(ctx, payload)?))
            })
        }
        EventKind::BodyEnd => vm.event(|ctx, hooks| {
            if requests::end(ctx, id, None)? {
                return Ok(());
            }
            call(hooks, "bodyEnd", (id,))
        }),
        EventKind::BodyError => {
            let message = postcard::from_bytes::<OpError>(payload)
                .map_or("the request's body broke off", |error| error.message);
            vm.event(|ctx, hooks| {
                if requests::end(ctx, id, Some(message))? {
                    return Ok(());
                }
                call(hooks, "bodyError", (id, message))
            })
        }
        EventKind::BodyCredit => {
            vm.event(|_, hooks| call(hooks, "bodyCredit", (id, number(payload))))
        }
        EventKind::OpDone => vm.event(|ctx, hooks| {
            if socket::done(ctx, id)? {
                return Ok(());
            }
            match ops::done(ctx, id, payload)? {
                ops::Told::Nothing => Ok(()),
                ops::Told::Timer(id) => call(hooks, "timer", (id,)),
            }
        }),
        EventKind::OpFailed => vm.event(|ctx, _| {
            if socket::over(ctx, id, Some(payload))? {
                return Ok(());
            }
            ops::failed(ctx, id, payload)
        }),
        EventKind::OpChunk => vm.event(|ctx, _| ops::chunk(ctx, id, Some(payload))),
        EventKind::OpEnd => vm.event(|ctx, _| {
            if socket::over(ctx, id, None)? {
                return Ok(());
            }
            ops::chunk(ctx, id, None)
        }),
        EventKind::SocketMessage => vm.event(|ctx, _| socket::part(ctx, id, payload)),
        EventKind::OpCredit if socket::credit(id, number(payload)) => {
            if socket::is_drained(id) {
                return vm.event(|ctx, _| socket::drained(ctx, id));
            }
            Ok(())
        }
        EventKind::OpCredit => vm.event(|ctx, _| ops::credit(ctx, id, number(payload))),
        EventKind::Abort => {
            let reason = payload.first().copied().unwrap_or(AbortReason::Over as u8);
            let over = AbortReason::from_u8(reason) == AbortReason::Over;
            requests::forget(id);
            vm.event(|ctx, hooks| {
                serve::forget(ctx, id);
                call(hooks, "abort", (id, over))
            })
        }
        EventKind::Scheduled => {
            let scheduled: Scheduled = postcard::from_bytes(payload)
                .map_err(|_| Exception::new("Error", "an event that cannot be decoded"))?;
            vm.event(|_, hooks| {
                call(
                    hooks,
                    "scheduled",
                    (id, scheduled.cron, scheduled.scheduled_time_ms as f64),
                )
            })
        }
        EventKind::Queue | EventKind::Tail => {
            let name = if kind == EventKind::Queue {
                "queue"
            } else {
                "tail"
            };
            vm.event(|ctx, hooks| call(hooks, name, (id, ctx.json_parse(payload)?)))
        }
        _ => Err(Exception::new(
            "Error",
            "an event of a kind that is not known",
        )),
    }
}

/// A number of four bytes, as credits are.
fn number(payload: &[u8]) -> u32 {
    payload.try_into().map_or(0, u32::from_le_bytes)
}
