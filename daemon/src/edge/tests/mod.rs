//! The edge over real sockets: a server with a Worker made for tests, and raw bytes.
#![allow(clippy::unwrap_used)]

mod cases;
mod deadlines;
mod fuzz;
mod load;
mod replies;
mod rests;

use super::routing::{Router, Zones};
use super::*;
use crate::engine::invocation::{Ray, Reply, ReplyBody, Request, RequestBody, Trigger};
use crate::engine::limits::Failure;
use crate::observe::Unanswered;
use async_executor::Executor;
use async_io::Async;
use bytes::Bytes;
use futures_lite::{Stream, StreamExt, future, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::fmt::Write as _;
use std::io::{self, Read, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

/// Longer than anything takes; a test that waits this long has failed.
const FOREVER: Duration = Duration::from_secs(30);

/// What tests can see of the Workers.
struct Seen {
    /// Closed when gates open.
    gate: (smol::channel::Sender<()>, smol::channel::Receiver<()>),
    /// Requests that are being served.
    running: AtomicUsize,
    /// Reply streams that are alive.
    streams: AtomicUsize,
    /// Bytes that reply streams were asked for.
    streamed: AtomicUsize,
    /// What the edge answered itself: status, stage, limit, where to.
    noted: parking_lot::Mutex<Vec<(Ray, String)>>,
}

impl Seen {
    fn new() -> Self {
        Self {
            gate: smol::channel::bounded(1),
            running: AtomicUsize::new(0),
            streams: AtomicUsize::new(0),
            streamed: AtomicUsize::new(0),
            noted: parking_lot::Mutex::default(),
        }
    }
}

struct Fakes(Arc<Seen>);

struct Fake {
    script: String,
    seen: Arc<Seen>,
}

impl Routes for Fakes {
    type Worker = Fake;

    fn worker(&self, namespace: &str, script: &str) -> Option<Fake> {
        (namespace == "n" && !script.starts_with("no-")).then(|| Fake {
            script: script.to_owned(),
            seen: self.0.clone(),
        })
    }

    fn unanswered(&self, told: &Unanswered<'_>) {
        let limit = told.refusal.map_or("", |it| it.limit);
        let (status, stage) = (told.status, told.stage.as_str());
        let text = format!("{status} {stage} {limit} {}", told.url);
        self.0.noted.lock().push((told.ray, text));
    }
}

/// Counts up while it lives.
struct Alive(Arc<Seen>, fn(&Seen) -> &AtomicUsize);

impl Alive {
    fn new(seen: &Arc<Seen>, of: fn(&Seen) -> &AtomicUsize) -> Self {
        of(seen).fetch_add(1, Ordering::SeqCst);
        Self(seen.clone(), of)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        (self.1)(&self.0).fetch_sub(1, Ordering::SeqCst);
    }
}

impl Serve for Fake {
    async fn trigger(&self, _: Ray, trigger: Trigger) -> Result<(), Failure> {
        match self.script.as_str() {
            "scheduled" => Ok(()),
            _ => Err(Failure::Exception {
                name: "Error".to_owned(),
                message: format!("no {}", trigger.handler()),
                stack: String::new(),
                refusal: None,
            }),
        }
    }

    async fn serve(&self, request: Request) -> Result<Reply, Failure> {
        let _running = Alive::new(&self.seen, |seen| &seen.running);
        let path = request.url.splitn(4, '/').nth(3).unwrap_or_default();
        let argument = path.to_owned();
        match self.script.as_str() {
            "echo" => self.echo(request).await,
            "hello" => Ok(whole("hello")),
            "empty" => Ok(whole("")),
            "length" => {
                let length = self.read(request.body).await?.len();
                Ok(whole(&length.to_string()))
            }
            "lenient" => Ok(match self.read(request.body).await {
                Ok(bytes) => whole(&format!("got {}", bytes.len())),
                Err(_) => whole("no matter"),
            }),
            "gate" => {
                let _ = self.seen.gate.1.recv().await;
                Ok(whole("opened"))
            }
            "never" => future::pending().await,
            "panic" => panic!("a Worker of a test panics"),
            "stream" => Ok(self.stream(stream::iter(["one ", "two ", "three"]).map(ok))),
            "firehose" => {
                let seen = self.seen.clone();
                Ok(self.stream(stream::repeat_with(move || {
                    seen.streamed.fetch_add(16 * 1024, Ordering::SeqCst);
                    Ok(Bytes::from(vec![b'x'; 16 * 1024]))
                })))
            }
            "cut" => Ok(self.stream(stream::iter([
                Ok(Bytes::from("part")),
                Err(Failure::WallTime { limit_ms: 1 }),
            ]))),
            "claims" => {
                let mut reply = self.stream(stream::iter(["vw", "xyz"]).map(ok));
                let value = HeaderValue::from_str(&argument).unwrap();
                reply.headers.insert("content-length", value);
                Ok(reply)
            }
            "claims-whole" => {
                let mut reply = whole("vwxyz");
                reply.headers.insert("content-length", "7".parse().unwrap());
                Ok(reply)
            }
            "status" => {
                let mut reply = whole("body");
                reply.status = StatusCode::from_u16(argument.parse().unwrap()).unwrap();
                Ok(reply)
            }
            "redirect" => {
                let mut reply = whole("");
                let value = HeaderValue::from_str(&format!("/{argument}")).unwrap();
                reply.headers.insert("location", value);
                reply.status = StatusCode::FOUND;
                Ok(reply)
            }
            "hops" => {
                let mut reply = whole("hops");
                for (name, value) in [
                    ("connection", "x-named, close"),
                    ("x-named", "1"),
                    ("keep-alive", "timeout=5"),
                    ("transfer-encoding", "gzip"),
                    ("upgrade", "h2c"),
                    ("trailer", "x"),
                    ("cf-ray", "forged"),
                    ("x-kept", "1"),
                    ("set-cookie", "a=1"),
                    ("set-cookie", "b=2"),
                ] {
                    let name = HeaderName::from_static(name);
                    reply.headers.append(name, value.parse().unwrap());
                }
                Ok(reply)
            }
            "duplex" => {
                let RequestBody::Stream { source, .. } = request.body else {
                    return Ok(whole("nothing"));
                };
                Ok(self.stream(
                    source.map(|part| part.map_err(|error| Failure::Internal(error.to_string()))),
                ))
            }
            "fail" => Err(failure(&argument)),
            "forges" => {
                let mut reply = whole("");
                let limit = "cpu-ms; value=1; used=2".parse().unwrap();
                reply.headers.insert("postern-limit", limit);
                Ok(reply)
            }
            other => panic!("no such behaviour: {other}"),
        }
    }
}

fn ok(text: &'static str) -> Result<Bytes, Failure> {
    Ok(Bytes::from(text))
}

fn whole(text: &str) -> Reply {
    Reply {
        status: StatusCode::OK,
        reason: None,
        headers: HeaderMap::new(),
        body: ReplyBody::Whole(Bytes::copy_from_slice(text.as_bytes())),
    }
}

fn failure(kind: &str) -> Failure {
    match kind {
        "exception" => Failure::Exception {
            name: "Error".into(),
            message: "a secret".into(),
            stack: String::new(),
            refusal: None,
        },
        "cpu" => Failure::Cpu {
            key: "cpu-ms",
            limit_ms: 50,
            used_ms: 51,
            fuel: 1,
        },
        "memory" => Failure::Memory { limit: 1, used: 1 },
        "wall" => Failure::WallTime { limit_ms: 30 },
        "body" => Failure::RequestBody { limit: 3, used: 4 },
        "busy" => Failure::Overloaded {
            reason: "64 invocations run already".into(),
            retry_after_s: 7,
            bound: None,
        },
        _ => Failure::Internal("a secret".into()),
    }
}

impl Fake {
    /// Says the request as it came.
    async fn echo(&self, request: Request) -> Result<Reply, Failure> {
        let mut text = format!("{} {}\n", request.method, request.url);
        let len = match &request.body {
            RequestBody::Empty => "none".to_owned(),
            RequestBody::Whole(bytes) => format!("{:?}", Some(bytes.len())),
            RequestBody::Stream { len, .. } => format!("{len:?}"),
        };
        for (name, value) in &request.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            writeln!(text, "{name}={value}").unwrap();
        }
        let body = self.read(request.body).await?;
        write!(text, "len={len}\nbody={}", String::from_utf8_lossy(&body)).unwrap();
        Ok(whole(&text))
    }

    async fn read(&self, body: RequestBody) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        if let RequestBody::Stream { mut source, .. } = body {
            while let Some(part) = source.next().await {
                let part = part.map_err(|error: io::Error| Failure::Exception {
                    name: "TypeError".into(),
                    message: error.to_string(),
                    stack: String::new(),
                    refusal: None,
                })?;
                bytes.extend_from_slice(&part);
            }
        }
        Ok(bytes)
    }

    fn stream(&self, chunks: impl Stream<Item = Result<Bytes, Failure>> + Send + 'static) -> Reply {
        let alive = Alive::new(&self.seen, |seen| &seen.streams);
        let chunks: Pin<Box<dyn Stream<Item = _> + Send>> = Box::pin(chunks.map(move |chunk| {
            let _ = &alive;
            chunk
        }));
        Reply {
            status: StatusCode::OK,
            reason: None,
            headers: HeaderMap::new(),
            body: ReplyBody::Stream(chunks),
        }
    }
}

/// A running edge.
struct Server {
    address: SocketAddr,
    edge: Arc<Edge<Fakes>>,
    seen: Arc<Seen>,
    stop: Option<smol::channel::Sender<()>>,
    drained: parking_lot::Mutex<mpsc::Receiver<Drained>>,
    threads: Vec<JoinHandle<()>>,
    end: Option<smol::channel::Sender<()>>,
}

/// A router that takes `tenant.w.example` apart.
fn zone_router() -> Router {
    let mut zones = Box::new(Zones::new());
    zones.insert("w.example", "n").unwrap();
    let mut router = Router::new();
    router.push(routing::Mode::Zones(zones)).unwrap();
    router
}

impl Server {
    fn start(options: EdgeOptions) -> Self {
        Self::with_router(options, zone_router())
    }

    fn with_router(options: EdgeOptions, router: Router) -> Self {
        let seen = Arc::new(Seen::new());
        let edge = Edge::new(Fakes(seen.clone()), router, options);
        let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
        let address = listener.get_ref().local_addr().unwrap();
        let executor = Arc::new(Executor::new());
        let (stop, stopped) = smol::channel::bounded::<()>(1);
        let (end, ended) = smol::channel::bounded::<()>(1);
        let (report, drained) = mpsc::channel();
        let mut threads = Vec::new();
        for _ in 0..2 {
            let (executor, ended) = (executor.clone(), ended.clone());
            threads.push(std::thread::spawn(move || {
                let _ = future::block_on(executor.run(ended.recv()));
            }));
        }
        let serving = edge.clone();
        threads.push(std::thread::spawn(move || {
            let shutdown = async move {
                let _ = stopped.recv().await;
            };
            let result = future::block_on(serve(
                serving,
                Listening {
                    listener,
                    is_secure: false,
                },
                executor,
                shutdown,
            ));
            let _ = report.send(result);
        }));
        Self {
            address,
            edge,
            seen,
            stop: Some(stop),
            drained: drained.into(),
            threads,
            end: Some(end),
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(FOREVER)).unwrap();
        stream.set_write_timeout(Some(FOREVER)).unwrap();
        stream
    }

    /// Sends bytes and then nothing more; what comes back until the end. The sending side is
    /// closed only if `half_close`.
    fn exchange(&self, raw: &[u8], half_close: bool) -> String {
        let mut stream = self.connect();
        stream.write_all(raw).unwrap();
        if half_close {
            // Fails if the answer was a reset already.
            let _ = stream.shutdown(Shutdown::Write);
        }
        read_all(&mut stream)
    }

    /// Asks the server to stop.
    fn stop(&mut self) {
        self.stop = None;
    }

    fn drained(&self) -> Drained {
        self.drained.lock().recv_timeout(FOREVER).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop = None;
        let _ = self.drained.lock().recv_timeout(FOREVER);
        self.end = None;
        for thread in self.threads.drain(..) {
            let result = thread.join();
            if !std::thread::panicking() {
                result.unwrap();
            }
        }
    }
}

/// Everything until the end, as text. A reset is an end too, and said.
fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut text = match stream.read_to_end(&mut bytes) {
        Ok(_) => String::new(),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => "[reset]".to_owned(),
        Err(error) => panic!("after {:?}: {error}", String::from_utf8_lossy(&bytes)),
    };
    text.insert_str(0, &String::from_utf8_lossy(&bytes));
    text
}

/// Reads until `needle` has come.
fn read_until(stream: &mut TcpStream, needle: &str) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if text.contains(needle) {
            return text.into_owned();
        }
        match stream.read(&mut buffer) {
            Ok(0) => panic!("ended after {text:?} without {needle:?}"),
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
            Err(error) => panic!("after {text:?}: {error}"),
        }
    }
}

/// Waits for what another thread brings about.
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !condition() {
        assert!(start.elapsed() < FOREVER, "never: {what}");
        std::thread::yield_now();
    }
}

/// The request that most tests send.
fn get(script: &str, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {script}.w.example\r\n\r\n")
}
