//! How fast this machine is: fuel a millisecond, memory, and what the store makes durable.

use super::now_ms;
use crate::engine::calibrate::{self, Effort, Rates};
use crate::store::{Durability, Store, StoreError, Table};
use serde::{Deserialize, Serialize};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Percent by which a measurement may differ from the board file without a word.
pub const DIFFERENCE_MAX: f64 = 20.0;
/// The key of the one record.
const KEY: &[u8] = b"calibration";
/// Bytes that are copied to measure memory: more than caches of small machines hold.
const COPIED: usize = 8 << 20;
/// How long memory, and the store, are measured.
const MEMORY_TIME: Duration = Duration::from_millis(200);
const STORE_TIME: Duration = Duration::from_millis(500);
/// Durable writes that are made at most.
const WRITES_MAX: usize = 200;
/// What a rate can be, as in a board file.
const RATE: std::ops::RangeInclusive<u64> = 100..=1_000_000_000;

/// What is known of the machine beforehand.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The board's name.
    pub board: String,
    /// Its cores.
    pub cores: usize,
    /// Fuel a millisecond by its file.
    pub fuel_per_ms: u64,
    /// Fuel of a slice.
    pub slice_fuel: u64,
    /// When the store acknowledges.
    pub durability: Durability,
}

/// Samples of one kernel: fuel a millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Samples {
    /// The slowest.
    pub low: u64,
    /// The one in the middle.
    pub median: u64,
    /// The fastest.
    pub high: u64,
}

/// One kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    /// Its name.
    pub kernel: String,
    /// On one core.
    pub one_core: Samples,
    /// On all cores at once, a core.
    pub all_cores: Samples,
}

/// Durable writes of the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Writes {
    /// How many were made.
    pub writes: usize,
    /// A second, one after the other.
    pub per_second: f64,
    /// Microseconds of the one in the middle.
    pub median_us: u64,
    /// Microseconds of the slowest.
    pub max_us: u64,
    /// Why there are none.
    pub problem: Option<String>,
}

/// A measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// When: milliseconds since 1970.
    pub at_ms: u64,
    /// The board.
    pub board: String,
    /// Its cores.
    pub cores: usize,
    /// Fuel a millisecond that `cpu-ms` is worth from now on: in the middle of what the kernels burn
    /// with all cores at work.
    pub fuel_per_ms: u64,
    /// What the board file says.
    pub board_fuel_per_ms: u64,
    /// Percent by which it is faster than that; less than 0 if it is slower.
    pub difference_percent: f64,
    /// That it is too different, with the remedy.
    pub warning: Option<String>,
    /// The kernels.
    pub kernels: Vec<Kernel>,
    /// The slowest kernel and the fastest, all cores at work, in percent of what holds.
    pub spread_percent: [f64; 2],
    /// The clock of the first core while that was measured, and its fastest, in kHz, where the system tells.
    pub clock_khz: Option<u64>,
    /// See above.
    pub clock_max_khz: Option<u64>,
    /// MiB a second that one core copies, 8 MiB at a time; what a cache of that size holds is faster.
    pub memory_copy_mib_s: f64,
    /// MiB a second that one core writes.
    pub memory_fill_mib_s: f64,
    /// The store.
    pub store: Writes,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// The kernels do not run.
    #[error("{0}")]
    Kernel(String),
    /// What was measured cannot be.
    #[error("{rate} fuel a millisecond was measured, which no machine has; measure again")]
    Absurd {
        /// What was measured.
        rate: u64,
    },
    /// It cannot be stored.
    #[error("the calibration cannot be stored, and holds until the daemon stops: {0}")]
    Store(#[from] StoreError),
}

/// Measures. Blocks for some seconds, and keeps all cores busy.
///
/// # Errors
/// When the kernels do not run.
pub fn measure(machine: &Machine, store: &Store) -> Result<Calibration, CalibrationError> {
    let effort = Effort {
        samples: 5,
        sample: Duration::from_millis(40),
        cores: machine.cores,
        slice_fuel: machine.slice_fuel,
    };
    let rates = calibrate::rates(effort).map_err(CalibrationError::Kernel)?;
    let clock_khz = clock("scaling_cur_freq");
    let (memory_copy_mib_s, memory_fill_mib_s) = memory();
    of(machine, &rates).map(|told| Calibration {
        clock_khz,
        clock_max_khz: clock("cpuinfo_max_freq"),
        memory_copy_mib_s,
        memory_fill_mib_s,
        store: writes(store, machine.durability),
        ..told
    })
}

/// What the kernels say.
fn of(machine: &Machine, rates: &[Rates]) -> Result<Calibration, CalibrationError> {
    let kernels: Vec<Kernel> = rates
        .iter()
        .map(|it| Kernel {
            kernel: it.kernel.to_owned(),
            one_core: samples(&it.one),
            all_cores: samples(&it.all),
        })
        .collect();
    let mut medians: Vec<u64> = kernels.iter().map(|it| it.all_cores.median).collect();
    medians.sort_unstable();
    let at = |index: usize| medians.get(index).copied().unwrap_or(0);
    let rate = (at(medians.len().saturating_sub(1) / 2) + at(medians.len() / 2)) / 2;
    if !RATE.contains(&rate) {
        return Err(CalibrationError::Absurd { rate });
    }
    let percent = |of: u64, by: u64| (of as f64 / by.max(1) as f64 * 1000.0).round() / 10.0;
    let difference_percent = ((percent(rate, machine.fuel_per_ms) - 100.0) * 10.0).round() / 10.0;
    let lowest = kernels.iter().map(|it| it.all_cores.low).min();
    let highest = kernels.iter().map(|it| it.all_cores.high).max();
    Ok(Calibration {
        at_ms: now_ms(),
        board: machine.board.clone(),
        cores: machine.cores,
        fuel_per_ms: rate,
        board_fuel_per_ms: machine.fuel_per_ms,
        difference_percent,
        warning: warning(machine, rate, difference_percent),
        spread_percent: [lowest, highest].map(|it| percent(it.unwrap_or(rate), rate)),
        kernels,
        clock_khz: None,
        clock_max_khz: None,
        memory_copy_mib_s: 0.0,
        memory_fill_mib_s: 0.0,
        store: Writes::default(),
    })
}

fn warning(machine: &Machine, rate: u64, difference: f64) -> Option<String> {
    let way = match difference {
        it if it > DIFFERENCE_MAX => "faster",
        it if it < -DIFFERENCE_MAX => "slower",
        _ => return None,
    };
    Some(format!(
        "this machine is {:.1} % {way} than the board file `{}` says: {rate} fuel a millisecond, not {}; set `fuel-per-ms` there, or check clock, cooling and power",
        difference.abs(),
        machine.board,
        machine.fuel_per_ms
    ))
}

fn samples(all: &[u64]) -> Samples {
    let mut all = all.to_vec();
    all.sort_unstable();
    let at = |index: usize| all.get(index).copied().unwrap_or(0);
    Samples {
        low: at(0),
        median: at(all.len() / 2),
        high: at(all.len().saturating_sub(1)),
    }
}

/// What the system says of the first core's clock.
fn clock(what: &str) -> Option<u64> {
    let path = format!("/sys/devices/system/cpu/cpu0/cpufreq/{what}");
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// MiB a second that are copied, and that are written.
fn memory() -> (f64, f64) {
    let (from, mut to) = (vec![1u8; COPIED], vec![0u8; COPIED]);
    let speed = |work: &mut dyn FnMut()| {
        work();
        let began = Instant::now();
        let mut times = 0u32;
        while began.elapsed() < MEMORY_TIME {
            work();
            times += 1;
        }
        let mib = f64::from(times) * COPIED as f64 / f64::from(1 << 20);
        (mib / began.elapsed().as_secs_f64()).round()
    };
    let copied = speed(&mut || {
        to.copy_from_slice(black_box(&from));
        black_box(&to);
    });
    let filled = speed(&mut || black_box(&mut to).fill(black_box(3)));
    (copied, filled)
}

/// What the store makes durable, one small record after the other.
fn writes(store: &Store, durability: Durability) -> Writes {
    if let Durability::Interval(ms) = durability {
        let problem = format!(
            "`store.durability` acknowledges before it is durable, {ms} ms later at most; there is nothing to measure"
        );
        return Writes {
            problem: Some(problem),
            ..Writes::default()
        };
    }
    let began = Instant::now();
    let mut took = Vec::with_capacity(WRITES_MAX);
    let mut problem = None;
    while took.len() < WRITES_MAX && (began.elapsed() < STORE_TIME || took.is_empty()) {
        let at = Instant::now();
        if let Err(error) = write(store, took.len()) {
            problem = Some(error.to_string());
            break;
        }
        took.push(u64::try_from(at.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    let per_second = took.len() as f64 / began.elapsed().as_secs_f64().max(1e-9);
    took.sort_unstable();
    Writes {
        writes: took.len(),
        per_second: (per_second * 10.0).round() / 10.0,
        median_us: took.get(took.len() / 2).copied().unwrap_or(0),
        max_us: took.last().copied().unwrap_or(0),
        problem,
    }
}

fn write(store: &Store, number: usize) -> Result<(), StoreError> {
    let mut batch = store.records().batch();
    batch.put(Table::Calibration, b"probe", &(number as u64))?;
    batch.commit()?;
    smol::block_on(store.durable())
}

/// Keeps a measurement. Blocks.
///
/// # Errors
/// What the store says.
pub fn keep(store: &Store, calibration: &Calibration) -> Result<(), CalibrationError> {
    // JSON: what is measured may grow.
    let text = serde_json::json!(calibration).to_string();
    let mut batch = store.records().batch();
    batch.put(Table::Calibration, KEY, &text)?;
    batch.delete(Table::Calibration, b"probe")?;
    batch.commit()?;
    Ok(smol::block_on(store.durable())?)
}

/// What was kept, if anything was.
pub fn kept(store: &Store) -> Option<Calibration> {
    let text = store.records().get::<String>(Table::Calibration, KEY);
    match text {
        Ok(text) => serde_json::from_str(&text?).ok(),
        Err(error) => {
            log::warn!("the stored calibration cannot be read: {error}");
            None
        }
    }
}

/// Forgets what was kept: the board file holds again. Blocks.
///
/// # Errors
/// What the store says.
pub fn forget(store: &Store) -> Result<(), StoreError> {
    let mut batch = store.records().batch();
    batch.delete(Table::Calibration, KEY)?;
    batch.commit()?;
    smol::block_on(store.durable())
}

/// The rate that was kept for this very machine; a board of another name, or with another number of
/// cores, is another machine.
pub fn rate(store: &Store, machine: &Machine) -> Option<u64> {
    let kept = kept(store)?;
    if kept.board != machine.board || kept.cores != machine.cores {
        log::warn!(
            "the stored calibration is of `{}` with {} cores, and this is `{}` with {}; run `postern calibrate`",
            kept.board,
            kept.cores,
            machine.board,
            machine.cores
        );
        return None;
    }
    if !RATE.contains(&kept.fuel_per_ms) {
        return None;
    }
    let difference = (kept.fuel_per_ms as f64 / machine.fuel_per_ms.max(1) as f64 - 1.0) * 100.0;
    if let Some(warning) = warning(machine, kept.fuel_per_ms, difference) {
        log::warn!("{warning}");
    }
    Some(kept.fuel_per_ms)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::StoreOptions;

    fn machine(fuel_per_ms: u64) -> Machine {
        Machine {
            board: "b".into(),
            cores: 2,
            fuel_per_ms,
            slice_fuel: 200_000,
            durability: Durability::Acknowledged,
        }
    }

    fn rates(medians: [u64; 4]) -> Vec<Rates> {
        let of = |(kernel, median): (&'static str, u64)| Rates {
            kernel,
            one: vec![median * 2],
            all: vec![median - 100, median, median + 100],
        };
        calibrate::KERNELS
            .into_iter()
            .zip(medians)
            .map(of)
            .collect()
    }

    #[test]
    fn the_rate_is_in_the_middle_and_warns_when_it_is_far_off() {
        let told = of(
            &machine(100_000),
            &rates([90_000, 150_000, 100_000, 110_000]),
        )
        .unwrap();
        assert_eq!((told.fuel_per_ms, told.difference_percent), (105_000, 5.0));
        assert_eq!(told.warning, None);
        assert_eq!(told.spread_percent, [85.6, 143.0]);
        let told = of(
            &machine(200_000),
            &rates([90_000, 150_000, 100_000, 110_000]),
        )
        .unwrap();
        assert!(
            told.warning
                .unwrap()
                .contains("47.5 % slower than the board file `b`")
        );
        let told = of(
            &machine(80_000),
            &rates([90_000, 150_000, 100_000, 110_000]),
        )
        .unwrap();
        assert!(told.warning.unwrap().contains("faster"));
        assert!(of(&machine(1), &rates([101, 101, 101, 101])).is_ok());
        assert!(of(&machine(1), &[]).is_err());
    }

    #[test]
    fn it_is_kept_for_the_machine_that_it_is_of() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Store::open(StoreOptions::new(dir.path())).unwrap().store;
        let store = open();
        assert!(rate(&store, &machine(100_000)).is_none());
        let told = of(&machine(100_000), &rates([100_000; 4])).unwrap();
        keep(&store, &told).unwrap();
        store.close().unwrap();
        let store = open();
        assert_eq!(kept(&store), Some(told));
        assert_eq!(rate(&store, &machine(100_000)), Some(100_000));
        let other = Machine {
            cores: 4,
            ..machine(1)
        };
        assert_eq!(rate(&store, &other), None);
        forget(&store).unwrap();
        assert_eq!(kept(&store), None);
    }

    #[test]
    fn the_store_is_measured_where_it_acknowledges_what_is_durable() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(dir.path())).unwrap().store;
        let told = writes(&store, Durability::Acknowledged);
        assert!(
            told.writes > 0 && told.per_second > 0.0 && told.problem.is_none(),
            "{told:?}"
        );
        let told = writes(&store, Durability::Interval(5));
        assert!(told.problem.unwrap().contains("5 ms later"));
        let (copied, filled) = memory();
        assert!(copied > 0.0 && filled > 0.0);
    }
}
