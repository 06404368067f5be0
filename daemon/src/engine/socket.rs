//! A WebSocket between a guest and whoever holds its connection: parts of messages both ways,
//! bounded in bytes and in number.
//!
//! Parts are those of [`postern_abi::socket`]; nothing here looks into a message. The guest's
//! end lies in its isolate as the state of an operation, the other end with the connection: of a
//! client that a request is answered with it, or of a server that the guest has asked.

use super::host::{Event, Host, OpState, Serial};
use super::imports;
use super::invocation::{Reply, ReplyBody};
use super::isolate::Isolate;
use super::limits::{Failure, Limits};
use super::ops::OpFailure;
use bytes::Bytes;
use parking_lot::Mutex;
use postern_abi::OpErrorCode;
use postern_abi::limits::BODY_CREDIT;
use postern_abi::socket::{MESSAGE_MAX, PART_COST, SocketServe};
use postern_task::Begin;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

/// Bytes that may be on their way to the guest at once, each part counted as [`ROOM_COST`] more.
const ON_THE_WAY_MAX: u64 = 256 * 1024;
/// What a part that waits takes beside its bytes.
const ROOM_COST: u64 = 512;

/// Why a handshake is not one.
const NO_UPGRADE: &str = "Worker tried to return a WebSocket in a response to a request which did not contain the header \"Upgrade: websocket\".";

#[derive(Default)]
struct State {
    /// Parts of the guest's.
    parts: VecDeque<Bytes>,
    queued: u64,
    /// The credit that the guest believes to have.
    told: i64,
    /// What the guest still takes, in bytes.
    wanted: u64,
    on_the_way: u64,
    guest_gone: bool,
    /// Why, if its invocation failed.
    why: Option<Box<Failure>>,
    connection_gone: bool,
    /// The Worker was retired, and has had its time.
    retired: bool,
    waker: Option<Waker>,
}

impl State {
    fn credit(&self) -> i64 {
        i64::from(BODY_CREDIT) - i64::try_from(self.queued).unwrap_or(i64::MAX)
    }

    fn wants_refill(&self) -> bool {
        self.told <= 0 && self.credit() >= i64::from(BODY_CREDIT) / 2
    }
}

fn cost(part: &[u8]) -> u64 {
    part.len() as u64 + u64::from(PART_COST)
}

/// Goes on with a socket over a connection that a server has agreed to make one.
pub type Speak = Box<dyn FnOnce(Socket) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// The guest's end. Dropping it tells the connection that the guest is gone.
pub(crate) struct SocketEnd {
    state: Arc<Mutex<State>>,
    is_served: bool,
    is_session: bool,
}

/// The open sockets of a Worker.
#[derive(Clone, Default)]
pub(super) struct Sockets(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    states: Vec<Weak<Mutex<State>>>,
    retired: bool,
}

impl Sockets {
    fn add(&self, state: &Arc<Mutex<State>>) {
        let mut open = self.0.lock();
        if open.states.len() == open.states.capacity() {
            open.states.retain(|state| state.strong_count() > 0);
        }
        state.lock().retired = open.retired;
        open.states.push(Arc::downgrade(state));
    }

    /// Has all of them closed, now and from now on.
    pub fn retire(&self) {
        let states = {
            let mut open = self.0.lock();
            open.retired = true;
            std::mem::take(&mut open.states)
        };
        for state in states.iter().filter_map(Weak::upgrade) {
            change(&state, |state| state.retired = true);
        }
    }
}

fn change(state: &Mutex<State>, change: impl FnOnce(&mut State)) {
    let waker = {
        let mut state = state.lock();
        change(&mut state);
        state.waker.take()
    };
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// The connection's end. Dropping it before [`Socket::end`] breaks the socket off.
pub struct Socket {
    state: Arc<Mutex<State>>,
    isolate: Weak<Isolate>,
    op: Serial,
    message_bytes_max: u64,
    over: bool,
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Socket")
    }
}

/// Bytes of a message that a guest with these limits may be sent: it has to fit its memory, and
/// more than once, as a program that reads it makes copies.
fn message_bytes_max(limits: &Limits) -> u64 {
    (limits.memory_bytes / 4).min(MESSAGE_MAX as u64)
}

/// Whether the isolate may have one more.
///
/// # Errors
/// When it has as many as it may have.
pub(super) fn admit(host: &Host) -> Result<(), OpFailure> {
    let Some(isolate) = host.isolate.upgrade() else {
        return Ok(());
    };
    let max = isolate.worker().engine().sockets_max();
    let are_sockets =
        |op: &&super::host::Op| matches!(&op.state, OpState::Socket(end) if !end.is_session);
    let open = host.ops.values().filter(are_sockets).count();
    if open < max as usize {
        return Ok(());
    }
    Err(OpFailure::new(
        OpErrorCode::LimitExceeded,
        format!(
            "{open} WebSockets of this isolate are open, the limit of `websocket.isolate-connections` is {max}; close some before opening more"
        ),
    ))
}

/// Has `speak` go on with the socket that the operation `op` has become; the guest's end of it.
pub(super) fn spoken(host: &Host, op: Serial, speak: Speak, is_session: bool) -> OpState {
    let (mut end, socket) = pair(host, op);
    end.is_served = false;
    end.is_session = is_session;
    host.executor.begin(speak(socket)).detach();
    OpState::Socket(end)
}

fn pair(host: &Host, op: Serial) -> (SocketEnd, Socket) {
    let state = Arc::new(Mutex::new(State {
        told: BODY_CREDIT.into(),
        ..State::default()
    }));
    let socket = Socket {
        state: state.clone(),
        isolate: host.isolate.clone(),
        op,
        message_bytes_max: message_bytes_max(&host.limits),
        over: false,
    };
    if let Some(isolate) = host.isolate.upgrade() {
        isolate.worker().sockets().add(&state);
    }
    let end = SocketEnd {
        state,
        is_served: true,
        is_session: false,
    };
    (end, socket)
}

/// Answers a request with a socket, which is the operation `op` from then on.
///
/// # Errors
/// When the request is over or answered, asked for no socket, or the argument breaks a rule.
pub(super) fn serve(host: &mut Host, op: Serial, argument: &[u8]) -> Result<(), OpFailure> {
    let bad = |what: String| OpFailure::new(OpErrorCode::BadArgument, what);
    let asked: SocketServe<'_> = postcard::from_bytes(argument)
        .map_err(|error| bad(format!("the argument of SocketServe: {error}")))?;
    if asked.head.status != 101 {
        return Err(bad(format!(
            "a socket is an answer of status 101, not of {}",
            asked.head.status
        )));
    }
    let request = asked.request;
    let is_session = host
        .invocation_of(request)
        .is_some_and(|it| it.is_session());
    if !is_session {
        admit(host)?;
    }
    let headers = imports::response_fields(asked.head.headers).map_err(bad)?;
    let (mut end, socket) = pair(host, op);
    end.is_session = is_session;
    let Some(invocation) = host
        .invocation_of(request)
        .filter(|it| !it.done && it.trigger.is_none() && it.status == 0 && !it.is_answered())
    else {
        return Err(OpFailure::new(
            OpErrorCode::Cancelled,
            "the request that the socket answers is over or answered",
        ));
    };
    if !invocation.upgrade {
        return Err(OpFailure::new(
            OpErrorCode::Thrown,
            format!("TypeError: {NO_UPGRADE}"),
        ));
    }
    invocation.status = 101;
    invocation.sockets += 1;
    invocation.exchange.answer(Ok(Reply {
        status: http::StatusCode::SWITCHING_PROTOCOLS,
        reason: None,
        headers,
        body: ReplyBody::Socket(socket),
    }));
    let current = std::mem::replace(&mut host.current, request);
    host.add_op(op, OpState::Socket(end), 0);
    host.current = current;
    Ok(())
}

impl SocketEnd {
    /// Whether it answers a request, which lives as long as it does.
    pub fn is_served(&self) -> bool {
        self.is_served
    }

    /// Whether it is a session of RPC, and no WebSocket.
    pub fn is_session(&self) -> bool {
        self.is_session
    }

    /// Notes why the guest is about to be gone.
    pub fn failed(&self, failure: &Failure) {
        self.state.lock().why = Some(Box::new(failure.clone()));
    }

    /// The Worker was retired, and has had its time.
    #[cfg(test)]
    pub fn retire(&self) {
        self.changed(|state| state.retired = true);
    }

    /// Lets `bytes` more come.
    pub fn pull(&self, bytes: u64) {
        self.changed(|state| state.wanted = state.wanted.saturating_add(bytes));
    }

    /// A part has been handed to the guest.
    pub fn arrived(&self, part: &[u8]) {
        self.changed(|state| {
            state.on_the_way = state
                .on_the_way
                .saturating_sub(part.len() as u64 + ROOM_COST);
        });
    }

    /// Takes the guest's next part; gives whether to tell the guest of more credit now, and how
    /// much waits to be sent.
    pub fn chunk(&self, part: &[u8]) -> (bool, u64) {
        let mut result = (false, 0);
        self.changed(|state| {
            state.told -= cost(part) as i64;
            if !state.connection_gone {
                state.queued += cost(part);
                state.parts.push_back(Bytes::copy_from_slice(part));
            }
            result = (state.wants_refill(), state.queued);
        });
        result
    }

    /// The credit there is, which the guest is told of.
    pub fn credit(&self) -> u32 {
        let mut state = self.state.lock();
        let credit = state.credit().max(0);
        state.told = credit;
        u32::try_from(credit).unwrap_or(u32::MAX)
    }

    fn changed(&self, how: impl FnOnce(&mut State)) {
        change(&self.state, how);
    }
}

impl Drop for SocketEnd {
    fn drop(&mut self) {
        self.changed(|state| state.guest_gone = true);
    }
}

impl Socket {
    /// Bytes that one message to the guest may have.
    pub fn message_bytes_max(&self) -> u64 {
        self.message_bytes_max
    }

    /// The connection speaks the protocol.
    pub fn opened(&self) {
        self.tell(Event::SocketOpen(self.op));
    }

    /// Ready when the guest's Worker was retired and has had its time; if not, the task is woken
    /// when it has.
    pub fn poll_retired(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.retired {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Whether more may be sent to the guest now; if not, the task is woken when it does.
    pub fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        // What comes when the guest is gone is thrown away.
        let may = state.wanted > 0 && state.on_the_way < ON_THE_WAY_MAX;
        if may || state.guest_gone {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Sends a part to the guest, which must have had room for one.
    pub fn send(&self, part: Bytes) {
        {
            let mut state = self.state.lock();
            state.wanted = state.wanted.saturating_sub(part.len() as u64);
            state.on_the_way += part.len() as u64 + ROOM_COST;
        }
        self.tell(Event::SocketMessage(self.op, part));
    }

    /// The guest's next part; none when the guest is gone.
    pub fn poll_part(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let (part, refill) = {
            let mut state = self.state.lock();
            match state.parts.pop_front() {
                Some(part) => {
                    state.queued = state.queued.saturating_sub(cost(&part));
                    (part, !state.guest_gone && state.wants_refill())
                }
                None if state.guest_gone => return Poll::Ready(None),
                None => {
                    state.waker = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            }
        };
        if refill {
            self.tell(Event::OpCredit(self.op));
        }
        Poll::Ready(Some(part))
    }

    /// What the guest's invocation failed with, if that ended it.
    pub fn failure(&self) -> Option<Failure> {
        self.state.lock().why.as_deref().cloned()
    }

    /// Ready when the guest is gone; what it sent may still be there.
    pub fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.guest_gone {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Both ends have closed, or why not.
    pub fn end(mut self, how: Result<(), OpFailure>) {
        self.over = true;
        self.tell(match how {
            Ok(()) => Event::OpEnd(self.op),
            Err(failure) => Event::OpBroken(self.op, failure),
        });
    }

    fn tell(&self, event: Event) {
        if let Some(isolate) = self.isolate.upgrade() {
            isolate.push(event);
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        {
            let mut state = self.state.lock();
            state.connection_gone = true;
            state.parts.clear();
            state.queued = 0;
        }
        if !self.over
            && let Some(isolate) = self.isolate.upgrade()
        {
            isolate.push_later(Event::OpBroken(self.op, disconnected()));
        }
    }
}

/// The failure of a socket whose connection went away.
pub fn disconnected() -> OpFailure {
    OpFailure::new(
        OpErrorCode::Cancelled,
        "WebSocket disconnected without sending Close frame.",
    )
}

/// Both ends of a socket, with nobody behind the guest's.
#[cfg(test)]
pub(crate) fn test_pair(message_bytes_max: u64) -> (SocketEnd, Socket) {
    let state = Arc::new(Mutex::new(State {
        told: BODY_CREDIT.into(),
        ..State::default()
    }));
    let socket = Socket {
        state: state.clone(),
        isolate: Weak::new(),
        op: Serial { id: 0, number: 0 },
        message_bytes_max,
        over: false,
    };
    let end = SocketEnd {
        state,
        is_served: true,
        is_session: false,
    };
    (end, socket)
}
