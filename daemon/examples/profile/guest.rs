//! The JavaScript engine, or a Worker that is a module itself, alone in the interpreter, with a host that
//! answers at once.

use postern_abi::bundle::{Bundle, BundleModule, ModuleKind};
use postern_abi::fetch::{Fetched, FetchedBody};
use postern_abi::http::{BodyHint, Fields, RequestLine};
use postern_abi::kv::{KvBody, KvGot};
use postern_abi::op::EnvValue;
use postern_abi::{EventKind, OpKind, SyncOp};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use wasmi::{
    Caller, Config, CustomFuelCosts, Engine, Extern, Linker, Memory, MemoryType, Module, Store,
    TypedFunc,
};

/// The value of every key of KV.
const VALUE: &[u8] = b"the value";

/// What every server and every other Worker answers.
const ANSWER: &[u8] = b"Hello, World!";
/// What `env` has, and of which types.
pub const ENV: [(&str, &str); 3] = [
    ("KV", "kv_namespace"),
    ("DISPATCHER", "dispatch_namespace"),
    ("OTHER", "service"),
];

/// What a client says of itself.
pub const FIELDS: &[(&str, &str)] = &[
    ("host", "example.com"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)"),
    ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    ("accept-language", "en-US,en;q=0.5"),
    ("accept-encoding", "gzip, deflate, br"),
    ("cookie", "session=0123456789abcdef; theme=dark"),
    ("cache-control", "no-cache"),
    // What the edge tells of the client.
    ("cf-connecting-ip", "127.0.0.1"),
    ("cf-ray", "71e74d5de72c8c61"),
    ("x-forwarded-for", "127.0.0.1"),
    ("x-forwarded-proto", "http"),
    ("x-real-ip", "127.0.0.1"),
];

/// What was spent in one function.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// How often it was called.
    pub calls: u64,
    /// Fuel, without what it called.
    pub fuel: u64,
    /// Time, without what it called.
    pub time: Duration,
    /// How often the time was taken.
    pub readings: u64,
}

/// What was spent where.
#[derive(Debug, Default)]
pub struct Ledger {
    /// By number of the function.
    pub functions: Vec<Spent>,
    /// By name of the function of JavaScript, what it called that is not JavaScript included.
    pub scripts: HashMap<String, Spent>,
    costs: Vec<u64>,
    stack: Vec<usize>,
    /// Names, and how deep the stack was.
    script_stack: Vec<(String, usize)>,
    /// Fuel that belongs to nobody.
    aside: u64,
    last: Option<(u64, Instant)>,
    is_off: bool,
}

struct Host {
    source: Vec<u8>,
    answer: Vec<u8>,
    failed: bool,
    events: Vec<(EventKind, u32, Vec<u8>)>,
    ledger: Ledger,
}

/// A Worker that was loaded.
pub struct Guest {
    store: Store<Host>,
    memory: Memory,
    event: TypedFunc<(u32, u32, u32), i32>,
    window: TypedFunc<u32, u32>,
    request: Vec<u8>,
    number: u32,
}

impl Guest {
    /// Boots `module` and has it load a Worker in JavaScript; without one, the module is the Worker.
    /// `costs` are those of the wrappers, if there are any.
    pub fn load(module: &[u8], source: Option<&[u8]>, costs: Vec<u64>) -> Self {
        let mut config = Config::default();
        config
            .consume_fuel(true)
            .fuel_cost(CustomFuelCosts {
                bytes_copied_per_fuel: 64,
                fuel_per_bytes_translated: 0,
                fuel_per_bytes_validated: 0,
            })
            .set_max_recursion_depth(32_768)
            .set_max_stack_height(8 << 20);
        let engine = Engine::new(&config);
        let module = Module::new(&engine, module).expect("a module that was rewritten");
        let ledger = Ledger {
            functions: vec![Spent::default(); costs.len()],
            costs,
            // Booting is done once, when the engine is built.
            is_off: true,
            ..Ledger::default()
        };
        let host = Host {
            source: source.unwrap_or_default().to_vec(),
            answer: Vec::new(),
            failed: false,
            events: Vec::new(),
            ledger,
        };
        let mut store = Store::new(&engine, host);
        store.set_fuel(u64::MAX).expect("fuel is on");
        let mut linker = Linker::new(&engine);
        link(&mut linker).expect("every name once");
        let memory = Memory::new(&mut store, MemoryType::new(64, Some(1024))).expect("memory");
        linker
            .define("env", "memory", memory)
            .expect("every name once");
        let instance = linker
            .instantiate_and_start(&mut store, &module)
            .expect("a guest's imports");
        for name in ["__postern_start", "postern_boot"] {
            if let Ok(start) = instance.get_typed_func::<(), i32>(&store, name) {
                assert_eq!(start.call(&mut store, ()).expect("boot"), 0);
            } else if let Ok(start) = instance.get_typed_func::<(), ()>(&store, name) {
                start.call(&mut store, ()).expect("start");
            }
        }
        let line = RequestLine {
            method: "GET",
            url: "http://example.com/worker/",
            body: BodyHint::None,
        };
        let fields = FIELDS.iter();
        let fields = fields.map(|(name, value)| (*name, value.as_bytes()));
        let mut request = encoded(&line);
        request.extend(encoded(&Fields(fields.collect())));
        let mut guest = Self {
            event: (instance.get_typed_func(&store, "postern_event")).expect("an export"),
            window: (instance.get_typed_func(&store, "postern_window")).expect("an export"),
            store,
            memory,
            request,
            number: 0,
        };
        guest.store.data_mut().ledger.is_off = false;
        match source {
            Some(_) => guest.tell(EventKind::Load, 0, &[]),
            None => {
                let exported = instance.get_export(&guest.store, "memory");
                guest.memory = exported.and_then(Extern::into_memory).expect("an export");
            }
        }
        guest
    }

    fn tell(&mut self, kind: EventKind, id: u32, payload: &[u8]) {
        let len = payload.len() as u32;
        let window = (self.window.call(&mut self.store, len)).expect("a window");
        (self.memory.write(&mut self.store, window as usize, payload)).expect("it lies in memory");
        let status = self.event.call(&mut self.store, (kind as u32, id, len));
        assert_eq!(status.expect("no trap"), 0);
        assert!(!self.store.data().failed, "the Worker failed");
    }

    /// Has it answer so many requests.
    pub fn serve(&mut self, requests: u32) {
        let request = self.request.clone();
        for _ in 0..requests {
            self.number += 1;
            self.store.data_mut().answer.clear();
            self.tell(EventKind::Request, self.number, &request);
            while let Some((kind, id, payload)) = self.store.data_mut().events.pop() {
                self.tell(kind, id, &payload);
            }
            assert!(
                !self.store.data().answer.is_empty(),
                "the Worker gave no answer"
            );
        }
    }

    /// Fuel that was used so far.
    pub fn fuel(&self) -> u64 {
        u64::MAX - self.store.get_fuel().expect("fuel is on")
    }

    /// Takes what was written down, and begins anew.
    pub fn take_ledger(&mut self) -> Ledger {
        let ledger = &mut self.store.data_mut().ledger;
        let fresh = Ledger {
            functions: vec![Spent::default(); ledger.costs.len()],
            costs: ledger.costs.clone(),
            ..Ledger::default()
        };
        std::mem::replace(ledger, fresh)
    }
}

/// What the host tells of a name in `env`.
pub fn env_value(name: &[u8]) -> EnvValue<'static> {
    match ENV.iter().find(|it| it.0.as_bytes() == name) {
        None | Some((_, "kv_namespace")) => EnvValue::Kv,
        Some((_, kind)) => EnvValue::Other(kind),
    }
}

/// What every key, server and other Worker gives: head and body.
pub fn answer(kind: u32) -> Option<(Vec<u8>, &'static [u8])> {
    if kind == OpKind::KvGet as u32 {
        let got = KvGot {
            body: KvBody::Whole,
            metadata: None,
            expiration: None,
        };
        return Some((encoded(&got), VALUE));
    }
    (kind == OpKind::Fetch as u32).then(|| {
        let fetched = Fetched {
            status: 200,
            status_text: "OK",
            headers: Fields(vec![("content-type", b"text/plain;charset=UTF-8")]),
            url: "",
            body: FetchedBody::Whole,
        };
        (encoded(&fetched), ANSWER)
    })
}

fn encoded<T: serde::Serialize>(value: &T) -> Vec<u8> {
    postcard::to_allocvec(value).expect("memory")
}

fn memory(caller: &Caller<'_, Host>) -> Memory {
    (caller.get_export("memory"))
        .and_then(Extern::into_memory)
        .expect("guests export their memory")
}

fn read(caller: &Caller<'_, Host>, at: u32, len: u32) -> Vec<u8> {
    memory(caller).data(caller)[at as usize..][..len as usize].to_vec()
}

fn link(linker: &mut Linker<Host>) -> Result<(), wasmi::Error> {
    let module = "postern";
    linker.func_wrap(
        module,
        "op_start",
        |mut it: Caller<'_, Host>, op: u32, kind: u32, _at: u32, _len: u32| {
            let (mut payload, body) = answer(kind).unwrap_or_default();
            payload.extend_from_slice(body);
            it.data_mut().events.push((EventKind::OpDone, op, payload));
        },
    )?;
    linker.func_wrap(module, "op_cancel", |_: u32| {})?;
    linker.func_wrap(module, "op_pull", |_: u32, _: u32| {})?;
    linker.func_wrap(module, "op_chunk", |_: u32, _: u32, _: u32, _: u32| {})?;
    linker.func_wrap(module, "op_sync", sync)?;
    linker.func_wrap(
        module,
        "respond",
        |mut it: Caller<'_, Host>, _: u32, at: u32, len: u32, _: u32, _: u32, _: u32| {
            it.data_mut().answer = read(&it, at, len);
        },
    )?;
    linker.func_wrap(
        module,
        "body_chunk",
        |_: u32, _: u32, _: u32, _: u32| -> i32 { 65_536 },
    )?;
    linker.func_wrap(module, "body_pull", |_: u32, _: u32| {})?;
    linker.func_wrap(
        module,
        "fail",
        |mut it: Caller<'_, Host>, _: u32, at: u32, len: u32| {
            eprintln!("{}", String::from_utf8_lossy(&read(&it, at, len)));
            it.data_mut().failed = true;
        },
    )?;
    linker.func_wrap(module, "done", |_: u32, _: u32, _: u32, _: u32| {})?;
    linker.func_wrap(
        module,
        "log",
        |it: Caller<'_, Host>, _: u32, at: u32, len: u32| {
            eprintln!("{}", String::from_utf8_lossy(&read(&it, at, len)));
        },
    )?;
    linker.func_wrap(module, "now", || -> i64 { 1_700_000_000_000 })?;
    linker.func_wrap(module, "random", |_: u32, _: u32| {})?;
    let module = postern_daemon::engine::replay::wrapping::HOST;
    linker.func_wrap(
        module,
        "enter",
        |mut it: Caller<'_, Host>, function: u32| {
            if !it.data().ledger.is_off {
                note(&mut it);
                let ledger = &mut it.data_mut().ledger;
                ledger.aside += ledger.costs[function as usize];
                ledger.functions[function as usize].calls += 1;
                ledger.stack.push(function as usize);
                resume(&mut it);
            }
        },
    )?;
    linker.func_wrap(module, "leave", |mut it: Caller<'_, Host>| {
        if !it.data().ledger.is_off {
            note(&mut it);
            let ledger = &mut it.data_mut().ledger;
            ledger.stack.pop();
            let depth = ledger.stack.len();
            if ledger.script_stack.last().is_some_and(|it| it.1 > depth) {
                ledger.script_stack.pop();
            }
            resume(&mut it);
        }
    })?;
    linker.func_wrap(
        module,
        "script",
        |mut it: Caller<'_, Host>, function: i64| {
            if !it.data().ledger.is_off {
                note(&mut it);
                let before = it.get_fuel().unwrap_or(0);
                it.data_mut().ledger.is_off = true;
                let name = script_name(&mut it, function);
                it.data_mut().ledger.is_off = false;
                let ask = before - it.get_fuel().unwrap_or(0);
                let ledger = &mut it.data_mut().ledger;
                ledger.aside += ask;
                ledger.scripts.entry(name.clone()).or_default().calls += 1;
                ledger.script_stack.push((name, ledger.stack.len()));
                resume(&mut it);
            }
        },
    )?;
    Ok(())
}

fn sync(mut it: Caller<'_, Host>, kind: u32, at: u32, len: u32, out: u32, room: u32) -> i32 {
    let result = match SyncOp::from_u32(kind) {
        Some(SyncOp::EnvGet) => encoded(&env_value(&read(&it, at, len))),
        Some(SyncOp::EnvNames) => encoded(&ENV.map(|(name, _)| name).as_slice()),
        Some(SyncOp::Bundle) => encoded(&Bundle {
            main: "worker.js",
            compatibility_date: "2026-01-01",
            flags: Vec::new(),
            modules: vec![BundleModule {
                name: "worker.js",
                kind: ModuleKind::EsModule,
                len: it.data().source.len() as u32,
            }],
        }),
        Some(SyncOp::Module) => it.data().source.clone(),
        Some(SyncOp::Loaded) => Vec::new(),
        _ => return -1,
    };
    if result.len() <= room as usize {
        let written = memory(&it).write(&mut it, out as usize, &result);
        written.expect("it lies in memory");
    }
    result.len() as i32
}

/// Which function of JavaScript this is: its name and where it begins.
fn script_name(it: &mut Caller<'_, Host>, function: i64) -> String {
    let ask = it
        .get_export("postern_profile_name")
        .and_then(Extern::into_func);
    let Some(ask) = ask else {
        return "(this build of the engine does not tell)".to_owned();
    };
    let ask = ask.typed::<i64, u32>(&*it).expect("an export's type");
    let at = ask.call(&mut *it, function).expect("no trap") as usize;
    let bytes = &memory(it).data(&*it)[at..];
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(0);
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Writes down what was spent since the last time.
fn note(it: &mut Caller<'_, Host>) {
    let now = Instant::now();
    let fuel = u64::MAX - it.get_fuel().unwrap_or(0);
    let ledger = &mut it.data_mut().ledger;
    let fuel = fuel - ledger.aside;
    if let Some((before, since)) = ledger.last {
        let spent = Spent {
            calls: 0,
            fuel: fuel.saturating_sub(before),
            time: now - since,
            readings: 1,
        };
        if let Some(function) = ledger.stack.last() {
            ledger.functions[*function].add(spent);
        }
        if let Some((name, _)) = ledger.script_stack.last()
            && let Some(script) = ledger.scripts.get_mut(name)
        {
            script.add(spent);
        }
    }
}

/// Counts from here on.
fn resume(it: &mut Caller<'_, Host>) {
    let fuel = u64::MAX - it.get_fuel().unwrap_or(0);
    let ledger = &mut it.data_mut().ledger;
    ledger.last = Some((fuel.saturating_sub(ledger.aside), Instant::now()));
}

impl Spent {
    fn add(&mut self, more: Self) {
        self.calls += more.calls;
        self.fuel += more.fuel;
        self.time += more.time;
        self.readings += more.readings;
    }
}
