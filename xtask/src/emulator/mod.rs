//! `qemu`: a firmware image booted as a whole machine.

mod boot_test;
mod http;
mod machine;
mod settings_test;
mod soak;
mod update_test;

pub use boot_test::{Arguments as TestArguments, run as boot_test};
pub use soak::{Arguments as SoakArguments, run as soak};

use crate::image::{self, Plan};
use crate::{step, workspace};
use anyhow::{Context, Result};
use machine::{Machine, Wanted};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The arguments of `qemu`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The board: `qemu-arm64` or `qemu-armv7`.
    #[arg(long)]
    board: String,

    /// The daemon to put in, in place of the one that `build --board` makes; `postern-early` must
    /// lie beside it.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,

    /// A configuration for the data partition of a fresh disk.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Mebibytes of the disk; the image's data partition grows to it.
    #[arg(long, default_value_t = 1024, value_name = "MIB")]
    disk: u64,

    /// Mebibytes of RAM, in place of the board's.
    #[arg(long, value_name = "MIB")]
    ram: Option<u32>,

    /// The port of this machine that leads to the edge. Without it, one that is free.
    #[arg(
        long,
        default_value_t = 0,
        value_name = "PORT",
        hide_default_value = true
    )]
    edge_port: u16,

    /// The port of this machine that leads to the management port.
    #[arg(
        long,
        default_value_t = 0,
        value_name = "PORT",
        hide_default_value = true
    )]
    manage_port: u16,

    /// Makes the image again and begins with a fresh disk, rather than with that of the last run.
    #[arg(long)]
    fresh: bool,

    /// Stays until Ctrl-C, and then switches the machine off in order.
    #[arg(long, conflicts_with = "stop")]
    keep: bool,

    /// Switches the machine off that an earlier run has left running, in order.
    #[arg(long)]
    stop: bool,
}

/// Boots it; returns when it has served its first request.
pub fn run(arguments: &Arguments) -> Result<()> {
    let plan = Plan::new(&arguments.board, arguments.config.clone(), None)?;
    let folder = plan.folder.join("machine");
    if arguments.stop {
        let stopped = step::quiet("switching the machine off", || machine::stop(&folder))?;
        if !stopped {
            println!("there is no machine that runs");
        }
        return Ok(());
    }
    let stop = Arc::new(AtomicBool::new(false));
    if arguments.keep {
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            signal_hook::flag::register_conditional_shutdown(signal, 130, stop.clone())
                .and_then(|_| signal_hook::flag::register(signal, stop.clone()))
                .context("cannot catch Ctrl-C")?;
        }
    }
    let disk = plan.folder.join("run.img");
    if arguments.fresh || !disk.exists() {
        let binary = match &arguments.binary {
            Some(binary) => binary.clone(),
            None => image::binary(plan.board())?,
        };
        image::make(&plan, &binary)?;
        fresh_disk(&plan.folder.join("disk.img"), &disk, arguments.disk)?;
    }
    let machine = Machine::start(&Wanted {
        board: &arguments.board,
        disk: &disk,
        folder: &folder,
        ram: arguments.ram.unwrap_or_else(|| ram(plan.board())),
        ports: (arguments.edge_port, arguments.manage_port),
        guest: None,
        rtc: None,
    })?;
    let took = step::quiet("booting", || machine.served())?;
    show(&machine, &folder, took);
    if !arguments.keep {
        return Ok(());
    }
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(50));
    }
    eprintln!();
    step::quiet("switching the machine off", || machine.power_off())
}

/// Mebibytes of a board's RAM.
fn ram(board: &postern_board::Board) -> u32 {
    u32::try_from(board.ram_bytes >> 20).unwrap_or(u32::MAX)
}

/// A disk of `mib` mebibytes with an image at its start.
fn fresh_disk(image: &Path, disk: &Path, mib: u64) -> Result<()> {
    step::quiet_command(
        "a fresh disk",
        Command::new("cp")
            .args(["--sparse=always"])
            .arg(image)
            .arg(disk),
    )?;
    let file = OpenOptions::new().write(true).open(disk)?;
    let size = file.metadata()?.len().max(mib << 20);
    file.set_len(size)
        .with_context(|| format!("cannot make {} of {size} bytes", workspace::shown(disk)))
}

fn show(machine: &Machine, folder: &Path, took: Duration) {
    let (edge, manage) = (machine.edge, machine.manage);
    let console = workspace::shown(&folder.join("console.log"));
    // Told on the first boot alone; later ones have it in the first one's words.
    let token_file = folder.join("token");
    let console_text = machine.console();
    if let Some((_, rest)) = console_text.split_once("the first token is ") {
        let token = rest.lines().next().unwrap_or_default().trim();
        if let Err(error) = std::fs::write(&token_file, format!("{token}\n")) {
            eprintln!("warning: cannot keep the token: {error}");
        }
    }
    let token = std::fs::read_to_string(&token_file).unwrap_or_default();
    println!(
        "
Booted and served its first request after {:.1} s.

  edge:             http://127.0.0.1:{edge}
  management port:  http://127.0.0.1:{manage}/client/v4
  token:            {}
  console:          {console}

  export POSTERN_URL=http://127.0.0.1:{manage}/client/v4
  export POSTERN_TOKEN={}",
        took.as_secs_f32(),
        token.trim(),
        token.trim(),
    );
}
