//! `package`: a Debian package of the daemon for a board, as an existing Linux takes it.
//!
//! Its files are in `scripts/debian`; manual pages and completions come from the definition of the command
//! line. The same sources give the same bytes.

mod board;
mod chroot;
mod confine;
mod test;
mod tree;

pub use chroot::setup as setup_chroot;
pub use test::test;

use crate::packages::{self, Need, Sign};
use crate::{boards, build, process, step, workspace};
use anyhow::{Context, Result, bail};
use postern_board::Board;
use std::path::{Path, PathBuf};
use std::process::Command;
use tree::Tree;

/// The arguments of `package`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The board: a file in `boards/` without `.toml`.
    #[arg(long, value_name = "BOARD")]
    board: String,

    /// Its version, if it is not that of the sources.
    #[arg(long, value_name = "VERSION")]
    deb_version: Option<String>,
}

/// Makes it and says where it is.
pub fn run(arguments: &Arguments) -> Result<()> {
    let version = arguments.deb_version.clone();
    let package = make(&arguments.board, version)?;
    println!("{}", workspace::shown(&package.path));
    Ok(())
}

/// A package that was made.
pub struct Package {
    /// The file.
    pub path: PathBuf,
    /// Its version.
    pub version: String,
}

/// Builds the daemon for a board, and the package of it.
pub fn make(board: &str, version: Option<String>) -> Result<Package> {
    let board = boards::load(board)?;
    let built = build::for_board(&board)?;
    pack(&board, &built.binary, version)
}

/// Packs a binary that was built.
pub fn pack(board: &Board, binary: &Path, version: Option<String>) -> Result<Package> {
    setup()?;
    let version = version.unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned());
    if !is_version(&version) {
        bail!(
            "`{version}` is no version of a Debian package; it begins with a digit, and digits, letters, \
             `.`, `+` and `~` may follow"
        );
    }
    let arch = board::arch(board);
    let folder = boards::folder(board);
    workspace::create_dir(&folder)?;
    let path = folder.join(format!("postern_{version}_{arch}.deb"));
    let pages = pages()?;
    let tree = Tree {
        root: folder.join("package"),
        pages,
        epoch: epoch()?,
    };
    tree.fill(board, binary, &version, arch)?;
    step::quiet_command(
        &format!("packing {}", workspace::shown(&path)),
        Command::new("dpkg-deb")
            .args(["--root-owner-group", "-Zxz", "--build"])
            .arg(&tree.root)
            .arg(&path)
            .env("SOURCE_DATE_EPOCH", tree.epoch.to_string())
            // Blocks of several threads would depend on how many there are.
            .env("DPKG_DEB_THREADS_MAX", "1"),
    )?;
    Ok(Package { path, version })
}

/// Makes sure that packages can be made.
pub fn setup() -> Result<()> {
    packages::install(&[Need {
        packages: &["dpkg"],
        sign: Sign::Program(&["dpkg-deb"]),
    }])
}

/// The folder with manual pages and completions.
fn pages() -> Result<PathBuf> {
    let folder = workspace::target().join("pages");
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).context("cannot make the manual pages anew");
        }
        _ => {}
    }
    step::loud_command(
        "manual pages and completions",
        Command::new(workspace::cargo())
            .args(["run", "--quiet", "--package", "postern-daemon"])
            .args(["--example", "pages", "--"])
            .arg(&folder)
            .current_dir(workspace::root()),
    )?;
    Ok(folder)
}

/// The time that files have: `SOURCE_DATE_EPOCH`, or that of the last commit.
fn epoch() -> Result<u64> {
    if let Ok(text) = std::env::var("SOURCE_DATE_EPOCH") {
        return text.parse().with_context(|| {
            format!("SOURCE_DATE_EPOCH is `{text}`, which is no number of seconds")
        });
    }
    let mut git = Command::new("git");
    git.args(["log", "-1", "--format=%ct"])
        .current_dir(workspace::root());
    let time = process::output(&mut git).and_then(|text| text.trim().parse().ok());
    time.context("neither SOURCE_DATE_EPOCH nor a commit tells which time files should have")
}

/// Whether Debian takes it, and no hyphen makes a part of it a revision.
fn is_version(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_digit())
        && text
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || ".+~".contains(it))
}
