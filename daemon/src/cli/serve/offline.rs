//! What the command line does with the store of a daemon that is not running.

use super::ServeError;
use super::options::{calibrated, store_options};
use super::rooms::room;
use crate::catalog;
use crate::config::Config;
use crate::manage::audit::{Audit, Entry};
use crate::manage::token_object;
use crate::manage::tokens::{self, Grant};
use crate::store::{Store, StoreError};
use crate::tune::calibration;
use futures_lite::future;

/// A token that was just made. It is shown once; only its hash is kept.
#[derive(Debug)]
pub struct Created {
    /// Names it, for `token revoke`.
    pub id: String,
    /// What goes behind `Bearer`.
    pub token: String,
}

/// Opens the store of a daemon that is not running.
fn open(config: &Config) -> Result<Store, ServeError> {
    let opened = Store::open(store_options(config)).map_err(room("store"))?;
    Ok(opened.store)
}

/// The same where there is one: to look makes none.
fn open_kept(config: &Config) -> Result<Store, ServeError> {
    there_is_one(config, "")?;
    open(config)
}

/// The same for what one that is running can be asked, too.
fn open_kept_or_ask(config: &Config) -> Result<Store, ServeError> {
    there_is_one(config, ", or ask one that runs with --remote")?;
    open_or_ask(config)
}

fn there_is_one(config: &Config, otherwise: &str) -> Result<(), ServeError> {
    let dir = &config.data_dir;
    match Store::is_in(dir) {
        true => Ok(()),
        false => Err(room("store")(format!(
            "there is none in {}; name the daemon's by --config or --data-dir{otherwise}",
            dir.display()
        ))),
    }
}

/// Opens the store, which is made if there is none, of a daemon that could be asked if it runs.
fn open_or_ask(config: &Config) -> Result<Store, ServeError> {
    let opened = Store::open(store_options(config)).map_err(|error| match error {
        StoreError::InUse { dir, holder } => room("store")(format!(
            "the store in {} is in use by process {holder}; say --remote to ask that one, or stop it first",
            dir.display()
        )),
        error => room("store")(error.to_string()),
    })?;
    Ok(opened.store)
}

fn close(store: Store) -> Result<(), ServeError> {
    store.close().map_err(room("store"))
}

/// Creates a token in the store of a daemon that is not running.
pub fn create_token(config: &Config, name: &str, grant: Grant) -> Result<Created, ServeError> {
    let store = open_or_ask(config)?;
    let created = future::block_on(tokens::create(&store, name, grant));
    let (token, secret) = created.map_err(room("tokens"))?;
    close(store)?;
    Ok(Created {
        id: token.id.hex(),
        token: secret,
    })
}

/// The tokens in the store of a daemon that is not running.
pub fn list_tokens(config: &Config) -> Result<Vec<serde_json::Value>, ServeError> {
    let store = open_kept_or_ask(config)?;
    let tokens = tokens::list(&store).map_err(room("tokens"))?;
    let uses = tokens::uses(&store).map_err(room("tokens"))?;
    close(store)?;
    let shown = |token: tokens::Token| token_object(&token, uses.get(&token.id).copied());
    Ok(tokens.into_iter().map(shown).collect())
}

/// All entries of the audit log of a daemon that is not running, as they are exported.
pub fn audit(config: &Config) -> Result<Vec<serde_json::Value>, ServeError> {
    let store = open_kept_or_ask(config)?;
    let entries = Audit::new(store.clone()).entries().map_err(room("store"))?;
    close(store)?;
    Ok(entries.iter().map(Entry::shown).collect())
}

/// Revokes a token; false when there is none of this id.
pub fn revoke_token(config: &Config, id: &str) -> Result<bool, ServeError> {
    let store = open_kept_or_ask(config)?;
    let known = tokens::list(&store)
        .map_err(room("tokens"))?
        .iter()
        .any(|token| token.id.hex() == id);
    if known {
        future::block_on(tokens::revoke(&store, id)).map_err(room("tokens"))?;
    }
    close(store)?;
    Ok(known)
}

/// Removes the secrets in the store of a daemon that is not running: Worker and name of each.
pub fn forget_secrets(config: &Config) -> Result<Vec<(String, String)>, ServeError> {
    let store = open_kept(config)?;
    let forgotten = catalog::forget_secrets(&store).map_err(room("store"))?;
    close(store)?;
    Ok(forgotten)
}

/// Measures the machine of a daemon that is not running, and keeps that.
pub fn calibrate(config: &Config) -> Result<serde_json::Value, ServeError> {
    let store = open(config)?;
    let measured = calibration::measure(&calibrated(config), &store);
    let measured = measured.map_err(room("calibration"))?;
    calibration::keep(&store, &measured).map_err(room("store"))?;
    close(store)?;
    Ok(serde_json::json!(measured))
}

/// The measurement in the store of a daemon that is not running; null if there is none.
pub fn calibration(config: &Config) -> Result<serde_json::Value, ServeError> {
    let store = open_kept(config)?;
    let kept = calibration::kept(&store);
    close(store)?;
    Ok(serde_json::json!(kept))
}

/// Forgets it; gives what the board file says.
pub fn forget_calibration(config: &Config) -> Result<u64, ServeError> {
    let store = open_kept(config)?;
    calibration::forget(&store).map_err(room("store"))?;
    close(store)?;
    Ok(config.board.fuel_per_ms)
}
