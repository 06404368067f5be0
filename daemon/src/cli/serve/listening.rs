//! `DATA-DIR/run/`: where this daemon can be reached, once it can, and what programs of this machine
//! ask with how it is.

use super::ServeError;
use crate::edge::Listening;
#[cfg(feature = "edge-tls")]
use crate::tls::{Fingerprint, Identity, TlsError};
use async_io::Async;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const NAME: &str = "listening.json";
const KEY: &str = "health.key";
#[cfg(feature = "edge-tls")]
const SEAL: &str = "manage-tls.json";
/// Bytes of either file.
const FILE_MAX: u64 = 64 * 1024;

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

/// Writes the bound addresses, all at once: a reader sees the whole file or none. Gives those of the edge
/// without TLS, first what this machine always reaches.
pub(super) fn write(
    run: &Path,
    edge: &[Listening],
    (manage, is_sealed): (&Async<TcpListener>, bool),
) -> Result<Vec<SocketAddr>, ServeError> {
    let path = run.join(NAME);
    let failed = |error| ServeError::DataDir {
        verb: "write",
        path: path.clone(),
        error,
    };
    let bound = |is_secure| {
        edge.iter()
            .filter(move |it| it.is_secure == is_secure)
            .map(|it| it.listener.get_ref().local_addr())
            .collect::<Result<Vec<SocketAddr>, _>>()
    };
    let mut addresses = bound(false).map_err(failed)?;
    let secure = bound(true).map_err(failed)?;
    let manage = manage.get_ref().local_addr().map_err(failed)?.to_string();
    for address in &addresses {
        log::info!("edge on http://{address}");
    }
    for address in &secure {
        log::info!("edge on https://{address}");
    }
    let scheme = if is_sealed { "https" } else { "http" };
    log::info!("management port on {scheme}://{manage}/client/v4");
    let text = json!({
        "edge": addresses.first(),
        "edges": addresses,
        "edges_tls": secure,
        "manage": manage,
        "manage_scheme": scheme,
        "pid": std::process::id(),
    });
    let fresh = run.join(format!("{NAME}.new"));
    std::fs::write(&fresh, format!("{text}\n")).map_err(failed)?;
    std::fs::rename(&fresh, &path).map_err(failed)?;
    addresses.sort_by_key(|it| !(it.ip().is_loopback() || it.ip().is_unspecified()));
    Ok(addresses)
}

/// Where somebody else reaches what listens there: of all addresses the one by which this machine reaches others,
/// if it has such a one yet, or else itself.
pub(super) fn reachable(listens: SocketAddr) -> SocketAddr {
    if !listens.ip().is_unspecified() {
        return listens;
    }
    // Nothing is sent: the system says which address it would send from. Those asked for are of documentation.
    let own = |from: &str, to: &str| -> Option<IpAddr> {
        let socket = UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        let own = socket.local_addr().ok()?.ip();
        (!own.is_unspecified()).then_some(own)
    };
    let of_six = || match listens {
        SocketAddr::V4(_) => None,
        SocketAddr::V6(_) => own("[::]:0", "[2001:db8::1]:9"),
    };
    let own = own("0.0.0.0:0", "192.0.2.1:9").or_else(of_six);
    SocketAddr::new(own.unwrap_or(Ipv4Addr::LOCALHOST.into()), listens.port())
}

/// Writes the key for health, for this user alone.
pub(super) fn write_key(run: &Path, key: &str) -> Result<(), ServeError> {
    let path = run.join(KEY);
    let fresh = run.join(format!("{KEY}.new"));
    // One that a crash left may have another mode.
    let _ = std::fs::remove_file(&fresh);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)
        .and_then(|mut file| file.write_all(format!("{key}\n").as_bytes()))
        .and_then(|()| std::fs::rename(&fresh, &path));
    written.map_err(|error| ServeError::DataDir {
        verb: "write",
        path,
        error,
    })
}

/// Writes what the management port's certificate is known by, and where its files are: who may read them
/// needs no other.
#[cfg(feature = "edge-tls")]
pub(super) fn write_seal(
    data_dir: &Path,
    own: &Identity,
    known: Fingerprint,
) -> Result<(), TlsError> {
    let path = data_dir.join("run").join(SEAL);
    let text = json!({
        "certificate": known.to_string(),
        "chain": absolute(&own.chain),
        "key": absolute(&own.key),
    });
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, format!("{text}\n"))
        .and_then(|()| std::fs::rename(&fresh, &path))
        .map_err(|error| TlsError::Write { path, error })
}

/// It may be read from another folder.
#[cfg(feature = "edge-tls")]
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// How the management port of the daemon on a data directory is known, and who may speak to it, if it speaks
/// TLS.
#[cfg(feature = "edge-tls")]
pub fn find_seal(data_dir: &Path) -> std::io::Result<Option<(Fingerprint, Identity)>> {
    let listening: serde_json::Value = serde_json::from_str(&read(data_dir, NAME)?)?;
    if listening["manage_scheme"] != "https" {
        return Ok(None);
    }
    let seal: serde_json::Value = serde_json::from_str(&read(data_dir, SEAL)?)?;
    let text = |key: &str| seal[key].as_str().unwrap_or_default();
    let known = text("certificate").parse().map_err(std::io::Error::other)?;
    let identity = Identity {
        chain: text("chain").into(),
        key: text("key").into(),
        ocsp: None,
    };
    Ok(Some((known, identity)))
}

/// Removes what [`write`] and [`write_key`] wrote. It is gone after a crash only when the next
/// start replaces it.
pub(super) fn remove(run: &Path) {
    let _ = std::fs::remove_file(run.join(NAME));
    let _ = std::fs::remove_file(run.join(KEY));
    #[cfg(feature = "edge-tls")]
    let _ = std::fs::remove_file(run.join(SEAL));
}

/// The management port of the daemon that runs on a data directory, and the key for its health.
/// Whoever may read them is its user or root.
pub fn find(data_dir: &Path) -> std::io::Result<(SocketAddr, String)> {
    let listening: serde_json::Value = serde_json::from_str(&read(data_dir, NAME)?)?;
    let manage = listening["manage"].as_str().and_then(|it| it.parse().ok());
    let manage = manage.ok_or(std::io::ErrorKind::InvalidData)?;
    Ok((manage, read(data_dir, KEY)?.trim().to_owned()))
}

fn read(data_dir: &Path, name: &str) -> std::io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(data_dir.join("run").join(name))?;
    file.take(FILE_MAX).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_listens_on_all_addresses_is_reached_at_one() {
        for one in ["192.0.2.7:8788", "127.0.0.1:1", "[::1]:2"] {
            let one: SocketAddr = one.parse().unwrap();
            assert_eq!(reachable(one), one);
        }
        for all in ["0.0.0.0:8788", "[::]:8788"] {
            let one = reachable(all.parse().unwrap());
            assert!(!one.ip().is_unspecified(), "{one}");
            assert_eq!(one.port(), 8788);
        }
    }
}
