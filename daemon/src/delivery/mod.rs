//! Delivery: bundles on their way to what runs, by whichever way they come.
//!
//! A bundle comes by the management port, from a folder or from a server; whatever the way, it is staged in
//! a file, judged by who signed it, for whom and when, and then becomes one release of the catalog, which
//! happens whole or not at all. What runs since is told by a receipt that the device signs.
//!
//! This room knows neither HTTP nor sockets: who fetches is told by [`Fetch`].

mod contents;
mod error;
mod folder;
mod pull;
mod reach;
mod receipt;
mod rows;
mod staging;
#[cfg(test)]
mod tests;

pub use error::DeliveryError;
pub use pull::{Fetch, Fetched, Fetching, Source};
pub use receipt::{Receipt, verify_receipt};
pub use rows::Installed;
pub use staging::{Staged, Upload};

use crate::bundle::{self, Bounds, KeyList, Manifest, Reader, ReleaseKey};
use crate::catalog::name::ACCOUNT;
use crate::catalog::{Catalog, shown_time};
use crate::engine::Worker;
use crate::firmware::minisign::PublicKey;
use crate::ledger::Budget;
use contents::Contents;
use futures_lite::StreamExt;
use parking_lot::Mutex;
use reach::Signer;
use receipt::DeviceKey;
use rows::InstalledScript;
use serde::Serialize;
use staging::Stage;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A result of this room.
pub type Result<T, E = DeliveryError> = std::result::Result<T, E>;

/// The clock cannot be right before this: 1 January 2026.
const EARLIEST: u64 = 1_767_225_600;
/// Places of which the last outcome is remembered.
const OUTCOMES_MAX: usize = 64;

/// How delivery is set up.
#[derive(Clone, Debug)]
pub struct DeliveryOptions {
    /// What this device is called: bundles name the devices that they are for.
    pub device: String,
    /// Who signs lists of release keys. Without any, signatures are not looked at, and bundles come by the
    /// management port alone.
    pub roots: Vec<PublicKey>,
    /// Bytes of a bundle.
    pub bytes_max: u64,
    /// Bytes of it that may be in memory at one time: a script's modules, a value.
    pub in_memory_max: u64,
    /// What that is counted in while a bundle is installed, which one at a time is.
    pub memory: Budget,
    /// The data directory.
    pub dir: PathBuf,
    /// Looked into for bundles, if there is one, this often.
    pub folder: Option<(PathBuf, Duration)>,
    /// Where bundles are pulled from.
    pub sources: Vec<Source>,
}

/// How a bundle came.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// By which way, for people.
    pub way: String,
    /// Who sent it, where that is known.
    pub who: String,
    /// Whether a token proves that it may be installed, where no signature is asked for.
    pub is_authorized: bool,
    /// A version that may be installed although a newer one was before.
    pub rollback: Option<u64>,
}

impl Arrival {
    /// From a folder or a server, which proves nothing.
    fn from(place: &str) -> Self {
        Self {
            way: place.to_owned(),
            who: String::new(),
            is_authorized: false,
            rollback: None,
        }
    }
}

/// What became of something that came from a folder or a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// When, RFC 3339.
    pub at: String,
    /// Whether it is well.
    pub well: bool,
    /// What became of it.
    pub what: String,
}

/// What was told to the device, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// A bundle is installed.
    Bundle {
        /// Since when, and what.
        installed: Installed,
        /// It was before.
        again: bool,
        /// Scripts that an earlier bundle brought, and that were changed since by somebody else and stay.
        left: Vec<String>,
    },
    /// A list of release keys counts.
    Keys(KeyList),
}

type Told = Box<dyn Fn(&Arrival, &str, bool) + Send + Sync>;

/// Delivery. `W` is the engine's Worker except in tests.
pub struct Delivery<W = Worker> {
    catalog: Arc<Catalog<W>>,
    options: DeliveryOptions,
    stage: Arc<Stage>,
    key: DeviceKey,
    /// One at a time.
    installing: smol::lock::Mutex<()>,
    outcomes: Mutex<BTreeMap<String, Outcome>>,
    /// Told of each change that nobody called for by the management port.
    told: Mutex<Option<Told>>,
}

fn seconds_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// A time in seconds since 1970, as RFC 3339.
pub fn shown_seconds(seconds: u64) -> String {
    shown_time(i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX))
}

impl<W: Send + Sync + 'static> Delivery<W> {
    /// Removes what was on its way when the daemon ended, and makes the device a key to sign receipts with
    /// if it has none.
    ///
    /// # Errors
    /// When the data directory cannot be written to.
    pub fn open(catalog: Arc<Catalog<W>>, options: DeliveryOptions) -> Result<Arc<Self>> {
        let stage = Arc::new(Stage::open(&options.dir, options.bytes_max)?);
        let key = DeviceKey::open(&options.dir)?;
        Ok(Arc::new(Self {
            catalog,
            options,
            stage,
            key,
            installing: smol::lock::Mutex::new(()),
            outcomes: Mutex::default(),
            told: Mutex::default(),
        }))
    }

    /// Has this called with each change that came from a folder or a server: how, what, and whether it
    /// was done.
    pub fn tell(&self, told: impl Fn(&Arrival, &str, bool) + Send + Sync + 'static) {
        *self.told.lock() = Some(Box::new(told));
    }

    /// What this device is called.
    pub fn device(&self) -> &str {
        &self.options.device
    }

    /// The public key of its receipts.
    pub fn public_key(&self) -> String {
        self.key.public()
    }

    /// Whether bundles must be signed.
    pub fn asks_for_signatures(&self) -> bool {
        !self.options.roots.is_empty()
    }

    /// Bytes that a bundle may have.
    pub fn bytes_max(&self) -> u64 {
        self.options.bytes_max
    }

    /// The list of release keys that counts.
    pub fn keys(&self) -> Result<Option<KeyList>> {
        rows::keys(self.catalog.store())
    }

    /// All bundles that are installed, by namespace.
    pub fn installed(&self) -> Result<Vec<Installed>> {
        rows::installed(self.catalog.store())
    }

    /// What became of what came from folders and servers, by place.
    pub fn outcomes(&self) -> BTreeMap<String, Outcome> {
        self.outcomes.lock().clone()
    }

    /// Signs what runs of a namespace now, `None` is outside of namespaces.
    ///
    /// # Errors
    /// When no bundle was ever installed there.
    pub fn receipt(&self, namespace: Option<&str>) -> Result<Receipt> {
        let place = namespace.unwrap_or(rows::NO_NAMESPACE);
        let installed = rows::one(self.catalog.store(), place)?;
        let installed = installed.ok_or_else(|| DeliveryError::NothingInstalled {
            namespace: namespace.map(crate::catalog::name::shown),
        })?;
        receipt::make(&self.catalog, &self.options.device, &self.key, installed)
    }

    /// Begins or goes on with an upload of a file with this SHA-256; how much of it is there.
    ///
    /// # Errors
    /// When it is too large, or there is no room for it.
    pub async fn begin(&self, id: &str, bytes: u64) -> Result<Upload> {
        self.stage.begin(id, bytes).await
    }

    /// How much of an upload is there.
    pub async fn upload(&self, id: &str) -> Result<Upload> {
        self.stage.told(id).await
    }

    /// Takes the next bytes of an upload, from `offset` on. Once its manifest is there, what cannot be
    /// installed is refused, so that nobody sends the rest.
    ///
    /// # Errors
    /// When they are not the next bytes, too many, or the bundle is refused.
    pub async fn append(
        &self,
        id: &str,
        offset: u64,
        body: &mut (dyn futures_lite::Stream<Item = std::io::Result<bytes::Bytes>> + Send + Unpin),
        arrival: &Arrival,
    ) -> Result<Upload> {
        let check = |path: &std::path::Path| self.check_head(path, arrival);
        self.stage.append(id, offset, body, &check).await
    }

    /// Stages a file of so many bytes that comes at once.
    ///
    /// # Errors
    /// As for uploads.
    pub async fn receive(
        &self,
        bytes: u64,
        body: &mut (dyn futures_lite::Stream<Item = std::io::Result<bytes::Bytes>> + Send + Unpin),
        arrival: &Arrival,
    ) -> Result<Staged> {
        let check = |path: &std::path::Path| self.check_head(path, arrival);
        let mut filling = self.stage.file(bytes)?;
        while let Some(part) = body.next().await {
            let part = part.map_err(DeliveryError::BrokenOff)?;
            filling.take(&part, &check)?;
        }
        match filling.received() == bytes {
            true => Ok(filling.done()),
            false => Err(DeliveryError::Incomplete {
                received: filling.received(),
                bytes,
            }),
        }
    }

    /// Gives an upload up.
    pub async fn abandon(&self, id: &str) {
        self.stage.abandon(id).await;
    }

    /// An upload that is there whole.
    ///
    /// # Errors
    /// When it is not, or is not what its id says.
    pub async fn finished(&self, id: &str) -> Result<Staged> {
        self.stage.take(id).await
    }

    /// Takes over what was staged: a bundle, or a list of release keys.
    ///
    /// # Errors
    /// Everything for which it is refused; then nothing has changed.
    pub async fn deliver(&self, staged: Staged, arrival: &Arrival) -> Result<Delivered> {
        // Whoever sent it may go away; what was begun is brought to its end by the caller.
        let _one = self.installing.lock().await;
        let staged = Arc::new(staged);
        if staged.is_keys()? {
            return self.take_keys(&staged, arrival).await;
        }
        let in_memory = self.options.in_memory_max + bundle::EXPANDING_BYTES;
        let _share = self.options.memory.take_anyway(in_memory);
        let (this, bounds) = (staged.clone(), self.bounds());
        // All of it is read and held against its hashes before anything is decided.
        let contents = postern_task::unblock(move || Contents::open(this, bounds)).await?;
        let contents = Arc::new(contents);
        let manifest = contents.manifest();
        let signer = self.check(&contents.head(), arrival)?;
        let store = self.catalog.store();
        let place = manifest.namespace.as_deref().unwrap_or(rows::NO_NAMESPACE);
        let before = rows::one(store, place)?;
        if let Some(installed) = before.as_ref().filter(|it| it.hash == contents.hash()) {
            return Ok(Delivered::Bundle {
                installed: installed.clone(),
                again: true,
                left: Vec::new(),
            });
        }
        self.stage.check_room(contents.stored_bytes())?;
        let (gone, left) = self.gone(manifest, before.as_ref())?;
        let in_memory = self.options.in_memory_max;
        let release = contents.release(&self.catalog, gone, arrival, in_memory, signer.as_ref())?;
        let made = reach::made(&self.catalog, place, &release)?;
        let mut installed = Installed {
            namespace: place.to_owned(),
            version: manifest.version,
            hash: contents.hash(),
            signed_by: signer.map(|it| it.id),
            way: arrival.way.clone(),
            at: seconds_now(),
            scripts: Vec::new(),
        };
        let row = installed.clone();
        let record: crate::catalog::release::Record = Box::new(move |_, scripts| {
            let row = Installed {
                scripts: scripts.iter().map(InstalledScript::of).collect(),
                ..row
            };
            rows::put(row, made)
        });
        let released = self.catalog.release(release, contents, record).await?;
        installed.scripts = released.iter().map(InstalledScript::of).collect();
        log::info!(
            "bundle version {} of {} is installed, by {}: {} script(s)",
            installed.version,
            installed.shown_namespace(),
            arrival.way,
            released.len()
        );
        Ok(Delivered::Bundle {
            installed,
            again: false,
            left,
        })
    }

    fn bounds(&self) -> Bounds {
        let usual = Bounds::default();
        Bounds {
            part: usual.part.min(self.options.bytes_max),
            total: self.options.bytes_max,
        }
    }

    /// Scripts that an earlier bundle brought and this one has not; those that somebody changed since stay.
    fn gone(
        &self,
        manifest: &Manifest,
        before: Option<&Installed>,
    ) -> Result<(Vec<String>, Vec<String>)> {
        let namespace = manifest.namespace.as_deref().unwrap_or(ACCOUNT);
        let (mut gone, mut left) = (Vec::new(), Vec::new());
        for old in before.iter().flat_map(|before| &before.scripts) {
            if manifest.scripts.iter().any(|it| it.name == old.name) {
                continue;
            }
            match self.catalog.script(namespace, &old.name) {
                Ok((_, now)) if now.version_id == old.version => gone.push(old.name.clone()),
                Ok(_) => left.push(old.name.clone()),
                // It is gone already.
                Err(_) => {}
            }
        }
        Ok((gone, left))
    }

    /// Whether a bundle of which the beginning is in a file would be taken.
    fn check_head(&self, path: &std::path::Path, arrival: &Arrival) -> Result<()> {
        let file =
            std::fs::File::open(path).map_err(|error| DeliveryError::io("read", path, error))?;
        self.check_beginning(file, arrival)
    }

    /// The same of one that is read.
    fn check_beginning(&self, from: impl std::io::Read, arrival: &Arrival) -> Result<()> {
        let reader = Reader::open(std::io::BufReader::new(from), self.bounds())?;
        let head = contents::Head::of(&reader);
        if let Some(signer) = self.check(&head, arrival)?.filter(Signer::is_limited) {
            let namespace = head.manifest.namespace.as_deref().unwrap_or(ACCOUNT);
            let named = contents::named(head.manifest, &self.catalog)?;
            signer.check(&self.catalog, namespace, &named)?;
        }
        Ok(())
    }

    /// Whether a bundle is for this device, now, from somebody who may send it; whose key signed it.
    fn check(&self, head: &contents::Head<'_>, arrival: &Arrival) -> Result<Option<Signer>> {
        let manifest = head.manifest;
        let signer = self.check_signature(head, arrival)?;
        let device = &self.options.device;
        if !manifest.devices.iter().any(|it| it == "*" || it == device) {
            return Err(DeliveryError::OtherDevice {
                device: device.clone(),
                devices: manifest.devices.clone(),
            });
        }
        if let Some(expires) = manifest.expires {
            let now = trusted_now()?;
            if now >= expires {
                return Err(DeliveryError::Expired(shown_seconds(expires)));
            }
        }
        let place = manifest.namespace.as_deref().unwrap_or(rows::NO_NAMESPACE);
        let Some(before) = rows::one(self.catalog.store(), place)? else {
            return Ok(signer);
        };
        if before.hash == head.hash || arrival.rollback == Some(manifest.version) {
            return Ok(signer);
        }
        if before.version == manifest.version {
            return Err(DeliveryError::Changed {
                namespace: before.shown_namespace(),
                version: manifest.version,
            });
        }
        if before.version > manifest.version {
            return Err(DeliveryError::Older {
                namespace: before.shown_namespace(),
                version: manifest.version,
                installed: before.version,
            });
        }
        Ok(signer)
    }

    fn check_signature(
        &self,
        head: &contents::Head<'_>,
        arrival: &Arrival,
    ) -> Result<Option<Signer>> {
        if !self.asks_for_signatures() {
            return match arrival.is_authorized {
                true => Ok(None),
                false => Err(DeliveryError::NoRoots),
            };
        }
        let list = self.keys()?.ok_or(DeliveryError::NoKeys)?;
        let keys: Vec<(&ReleaseKey, PublicKey)> = list
            .keys
            .iter()
            .filter_map(|key| Some((key, key.public().ok()?)))
            .collect();
        let all: Vec<PublicKey> = keys.iter().map(|(_, public)| public.clone()).collect();
        let signature =
            bundle::verified(bundle::Signed::Bundle, head.signed, head.signature, &all)?;
        let mut refused = None;
        for (key, public) in keys {
            if !signature.is_by(&public) {
                continue;
            }
            let namespace = head.manifest.namespace.as_deref();
            if !key.is_for(namespace) {
                refused = Some(DeliveryError::KeyNamespace {
                    key: signature.key(),
                    namespace: rows::shown_namespace(namespace.unwrap_or(rows::NO_NAMESPACE)),
                });
                continue;
            }
            if let Some(until) = key.until
                && trusted_now()? >= until
            {
                refused = Some(DeliveryError::KeyOver {
                    key: signature.key(),
                    until: shown_seconds(until),
                });
                continue;
            }
            return Ok(Some(Signer {
                id: signature.key(),
                namespaces: key.namespaces.clone(),
            }));
        }
        // The key that fits is among those that were looked at.
        Err(refused.unwrap_or(DeliveryError::NoKeys))
    }

    async fn take_keys(&self, staged: &Arc<Staged>, arrival: &Arrival) -> Result<Delivered> {
        if !self.asks_for_signatures() {
            return Err(DeliveryError::NoRoots);
        }
        let staged = staged.clone();
        let bytes = postern_task::unblock(move || staged.bytes()).await?;
        let (list, signature) = KeyList::read(&bytes, &self.options.roots)?;
        if let Some(before) = self.keys()? {
            if before == list {
                return Ok(Delivered::Keys(list));
            }
            if before.version >= list.version {
                return Err(DeliveryError::OlderKeys {
                    version: list.version,
                    installed: before.version,
                });
            }
        }
        rows::put_keys(self.catalog.store(), &list).await?;
        log::info!(
            "list {} of release keys counts, signed by {}, by {}: {} key(s)",
            list.version,
            signature.key(),
            arrival.way,
            list.keys.len()
        );
        Ok(Delivered::Keys(list))
    }

    /// Stages, delivers and remembers what came from a place; whether that is well.
    async fn deliver_from(&self, place: &str, staged: Result<Staged>) -> Result<Delivered> {
        let arrival = Arrival::from(place);
        let delivered = match staged {
            Ok(staged) => self.deliver(staged, &arrival).await,
            Err(error) => Err(error),
        };
        let (well, is_change, what) = match &delivered {
            Ok(Delivered::Keys(list)) => {
                (true, true, format!("list {} of release keys", list.version))
            }
            Ok(Delivered::Bundle {
                installed, again, ..
            }) => {
                let what = format!(
                    "bundle version {} of {}",
                    installed.version,
                    installed.shown_namespace()
                );
                (true, !again, what)
            }
            Err(error) => (false, true, error.to_string()),
        };
        // What is tried again and again is told once.
        let is_known = self
            .outcomes
            .lock()
            .get(place)
            .is_some_and(|it| (it.well, it.what.as_str()) == (well, what.as_str()));
        if !well && !is_known {
            log::warn!("{place}: {what}");
        }
        if is_change
            && !is_known
            && let Some(told) = &*self.told.lock()
        {
            told(&arrival, &what, well);
        }
        self.remember(place, well, what);
        delivered
    }

    fn remember(&self, place: &str, well: bool, what: String) {
        let outcome = Outcome {
            at: shown_seconds(seconds_now()),
            well,
            what,
        };
        let mut outcomes = self.outcomes.lock();
        if outcomes.len() >= OUTCOMES_MAX && !outcomes.contains_key(place) {
            let oldest = outcomes.iter().min_by(|a, b| a.1.at.cmp(&b.1.at));
            if let Some(oldest) = oldest.map(|(place, _)| place.clone()) {
                outcomes.remove(&oldest);
            }
        }
        outcomes.insert(place.to_owned(), outcome);
    }
}

/// Seconds since 1970, if the clock can be right.
fn trusted_now() -> Result<u64> {
    believed(seconds_now())
}

fn believed(now: u64) -> Result<u64> {
    match now {
        now if now < EARLIEST => Err(DeliveryError::Clock(now)),
        now => Ok(now),
    }
}
