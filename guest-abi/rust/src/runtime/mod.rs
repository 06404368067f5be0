//! The guest's event loop: requests in flight, their tasks, and the dispatch of events.
//!
//! # Implementation
//!
//! The host calls [`event`] for every event. The event is filed with the request or the
//! operation that it belongs to, which wakes the tasks that wait for it; then tasks run until
//! none is ready, and the call returns. A waker is the index of a task's slot and nothing else:
//! cloning it costs nothing, and a waker that outlived its task wakes a stranger, who looks
//! and sleeps on.
//!
//! All state is in one place that [`with`] lends for short moments. No code of the Worker
//! (futures, their drops, foreign wakers) runs inside such a moment. In wasm nothing checks
//! that; elsewhere, where the tests run, a `RefCell` does.

pub mod ops;
mod request;
mod tasks;

use crate::context::Context;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::host;
use crate::request::Request;
use crate::response::{Body, Response};
use crate::wire::put_bytes;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::Waker;
use ops::Ops;
use postern_abi::event::{AbortReason, EventKind};
use postern_abi::limits::HEADERS_MAX as HEAD_MAX;
use request::Requests;
use tasks::Tasks;

use request::Look;

/// A handler at work.
pub type Handling = Pin<Box<dyn Future<Output = Result<Response>>>>;

/// What makes a handler start; `#[postern::main]` writes it.
pub type Start = fn(Request, Env, Context) -> Handling;

/// Bytes of a response's header fields; the rest of the head is its status and their count.
const HEADERS_MAX: usize = HEAD_MAX - 16;

/// Bytes of the smallest window.
const WINDOW_MIN: usize = 4096;

/// Bytes of a window, or of a request's memory, that are worth keeping.
const KEPT_MAX: usize = 2 * postern_abi::limits::CHUNK_MAX;

/// Everything that outlives an event.
struct Runtime {
    /// Where the host writes payloads. It stays where it is until the host asks for a window.
    window: Vec<u8>,
    /// Memory of a request that is over, for the next one's payload.
    spare: Vec<u8>,
    head: Vec<u8>,
    requests: Requests,
    tasks: Tasks,
    ops: Ops,
}

impl Runtime {
    const fn new() -> Self {
        Self {
            window: Vec::new(),
            spare: Vec::new(),
            head: Vec::new(),
            requests: Requests::new(),
            tasks: Tasks::new(),
            ops: Ops::new(),
        }
    }

    /// Makes a new window; false if there is no memory for it. All of it is written once, so
    /// that all of it is initialised whatever the host writes.
    fn make_window(&mut self, len: usize) -> bool {
        self.window = Vec::new();
        if self.window.try_reserve_exact(len).is_err() {
            return false;
        }
        self.window.resize(self.window.capacity(), 0);
        true
    }

    /// The event's payload.
    fn payload(&self, len: usize) -> &[u8] {
        &self.window[..len]
    }
}

#[cfg(target_arch = "wasm32")]
mod cell {
    //! One runtime a module: a module without threads has one thread.
    use super::Runtime;
    use core::cell::{Cell, UnsafeCell};

    struct Single<T>(T);
    // SAFETY: wasm32 without the atomics feature has one thread.
    #[cfg(not(target_feature = "atomics"))]
    unsafe impl<T> Sync for Single<T> {}

    static RUNTIME: Single<UnsafeCell<Runtime>> = Single(UnsafeCell::new(Runtime::new()));
    static CURRENT: Single<Cell<Option<u32>>> = Single(Cell::new(None));

    #[inline]
    pub fn with<R>(f: impl FnOnce(&mut Runtime) -> R) -> R {
        // SAFETY: there is one thread, and no closure given to `with` runs anything that calls
        // `with` again (the module's comment says why, and the native tests check it).
        f(unsafe { &mut *RUNTIME.0.get() })
    }

    #[inline]
    pub fn current<R>(f: impl FnOnce(&Cell<Option<u32>>) -> R) -> R {
        f(&CURRENT.0)
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod cell {
    //! One runtime a thread, so that tests run beside each other.
    use super::Runtime;
    use core::cell::{Cell, RefCell};

    std::thread_local! {
        static RUNTIME: RefCell<Runtime> = const { RefCell::new(Runtime::new()) };
        static CURRENT: Cell<Option<u32>> = const { Cell::new(None) };
    }

    pub fn with<R>(f: impl FnOnce(&mut Runtime) -> R) -> R {
        RUNTIME.with(|runtime| f(&mut runtime.borrow_mut()))
    }

    pub fn current<R>(f: impl FnOnce(&Cell<Option<u32>>) -> R) -> R {
        CURRENT.with(f)
    }
}

use cell::{current, with};

/// `postern_boot`: takes now, before the snapshot, the memory that every request needs.
pub fn boot() -> i32 {
    #[cfg(all(feature = "std", target_arch = "wasm32"))]
    crate::panic::hook();
    with(|rt| {
        rt.spare.reserve(1024);
        rt.head.reserve(256);
        rt.requests.reserve(4);
        rt.tasks.reserve(8);
    });
    0
}

/// `postern_window`: memory for a payload of `min_len` bytes, or null.
pub fn window(min_len: usize) -> *mut u8 {
    with(|rt| {
        let (have, wanted) = (rt.window.len(), min_len.max(WINDOW_MIN));
        // That the host asks again means that the old one may go.
        let oversized = have > KEPT_MAX && wanted <= KEPT_MAX;
        if (have < wanted || oversized) && !rt.make_window(wanted) {
            return core::ptr::null_mut();
        }
        rt.window.as_mut_ptr()
    })
}

/// `postern_event`: handles one event and runs until no task is ready.
pub fn event(kind: u32, id: u32, len: usize, start: Start) -> i32 {
    let Some(kind) = EventKind::from_u32(kind) else {
        return 1;
    };
    if len > with(|rt| rt.window.len()) {
        return 1;
    }
    match kind {
        EventKind::Request => begin(id, len, start),
        EventKind::Abort => match reason(len) {
            AbortReason::Left => leave(id),
            AbortReason::Over => abort(id),
        },
        EventKind::BodyChunk => {
            let chunk = payload(len);
            wake(with(|rt| rt.requests.chunk(id, chunk)));
        }
        EventKind::BodyEnd => wake(with(|rt| rt.requests.end(id, Ok(())))),
        EventKind::BodyError => {
            let error = Error::from_payload(&payload(len));
            wake(with(|rt| rt.requests.end(id, Err(error))));
        }
        EventKind::BodyCredit => {
            let credit = credit(len);
            with(|rt| {
                if let Some(task) = rt.requests.credit(id, credit) {
                    rt.tasks.wake(task);
                }
            });
        }
        EventKind::OpDone => {
            let result = payload(len);
            wake(with(|rt| rt.ops.done(id, result)));
        }
        EventKind::OpFailed => {
            let error = Error::from_payload(&payload(len));
            let (reader, waiter) = with(|rt| rt.ops.failed(id, error));
            wake(reader);
            wake(waiter);
        }
        EventKind::OpChunk | EventKind::SocketMessage => {
            let chunk = payload(len);
            wake(with(|rt| rt.ops.chunk(id, chunk)));
        }
        EventKind::OpEnd => wake(with(|rt| rt.ops.end(id))),
        EventKind::OpCredit => {
            let credit = credit(len);
            wake(with(|rt| rt.ops.credit(id, credit)));
        }
        _ => return 1,
    }
    while let Some(task) = with(|rt| rt.tasks.next_ready()) {
        poll(task);
    }
    0
}

/// The event's payload, for keeping: the window is the next event's.
fn payload(len: usize) -> Vec<u8> {
    with(|rt| Vec::from(rt.payload(len)))
}

/// The event's payload, if it is a credit.
fn credit(len: usize) -> u32 {
    with(|rt| match *rt.payload(len) {
        [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    })
}

/// The event's payload, if it is why a request is aborted.
fn reason(len: usize) -> AbortReason {
    with(|rt| match *rt.payload(len) {
        [reason] => AbortReason::from_u8(reason),
        _ => AbortReason::Over,
    })
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Gives a request's memory back, for the next one.
pub(crate) fn recycle(mut payload: Vec<u8>) {
    payload.clear();
    with(|rt| {
        if rt.spare.capacity() < payload.capacity() && payload.capacity() <= KEPT_MAX {
            rt.spare = payload;
        }
    });
}

fn begin(id: u32, len: usize, start: Start) {
    let (payload, task) = with(|rt| {
        let task = rt.tasks.insert(id);
        rt.requests.insert(id, task);
        let mut payload = mem::take(&mut rt.spare);
        payload.extend_from_slice(rt.payload(len));
        (payload, task)
    });
    let handling = start(Request::new(id, payload), Env::new(), Context::new(id));
    run(task, id, Task::Handler(handling));
}

/// Ends a request: drops its tasks, which cancels its operations.
fn abort(id: u32) {
    let (request, tasks) = with(|rt| (rt.requests.remove(id), rt.tasks.remove_of(id, false)));
    // Here, and not inside `with`: the drops are the Worker's code.
    drop(tasks);
    if request.is_some() {
        host::done(id, 0, &[]);
    }
}

/// Ends the answer of a request, which nobody waits for. What `wait_until` was given goes on.
fn leave(id: u32) {
    let main = with(|rt| rt.tasks.remove_of(id, true));
    for task in main {
        // The request is there while the Worker's drops run, so they may still add work.
        drop(task);
        release(id);
    }
}

/// What a task is.
enum Task {
    /// The handler, until it answers.
    Handler(Handling),
    /// Its answer's body, until all of it is sent.
    Send(Sending),
    /// Work that `wait_until` was given.
    Work(Pin<Box<dyn Future<Output = ()>>>),
}

struct Sending {
    body: crate::body::Source,
    chunk: Vec<u8>,
    sent: usize,
}

/// Adds work to a request; drops it if the request is over.
pub(crate) fn spawn(id: u32, work: Pin<Box<dyn Future<Output = ()>>>) {
    let refused = with(|rt| {
        if !rt.requests.hold(id) {
            return Some(work);
        }
        let task = rt.tasks.insert(id);
        rt.tasks.put_back(task, Task::Work(work));
        rt.tasks.wake(task);
        None
    });
    drop(refused);
}

fn poll(index: u32) {
    if let Some((id, task)) = with(|rt| rt.tasks.take(index)) {
        run(index, id, task);
    }
}

/// Polls a task that is not in its slot, and puts it back if it goes on.
fn run(index: u32, id: u32, mut task: Task) {
    let waker = tasks::waker(index);
    let mut cx = core::task::Context::from_waker(&waker);
    current(|current| current.set(Some(id)));
    let over = match &mut task {
        Task::Handler(handling) => match handling.as_mut().poll(&mut cx) {
            core::task::Poll::Pending => false,
            core::task::Poll::Ready(result) => {
                // The handler's locals go before its answer does.
                drop(task);
                answer(index, id, result);
                current(|current| current.set(None));
                return;
            }
        },
        Task::Send(sending) => match send(id, sending, &mut cx) {
            core::task::Poll::Pending => false,
            core::task::Poll::Ready(Ok(())) => true,
            core::task::Poll::Ready(Err(error)) => {
                drop(task);
                fail(index, id, &error);
                current(|current| current.set(None));
                return;
            }
        },
        Task::Work(work) => work.as_mut().poll(&mut cx).is_ready(),
    };
    if over {
        drop(task);
        finish(index, id);
    } else {
        with(|rt| rt.tasks.put_back(index, task));
    }
    current(|current| current.set(None));
}

/// Sends what the handler returned.
fn answer(index: u32, id: u32, result: Result<Response>) {
    let response = match result {
        Ok(response) => response,
        Err(error) => return fail(index, id, &error),
    };
    if !(200..=599).contains(&response.status) {
        return fail(index, id, &status_out_of_range(response.status));
    }
    if response.headers.encoded_len() > HEADERS_MAX {
        return fail(
            index,
            id,
            &headers_too_large(response.headers.encoded_len()),
        );
    }
    let streamed = matches!(response.body, Body::Stream(_));
    with(|rt| {
        rt.head.clear();
        crate::wire::put_varint(&mut rt.head, usize::from(response.status));
        response.headers.encode(&mut rt.head);
        host::respond(id, &rt.head, response.body.known(), streamed);
    });
    if let Body::Stream(body) = response.body {
        let sending = Sending {
            body,
            chunk: Vec::new(),
            sent: 0,
        };
        with(|rt| {
            rt.tasks.put_back(index, Task::Send(sending));
            rt.tasks.wake(index);
        });
    } else {
        drop(response);
        finish(index, id);
    }
}

#[cold]
fn status_out_of_range(status: u16) -> Error {
    Error::named(
        "RangeError",
        format!("a response's status must be 200 to 599, this one is {status}"),
    )
}

#[cold]
fn headers_too_large(len: usize) -> Error {
    Error::named(
        "RangeError",
        format!("a response's header fields may have {HEADERS_MAX} bytes, these have {len}"),
    )
}

/// Sends as much of a body as there is and as the host takes.
fn send(
    id: u32,
    sending: &mut Sending,
    cx: &mut core::task::Context<'_>,
) -> core::task::Poll<Result<()>> {
    use core::task::Poll;
    loop {
        while sending.sent < sending.chunk.len() {
            let rest = &sending.chunk[sending.sent..];
            let credit = with(|rt| rt.requests.credit_or_wait(id));
            let len = rest
                .len()
                .min(credit as usize)
                .min(postern_abi::limits::CHUNK_MAX);
            if len == 0 {
                return Poll::Pending;
            }
            let left = host::body_chunk(id, &rest[..len], false);
            sending.sent += len;
            with(|rt| rt.requests.set_credit(id, left));
        }
        match sending.body.poll_next(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(Ok(chunk))) => {
                sending.chunk = chunk;
                sending.sent = 0;
            }
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
            Poll::Ready(None) => {
                host::body_chunk(id, &[], true);
                return Poll::Ready(Ok(()));
            }
        }
    }
}

/// A task ended well. With a request's last task the request ends.
#[inline]
fn finish(index: u32, id: u32) {
    with(|rt| rt.tasks.free(index));
    release(id);
}

/// A request has one task less. With its last it ends.
fn release(id: u32) {
    if let Some(request) = with(|rt| rt.requests.release(id)) {
        host::done(id, 0, &[]);
        drop(request);
    }
}

/// The answer is an error. The request goes on while there is work that `wait_until` was given.
#[cold]
fn fail(index: u32, id: u32, error: &Error) {
    let ended = with(|rt| {
        rt.tasks.free(index);
        rt.requests.release(id)
    });
    let exception = exception(error.name(), error.message(), "");
    match ended {
        Some(request) => {
            host::done(id, 1, &exception);
            drop(request);
        }
        None => host::fail(id, &exception),
    }
}

/// An [`Exception`](postern_abi::http::Exception), encoded.
fn exception(name: &str, message: &str, stack: &str) -> Vec<u8> {
    let mut exception = Vec::new();
    for text in [name, message, stack] {
        put_bytes(&mut exception, text.as_bytes());
    }
    exception
}

#[cfg_attr(not(all(feature = "std", target_arch = "wasm32")), allow(dead_code))]
/// Tells the host of a panic, of the request whose task runs. The trap follows.
pub(crate) fn panicked(message: &str, stack: &str) {
    match current(core::cell::Cell::take) {
        Some(id) => host::done(id, 1, &exception("panic", message, stack)),
        None => host::log(postern_abi::event::LogLevel::Error as u32, message),
    }
}

/// What is left in the runtime: requests, tasks, operations.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn left() -> (usize, usize, usize) {
    with(|rt| (rt.requests.len(), rt.tasks.len(), rt.ops.len()))
}

/// The next chunk of a request's body.
pub(crate) fn poll_body(
    id: u32,
    cx: &mut core::task::Context<'_>,
) -> core::task::Poll<Option<Result<Vec<u8>>>> {
    let waker = cx.waker().clone();
    let (look, pull, unused) = with(|rt| match rt.requests.body(id) {
        Ok(body) => body.look(waker),
        Err(error) => (Look::Ready(Some(Err(error))), 0, Some(waker)),
    });
    drop(unused);
    if pull > 0 {
        host::body_pull(id, pull);
    }
    match look {
        Look::Ready(item) => core::task::Poll::Ready(item),
        Look::Pending => core::task::Poll::Pending,
    }
}

/// Drops everything, as the end of an isolate does.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn clear() {
    let old = with(|rt| mem::replace(rt, Runtime::new()));
    // Handles in it find nothing any more.
    drop(old);
}
