//! The one place where the rooms meet: store, engine, catalog, edge and management port.
//!
//! `serve` decides when something happens; this file, what it is made of.

use super::{ServeError, Shutdown};
use crate::config::Config;
use async_executor::Executor;
use futures_lite::{AsyncWriteExt, future};
use serde::Serialize;
use smol::net::TcpListener;
use std::io::{self, Read};
use std::sync::Arc;

/// Bytes of a module that can be judged.
const MODULE_MAX: u64 = 256 << 20;

/// Every room of a running daemon.
pub struct Rooms {
    executor: Arc<Executor<'static>>,
}

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

/// What stands here until a room is wired.
const UNWIRED: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n";

impl Rooms {
    /// Opens the store, brings back everything acknowledged, and installs the logger.
    pub fn open(
        _config: &Config,
        executor: &Arc<Executor<'static>>,
    ) -> Result<Arc<Self>, ServeError> {
        Ok(Arc::new(Self {
            executor: executor.clone(),
        }))
    }

    /// Serves requests until `shutdown`, and then finishes those in flight.
    pub async fn edge(
        self: Arc<Self>,
        listeners: Vec<TcpListener>,
        shutdown: Shutdown,
    ) -> io::Result<()> {
        for listener in listeners {
            let refuse = refuse(listener);
            self.executor
                .spawn(future::or(refuse, stop(shutdown.clone())))
                .detach();
        }
        stop(shutdown).await
    }

    /// Serves the management port until `shutdown`.
    pub async fn manage(
        self: Arc<Self>,
        listener: TcpListener,
        shutdown: Shutdown,
    ) -> io::Result<()> {
        future::or(refuse(listener), stop(shutdown)).await
    }

    /// Takes over what can change while running: routing, limits and ceilings, log levels.
    pub fn reload(&self, _config: &Config) {}

    /// Makes everything durable and lets go of the store. Nothing runs any more.
    pub async fn close(&self) {}
}

async fn stop(shutdown: Shutdown) -> io::Result<()> {
    shutdown.wait().await;
    Ok(())
}

async fn refuse(listener: TcpListener) -> io::Result<()> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        let _ = stream.write_all(UNWIRED).await;
    }
}

/// Creates a token in the store of a daemon that is not running.
pub fn create_token(_config: &Config, _name: &str) -> Result<Created, ServeError> {
    Err(unwired("store"))
}

/// The tokens in the store of a daemon that is not running.
pub fn list_tokens(_config: &Config) -> Result<Vec<TokenInfo>, ServeError> {
    Err(unwired("store"))
}

/// Revokes a token; false when there is none of this id.
pub fn revoke_token(_config: &Config, _id: &str) -> Result<bool, ServeError> {
    Err(unwired("store"))
}

/// Judges the module on stdin and writes the verdict to stdout.
pub fn judge() -> Result<(), ServeError> {
    let mut module = Vec::new();
    let read = io::stdin()
        .lock()
        .take(MODULE_MAX + 1)
        .read_to_end(&mut module);
    read.map_err(|error| ServeError::System {
        what: "a module on stdin",
        error,
    })?;
    Err(unwired("engine"))
}

fn unwired(room: &'static str) -> ServeError {
    ServeError::Room {
        room,
        reason: "this build does not have it".to_owned(),
    }
}
