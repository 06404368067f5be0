//! Manual pages and completions from the one definition of the command line, for packages:
//! `cargo run -p postern-daemon --example pages -- DIR`.

use clap::CommandFactory;
use clap_complete::Shell;
use postern_daemon::cli::args::Cli;
use std::io;
use std::path::PathBuf;

fn main() -> io::Result<()> {
    let dir = std::env::args_os().nth(1).map(PathBuf::from);
    let dir = dir.ok_or_else(|| io::Error::other("usage: pages DIR"))?;
    std::fs::create_dir_all(&dir)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut Cli::command(), "postern", &dir)?;
    }
    clap_mangen::generate_to(Cli::command(), &dir)
}
