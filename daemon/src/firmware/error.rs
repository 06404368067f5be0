//! Why firmware was not changed.

use super::device::DeviceError;
use super::minisign::SignatureError;
use super::release::ReleaseError;
use super::slots::{LayoutError, Slot};
use super::state::StateError;

/// Why firmware was not changed.
#[derive(Debug, thiserror::Error)]
pub enum FirmwareError {
    /// This machine has no slots.
    #[error("this machine has no slots for firmware: {0}")]
    NoSlots(LayoutError),
    /// Somebody else changes it.
    #[error("another push or decision about firmware is under way; wait for its end")]
    Busy,
    /// What runs is on trial.
    #[error(
        "slot {0} is on trial; wait until it passed (`postern firmware status`), or decide with `postern firmware confirm` or `rollback`"
    )]
    OnTrial(Slot),
    /// What was pushed was not tried yet.
    #[error(
        "slot {0} waits for its trial; restart the machine, or take it back with `postern firmware rollback`"
    )]
    Waiting(Slot),
    /// What runs is not what the boot loader starts.
    #[error(
        "slot {0} runs, but the boot loader's permanent slot is the other one, which must stay as it is; restart the machine, or keep this one with `postern firmware confirm`"
    )]
    NotPermanent(Slot),
    /// It is permanent.
    #[error("slot {0} is permanent already")]
    NothingToConfirm(Slot),
    /// There is nowhere to go back to.
    #[error(
        "no trial waits or runs, and slot {0} holds no system that was permanent once; push the image that shall run with --allow-downgrade"
    )]
    NothingToRollBack(Slot),
    /// The signature is not good.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// It is not for this machine.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// It was not written.
    #[error(transparent)]
    Device(DeviceError),
    /// The boot state was not read or written.
    #[error(transparent)]
    State(#[from] StateError),
}

impl From<DeviceError> for FirmwareError {
    fn from(error: DeviceError) -> Self {
        match error {
            DeviceError::Signature(error) => Self::Signature(error),
            error => Self::Device(error),
        }
    }
}

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What was sent is not good.
    Sent,
    /// It has too many bytes.
    TooLarge,
    /// It does not fit what is the case now.
    Now,
    /// This machine's.
    Machine,
}

impl FirmwareError {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Signature(_) | Self::Release(_) | Self::Device(DeviceError::Empty) => Fault::Sent,
            Self::Device(DeviceError::TooLarge { .. }) => Fault::TooLarge,
            Self::Device(DeviceError::Busy(_)) => Fault::Now,
            Self::Device(_) | Self::State(_) => Fault::Machine,
            _ => Fault::Now,
        }
    }
}
