//! An image on its way into the slot that does not run.

use super::device::{self, DeviceError, Writer};
use super::minisign::{Signature, hex};
use super::records::{Held, What};
use super::release::{self, Release};
use super::slots::Slot;
use super::state::BootState;
use super::{Firmware, FirmwareError};
use smol::lock::MutexGuardArc;
use std::sync::Arc;

/// Bytes that are collected before they are written.
const PART_BYTES: usize = 256 * 1024;

/// What is known of an image before it is there.
#[derive(Clone, Debug)]
struct Announced {
    signature: Signature,
    release: Release,
    slot: Slot,
}

/// An image that comes. Dropping it leaves the boot state as it was.
pub struct Push {
    firmware: Arc<Firmware>,
    announced: Announced,
    /// `None` only while it is elsewhere.
    writer: Option<Writer>,
    part: Vec<u8>,
    _busy: MutexGuardArc<()>,
}

/// What was pushed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Pushed {
    /// The slot that holds it.
    pub slot: Slot,
    /// Its version.
    pub version: String,
    /// Its board.
    pub board: String,
    /// Its bytes.
    pub bytes: u64,
    /// BLAKE2b-512, as hexadecimal digits.
    pub hash: String,
    /// Attempts that its trial has.
    pub tries: u8,
}

impl Firmware {
    /// Whether an image with this `.minisig` file and size would be taken now.
    pub fn check_push(
        &self,
        signature: &[u8],
        bytes: Option<u64>,
        allow_downgrade: bool,
    ) -> Result<(), FirmwareError> {
        let _busy = self.busy.try_lock().ok_or(FirmwareError::Busy)?;
        self.announce(signature, bytes, allow_downgrade).map(|_| ())
    }

    fn announce(
        &self,
        signature: &[u8],
        bytes: Option<u64>,
        allow_downgrade: bool,
    ) -> Result<Announced, FirmwareError> {
        let layout = self.layout()?;
        let signature = Signature::read(signature, &self.options.keys)?;
        let release = Release::parse(&signature.comment)?;
        release.check(&self.options.board, &release::running(), allow_downgrade)?;
        vacant(&self.state()?, layout.running)?;
        let slot = layout.running.other();
        device::check(layout.device(slot), bytes)?;
        Ok(Announced {
            signature,
            release,
            slot,
        })
    }

    /// Begins to take an image.
    pub async fn push(
        self: &Arc<Self>,
        signature: &[u8],
        bytes: Option<u64>,
        allow_downgrade: bool,
    ) -> Result<Push, FirmwareError> {
        let busy = self.busy.try_lock_arc().ok_or(FirmwareError::Busy)?;
        let announced = self.announce(signature, bytes, allow_downgrade)?;
        let path = self.layout()?.device(announced.slot).to_owned();
        log::info!(
            "postern {} comes into slot {}, signed by {}",
            announced.release.version,
            announced.slot,
            announced.signature.key()
        );
        let (firmware, slot) = (self.clone(), announced.slot);
        let writer = postern_task::unblock(move || {
            let writer = Writer::begin(&path, bytes)?;
            // What was there is gone.
            firmware.records.lock().hold(slot, None);
            Ok::<_, DeviceError>(writer)
        });
        Ok(Push {
            firmware: self.clone(),
            announced,
            writer: Some(writer.await?),
            part: Vec::with_capacity(PART_BYTES),
            _busy: busy,
        })
    }
}

/// Whether the slot that does not run may be written to: nothing refers to it.
fn vacant(state: &BootState, running: Slot) -> Result<(), FirmwareError> {
    match state.trial {
        Some(trial) if trial == running => Err(FirmwareError::OnTrial(trial)),
        Some(trial) => Err(FirmwareError::Waiting(trial)),
        None if state.slot != running => Err(FirmwareError::NotPermanent(running)),
        None => Ok(()),
    }
}

impl Push {
    /// Takes the next part.
    pub async fn write(&mut self, mut part: &[u8]) -> Result<(), FirmwareError> {
        while !part.is_empty() {
            let (now, later) = part.split_at(part.len().min(PART_BYTES - self.part.len()));
            self.part.extend_from_slice(now);
            part = later;
            if self.part.len() == PART_BYTES {
                self.flush().await?;
            }
        }
        Ok(())
    }

    /// Writes what was collected, where that holds nobody up.
    async fn flush(&mut self) -> Result<(), FirmwareError> {
        let Some(mut writer) = self.writer.take() else {
            // An earlier part was not written, which was told.
            return Err(FirmwareError::Busy);
        };
        let part = std::mem::take(&mut self.part);
        let (writer, mut part) = postern_task::unblock(move || {
            writer.write(&part)?;
            Ok::<_, DeviceError>((writer, part))
        })
        .await?;
        part.clear();
        self.part = part;
        self.writer = Some(writer);
        Ok(())
    }

    /// The image is there: checks it, and names it to the boot loader.
    pub async fn finish(mut self) -> Result<Pushed, FirmwareError> {
        if !self.part.is_empty() {
            self.flush().await?;
        }
        postern_task::unblock(move || self.settle()).await
    }

    fn settle(self) -> Result<Pushed, FirmwareError> {
        let Some(writer) = self.writer else {
            return Err(FirmwareError::Busy);
        };
        let Announced {
            signature,
            release,
            slot,
        } = self.announced;
        let written = writer.finish(&signature)?;
        let (version, board) = (release.version.to_string(), release.board);
        let hash = hex(&written.hash);
        let firmware = &self.firmware;
        let running = firmware.layout()?.running;
        let tries = firmware.options.tries;
        let reason = format!("postern {version} was pushed to slot {slot}, to be tried");
        {
            // Before it can be started, so that what is told of it is true.
            let mut records = firmware.records.lock();
            records.runs(running, &firmware.options.board, true);
            let held = Held {
                version: version.clone(),
                board: board.clone(),
                bytes: Some(written.bytes),
                hash: Some(hash.clone()),
                worked: false,
            };
            records.hold(slot, Some(held));
            records.asked(&firmware.options.run);
        }
        firmware.change(|state| {
            vacant(state, running)?;
            state.slot = running;
            state.trial = Some(slot);
            state.tries = tries;
            state.reason.clone_from(&reason);
            Ok(())
        })?;
        log::info!("{reason}");
        firmware.records.lock().note(What::Pushed, slot, &reason);
        Ok(Pushed {
            slot,
            version,
            board,
            bytes: written.bytes,
            hash,
            tries,
        })
    }
}
