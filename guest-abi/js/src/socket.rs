//! WebSockets of the host: messages put together and taken apart, and what waits for credit.

use crate::bytes::{self, Bytes};
use crate::headers::HeaderList;
use crate::numbers::ByNumber;
use crate::ops::Decode;
use crate::subrequest::{self, Sinks};
use crate::{host, ops, requests};
use postern_abi::fetch::Fetched;
use postern_abi::limits::{BODY_CREDIT, CHUNK_MAX};
use postern_abi::socket::{BINARY, CLOSE, CONTINUATION, FIN, PART_COST, REASON_MAX, TEXT};
use postern_abi::tcp::START_TLS;
use postern_abi::{OpError, OpErrorCode, OpKind};
use rquickjs::class::Class;
use rquickjs::{Array, Ctx, Function, Object, Persistent, Result, Value, function::Func};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// Bytes that the host may send of messages before it hears of more: they are handled as they
/// come, so it need not wait.
const WANTED: u32 = 1 << 30;

struct Socket {
    /// Gets `open()`, `message(data)`, `closed(code, reason)`, `end()` and `error(message, code)`.
    sink: Persistent<Object<'static>>,
    credit: i64,
    /// Messages on their way out: the kind, what is left of them, and from where.
    waiting: VecDeque<(u8, Vec<u8>, usize)>,
    waiting_bytes: usize,
    /// The message that is coming.
    kind: u8,
    message: Vec<u8>,
    /// Bytes that the host may still send.
    wanted: u32,
    /// It is a connection of bytes: the sink asks for what it takes, gets `message(data)` for each
    /// part, and hears by `drained()` that nothing waits any more.
    flows: bool,
}

thread_local! {
    static SOCKETS: RefCell<ByNumber<Socket>> = RefCell::default();
}

/// Operations are over, and what they are is gone.
pub fn forget(ops: &[u32]) {
    let gone = |op| SOCKETS.with_borrow_mut(|all| all.remove(op));
    drop(ops.iter().map(gone).collect::<Vec<_>>());
}

/// Whether there are none.
pub fn are_none() -> bool {
    SOCKETS.with_borrow(ByNumber::is_empty)
}

impl Socket {
    /// Sends as much as there is credit for.
    fn flush(&mut self, op: u32) {
        while self.credit > 0 {
            let Some((kind, message, at)) = self.waiting.front_mut() else {
                return;
            };
            let end = message.len().min(*at + CHUNK_MAX);
            let is_last = end == message.len();
            let mut part = Vec::with_capacity(end - *at + 1);
            part.push(match (*at, self.flows) {
                (0, _) | (_, true) => *kind,
                _ => CONTINUATION,
            });
            part[0] |= if is_last { FIN } else { 0 };
            part.extend_from_slice(&message[*at..end]);
            host::op_chunk(op, &part, false);
            self.credit -= part.len() as i64 + i64::from(PART_COST);
            self.waiting_bytes = self.waiting_bytes.saturating_sub(end - *at);
            *at = end;
            if is_last {
                self.waiting.pop_front();
            }
        }
    }

    fn send(&mut self, op: u32, kind: u8, message: Vec<u8>) {
        self.waiting_bytes += message.len();
        self.waiting.push_back((kind, message, 0));
        self.flush(op);
    }
}

fn sink<'js>(ctx: &Ctx<'js>, op: u32) -> Result<Option<Object<'js>>> {
    let sink = SOCKETS.with_borrow(|all| all.get(&op).map(|socket| socket.sink.clone()));
    sink.map(|sink| sink.restore(ctx)).transpose()
}

fn tell<'js, A>(sink: &Object<'js>, name: &str, arguments: A) -> Result<()>
where
    A: rquickjs::function::IntoArgs<'js>,
{
    let method: Function = sink.get(name)?;
    let mut args = rquickjs::function::Args::new(method.ctx().clone(), arguments.num_args());
    args.this(sink.clone())?;
    arguments.into_args(&mut args)?;
    method.call_arg(args)
}

/// An operation succeeded; false if it is no socket.
pub fn done(ctx: &Ctx<'_>, op: u32) -> Result<bool> {
    let Some(sink) = sink(ctx, op)? else {
        return Ok(false);
    };
    tell(&sink, "open", ())?;
    Ok(true)
}

/// An operation is over, well or with an error; false if it is no socket.
pub fn over(ctx: &Ctx<'_>, op: u32, error: Option<&[u8]>) -> Result<bool> {
    let Some(sink) = sink(ctx, op)? else {
        return Ok(false);
    };
    SOCKETS.with_borrow_mut(|all| all.remove(&op));
    match error {
        None => tell(&sink, "end", ())?,
        Some(error) => {
            let error = postcard::from_bytes(error).unwrap_or(OpError {
                code: OpErrorCode::Internal as u16,
                message: "the WebSocket failed",
            });
            tell(&sink, "error", (error.message, error.code))?;
        }
    }
    Ok(true)
}

/// More may be sent; false if it is no socket.
pub fn credit(op: u32, bytes: u32) -> bool {
    SOCKETS.with_borrow_mut(|all| {
        let Some(socket) = all.get_mut(&op) else {
            return false;
        };
        socket.credit = bytes.into();
        socket.flush(op);
        true
    })
}

/// A part of a message came.
pub fn part(ctx: &Ctx<'_>, op: u32, part: &[u8]) -> Result<()> {
    let [first, payload @ ..] = part else {
        return Ok(());
    };
    let complete = SOCKETS.with_borrow_mut(|all| {
        let socket = all.get_mut(&op)?;
        socket.wanted = socket.wanted.saturating_sub(part.len() as u32);
        if !socket.flows && socket.wanted < WANTED / 2 {
            host::op_pull(op, WANTED - socket.wanted);
            socket.wanted = WANTED;
        }
        let kind = first & 0x0f;
        if kind == CLOSE {
            return Some((CLOSE, payload.to_vec()));
        }
        if kind != CONTINUATION {
            socket.kind = kind;
        }
        if socket.message.is_empty() && first & FIN != 0 {
            return Some((socket.kind, payload.to_vec()));
        }
        socket.message.extend_from_slice(payload);
        (first & FIN != 0).then(|| (socket.kind, std::mem::take(&mut socket.message)))
    });
    let (Some((kind, message)), Some(sink)) = (complete, sink(ctx, op)?) else {
        return Ok(());
    };
    match kind {
        CLOSE => match &*message {
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                tell(&sink, "closed", (code, bytes::text(ctx, reason)?))
            }
            _ => tell(&sink, "closed", ()),
        },
        TEXT => tell(&sink, "message", (bytes::text(ctx, &message)?,)),
        START_TLS => tell(&sink, "sealed", ()),
        _ => {
            let buffer = rquickjs::ArrayBuffer::new(ctx.clone(), message)?;
            tell(&sink, "message", (buffer,))
        }
    }
}

/// An operation is a socket, whose messages this gets.
pub fn add(op: u32, sink: Persistent<Object<'static>>) {
    let socket = Socket {
        sink,
        credit: BODY_CREDIT.into(),
        waiting: VecDeque::new(),
        waiting_bytes: 0,
        kind: 0,
        message: Vec::new(),
        wanted: 0,
        flows: false,
    };
    SOCKETS.with_borrow_mut(|all| all.insert(op, socket));
}

/// An operation is a connection of bytes, of which this hears.
pub fn add_flowing(op: u32, sink: Persistent<Object<'static>>) {
    add(op, sink);
    SOCKETS.with_borrow_mut(|all| {
        if let Some(socket) = all.get_mut(&op) {
            socket.flows = true;
        }
    });
}

/// Sends a part of a kind, now or when there is credit; whether it waits.
pub fn send_part(op: u32, kind: u8, bytes: Vec<u8>) -> bool {
    SOCKETS.with_borrow_mut(|all| {
        let Some(socket) = all.get_mut(&op) else {
            return false;
        };
        socket.send(op, kind, bytes);
        !socket.waiting.is_empty()
    })
}

/// Whether somebody is to hear that nothing of a connection's waits any more.
pub fn is_drained(op: u32) -> bool {
    SOCKETS.with_borrow(|all| {
        let socket = all.get(&op);
        socket.is_some_and(|it| it.flows && it.waiting.is_empty())
    })
}

/// Tells it.
pub fn drained(ctx: &Ctx<'_>, op: u32) -> Result<()> {
    match sink(ctx, op)? {
        Some(sink) => tell(&sink, "drained", ()),
        None => Ok(()),
    }
}

/// Asks for a socket: `[operation, promise]` of what `make` makes of the answer. `parts` are those
/// of `fetchStart`; `line` gets what comes over the socket, `sink` the body of another answer.
fn connect<'js>(
    ctx: Ctx<'js>,
    parts: Array<'js>,
    line: Object<'js>,
    sink: Object<'js>,
    make: Function<'js>,
) -> Result<Array<'js>> {
    let argument = subrequest::argument(&ctx, &parts)?;
    let sinks = Sinks {
        sink,
        make,
        credit: None,
    };
    let answered = subrequest::decode(&sinks, &ctx);
    let line = Persistent::save(&ctx, line);
    let op = Rc::new(Cell::new(0));
    let its = op.clone();
    let decode: Decode = Box::new(move |ctx, payload| {
        let head = postcard::take_from_bytes::<Fetched>(payload);
        if head.is_ok_and(|(head, _)| head.status == 101) {
            add(its.get(), line);
        }
        answered(ctx, payload)
    });
    let (id, promise) =
        ops::start_with_id(&ctx, OpKind::SocketConnect as u32, &argument, decode, None)?;
    op.set(id);
    let started = Array::new(ctx)?;
    started.set(0, id)?;
    started.set(1, promise)?;
    Ok(started)
}

fn serve<'js>(
    ctx: Ctx<'js>,
    request: u32,
    list: Option<Class<'js, HeaderList>>,
    sink: Object<'js>,
) -> u32 {
    requests::answered(request);
    let head = match list {
        Some(list) => list.borrow_mut().encode_head(101, None),
        None => HeaderList::default().encode_head(101, None),
    };
    // Fields lie behind one another, so the head is what follows the number.
    let mut argument = postcard::to_allocvec(&request).unwrap_or_default();
    argument.extend_from_slice(&head);
    let op = ops::next();
    add(op, Persistent::save(&ctx, sink));
    host::op_start(op, OpKind::SocketServe as u32, &argument);
    op
}

fn send(op: u32, kind: u8, message: Vec<u8>) {
    SOCKETS.with_borrow_mut(|all| {
        if let Some(socket) = all.get_mut(&op) {
            socket.send(op, kind, message);
        }
    });
}

/// Adds the functions on WebSockets to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("socketServe", Func::from(serve))?;
    native.set("socketConnect", Func::from(connect))?;
    native.set(
        "socketSend",
        Func::from(|op: u32, data: Value<'js>, message: Bytes| {
            let kind = if data.is_string() { TEXT } else { BINARY };
            send(op, kind, message.0);
        }),
    )?;
    native.set(
        "socketClose",
        Func::from(|op: u32, code: Option<u16>, reason: Option<String>| {
            let mut payload = Vec::new();
            if let Some(code) = code {
                payload.extend_from_slice(&code.to_be_bytes());
                let reason = reason.unwrap_or_default();
                payload.extend_from_slice(
                    &reason.as_bytes()[..reason.floor_char_boundary(REASON_MAX)],
                );
            }
            send(op, CLOSE, payload);
        }),
    )?;
    native.set(
        "socketStart",
        Func::from(|op: u32| {
            SOCKETS.with_borrow_mut(|all| {
                if let Some(socket) = all.get_mut(&op).filter(|socket| socket.wanted == 0) {
                    socket.wanted = WANTED;
                    host::op_pull(op, WANTED);
                }
            });
        }),
    )?;
    native.set(
        "socketDrop",
        Func::from(|op: u32| {
            let found = SOCKETS.with_borrow_mut(|all| all.remove(&op));
            if found.is_some() {
                host::op_cancel(op);
            }
        }),
    )?;
    native.set(
        "socketWaiting",
        Func::from(|op: u32| {
            SOCKETS.with_borrow(|all| all.get(&op).map_or(0, |it| it.waiting_bytes as u32))
        }),
    )
}
