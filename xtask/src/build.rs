//! `build`: the daemon as it is shipped, for this machine or for a board.

use crate::cross::Cross;
use crate::rust_std::RustStd;
use crate::{boards, outline, process, setup, step, workspace};
use anyhow::{Context, Result, bail};
use postern_board::{Architecture, Board, Dispatch};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter's packages. With portable dispatch they are as fast at "s" as at 3, which `Cargo.toml`
/// says; tail calls are made for sure at 3 alone.
const INTERPRETER: [&str; 4] = ["wasmi", "wasmi_core", "wasmi_ir", "wasmi_collections"];

/// The arguments of `build`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Builds for this board, a file in `boards/` without `.toml`: one static, stripped binary,
    /// `target/boards/BOARD/postern`.
    #[arg(long)]
    board: Option<String>,

    /// Builds a second time from a copy of the sources in another folder; both binaries must have
    /// the same bytes.
    #[arg(long, requires = "board")]
    check_reproducible: bool,
}

/// Builds it and says where it is.
pub fn run(arguments: &Arguments) -> Result<()> {
    let Some(board) = &arguments.board else {
        println!("{}", workspace::shown(&release()?));
        return Ok(());
    };
    let board = boards::load(board)?;
    let built = for_board(&board)?;
    if arguments.check_reproducible {
        check_reproducible(&board, &built)?;
    }
    println!("{}", workspace::shown(&built.binary));
    Ok(())
}

/// Builds the release binary, stripped; where it is.
pub fn release() -> Result<PathBuf> {
    step::loud_command(
        "the release binary",
        Command::new(workspace::cargo())
            .args([
                "build",
                "--release",
                "--package",
                "postern-daemon",
                "--bin",
                "postern",
            ])
            .current_dir(workspace::root()),
    )?;
    Ok(workspace::target().join("release/postern"))
}

/// A board's binary.
pub struct Built {
    /// As it is shipped.
    pub binary: PathBuf,
    /// The same with its symbols.
    pub symbols: PathBuf,
    /// The first program of a firmware image, beside it.
    pub early: PathBuf,
}

/// Builds a board's binary.
pub fn for_board(board: &Board) -> Result<Built> {
    let folder = boards::folder(board);
    workspace::create_dir(&folder)?;
    let built = Built {
        binary: folder.join("postern"),
        symbols: folder.join("postern.symbols"),
        early: folder.join("postern-early"),
    };
    let target = workspace::target().join("board-build");
    let made = compile(board, workspace::root(), &target)?;
    finish(board, &made, &built.symbols, &built.binary)?;
    let symbols = folder.join("postern-early.symbols");
    finish(
        board,
        &made.with_file_name("postern-early"),
        &symbols,
        &built.early,
    )?;
    Ok(built)
}

/// Makes what is shipped of what was linked: with symbols, and without.
fn finish(board: &Board, made: &Path, symbols: &Path, binary: &Path) -> Result<()> {
    std::fs::copy(made, symbols)
        .with_context(|| format!("cannot copy {}", workspace::shown(made)))?;
    if outlined(board) {
        let file = || workspace::shown(symbols);
        let mut bytes =
            std::fs::read(symbols).with_context(|| format!("cannot read {}", file()))?;
        outline::mend(&mut bytes).context("what unwinds outlined functions cannot be mended")?;
        // Into the same file, which may be run as it might before.
        std::fs::write(symbols, bytes).with_context(|| format!("cannot write {}", file()))?;
    }
    strip(symbols, binary)
}

/// Whether instructions that occur again and again are put into functions of their own.
fn outlined(board: &Board) -> bool {
    board.architecture == Architecture::Arm
}

/// Builds the sources in `root` for a board; the binary with its symbols.
fn compile(board: &Board, root: &Path, target: &Path) -> Result<PathBuf> {
    let cross = Cross::obtain(&board.target)?;
    let mut flags = boards::flags(board);
    // Symbols that say whose they are, for `sizes`.
    flags.push("-Csymbol-mangling-version=v0".into());
    // Where it was built must not be in it, and what is in it a thousand times is short.
    let home = cargo_home()?;
    let mut renamed: Vec<(PathBuf, &str)> = vec![
        (root.to_owned(), "postern"),
        (target.to_owned(), "target"),
        (home.clone(), "cargo"),
        (RustStd::source().to_owned(), "std"),
    ];
    renamed.extend(registries(&home)?.into_iter().map(|folder| (folder, "")));
    for (from, to) in renamed {
        flags.push(format!("--remap-path-prefix={}={to}", from.display()));
    }
    if outlined(board) {
        flags.push(outline::FLAG.into());
        // It is linked to run where it is linked for, so no code has to find out where it is.
        flags.push("-Crelocation-model=static".into());
    }
    let mut command = cross.cargo("build", &flags);
    if board.wasmi_dispatch == Dispatch::Portable {
        for package in INTERPRETER {
            let setting = format!("profile.board.package.{package}.opt-level=\"s\"");
            command.args(["--config", &setting]);
        }
    }
    if outlined(board) {
        command.env("RUSTC_WRAPPER", outline::wrapper()?);
    }
    command
        .args(cross.rust.small())
        .args(["--profile", "board", "--package", "postern-daemon"])
        .args(["--bin", "postern", "--bin", "postern-early"])
        .args(["--no-default-features", "--features"])
        .arg(boards::features(board, board.wasmi_dispatch)?)
        .arg("--target-dir")
        .arg(target)
        .current_dir(root);
    step::loud_command(&format!("the binary for {}", board.name), &mut command)?;
    Ok(target.join(&cross.triple).join("board/postern"))
}

fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    let home = std::env::var_os("HOME").context("there is neither CARGO_HOME nor HOME")?;
    Ok(PathBuf::from(home).join(".cargo"))
}

/// The folders that cargo unpacks crates to, one for each registry: their names depend on it.
fn registries(home: &Path) -> Result<Vec<PathBuf>> {
    let folder = home.join("registry/src");
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut folders = std::fs::read_dir(&folder)
        .and_then(|entries| {
            entries
                .map(|entry| Ok(entry?.path()))
                .collect::<Result<Vec<_>, _>>()
        })
        .with_context(|| format!("cannot read {}", workspace::shown(&folder)))?;
    folders.sort();
    Ok(folders)
}

fn strip(symbols: &Path, binary: &Path) -> Result<()> {
    step::quiet_command(
        "taking symbols off",
        Command::new(setup::strip()?)
            .arg("--strip-all")
            .arg(symbols)
            .arg("-o")
            .arg(binary),
    )
}

/// Builds a copy of the sources elsewhere, which must give the same bytes.
fn check_reproducible(board: &Board, built: &Built) -> Result<()> {
    let elsewhere = boards::folder(board).join("elsewhere");
    if elsewhere.exists() {
        std::fs::remove_dir_all(&elsewhere).context("cannot empty the other folder")?;
    }
    let sources = elsewhere.join("a/deeper/folder");
    copy_sources(&sources)?;
    let made = compile(board, &sources, &elsewhere.join("build"))?;
    let again = elsewhere.join("postern");
    finish(board, &made, &elsewhere.join("postern.symbols"), &again)?;
    let (first, second) = (std::fs::read(&built.binary)?, std::fs::read(&again)?);
    if first != second {
        let differs = first.iter().zip(&second).position(|(a, b)| a != b);
        bail!(
            "{} and {} differ, from byte {} on",
            workspace::shown(&built.binary),
            workspace::shown(&again),
            differs.unwrap_or(first.len().min(second.len()))
        );
    }
    std::fs::remove_dir_all(&elsewhere).context("cannot remove the other folder")?;
    println!("two builds have the same {} bytes", first.len());
    Ok(())
}

/// Copies what git knows or would take.
fn copy_sources(to: &Path) -> Result<()> {
    let root = workspace::root();
    let list = process::output(
        Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others"])
            .arg("--exclude-standard")
            .current_dir(root),
    )
    .context("git cannot list the sources")?;
    for file in list.split('\0').filter(|file| !file.is_empty()) {
        let from = root.join(file);
        if !from.is_file() {
            continue;
        }
        let to = to.join(file);
        workspace::create_dir(to.parent().context("a file lies in a folder")?)?;
        std::fs::copy(&from, &to).with_context(|| format!("cannot copy {file}"))?;
    }
    Ok(())
}
