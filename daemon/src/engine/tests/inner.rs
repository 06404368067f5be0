//! WebAssembly that Workers in JavaScript run.

use super::javascript::{bench, bundle};
use super::*;
use crate::engine::javascript::Part;
use postern_abi::bundle::ModuleKind;

const MODULE: &str = r#"(module
    (import "env" "twice" (func $twice (param i32) (result i32)))
    (import "env" "throws" (func $throws))
    (memory (export "memory") 1)
    (table (export "table") 2 funcref)
    (global (export "count") (mut i32) (i32.const 5))
    (elem (i32.const 0) $add)
    (data (i32.const 16) "hello")
    (func $add (export "add") (param i32 i32) (result i32)
        local.get 0 local.get 1 i32.add)
    (func (export "wide") (param i64 f32 f64) (result i64 f64)
        local.get 0 i64.const 1 i64.add
        local.get 1 f64.promote_f32 local.get 2 f64.add)
    (func (export "ask") (param i32) (result i32)
        local.get 0 call $twice i32.const 1 i32.add)
    (func (export "tail") (param i32) (result i32)
        local.get 0 return_call $twice)
    (func (export "fails") call $throws)
    (func (export "store") (param i32 i32)
        local.get 0 local.get 1 i32.store8)
    (func (export "load") (param i32) (result i32)
        local.get 0 i32.load8_u)
    (func (export "trap") unreachable)
    (func (export "divide") (param i32) (result i32)
        i32.const 1 local.get 0 i32.div_s)
    (func (export "spin") (loop $l br $l))
    (func (export "work") (param i32) (result i32) (local i32)
        (loop $l
            local.get 1 i32.const 1 i32.add local.tee 1
            local.get 0 i32.lt_u br_if $l)
        local.get 1)
    (func $deep (export "deep") (param i32) (result i32)
        local.get 0 i32.const 1 i32.add call $deep)
    (func (export "grow") (param i32) (result i32)
        local.get 0 memory.grow)
)"#;

const WORKER: &str = r#"
    import wasm from './m.wasm';
    let again;
    const imports = { env: { twice: (x) => again ? again(x) : x * 2, throws() { throw new SyntaxError('mine'); } } };
    let made;
    const cases = {
        facts(e) {
            const buffer = e.memory.buffer;
            const view = new Uint8Array(buffer);
            const hello = String.fromCharCode(...view.subarray(16, 21));
            e.store(100, 7);
            view[101] = 9;
            const facts = [e.add(2, 3), e.wide(1n, 0.5, 2), e.ask(20), hello, view[100], e.load(101), e.count.value];
            e.count.value = 6;
            const before = e.grow(1);
            facts.push(e.count.value, before, view.length, e.memory.buffer.byteLength, e.load(101));
            facts.push(new Uint8Array(e.memory.buffer)[100], e.table.get(0)(4, 5), e.table.get(1), e.add.length, e.add.name);
            facts.push(wasm instanceof WebAssembly.Module, Object.isFrozen(e), typeof WebAssembly.__import);
            return facts.map((it) => typeof it === 'object' ? String(it) : it).join(' ');
        },
        errors(e) {
            const told = [];
            for (const f of [() => e.trap(), () => e.divide(0), () => e.load(1 << 20), () => e.fails(), () => e.deep(0),
                () => new WebAssembly.Module(new Uint8Array(8)), () => new WebAssembly.Instance(wasm),
                () => new WebAssembly.Instance(wasm, { env: {} })]) {
                try { f(); told.push('none'); } catch (error) { told.push(`${error.name}: ${error.message}`); }
            }
            return told.join('\n') + '\n' + e.add(1, 1);
        },
        work: (e) => e.work(10_000_000),
        tail: (e) => `${e.tail(20)} ${e.ask(20)}`,
        spin: (e) => e.spin(),
        nest(e) {
            again = (x) => e.ask(x);
            try { return e.ask(1); } catch (error) { return `${error.name}`; } finally { again = undefined; }
        },
        grow: (e) => `${e.grow(100)} ${e.grow(200)} ${e.grow(60000)}`,
        seen() {
            // More than can be in both places; of each one JavaScript and WebAssembly see the same.
            const all = Array.from({ length: 10 }, () => new WebAssembly.Instance(wasm, imports).exports);
            const views = all.map((e) => new Uint8Array(e.memory.buffer));
            const right = all.map((e, at) => {
                views[at][5] = at + 1;
                e.store(6, e.load(5) + 1);
                return views[at][6] === at + 2 && e.grow(1) === 1 && views[at].length;
            });
            const grown = all.map((e, at) => {
                const view = new Uint8Array(e.memory.buffer);
                view[70_000] = at;
                return view[5] === at + 1 && view[6] === at + 2 && e.load(70_000) === at && view.length;
            });
            // A buffer that is somebody else's has its memory no longer.
            const taken = all[0].memory.buffer.slice(0, 8);
            try { structuredClone(0, { transfer: [all[1].memory.buffer] }); } catch {}
            all[1].store(5, 99);
            return [new Set(right).size, right[0], new Set(grown).size, grown[9], new Uint8Array(taken)[5],
                all[1].load(6), new Uint8Array(all[1].memory.buffer)[5]];
        },
        large() {
            const memory = new WebAssembly.Memory({ initial: 256 });
            const view = new Uint8Array(memory.buffer);
            view[view.length - 1] = 1;
            const e = new WebAssembly.Instance(wasm, imports).exports;
            new Uint8Array(e.memory.buffer);
            let sum = 0;
            for (let i = 0; i < 2000; i++) sum += e.add(i, 1);
            return `${sum} ${view.at(-1)}`;
        },
        fresh() { return new WebAssembly.Instance(wasm, imports).exports.add(20, 1); },
    };
    export default { async fetch(request) {
        made ??= await WebAssembly.instantiate(wasm, imports);
        const name = new URL(request.url).pathname.slice(1);
        return new Response(`${cases[name](made.exports)}`);
    } };
"#;

fn wasm_worker(bench: &Bench, limits: Limits) -> Arc<Worker> {
    let mut bundle = bundle(&[("worker.js", ModuleKind::EsModule, WORKER)]);
    bundle.modules.push(Part {
        name: "m.wasm".to_owned(),
        kind: ModuleKind::Wasm,
        bytes: wat::parse_str(MODULE).unwrap().into(),
    });
    let judged = bench.judged(bundle, &limits).unwrap();
    bench.script("w", &judged, limits)
}

#[test]
fn an_instance_and_javascript_share_functions_memory_and_globals() {
    let bench = bench();
    let worker = wasm_worker(&bench, Limits::default());
    assert_eq!(
        bench.text(&worker, "facts").unwrap(),
        "5 2,2.5 41 hello 7 9 5 6 1 0 131072 9 7 9 null 2 2 true true undefined"
    );
    assert_eq!(bench.text(&worker, "fresh").unwrap(), "21");
}

#[test]
fn what_goes_wrong_is_an_exception() {
    let bench = bench();
    let worker = wasm_worker(&bench, Limits::default());
    assert_eq!(
        bench.text(&worker, "errors").unwrap(),
        "RuntimeError: unreachable\n\
         RuntimeError: divide by zero\n\
         RuntimeError: memory access out of bounds\n\
         SyntaxError: mine\n\
         RangeError: Maximum call stack size exceeded\n\
         CompileError: WebAssembly.Module(): Wasm code generation disallowed by embedder\n\
         TypeError: WebAssembly.Instance(): Imports argument must be present and must be an object\n\
         LinkError: WebAssembly.Instance(): Import #0 \"env\" \"twice\": function import requires a callable\n\
         2"
    );
    assert_eq!(bench.text(&worker, "tail").unwrap(), "40 41");
    assert_eq!(bench.text(&worker, "nest").unwrap(), "RangeError");
    assert_eq!(bench.text(&worker, "fresh").unwrap(), "21");
}

#[test]
fn it_runs_in_slices_and_under_the_limits() {
    let bench = bench();
    let limits = Limits {
        cpu_ms: 500,
        // However slow this machine is, it is the CPU's limit that is reached.
        wall_ms: 3_600_000,
        memory_bytes: 128 << 20,
        ..Limits::default()
    };
    let worker = wasm_worker(&bench, limits);
    assert_eq!(bench.text(&worker, "work").unwrap(), "10000000");
    assert_eq!(bench.text(&worker, "grow").unwrap(), "1 101 -1");
    assert!(bench.text(&worker, "spin").is_err());
    assert_eq!(bench.last().outcome, Outcome::ExceededCpu);
    assert_eq!(bench.text(&worker, "fresh").unwrap(), "21");
}

#[test]
fn javascript_and_webassembly_see_the_same_memory() {
    let bench = bench();
    let worker = wasm_worker(&bench, Limits::default());
    for _ in 0..3 {
        assert_eq!(bench.text(&worker, "seen").unwrap(), "1,0,1,131072,1,3,99");
    }
}

#[test]
fn imports_may_be_in_any_order() {
    let bench = bench();
    let source = r#"
        import wasm from './m.wasm';
        export default { fetch() {
            const env = {
                g: new WebAssembly.Global({ value: 'i32' }, 5), m: new WebAssembly.Memory({ initial: 2 }),
                t: new WebAssembly.Table({ initial: 3, element: 'anyfunc' }), h: 7, one: () => 1, two: (x) => x * 2,
            };
            const { f } = new WebAssembly.Instance(wasm, { env }).exports;
            return new Response(`${f()} ${new Uint8Array(env.m.buffer)[9]} ${env.t.get(1)()}`);
        } };
    "#;
    let module = r#"(module
        (import "env" "g" (global $g i32))
        (import "env" "one" (func $one (result i32)))
        (import "env" "m" (memory 1))
        (import "env" "h" (global $h i32))
        (import "env" "t" (table 1 funcref))
        (import "env" "two" (func $two (param i32) (result i32)))
        (elem (i32.const 1) $f)
        (func $f (export "f") (result i32)
            (i32.store8 (i32.const 9) (global.get $h))
            (i32.add (call $one) (call $two (global.get $g)))))"#;
    let mut bundle = bundle(&[("worker.js", ModuleKind::EsModule, source)]);
    bundle.modules.push(Part {
        name: "m.wasm".to_owned(),
        kind: ModuleKind::Wasm,
        bytes: wat::parse_str(module).unwrap().into(),
    });
    let judged = bench.judged(bundle, &Limits::default()).unwrap();
    let worker = bench.script("w", &judged, Limits::default());
    assert_eq!(bench.text(&worker, "").unwrap(), "11 7 11");
}

#[test]
fn a_call_pays_nothing_for_the_memory_that_it_shares() {
    let bench = bench();
    let limits = Limits {
        cpu_ms: 500,
        memory_bytes: 128 << 20,
        ..Limits::default()
    };
    let worker = wasm_worker(&bench, limits);
    assert_eq!(bench.text(&worker, "large").unwrap(), "2001000 1");
    // 16 MiB, compared twice in each of 2,000 calls, would be 2,100,000,000 more.
    let fuel = bench.last().fuel;
    assert!(fuel < 300_000_000, "{fuel}");
}

#[test]
fn what_global_scope_instantiates_is_made_in_each_isolate() {
    let bench = bench();
    let source = r#"
        import wasm from './m.wasm';
        const told = [];
        const memory = new WebAssembly.Memory({ initial: 1 });
        const { exports } = new WebAssembly.Instance(wasm, { env: { twice: (x) => x * 3, throws() {} } });
        exports.store(3, 44);
        for (const f of [() => exports.add(1, 2), () => memory.buffer]) {
            try { f(); } catch (error) { told.push(error.message.slice(0, 51)); }
        }
        export default { fetch() {
            memory.grow(1);
            return new Response([...told, exports.load(3), exports.ask(1), memory.buffer.byteLength].join('; '));
        } };
    "#;
    let mut bundle = bundle(&[("worker.js", ModuleKind::EsModule, source)]);
    bundle.modules.push(Part {
        name: "m.wasm".to_owned(),
        kind: ModuleKind::Wasm,
        bytes: wat::parse_str(MODULE).unwrap().into(),
    });
    let judged = bench.judged(bundle, &Limits::default()).unwrap();
    for (name, pages) in [("a", 2), ("b", 2)] {
        let worker = bench.script(name, &judged, Limits::default());
        let refused = "Disallowed operation called within global scope. We";
        assert_eq!(
            bench.text(&worker, "").unwrap(),
            format!("{refused}; {refused}; 44; 4; {}", pages * 65_536)
        );
    }
}

#[test]
fn what_global_scope_compiles_is_under_the_limits() {
    let bench = bench();
    let module = wat::parse_str("(module (func (export \"a\") (result i32) i32.const 7))").unwrap();
    let judged = |source: &str| {
        let source = format!("const bytes = new Uint8Array({module:?}); {source}");
        let mut bundle = bundle(&[("worker.js", ModuleKind::EsModule, &source)]);
        bundle.flags.push("allow_eval_during_startup".to_owned());
        bench.judged(bundle, &Limits::default())
    };
    let endless = "for (;;) new WebAssembly.Module(bytes); export default { fetch() {} };";
    let refused = format!("{:?}", judged(endless).err());
    assert!(refused.contains("CPU time limit"), "{refused}");

    let many = "const all = Array.from({ length: 70 }, () => new WebAssembly.Module(bytes));
        const later = WebAssembly.instantiate(bytes);
        export default { async fetch() {
            const { instance } = await later;
            let sum = instance.exports.a();
            try {
                for (const module of all) sum += new WebAssembly.Instance(module).exports.a();
            } catch (error) {
                return new Response(`${sum} ${error.name}`);
            }
        } };";
    let worker = bench.script("w", &judged(many).unwrap(), Limits::default());
    assert_eq!(
        bench.text(&worker, "").unwrap(),
        format!("{} RangeError", 64 * 7)
    );
}
