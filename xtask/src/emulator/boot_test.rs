//! What firmware images promise, tried on emulated machines from the loader on: first boot on a larger
//! disk, tenants pushed and served, power cuts under acknowledged writes, an end in order, a machine
//! with as little memory as the smallest board, and updates.

use super::http::{self, Manage};
use super::machine::{Machine, Wanted};
use super::{fresh_disk, ram, settings_test, update_test};
use crate::image::{self, Plan};
use crate::{guests, step, workspace};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Boards that are booted.
const BOARDS: [&str; 2] = ["qemu-arm64", "qemu-armv7"];
/// Mebibytes of the disk that images of less than half of that grow to.
const DISK: u64 = 1024;
/// The least that the data partition must have grown to.
const GROWN: u64 = 600;
/// The most that the daemon's heap may have before anything was pushed.
const HEAP: u64 = 6 << 20;
/// Tenants and mebibytes of the machine that is as small as the smallest board.
const SMALL_TENANTS: usize = 20;
const SMALL_RAM: u32 = 64;
/// Workers in JavaScript that it serves besides: one of nothing, and one that has the engine compile much of
/// Node when it is pushed.
const SMALL_SCRIPTS: [(&str, &str); 2] = [
    (
        "plain",
        "export default { fetch: () => new Response('plain') };",
    ),
    (
        "zlib",
        "import zlib from 'node:zlib';
        export default {
            fetch: () => new Response(zlib.gunzipSync(zlib.gzipSync('zlib')).toString()),
        };",
    ),
];
/// How long a line on the console may take that comes of itself.
pub(super) const SOON: Duration = Duration::from_secs(120);
/// Acknowledged writes before a power cut, at most.
const WRITES: usize = 60;

/// The configuration of the small machine.
const SMALL_CONFIG: &str = r#"data-dir = "/data/postern"
board = "lichee-pi-zero"

[edge]
listen = "0.0.0.0:80"

[routing]
modes = ["path"]
namespace = "production"

[manage]
listen = "0.0.0.0:8788"
insecure = true
"#;

/// The arguments of `boot-test`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only this board: `qemu-arm64` or `qemu-armv7`.
    #[arg(long)]
    board: Option<String>,

    /// How often the power is cut under writes, and during pushes of firmware, at random moments.
    #[arg(long, default_value_t = 3, value_name = "COUNT")]
    cuts: u32,

    /// Tries these alone. Several may be named.
    #[arg(long, value_enum, value_name = "PART", value_delimiter = ',')]
    only: Vec<Part>,

    /// The daemon of that board, in place of the one that `build --board` makes; `postern-early` must
    /// lie beside it.
    #[arg(long, value_name = "FILE", requires = "board")]
    binary: Option<PathBuf>,
}

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// First boot on a larger disk, a tenant, an end in order, power cuts under KV writes.
    Boot,
    /// 64 MiB of RAM, the smallest board's budgets and 20 tenants; on qemu-armv7.
    Small,
    /// A static address, NTP, a clock without a battery, the watchdog's bite.
    Settings,
    /// From A to B, back from a broken system, power cuts during pushes.
    Updates,
}

/// Boots the boards and tries them.
pub fn run(arguments: &Arguments) -> Result<()> {
    let boards = match &arguments.board {
        Some(board) => vec![board.as_str()],
        None => BOARDS.to_vec(),
    };
    for board in boards {
        let started = Instant::now();
        let plan = Plan::new(board, None, None)?;
        let binary = match &arguments.binary {
            Some(binary) => binary.clone(),
            None => image::binary(plan.board())?,
        };
        let wanted = |part| arguments.only.is_empty() || arguments.only.contains(&part);
        let each = || -> Result<()> {
            if wanted(Part::Boot) {
                one(board, &plan, arguments.cuts, &binary)?;
            }
            // That board is of its architecture.
            if wanted(Part::Small) && board == "qemu-armv7" {
                small(board, &plan, &binary)?;
            }
            if wanted(Part::Settings) {
                settings_test::run(board, &plan, &binary)?;
            }
            if wanted(Part::Updates) {
                update_test::run(board, arguments.cuts, &binary)?;
            }
            Ok(())
        };
        each().with_context(|| format!("{board} failed"))?;
        println!("{board}: all passed in {} s", started.elapsed().as_secs());
    }
    Ok(())
}

/// A machine that is killed when the test fails, and its disk removed.
pub(super) struct Trial<'a> {
    pub(super) board: &'a str,
    pub(super) folder: PathBuf,
    pub(super) disk: PathBuf,
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        // Best effort on the way out of a failure.
        let _ = super::machine::stop(&self.folder);
        let _ = std::fs::remove_file(&self.disk);
    }
}

impl Trial<'_> {
    pub(super) fn boot(&self, ram: u32) -> Result<Machine> {
        self.boot_as(&self.wanted(ram))
    }

    pub(super) fn boot_as(&self, wanted: &Wanted<'_>) -> Result<Machine> {
        Machine::start(wanted)
    }

    /// The plain machine.
    pub(super) fn wanted(&self, ram: u32) -> Wanted<'_> {
        Wanted {
            board: self.board,
            disk: &self.disk,
            folder: &self.folder,
            ram,
            ports: (0, 0),
            guest: None,
            rtc: None,
        }
    }
}

fn one(board: &str, plan: &Plan, cuts: u32, binary: &Path) -> Result<()> {
    image::make(plan, binary)?;
    let trial = Trial {
        board,
        folder: plan.folder.join("trial"),
        disk: plan.folder.join("trial.img"),
    };
    fresh_disk(&plan.folder.join("disk.img"), &trial.disk, DISK)?;
    let ram = ram(plan.board());
    let machine = trial.boot(ram)?;
    let took = step::quiet("first boot", || machine.served())?;
    println!(
        "{board}: first boot to first answer: {:.1} s",
        took.as_secs_f32()
    );
    grown(&machine)?;
    let token = machine.token()?;
    let manage = machine.manage(&token);
    let heap = manage.heap()?;
    if heap > HEAP {
        bail!(
            "the daemon has {heap} bytes on its heap before anything was pushed; {HEAP} are enough"
        );
    }
    tenants(&machine, &manage, &["hello"])?;
    let kv = manage.kv_namespace("kept")?;
    step::quiet("switching off", || machine.power_off())?;
    ended_in_order(&machine)?;
    let mut machine = trial.boot(ram)?;
    let took = step::quiet("second boot", || machine.served())?;
    println!("{board}: boot to first answer: {:.1} s", took.as_secs_f32());
    let console = machine.console();
    if console.contains("had mistakes") || console.contains("first token") {
        bail!("the second boot is not a plain one:\n{console}");
    }
    served(&machine, "hello")?;
    let mut written = Vec::new();
    for cut in 0..cuts {
        let manage = machine.manage(&token);
        let fresh = step::quiet(&format!("power cut {}", cut + 1), || {
            write_until_cut(&machine, &manage, &kv, cut)
        })?;
        written.extend(fresh);
        machine = trial.boot(ram)?;
        step::quiet("boot after it", || machine.served())?;
        let manage = machine.manage(&token);
        for (key, value) in &written {
            let found = manage.get(&kv, key)?;
            if found != value.as_bytes() {
                bail!(
                    "after power cut {}, {key} is not what was acknowledged",
                    cut + 1
                );
            }
        }
        served(&machine, "hello")?;
    }
    println!(
        "{board}: {cuts} power cuts, {} acknowledged writes, none lost",
        written.len()
    );
    machine.power_off()
}

/// The data partition's file system fills the disk.
fn grown(machine: &Machine) -> Result<()> {
    let size = machine.says("the data partition's file system has ", SOON)?;
    let mib: u64 = size
        .split(' ')
        .next()
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("`{size}` is no size"))?;
    if mib < GROWN {
        bail!("the data partition has {mib} MiB; it did not grow to the disk");
    }
    Ok(())
}

/// Pushes tenants and has each served.
pub(super) fn tenants(machine: &Machine, manage: &Manage, names: &[&str]) -> Result<()> {
    manage.namespace("production")?;
    let path = guests::path("hello");
    let wasm =
        std::fs::read(&path).with_context(|| format!("there is no {}", workspace::shown(&path)))?;
    for name in names {
        manage.push("production", name, &wasm, None)?;
    }
    for name in names {
        served(machine, name)?;
    }
    Ok(())
}

pub(super) fn served(machine: &Machine, name: &str) -> Result<()> {
    let answer = http::ask(machine.edge, "GET", &format!("/{name}/"), &[], &[])?;
    if answer.status != 200 {
        bail!(
            "{name} answers {}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
    }
    Ok(())
}

fn ended_in_order(machine: &Machine) -> Result<()> {
    let console = machine.console();
    for line in ["ending in order", "switched off"] {
        if !console.contains(line) {
            bail!("the console does not say `{line}`:\n{console}");
        }
    }
    if console.contains("unmounting the data partition") {
        bail!("the data partition was not unmounted:\n{console}");
    }
    Ok(())
}

/// Writes from two sides until the power goes; what was acknowledged.
fn write_until_cut(
    machine: &Machine,
    manage: &Manage,
    kv: &str,
    round: u32,
) -> Result<Vec<(String, String)>> {
    let enough = 2 + usize::try_from(random()? % WRITES as u64)?;
    let count = AtomicUsize::new(0);
    let over = AtomicBool::new(false);
    let write = |side: u32| {
        let mut acknowledged = Vec::new();
        for number in 0.. {
            let key = format!("k-{round}-{side}-{number}");
            let value = format!("value {number} of {key}").repeat(20);
            if over.load(Ordering::SeqCst) || manage.put(kv, &key, &value).is_err() {
                break;
            }
            acknowledged.push((key, value));
            count.fetch_add(1, Ordering::SeqCst);
        }
        acknowledged
    };
    std::thread::scope(|scope| {
        let write = &write;
        let sides: Vec<_> = (0..2)
            .map(|side| scope.spawn(move || write(side)))
            .collect();
        let waited = machine.wait("acknowledged writes", SOON, |_| {
            (count.load(Ordering::SeqCst) >= enough).then_some(())
        });
        let cut = machine.cut();
        over.store(true, Ordering::SeqCst);
        let mut all = Vec::new();
        for side in sides {
            match side.join() {
                Ok(acknowledged) => all.extend(acknowledged),
                Err(_) => bail!("a writer panicked"),
            }
        }
        waited.and(cut).map(|()| all)
    })
}

/// A random number.
pub(super) fn random() -> Result<u64> {
    let mut bytes = [0; 8];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut it| std::io::Read::read_exact(&mut it, &mut bytes))
        .context("no randomness")?;
    Ok(u64::from_le_bytes(bytes))
}

/// A machine with the smallest board's memory and budgets serves many tenants.
fn small(board: &str, plan: &Plan, binary: &Path) -> Result<()> {
    let config = plan.folder.join("small.toml");
    std::fs::write(&config, SMALL_CONFIG).context("cannot write a configuration")?;
    let plan = Plan::new(board, Some(config), None)?;
    image::make(&plan, binary)?;
    let trial = Trial {
        board,
        folder: plan.folder.join("trial"),
        disk: plan.folder.join("trial.img"),
    };
    fresh_disk(&plan.folder.join("disk.img"), &trial.disk, DISK)?;
    let machine = trial.boot(SMALL_RAM)?;
    let took = step::quiet("boot with 64 MiB", || machine.served())?;
    let manage = machine.manage(&machine.token()?);
    let names: Vec<String> = (0..SMALL_TENANTS)
        .map(|it| format!("tenant-{it}"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    step::quiet("20 tenants", || tenants(&machine, &manage, &names))?;
    for (name, script) in SMALL_SCRIPTS {
        step::quiet(&format!("a Worker in JavaScript, {name}"), || {
            let kind = ("main.js", "application/javascript+module");
            manage.push_module("production", name, kind, script.as_bytes(), None)?;
            served(&machine, name)
        })?;
    }
    let console = machine.console();
    if console.contains("the daemon ended") || console.contains("Out of memory") {
        bail!("the daemon did not last:\n{console}");
    }
    machine.power_off()?;
    println!(
        "{board}: {SMALL_TENANTS} tenants and {} in JavaScript served with {SMALL_RAM} MiB, first answer after {:.1} s",
        SMALL_SCRIPTS.len(),
        took.as_secs_f32()
    );
    Ok(())
}
