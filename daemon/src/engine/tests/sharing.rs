//! Who has how much of the CPU.

use super::stage::*;
use super::*;

/// Who is done first of those that spin until they are cut: tenant, weight, milliseconds of CPU, and how often
/// in a row.
fn order_of(spinners: &[(&'static str, u32, u32, usize)]) -> Vec<&'static str> {
    let bench = Bench::new(EngineOptions {
        threads: 1,
        ..EngineOptions::default()
    });
    let workers: Vec<_> = spinners
        .iter()
        .enumerate()
        .map(|(at, (tenant, weight, cpu_ms, _))| {
            let limits = Limits {
                cpu_ms: *cpu_ms,
                weight: *weight,
                ..Limits::default()
            };
            bench.tenants(tenant, &at.to_string(), GUEST, limits)
        })
        .collect();
    let order = Mutex::new(Vec::new());
    let mut all: Vec<_> = spinners
        .iter()
        .zip(&workers)
        .map(|((tenant, _, _, times), worker)| {
            let order = &order;
            Box::pin(async move {
                for _ in 0..*times {
                    let failure = worker.fetch(request("s")).await.unwrap_err();
                    assert_eq!(failure.outcome(), Outcome::ExceededCpu);
                    order.lock().push(*tenant);
                }
            })
        })
        .collect();
    bench.block(std::future::poll_fn(|cx| {
        all.retain_mut(|one| one.as_mut().poll(cx).is_pending());
        match all.is_empty() {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    }));
    drop(all);
    order.into_inner()
}

#[test]
fn who_weighs_more_is_done_sooner() {
    assert_eq!(
        order_of(&[("light", 1, 500, 1), ("heavy", 1000, 10, 3)]),
        ["heavy", "heavy", "heavy", "light"]
    );
}

#[test]
fn a_tenant_of_many_workers_has_the_share_of_one() {
    let many = ("many", 100, 10, 1);
    let order = order_of(&[many, many, many, many, ("one", 100, 10, 1)]);
    assert_eq!(order[0], "one", "{order:?}");
}
