//! Who counts what the invocations of a tenant use, and says when that is enough.

use super::limits::Failure;
use super::ops::OpFailure;
use super::refusal::Refusal;
use postern_abi::OpErrorCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Counts what the invocations of a tenant use. Must be quick: it is asked on threads that run guests.
pub trait Meter: Send + Sync {
    /// Counts an invocation that begins and may burn `fuel`; how much of that it may.
    ///
    /// # Errors
    /// When a quota is used up.
    fn begin(&self, fuel: u64) -> Result<u64, Failure>;

    /// Sets fuel aside for what an invocation goes on to do; how much of `fuel` it may burn.
    fn extend(&self, fuel: u64) -> u64;

    /// Which quota left an invocation less fuel than it may burn, if one did.
    fn spent(&self) -> Option<Failure>;

    /// Counts fuel that was burned, and gives back what was set aside.
    fn burned(&self, granted: u64, used: u64);

    /// Counts bytes on their way to another server or from one.
    ///
    /// # Errors
    /// When a quota is used up.
    fn egress(&self, bytes: u64) -> Result<(), Failure>;

    /// Counts bytes on their way into KV.
    ///
    /// # Errors
    /// When a quota is used up.
    fn stored(&self, bytes: u64) -> Result<(), Failure>;
}

/// The count of one invocation. What is set aside for it is given back when it is dropped.
pub struct Metered {
    meter: Arc<dyn Meter>,
    granted: u64,
    /// It was granted less than it asked for.
    is_short: bool,
    /// Fuel of the invocation that is counted already.
    counted: u64,
}

impl Metered {
    /// Counts an invocation that may burn `fuel`, and says how much of that it may.
    ///
    /// # Errors
    /// When a quota is used up.
    pub fn begin(meter: &Arc<dyn Meter>, fuel: u64) -> Result<(Self, u64), Failure> {
        let granted = meter.begin(fuel)?;
        let metered = Self {
            meter: meter.clone(),
            granted,
            is_short: granted < fuel,
            counted: 0,
        };
        Ok((metered, granted))
    }

    /// Counts what the invocation has burned so far, and sets aside for what comes; how much of that
    /// it may burn.
    pub fn renew(&mut self, burned: u64, fuel: u64) -> u64 {
        self.count(burned);
        self.granted = self.meter.extend(fuel);
        self.is_short = self.granted < fuel;
        self.granted
    }

    /// Which quota left it less than it may burn, if one did.
    pub fn spent(&self) -> Option<Failure> {
        self.is_short.then(|| self.meter.spent()).flatten()
    }

    /// Counts what the invocation has burned in all, which is over.
    pub fn end(mut self, burned: u64) {
        self.count(burned);
    }

    fn count(&mut self, burned: u64) {
        let granted = std::mem::take(&mut self.granted);
        let used = burned.saturating_sub(self.counted);
        self.counted = self.counted.max(burned);
        self.meter.burned(granted, used);
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        if self.granted > 0 {
            self.meter.burned(self.granted, 0);
        }
    }
}

/// What an invocation moves to and from KV and other servers.
pub struct Traffic {
    kv: AtomicU64,
    kv_max: u64,
    egress: AtomicU64,
    egress_max: u64,
    meter: Option<Arc<dyn Meter>>,
    /// The first of these limits and quotas that was in the way.
    refused: OnceLock<Refusal>,
}

impl Default for Traffic {
    fn default() -> Self {
        Self::new(u64::MAX, u64::MAX, None)
    }
}

impl Traffic {
    /// Within these limits, counted by this meter.
    pub fn new(kv_max: u64, egress_max: u64, meter: Option<Arc<dyn Meter>>) -> Self {
        Self {
            kv: AtomicU64::new(0),
            kv_max,
            egress: AtomicU64::new(0),
            egress_max,
            meter,
            refused: OnceLock::new(),
        }
    }

    /// The limit or quota that refused it bytes, if one did.
    pub fn refused(&self) -> Option<Refusal> {
        self.refused.get().cloned()
    }

    /// Bytes to and from other servers so far.
    pub fn egress_bytes(&self) -> u64 {
        self.egress.load(Ordering::Relaxed)
    }

    /// Counts bytes that KV gives.
    ///
    /// # Errors
    /// When the limit is reached.
    pub fn read(&self, bytes: u64) -> Result<(), OpFailure> {
        let before = self.kv.fetch_add(bytes, Ordering::Relaxed);
        let sum = before.saturating_add(bytes);
        match sum <= self.kv_max {
            true => Ok(()),
            false => Err(self.over("KV", "kv-bytes", self.kv_max, sum)),
        }
    }

    /// Counts bytes that KV takes.
    ///
    /// # Errors
    /// When the limit is reached, or a quota is used up.
    pub fn stored(&self, bytes: u64) -> Result<(), OpFailure> {
        self.read(bytes)?;
        let meter = self.meter.as_ref();
        let stored = meter.map_or(Ok(()), |it| it.stored(bytes));
        stored.map_err(|failure| self.quota(&failure))
    }

    /// Counts bytes on their way to another server or from one.
    ///
    /// # Errors
    /// When the limit is reached, or a quota is used up.
    pub fn egress(&self, bytes: u64) -> Result<(), OpFailure> {
        let before = self.egress.fetch_add(bytes, Ordering::Relaxed);
        let sum = before.saturating_add(bytes);
        if sum > self.egress_max {
            return Err(self.over("egress", "egress-bytes", self.egress_max, sum));
        }
        let meter = self.meter.as_ref();
        let moved = meter.map_or(Ok(()), |it| it.egress(bytes));
        moved.map_err(|failure| self.quota(&failure))
    }

    fn over(&self, what: &str, key: &'static str, limit: u64, used: u64) -> OpFailure {
        let _ = self.refused.set(Refusal {
            limit: key,
            value: limit,
            used,
            remedy: "raise it, or move less per request",
            retry_after_s: None,
            is_shared: false,
        });
        OpFailure::new(
            OpErrorCode::LimitExceeded,
            format!(
                "Too many bytes of {what} in one invocation: {used}, the limit of {key} is {limit}; move less, or raise {key}"
            ),
        )
    }

    fn quota(&self, failure: &Failure) -> OpFailure {
        if let Some(refusal) = failure.refusal() {
            let _ = self.refused.set(refusal);
        }
        OpFailure::new(OpErrorCode::QuotaExceeded, failure.to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn bytes_of_an_invocation_have_limits() {
        let traffic = Traffic::new(10, 20, None);
        assert!(traffic.read(4).is_ok() && traffic.stored(6).is_ok());
        let told = traffic.read(1).unwrap_err();
        assert_eq!(told.code, OpErrorCode::LimitExceeded);
        assert!(
            told.message.contains("the limit of kv-bytes is 10"),
            "{told}"
        );
        assert!(traffic.egress(20).is_ok());
        let told = traffic.egress(1).unwrap_err().message;
        assert!(
            told.contains("21, the limit of egress-bytes is 20"),
            "{told}"
        );
    }
}
