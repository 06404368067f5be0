//! What counting fuel costs: bare wasmi with and without. `cargo bench -p postern-daemon --bench fuel`.
#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};
use wasmi::{Config, Engine, Linker, Module, Store, TypedFunc};

/// Calls, branches and memory: recursion and a sieve.
const KERNELS: &str = r#"(module
  (memory 1)
  (func $fib (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                     (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func $sieve (param $n i32) (result i32) (local $i i32) (local $j i32) (local $count i32)
    (memory.fill (i32.const 0) (i32.const 0) (local.get $n))
    (local.set $i (i32.const 2))
    (loop $outer
      (if (i32.eqz (i32.load8_u (local.get $i))) (then
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (local.set $j (i32.shl (local.get $i) (i32.const 1)))
        (block $done (loop $inner
          (br_if $done (i32.ge_u (local.get $j) (local.get $n)))
          (i32.store8 (local.get $j) (i32.const 1))
          (local.set $j (i32.add (local.get $j) (local.get $i)))
          (br $inner)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $outer (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $count))
  (func (export "run") (result i32)
    (i32.add (call $fib (i32.const 18)) (call $sieve (i32.const 30000)))))"#;

fn kernels(metered: bool) -> (Store<()>, TypedFunc<(), i32>) {
    let mut config = Config::default();
    config.consume_fuel(metered);
    let engine = Engine::new(&config);
    let module = Module::new(&engine, wat::parse_str(KERNELS).unwrap()).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine)
        .instantiate_and_start(&mut store, &module)
        .unwrap();
    let run = instance.get_typed_func(&store, "run").unwrap();
    (store, run)
}

fn fuel(c: &mut Criterion) {
    let mut group = c.benchmark_group("fuel");
    for (name, metered) in [("metered", true), ("unmetered", false)] {
        let (mut store, run) = kernels(metered);
        group.bench_function(name, |b| {
            b.iter(|| {
                if metered {
                    store.set_fuel(u64::MAX / 2).unwrap();
                }
                assert_eq!(run.call(&mut store, ()).unwrap(), 2584 + 3245);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, fuel);
criterion_main!(benches);
