//! How the memory that the daemon may use is divided among what it does.

use super::Board;

/// Bytes of the processes that judge uploads, of which there are two at most (docs/architecture.md).
const JUDGES: u64 = 20 << 20;
/// Bytes of a connection's buffers.
pub const CONNECTION: u64 = 64 << 10;
/// Bodies of the management port that are in memory at the same time.
const LARGE_BODIES: u64 = 2;

/// Bytes of memory for each part of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planes {
    /// The program itself, and what it has when it does nothing.
    pub program: u64,
    /// Connections of clients.
    pub edge: u64,
    /// Uploads, and the processes that judge them.
    pub management: u64,
    /// The store's cache.
    pub store: u64,
    /// Logs that are kept in memory.
    pub logs: u64,
    /// Figures that are recorded for tuning.
    pub figures: u64,
    /// Workers: their code and their isolates.
    pub workers: u64,
}

impl Planes {
    /// All of it.
    pub fn sum(&self) -> u64 {
        let own = self.program + self.edge + self.management;
        own + self.store + self.logs + self.figures + self.workers
    }
}

impl Board {
    /// How memory is divided. The parts may come to more than [`Board::memory_bytes`]: they are not all
    /// used up at the same time.
    pub fn planes(&self) -> Planes {
        let budgets = &self.budgets;
        Planes {
            program: budgets.idle_rss_bytes,
            edge: u64::from(budgets.connections) * CONNECTION,
            management: JUDGES + LARGE_BODIES * self.large_body_bytes(),
            store: budgets.store_cache_bytes,
            logs: budgets.log_bytes,
            figures: self.figures_bytes(),
            workers: budgets.tenant_memory_bytes,
        }
    }

    /// Bytes that the daemon may use: what its parts come to, but never all of the machine.
    pub fn memory_bytes(&self) -> u64 {
        self.planes().sum().min(self.ram_bytes / 8 * 7)
    }

    /// Bytes of the figures that are recorded for tuning, unless the configuration says otherwise.
    pub fn figures_bytes(&self) -> u64 {
        (self.ram_bytes / 256).clamp(256 << 10, 4 << 20)
    }

    /// Bytes of a body of the management port that is kept in memory whole.
    pub fn large_body_bytes(&self) -> u64 {
        (self.ram_bytes / 16).min(16 << 20)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Board, KNOWN};
    use std::path::Path;

    #[test]
    fn the_daemon_has_room_and_leaves_some() {
        for (name, _) in KNOWN {
            let board = Board::load(name, Path::new(".")).unwrap();
            let max = board.memory_bytes();
            assert!(max > board.planes().workers, "{name}: {max}");
            assert!(max < board.ram_bytes, "{name}: {max}");
        }
    }
}
