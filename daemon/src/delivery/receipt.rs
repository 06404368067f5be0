//! Receipts: what a device says runs on it, signed with a key of its own.
//!
//! A receipt is a text of JSON and a `.minisig` file of that text, so that minisign can check it, too.

use super::rows::{Installed, in_catalog};
use super::{DeliveryError, Result, seconds_now, shown_seconds};
use crate::bundle::{BundleError, SecretKey, Signed, verified};
use crate::catalog::Catalog;
use crate::firmware::minisign::PublicKey;
use serde_json::{Value, json};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The file with the device's key, in the data directory.
const KEY_FILE: &str = "receipt.key";
/// Bytes of a receipt that is read.
const RECEIPT_MAX: usize = 8 << 20;

/// The key that a device signs with.
pub(super) struct DeviceKey(SecretKey);

impl DeviceKey {
    /// The one in a data directory, which is made if there is none.
    pub(super) fn open(dir: &Path) -> Result<Self> {
        let path = dir.join(KEY_FILE);
        match fs::read(&path) {
            Ok(text) => {
                let key = SecretKey::parse(&text).map_err(|error| match error {
                    BundleError::SecretKey(why) => DeliveryError::Key { path, why },
                    other => other.into(),
                })?;
                return Ok(Self(key));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(DeliveryError::io("read", &path, error)),
        }
        let key = SecretKey::random()?;
        let new = dir.join(format!("{KEY_FILE}.new"));
        let written = || {
            let _ = fs::remove_file(&new);
            let mut options = OpenOptions::new();
            let mut file = options
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(key.file().as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            fs::File::open(dir)?.sync_all()
        };
        written().map_err(|error| DeliveryError::io("write", &path, error))?;
        Ok(Self(key))
    }

    pub(super) fn public(&self) -> String {
        self.0.public()
    }
}

/// What a device says runs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// JSON.
    pub text: String,
    /// A `.minisig` file of the text.
    pub signature: String,
    /// The device's public key.
    pub public_key: String,
}

/// Signs what runs of a bundle.
pub(super) fn make<W: Send + Sync + 'static>(
    catalog: &Catalog<W>,
    device: &str,
    key: &DeviceKey,
    installed: Installed,
) -> Result<Receipt> {
    let namespace = in_catalog(&installed.namespace);
    let scripts = installed.scripts.iter().map(|brought| {
        let Ok((_, now)) = catalog.script(namespace, &brought.name) else {
            return json!({"name": brought.name, "state": "gone"});
        };
        json!({
            "name": now.name,
            "version_id": now.version_id.uuid(),
            "etag": now.etag,
            "modified_on": crate::catalog::shown_time(now.modified_ms),
            "state": match now.version_id == brought.version {
                true => "as in the bundle",
                false => "changed since",
            },
        })
    });
    let scripts: Vec<Value> = scripts.collect();
    let mut bundle = installed.shown();
    if let Value::Object(map) = &mut bundle {
        map.remove("scripts");
    }
    let text = json!({
        "receipt": 1,
        "device": device,
        "made_on": shown_seconds(seconds_now()),
        "postern": env!("CARGO_PKG_VERSION"),
        "bundle": bundle,
        "scripts": scripts,
    });
    let text = format!("{text:#}\n");
    let comment = format!(
        "postern receipt {} {} version {}",
        device.escape_default(),
        installed.namespace,
        installed.version
    );
    Ok(Receipt {
        signature: key.0.sign(text.as_bytes(), &comment)?,
        public_key: key.public(),
        text,
    })
}

/// Checks a receipt against the key of the device; what it says.
///
/// # Errors
/// When it was changed, or another key signed it.
pub fn verify_receipt(
    text: &[u8],
    signature: &[u8],
    key: &PublicKey,
) -> Result<Value, BundleError> {
    if text.len() > RECEIPT_MAX {
        return Err(BundleError::TooMuch {
            what: "the receipt",
            value: text.len() as u64,
            limit: RECEIPT_MAX as u64,
        });
    }
    verified(Signed::Receipt, text, signature, std::slice::from_ref(key))?;
    serde_json::from_slice(text).map_err(|_| BundleError::Form("it is no JSON"))
}
