//! `flash`: writes a board's disk image to a device, or to a file that stands for one.
//!
//! What it overwrites is gone, so it refuses whatever may be in use, says what it is about to
//! overwrite, and asks. What was written is read back from the device and compared.

mod target;

use crate::image::{self, Plan};
use crate::workspace;
use anyhow::{Context, Result, bail};
use rustix::fs::{Advice, fadvise};
use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use target::{Kind, System, Target};

/// What is written, and read back, at a time.
const PIECE: usize = 4 << 20;
/// How often progress is told where no terminal shows it.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// The arguments of `flash`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The board: a name in `boards/`, or the path of a board file.
    #[arg(long)]
    board: String,

    /// The disk to overwrite, a whole one (`/dev/sdX`, `/dev/mmcblkN`); or a file, which is made if
    /// there is none.
    #[arg(long, value_name = "DEVICE")]
    to: PathBuf,

    /// The image, in place of `target/boards/BOARD/disk.img`, which is made if there is none.
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,

    /// Does not ask.
    #[arg(long)]
    yes: bool,
}

/// Checks, asks, writes, compares.
pub fn run(arguments: &Arguments) -> Result<()> {
    let image = match &arguments.image {
        Some(image) => image.clone(),
        None => ready_image(&arguments.board)?,
    };
    let mut from =
        File::open(&image).with_context(|| format!("cannot read {}", workspace::shown(&image)))?;
    let bytes = from.metadata()?.len();
    if bytes == 0 {
        bail!("{} is empty", workspace::shown(&image));
    }
    let target = Target::inspect(&arguments.to, &System::this())?;
    target.takes(&image, bytes)?;
    println!("image:  {} ({})", workspace::shown(&image), size(bytes));
    println!("device: {target}");
    if !arguments.yes {
        ask(&target)?;
    }
    let mut to = open(&target)?;
    write(&mut from, &mut to, bytes)?;
    // A card reader's and this machine's copies would say nothing of the device.
    fadvise(&to, 0, None, Advice::DontNeed).context("cannot drop what was cached of it")?;
    compare(&mut from, &mut to, bytes)?;
    println!(
        "{} written to {}, read back and equal",
        size(bytes),
        target.path.display()
    );
    Ok(())
}

/// The board's image, made if there is none.
fn ready_image(board: &str) -> Result<PathBuf> {
    let plan = Plan::new(board, None, None)?;
    let disk = plan.folder.join("disk.img");
    if disk.exists() {
        return Ok(disk);
    }
    let binary = image::binary(plan.board())?;
    image::make(&plan, &binary)
}

fn ask(target: &Target) -> Result<()> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody is there to ask; --yes overwrites it without");
    }
    print!("Everything on it will be lost. Overwrite it? [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if !answer.trim().eq_ignore_ascii_case("y") {
        bail!("{} was left as it is", target.path.display());
    }
    Ok(())
}

/// Opens it for reading and writing; a device for nobody else.
fn open(target: &Target) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let mut flags = rustix::fs::OFlags::NOFOLLOW;
    match target.kind {
        // The kernel refuses that for a device that is mounted or part of another, also in ways that
        // nobody thought of here.
        Kind::Device(_) => flags |= rustix::fs::OFlags::EXCL,
        Kind::File => {}
        Kind::Absent => {
            options.create_new(true);
        }
    }
    let file = options
        .custom_flags(flags.bits().cast_signed())
        .open(&target.path)
        .with_context(|| format!("cannot write to {}", target.path.display()))?;
    // Between the look and this, another may have taken the name.
    target.is(&file)?;
    Ok(file)
}

fn write(from: &mut File, to: &mut File, bytes: u64) -> Result<()> {
    let mut progress = Progress::new("writing", bytes);
    pieces(from, bytes, |at, piece| {
        to.seek(SeekFrom::Start(at))?;
        to.write_all(piece)
            .with_context(|| format!("writing failed at byte {at}; what is there is not whole"))?;
        progress.at(at + piece.len() as u64);
        Ok(())
    })?;
    to.sync_all()
        .context("the device did not take all; what is there is not whole")?;
    progress.end();
    Ok(())
}

fn compare(from: &mut File, to: &mut File, bytes: u64) -> Result<()> {
    let mut progress = Progress::new("reading back", bytes);
    let mut back = vec![0; PIECE];
    pieces(from, bytes, |at, piece| {
        let back = &mut back[..piece.len()];
        to.seek(SeekFrom::Start(at))?;
        to.read_exact(back)
            .with_context(|| format!("cannot read back from byte {at} on"))?;
        if piece != back {
            let equal = piece.iter().zip(&*back).take_while(|(a, b)| a == b);
            bail!(
                "byte {} is not what was written; the device is broken, or smaller than it says",
                at + equal.count() as u64
            );
        }
        progress.at(at + piece.len() as u64);
        Ok(())
    })?;
    progress.end();
    Ok(())
}

/// Calls `each` with the pieces of a file of so many bytes, and where they begin.
fn pieces(
    from: &mut File,
    bytes: u64,
    mut each: impl FnMut(u64, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut piece = vec![0; PIECE];
    let mut at = 0;
    from.seek(SeekFrom::Start(0))?;
    while at < bytes {
        let length = PIECE.min(usize::try_from(bytes - at).unwrap_or(PIECE));
        from.read_exact(&mut piece[..length])
            .context("the image became shorter")?;
        each(at, &piece[..length])?;
        at += length as u64;
    }
    Ok(())
}

/// How far a step is.
struct Progress {
    what: &'static str,
    bytes: u64,
    start: Instant,
    told: Instant,
    terminal: bool,
}

impl Progress {
    fn new(what: &'static str, bytes: u64) -> Self {
        let now = Instant::now();
        Self {
            what,
            bytes,
            start: now,
            told: now,
            terminal: std::io::stderr().is_terminal(),
        }
    }

    fn at(&mut self, done: u64) {
        let line = format!(
            "==> {} … {} of {} ({} %)",
            self.what,
            size(done),
            size(self.bytes),
            done * 100 / self.bytes
        );
        if self.terminal {
            eprint!("\r\x1b[K{line}");
        } else if self.told.elapsed() >= TOLD_EVERY {
            eprintln!("{line}");
            self.told = Instant::now();
        }
    }

    fn end(&self) {
        let took = self.start.elapsed().as_secs_f64();
        let clear = if self.terminal { "\r\x1b[K" } else { "" };
        eprintln!(
            "{clear}==> {}: done, {took:.1} s, {} a second",
            self.what,
            size((self.bytes as f64 / took.max(0.001)) as u64)
        );
    }
}

/// A size as people read it.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{bytes} bytes"),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}

/// Whether two files are the same one.
fn same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (std::fs::metadata(one), std::fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A folder of its own, with an image of some pieces and a bit in it.
    fn folder(name: &str) -> (PathBuf, PathBuf) {
        let folder = std::env::temp_dir().join(format!("flash-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let image = folder.join("disk.img");
        let mut bytes = vec![0; 2 * PIECE + 5];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = (at / 7) as u8;
        }
        std::fs::write(&image, bytes).unwrap();
        (folder, image)
    }

    fn flash(image: &Path, to: &Path, yes: bool) -> Result<()> {
        run(&Arguments {
            board: "qemu-arm64".into(),
            to: to.to_owned(),
            image: Some(image.to_owned()),
            yes,
        })
    }

    fn refused(image: &Path, to: &Path, why: &str) {
        let error = format!("{:#}", flash(image, to, true).unwrap_err());
        assert!(error.contains(why), "{error}");
    }

    #[test]
    fn a_file_is_written_and_compared() {
        let (folder, image) = folder("file");
        let to = folder.join("new");
        flash(&image, &to, true).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), std::fs::read(&image).unwrap());
        // As if it were a larger disk.
        let disk = folder.join("disk");
        let file = File::create(&disk).unwrap();
        file.set_len(3 * PIECE as u64).unwrap();
        flash(&image, &disk, true).unwrap();
        let bytes = std::fs::read(&image).unwrap();
        let written = std::fs::read(&disk).unwrap();
        assert_eq!(written.len(), 3 * PIECE);
        assert_eq!(written[..bytes.len()], bytes);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_cannot_be_a_disk_is_refused() {
        let (folder, image) = folder("hostile");
        refused(&image, &folder, "is a folder");
        refused(&image, Path::new("/dev/null"), "no disk");
        let link = folder.join("link");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        refused(&image, &link, "/dev/null is no disk");
        let fifo = folder.join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
        refused(&image, &fifo, "no disk");
        refused(&image, &image, "the image itself");
        let alias = folder.join("alias");
        std::fs::hard_link(&image, &alias).unwrap();
        refused(&image, &alias, "the image itself");
        let dangling = folder.join("dangling");
        std::os::unix::fs::symlink(folder.join("nowhere/at/all"), &dangling).unwrap();
        refused(&image, &dangling, "leads nowhere");
        refused(&image, Path::new("/dev/sd-that-is-not"), "there is no");
        refused(&image, &folder.join("no/folder"), "there is no");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_too_small_or_read_only_is_left_alone() {
        let (folder, image) = folder("small");
        let small = folder.join("small");
        std::fs::write(&small, b"mine").unwrap();
        refused(&image, &small, "too small");
        let kept = folder.join("kept");
        let file = File::create(&kept).unwrap();
        file.set_len(3 * PIECE as u64).unwrap();
        let mut permissions = file.metadata().unwrap().permissions();
        permissions.set_readonly(true);
        // Root may write to it all the same, and must be told.
        std::fs::set_permissions(&kept, permissions).unwrap();
        refused(&image, &kept, "read-only");
        assert_eq!(std::fs::read(&small).unwrap(), b"mine");
        assert!(std::fs::read(&kept).unwrap().iter().all(|byte| *byte == 0));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_does_not_keep_what_was_written_is_told() {
        let (folder, image) = folder("liar");
        let to = folder.join("to");
        std::fs::copy(&image, &to).unwrap();
        let mut from = File::open(&image).unwrap();
        let mut to = OpenOptions::new().read(true).write(true).open(to).unwrap();
        let bytes = from.metadata().unwrap().len();
        compare(&mut from, &mut to, bytes).unwrap();
        to.seek(SeekFrom::Start(PIECE as u64 + 3)).unwrap();
        to.write_all(b"?").unwrap();
        let error = compare(&mut from, &mut to, bytes).unwrap_err();
        assert!(error.to_string().contains(&format!("byte {}", PIECE + 3)));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
