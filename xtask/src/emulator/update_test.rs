//! Updates of firmware, tried on an emulated machine from the loader on: from one slot to the other, back
//! from a system that does not start, and power cuts at random moments of a push.

use super::boot_test::{Trial, random, served, tenants};
use super::http;
use super::machine::{BOOT, Machine};
use super::{fresh_disk, ram};
use crate::image::{self, Plan};
use crate::{process, step, workspace};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Mebibytes of the disk.
const DISK: u64 = 1024;
/// Attempts of a trial.
const TRIES: u32 = 2;
/// How long a machine may take to try a system so often, and go back.
const BACK: Duration = Duration::from_secs(600);
/// When the power is cut after a push began, at most, in times of what a push took: some are over by then.
const CUT: f64 = 1.25;
const PATH: &str = "/postern/v1/firmware";

/// Updates a machine of this board, breaks it, and cuts its power.
pub fn run(board: &str, cuts: u32, binary: &Path) -> Result<()> {
    let plan = Plan::new(board, None, None)?;
    let signer = Signer::new(plan.folder.join("signer"))?;
    let config = plan.folder.join("updates.toml");
    std::fs::write(&config, configuration(&signer.public()?))
        .context("cannot write a configuration")?;
    let plan = Plan::new(board, Some(config), None)?;
    // One whose process 1 is no program: the kernel panics, and the loader counts.
    let garbage = plan.folder.join("garbage");
    std::fs::write(&garbage, b"no program").context("cannot write a broken daemon")?;
    let slot = plan.folder.join("slot.img");
    image::make(&plan, &garbage)?;
    let comment = format!("postern {} board {board}", env!("CARGO_PKG_VERSION"));
    let broken = signer.sign(&slot, &comment)?;
    image::make(&plan, binary)?;
    let good = signer.sign(&slot, &comment)?;
    let trial = Trial {
        board,
        folder: plan.folder.join("trial"),
        disk: plan.folder.join("trial.img"),
    };
    fresh_disk(&plan.folder.join("disk.img"), &trial.disk, DISK)?;
    let ram = ram(plan.board());
    let machine = trial.boot(ram)?;
    step::quiet("first boot", || machine.served())?;
    let token = machine.token()?;
    tenants(&machine, &machine.manage(&token), &["hello"])?;
    let firmware = Firmware {
        machine: &machine,
        token: &token,
    };

    let begin = Instant::now();
    let told = firmware.push(&good, true)?;
    let push = begin.elapsed();
    println!(
        "{board}: {} MiB pushed and checked in {:.1} s",
        good.bytes.len() >> 20,
        push.as_secs_f32()
    );
    if told["result"]["slot"] != "b" {
        bail!("the image went elsewhere: {told}");
    }
    step::quiet("the update", || firmware.permanent("b", BOOT))?;
    served(&machine, "hello")?;
    println!(
        "{board}: updated from a to b in {:.1} s",
        begin.elapsed().as_secs_f32()
    );

    let begin = Instant::now();
    firmware.push(&broken, true)?;
    let told = step::quiet("the broken update", || {
        machine.answers("fell back", BACK, || {
            let told = firmware.status()?;
            (told["last"]["what"] == "fell-back").then_some(told)
        })
    })?;
    if told["slot"] != "b" || told["permanent"] != true {
        bail!("the machine is elsewhere: {told}");
    }
    served(&machine, "hello")?;
    println!(
        "{board}: back from a broken system in {:.1} s: {}",
        begin.elapsed().as_secs_f32(),
        told["why"].as_str().unwrap_or_default()
    );

    let mut machine = machine;
    let mut slot = "b".to_owned();
    let mut completed = 0;
    for cut in 0..cuts {
        step::quiet(&format!("power cut {} during a push", cut + 1), || {
            let firmware = Firmware {
                machine: &machine,
                token: &token,
            };
            std::thread::scope(|scope| {
                // It breaks off when the power goes.
                scope.spawn(|| firmware.push(&good, false));
                std::thread::sleep(push.mul_f64(random()? as f64 / u64::MAX as f64 * CUT));
                machine.cut()
            })
        })?;
        machine = trial.boot(ram)?;
        step::quiet("boot after it", || machine.served())?;
        served(&machine, "hello")?;
        let firmware = Firmware {
            machine: &machine,
            token: &token,
        };
        // The image may have been whole by then, and is tried.
        let told = machine.answers("a permanent slot", BOOT, || {
            firmware.status().filter(|told| told["permanent"] == true)
        })?;
        let runs = told["slot"].as_str().unwrap_or_default();
        completed += u32::from(runs != slot);
        slot = runs.to_owned();
        if !told["trial"].is_null() {
            bail!("a trial waits: {told}");
        }
    }
    println!("{board}: {cuts} power cuts during pushes, {completed} slots changed, each started");
    machine.power_off()
}

/// An image and its signature.
struct Signed {
    bytes: Vec<u8>,
    /// The `.minisig` file in base64.
    signature: String,
}

/// Minisign, with a key that is made for this.
struct Signer {
    folder: PathBuf,
}

impl Signer {
    fn new(folder: PathBuf) -> Result<Self> {
        workspace::create_dir(&folder)?;
        let signer = Self { folder };
        let mut command = signer.minisign(&["-G", "-W", "-f", "-p", "key.pub", "-s", "key"]);
        step::quiet_command("a key", &mut command)?;
        Ok(signer)
    }

    fn minisign(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("minisign");
        command.args(arguments).current_dir(&self.folder);
        command
    }

    fn public(&self) -> Result<String> {
        let text = std::fs::read_to_string(self.folder.join("key.pub"))?;
        let key = text.lines().nth(1);
        key.map(str::to_owned)
            .context("minisign wrote no public key")
    }

    fn sign(&self, image: &Path, comment: &str) -> Result<Signed> {
        let signature = self.folder.join("minisig");
        let mut command = self.minisign(&["-S", "-H", "-s", "key", "-x", "minisig"]);
        command.args(["-t", comment, "-m"]).arg(image);
        step::quiet_command("signing", &mut command)?;
        let bytes = std::fs::read(image)
            .with_context(|| format!("cannot read {}", workspace::shown(image)))?;
        let signature = process::output(Command::new("base64").arg("-w0").arg(&signature))
            .context("the signature cannot be read")?;
        Ok(Signed {
            bytes,
            signature: signature.trim().to_owned(),
        })
    }
}

fn configuration(key: &str) -> String {
    format!(
        r#"data-dir = "/data/postern"
board = "/etc/postern/board.toml"
[edge]
listen = "0.0.0.0:80"
[routing]
modes = ["path"]
namespace = "production"
[manage]
listen = "0.0.0.0:8788"
insecure = true
[firmware]
keys = "{key}"
tries = {TRIES}
[[firmware.critical]]
worker = "production/hello"
path = "/hello/"
status = 200
"#
    )
}

/// The firmware of a machine, seen from its management port.
struct Firmware<'a> {
    machine: &'a Machine,
    token: &'a str,
}

impl Firmware<'_> {
    fn push(&self, image: &Signed, reboot: bool) -> Result<Value> {
        let authorization = format!("Bearer {}", self.token);
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Postern-Signature", image.signature.as_str()),
        ];
        let path = format!("{PATH}?reboot={reboot}");
        let answer = http::ask(self.machine.manage, "PUT", &path, &headers, &image.bytes)?;
        let text = String::from_utf8_lossy(&answer.body);
        if answer.status != 200 {
            bail!("the push was answered {}: {text}", answer.status);
        }
        serde_json::from_str(&text).context("the push was answered with no JSON")
    }

    /// What the machine tells of it, if it answers now.
    fn status(&self) -> Option<Value> {
        let authorization = format!("Bearer {}", self.token);
        let headers = [("Authorization", authorization.as_str())];
        let answer = http::ask(self.machine.manage, "GET", PATH, &headers, &[]).ok()?;
        let mut told: Value = serde_json::from_slice(&answer.body).ok()?;
        Some(told["result"].take())
    }

    /// Waits until a slot runs and is permanent.
    fn permanent(&self, slot: &str, patience: Duration) -> Result<Value> {
        self.machine
            .answers(&format!("permanent slot {slot}"), patience, || {
                let told = self.status()?;
                (told["slot"] == slot && told["permanent"] == true).then_some(told)
            })
    }
}
