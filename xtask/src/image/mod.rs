//! `image`: a disk image to flash, and the slot in it, for `postern firmware push`.
//!
//! Everything is made of files in the build directory, without root, loop devices or mounts.

mod archive;
mod boot;
mod ext4;
mod hardware;
mod modules;
mod slot;
mod state;

use crate::{boards, build, debian, workspace};
use anyhow::{Context, Result, bail};
use hardware::Hardware;
use postern_board::{Architecture, Board, BootMethod, Image};
use postern_gpt::{TYPE_BASIC, TYPE_LINUX, Table};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The time of all files in an image: 2026-01-01. A machine without a clock starts there.
const EPOCH: u64 = 1_767_225_600;
/// Bytes of the partition with the boot state.
const STATE: u64 = 1 << 20;
/// What is copied at a time; what is zero in such a piece takes no room in the image's file.
const PIECE: usize = 64 << 10;

/// The arguments of `image`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The board: a name in `boards/`, or the path of a board file.
    #[arg(long)]
    board: String,

    /// The daemon to put in, in place of the one that `build --board` makes; `postern-early` must
    /// lie beside it.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,

    /// A configuration for the data partition, in place of the image's own.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The folder `boot` of the Raspberry Pi firmware, which this project may not bring along.
    #[arg(long, value_name = "DIR")]
    firmware: Option<PathBuf>,
}

/// Makes the image and says where it is.
pub fn run(arguments: &Arguments) -> Result<()> {
    let plan = Plan::new(
        &arguments.board,
        arguments.config.clone(),
        arguments.firmware.clone(),
    )?;
    let binary = match &arguments.binary {
        Some(binary) => binary.clone(),
        None => binary(&plan.board)?,
    };
    let disk = make(&plan, &binary)?;
    println!("{}", workspace::shown(&disk));
    println!("{}", workspace::shown(&plan.folder.join("slot.img")));
    for missing in plan.missing() {
        println!("to be added: {missing}");
    }
    Ok(())
}

/// The daemon for a board, as it is shipped.
pub fn binary(board: &Board) -> Result<PathBuf> {
    Ok(build::for_board(board)?.binary)
}

/// What is made, and of what.
pub struct Plan {
    board: Board,
    board_text: String,
    layout: Image,
    hardware: &'static Hardware,
    config: Option<PathBuf>,
    firmware: Option<PathBuf>,
    /// Where it is made.
    pub folder: PathBuf,
}

impl Plan {
    /// That of a board.
    pub fn new(name: &str, config: Option<PathBuf>, firmware: Option<PathBuf>) -> Result<Self> {
        let board = boards::load(name)?;
        let Some(layout) = board.image else {
            bail!(
                "no firmware image is made for {}: it has a Linux",
                board.name
            );
        };
        let hardware = Hardware::of(&board.name)?;
        let path = workspace::root().join(format!("boards/{}.toml", board.name));
        let board_text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", workspace::shown(&path)))?;
        let folder = boards::folder(&board);
        workspace::create_dir(&folder)?;
        Ok(Self {
            board,
            board_text,
            layout,
            hardware,
            config,
            firmware,
            folder,
        })
    }

    /// The board.
    pub fn board(&self) -> &Board {
        &self.board
    }

    fn debian_architecture(&self) -> &'static str {
        match self.board.architecture {
            Architecture::Arm => "armhf",
            _ => "arm64",
        }
    }

    /// Where identifiers come from: the same for the same board and version, so that two images
    /// made alike are alike.
    fn seed(&self) -> [u8; 16] {
        let text = format!("{} {}", self.board.name, env!("CARGO_PKG_VERSION"));
        let mut seed = [0; 16];
        seed.copy_from_slice(&Sha256::digest(text)[..16]);
        // As identifiers that were made at random say of themselves.
        seed[7] = seed[7] & 0x0f | 0x40;
        seed[8] = seed[8] & 0x3f | 0x80;
        seed
    }

    /// What the operator must add.
    fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if self.board.boot.method == BootMethod::RaspberryPi && self.firmware.is_none() {
            missing.push(
                "the Raspberry Pi firmware: make the image again with --firmware and the folder `boot` of \
                 github.com/raspberrypi/firmware"
                    .to_owned(),
            );
        }
        missing.extend(self.hardware.missing.map(str::to_owned));
        missing
    }
}

/// Makes the image; where it is.
pub fn make(plan: &Plan, binary: &Path) -> Result<PathBuf> {
    debian::tools()?;
    let slot = slot::make(plan, binary)?;
    let boot_folder = plan.folder.join("boot");
    empty(&boot_folder)?;
    boot::stage(plan, &boot_folder)?;
    let boot = plan.folder.join("boot.img");
    ext4::make_fat(&boot, plan.layout.boot_bytes, &boot_folder)?;
    let data_folder = plan.folder.join("data");
    empty(&data_folder)?;
    if let Some(config) = &plan.config {
        std::fs::copy(config, data_folder.join("postern.toml"))
            .with_context(|| format!("cannot copy {}", config.display()))?;
    }
    let data = plan.folder.join("data.img");
    let kind = ext4::Kind::Data;
    ext4::make(
        &data,
        plan.layout.data_bytes,
        &data_folder,
        kind,
        plan.seed(),
    )?;
    let disk = plan.folder.join("disk.img");
    // Under another name until it is whole.
    let fresh = plan.folder.join("disk.img.part");
    write(plan, &fresh, &boot, &slot, &data)?;
    std::fs::rename(&fresh, &disk).context("cannot name the image")?;
    for file in [boot, data] {
        std::fs::remove_file(file).context("cannot remove a part of the image")?;
    }
    Ok(disk)
}

fn write(plan: &Plan, disk: &Path, boot: &Path, slot: &Path, data: &Path) -> Result<()> {
    let layout = &plan.layout;
    let table = Table::lay_out(
        plan.seed(),
        &[
            ("boot", TYPE_BASIC, layout.boot_bytes, true),
            ("state", TYPE_LINUX, STATE, false),
            ("slot-a", TYPE_LINUX, layout.slot_bytes, false),
            ("slot-b", TYPE_LINUX, layout.slot_bytes, false),
            ("data", TYPE_LINUX, layout.data_bytes, false),
        ],
    )?;
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(disk)
        .with_context(|| format!("cannot make {}", workspace::shown(disk)))?;
    file.set_len(table.disk_size())?;
    table.write(&mut file, |_| Ok(()))?;
    for (name, content) in [("boot", boot), ("slot-a", slot), ("data", data)] {
        let (_, partition) = table.find(name).context("the table has lost a partition")?;
        let mut content = File::open(content)
            .with_context(|| format!("cannot read {}", workspace::shown(content)))?;
        copy(&mut content, &mut file, partition.offset())?;
    }
    let (_, state) = table.find("state").context("the table has no boot state")?;
    file.seek(SeekFrom::Start(state.offset()))?;
    file.write_all(&state::first())?;
    file.sync_all().context("cannot write the image")
}

/// Copies, leaving out what is zero.
fn copy(from: &mut File, to: &mut File, mut at: u64) -> Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = from.read(&mut piece)?;
        if length == 0 {
            return Ok(());
        }
        if piece[..length].iter().any(|byte| *byte != 0) {
            to.seek(SeekFrom::Start(at))?;
            to.write_all(&piece[..length])?;
        }
        at += length as u64;
    }
}

/// A folder with nothing in it.
fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("cannot empty {}", workspace::shown(folder)))?;
    }
    workspace::create_dir(folder)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn scripts_are_the_boards() {
        for (name, start, tree) in [
            ("qemu-arm64", "booti", false),
            ("qemu-armv7", "bootz", false),
            ("beaglebone-black", "bootz", true),
            ("raspberry-pi-4", "booti", false),
        ] {
            let script = boot::script(&Plan::new(name, None, None).unwrap());
            assert!(
                script.contains(&format!("        {start} ${{ps_kernel}}")),
                "{script}"
            );
            assert_eq!(script.contains("board.dtb"), tree, "{name}");
            assert!(!script.contains("{{"));
        }
    }

    #[test]
    fn boards_without_an_image_are_told() {
        let error = Plan::new("generic-x86-64", None, None).err().unwrap();
        assert!(error.to_string().contains("it has a Linux"));
        assert!(Plan::new("lichee-pi-zero", None, None).is_err());
    }
}
