//! What a package needs of a board: its architecture as Debian names it.

use postern_board::{Architecture, Board};

/// The architecture as Debian names it.
pub fn arch(board: &Board) -> &'static str {
    match board.architecture {
        Architecture::X86_64 => "amd64",
        Architecture::Aarch64 => "arm64",
        Architecture::Arm => "armhf",
    }
}
