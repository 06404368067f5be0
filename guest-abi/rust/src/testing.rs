//! A scripted host, for running handlers on the machine where they are written.
//!
//! Every thread has a host and a runtime of its own. A [`Guest`] is given events and hands
//! back the calls that the handler's code made.

use crate::{Context, Env, Request, Response, Result, runtime};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::future::Future;
use postern_abi::event::EventKind;
use postern_abi::http::{BodyHint, Fields, RequestLine};

pub(crate) mod host {
    //! The functions of `crate::host`, which record what they are called with.
    use super::Call;
    use alloc::collections::BTreeMap;
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::cell::RefCell;
    use postern_abi::limits::BODY_CREDIT;

    #[derive(Default)]
    pub struct Host {
        pub calls: Vec<Call>,
        pub env: BTreeMap<String, Vec<u8>>,
        pub now: i64,
        /// The window and its length; like the real host this one does not ask twice.
        pub window: Option<(*mut u8, usize)>,
        /// The credit that is left, a request whose answer is streamed.
        pub credit: BTreeMap<u32, i64>,
        random: u8,
    }

    std::thread_local! {
        static HOST: RefCell<Host> = RefCell::default();
    }

    pub fn with<R>(f: impl FnOnce(&mut Host) -> R) -> R {
        HOST.with(|host| f(&mut host.borrow_mut()))
    }

    fn call(call: Call) {
        with(|host| host.calls.push(call));
    }

    pub fn op_start(op: u32, kind: u32, argument: &[u8]) {
        call(Call::OpStart {
            op,
            kind,
            argument: argument.into(),
        });
    }

    pub fn op_cancel(op: u32) {
        call(Call::OpCancel { op });
    }

    pub fn op_pull(op: u32, credit: u32) {
        call(Call::OpPull { op, credit });
    }

    pub fn op_chunk(op: u32, bytes: &[u8], end: bool) {
        call(Call::OpChunk {
            op,
            bytes: bytes.into(),
            end,
        });
    }

    pub fn op_sync(kind: u32, argument: &[u8], out: &mut [u8]) -> i32 {
        with(|host| {
            let answer = match kind {
                1 => match core::str::from_utf8(argument)
                    .ok()
                    .and_then(|name| host.env.get(name))
                {
                    Some(value) => value.clone(),
                    None => return -2,
                },
                2 => postcard::to_allocvec(&host.env.keys().collect::<Vec<_>>())
                    .expect("strings can be encoded"),
                _ => return -1,
            };
            if let Some(out) = out.get_mut(..answer.len()) {
                out.copy_from_slice(&answer);
            }
            i32::try_from(answer.len()).expect("tests use small environments")
        })
    }

    pub fn respond(request: u32, head: &[u8], body: &[u8], more: bool) {
        with(|host| {
            host.credit
                .insert(request, i64::from(BODY_CREDIT) - body.len() as i64)
        });
        call(Call::Respond {
            request,
            head: head.into(),
            body: body.into(),
            more,
        });
    }

    pub fn body_chunk(request: u32, bytes: &[u8], end: bool) -> i32 {
        call(Call::BodyChunk {
            request,
            bytes: bytes.into(),
            end,
        });
        with(|host| {
            let credit = host.credit.entry(request).or_default();
            *credit -= bytes.len() as i64;
            i32::try_from(*credit).expect("credit is small")
        })
    }

    pub fn body_pull(request: u32, credit: u32) {
        call(Call::BodyPull { request, credit });
    }

    pub fn fail(request: u32, exception: &[u8]) {
        call(Call::Fail {
            request,
            exception: exception.into(),
        });
    }

    pub fn done(request: u32, status: u32, exception: &[u8]) {
        call(Call::Done {
            request,
            status,
            exception: exception.into(),
        });
    }

    pub fn log(level: u32, line: &str) {
        call(Call::Log {
            level,
            line: line.into(),
        });
    }

    pub fn now() -> i64 {
        with(|host| host.now)
    }

    pub fn random(out: &mut [u8]) {
        with(|host| {
            for byte in out {
                host.random = host.random.wrapping_mul(5).wrapping_add(1);
                *byte = host.random;
            }
        });
    }
}

/// A call that a guest made. The fields are the arguments, see `docs/abi.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Call {
    OpStart {
        op: u32,
        kind: u32,
        argument: Vec<u8>,
    },
    OpCancel {
        op: u32,
    },
    OpPull {
        op: u32,
        credit: u32,
    },
    OpChunk {
        op: u32,
        bytes: Vec<u8>,
        end: bool,
    },
    Respond {
        request: u32,
        head: Vec<u8>,
        body: Vec<u8>,
        more: bool,
    },
    BodyChunk {
        request: u32,
        bytes: Vec<u8>,
        end: bool,
    },
    BodyPull {
        request: u32,
        credit: u32,
    },
    Fail {
        request: u32,
        exception: Vec<u8>,
    },
    Done {
        request: u32,
        status: u32,
        exception: Vec<u8>,
    },
    Log {
        level: u32,
        line: String,
    },
}

/// A handler with a host around it.
#[derive(Debug)]
pub struct Guest(());

type Handler = Box<dyn Fn(Request, Env, Context) -> runtime::Handling>;

std::thread_local! {
    static HANDLER: core::cell::RefCell<Option<Handler>> =
        const { core::cell::RefCell::new(None) };
}

fn start(request: Request, env: Env, context: Context) -> runtime::Handling {
    HANDLER.with(|handler| {
        let handler = handler.borrow();
        handler.as_ref().expect("a guest has a handler")(request, env, context)
    })
}

impl Guest {
    /// A guest with this handler, on this thread; it replaces the one before.
    pub fn new<F>(handler: impl Fn(Request, Env, Context) -> F + 'static) -> Self
    where
        F: Future<Output = Result<Response>> + 'static,
    {
        host::with(|host| *host = host::Host::default());
        let handler = move |request, env, context| -> runtime::Handling {
            Box::pin(handler(request, env, context))
        };
        HANDLER.with(|slot| *slot.borrow_mut() = Some(Box::new(handler)));
        runtime::boot();
        Self(())
    }

    /// Binds a name in `env` to a value.
    pub fn bind(&mut self, name: &str, value: &postern_abi::op::EnvValue<'_>) {
        let value = postcard::to_allocvec(value).expect("a value can be encoded");
        host::with(|host| host.env.insert(name.into(), value));
    }

    /// Sets the time, in milliseconds since 1970.
    pub fn set_now(&mut self, millis: i64) {
        host::with(|host| host.now = millis);
    }

    /// Begins a request and returns the calls that this made.
    pub fn request(
        &mut self,
        id: u32,
        method: &str,
        url: &str,
        headers: &[(&str, &[u8])],
        body: BodyHint,
    ) -> Vec<Call> {
        let line = RequestLine { method, url, body };
        let mut payload = postcard::to_allocvec(&line).expect("a line can be encoded");
        let fields = Fields(headers.into());
        payload.extend(postcard::to_allocvec(&fields).expect("fields can be encoded"));
        self.event(EventKind::Request, id, &payload)
    }

    /// Says how much of an answer's body may be sent, and returns the calls that this made.
    pub fn credit(&mut self, request: u32, credit: u32) -> Vec<Call> {
        host::with(|host| host.credit.insert(request, i64::from(credit)));
        self.event(EventKind::BodyCredit, request, &credit.to_le_bytes())
    }

    /// Sends an event and returns the calls that it made.
    ///
    /// # Panics
    /// If the guest says that it failed.
    pub fn event(&mut self, kind: EventKind, id: u32, payload: &[u8]) -> Vec<Call> {
        assert_eq!(self.raw_event(kind as u32, id, payload), 0, "{kind:?}");
        self.calls()
    }

    /// Sends an event that need not be a valid one; returns what the guest returned.
    pub fn raw_event(&mut self, kind: u32, id: u32, payload: &[u8]) -> i32 {
        if !payload.is_empty() {
            let window = match host::with(|host| host.window) {
                Some((window, len)) if payload.len() <= len => window,
                _ => {
                    let window = runtime::window(payload.len());
                    host::with(|host| host.window = Some((window, payload.len())));
                    window
                }
            };
            // SAFETY: the window has room for as many bytes as were asked for, and stays where
            // it is until one is asked for again.
            unsafe { window.copy_from_nonoverlapping(payload.as_ptr(), payload.len()) };
        }
        runtime::event(kind, id, payload.len(), start)
    }

    /// The calls since they were last asked for.
    pub fn calls(&mut self) -> Vec<Call> {
        host::with(|host| core::mem::take(&mut host.calls))
    }

    /// How many requests, tasks and operations are not over.
    pub fn left(&self) -> (usize, usize, usize) {
        runtime::left()
    }
}

impl Drop for Guest {
    /// Ends what is left, so that the thread can have another guest.
    fn drop(&mut self) {
        runtime::clear();
        host::with(|host| host.window = None);
        HANDLER.with(|slot| slot.borrow_mut().take());
    }
}
