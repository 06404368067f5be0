//! Firmware: an image on its way to its slot, what runs, and decisions about it.

use super::Manage;
use super::body::broken_off;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use crate::catalog::name::hex;
use crate::firmware::error::Fault;
use crate::firmware::{Firmware, FirmwareError, checks, minisign};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// The header field with the `.minisig` file, in base64.
pub const SIGNATURE: &str = "postern-signature";
/// For an image to come: a day's worth of storage is slow, and so is a link to the field.
const BODY_TOTAL: Duration = Duration::from_secs(4 * 3600);
/// Random bytes of a key for health.
const KEY_BYTES: usize = 32;

/// What programs of this machine ask with how the daemon is: random, anew at each start, and only
/// in a file that the daemon's user may read. It opens nothing else.
#[derive(Clone)]
pub struct HealthKey(String);

impl HealthKey {
    /// A new one.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; KEY_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(hex(&bytes)))
    }

    /// As it goes behind `Bearer`.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl From<FirmwareError> for Refusal {
    fn from(error: FirmwareError) -> Self {
        let status = match error.fault() {
            Fault::Sent => StatusCode::BAD_REQUEST,
            Fault::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Fault::Now => StatusCode::CONFLICT,
            Fault::Machine => return Self::internal(error),
        };
        log::info!("refused: {error}");
        Self::new(status, code::FIRMWARE, error.to_string())
    }
}

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) fn knows_health_key(&self, headers: &HeaderMap) -> bool {
        let Some((_, key)) = self.firmware.get() else {
            return false;
        };
        let presented = headers.get(http::header::AUTHORIZATION);
        let presented = presented.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        presented.is_some_and(|text| text.as_bytes().ct_eq(key.0.as_bytes()).into())
    }

    fn firmware(&self) -> Result<&Arc<Firmware>, Refusal> {
        match self.firmware.get() {
            Some((firmware, _)) => Ok(firmware),
            None => Err(Refusal::not_yet("Firmware")),
        }
    }

    pub(super) async fn get_health(&self, _call: Call) -> Handled {
        let checked = self.firmware()?.check().await;
        let failure = checks::failure(&checked);
        ok(json!({"well": failure.is_none(), "why": failure, "checks": checked}))
    }

    pub(super) async fn get_firmware(&self, _call: Call) -> Handled {
        let firmware = self.firmware()?.clone();
        ok(postern_task::unblock(move || firmware.status()).await)
    }

    /// Whether an image would be taken, before it is sent.
    pub(super) async fn check_firmware(&self, call: Call) -> Handled {
        let firmware = self.firmware()?;
        let signature = signature(&call.headers)?;
        let bytes = call.number("bytes")?;
        firmware.check_push(&signature, bytes, flag(&call, "allow_downgrade")?)?;
        ok(json!({"taken": true}))
    }

    pub(super) async fn push_firmware(&self, call: Call) -> Handled {
        let firmware = self.firmware()?;
        let reboot = flag(&call, "reboot")?;
        let pushed = receive(firmware, call).await.map_err(|mut refusal| {
            // Nobody reads the rest of the body.
            refusal.close = true;
            refusal
        })?;
        let mut told = json!(pushed);
        told["rebooting"] = reboot.into();
        if reboot {
            firmware.reboot();
        }
        ok(told)
    }

    pub(super) async fn confirm_firmware(&self, _call: Call) -> Handled {
        let firmware = self.firmware()?.clone();
        postern_task::unblock(move || {
            firmware.confirm()?;
            ok(firmware.status())
        })
        .await
    }

    pub(super) async fn roll_back_firmware(&self, call: Call) -> Handled {
        let firmware = self.firmware()?.clone();
        let reboot = flag(&call, "reboot")?;
        postern_task::unblock(move || {
            let next = firmware.roll_back()?;
            if reboot {
                firmware.reboot();
            }
            ok(json!({"next": next, "rebooting": reboot}))
        })
        .await
    }
}

async fn receive(firmware: &Arc<Firmware>, call: Call) -> Result<crate::firmware::Pushed, Refusal> {
    let signature = signature(&call.headers)?;
    let allow_downgrade = flag(&call, "allow_downgrade")?;
    let mut push = firmware
        .push(&signature, call.body.len, allow_downgrade)
        .await?;
    let mut body = call.body.within(BODY_TOTAL);
    while let Some(part) = body.next().await {
        push.write(&part.map_err(broken_off)?).await?;
    }
    Ok(push.finish().await?)
}

/// The `.minisig` file that a call brings.
fn signature(headers: &HeaderMap) -> Result<Vec<u8>, Refusal> {
    let what = || {
        let what = format!(
            "the header field {SIGNATURE} must hold the image's .minisig file in base64, at most {} bytes",
            minisign::FILE_MAX
        );
        Refusal::bad(code::FIRMWARE, what)
    };
    let value = headers.get(SIGNATURE).ok_or_else(what)?;
    STANDARD.decode(value.as_bytes()).map_err(|_| what())
}

/// A query parameter that is `true` or `false`.
fn flag(call: &Call, name: &str) -> Result<bool, Refusal> {
    match call.query(name) {
        None | Some("" | "false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Refusal::bad(
            code::BODY,
            format!("query parameter {name} is neither true nor false"),
        )),
    }
}
