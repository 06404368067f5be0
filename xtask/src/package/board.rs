//! What a package needs of a board: its architecture as Debian names it, and the memory that the service may use.

use postern_board::{Architecture, Board};

/// Bytes of the judges, of which there are two: see docs/architecture.md.
const JUDGES: u64 = 20 << 20;
/// Bytes of a connection's buffers.
const CONNECTION: u64 = 64 << 10;

/// The architecture as Debian names it.
pub fn arch(board: &Board) -> &'static str {
    match board.architecture {
        Architecture::X86_64 => "amd64",
        Architecture::Aarch64 => "arm64",
        Architecture::Arm => "armhf",
    }
}

/// Bytes that the service may use: what the budgets add up to, but never all of the machine.
pub fn memory_max(board: &Board) -> u64 {
    let budgets = &board.budgets;
    let spent = budgets.tenant_memory_bytes
        + budgets.store_cache_bytes
        + budgets.log_bytes
        + budgets.idle_rss_bytes
        + u64::from(budgets.connections) * CONNECTION
        + JUDGES;
    spent.min(board.ram_bytes / 8 * 7)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::boards;

    #[test]
    fn the_service_has_room_and_leaves_some() {
        for (name, _) in postern_board::KNOWN {
            let board = boards::load(name).unwrap();
            let max = memory_max(&board);
            assert!(max > board.budgets.tenant_memory_bytes, "{name}: {max}");
            assert!(max < board.ram_bytes, "{name}: {max}");
        }
    }
}
