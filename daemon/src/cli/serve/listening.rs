//! `DATA-DIR/run/listening.json`: where this daemon can be reached, once it can.

use super::ServeError;
use async_io::Async;
use serde_json::json;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

const NAME: &str = "listening.json";

/// Makes the data directory and its `run` directory, for this user alone.
pub(super) fn prepare(data_dir: &Path) -> Result<PathBuf, ServeError> {
    let run = data_dir.join("run");
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&run)
        .map_err(|error| ServeError::DataDir {
            verb: "make directory",
            path: run.clone(),
            error,
        })?;
    Ok(run)
}

/// Writes the bound addresses, all at once: a reader sees the whole file or none. Gives those of the edge,
/// first what this machine always reaches.
pub(super) fn write(
    run: &Path,
    edge: &[Async<TcpListener>],
    manage: &Async<TcpListener>,
) -> Result<Vec<SocketAddr>, ServeError> {
    let path = run.join(NAME);
    let failed = |error| ServeError::DataDir {
        verb: "write",
        path: path.clone(),
        error,
    };
    let addresses = edge.iter().map(|listener| listener.get_ref().local_addr());
    let mut addresses = addresses
        .collect::<Result<Vec<SocketAddr>, _>>()
        .map_err(failed)?;
    let manage = manage.get_ref().local_addr().map_err(failed)?.to_string();
    for address in &addresses {
        log::info!(target: "cli", "edge on http://{address}");
    }
    log::info!(target: "cli", "management port on http://{manage}/client/v4");
    let text = json!({
        "edge": addresses.first(),
        "edges": addresses,
        "manage": manage,
        "pid": std::process::id(),
    });
    let fresh = run.join(format!("{NAME}.new"));
    std::fs::write(&fresh, format!("{text}\n")).map_err(failed)?;
    std::fs::rename(&fresh, &path).map_err(failed)?;
    addresses.sort_by_key(|it| !(it.ip().is_loopback() || it.ip().is_unspecified()));
    Ok(addresses)
}

/// Removes what [`write`] wrote. It is gone after a crash only when the next start replaces it.
pub(super) fn remove(run: &Path) {
    let _ = std::fs::remove_file(run.join(NAME));
}
