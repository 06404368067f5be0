//! Bundles: uploads in parts, what is installed, lists of release keys, and receipts.
//!
//! An upload has the SHA-256 of its file for an id, so that whoever lost the link finds what is there of it and
//! goes on from there.

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use super::roles::Role;
use crate::catalog::CatalogError;
use crate::catalog::name::shown;
use crate::delivery::{Arrival, Delivered, Delivery, DeliveryError, Staged, Upload};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// For a part of an upload to come, by whatever link.
const BODY_TOTAL: Duration = Duration::from_secs(4 * 3600);

/// What an upload begins with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// SHA-256 of the file, as hexadecimal digits.
    sha256: String,
    /// Its bytes.
    bytes: u64,
}

impl From<DeliveryError> for Refusal {
    fn from(error: DeliveryError) -> Self {
        use DeliveryError as E;
        let error = match error {
            E::Catalog(error) => return error.into(),
            E::Store(error) => return CatalogError::from(error).into(),
            error => error,
        };
        let status = match &error {
            E::Catalog(_) | E::Store(_) | E::Io { .. } | E::Key { .. } => {
                return Self::internal(error);
            }
            E::NothingInstalled { .. } | E::NoUpload => StatusCode::NOT_FOUND,
            E::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            E::NoRoom(_) => StatusCode::INSUFFICIENT_STORAGE,
            E::Sending
            | E::Offset { .. }
            | E::Incomplete { .. }
            | E::Older { .. }
            | E::OlderKeys { .. }
            | E::Changed { .. }
            | E::Busy { .. } => StatusCode::CONFLICT,
            E::Bundle(_)
            | E::NoRoots
            | E::NoKeys
            | E::KeyOver { .. }
            | E::KeyNamespace { .. }
            | E::KeyReach { .. }
            | E::OtherDevice { .. }
            | E::Expired(_)
            | E::Clock(_)
            | E::Contents(_)
            | E::BrokenOff(_)
            | E::BadId(_)
            | E::OtherHash
            | E::Fetch(_) => StatusCode::BAD_REQUEST,
        };
        Self::new(status, code::BUNDLE, error.to_string())
    }
}

impl<W: Send + Sync + 'static> Manage<W> {
    fn delivery(&self) -> Result<&Arc<Delivery<W>>, Refusal> {
        self.delivery
            .get()
            .ok_or_else(|| Refusal::not_yet("Bundles"))
    }

    fn arrival(&self, call: &Call) -> Result<Arrival, Refusal> {
        let rollback = call.number("allow_rollback")?;
        if rollback.is_some() && !call.caller.is_admin() {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                code::AUTHENTICATION,
                format!(
                    "an older version is allowed by the role {} alone; use a token with it",
                    Role::Admin.name()
                ),
            ));
        }
        Ok(Arrival {
            way: "the management port".to_owned(),
            who: call.caller.name(),
            is_authorized: true,
            rollback,
        })
    }

    pub(super) async fn list_bundles(&self, _call: Call) -> Handled {
        let delivery = self.delivery()?;
        let installed = delivery.installed()?;
        let places = delivery.outcomes().into_iter().map(|(place, outcome)| {
            json!({"place": place, "at": outcome.at, "well": outcome.well, "what": outcome.what})
        });
        ok(json!({
            "device": delivery.device(),
            "signatures": delivery.asks_for_signatures(),
            "max_bytes": delivery.bytes_max(),
            "receipts_signed_by": delivery.public_key(),
            "installed": installed.iter().map(|it| it.shown()).collect::<Value>(),
            "keys": shown_keys(delivery)?,
            "places": places.collect::<Value>(),
        }))
    }

    /// A whole file at once, for clients that know no more than one call.
    pub(super) async fn put_bundle(&self, call: Call) -> Handled {
        let delivery = self.delivery()?.clone();
        let arrival = self.arrival(&call)?;
        let Some(bytes) = call.body.len else {
            return Err(Refusal::new(
                StatusCode::LENGTH_REQUIRED,
                code::BODY,
                "the bundle's length is not told; send it with Content-Length",
            ));
        };
        let mut body = call.body.within(BODY_TOTAL).into_stream();
        let staged = delivery.receive(bytes, &mut body, &arrival).await;
        install(&delivery, staged.map_err(unread)?, &arrival).await
    }

    pub(super) async fn begin_bundle(&self, call: Call) -> Handled {
        let delivery = self.delivery()?.clone();
        let wanted: Wanted = call.json().await?;
        let upload = delivery.begin(&wanted.sha256, wanted.bytes).await?;
        told(&wanted.sha256, upload)
    }

    pub(super) async fn get_bundle_upload(&self, call: Call) -> Handled {
        let id = call.param("upload");
        told(id, self.delivery()?.upload(id).await?)
    }

    pub(super) async fn append_bundle(&self, call: Call) -> Handled {
        let delivery = self.delivery()?.clone();
        let arrival = self.arrival(&call)?;
        let id = call.param("upload").to_owned();
        let offset = call.number("offset")?.unwrap_or(0);
        let mut body = call.body.within(BODY_TOTAL).into_stream();
        let taken = delivery.append(&id, offset, &mut body, &arrival).await;
        told(&id, taken.map_err(unread)?)
    }

    pub(super) async fn abandon_bundle(&self, call: Call) -> Handled {
        self.delivery()?.abandon(call.param("upload")).await;
        ok(Value::Null)
    }

    pub(super) async fn install_bundle(&self, call: Call) -> Handled {
        let delivery = self.delivery()?.clone();
        let arrival = self.arrival(&call)?;
        let staged = delivery.finished(call.param("upload")).await?;
        install(&delivery, staged, &arrival).await
    }

    pub(super) async fn get_release_keys(&self, _call: Call) -> Handled {
        ok(shown_keys(self.delivery()?)?)
    }

    pub(super) async fn get_receipt(&self, call: Call) -> Handled {
        let namespace = call.query("namespace").filter(|name| !name.is_empty());
        let receipt = self.delivery()?.receipt(namespace)?;
        ok(json!({
            "receipt": receipt.text,
            "signature": receipt.signature,
            "public_key": receipt.public_key,
        }))
    }
}

async fn install<W: Send + Sync + 'static>(
    delivery: &Delivery<W>,
    staged: Staged,
    arrival: &Arrival,
) -> Handled {
    match delivery.deliver(staged, arrival).await? {
        Delivered::Keys(_) => ok(json!({"keys": shown_keys(delivery)?})),
        Delivered::Bundle {
            installed,
            again,
            left,
        } => {
            let receipt = delivery.receipt(installed.dispatch_namespace())?;
            let mut told = installed.shown();
            told["again"] = again.into();
            told["left"] = json!(left);
            told["receipt"] = receipt.text.into();
            told["signature"] = receipt.signature.into();
            told["public_key"] = receipt.public_key.into();
            ok(json!({"bundle": told}))
        }
    }
}

/// A refusal of which the body was not read to its end.
fn unread(error: DeliveryError) -> Refusal {
    let mut refusal = Refusal::from(error);
    refusal.close = true;
    refusal
}

fn told(id: &str, upload: Upload) -> Handled {
    ok(json!({"id": id, "received": upload.received, "bytes": upload.bytes}))
}

fn shown_keys<W: Send + Sync + 'static>(delivery: &Delivery<W>) -> Result<Value, Refusal> {
    let Some(list) = delivery.keys()? else {
        return Ok(Value::Null);
    };
    let keys = list.keys.iter().map(|key| {
        json!({
            "key": key.key,
            "until": key.until.map(crate::delivery::shown_seconds),
            "namespaces": key.namespaces.iter().map(|it| shown(it)).collect::<Value>(),
        })
    });
    Ok(json!({"version": list.version, "keys": keys.collect::<Value>()}))
}
