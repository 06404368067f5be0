//! Events of several requests, interleaved at random, against a model of the host's rules.
#![allow(clippy::unwrap_used)]

use futures_lite::{future, stream};
use postern::testing::{Call, Guest};
use postern::{Context, Delay, Env, Error, Request, Response, Result};
use postern_abi::OpError;
use postern_abi::event::{AbortReason, EventKind};
use postern_abi::http::{BodyHint, Exception, ResponseHead};
use postern_abi::limits::{BODY_CREDIT, CHUNK_MAX};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What answers wait for.
fn pause() -> Delay {
    Delay::from(Duration::from_millis(1))
}

/// What `wait_until` work waits for; told apart by its argument.
async fn work() {
    let _ = Delay::from(Duration::from_millis(2)).await;
}

/// What a request asks for is in its path; an operation's failure fails the request.
async fn fetch(mut req: Request, _env: Env, ctx: Context) -> Result<Response> {
    match req.path() {
        "/hello" => Response::ok("hello"),
        "/echo" => Response::from_byte_stream(req.stream()?),
        "/upper" => Response::ok(req.text().await?.to_uppercase()),
        "/ignore" => Response::ok("ignored"),
        "/in-turn" => {
            for _ in 0..3 {
                pause().await?;
            }
            Response::ok("in turn")
        }
        "/together" => {
            let (a, (b, c)) = future::zip(pause(), future::zip(pause(), pause())).await;
            a.and(b).and(c)?;
            Response::ok("together")
        }
        "/either" => {
            future::or(pause(), pause()).await?;
            Response::ok("either")
        }
        "/later" => {
            ctx.wait_until(work());
            ctx.wait_until(async move {
                let _ = req.bytes().await;
            });
            Response::ok("later")
        }
        "/slow" => {
            ctx.wait_until(work());
            pause().await?;
            Response::ok("slow")
        }
        path @ ("/pieces" | "/more-pieces") => {
            if path == "/more-pieces" {
                ctx.wait_until(work());
            }
            pieces()
        }
        "/last-will" => {
            // What is dropped may still leave work behind.
            let _will = Will(ctx);
            pause().await?;
            Response::ok("last will")
        }
        "/fails" => {
            ctx.wait_until(work());
            pause().await?;
            Err(Error::named("TypeError", "as asked"))
        }
        other => Err(other.into()),
    }
}

fn pieces() -> Result<Response> {
    Response::from_stream(Box::pin(stream::unfold(0u8, |n| async move {
        if n % 2 == 1 && pause().await.is_err() {
            return Some((Err(Error::new("no pause")), 4));
        }
        (n < 4).then(|| (Ok(vec![n; 40_000]), n + 1))
    })))
}

struct Will(Context);

impl Drop for Will {
    fn drop(&mut self) {
        self.0.wait_until(work());
    }
}

const PATHS: [&str; 13] = [
    "/hello",
    "/echo",
    "/upper",
    "/ignore",
    "/in-turn",
    "/together",
    "/either",
    "/later",
    "/slow",
    "/pieces",
    "/more-pieces",
    "/last-will",
    "/fails",
];

/// What the host does next; the numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    Begin {
        path: usize,
        body: usize,
    },
    Body {
        which: usize,
        len: usize,
    },
    BreakBody {
        which: usize,
    },
    Credit {
        which: usize,
        credit: u32,
    },
    OpDone {
        which: usize,
    },
    OpFail {
        which: usize,
    },
    Abort {
        which: usize,
        reason: AbortReason,
    },
    /// An event for something that is over.
    Late {
        kind: u32,
        id: u32,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..8usize;
    prop_oneof![
        3 => (0..PATHS.len(), prop_oneof![Just(0), 1..200usize, 60_000..200_000usize])
            .prop_map(|(path, body)| Step::Begin { path, body }),
        6 => (which.clone(), 1..CHUNK_MAX).prop_map(|(which, len)| Step::Body { which, len }),
        1 => which.clone().prop_map(|which| Step::BreakBody { which }),
        4 => (which.clone(), 1..=BODY_CREDIT).prop_map(|(which, credit)| Step::Credit { which, credit }),
        6 => which.clone().prop_map(|which| Step::OpDone { which }),
        1 => which.clone().prop_map(|which| Step::OpFail { which }),
        1 => (which, prop_oneof![2 => Just(AbortReason::Left), 1 => Just(AbortReason::Over)])
            .prop_map(|(which, reason)| Step::Abort { which, reason }),
        1 => (2..=11u32, 1_000_000..1_000_100u32).prop_map(|(kind, id)| Step::Late { kind, id }),
    ]
}

#[derive(Debug, Default)]
struct Model {
    path: &'static str,
    /// What is left of the request's body, and whether its end was told.
    body: Vec<u8>,
    body_over: bool,
    body_broken: bool,
    pulled: usize,
    whole_body: Vec<u8>,
    status: Option<u16>,
    streaming: bool,
    credit: i64,
    sent: Vec<u8>,
    op_failed: bool,
    /// The client left before the answer's end.
    left: bool,
    /// The exception that was told before the end.
    failed: Option<Vec<u8>>,
}

/// An operation that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Running {
    /// The request whose event started it.
    request: u32,
    /// `wait_until` work waits for it, and not an answer.
    work: bool,
}

struct Driver {
    guest: Guest,
    requests: BTreeMap<u32, Model>,
    ops: BTreeMap<u32, Running>,
    over: BTreeSet<u32>,
    next: u32,
}

impl Driver {
    fn new() -> Self {
        Self {
            guest: Guest::new(fetch),
            requests: BTreeMap::new(),
            ops: BTreeMap::new(),
            over: BTreeSet::new(),
            next: 1,
        }
    }

    fn nth(&self, which: usize) -> Option<u32> {
        self.requests
            .keys()
            .nth(which % self.requests.len().max(1))
            .copied()
    }

    fn begin(&mut self, path: &'static str, body: usize) {
        let id = self.next;
        self.next += 1;
        let whole: Vec<u8> = (0..body)
            .map(|i| b'a' + (i * 7 + id as usize) as u8 % 26)
            .collect();
        self.requests.insert(
            id,
            Model {
                path,
                body: whole.clone(),
                body_over: body == 0,
                whole_body: whole,
                ..Model::default()
            },
        );
        let hint = match body {
            0 => BodyHint::None,
            len if len % 2 == 0 => BodyHint::Known(len as u64),
            _ => BodyHint::Chunked,
        };
        let url = format!("http://w.test{path}?{id}");
        let calls = self
            .guest
            .request(id, "POST", &url, &[("x-id", b"1")], hint);
        self.check(id, calls);
    }

    fn event(&mut self, request: u32, kind: EventKind, id: u32, payload: &[u8]) {
        let calls = self.guest.event(kind, id, payload);
        self.check(request, calls);
    }

    fn body(&mut self, id: u32, len: usize) {
        let model = self.requests.get_mut(&id).unwrap();
        if model.body_over || model.pulled == 0 {
            return;
        }
        if model.body.is_empty() {
            model.body_over = true;
            return self.event(id, EventKind::BodyEnd, id, &[]);
        }
        let len = len.min(model.pulled).min(model.body.len());
        model.pulled -= len;
        let chunk: Vec<u8> = model.body.drain(..len).collect();
        self.event(id, EventKind::BodyChunk, id, &chunk);
    }

    fn credit(&mut self, id: u32, credit: u32) {
        let model = self.requests.get_mut(&id).unwrap();
        if !model.streaming {
            return;
        }
        model.credit = credit.into();
        let calls = self.guest.credit(id, credit);
        self.check(id, calls);
    }

    fn op(&mut self, op: u32, failure: bool) {
        let Running { request, work } = self.ops.remove(&op).unwrap();
        if failure {
            if let Some(model) = self.requests.get_mut(&request) {
                model.op_failed |= !work;
            }
            let error = OpError {
                code: 6,
                message: "not now",
            };
            let payload = postcard::to_allocvec(&error).unwrap();
            self.event(request, EventKind::OpFailed, op, &payload);
        } else {
            self.event(request, EventKind::OpDone, op, &[]);
        }
    }

    /// Whether work goes on for a request, beside what makes its answer.
    fn works(&self, id: u32) -> bool {
        let reads = |model: &Model| model.path == "/later" && !model.body_over;
        self.requests.get(&id).is_some_and(reads)
            || self.ops.values().any(|op| op.request == id && op.work)
    }

    fn abort(&mut self, id: u32, reason: AbortReason) {
        if reason == AbortReason::Over {
            self.requests.remove(&id);
            self.over.insert(id);
        } else if let Some(model) = self.requests.get_mut(&id) {
            (model.left, model.streaming) = (true, false);
        }
        let calls = self.guest.event(EventKind::Abort, id, &[reason as u8]);
        if reason == AbortReason::Left {
            self.check(id, calls);
            let works = self.works(id);
            assert_eq!(self.requests.contains_key(&id), works, "works on: {works}");
            let answers = |op: &Running| op.request == id && !op.work;
            assert!(!self.ops.values().any(answers), "an answer for nobody");
            return;
        }
        let mut done = 0;
        for call in calls {
            match call {
                Call::OpCancel { op } => {
                    assert_eq!(self.ops.remove(&op).map(|op| op.request), Some(id));
                }
                Call::Done {
                    request, status: 0, ..
                } if request == id => done += 1,
                other => panic!("after an abort: {other:?}"),
            }
        }
        assert_eq!(done, 1, "an abort ends a request once");
        assert!(
            !self.ops.values().any(|op| op.request == id),
            "operations outlive their request"
        );
    }

    /// Holds the guest's calls, made while an event of `current` was handled, to the rules.
    fn check(&mut self, current: u32, calls: Vec<Call>) {
        for call in calls {
            match call {
                Call::OpStart { op, kind, argument } => {
                    assert!(
                        self.requests.contains_key(&current),
                        "work goes on behind done"
                    );
                    assert_eq!(kind, 1);
                    let running = Running {
                        request: current,
                        work: argument == [2],
                    };
                    assert_eq!(self.ops.insert(op, running), None, "an id that is in use");
                }
                Call::OpCancel { op } => {
                    let running = Running {
                        request: current,
                        work: false,
                    };
                    assert_eq!(self.ops.remove(&op), Some(running));
                }
                Call::Respond {
                    request,
                    head,
                    body,
                    more,
                } => {
                    let head: ResponseHead<'_> = postcard::from_bytes(&head).unwrap();
                    let model = self.requests.get_mut(&request).unwrap();
                    assert!(!model.left, "an answer for nobody");
                    assert_eq!(model.status.replace(head.status), None, "two answers");
                    model.sent = body;
                    model.streaming = more;
                    model.credit = i64::from(BODY_CREDIT) - model.sent.len() as i64;
                }
                Call::BodyChunk {
                    request,
                    bytes,
                    end,
                } => {
                    let model = self.requests.get_mut(&request).unwrap();
                    assert!(model.streaming, "a chunk where none may be");
                    model.credit -= bytes.len() as i64;
                    assert!(model.credit >= 0, "more than the credit");
                    assert!(bytes.len() <= CHUNK_MAX);
                    model.sent.extend(bytes);
                    model.streaming = !end;
                }
                Call::BodyPull { request, credit } => {
                    let model = self.requests.get_mut(&request).unwrap();
                    model.pulled += credit as usize;
                    assert!(model.pulled <= CHUNK_MAX, "an unbounded pull");
                }
                Call::Fail { request, exception } => {
                    let model = self.requests.get_mut(&request).unwrap();
                    assert!(!model.left, "an answer for nobody");
                    assert_eq!(model.failed.replace(exception), None, "two failures");
                    model.streaming = false;
                }
                Call::Done {
                    request,
                    status,
                    exception,
                } => {
                    assert!(!self.works(request), "work is cut off");
                    let model = self.requests.remove(&request).expect("done once");
                    self.over.insert(request);
                    match &model.failed {
                        _ if model.left => assert_eq!(status, 0),
                        Some(exception) => {
                            assert_eq!(status, 0);
                            judge(&model, 1, exception);
                        }
                        None => judge(&model, status, &exception),
                    }
                    assert!(
                        !self.ops.values().any(|op| op.request == request),
                        "operations outlive their request"
                    );
                }
                other => panic!("{other:?}"),
            }
        }
        let failed = self
            .requests
            .get(&current)
            .is_some_and(|it| it.failed.is_some());
        assert!(
            !failed || self.works(current),
            "nothing is left, so it is done"
        );
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Begin { path, body } if self.requests.len() < 8 => self.begin(PATHS[path], body),
            Step::Begin { .. } => {}
            Step::Late { kind, id } => {
                let kind = EventKind::from_u32(kind).unwrap();
                assert_eq!(self.guest.event(kind, id, b"late"), []);
            }
            Step::OpDone { which } | Step::OpFail { which } => {
                let op = self.ops.keys().nth(which % self.ops.len().max(1)).copied();
                if let Some(op) = op {
                    self.op(op, matches!(step, Step::OpFail { .. }));
                }
            }
            Step::Body { which, .. }
            | Step::BreakBody { which }
            | Step::Credit { which, .. }
            | Step::Abort { which, .. } => {
                let Some(id) = self.nth(which) else { return };
                match *step {
                    Step::Body { len, .. } => self.body(id, len),
                    Step::Credit { credit, .. } => self.credit(id, credit),
                    Step::Abort { reason, .. } => self.abort(id, reason),
                    _ => {
                        let model = self.requests.get_mut(&id).unwrap();
                        if model.pulled > 0 && !model.body_over {
                            (model.body_over, model.body_broken) = (true, true);
                            let error = OpError {
                                code: 6,
                                message: "broke off",
                            };
                            let payload = postcard::to_allocvec(&error).unwrap();
                            self.event(id, EventKind::BodyError, id, &payload);
                        }
                    }
                }
            }
        }
    }

    /// Gives everything that is waited for; then nothing may be left.
    fn finish(mut self) {
        for _ in 0..10_000 {
            if let Some(op) = self.ops.keys().next().copied() {
                self.op(op, false);
            } else if let Some(id) = self.requests.keys().next().copied() {
                // The first request may wait for either of these.
                let other: Vec<u32> = self.requests.keys().copied().collect();
                for id in other {
                    if self.requests.contains_key(&id) {
                        self.body(id, CHUNK_MAX);
                    }
                    if self.requests.contains_key(&id) {
                        self.credit(id, BODY_CREDIT);
                    }
                }
                let _ = id;
            } else {
                break;
            }
        }
        assert!(self.requests.is_empty(), "never done: {:?}", self.requests);
        assert_eq!(self.guest.left(), (0, 0, 0));
    }
}

/// Whether a request ended as its path and its fate say.
fn judge(model: &Model, status: u32, exception: &[u8]) {
    let went_well = match model.path {
        "/fails" => false,
        "/echo" | "/upper" => !model.body_broken,
        "/in-turn" | "/together" | "/slow" | "/pieces" | "/more-pieces" | "/last-will" => {
            !model.op_failed
        }
        "/either" => status == 0 || !model.op_failed,
        _ => true,
    };
    assert_eq!(status == 0, went_well, "{model:?}");
    if !went_well {
        let exception: Exception<'_> = postcard::from_bytes(exception).unwrap();
        let expect = match model.path {
            "/fails" if !model.op_failed => ("TypeError", "as asked"),
            "/pieces" | "/more-pieces" => ("Error", "no pause"),
            "/echo" | "/upper" => ("Error", "broke off"),
            _ => ("Error", "not now"),
        };
        assert_eq!((exception.name, exception.message), expect);
        return;
    }
    let expect = match model.path {
        "/echo" => model.whole_body.clone(),
        "/upper" => model.whole_body.to_ascii_uppercase(),
        "/pieces" | "/more-pieces" => (0..4).flat_map(|n| [n; 40_000]).collect(),
        "/ignore" => b"ignored".to_vec(),
        path => path[1..].replace('-', " ").into_bytes(),
    };
    assert_eq!(model.status, Some(200));
    assert!(!model.streaming, "done before the end of the body");
    assert_eq!(model.sent, expect);
}

proptest! {
    // Each takes most of a second in Miri.
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 16 } else { 512 }, ..ProptestConfig::default() })]

    #[test]
    fn requests_do_not_disturb_each_other(steps in prop::collection::vec(step(), 1..80)) {
        let mut driver = Driver::new();
        for step in &steps {
            driver.step(step);
        }
        driver.finish();
    }
}
