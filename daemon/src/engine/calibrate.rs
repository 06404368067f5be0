//! How much fuel this machine burns in a millisecond, measured by kernels of wasm in the interpreter
//! that tenants' code runs in, in slices as theirs are.
//!
//! Time is the thread's own on the CPU: what else runs on the machine does not count, as it does not
//! count for a tenant.

use super::code::Code;
use super::judge::{NoBindings, Starting};
use super::limits::Limits;
use super::module::{self, ModuleLimits};
use super::turn::{Entry, Turn};
use rustix::time::{ClockId, clock_gettime};
use std::sync::{Arc, Barrier};
use std::time::Duration;

/// `calibrate.wat` as bytes: what translates text is not in the binary.
const MODULE: &[u8] = include_bytes!("calibrate.wasm");

/// What is measured, in the order of the module's events.
pub const KERNELS: [&str; 4] = ["integer", "memory", "calls", "script"];

/// How long is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Samples of each kernel, on one core and on all.
    pub samples: usize,
    /// Of each sample, on the CPU.
    pub sample: Duration,
    /// Threads that run at the same time when all cores are measured.
    pub cores: usize,
    /// Fuel of a slice, as the engine has it.
    pub slice_fuel: u64,
}

/// What one kernel gave: fuel a millisecond, every sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates {
    /// Its name.
    pub kernel: &'static str,
    /// On one core, the others left alone.
    pub one: Vec<u64>,
    /// On all cores at once: those of each core, one after the other.
    pub all: Vec<u64>,
}

/// Measures every kernel. Blocks, and keeps the machine busy meanwhile.
///
/// # Errors
/// When the module does not run, or the system refuses threads.
pub fn rates(effort: Effort) -> Result<Vec<Rates>, String> {
    let mut rates = Vec::with_capacity(KERNELS.len());
    for (kind, kernel) in KERNELS.into_iter().enumerate() {
        let kind = kind as u32;
        let one = Kernel::new(kind, effort)?.samples()?;
        let all = on_all_cores(kind, effort)?;
        rates.push(Rates { kernel, one, all });
    }
    Ok(rates)
}

/// The samples of as many threads as there are cores, which begin together.
fn on_all_cores(kind: u32, effort: Effort) -> Result<Vec<u64>, String> {
    // Each is made before any begins, so that none waits for one that never comes.
    let kernels = (0..effort.cores.max(1)).map(|_| Kernel::new(kind, effort));
    let kernels = kernels.collect::<Result<Vec<_>, _>>()?;
    let gate = Barrier::new(kernels.len());
    std::thread::scope(|scope| {
        let threads: Vec<_> = kernels
            .into_iter()
            .map(|mut kernel| {
                let gate = &gate;
                scope.spawn(move || {
                    gate.wait();
                    kernel.samples()
                })
            })
            .collect();
        let mut all = Vec::new();
        for thread in threads {
            let told = thread.join();
            all.extend(told.map_err(|_| "a thread of the calibration panicked".to_owned())??);
        }
        Ok(all)
    })
}

/// A kernel on its way.
struct Kernel {
    starting: Starting,
    entry: Option<Entry>,
    effort: Effort,
}

impl Kernel {
    fn new(kind: u32, effort: Effort) -> Result<Self, String> {
        let limits = Limits {
            memory_bytes: 4 << 20,
            ..Limits::default()
        };
        let told = |error: &dyn std::fmt::Display| format!("calibration: {error}");
        let module_limits = ModuleLimits {
            module_bytes: MODULE.len() as u64,
            ..ModuleLimits::with_memory_bytes(limits.memory_bytes)
        };
        let inspected = module::inspect(MODULE, &module_limits).map_err(|error| told(&error))?;
        let init = module::init_module(MODULE, &inspected).map_err(|error| told(&error))?;
        let code = Code::unbooted(
            inspected.kind,
            &init,
            &limits,
            wasmi::CompilationMode::Eager,
        );
        let code = code.map_err(|error| told(&error.what))?;
        let starting = Starting::new(&code, &limits, 0, Arc::new(NoBindings));
        let starting = starting.map_err(|error| told(&error))?;
        let name = postern_abi::export::EVENT;
        let event = starting.instance.get_typed_func(&starting.store, name);
        let event = event.map_err(|error| told(&error))?;
        Ok(Self {
            starting,
            entry: Some(Entry::Event(event, (kind, 0, 0))),
            effort,
        })
    }

    fn samples(&mut self) -> Result<Vec<u64>, String> {
        // What is touched and translated for the first time is no part of it.
        self.sample(self.effort.sample / 8)?;
        (0..self.effort.samples.max(1))
            .map(|_| self.sample(self.effort.sample))
            .collect()
    }

    /// Fuel a millisecond, over so much time on the CPU.
    fn sample(&mut self, time: Duration) -> Result<u64, String> {
        let began = cpu_time();
        let mut fuel = 0;
        loop {
            fuel += self.slice()?;
            let took = cpu_time().saturating_sub(began);
            if took >= time {
                let rate = u128::from(fuel) * 1_000_000 / took.as_nanos().max(1);
                return Ok(u64::try_from(rate).unwrap_or(u64::MAX));
            }
        }
    }

    fn slice(&mut self) -> Result<u64, String> {
        let entry = self.entry.take().ok_or("calibration: the kernel ended")?;
        let given = self.effort.slice_fuel.max(entry.required_fuel());
        let store = &mut self.starting.store;
        let told = |error: wasmi::Error| format!("calibration: {error}");
        store.set_fuel(given).map_err(told)?;
        match entry.run(store).map_err(told)? {
            Turn::Finished(_) => Err("calibration: a kernel ended".into()),
            turn => {
                self.entry = Some(Entry::Resume(turn));
                Ok(given - self.starting.store.get_fuel().unwrap_or(0))
            }
        }
    }
}

/// What this thread has been on a CPU.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let part = |it: i64| u64::try_from(it).unwrap_or(0);
    #[allow(clippy::useless_conversion, reason = "narrower on some machines")]
    let (seconds, nanos) = (part(time.tv_sec.into()), part(time.tv_nsec.into()));
    Duration::from_secs(seconds) + Duration::from_nanos(nanos)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_module_is_its_text() {
        let wasm = wat::parse_str(include_str!("calibrate.wat")).unwrap();
        if std::env::var_os("POSTERN_BLESS").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/engine/calibrate.wasm");
            std::fs::write(path, &wasm).unwrap();
        }
        assert_eq!(wasm, MODULE, "write it anew with POSTERN_BLESS=1");
    }

    #[test]
    fn every_kernel_burns_fuel_for_as_long_as_it_is_asked_to() {
        let effort = Effort {
            samples: 2,
            sample: Duration::from_millis(1),
            cores: 2,
            slice_fuel: 20_000,
        };
        let rates = rates(effort).unwrap();
        assert_eq!(rates.len(), KERNELS.len());
        for it in rates {
            assert_eq!((it.one.len(), it.all.len()), (2, 4), "{it:?}");
            assert!(it.one.iter().chain(&it.all).all(|rate| *rate > 0), "{it:?}");
        }
    }
}
