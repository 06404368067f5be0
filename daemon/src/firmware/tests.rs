//! Pushes, trials and ways back, with files in the place of devices and a test in that of the
//! boot loader.

#![allow(clippy::unwrap_used)]

use super::checks::{Check, Checks};
use super::release::VERSION;
use super::state::{COPY_BYTES, OFFSETS};
use super::testing::Signer;
use super::*;
use crate::firmware::device::DeviceError;
use crate::firmware::error::Fault;
use crate::firmware::minisign::SignatureError;
use crate::firmware::release::ReleaseError;
use futures_lite::future::block_on;
use parking_lot::Mutex;
use std::cell::Cell;
use std::collections::VecDeque;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;

const SLOT_BYTES: usize = 300_000;

/// A machine: three files and a command line.
struct Machine {
    dir: tempfile::TempDir,
    signer: Signer,
    /// Counts starts.
    run: Cell<u32>,
}

impl Machine {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("state"), vec![0; 1 << 20]).unwrap();
        std::fs::write(at("a"), vec![1; SLOT_BYTES]).unwrap();
        std::fs::write(at("b"), vec![2; SLOT_BYTES]).unwrap();
        let machine = Self {
            dir,
            signer: Signer::new(1),
            run: Cell::new(0),
        };
        machine.started(Slot::A);
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn started(&self, slot: Slot) {
        std::fs::write(self.path("cmdline"), format!("quiet postern.slot={slot}\n")).unwrap();
    }

    /// What the boot loader does, and then the daemon.
    fn boot(&self) -> (Arc<Firmware>, Phase) {
        self.run.set(self.run.get() + 1);
        let file = StateFile::new(&self.path("state"));
        let state = file.read().unwrap().unwrap_or_default();
        let slot = match state.trial {
            Some(trial) if state.tries > 0 => {
                file.change(|state| state.tries -= 1).unwrap();
                trial
            }
            _ => state.slot,
        };
        self.started(slot);
        self.restart()
    }

    /// The daemon starts again, and the machine does not.
    fn restart(&self) -> (Arc<Firmware>, Phase) {
        let firmware = self.open(Duration::from_millis(20));
        let phase = firmware.begin();
        (firmware, phase)
    }

    fn open(&self, deadline: Duration) -> Arc<Firmware> {
        let reboots = self.path("reboots");
        Firmware::open(FirmwareOptions {
            keys: vec![self.signer.public()],
            places: Places {
                state: Some(self.path("state")),
                a: Some(self.path("a")),
                b: Some(self.path("b")),
                command_line: Some(self.path("cmdline")),
            },
            board: "here".to_owned(),
            tries: 2,
            deadline,
            reboot: ["sh", "-c", &format!("echo >> '{}'", reboots.display())]
                .map(str::to_owned)
                .to_vec(),
            records: self.path("firmware.json"),
            run: self.run.get().to_string(),
        })
    }

    fn state(&self) -> BootState {
        let file = StateFile::new(&self.path("state"));
        file.read().unwrap().unwrap_or_default()
    }

    fn signed(&self, image: &[u8], version: &str) -> String {
        let comment = format!("postern {version} board here");
        self.signer.sign(image, &comment)
    }

    fn push(&self, firmware: &Arc<Firmware>) -> Result<Pushed, FirmwareError> {
        let image = image();
        let signature = self.signed(&image, "99.0.0");
        push(firmware, &image, &signature, false)
    }
}

fn image() -> Vec<u8> {
    (0..200_000).map(|at| (at % 253) as u8).collect()
}

fn push(
    firmware: &Arc<Firmware>,
    image: &[u8],
    signature: &str,
    allow_downgrade: bool,
) -> Result<Pushed, FirmwareError> {
    block_on(async {
        let len = Some(image.len() as u64);
        let mut push = firmware
            .push(signature.as_bytes(), len, allow_downgrade)
            .await?;
        for part in image.chunks(10_000) {
            push.write(part).await?;
        }
        push.finish().await
    })
}

/// Checks that go as they are told to; the last for ever.
struct Told(Mutex<VecDeque<Option<&'static str>>>);

impl Told {
    fn new(failures: &[Option<&'static str>]) -> Arc<Self> {
        Arc::new(Self(Mutex::new(failures.iter().copied().collect())))
    }
}

impl Checks for Told {
    fn run(&self) -> Pin<Box<dyn Future<Output = Vec<Check>> + Send + '_>> {
        let mut failures = self.0.lock();
        let failure = match failures.len() {
            0 | 1 => failures.front().copied().flatten(),
            _ => failures.pop_front().flatten(),
        };
        let check = Check {
            name: "edge".to_owned(),
            failure: failure.map(str::to_owned),
            ms: 0,
        };
        Box::pin(std::future::ready(vec![check]))
    }
}

fn judge(firmware: &Arc<Firmware>, phase: Phase, failures: &[Option<&'static str>]) {
    firmware.check_by(Told::new(failures));
    block_on(firmware.clone().judge(phase));
}

fn wait_for(path: &Path) {
    let begin = std::time::Instant::now();
    while !path.exists() {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "{}",
            path.display()
        );
        std::thread::yield_now();
    }
}

#[test]
fn an_update_goes_from_a_to_b_and_the_next_from_b_to_a() {
    let machine = Machine::new();
    let (firmware, phase) = machine.boot();
    assert_eq!(phase, Phase::Steady);
    let pushed = machine.push(&firmware).unwrap();
    assert_eq!(
        (pushed.slot, pushed.bytes, pushed.tries),
        (Slot::B, 200_000, 2)
    );
    assert_eq!(
        std::fs::read(machine.path("b")).unwrap()[..200_000],
        image()
    );
    let status = firmware.status();
    assert_eq!(
        (&status["slot"], &status["next"]),
        (&"a".into(), &"b".into())
    );
    assert_eq!(status["trial"]["running"], false);
    assert_eq!(status["slots"]["b"]["version"], "99.0.0");
    assert_eq!(status["slots"]["b"]["hash"], pushed.hash);
    assert_eq!(status["last"]["what"], "pushed");

    let (firmware, phase) = machine.boot();
    assert_eq!(phase, Phase::Trial);
    assert_eq!(firmware.status()["permanent"], false);
    // Not well at once, which is no failure.
    judge(&firmware, phase, &[None]);
    let state = machine.state();
    assert_eq!((state.slot, state.trial, state.tries), (Slot::B, None, 0));
    let status = firmware.status();
    assert_eq!(
        (&status["slot"], &status["permanent"]),
        (&"b".into(), &true.into())
    );
    assert_eq!(status["last"]["what"], "confirmed");
    assert!(!machine.path("reboots").exists());
    // The daemon starts again, with the command line of the trial.
    let (firmware, phase) = machine.restart();
    assert_eq!(phase, Phase::Steady);
    assert_eq!(machine.push(&firmware).unwrap().slot, Slot::A);
}

#[test]
fn a_trial_that_fails_goes_back_after_its_attempts_and_that_is_told() {
    let machine = Machine::new();
    let (firmware, _) = machine.boot();
    machine.push(&firmware).unwrap();
    for left in [1, 0] {
        let (firmware, phase) = machine.boot();
        assert_eq!(phase, Phase::Trial);
        judge(&firmware, phase, &[Some("no answer")]);
        wait_for(&machine.path("reboots"));
        std::fs::remove_file(machine.path("reboots")).unwrap();
        let state = machine.state();
        assert_eq!((state.trial, state.tries), (Some(Slot::B), left));
        assert_eq!(state.reason, "failed: edge: no answer");
    }
    let (firmware, phase) = machine.boot();
    assert_eq!(phase, Phase::Steady);
    let status = firmware.status();
    assert_eq!(
        (&status["slot"], &status["permanent"]),
        (&"a".into(), &true.into())
    );
    assert_eq!(status["trial"], serde_json::Value::Null);
    let expect = "fell back to slot a from the trial of slot b: edge: no answer";
    assert_eq!(status["why"], expect);
    assert_eq!(status["last"]["what"], "fell-back");
    assert_eq!(status["events"][1]["what"], "failed");
    // It is told once.
    let (firmware, _) = machine.boot();
    assert_eq!(firmware.status()["events"].as_array().unwrap().len(), 4);
    // And the next push is taken.
    machine.push(&firmware).unwrap();
}

#[test]
fn a_trial_that_crashes_goes_back() {
    let machine = Machine::new();
    let (firmware, _) = machine.boot();
    machine.push(&firmware).unwrap();
    assert_eq!(machine.boot().1, Phase::Trial);
    assert_eq!(machine.boot().1, Phase::Trial);
    let (firmware, phase) = machine.boot();
    assert_eq!(phase, Phase::Steady);
    let why = firmware.status()["why"].to_string();
    assert!(why.contains("without a verdict"), "{why}");
}

#[test]
fn a_slot_that_the_loader_cannot_start_is_given_up() {
    let machine = Machine::new();
    let (firmware, _) = machine.boot();
    machine.push(&firmware).unwrap();
    // The daemon alone starts again.
    let (firmware, _) = machine.restart();
    assert_eq!(firmware.status()["next"], "b");
    // The loader takes an attempt and then what it can start.
    machine.boot();
    machine.started(Slot::A);
    std::fs::remove_file(machine.path("firmware.json")).unwrap();
    let (firmware, _) = machine.restart();
    assert_eq!(firmware.status()["next"], "b", "nothing is known of it");
    firmware.roll_back().unwrap();
    machine.push(&firmware).unwrap();
    machine.boot();
    machine.started(Slot::A);
    let (firmware, phase) = machine.restart();
    assert_eq!(phase, Phase::Steady);
    let why = firmware.status()["why"].to_string();
    assert!(why.contains("the boot loader could not start it"), "{why}");
    machine.push(&firmware).unwrap();
}

#[test]
fn a_slow_start_is_waited_for() {
    let machine = Machine::new();
    let (firmware, _) = machine.boot();
    machine.push(&firmware).unwrap();
    machine.boot();
    let firmware = machine.open(Duration::from_secs(600));
    let phase = firmware.begin();
    judge(&firmware, phase, &[Some("not yet"), None]);
    assert_eq!(machine.state().slot, Slot::B);
}

#[test]
fn nothing_is_taken_while_a_trial_waits_or_runs() {
    let machine = Machine::new();
    let (firmware, _) = machine.boot();
    machine.push(&firmware).unwrap();
    let refused = machine.push(&firmware).unwrap_err();
    assert!(
        matches!(refused, FirmwareError::Waiting(Slot::B)),
        "{refused}"
    );
    let (firmware, _) = machine.boot();
    let before = std::fs::read(machine.path("a")).unwrap();
    let refused = machine.push(&firmware).unwrap_err();
    assert!(
        matches!(refused, FirmwareError::OnTrial(Slot::B)),
        "{refused}"
    );
    assert_eq!(refused.fault(), Fault::Now);
    assert_eq!(std::fs::read(machine.path("a")).unwrap(), before);
}

#[test]
fn of_two_pushes_the_second_is_refused() {
    let machine = Machine::new();
    let (firmware, _) = machine.boot();
    let image = image();
    let signature = machine.signed(&image, "99.0.0");
    let first = block_on(firmware.push(signature.as_bytes(), None, false)).unwrap();
    let second = machine.push(&firmware).unwrap_err();
    assert!(matches!(second, FirmwareError::Busy), "{second}");
    assert!(matches!(firmware.roll_back(), Err(FirmwareError::Busy)));
    // The link of the first breaks.
    drop(first);
    assert_eq!(machine.state(), BootState::default());
    machine.push(&firmware).unwrap();
}

#[test]
fn what_is_not_good_leaves_the_boot_state_as_it_was() {
    let machine = Machine::new();
    let (firmware, _) = machine.boot();
    let image = image();
    let refused = |image: &[u8], signature: &str, fault| {
        let error = push(&firmware, image, signature, false).unwrap_err();
        assert_eq!(error.fault(), fault, "{error}");
        assert_eq!(machine.state(), BootState::default(), "{error}");
        error
    };
    let other = machine.signed(b"another image", "99.0.0");
    let error = refused(&image, &other, Fault::Sent);
    assert!(matches!(
        error,
        FirmwareError::Signature(SignatureError::Image)
    ));
    // What is left in the slot cannot be started.
    let left = std::fs::read(machine.path("b")).unwrap();
    assert!(left[..65_536].iter().all(|byte| *byte == 0));
    let stranger = Signer::new(7).sign(&image, "postern 99.0.0 board here");
    let error = refused(&image, &stranger, Fault::Sent);
    assert!(matches!(
        error,
        FirmwareError::Signature(SignatureError::UnknownKey(_))
    ));
    let board = machine.signer.sign(&image, "postern 99.0.0 board there");
    let error = refused(&image, &board, Fault::Sent);
    assert!(matches!(
        error,
        FirmwareError::Release(ReleaseError::Board { .. })
    ));
    let error = refused(&image, &machine.signed(&image, "0.0.1"), Fault::Sent);
    assert!(matches!(
        error,
        FirmwareError::Release(ReleaseError::Downgrade { .. })
    ));
    let large = vec![5; SLOT_BYTES + 1];
    let error = refused(&large, &machine.signed(&large, "99.0.0"), Fault::TooLarge);
    assert!(matches!(
        error,
        FirmwareError::Device(DeviceError::TooLarge { .. })
    ));
    refused(b"", &machine.signed(b"", "99.0.0"), Fault::Sent);
    refused(&image, "", Fault::Sent);
    std::fs::remove_file(machine.path("b")).unwrap();
    refused(&image, &machine.signed(&image, "99.0.0"), Fault::Machine);
}

#[test]
fn an_older_version_is_taken_when_told_so() {
    let machine = Machine::new();
    let (firmware, _) = machine.boot();
    let image = image();
    let pushed = push(&firmware, &image, &machine.signed(&image, "0.0.1"), true).unwrap();
    assert_eq!(pushed.version, "0.0.1");
    machine.state();
    let same = machine.signed(&image, VERSION);
    firmware.roll_back().unwrap();
    push(&firmware, &image, &same, false).unwrap();
}

#[test]
fn an_operator_decides_by_hand() {
    let machine = Machine::new();
    let (firmware, _) = machine.boot();
    assert!(matches!(
        firmware.confirm(),
        Err(FirmwareError::NothingToConfirm(Slot::A))
    ));
    assert!(matches!(
        firmware.roll_back(),
        Err(FirmwareError::NothingToRollBack(Slot::B))
    ));
    // A trial that waits.
    machine.push(&firmware).unwrap();
    assert_eq!(firmware.roll_back().unwrap(), Slot::A);
    let (firmware, phase) = machine.boot();
    assert_eq!(
        (phase, firmware.status()["slot"].as_str()),
        (Phase::Steady, Some("a"))
    );
    // A trial that runs.
    machine.push(&firmware).unwrap();
    let (firmware, _) = machine.boot();
    assert_eq!(firmware.roll_back().unwrap(), Slot::A);
    // No check keeps it then, not even after a start of the daemon alone.
    let (firmware, phase) = machine.restart();
    assert_eq!(phase, Phase::Steady);
    assert!(matches!(
        machine.push(&firmware),
        Err(FirmwareError::NotPermanent(Slot::B))
    ));
    assert_eq!(machine.boot().0.status()["slot"], "a");
    // Kept by hand, and back to what was permanent before.
    machine.push(&machine.restart().0).unwrap();
    let (firmware, _) = machine.boot();
    firmware.confirm().unwrap();
    assert_eq!(machine.state().slot, Slot::B);
    assert_eq!(firmware.roll_back().unwrap(), Slot::A);
    let (firmware, phase) = machine.boot();
    assert_eq!(
        (phase, firmware.status()["slot"].as_str()),
        (Phase::Trial, Some("a"))
    );
}

#[test]
fn a_decision_by_hand_ends_the_judgement() {
    let machine = Machine::new();
    let (firmware, _) = machine.boot();
    machine.push(&firmware).unwrap();
    let (firmware, phase) = machine.boot();
    firmware.roll_back().unwrap();
    judge(&firmware, phase, &[None]);
    let state = machine.state();
    assert_eq!((state.slot, state.trial), (Slot::A, None));
    assert!(!machine.path("reboots").exists());
}

#[test]
fn a_slot_that_the_loader_went_to_by_itself_is_kept_when_it_works() {
    let machine = Machine::new();
    machine.started(Slot::B);
    let (firmware, phase) = machine.restart();
    assert_eq!(phase, Phase::Stray);
    assert!(matches!(
        machine.push(&firmware),
        Err(FirmwareError::NotPermanent(Slot::B))
    ));
    judge(&firmware, phase, &[None]);
    assert_eq!(machine.state().slot, Slot::B);
    machine.push(&firmware).unwrap();
}

#[test]
fn a_machine_without_slots_says_so() {
    let machine = Machine::new();
    std::fs::write(machine.path("cmdline"), "quiet\n").unwrap();
    let (firmware, phase) = machine.restart();
    assert_eq!(phase, Phase::Unknown);
    let refused = machine.push(&firmware).unwrap_err();
    assert!(matches!(
        refused,
        FirmwareError::NoSlots(LayoutError::NoSlot)
    ));
    let status = firmware.status();
    assert_eq!(status["slot"], serde_json::Value::Null);
    assert!(status["why"].as_str().unwrap().contains("postern.slot="));
}

#[test]
fn a_push_that_is_cut_off_anywhere_leaves_the_old_system() {
    let image = image();
    // Where the daemon ends: after so many parts, or between the last part and the state.
    for parts in [0, 1, 7, 20] {
        let machine = Machine::new();
        let (firmware, _) = machine.boot();
        let signature = machine.signed(&image, "99.0.0");
        let before = std::fs::read(machine.path("state")).unwrap();
        block_on(async {
            let mut push = firmware
                .push(signature.as_bytes(), None, false)
                .await
                .unwrap();
            for part in image.chunks(10_000).take(parts) {
                push.write(part).await.unwrap();
            }
        });
        assert_eq!(std::fs::read(machine.path("state")).unwrap(), before);
        let left = std::fs::read(machine.path("b")).unwrap();
        assert!(left[..65_536].iter().all(|byte| *byte == 0));
        let (firmware, phase) = machine.boot();
        assert_eq!(
            (phase, firmware.status()["slot"].as_str()),
            (Phase::Steady, Some("a"))
        );
        machine.push(&firmware).unwrap();
    }
}

#[test]
fn damage_to_either_copy_leaves_a_system() {
    let machine = Machine::new();
    let (firmware, _) = machine.boot();
    machine.push(&firmware).unwrap();
    let good = std::fs::read(machine.path("state")).unwrap();
    for offset in OFFSETS {
        let mut bytes = good.clone();
        let offset = usize::try_from(offset).unwrap();
        bytes[offset..offset + COPY_BYTES].fill(0x5a);
        std::fs::write(machine.path("state"), bytes).unwrap();
        let (firmware, phase) = machine.boot();
        assert!(matches!(phase, Phase::Steady | Phase::Trial));
        assert!(firmware.status()["slot"].is_string());
        std::fs::write(machine.path("state"), &good).unwrap();
    }
}
