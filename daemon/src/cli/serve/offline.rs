//! What the command line does with the store of a daemon that is not running.

use super::ServeError;
use super::options::{calibrated, store_options};
use super::rooms::room;
use crate::catalog;
use crate::config::Config;
use crate::manage::tokens;
use crate::store::Store;
use crate::tune::calibration;
use futures_lite::future;
use serde::Serialize;

/// A token that was just made. It is shown once; only its hash is kept.
#[derive(Debug)]
pub struct Created {
    /// Names it, for `token revoke`.
    pub id: String,
    /// What goes behind `Bearer`.
    pub token: String,
}

/// A token as it may be shown.
#[derive(Debug, Serialize)]
pub struct TokenInfo {
    /// Names it.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// RFC 3339.
    pub issued_on: String,
}

/// Opens the store of a daemon that is not running.
fn open(config: &Config) -> Result<Store, ServeError> {
    let opened = Store::open(store_options(config)).map_err(room("store"))?;
    Ok(opened.store)
}

fn close(store: Store) -> Result<(), ServeError> {
    store.close().map_err(room("store"))
}

/// Creates a token in the store of a daemon that is not running.
pub fn create_token(config: &Config, name: &str) -> Result<Created, ServeError> {
    let store = open(config)?;
    let (token, secret) = future::block_on(tokens::create(&store, name)).map_err(room("tokens"))?;
    close(store)?;
    Ok(Created {
        id: token.id.hex(),
        token: secret,
    })
}

/// The tokens in the store of a daemon that is not running.
pub fn list_tokens(config: &Config) -> Result<Vec<TokenInfo>, ServeError> {
    let store = open(config)?;
    let tokens = tokens::list(&store).map_err(room("tokens"))?;
    close(store)?;
    let shown = |token: tokens::Token| TokenInfo {
        issued_on: catalog::shown_time(token.created_ms),
        id: token.id.hex(),
        name: token.name,
    };
    Ok(tokens.into_iter().map(shown).collect())
}

/// Revokes a token; false when there is none of this id.
pub fn revoke_token(config: &Config, id: &str) -> Result<bool, ServeError> {
    let store = open(config)?;
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
    let store = open(config)?;
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
    let store = open(config)?;
    let kept = calibration::kept(&store);
    close(store)?;
    Ok(serde_json::json!(kept))
}

/// Forgets it; gives what the board file says.
pub fn forget_calibration(config: &Config) -> Result<u64, ServeError> {
    let store = open(config)?;
    calibration::forget(&store).map_err(room("store"))?;
    close(store)?;
    Ok(config.board.fuel_per_ms)
}
