//! Who gets memory when there is little of it, with the real engine of JavaScript.

use super::javascript::{bench_of, bundle};
use super::parked::{park, settle};
use super::*;
use postern_abi::bundle::ModuleKind;

/// Counts its requests, and keeps as much memory as it is told to.
const HOARDER: &str = "
    let count = 0;
    const kept = [];
    export default { async fetch(request) {
        const path = new URL(request.url).pathname.slice(1);
        if (path === 'hoard') kept.push(new Uint8Array(2 << 20));
        if (path === 'wait') await scheduler.wait(20);
        return new Response(String(++count));
    } };
";

fn workers<const N: usize>(bench: &Bench, names: [&str; N]) -> [Arc<Worker>; N] {
    let limits = Limits::default();
    let source = bundle(&[("worker.js", ModuleKind::EsModule, HOARDER)]);
    let judged = bench.judged(source, &limits).unwrap();
    names.map(|name| bench.script(name, &judged, limits))
}

/// So much memory for Workers, beside what the engine of JavaScript has.
fn part(bytes: u64) -> Budget {
    Budget::new("device", u64::MAX).part("Workers", bytes)
}

/// Bytes that one isolate is granted.
fn of_one() -> u64 {
    let bench = bench_of(part(64 << 20));
    let [worker] = workers(&bench, ["a"]);
    bench.text(&worker, "").unwrap();
    worker.budget().used()
}

#[test]
fn what_has_parked_leaves_its_memory_to_others() {
    let one = of_one();
    // Room for one that is awake, and little beside it.
    let bench = bench_of(part(one + (512 << 10)));
    let all = workers(&bench, ["a", "b", "c"]);
    for round in 1..4 {
        for worker in &all {
            assert_eq!(bench.text(worker, "").unwrap(), round.to_string());
            assert!(bench.engine.budget().used() >= one);
            assert_eq!(park(&bench), 1);
            assert!(bench.engine.budget().used() < 512 << 10);
        }
    }
    assert_eq!((bench.engine.isolates(), bench.engine.parked()), (3, 3));
}

#[test]
fn who_is_woken_has_others_go() {
    let one = of_one();
    let bench = bench_of(part(one + (512 << 10)));
    let [first, second] = workers(&bench, ["a", "b"]);
    bench.text(&first, "").unwrap();
    assert_eq!(park(&bench), 1);
    bench.text(&second, "").unwrap();
    assert_eq!(bench.engine.isolates(), 2);
    settle(&bench);
    assert_eq!(bench.text(&first, "").unwrap(), "2", "it went on");
    assert_eq!(bench.engine.isolates(), 1);
    settle(&bench);
    assert_eq!(bench.text(&second, "").unwrap(), "1", "it began anew");
}

#[test]
fn who_has_most_goes_first() {
    let one = of_one();
    let bench = bench_of(part(2 * one + (5 << 20)));
    let [modest, hoarder, new] = workers(&bench, ["a", "b", "c"]);
    bench.text(&modest, "").unwrap();
    bench.text(&hoarder, "hoard").unwrap();
    settle(&bench);
    // The one that has rested longest is the modest one.
    bench.text(&hoarder, "hoard").unwrap();
    settle(&bench);
    bench.text(&new, "").unwrap();
    assert_eq!(bench.text(&modest, "").unwrap(), "2", "it is there still");
    settle(&bench);
    assert_eq!(bench.text(&hoarder, "").unwrap(), "1", "it began anew");
}

#[test]
fn what_does_not_fit_is_refused_with_the_figures() {
    let one = of_one();
    let bench = bench_of(part(one + (256 << 10)));
    let [first, second] = workers(&bench, ["a", "b"]);
    let (slow, refused) = bench.block(async {
        futures_lite::future::zip(first.fetch(request("wait")), async {
            while bench.engine.isolates() == 0 {
                futures_lite::future::yield_now().await;
            }
            second.fetch(request("")).await
        })
        .await
    });
    assert_eq!(slow.unwrap().status, 200);
    let Err(Failure::Overloaded { reason, .. }) = refused else {
        panic!("{refused:?}");
    };
    for part in [
        "no memory for another isolate: needs ",
        " memory; free ",
        " (Workers); no isolate is idle",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
    // The first has come to rest and goes.
    settle(&bench);
    assert_eq!(bench.text(&second, "").unwrap(), "1");
}

#[test]
fn what_could_never_run_is_refused_when_it_is_pushed() {
    let bench = bench_of(part(3 << 20));
    let source = bundle(&[("worker.js", ModuleKind::EsModule, HOARDER)]);
    let refused = bench.judged(source, &Limits::default()).unwrap_err();
    let told = refused.to_string();
    let begins = "the Worker does not fit this machine: needs 5.";
    assert!(told.starts_with(begins), "{told}");
    assert!(
        told.contains(" memory; free 3.0 MiB of 3.0 MiB (Workers);"),
        "{told}"
    );
}

#[test]
fn the_ledger_tells_who_has_what() {
    let bench = bench_of(part(64 << 20));
    let [first, second] = workers(&bench, ["a", "b"]);
    bench.text(&first, "hoard").unwrap();
    bench.text(&second, "").unwrap();
    let accounts = bench.engine.accounts();
    let tenants: Vec<(&str, u64)> = accounts
        .workers
        .parts
        .iter()
        .map(|it| (it.name.as_str(), it.granted_bytes))
        .collect();
    let names: Vec<&str> = tenants.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["n/a", "n/b"]);
    assert!(tenants[0].1 >= tenants[1].1 + (2 << 20), "{tenants:?}");
    assert_eq!(accounts.workers.granted_bytes, bench.engine.budget().used());
    let isolate = &accounts.workers.parts[1].parts[0].parts[0];
    assert_eq!(isolate.name, "isolate, idle");
    assert!(isolate.resident_bytes > 0);
    settle(&bench);
    first.retire();
    second.retire();
    assert_eq!(bench.engine.accounts().workers.parts.len(), 0);
}
