//! The boards that commands are about: files in `boards/`, read as the daemon reads them, and what
//! they mean for a build.

use crate::workspace;
use anyhow::{Context, Result, bail};
use postern_board::{Board, BoardError, Dispatch};
use std::path::PathBuf;

/// The board of this name: a file in `boards/` without `.toml`, or the path of any other.
pub fn load(name: &str) -> Result<Board> {
    // Not those that are compiled in: what is edited counts at once.
    let file = workspace::root()
        .join("boards")
        .join(format!("{name}.toml"));
    let source = if file.exists() {
        file.to_string_lossy().into_owned()
    } else {
        name.to_owned()
    };
    match Board::load(&source, workspace::root()) {
        Ok(board) => Ok(board),
        Err(BoardError::Invalid(problems)) => {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            bail!("{}", lines.join("\n"))
        }
        Err(error) => Err(error).with_context(|| format!("there is no board {name}")),
    }
}

/// Where what is made for a board goes: `target/boards/B`.
pub fn folder(board: &Board) -> PathBuf {
    workspace::target().join("boards").join(&board.name)
}

/// What rustc is told about the board's processor.
pub fn flags(board: &Board) -> Vec<String> {
    let mut flags = Vec::new();
    if let Some(cpu) = &board.cpu {
        flags.push(format!("-Ctarget-cpu={cpu}"));
    }
    let mut features = String::from("-Ctarget-feature=+crt-static");
    for feature in &board.cpu_features {
        features.push(',');
        if !feature.starts_with('-') {
            features.push('+');
        }
        features.push_str(feature);
    }
    flags.push(features);
    flags
}

/// The daemon's cargo features in builds for the board, with this kind of dispatch.
pub fn features(board: &Board, dispatch: Dispatch) -> Result<String> {
    let mut features = match &board.build_features {
        Some(features) => features.clone(),
        None => default_features()?,
    };
    features.push(feature(dispatch).to_owned());
    Ok(features.join(","))
}

fn feature(dispatch: Dispatch) -> &'static str {
    match dispatch {
        Dispatch::Tail => "tail-dispatch",
        Dispatch::Portable => "portable-dispatch",
    }
}

/// The daemon's default features but for the dispatch.
fn default_features() -> Result<Vec<String>> {
    let manifest = workspace::root().join("daemon/Cargo.toml");
    let text = std::fs::read_to_string(&manifest)
        .with_context(|| format!("cannot read {}", workspace::shown(&manifest)))?;
    let manifest: toml::Table = toml::from_str(&text).context("daemon/Cargo.toml")?;
    let default = manifest["features"]
        .get("default")
        .and_then(toml::Value::as_array)
        .context("daemon/Cargo.toml has no default features")?;
    Ok(default
        .iter()
        .filter_map(|name| name.as_str())
        .filter(|name| !name.ends_with("-dispatch"))
        .map(str::to_owned)
        .collect())
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

    #[test]
    fn a_boards_processor_and_features_reach_the_compiler() {
        let board = load("lichee-pi-zero").unwrap();
        assert_eq!(
            flags(&board),
            [
                "-Ctarget-cpu=cortex-a7",
                "-Ctarget-feature=+crt-static,+neon,+thumb-mode"
            ]
        );
        assert_eq!(
            features(&board, board.wasmi_dispatch).unwrap(),
            "rustls-outbound,edge-tls,javascript,tune-page,portable-dispatch"
        );
        let mut board = load("raspberry-pi-4").unwrap();
        assert!(flags(&board)[1].ends_with(",-aes,-sha2"));
        board.build_features = Some(vec!["built-in-roots".into()]);
        assert_eq!(
            features(&board, board.wasmi_dispatch).unwrap(),
            "built-in-roots,tail-dispatch"
        );
    }
}
