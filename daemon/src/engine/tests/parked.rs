//! Isolates that rest without an instance, with the real engine of JavaScript.

use super::javascript::{bench, bundle};
use super::*;
use postern_abi::bundle::ModuleKind;

/// Keeps state of all kinds: counts, a closure, a string, and much memory where it is told to.
const STATEFUL: &str = "
    let count = 0;
    const seen = new Map();
    let large;
    export default { async fetch(request, env) {
        const path = new URL(request.url).pathname.slice(1);
        count++;
        seen.set(path, () => `${path}${count}`);
        globalThis.secret = 'x'.repeat(1000 * count);
        Array.prototype.at = () => 'mine';
        if (path === 'grow') large = new Uint8Array(5 << 20);
        if (path === 'much') large = new Uint8Array(2 << 20).fill(count);
        if (path === 'kv') await env.KV.put('n', String(count));
        const kept = await env.KV.get('n');
        return new Response([count, [...seen.values()].map((it) => it()), secret.length,
            [1].at(0), large?.at(-1), kept].join(' '));
    } };
";

fn js(bench: &Bench, names: &[&str], source: &str) -> Vec<Arc<Worker>> {
    let limits = Limits::default();
    let judged = bench.judged(
        bundle(&[("worker.js", ModuleKind::EsModule, source)]),
        &limits,
    );
    let judged = judged.unwrap();
    let scripts = names.iter();
    scripts
        .map(|name| bench.script(name, &judged, limits))
        .collect()
}

/// Waits until nothing runs.
pub(super) fn settle(bench: &Bench) {
    bench.block(async {
        while bench.engine.resting().len() < bench.engine.isolates()
            || bench.engine.resting().iter().any(|it| it.is_running())
        {
            futures_lite::future::yield_now().await;
        }
    });
}

/// Waits until nothing runs, and has all isolates let go of what they can; how many have parked.
pub(super) fn park(bench: &Bench) -> usize {
    settle(bench);
    let resting = bench.engine.resting();
    let parked = resting.iter().filter(|isolate| isolate.let_go()).count();
    assert!(resting.iter().all(|isolate| isolate.is_lean()));
    parked
}

#[test]
fn a_parked_isolate_goes_on_as_if_nothing_had_been() {
    // One of them parks after each request, the other never does.
    let benches = [bench(), bench()];
    let workers = benches
        .each_ref()
        .map(|it| js(it, &["s"], STATEFUL).remove(0));
    for path in ["a", "b", "kv", "a", "grow", "c", "kv", "grow", "d", "much"] {
        let told = [0, 1].map(|at| {
            let text = benches[at].text(&workers[at], path).unwrap();
            (text, benches[at].last().fuel, workers[at].memory())
        });
        assert_eq!(told[0], told[1], "{path}");
        // Who keeps much keeps its memory.
        let parks = usize::from(path != "much");
        assert_eq!(park(&benches[0]), parks, "{path}");
        let engine = &benches[0].engine;
        assert_eq!((engine.parked(), engine.isolates()), (parks, 1));
        assert_eq!(workers[0].memory(), told[1].2);
    }
    assert_eq!(benches[1].engine.parked(), 0);
}

#[test]
fn who_takes_the_instance_of_a_parked_one_learns_nothing() {
    let bench = bench();
    let stateful = js(&bench, &["a", "b", "c"], STATEFUL);
    let other = "export default { fetch(request) {
        return new Response([typeof secret, [1].at(0)].join(' '));
    } };";
    let other = js(&bench, &["other"], other).remove(0);
    assert_eq!(bench.text(&other, "").unwrap(), "undefined 1");
    let fuel = bench.last().fuel;
    other.retire();
    for round in 1..4 {
        for worker in &stateful {
            let told = bench.text(worker, "p").unwrap();
            assert!(
                told.starts_with(&format!("{round} p{round} {round}000 mine")),
                "{told}"
            );
            assert_eq!(park(&bench), 1);
            assert_eq!(bench.text(&other, "").unwrap(), "undefined 1");
            assert_eq!(bench.last().fuel, fuel);
            other.retire();
        }
    }
    assert_eq!(bench.engine.parked(), stateful.len());
}

#[test]
fn what_is_in_the_middle_of_something_does_not_park() {
    let bench = bench();
    let source = "export default { async fetch(request) {
        await scheduler.wait(50);
        return new Response('ok');
    } };";
    let worker = js(&bench, &["s"], source).remove(0);
    let isolates = || bench.engine.0.isolates.lock().clone();
    bench.block(async {
        let answer = worker.fetch(request(""));
        let mut answer = std::pin::pin!(answer);
        assert!(futures_lite::future::poll_once(&mut answer).await.is_none());
        let isolate = isolates()[0].upgrade().unwrap();
        while isolate.is_running() {
            futures_lite::future::yield_now().await;
        }
        assert!(!isolate.let_go() && !isolate.is_parked());
        assert_eq!(answer.await.unwrap().status, 200);
    });
    assert_eq!(park(&bench), 1);
    assert_eq!(park(&bench), 0);
    // Isolates of other modules keep their instances.
    let wasm = bench.worker(GUEST, Limits::default());
    assert_eq!(bench.text(&wasm, "h").unwrap(), "hello");
    assert_eq!(park(&bench), 0);
    assert_eq!(bench.engine.parked(), 1);
}

#[test]
fn a_parked_isolate_ends_as_others_do() {
    let bench = bench();
    let workers = js(&bench, &["a", "b"], STATEFUL);
    assert!(bench.text(&workers[0], "grow").is_ok());
    assert_eq!(park(&bench), 1);
    assert!(bench.text(&workers[1], "x").is_ok());
    assert_eq!(park(&bench), 1);
    assert_eq!(bench.engine.parked(), 2);
    assert!(bench.engine.evict_one(bench.engine.budget()));
    workers[1].retire();
    assert_eq!((bench.engine.isolates(), bench.engine.parked()), (0, 0));
    // What is left is what all have in common.
    let parts = bench.engine.budget().parts();
    let names: Vec<&str> = parts.iter().map(Budget::name).collect();
    assert_eq!(names, ["JavaScript"]);
    assert_eq!(bench.engine.budget().used(), parts[0].used());
    let told = bench.text(&workers[0], "x").unwrap();
    assert!(told.starts_with("1 x1 "), "{told}");
}

#[test]
fn isolates_park_at_any_moment_and_no_request_notices() {
    let bench = bench();
    let source = "let count = 0;
        export default { fetch() { count++; return new Response(`${count}`); } };";
    let workers = js(&bench, &["a", "b", "c"], source);
    let (bench, workers) = (&bench, &workers);
    std::thread::scope(|scope| {
        let serving: Vec<_> = workers
            .iter()
            .map(|worker| {
                scope.spawn(move || {
                    // One after the other, they are all of one isolate, also where it was not done yet.
                    for count in 1..=200 {
                        assert_eq!(bench.text(worker, "").unwrap(), count.to_string());
                    }
                })
            })
            .collect();
        while serving.iter().any(|thread| !thread.is_finished()) {
            bench.engine.resting().iter().for_each(|isolate| {
                isolate.let_go();
            });
        }
    });
}
