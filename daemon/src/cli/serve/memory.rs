//! The device's memory: how it is divided, and who has how much of it now.

use super::status::Status;
use crate::board::Board;
use crate::engine::heap;
use crate::engine::pagemap::PageMap;
use crate::ledger::{Budget, Entry};
use serde_json::{Value, json};
use std::path::Path;

/// What the board's memory is divided into, as far as it is taken bit by bit.
#[derive(Clone, Debug)]
pub struct Memory {
    /// All that the daemon may use.
    pub device: Budget,
    /// What Workers have.
    pub workers: Budget,
    /// What uploads have.
    pub management: Budget,
}

impl Memory {
    /// That of a board.
    pub fn of(board: &Board) -> Self {
        let planes = board.planes();
        let device = Budget::new("device", board.memory_bytes());
        Self {
            workers: device.part_of_many("Workers", planes.workers),
            management: device.part("management", planes.management),
            device,
        }
    }
}

/// Who has how much, with the sum to be held against what the system says.
pub fn ledger(status: &Status) -> Value {
    let planes = status.planes;
    let accounts = status.engine.accounts();
    let logs = status.observe.kept_bytes() as u64;
    let (rss, live) = (super::status::rss_bytes(), heap::resident());
    // What others have on the heap is told with them.
    let (figures, figures_max) = (status.tune.used_bytes(), status.tune.kept().capacity.bytes);
    let heap = live.saturating_sub(accounts.resident.heap + logs + figures);
    let program = program_bytes(&status.data_dir).unwrap_or(0);
    let edge = status.edge.figures().open as u64 * crate::board::planes::CONNECTION;
    let management = &status.memory.management;
    let mut parts = vec![
        Entry::sum(
            "program",
            Some(planes.program),
            vec![
                Entry::new("code and data", program, program, None),
                Entry::new("heap, beside what follows", heap, heap, None),
            ],
        ),
        Entry::new("edge, connections", edge, 0, Some(planes.edge)),
        Entry::new(
            "management, uploads",
            management.used(),
            0,
            Some(management.limit()),
        ),
        Entry::new("store, cache", planes.store, 0, Some(planes.store)),
        Entry::new("logs", planes.logs, logs, Some(planes.logs)),
        Entry::new(
            "recorded figures",
            figures_max as u64,
            figures,
            Some(figures_max as u64),
        ),
        accounts.workers,
        Entry::new(
            "pages of snapshots, mapped",
            0,
            accounts.resident.shared,
            None,
        ),
    ];
    // What all Workers in JavaScript have in common; what of it is in RAM is on the heap above.
    let others = status.memory.device.parts().into_iter();
    let others = others.filter(|it| !it.is(&status.memory.workers) && !it.is(management));
    parts.extend(others.map(|it| Entry::new(it.name(), it.used(), 0, None)));
    let device = Entry::sum("device", Some(status.memory.device.limit()), parts);
    json!({
        "rss_bytes": rss,
        "told_bytes": device.resident_bytes,
        "device": device,
    })
}

/// Bytes in RAM of the program's own files: not of those in the data directory, which are snapshots.
fn program_bytes(data_dir: &Path) -> std::io::Result<u64> {
    let data_dir = data_dir.canonicalize()?;
    let pages = PageMap::open()?;
    let mut bytes = 0;
    for line in std::fs::read_to_string("/proc/self/maps")?.lines() {
        let mut words = line.split_ascii_whitespace();
        let (range, path) = (words.next().unwrap_or_default(), words.nth(4));
        let is_program = path
            .is_some_and(|path| path.starts_with('/') && !path.starts_with("/memfd:"))
            && path.is_some_and(|path| !Path::new(path).starts_with(&data_dir));
        let ends = range.split_once('-').map(|(start, end)| {
            let parse = |text| usize::from_str_radix(text, 16);
            (parse(start), parse(end))
        });
        let Some((Ok(start), Ok(end))) = ends.filter(|_| is_program || path == Some("[stack]"))
        else {
            continue;
        };
        bytes += pages.resident(start, end - start)?;
    }
    Ok(bytes)
}
