//! Why something is not delivered.

use crate::bundle::BundleError;
use crate::catalog::CatalogError;
use crate::store::StoreError;
use std::io;
use std::path::{Path, PathBuf};

/// Why something is not delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// It cannot be read, or nobody who may has signed it.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The catalog refuses what is in it.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system failed.
    #[error("cannot {verb} `{}`: {error}", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// What with.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The key that receipts are signed with is damaged.
    #[error(
        "{}: {why}: put the copy of a backup in its place, or remove it, so that another one is made and told by `postern bundle installed`",
        path.display()
    )]
    Key {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It did not come whole.
    #[error("the bundle broke off: {0}; send the rest")]
    BrokenOff(io::Error),
    /// Nobody may sign.
    #[error(
        "no root keys are configured, so what comes without a token is refused; set `root-keys` of [bundles]"
    )]
    NoRoots,
    /// No list of release keys has come.
    #[error(
        "no list of release keys is installed, so no signature counts; push one that a root key signed: postern push release.keys"
    )]
    NoKeys,
    /// The key that signed counts no more.
    #[error(
        "the release key {key} counts only until {until}; sign with another, or push a list in which it counts longer"
    )]
    KeyOver {
        /// The key's id.
        key: String,
        /// Until when it counted.
        until: String,
    },
    /// The key that signed is for other namespaces.
    #[error("the release key {key} is not for {namespace}; sign with one that is")]
    KeyNamespace {
        /// The key's id.
        key: String,
        /// Which namespace.
        namespace: String,
    },
    /// The key that signed may not reach what is named.
    #[error(
        "the release key {key} is for {namespaces} alone, and {what} is another's: no Worker there {why}, have it bound \
         there first by who may (`postern push`), or sign with a key for all namespaces"
    )]
    KeyReach {
        /// The key's id.
        key: String,
        /// The namespaces that it is for.
        namespaces: String,
        /// What is named.
        what: String,
        /// Why it may not be, and what to do.
        why: &'static str,
    },
    /// Another list of keys is newer.
    #[error(
        "the list of release keys has version {version}, and version {installed} is installed; give a newer one a higher version"
    )]
    OlderKeys {
        /// The version that came.
        version: u64,
        /// The one that counts.
        installed: u64,
    },
    /// It is for other devices.
    #[error(
        "the bundle is not for this device, which is `{device}`, but for {}; build it with --device {device}",
        listed(devices)
    )]
    OtherDevice {
        /// What this device is called.
        device: String,
        /// The devices that it is for.
        devices: Vec<String>,
    },
    /// It is too old.
    #[error("the bundle expired at {0}; build it again with a later --expires")]
    Expired(String),
    /// It cannot be known whether it is too old.
    #[error(
        "this device's clock is not set (it says {0} s since 1970), so it cannot be known whether what expires has; set it, for instance with NTP"
    )]
    Clock(u64),
    /// A newer one was installed.
    #[error(
        "the bundle is version {version} of {namespace}, and version {installed} was installed already; build it with a higher version, or allow this one by name: --allow-rollback {version}"
    )]
    Older {
        /// Which namespace.
        namespace: String,
        /// The version that came.
        version: u64,
        /// The one that is installed.
        installed: u64,
    },
    /// Two bundles have the same version.
    #[error(
        "another bundle with version {version} of {namespace} is installed; build this one with a higher version, or allow it by name: --allow-rollback {version}"
    )]
    Changed {
        /// Which namespace.
        namespace: String,
        /// The version of both.
        version: u64,
    },
    /// What is in it does not fit together.
    #[error("{0}")]
    Contents(String),
    /// It is too large.
    #[error(
        "the bundle has {bytes} bytes, the limit is {limit} (`max-bytes` of [bundles]); split it"
    )]
    TooLarge {
        /// What it has.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// There is no room.
    #[error("{0}")]
    NoRoom(String),
    /// Too many uploads are under way.
    #[error(
        "{limit} uploads of bundles are under way, the limit; wait for one to end, or give one up"
    )]
    Busy {
        /// The limit.
        limit: usize,
    },
    /// There is no such upload.
    #[error(
        "no upload with this id is under way; it was given up, or the daemon was restarted: begin again"
    )]
    NoUpload,
    /// The id is none.
    #[error("an upload's id is the SHA-256 of its file, 64 of 0-9 a-f; `{0}` is not")]
    BadId(String),
    /// Somebody is sending.
    #[error("somebody else is sending this upload; wait until they are done")]
    Sending,
    /// These are not the next bytes.
    #[error(
        "the upload has {received} bytes, and these are from byte {offset} on; send from byte {received} on"
    )]
    Offset {
        /// What is there.
        received: u64,
        /// What was sent.
        offset: u64,
    },
    /// It is not there whole.
    #[error("the upload has {received} of {bytes} bytes; send the rest first")]
    Incomplete {
        /// What is there.
        received: u64,
        /// What it has.
        bytes: u64,
    },
    /// It is something else than its id says.
    #[error(
        "the upload is not what its id says, which is its SHA-256; it was damaged on its way, begin again"
    )]
    OtherHash,
    /// No bundle was installed there.
    #[error("no bundle was installed {}; push one first", match namespace { Some(name) => format!("in the dispatch namespace '{name}'"), None => "outside of dispatch namespaces".to_owned() })]
    NothingInstalled {
        /// Which namespace.
        namespace: Option<String>,
    },
    /// A server did not give it.
    #[error("{0}")]
    Fetch(String),
}

pub(super) fn listed(devices: &[String]) -> String {
    match devices {
        [] => "none".to_owned(),
        devices => {
            let shown = devices.iter().take(8);
            let shown: Vec<_> = shown.map(|it| crate::catalog::name::shown(it)).collect();
            let more = if devices.len() > 8 { ", …" } else { "" };
            format!("{}{more}", shown.join(", "))
        }
    }
}

impl DeliveryError {
    pub(super) fn io(verb: &'static str, path: &Path, error: io::Error) -> Self {
        Self::Io {
            verb,
            path: path.to_owned(),
            error,
        }
    }
}

impl DeliveryError {
    /// Whether the same thing may be taken later, as when keys or a clock are what is missing.
    pub(super) fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::NoKeys
                | Self::KeyOver { .. }
                | Self::KeyNamespace { .. }
                | Self::KeyReach { .. }
                | Self::Clock(_)
                | Self::NoRoom(_)
                | Self::Io { .. }
                | Self::Store(_)
                | Self::Catalog(CatalogError::Store(_))
                | Self::Bundle(BundleError::UnknownKey { .. })
        )
    }
}
