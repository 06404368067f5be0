//! The parser on a stack of its own, so that it can stop in the middle of a token and hold no
//! thread while a handler waits.

use super::settings::{PARSER_BYTES, Settings};
use super::token::{self, Token};
use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use lol_html::HandlerResult;
use lol_html::send::HtmlRewriter;
use postern_abi::OpErrorCode;
use postern_abi::limits::REWRITER_OUTPUT_MAX;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The parser's stack; pages that are not touched take no memory.
const STACK_BYTES: usize = 256 * 1024;
/// What of it is touched, rounded up, and what else a rewriter takes.
const BASE_BYTES: usize = 64 * 1024;
/// Work after which the parser lets the guest run, and pay, before it goes on.
const SLICE_WORK: usize = 128 * 1024;
/// Work that a byte of input takes, and a tag for each set of handlers, whose selectors are tried
/// on it.
const BYTE_WORK: usize = 8;
const TAG_WORK: usize = 8;
/// Bytes that may have been set in a token before it is looked at how many are left of them.
const RECOUNT: usize = 256 * 1024;
/// Bytes that an open element takes.
const ELEMENT_BYTES: usize = 192;

/// What a handler is called with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Element = 0,
    EndTag = 1,
    Text = 2,
    Comment = 3,
    Doctype = 4,
    End = 5,
}

/// What the parser is told.
pub enum Reply {
    /// More of the document.
    Input { bytes: Vec<u8>, last: bool },
    /// To go on.
    GoOn,
    /// To give up.
    Stop,
    /// A question or a change for the token at hand.
    Command(Vec<u8>),
    /// A part of the content it waits for.
    Content(Vec<u8>),
    /// The end of that content.
    ContentEnd,
}

/// What the parser stops for.
pub enum Ask {
    /// It needs more input.
    Input,
    /// It did much, or made much.
    More,
    /// A handler is to be called.
    Handler(Kind, u32),
    /// A command's answer and what it cost.
    Answer(Result<u64, OpErrorCode>, Vec<u8>),
    /// Content of this number goes here.
    Content(u32),
}

/// How a call went, as the guest is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Status {
    Input = 0,
    More = 1,
    Handler = 2,
    Content = 3,
    End = 4,
    Failed = 5,
}

/// What a rewriter waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Input,
    GoOn,
    Token,
    Content,
    Nothing,
}

/// What the parser and its owner both look at.
#[derive(Default)]
pub struct Common {
    output: Mutex<Output>,
    has_stopped: AtomicBool,
    /// A token is asked something, so that the parser must not stop for anything else.
    is_answering: AtomicBool,
    /// Work of the parser that is not paid for.
    work: AtomicUsize,
    /// Bytes of content that was inserted and is not written yet.
    pub inserted: AtomicUsize,
    /// Bytes of the token at hand, when it was last looked at, and what was set in it since.
    counted: AtomicUsize,
    set: AtomicUsize,
}

impl Common {
    fn with_output<R>(&self, f: impl FnOnce(&mut Output) -> R) -> R {
        f(&mut self.output.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// So many bytes were set in a token that has `all`.
    pub fn set(&self, bytes: usize, all: impl FnOnce() -> usize) {
        let set = self.set.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if set > RECOUNT {
            self.counted.store(all(), Ordering::Relaxed);
            self.set.store(0, Ordering::Relaxed);
        }
    }

    /// The token at hand has become output.
    fn is_written(&self) {
        self.counted.store(0, Ordering::Relaxed);
        self.set.store(0, Ordering::Relaxed);
    }
}

/// What the parser made, up to where it was taken.
#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    taken: usize,
}

impl Output {
    fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    fn put(&mut self, chunk: &[u8]) {
        // Never more than there is to move was taken before.
        if self.taken > self.len() {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        self.bytes.extend_from_slice(chunk);
    }

    /// Takes the first of it, up to so much.
    fn take(&mut self) -> Vec<u8> {
        let part = self.taken..self.bytes.len().min(self.taken + REWRITER_OUTPUT_MAX);
        if part == (0..self.bytes.len()) {
            return std::mem::take(&mut self.bytes);
        }
        self.taken = part.end;
        let part = self.bytes[part].to_vec();
        if self.len() == 0 {
            *self = Self::default();
        }
        part
    }
}

/// Through which what runs on the parser's stack reaches its owner.
#[derive(Clone, Copy)]
pub struct Port {
    yielder: *const Yielder<Reply, Ask>,
    common: *const Common,
}

// SAFETY: handlers hold it, which are nowhere but on the parser's stack and in what lies there; it
// is used by none but what runs on that stack, wherever the whole is resumed.
unsafe impl Send for Port {}
// SAFETY: as above; nothing shares it with another thread.
unsafe impl Sync for Port {}

/// What a handler ends with once the rewriter was told to give up.
pub const STOPPED: &str = "given up";

impl Port {
    /// What lies beyond the stack.
    pub fn common(&self) -> &Common {
        // SAFETY: `parse` keeps it alive for as long as anything of the parser lives.
        unsafe { &*self.common }
    }

    fn has_stopped(self) -> bool {
        self.common().has_stopped.load(Ordering::Relaxed)
    }

    /// Stops the parser until it is told to go on. Once it was told to give up, it is told
    /// nothing else.
    pub fn ask(self, ask: Ask) -> Reply {
        if self.has_stopped() {
            return Reply::Stop;
        }
        // SAFETY: the coroutine's own yielder, which lives as long as what runs in it.
        let reply = unsafe { &*self.yielder }.suspend(ask);
        if matches!(reply, Reply::Stop) {
            self.common().has_stopped.store(true, Ordering::Relaxed);
        }
        reply
    }

    /// Has a handler called, and serves what it does with the token.
    pub fn serve<T: Token>(self, kind: Kind, at: u32, token: &mut T) -> HandlerResult {
        let mut reply = self.ask(Ask::Handler(kind, at));
        loop {
            match reply {
                Reply::GoOn => return Ok(()),
                Reply::Command(command) => {
                    let mut answer = Vec::new();
                    let is_answering = &self.common().is_answering;
                    is_answering.store(true, Ordering::Relaxed);
                    let cost = token::command(token, &command, self, &mut answer);
                    is_answering.store(false, Ordering::Relaxed);
                    reply = self.ask(Ask::Answer(cost, answer));
                }
                _ => return Err(STOPPED.into()),
            }
        }
    }
}

/// A rewriter at work.
pub struct Machine {
    parser: Coroutine<Reply, Ask, Result<(), String>>,
    common: Arc<Common>,
    wait: Wait,
    /// What it stopped for, while there is output to hand over first.
    held: Option<Result<Ask, Result<(), String>>>,
    bytes: usize,
    /// Bytes of the document, and tags in it, so far.
    fed: usize,
    tags: usize,
    /// Bytes of input that are being worked on.
    feeding: usize,
}

// SAFETY: what lies on the parser's stack may change threads: lol_html's handlers are those of its
// `send` module, buffers and settings are plain data, and nothing keeps a reference to a variable
// of a thread while it is suspended.
unsafe impl Send for Machine {}

impl Machine {
    /// One that waits for its document; `None` when there is no memory for its stack.
    pub fn new(settings: Settings) -> Option<Self> {
        let stack = DefaultStack::new(STACK_BYTES).ok()?;
        let common = Arc::<Common>::default();
        let shared = common.clone();
        let bytes = settings.bytes();
        let parser = Coroutine::with_stack(stack, move |yielder, first| {
            parse(yielder, &shared, settings, first)
        });
        Some(Self {
            parser,
            common,
            wait: Wait::Input,
            held: None,
            bytes,
            fed: 0,
            tags: 0,
            feeding: 0,
        })
    }

    /// Bytes that it takes, rounded up.
    pub fn bytes(&self) -> usize {
        let common = &self.common;
        let output = common.with_output(|output| output.bytes.capacity());
        let [inserted, counted, set] = [&common.inserted, &common.counted, &common.set]
            .map(|bytes| bytes.load(Ordering::Relaxed));
        // What it was not fed it cannot remember: a tag that has not ended, elements that are open.
        let parser = self.fed.saturating_mul(2) + self.tags.saturating_mul(ELEMENT_BYTES);
        let token = inserted + counted + set;
        BASE_BYTES + self.bytes + self.feeding + output + token + PARSER_BYTES.min(parser)
    }

    /// Lets the parser go on until it stops for something. Appends how it went and output.
    ///
    /// # Errors
    /// When it does not wait for that.
    pub fn step(&mut self, reply: Reply, out: &mut Vec<u8>) -> Result<u64, OpErrorCode> {
        let fits = match (self.wait, &reply) {
            (Wait::Nothing, _) => false,
            (_, Reply::Stop) | (Wait::Input, Reply::Input { .. }) => true,
            (Wait::GoOn | Wait::Token, Reply::GoOn) => true,
            (Wait::Content, Reply::Content(_) | Reply::ContentEnd) => true,
            _ => false,
        };
        if !fits {
            return Err(OpErrorCode::BadArgument);
        }
        if let Reply::Input { bytes, .. } = &reply {
            self.feeding = bytes.len();
            self.fed = self.fed.saturating_add(bytes.len());
            self.tags += bytes.iter().filter(|byte| **byte == b'<').count();
        }
        let stops = matches!(reply, Reply::Stop);
        let held = match self.held.take() {
            Some(held) if !stops => held,
            _ => self.resume(reply),
        };
        self.tell(held, out);
        if matches!(self.wait, Wait::Input | Wait::Nothing) {
            self.feeding = 0;
        }
        let work = self.common.work.swap(0, Ordering::Relaxed);
        Ok(work as u64 + 400)
    }

    fn resume(&mut self, reply: Reply) -> Result<Ask, Result<(), String>> {
        if self.parser.done() {
            return Err(Ok(()));
        }
        match self.parser.resume(reply) {
            CoroutineResult::Yield(ask) => Ok(ask),
            CoroutineResult::Return(end) => Err(end),
        }
    }

    /// Appends output, up to so much, and what the parser stopped for once there is no more of it.
    /// What was made before a handler runs waits until there is more, or somebody asks.
    fn tell(&mut self, held: Result<Ask, Result<(), String>>, out: &mut Vec<u8>) {
        let waits = matches!(held, Ok(Ask::Handler(..)));
        let has_failed = matches!(held, Err(Err(_)));
        let (mut part, is_more) = self.common.with_output(|output| {
            let is_more = output.len() > REWRITER_OUTPUT_MAX;
            // A failure takes the place of output, which comes first.
            let is_first = has_failed && output.len() > 0;
            match (is_more, waits) {
                (true, _) => (output.take(), true),
                (false, true) => (Vec::new(), false),
                (false, false) => (output.take(), is_first),
            }
        });
        let (wait, status, kind, number) = match held {
            held if is_more => {
                self.held = Some(held);
                (Wait::GoOn, Status::More, 0, 0)
            }
            Ok(Ask::Input) => (Wait::Input, Status::Input, 0, 0),
            Ok(Ask::Handler(kind, at)) => (Wait::Token, Status::Handler, kind as u8, at),
            Ok(Ask::Content(at)) => (Wait::Content, Status::Content, 0, at),
            // An answer is told by `command` alone.
            Ok(Ask::More | Ask::Answer(..)) => (Wait::GoOn, Status::More, 0, 0),
            Err(Ok(())) => (Wait::Nothing, Status::End, 0, 0),
            Err(Err(wrong)) => {
                part = wrong.into_bytes();
                (Wait::Nothing, Status::Failed, 0, 0)
            }
        };
        self.wait = wait;
        write(status, kind, number, &part, out);
    }

    /// Appends the output there is, up to so much, while a handler runs.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        let part = self.common.with_output(Output::take);
        write(Status::More, 0, 0, &part, out);
    }

    /// Asks the token that a handler is called with. Appends the answer.
    ///
    /// # Errors
    /// When no handler is, and for what the token does not answer.
    pub fn command(&mut self, command: &[u8], out: &mut Vec<u8>) -> Result<u64, OpErrorCode> {
        if self.wait != Wait::Token || self.held.is_some() {
            return Err(OpErrorCode::BadArgument);
        }
        match self.resume(Reply::Command(command.to_vec())) {
            Ok(Ask::Answer(cost, answer)) => {
                out.extend_from_slice(&answer);
                cost
            }
            _ => Err(OpErrorCode::BadArgument),
        }
    }
}

fn write(status: Status, kind: u8, number: u32, part: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&[status as u8, kind]);
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(part);
}

impl Drop for Machine {
    fn drop(&mut self) {
        // A parser that waits is told to give up, and does so at once.
        while self.parser.started() && !self.parser.done() {
            let _ = self.parser.resume(Reply::Stop);
        }
    }
}

/// Where the parser's output goes.
type Sink = Box<dyn FnMut(&[u8]) + Send>;

/// What runs on the parser's stack: takes input until the last of it.
fn parse(
    yielder: &Yielder<Reply, Ask>,
    common: &Arc<Common>,
    settings: Settings,
    first: Reply,
) -> Result<(), String> {
    let port = Port {
        yielder,
        common: Arc::as_ptr(common),
    };
    let sink: Sink = Box::new(move |chunk: &[u8]| {
        if port.has_stopped() {
            return;
        }
        let common = port.common();
        common.is_written();
        let is_full = common.with_output(|output| {
            output.put(chunk);
            output.len() >= REWRITER_OUTPUT_MAX
        });
        if is_full && !common.is_answering.load(Ordering::Relaxed) {
            port.ask(Ask::More);
        }
    });
    let handlers = settings.handlers();
    let mut rewriter = HtmlRewriter::new(settings.for_parser(port), sink);
    let mut reply = first;
    while let Reply::Input { bytes, last } = reply {
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (slice, work) = cut(rest, handlers);
            let more = &rest[slice.len()..];
            common.work.fetch_add(work, Ordering::Relaxed);
            rewriter.write(slice).map_err(|error| error.to_string())?;
            rest = more;
            if !rest.is_empty() && matches!(port.ask(Ask::More), Reply::Stop) {
                return Ok(());
            }
        }
        if last {
            return rewriter.end().map_err(|error| error.to_string());
        }
        drop(bytes);
        reply = port.ask(Ask::Input);
    }
    Ok(())
}

/// The part of the input that is parsed next, and the work that it takes. It ends only before a
/// `<`, so that text is handed to handlers in the same pieces as if it had not been cut.
fn cut(input: &[u8], handlers: usize) -> (&[u8], usize) {
    let mut work = 0_usize;
    for (at, byte) in input.iter().enumerate() {
        if *byte == b'<' {
            if work >= SLICE_WORK {
                return (&input[..at], work);
            }
            work = work.saturating_add(handlers.saturating_mul(TAG_WORK));
        }
        work = work.saturating_add(BYTE_WORK);
    }
    (input, work)
}
