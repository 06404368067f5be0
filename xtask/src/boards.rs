//! The boards that commands are about: files in `boards/`, read as the daemon reads them.

use crate::workspace;
use anyhow::{Context, Result, bail};
use postern_board::{Board, BoardError};

/// The board of this name: a file in `boards/` without `.toml`, or the path of any other.
pub fn load(name: &str) -> Result<Board> {
    match Board::load(name, workspace::root()) {
        Ok(board) => Ok(board),
        Err(BoardError::Invalid(problems)) => {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            bail!("{}", lines.join("\n"))
        }
        Err(error) => Err(error).with_context(|| format!("there is no board {name}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_board_is_found_by_name_and_by_path() {
        let named = load("lichee-pi-zero").unwrap();
        assert_eq!(load("boards/lichee-pi-zero.toml").unwrap(), named);
        assert!(load("lichee").is_err());
        assert!(load("Cargo.toml").is_err());
    }
}
