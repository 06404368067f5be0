//! Fuel and time of a request: `cargo run --release --example measure -- hello GET /`.

use postern_module_tests::{Isolate, guest};
use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, method, path] = &arguments[..] else {
        eprintln!("usage: measure GUEST METHOD PATH");
        std::process::exit(2);
    };
    const ROUNDS: u32 = 20_000;
    let mut isolate = Isolate::new(&guest(name));
    isolate.bind("COUNTS", &postern_abi::op::EnvValue::Kv);
    isolate.bind("KV", &postern_abi::op::EnvValue::Kv);
    let mut best = u128::MAX;
    let mut fuel = 0;
    for _ in 0..ROUNDS {
        let before = isolate.fuel();
        let start = Instant::now();
        isolate.fetch(method, path, b"").expect("it does not trap");
        best = best.min(start.elapsed().as_nanos());
        fuel = isolate.fuel() - before;
        isolate.host().answers.clear();
    }
    println!("{name} {method} {path}: {fuel} fuel, {best} ns at best with this host");
}
