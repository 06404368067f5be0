//! What a tenant's count is told of invocations, and what it can refuse.

use super::*;
use crate::engine::meter::Meter;
use parking_lot::Mutex;
use std::sync::Arc;

/// Grants so much fuel in all, and notes what it is told.
struct Purse {
    left: Mutex<u64>,
    told: Mutex<Vec<(u64, u64)>>,
}

fn spent() -> Failure {
    Failure::Quota {
        quota: "fuel-per-day",
        value: 1,
        used: 1,
        retry_after_s: 9,
    }
}

impl Meter for Purse {
    fn begin(&self, fuel: u64) -> Result<u64, Failure> {
        match self.extend(fuel) {
            0 => Err(spent()),
            granted => Ok(granted),
        }
    }

    fn extend(&self, fuel: u64) -> u64 {
        let mut left = self.left.lock();
        let granted = fuel.min(*left);
        *left -= granted;
        granted
    }

    fn spent(&self) -> Option<Failure> {
        Some(spent())
    }

    fn burned(&self, granted: u64, used: u64) {
        *self.left.lock() += granted.saturating_sub(used);
        self.told.lock().push((granted, used));
    }

    fn egress(&self, _: u64) -> Result<(), Failure> {
        Ok(())
    }

    fn stored(&self, _: u64) -> Result<(), Failure> {
        Ok(())
    }
}

#[test]
fn an_invocation_burns_no_more_than_its_tenant_has() {
    let bench = bench();
    let limits = Limits {
        cpu_ms: 50,
        ..Limits::default()
    };
    let worker = bench.worker(GUEST, limits);
    let purse = Arc::new(Purse {
        left: Mutex::new(1_000_000),
        told: Mutex::default(),
    });
    worker.set_limits(limits, Some(purse.clone()));
    assert_eq!(bench.text(&worker, "h").unwrap(), "hello");
    let (granted, used) = purse.told.lock()[0];
    assert!(granted == 1_000_000 && used > 0 && used < 100_000, "{used}");
    assert_eq!(
        used,
        bench.last().fuel,
        "what it burned, and what is told of it"
    );
    // Its own limit is far higher.
    assert_eq!(bench.text(&worker, "s").unwrap_err(), spent());
    let burned: u64 = purse.told.lock().iter().map(|(_, used)| used).sum();
    assert!((900_000..1_100_000).contains(&burned), "{burned}");
    *purse.left.lock() = 0;
    let records = bench.records.0.lock().len();
    assert_eq!(bench.text(&worker, "h").unwrap_err(), spent());
    assert_eq!(bench.records.0.lock().len(), records, "it never began");
    assert!(worker.is_idle());
}
