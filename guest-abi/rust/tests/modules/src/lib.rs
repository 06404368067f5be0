//! Runs compiled Workers against a small host: what the real one does, without its limits.

use postern_abi::event::EventKind;
use postern_abi::fetch::{Fetch, Fetched, FetchedBody};
use postern_abi::http::{BodyHint, Exception, Fields, RequestLine, ResponseHead};
use postern_abi::kv::{
    KvBody, KvDelete, KvGet, KvGetMulti, KvGot, KvKey, KvList, KvListed, KvMulti, KvPut,
};
use postern_abi::limits::{BODY_CREDIT, CHUNK_MAX};
use postern_abi::op::{EnvValue, OpKind};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use wasmi::{Caller, Config, Engine, Extern, Instance, Linker, Memory, Module, Store, TypedFunc};

/// Where the built Workers are: the folder that `POSTERN_GUESTS` names, or where
/// `cargo xtask guests` puts them.
pub fn guest(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("POSTERN_GUESTS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../target/guests"),
        PathBuf::from,
    );
    let path = folder.join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; build the Workers with `cargo xtask guests`",
            path.display()
        )
    })
}

/// What a module imports: module and name.
pub fn imports(module: &[u8]) -> Vec<(String, String)> {
    let module = Module::new(&Engine::default(), module).expect("a valid module");
    let pair = |import: wasmi::ImportType<'_>| (import.module().into(), import.name().into());
    module.imports().map(pair).collect()
}

/// What came of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status, once there is one.
    pub status: Option<u16>,
    /// The header fields.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, as far as it was sent.
    pub body: Vec<u8>,
    /// Whether all of the body was sent.
    pub complete: bool,
    /// The exception that was told before the invocation's end: its name and message.
    pub failed: Option<(String, String)>,
    /// How the invocation ended, once it did.
    pub done: Option<Result<(), (String, String)>>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    /// The value of a header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .and_then(|(_, value)| std::str::from_utf8(value).ok())
    }
}

#[derive(Default)]
struct Upload {
    binding: Vec<u8>,
    key: String,
    metadata: Option<String>,
    value: Vec<u8>,
}

/// What a body still has to bring, under the guest's credit.
#[derive(Default)]
struct Outlet {
    bytes: VecDeque<u8>,
    credit: usize,
    ended: bool,
}

/// A subrequest, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whom it is for, as it is debugged.
    pub target: String,
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// The header fields.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The host's side of one isolate.
#[derive(Default)]
pub struct Host {
    memory: Option<Memory>,
    /// The values in KV, for every binding together.
    pub kv: BTreeMap<String, (Vec<u8>, Option<String>)>,
    /// What is bound in `env`, encoded.
    env: BTreeMap<String, Vec<u8>>,
    /// The subrequests, each of which is answered alike.
    pub fetched: Vec<Asked>,
    /// The lines that were logged.
    pub log: Vec<(u32, String)>,
    /// What came of each request.
    pub answers: BTreeMap<u32, Answer>,
    bodies: BTreeMap<u32, Outlet>,
    streams: BTreeMap<u32, Outlet>,
    uploads: BTreeMap<u32, Upload>,
    events: VecDeque<(EventKind, u32, Vec<u8>)>,
    /// Calls that a host would refuse.
    pub offences: Vec<String>,
}

impl Host {
    fn op(&mut self, op: u32, kind: u32, argument: &[u8]) {
        let Some(kind) = OpKind::from_u32(kind) else {
            self.offences.push(format!("op kind {kind}"));
            return;
        };
        let mut payload = Vec::new();
        let mut event = EventKind::OpDone;
        match kind {
            OpKind::Timer => {
                postcard::from_bytes::<u64>(argument).expect("a timer's argument");
            }
            OpKind::Fetch => {
                let (asked, body): (Fetch<'_>, &[u8]) =
                    postcard::take_from_bytes(argument).expect("Fetch");
                let fields = asked.headers.0.iter();
                self.fetched.push(Asked {
                    target: format!("{:?}", asked.target),
                    method: asked.method.into(),
                    url: asked.url.into(),
                    headers: fields
                        .map(|(name, value)| (String::from(*name), value.to_vec()))
                        .collect(),
                    body: body.into(),
                });
                payload = encode(&Fetched {
                    status: 203,
                    status_text: "",
                    headers: Fields(vec![
                        ("x-answered", b"yes"),
                        ("content-type", b"text/plain"),
                    ]),
                    url: "",
                    body: FetchedBody::Whole,
                });
                payload.extend(b"answered");
            }
            // What this SDK does not ask for.
            OpKind::Crypto
            | OpKind::RateLimit
            | OpKind::SocketServe
            | OpKind::SocketConnect
            | OpKind::RpcConnect
            | OpKind::TcpConnect
            | OpKind::WorkerLoad
            | OpKind::CacheMatch
            | OpKind::CachePut
            | OpKind::CacheDelete
            | OpKind::FetchCached => {
                event = EventKind::OpFailed;
                payload = encode(&postern_abi::OpError {
                    code: 1,
                    message: "not here",
                });
            }
            OpKind::KvGet => {
                let get: KvGet<'_> = postcard::from_bytes(argument).expect("KvGet");
                let found = self.kv.get(get.key);
                payload = encode(&KvGot {
                    body: match found {
                        None => KvBody::Absent,
                        Some((value, _)) if get.stream => KvBody::Stream(value.len() as u64),
                        Some(_) => KvBody::Whole,
                    },
                    metadata: found.and_then(|(_, metadata)| metadata.as_deref()),
                    expiration: None,
                });
                if let Some((value, _)) = found {
                    if get.stream {
                        let outlet = self.streams.entry(op).or_default();
                        outlet.bytes.extend(value);
                    } else {
                        payload.extend(value);
                    }
                }
            }
            OpKind::KvPut => {
                let (put, value) = postcard::take_from_bytes::<KvPut<'_>>(argument).expect("KvPut");
                let metadata = put.metadata.map(String::from);
                if put.stream {
                    let upload = Upload {
                        binding: put.binding.into(),
                        key: put.key.into(),
                        metadata,
                        value: Vec::new(),
                    };
                    self.uploads.insert(op, upload);
                    return;
                }
                self.kv.insert(put.key.into(), (value.into(), metadata));
            }
            OpKind::KvDelete => {
                let delete: KvDelete<'_> = postcard::from_bytes(argument).expect("KvDelete");
                self.kv.remove(delete.key);
            }
            OpKind::KvList => {
                let list: KvList<'_> = postcard::from_bytes(argument).expect("KvList");
                let mut keys: Vec<KvKey<'_>> = self
                    .kv
                    .range(list.cursor.to_string()..)
                    .filter(|(name, _)| name.starts_with(list.prefix))
                    .take(list.limit as usize + 1)
                    .map(|(name, (_, metadata))| KvKey {
                        name,
                        expiration: None,
                        metadata: metadata.as_deref(),
                    })
                    .collect();
                let more = (keys.len() > list.limit as usize)
                    .then(|| keys.pop())
                    .flatten();
                payload = encode(&KvListed {
                    keys,
                    cursor: more.map(|key| key.name),
                });
            }
            OpKind::KvGetMulti => {
                let get: KvGetMulti<'_> = postcard::from_bytes(argument).expect("KvGetMulti");
                let value = |key: &&str| {
                    let (value, metadata) = self.kv.get(*key)?;
                    Some((&value[..], metadata.as_deref()))
                };
                payload = encode(&KvMulti {
                    values: get.keys.iter().map(value).collect(),
                });
            }
        }
        self.events.push_back((event, op, payload));
    }

    fn next_event(&mut self) -> Option<(EventKind, u32, Vec<u8>)> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        for (outlets, chunk, end) in [
            (&mut self.bodies, EventKind::BodyChunk, EventKind::BodyEnd),
            (&mut self.streams, EventKind::OpChunk, EventKind::OpEnd),
        ] {
            for (id, outlet) in outlets {
                if outlet.ended {
                    continue;
                }
                let len = outlet.bytes.len().min(outlet.credit).min(CHUNK_MAX);
                if len > 0 {
                    outlet.credit -= len;
                    return Some((chunk, *id, outlet.bytes.drain(..len).collect()));
                }
                if outlet.bytes.is_empty() {
                    outlet.ended = true;
                    return Some((end, *id, Vec::new()));
                }
            }
        }
        None
    }
}

fn encode(value: &impl serde::Serialize) -> Vec<u8> {
    postcard::to_allocvec(value).expect("it can be encoded")
}

/// A Worker in an isolate of its own.
pub struct Isolate {
    store: Store<Host>,
    window: TypedFunc<u32, u32>,
    event: TypedFunc<(u32, u32, u32), i32>,
    /// Where the window is and its length; it is not asked for again while it suffices.
    window_at: Option<(u32, usize)>,
    next_request: u32,
}

impl Isolate {
    /// Starts and boots a module.
    ///
    /// # Panics
    /// If it is not a module of this boundary's version.
    pub fn new(module: &[u8]) -> Self {
        let engine = Engine::new(Config::default().consume_fuel(true));
        let module = Module::new(&engine, module).expect("a valid module");
        let mut store = Store::new(&engine, Host::default());
        store.set_fuel(u64::MAX).expect("fuel is on");
        let linker = linker(&engine);
        let instance: Instance = linker
            .instantiate_and_start(&mut store, &module)
            .expect("only known imports");
        let export = |name: &str| instance.get_export(&store, name);
        assert!(export("postern_abi_v1").is_some(), "a marker");
        let memory = export("memory")
            .and_then(Extern::into_memory)
            .expect("memory");
        store.data_mut().memory = Some(memory);
        let boot = instance.get_typed_func::<(), i32>(&store, "postern_boot");
        if let Ok(boot) = boot {
            assert_eq!(boot.call(&mut store, ()).expect("it boots"), 0);
        }
        Self {
            window: instance
                .get_typed_func(&store, "postern_window")
                .expect("a window"),
            event: instance
                .get_typed_func(&store, "postern_event")
                .expect("an entry"),
            store,
            window_at: None,
            next_request: 1,
        }
    }

    /// The host's side.
    pub fn host(&mut self) -> &mut Host {
        self.store.data_mut()
    }

    /// Binds a name in `env`.
    pub fn bind(&mut self, name: &str, value: &EnvValue<'_>) {
        let value = encode(value);
        self.host().env.insert(name.into(), value);
    }

    /// Bytes of the isolate's memory.
    pub fn memory_bytes(&self) -> usize {
        self.store
            .data()
            .memory
            .expect("it has one")
            .data_size(&self.store)
    }

    /// The fuel that is used so far.
    pub fn fuel(&self) -> u64 {
        u64::MAX - self.store.get_fuel().expect("fuel is on")
    }

    /// Sends one event.
    ///
    /// # Errors
    /// The trap, or the number that the guest returned.
    pub fn event(&mut self, kind: EventKind, id: u32, payload: &[u8]) -> Result<(), String> {
        if !payload.is_empty() {
            let window = match self.window_at {
                Some((window, len)) if payload.len() <= len => window,
                _ => {
                    let len = payload.len().max(4096).next_power_of_two();
                    let window = self
                        .window
                        .call(&mut self.store, len as u32)
                        .map_err(|error| error.to_string())?;
                    assert_ne!(window, 0, "there is memory");
                    self.window_at = Some((window, len));
                    window
                }
            };
            let memory = self.store.data().memory.expect("it has one");
            memory
                .write(&mut self.store, window as usize, payload)
                .expect("the window lies in memory");
        }
        match self
            .event
            .call(&mut self.store, (kind as u32, id, payload.len() as u32))
        {
            Ok(0) => Ok(()),
            Ok(status) => Err(format!("the guest returned {status}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Begins a request; its id.
    ///
    /// # Errors
    /// As [`event`](Self::event).
    pub fn begin(&mut self, method: &str, path: &str, body: &[u8]) -> Result<u32, String> {
        let id = self.next_request;
        self.next_request += 1;
        let url = format!("http://worker.test{path}");
        let hint = match body.len() {
            0 => BodyHint::None,
            len => BodyHint::Known(len as u64),
        };
        let mut payload = encode(&RequestLine {
            method,
            url: &url,
            body: hint,
        });
        payload.extend(encode(&Fields(vec![
            ("host", b"worker.test"),
            ("x-test", b"1"),
        ])));
        self.host().answers.insert(id, Answer::default());
        if !body.is_empty() {
            let mut outlet = Outlet::default();
            outlet.bytes.extend(body);
            self.host().bodies.insert(id, outlet);
        }
        self.event(EventKind::Request, id, &payload)?;
        Ok(id)
    }

    /// Sends what events there are until there is none.
    ///
    /// # Errors
    /// As [`event`](Self::event).
    pub fn run(&mut self) -> Result<(), String> {
        while let Some((kind, id, payload)) = self.host().next_event() {
            self.event(kind, id, &payload)?;
        }
        Ok(())
    }

    /// One request from its beginning to its end.
    ///
    /// # Errors
    /// As [`event`](Self::event).
    pub fn fetch(&mut self, method: &str, path: &str, body: &[u8]) -> Result<Answer, String> {
        let id = self.begin(method, path, body)?;
        self.run()?;
        let host = self.host();
        assert_eq!(host.offences, Vec::<String>::new());
        Ok(host.answers[&id].clone())
    }
}

fn bytes(caller: &Caller<'_, Host>, ptr: u32, len: u32) -> Vec<u8> {
    let memory = caller.data().memory.expect("no calls before the start");
    let mut bytes = vec![0; len as usize];
    memory
        .read(caller, ptr as usize, &mut bytes)
        .expect("a pointer into memory");
    bytes
}

/// All imports of `docs/abi.md`.
fn linker(engine: &Engine) -> Linker<Host> {
    let mut linker = Linker::new(engine);
    let m = postern_abi::IMPORT_MODULE;
    let mut add = || -> Result<(), wasmi::errors::LinkerError> {
        linker.func_wrap(
            m,
            "op_start",
            |mut c: Caller<'_, Host>, op: u32, kind: u32, ptr: u32, len: u32| {
                let argument = bytes(&c, ptr, len);
                c.data_mut().op(op, kind, &argument);
            },
        )?;
        linker.func_wrap(m, "op_cancel", |mut c: Caller<'_, Host>, op: u32| {
            let host = c.data_mut();
            host.streams.remove(&op);
            host.uploads.remove(&op);
            host.events.retain(|(kind, id, _)| {
                *id != op || !matches!(kind, EventKind::OpDone | EventKind::OpFailed)
            });
        })?;
        linker.func_wrap(
            m,
            "op_pull",
            |mut c: Caller<'_, Host>, op: u32, credit: u32| {
                if let Some(outlet) = c.data_mut().streams.get_mut(&op) {
                    outlet.credit += credit as usize;
                }
            },
        )?;
        linker.func_wrap(
            m,
            "op_chunk",
            |mut c: Caller<'_, Host>, op: u32, ptr: u32, len: u32, end: u32| {
                let chunk = bytes(&c, ptr, len);
                let host = c.data_mut();
                let Some(upload) = host.uploads.get_mut(&op) else {
                    host.offences.push(format!("op_chunk for {op}"));
                    return;
                };
                upload.value.extend(&chunk);
                if end == 0 {
                    host.events.push_back((
                        EventKind::OpCredit,
                        op,
                        BODY_CREDIT.to_le_bytes().into(),
                    ));
                    return;
                }
                let upload = host.uploads.remove(&op).expect("it was there");
                assert!(!upload.binding.is_empty());
                host.kv.insert(upload.key, (upload.value, upload.metadata));
                host.events.push_back((EventKind::OpDone, op, Vec::new()));
            },
        )?;
        linker.func_wrap(
            m,
            "op_sync",
            |mut c: Caller<'_, Host>, kind: u32, ptr: u32, len: u32, out: u32, cap: u32| -> i32 {
                let argument = bytes(&c, ptr, len);
                let name = String::from_utf8_lossy(&argument);
                let env = &c.data().env;
                let answer = match kind {
                    1 => match env.get(name.as_ref()) {
                        Some(value) => value.clone(),
                        None => return -2,
                    },
                    2 => encode(&env.keys().collect::<Vec<_>>()),
                    _ => return -1,
                };
                if answer.len() <= cap as usize {
                    let memory = c.data().memory.expect("it has one");
                    memory
                        .write(&mut c, out as usize, &answer)
                        .expect("a pointer into memory");
                }
                answer.len() as i32
            },
        )?;
        linker.func_wrap(
            m,
            "respond",
            |mut c: Caller<'_, Host>,
             request: u32,
             head: u32,
             head_len: u32,
             body: u32,
             body_len: u32,
             more: u32| {
                let head = bytes(&c, head, head_len);
                let body = bytes(&c, body, body_len);
                let head: ResponseHead<'_> = postcard::from_bytes(&head).expect("a head");
                let host = c.data_mut();
                match host.answers.get_mut(&request) {
                    Some(answer) if answer.status.is_none() => {
                        answer.status = Some(head.status);
                        let field = |(name, value): (&str, &[u8])| (name.into(), value.into());
                        answer.headers = head.headers.0.into_iter().map(field).collect();
                        answer.body = body;
                        answer.complete = more == 0;
                    }
                    _ => host.offences.push(format!("respond for {request}")),
                }
            },
        )?;
        linker.func_wrap(
            m,
            "body_chunk",
            |mut c: Caller<'_, Host>, request: u32, ptr: u32, len: u32, end: u32| -> i32 {
                let chunk = bytes(&c, ptr, len);
                let host = c.data_mut();
                match host.answers.get_mut(&request) {
                    Some(answer) if answer.status.is_some() && !answer.complete => {
                        answer.body.extend(&chunk);
                        answer.complete = end == 1;
                    }
                    _ => host.offences.push(format!("body_chunk for {request}")),
                }
                if end == 0 {
                    host.events.push_back((
                        EventKind::BodyCredit,
                        request,
                        BODY_CREDIT.to_le_bytes().into(),
                    ));
                }
                // Every chunk uses all credit up, so that guests are seen to wait.
                0
            },
        )?;
        linker.func_wrap(
            m,
            "body_pull",
            |mut c: Caller<'_, Host>, request: u32, credit: u32| {
                if let Some(outlet) = c.data_mut().bodies.get_mut(&request) {
                    outlet.credit += credit as usize;
                }
            },
        )?;
        linker.func_wrap(
            m,
            "fail",
            |mut c: Caller<'_, Host>, request: u32, ptr: u32, len: u32| {
                let exception = bytes(&c, ptr, len);
                let exception: Exception<'_> =
                    postcard::from_bytes(&exception).expect("an exception");
                let told = (exception.name.into(), exception.message.into());
                let host = c.data_mut();
                match host.answers.get_mut(&request) {
                    Some(answer) if answer.done.is_none() && answer.failed.is_none() => {
                        answer.failed = Some(told);
                    }
                    _ => host.offences.push(format!("fail for {request}")),
                }
            },
        )?;
        linker.func_wrap(
            m,
            "done",
            |mut c: Caller<'_, Host>, request: u32, status: u32, ptr: u32, len: u32| {
                let exception = bytes(&c, ptr, len);
                let result = match status {
                    0 => Ok(()),
                    _ => {
                        let exception: Exception<'_> =
                            postcard::from_bytes(&exception).expect("an exception");
                        Err((exception.name.into(), exception.message.into()))
                    }
                };
                let host = c.data_mut();
                host.bodies.remove(&request);
                match host.answers.get_mut(&request) {
                    Some(answer) if answer.done.is_none() => answer.done = Some(result),
                    _ => host.offences.push(format!("done for {request}")),
                }
            },
        )?;
        linker.func_wrap(
            m,
            "log",
            |mut c: Caller<'_, Host>, level: u32, ptr: u32, len: u32| {
                let line = String::from_utf8(bytes(&c, ptr, len)).expect("UTF-8");
                c.data_mut().log.push((level, line));
            },
        )?;
        linker.func_wrap(m, "now", |_: Caller<'_, Host>| -> i64 { 1_700_000_000_000 })?;
        linker.func_wrap(
            m,
            "random",
            |mut c: Caller<'_, Host>, ptr: u32, len: u32| {
                let memory = c.data().memory.expect("it has one");
                let noise: Vec<u8> = (0..len).map(|i| (i * 7 + 1) as u8).collect();
                memory
                    .write(&mut c, ptr as usize, &noise)
                    .expect("a pointer into memory");
            },
        )?;
        Ok(())
    };
    add().expect("every name once");
    linker
}
