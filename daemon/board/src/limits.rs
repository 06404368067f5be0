//! The limits of a Worker's invocations, and the `[limits]` and `[ceilings]` tables that set them.
//!
//! Milliseconds of CPU become fuel in one place, [`Limits::fuel`].

use super::amount::{Amount, show_bytes};
use super::document::{Document, suggest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use toml::Spanned;

/// Fuel that a slice of a turn may be set to. A shorter one is spent on taking turns. A longer
/// one keeps the other tenants waiting, and what the interpreter leaves on a thread's stack
/// until the slice ends ([`module::meter`](super::module::meter)) must fit it.
pub const SLICE_FUEL: RangeInclusive<u64> = 10_000..=2_000_000;

/// Milliseconds of CPU that start-up may be given at most.
const STARTUP_MS_MAX: u64 = 60_000;

/// Fuel that start-up has on the slowest board, too, where nobody says otherwise. It is burned once, by a
/// push, and a Worker that imports much of Node needs half of it, whatever the board: the engine compiles
/// Node's modules then.
pub const STARTUP_FUEL: u64 = 400_000_000;

/// Fuel that start-up has beside that for each byte of its modules: compiling a byte of JavaScript takes 400 to 600,
/// and what large bundles do when they start, tables and classes, grows with them. A small one that spins gets none of it.
pub const STARTUP_FUEL_PER_BYTE: u64 = 2_000;

/// What one Worker may use. Every number is an upper bound; there is no "unlimited".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Limits {
    /// Milliseconds of CPU an invocation may use, on this board as calibrated.
    pub cpu_ms: u32,
    /// Milliseconds of CPU that start-up (start function and boot) may use, beside what
    /// [`Limits::with_modules`] adds at a push.
    pub startup_cpu_ms: u32,
    /// Bytes of all memories and tables of one isolate.
    pub memory_bytes: u64,
    /// Bytes of the interpreter's own stack in one isolate.
    pub stack_bytes: u32,
    /// Calls that may be nested in one isolate.
    pub call_depth: u32,
    /// Milliseconds from a request's arrival to its answer's last byte.
    pub wall_ms: u32,
    /// Milliseconds that `waitUntil` work may take after the answer (spec: SEMANTICS §19).
    pub wait_until_ms: u32,
    /// Subrequests an invocation may start (spec: SEMANTICS §3).
    pub subrequests: u32,
    /// KV operations an invocation may start.
    pub kv_operations: u32,
    /// Operations that an invocation may have running at the same time.
    pub pending_operations: u32,
    /// Invocations of this Worker that may run at the same time.
    pub concurrent_invocations: u32,
    /// Isolates of this Worker that may exist at the same time.
    pub isolates: u32,
    /// Bytes of a request's body.
    pub request_body_bytes: u64,
    /// Bytes of a response's body.
    pub response_body_bytes: u64,
    /// Bytes that an invocation may log; the rest is dropped and counted.
    pub log_bytes: u32,
    /// The share of the CPU that its tenant has beside others' (100 is an even one).
    pub weight: u32,
    /// Requests to this script in a second, and as many at once.
    pub requests_per_second: u32,
    /// Requests that wait for a Worker, or a tenant, whose invocations are as many as they may be.
    pub queue_length: u32,
    /// Milliseconds that such a request waits.
    pub queue_ms: u32,
    /// Invocations of all Workers of a tenant that may run at the same time.
    pub tenant_concurrent_invocations: u32,
    /// Requests to all scripts of a tenant in a second, and as many at once.
    pub tenant_requests_per_second: u32,
    /// Bytes of keys, values and metadata that an invocation may write to and read from KV.
    pub kv_bytes: u64,
    /// Bytes that an invocation may send to other servers and get from them.
    pub egress_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu_ms: 50,
            startup_cpu_ms: 1000,
            memory_bytes: 16 << 20,
            stack_bytes: 1 << 20,
            call_depth: 4096,
            wall_ms: 30_000,
            wait_until_ms: 30_000,
            subrequests: 50,
            kv_operations: 1000,
            pending_operations: 64,
            concurrent_invocations: 64,
            isolates: 4,
            request_body_bytes: 100 << 20,
            response_body_bytes: 100 << 20,
            log_bytes: 128 << 10,
            weight: 100,
            requests_per_second: 1_000_000,
            queue_length: 64,
            queue_ms: 1000,
            tenant_concurrent_invocations: 1024,
            tenant_requests_per_second: 1_000_000,
            kv_bytes: 100 << 20,
            egress_bytes: 500 << 20,
        }
    }
}

impl Limits {
    /// The fuel that `cpu_ms` is worth at a calibrated rate of `fuel_per_ms`.
    pub fn fuel(&self, fuel_per_ms: u64) -> u64 {
        u64::from(self.cpu_ms).saturating_mul(fuel_per_ms)
    }

    /// The same, with time for [`STARTUP_FUEL`] at start-up on a board of this rate.
    pub fn with_startup(mut self, fuel_per_ms: u64) -> Self {
        let time_ms = STARTUP_FUEL
            .div_ceil(fuel_per_ms.max(1))
            .min(STARTUP_MS_MAX);
        self.startup_cpu_ms = self
            .startup_cpu_ms
            .max(u32::try_from(time_ms).unwrap_or(u32::MAX));
        self
    }

    /// The same, with time for [`STARTUP_FUEL_PER_BYTE`] for each of so many bytes of modules at start-up.
    pub fn with_modules(mut self, bytes: u64, fuel_per_ms: u64) -> Self {
        let fuel = bytes.saturating_mul(STARTUP_FUEL_PER_BYTE);
        let time_ms = (fuel / fuel_per_ms.max(1))
            .saturating_add(self.startup_cpu_ms.into())
            .min(STARTUP_MS_MAX);
        self.startup_cpu_ms = u32::try_from(time_ms).unwrap_or(u32::MAX);
        self
    }

    /// The same, with a sixteenth of what a board has for all tenants' memory for an isolate, where that is more:
    /// what is written for the field's 128 MB is not refused on a machine that has room for it.
    pub fn with_memory(mut self, tenant_memory: u64) -> Self {
        self.memory_bytes = self.memory_bytes.max(tenant_memory / 16);
        self
    }

    /// The fuel that `startup_cpu_ms` is worth.
    pub fn startup_fuel(&self, fuel_per_ms: u64) -> u64 {
        u64::from(self.startup_cpu_ms).saturating_mul(fuel_per_ms)
    }
}

/// A table of limits as written; keys are checked by [`apply`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct RawLimits(BTreeMap<Spanned<String>, Spanned<Amount>>);

/// One limit: its key, where it lives, and between which bounds any value makes sense.
pub struct Field {
    /// The key in a file, the unit last.
    pub key: &'static str,
    /// Reads it.
    pub get: fn(&Limits) -> u64,
    /// Sets it, to a value between the bounds.
    pub set: fn(&mut Limits, u64),
    /// The least value that makes sense.
    pub floor: u64,
    /// The most that this daemon can enforce.
    pub roof: u64,
    /// What it bounds, for people.
    pub about: &'static str,
}

impl Field {
    /// Whether it counts bytes.
    pub fn is_bytes(&self) -> bool {
        self.key.ends_with("-bytes")
    }

    /// A value of this limit with its unit, for people.
    pub fn show(&self, value: u64) -> String {
        if self.is_bytes() {
            show_bytes(value)
        } else if self.key.ends_with("-ms") {
            format!("{value} ms")
        } else {
            value.to_string()
        }
    }
}

/// Gives one limit's accessors from its name in [`Limits`].
macro_rules! field {
    ($key:literal, $name:ident: $type:ty, $floor:expr, $roof:expr, $about:literal) => {
        Field {
            key: $key,
            get: |limits| u64::from(limits.$name),
            // The roof fits the type, which a test checks, so that nothing is cut off here.
            set: |limits, value| limits.$name = <$type>::try_from(value).unwrap_or(<$type>::MAX),
            floor: $floor,
            roof: $roof,
            about: $about,
        }
    };
}

/// Every limit there is.
pub const FIELDS: [Field; 23] = [
    field!("cpu-ms", cpu_ms: u32, 1, 300_000, "CPU time of an invocation"),
    field!("startup-cpu-ms", startup_cpu_ms: u32, 1, STARTUP_MS_MAX, "CPU time of start-up"),
    field!("memory-bytes", memory_bytes: u64, 64 << 10, 4 << 30, "memories and tables of an isolate"),
    field!("stack-bytes", stack_bytes: u32, 16 << 10, 64 << 20, "interpreter stack of an isolate"),
    field!("call-depth", call_depth: u32, 16, 1 << 20, "nested calls"),
    field!("wall-ms", wall_ms: u32, 10, 3_600_000, "time from a request to its answer's last byte"),
    field!("wait-until-ms", wait_until_ms: u32, 0, 600_000, "time for waitUntil work after the answer"),
    field!("subrequests", subrequests: u32, 0, 10_000, "subrequests of an invocation"),
    field!("kv-operations", kv_operations: u32, 0, 1_000_000, "KV operations of an invocation"),
    field!("pending-operations", pending_operations: u32, 1, 4096, "operations running at the same time"),
    field!("concurrent-invocations", concurrent_invocations: u32, 1, 65_536, "invocations of a Worker at the same time"),
    field!("isolates", isolates: u32, 1, 1024, "isolates of a Worker at the same time"),
    field!("request-body-bytes", request_body_bytes: u64, 0, 4 << 30, "body of a request"),
    field!("response-body-bytes", response_body_bytes: u64, 0, 4 << 30, "body of a response"),
    field!("log-bytes", log_bytes: u32, 0, 16 << 20, "log of an invocation"),
    field!("weight", weight: u32, 1, 1000, "share of the CPU beside other tenants"),
    field!("requests-per-second", requests_per_second: u32, 0, 1_000_000, "requests to a script in a second"),
    field!("queue-length", queue_length: u32, 0, 4096, "requests that wait for a Worker or a tenant"),
    field!("queue-ms", queue_ms: u32, 0, 60_000, "time that a request waits for a Worker or a tenant"),
    field!("tenant-concurrent-invocations", tenant_concurrent_invocations: u32, 1, 65_536, "invocations of a tenant at the same time"),
    field!("tenant-requests-per-second", tenant_requests_per_second: u32, 0, 1_000_000, "requests to a tenant in a second"),
    field!("kv-bytes", kv_bytes: u64, 0, 1 << 40, "bytes an invocation writes to KV and reads from it"),
    field!("egress-bytes", egress_bytes: u64, 0, 1 << 40, "bytes an invocation sends to other servers and gets from them"),
];

/// Writes a table's values over `base`, noting what breaks a rule. `table` is its name.
pub fn apply(document: &mut Document<'_>, table: &str, raw: &RawLimits, base: Limits) -> Limits {
    let mut limits = base;
    for (key, amount) in &raw.0 {
        let name = key.get_ref().as_str();
        let Some(field) = FIELDS.iter().find(|field| field.key == name) else {
            let known: Vec<&str> = FIELDS.iter().map(|field| field.key).collect();
            document.problem(
                Some(key.span()),
                format!("unknown key `{name}` in `{table}`"),
                suggest(name, &known),
            );
            continue;
        };
        let Amount { value, bytes } = *amount.get_ref();
        if bytes && !field.is_bytes() {
            document.problem(
                Some(amount.span()),
                format!("`{table}.{name}` has a unit of bytes, but it does not count bytes"),
                "write a number alone",
            );
        } else if value < field.floor || value > field.roof {
            document.problem(
                Some(amount.span()),
                format!(
                    "`{table}.{name}` is {}; it must be {} to {}",
                    field.show(value),
                    field.show(field.floor),
                    field.show(field.roof)
                ),
                "choose a value in this range",
            );
        } else {
            (field.set)(&mut limits, value);
        }
    }
    limits
}

/// Notes every limit of `low` that is above the same one of `high`. `span` finds the place of
/// a key, where it was written.
pub fn compare(
    document: &mut Document<'_>,
    low: (&str, &Limits, &RawLimits),
    high: (&str, &Limits),
    remedy: &str,
) {
    for field in &FIELDS {
        let (is, may) = ((field.get)(low.1), (field.get)(high.1));
        if is > may {
            let written = low.2.0.iter().find(|(key, _)| key.get_ref() == field.key);
            document.problem(
                written.map(|(_, amount)| amount.span()),
                format!(
                    "`{}.{}` is {}, but {} allows {}",
                    low.0,
                    field.key,
                    field.show(is),
                    high.0,
                    field.show(may)
                ),
                remedy,
            );
        }
    }
}

/// Lowers every limit that is above the same one of `ceiling` and was not written in `raw`:
/// the built-in defaults must fit a small board without a word.
pub fn lower_unwritten(limits: Limits, raw: &RawLimits, ceiling: &Limits) -> Limits {
    let mut lowered = limits;
    for field in &FIELDS {
        let may = (field.get)(ceiling);
        let written = raw.0.keys().any(|key| key.get_ref() == field.key);
        if !written && (field.get)(&lowered) > may {
            (field.set)(&mut lowered, may);
        }
    }
    lowered
}

/// What a board or an operator that says nothing allows a Worker to ask for.
pub fn default_ceilings() -> Limits {
    Limits {
        cpu_ms: 30_000,
        startup_cpu_ms: 5_000,
        memory_bytes: 128 << 20,
        stack_bytes: 8 << 20,
        call_depth: 65_536,
        wall_ms: 300_000,
        wait_until_ms: 30_000,
        subrequests: 1000,
        kv_operations: 10_000,
        pending_operations: 1024,
        concurrent_invocations: 1024,
        isolates: 64,
        request_body_bytes: 500 << 20,
        response_body_bytes: 500 << 20,
        log_bytes: 1 << 20,
        weight: 1000,
        requests_per_second: 1_000_000,
        queue_length: 1024,
        queue_ms: 30_000,
        tenant_concurrent_invocations: 65_536,
        tenant_requests_per_second: 1_000_000,
        kv_bytes: 1 << 30,
        egress_bytes: 4 << 30,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn start_up_has_its_fuel_on_slow_boards() {
        let check = |fuel_per_ms, time_ms| {
            let limits = Limits::default().with_startup(fuel_per_ms);
            assert_eq!(limits.startup_cpu_ms, time_ms, "{fuel_per_ms}");
        };
        check(1_500_000, 1000);
        check(60_000, 6667);
        // As much as any board may give, and no less on one that says nothing.
        check(100, 60_000);
        check(0, 60_000);
        check(u64::MAX, 1000);
        let ceilings = default_ceilings();
        assert_eq!(ceilings.with_startup(1_500_000), ceilings);
    }

    #[test]
    fn start_up_has_time_for_what_is_compiled() {
        let check = |bytes, fuel_per_ms, time_ms| {
            let limits = Limits::default().with_modules(bytes, fuel_per_ms);
            assert_eq!(limits.startup_cpu_ms, time_ms, "{bytes} {fuel_per_ms}");
        };
        check(0, 1_500_000, 1000);
        check(749, 1_500_000, 1000);
        check(750, 1_500_000, 1001);
        // As much as may be pushed, and no more than any board may give.
        check(10 << 20, 1_500_000, 14_981);
        check(10 << 20, 60_000, 60_000);
        check(u64::MAX, 0, 60_000);
    }

    #[test]
    fn isolates_have_more_memory_where_there_is_more() {
        let check = |tenants: u64, isolate: u64| {
            let limits = Limits::default().with_memory(tenants << 20);
            assert_eq!(limits.memory_bytes, isolate << 20, "{tenants}");
        };
        check(28, 16);
        check(256, 16);
        check(1024, 64);
    }

    #[test]
    fn every_limit_has_a_field_and_fits_its_type() {
        let shown = serde_json::to_value(Limits::default()).unwrap();
        let mut keys: Vec<&str> = shown
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        let mut known: Vec<&str> = FIELDS.iter().map(|field| field.key).collect();
        known.sort_unstable();
        assert_eq!(keys, known);
        for field in &FIELDS {
            for value in [field.floor, field.roof] {
                let mut limits = Limits::default();
                (field.set)(&mut limits, value);
                assert_eq!((field.get)(&limits), value, "{}", field.key);
            }
            for limits in [Limits::default(), default_ceilings()] {
                let value = (field.get)(&limits);
                assert!(field.floor <= value && value <= field.roof, "{}", field.key);
            }
            assert!((field.get)(&Limits::default()) <= (field.get)(&default_ceilings()));
        }
    }
}
