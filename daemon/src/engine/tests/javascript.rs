//! Workers in JavaScript, with the real engine module.

use super::*;
use crate::engine::judge::Refused;
use postern_abi::OpErrorCode;
use postern_abi::bundle::ModuleKind;
use postern_abi::kv::{KvBody, KvGet, KvGot, KvPut};
use postern_abi::op::EnvValue;
use std::collections::HashMap;

/// `env`: a greeting, a secret, and a KV namespace that lives in memory.
#[derive(Default)]
struct TestEnv {
    kv: Mutex<HashMap<String, Vec<u8>>>,
}

impl Bindings for TestEnv {
    fn sync(&self, op: SyncOp, argument: &[u8], out: &mut Vec<u8>) -> Result<(), OpFailure> {
        let encoded = match (op, argument) {
            (SyncOp::EnvNames, _) => postcard::to_allocvec(&["GREETING", "KV", "SECRET"][..]),
            (SyncOp::EnvGet, b"GREETING") => postcard::to_allocvec(&EnvValue::Text("hello")),
            (SyncOp::EnvGet, b"SECRET") => postcard::to_allocvec(&EnvValue::Secret("s3cret")),
            (SyncOp::EnvGet, b"KV") => postcard::to_allocvec(&EnvValue::Kv),
            _ => return Err(OpFailure::new(OpErrorCode::UnknownBinding, "no such name")),
        };
        out.extend_from_slice(&encoded.unwrap());
        Ok(())
    }

    fn start(
        &self,
        op: OpKind,
        argument: &[u8],
        caller: &crate::engine::caller::Caller,
    ) -> Started {
        let reply = match op {
            OpKind::KvPut => {
                let (put, value) = postcard::take_from_bytes::<KvPut<'_>>(argument).unwrap();
                self.kv.lock().insert(put.key.to_owned(), value.to_vec());
                OpReply::default()
            }
            OpKind::KvGet => {
                let get: KvGet<'_> = postcard::from_bytes(argument).unwrap();
                let value = self.kv.lock().get(get.key).cloned();
                let got = KvGot {
                    body: value.as_ref().map_or(KvBody::Absent, |_| KvBody::Whole),
                    metadata: None,
                    expiration: None,
                };
                OpReply {
                    head: postcard::to_allocvec(&got).unwrap(),
                    body: value.unwrap_or_default().into(),
                    ..OpReply::default()
                }
            }
            OpKind::Timer => return Timers.start(op, &[1], caller),
            _ => return Started::Done(Err(OpFailure::new(OpErrorCode::Unsupported, "not here"))),
        };
        Started::Later(Box::pin(async move { Ok(reply) }))
    }
}

pub(super) fn bench() -> Bench {
    bench_of(EngineOptions::default().budget)
}

/// One whose Workers have this much memory.
pub(super) fn bench_of(budget: Budget) -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(EngineOptions {
        budget,
        dir: Some(dir.path().join("engine")),
        ..EngineOptions::default()
    });
    bench.dir = dir;
    bench
}

pub(super) fn bundle(modules: &[(&str, ModuleKind, &str)]) -> Bundle {
    Bundle {
        main: modules[0].0.to_owned(),
        compatibility_date: "2026-01-01".to_owned(),
        flags: Vec::new(),
        modules: modules
            .iter()
            .map(|(name, kind, source)| Part {
                name: (*name).to_owned(),
                kind: *kind,
                bytes: Bytes::from((*source).to_owned()),
            })
            .collect(),
        env: env_of(&TestEnv::default()),
    }
}

fn module(source: &str) -> Bundle {
    bundle(&[("worker.js", ModuleKind::EsModule, source)])
}

impl Bench {
    pub(super) fn judged(&self, bundle: Bundle, limits: &Limits) -> Result<Judged, Refused> {
        self.block(self.engine.judge("tenant", Pushed::Bundle(bundle), limits))
    }

    pub(super) fn script(&self, name: &str, judged: &Judged, limits: Limits) -> Arc<Worker> {
        assert!(judged.image.is_none());
        let snapshot = self.dir.path().join(name);
        std::fs::write(&snapshot, judged.snapshot.as_ref().unwrap()).unwrap();
        self.engine.worker(WorkerSpec {
            namespace: "n".into(),
            script: name.into(),
            version: "v".into(),
            tenant: name.into(),
            kind: judged.kind,
            image: None,
            snapshot: Some(snapshot),
            pages: judged.pages,
            handlers: judged.told.handlers.clone(),
            maps: Vec::new(),
            limits,
            is_trusted: false,
            budget: None,
            is_recorded: true,
            meter: None,
            env: Arc::new(TestEnv::default()),
        })
    }

    fn js(&self, name: &str, source: &str, limits: Limits) -> Arc<Worker> {
        let judged = self.judged(module(source), &limits).unwrap();
        self.script(name, &judged, limits)
    }
}

#[test]
fn a_worker_answers_with_what_global_scope_made() {
    let bench = bench();
    let source = "
        const made = Array.from({ length: 3 }, (_, i) => i * 2);
        let count = 0;
        export default {
            async fetch(request, env) {
                count++;
                const path = request.url.slice('http://t'.length);
                return new Response([env.GREETING, path, made, count].join(' '));
            },
            scheduled() {},
        };
        export const other = { fetch() {} };
    ";
    let judged = bench.judged(module(source), &Limits::default()).unwrap();
    assert_eq!(judged.told.handlers, ["fetch", "scheduled"]);
    assert!(!judged.told.env_read);
    assert!(judged.startup_fuel > 0);
    let worker = bench.script("a", &judged, Limits::default());
    assert_eq!(bench.text(&worker, "x").unwrap(), "hello /x 0,2,4 1");
    assert_eq!(bench.text(&worker, "y").unwrap(), "hello /y 0,2,4 2");
    // Another Worker from the same bytes knows nothing of it.
    let worker = bench.script("b", &judged, Limits::default());
    assert_eq!(bench.text(&worker, "x").unwrap(), "hello /x 0,2,4 1");
    assert_eq!(bench.last().outcome, Outcome::Ok);
}

#[test]
fn what_an_isolate_leaves_tells_the_next_nothing() {
    let bench = bench();
    let source = "
        let count = 0;
        export default { fetch(request) {
            count++;
            globalThis.secret = 'x'.repeat(10_000);
            Array.prototype.at = () => 'mine';
            if (request.url.endsWith('spin')) for (;;);
            return new Response([count, [1].at(0)].join(' '));
        } };
    ";
    let limits = Limits {
        cpu_ms: 20,
        ..Limits::default()
    };
    let judged = bench.judged(module(source), &limits).unwrap();
    let other = "export default { fetch(request) {
        return new Response([typeof secret, [1].at(0)].join(' '));
    } };";
    let other = bench.js("other", other, Limits::default());
    assert_eq!(bench.text(&other, "").unwrap(), "undefined 1");
    let fuel = bench.last().fuel;
    other.retire();
    for name in ["a", "b", "c"] {
        let worker = bench.script(name, &judged, limits);
        assert_eq!(bench.text(&worker, "").unwrap(), "1 mine");
        assert_eq!(bench.text(&worker, "").unwrap(), "2 mine");
        // One is left at rest, the other in the middle of what it does.
        for is_cut in [false, true] {
            if is_cut {
                let failure = bench.text(&worker, "spin").unwrap_err();
                assert_eq!(failure.outcome(), Outcome::ExceededCpu);
            }
            worker.retire();
            other.retire();
            assert_eq!(bench.text(&other, "").unwrap(), "undefined 1");
            assert_eq!(bench.last().fuel, fuel);
        }
    }
}

#[test]
fn values_come_and_go_through_kv() {
    let bench = bench();
    let source = "
        export default {
            async fetch(request, env, ctx) {
                const before = Number(await env.KV.get('n') ?? 0);
                await env.KV.put('n', String(before + 1));
                return new Response(await env.KV.get('n'));
            },
        };
    ";
    let worker = bench.js("kv", source, Limits::default());
    assert_eq!(bench.text(&worker, "").unwrap(), "1");
    assert_eq!(bench.text(&worker, "").unwrap(), "2");
}

#[test]
fn modules_of_all_kinds_are_imported() {
    let bench = bench();
    let bundle = bundle(&[
        (
            "src/main.js",
            ModuleKind::EsModule,
            "import text from './a.txt';
             import data from '../data.bin';
             import json from './b.json';
             import common from './c.cjs';
             import { up } from './lib/up.mjs';
             export default { fetch: () => new Response(
                 [text, data.byteLength, json.n, common.n, up].join(' ')) };",
        ),
        ("src/a.txt", ModuleKind::Text, "text"),
        ("data.bin", ModuleKind::Data, "12345"),
        ("src/b.json", ModuleKind::Json, "{\"n\": 1}"),
        (
            "src/c.cjs",
            ModuleKind::CommonJs,
            "module.exports = { n: 2 };",
        ),
        (
            "src/lib/up.mjs",
            ModuleKind::EsModule,
            "import json from '../b.json'; export const up = json.n + 2;",
        ),
    ]);
    let judged = bench.judged(bundle, &Limits::default()).unwrap();
    let worker = bench.script("m", &judged, Limits::default());
    assert_eq!(bench.text(&worker, "").unwrap(), "text 5 1 2 3");
}

#[test]
fn a_service_worker_is_asked_by_its_listener() {
    let bench = bench();
    let source = "addEventListener('fetch', (event) => {
        event.respondWith(new Response('listened'));
    });";
    let bundle = bundle(&[("worker.js", ModuleKind::ServiceWorker, source)]);
    let judged = bench.judged(bundle, &Limits::default()).unwrap();
    assert_eq!(judged.told.handlers, ["fetch"]);
    let worker = bench.script("sw", &judged, Limits::default());
    assert_eq!(bench.text(&worker, "").unwrap(), "listened");
}

#[test]
fn global_scope_may_read_env() {
    let bench = bench();
    let source = "
        import { env } from 'cloudflare:workers';
        const greeting = env.GREETING + ' ' + env.SECRET;
        export default { fetch: () => new Response(greeting) };
    ";
    let judged = bench.judged(module(source), &Limits::default()).unwrap();
    assert!(judged.told.env_read);
    let worker = bench.script("e", &judged, Limits::default());
    assert_eq!(bench.text(&worker, "").unwrap(), "hello s3cret");
}

#[test]
fn each_limit_ends_the_isolate_and_harms_no_neighbour() {
    let bench = bench();
    let limits = Limits {
        cpu_ms: 100,
        memory_bytes: 8 << 20,
        ..Limits::default()
    };
    let source = "
        let waste = [];
        export default {
            async fetch(request) {
                switch (request.url.slice('http://t'.length)) {
                    case '/spin': for (;;) {}
                    case '/hoard': for (;;) waste.push(new Uint8Array(1e6).fill(1));
                    case '/recurse': {
                        const down = () => 1 + down();
                        try { down(); } catch (error) { return new Response(error.name); }
                    }
                    case '/absurd': try { new Uint8Array(1e9); } catch { return new Response('caught'); }
                    case '/throw': throw new TypeError('thrown');
                    case '/never': await new Promise(() => {});
                    default: return new Response('well ' + waste.length);
                }
            },
        };
    ";
    let worker = bench.js("harm", source, limits);
    let neighbour = bench.js("neighbour", source, limits);
    assert_eq!(bench.text(&neighbour, "").unwrap(), "well 0");
    for (path, outcome, told) in [
        ("spin", Outcome::ExceededCpu, "CPU time limit"),
        ("hoard", Outcome::ExceededMemory, "memory limit"),
        ("throw", Outcome::Exception, "TypeError: thrown"),
        ("never", Outcome::Exception, "never generate a response"),
    ] {
        let failure = bench.text(&worker, path).unwrap_err();
        assert_eq!(failure.outcome(), outcome, "{path}: {failure}");
        assert!(failure.to_string().contains(told), "{path}: {failure}");
        assert_eq!(bench.text(&worker, "").unwrap(), "well 0", "after {path}");
        assert_eq!(bench.text(&neighbour, "").unwrap(), "well 0");
    }
    assert_eq!(bench.text(&worker, "recurse").unwrap(), "RangeError");
    assert_eq!(bench.text(&worker, "absurd").unwrap(), "caught");
    assert_eq!(bench.text(&worker, "").unwrap(), "well 0");
}

#[test]
fn what_global_scope_throws_refuses_the_push() {
    let bench = bench();
    let limits = Limits {
        startup_cpu_ms: 200,
        memory_bytes: 8 << 20,
        ..Limits::default()
    };
    for (source, told) in [
        ("export default {;", "Uncaught SyntaxError: "),
        (
            "const a = 1;\nundefined_name();\nexport default {};",
            "Uncaught ReferenceError: undefined_name is not defined\n  at ",
        ),
        (
            "import a from './absent.js'; export default {};",
            "Uncaught Error: No such module \"absent.js\"",
        ),
        ("await fetch('http://a'); export default {};", "Uncaught "),
        (
            "for (;;) {} export default {};",
            "Script startup exceeded CPU time limit",
        ),
        (
            "const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1));",
            "Script startup exceeded memory limit",
        ),
        ("await new Promise(() => {}); export default {};", "await"),
    ] {
        let refused = bench.judged(module(source), &limits).unwrap_err();
        assert!(
            refused.to_string().contains(told),
            "{source}: {refused} {refused:?}"
        );
    }
    // The line is told.
    let refused = bench.judged(module("\n\nthrow new Error('here');"), &limits);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.starts_with("Uncaught Error: here"), "{refused}");
    assert!(refused.contains("worker.js:3:"), "{refused}");
}

#[test]
fn an_isolate_that_ended_leaves_the_shared_code_alone() {
    let bench = bench();
    let source = "export default { fetch: () => new Response('well') };";
    let worker = bench.js("a", source, Limits::default());
    let other = bench.js("b", source, Limits::default());
    assert_eq!(bench.text(&worker, "").unwrap(), "well");
    worker.retire();
    assert_eq!(bench.engine.isolates(), 0);
    assert_eq!(bench.text(&other, "").unwrap(), "well");
    // The base is gone from the disk, and comes back.
    std::fs::remove_dir_all(bench.dir.path().join("engine")).unwrap();
    other.retire();
    let worker = bench.js("c", source, Limits::default());
    assert_eq!(bench.text(&worker, "").unwrap(), "well");
}

#[test]
fn the_same_bundle_gives_the_same_snapshot() {
    let judge = || {
        let source = "const m = new Map([[1, {}], ['b', []]]); export default { fetch() {} };";
        bench().judged(module(source), &Limits::default()).unwrap()
    };
    let (one, two) = (judge(), judge());
    assert_eq!(one.startup_fuel, two.startup_fuel);
    assert!(one.snapshot == two.snapshot, "the bytes differ");
}

#[test]
fn a_scheduled_handler_runs_and_is_recorded() {
    use crate::engine::invocation::Trigger;
    let bench = bench();
    let source = "
        let last = 'none';
        export default {
            async scheduled(controller, env, ctx) {
                const told = [controller.cron, controller.scheduledTime, controller.type].join(' ');
                ctx.waitUntil(env.KV.put('last', told).then(() => { last = told; }));
                if (controller.cron === 'throw') throw new TypeError('thrown');
                if (controller.cron === 'reject') ctx.waitUntil(Promise.reject(new Error('later')));
                if (controller.cron === 'spin') for (;;);
                if (controller.cron === 'never') await new Promise(() => {});
            },
            fetch: () => new Response(last),
        };
    ";
    let worker = bench.js("cron", source, Limits::default());
    let fire = |cron: &str| {
        let trigger = Trigger::Scheduled {
            cron: cron.to_owned(),
            time_ms: 1_700_000_000_000,
        };
        bench.block(worker.trigger(Ray(7), trigger))
    };
    fire("*/5 * * * *").unwrap();
    let record = bench.last();
    assert_eq!((record.outcome, record.status), (Outcome::Ok, 0));
    assert!(record.fuel > 0);
    assert_eq!(
        bench.text(&worker, "").unwrap(),
        "*/5 * * * * 1700000000000 scheduled"
    );
    for (cron, outcome, told) in [
        ("throw", Outcome::Exception, "TypeError: thrown"),
        ("spin", Outcome::ExceededCpu, "CPU time limit"),
        (
            "never",
            Outcome::Exception,
            "scheduled() handler will never complete",
        ),
    ] {
        let failure = fire(cron).unwrap_err();
        assert_eq!(failure.outcome(), outcome, "{cron}: {failure}");
        assert!(failure.to_string().contains(told), "{cron}: {failure}");
        assert_eq!(bench.last().outcome, outcome, "{cron}");
    }
    fire("* * * * *").unwrap();

    // A Worker without the handler is not even started.
    let source = "export default { fetch: () => new Response('well') };";
    let worker = bench.js("plain", source, Limits::default());
    let trigger = Trigger::Scheduled {
        cron: String::new(),
        time_ms: 0,
    };
    let failure = bench.block(worker.trigger(Ray(8), trigger)).unwrap_err();
    assert!(
        failure
            .to_string()
            .contains("does not export a scheduled()")
    );
    assert_eq!(worker.warm().0, 0);
}
