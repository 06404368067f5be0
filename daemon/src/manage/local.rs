//! The management port on a Unix socket: who calls is who the kernel says, so that no token is needed.

use super::Manage;
use super::roles::Role;
use super::server::{Far, Listener, ServerOptions, serve_each};
use async_executor::Executor;
use async_io::Async;
use http::{HeaderMap, header};
use std::future::Future;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Its name in the daemon's `run` directory.
pub const NAME: &str = "manage.sock";
/// Who may connect to it.
const MODE: u32 = 0o660;

/// The user at the other end, as an extension of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalPeer {
    user: u32,
    role: Role,
}

impl LocalPeer {
    /// The user behind a connection: root and the user that the daemon runs as are administrators, others have the
    /// role of the socket's group, if it has one. That they are in the group is why they could connect.
    fn of(stream: &UnixStream, others: Option<Role>) -> io::Result<Option<Self>> {
        let user = rustix::net::sockopt::socket_peercred(stream)?.uid;
        let own = rustix::process::geteuid();
        let role = match user.is_root() || user == own {
            true => Some(Role::Admin),
            false => others,
        };
        Ok(role.map(|role| Self {
            user: user.as_raw(),
            role,
        }))
    }

    /// What it is called where changes are told.
    pub fn name(self) -> String {
        format!("user {}", self.user)
    }

    /// What it may do.
    pub fn role(self) -> Role {
        self.role
    }

    /// Whether a request leaves it to the connection who is calling. Whoever brings a token is that token's.
    pub fn speaks_for(headers: &HeaderMap) -> bool {
        !headers.contains_key(header::AUTHORIZATION) && !headers.contains_key("x-auth-key")
    }
}

/// The socket, listening. Its file goes with it.
#[derive(Debug)]
pub struct Door {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for Door {
    fn drop(&mut self) {
        // One that stays is replaced at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Door {
    /// Listens at a path, for members of `group` too if there is one. What a daemon left there that is gone is
    /// replaced; anything else is not.
    ///
    /// # Errors
    /// Somebody listens there, something else is there, the group cannot be given, or what the system says.
    pub fn bind(path: &Path, group: Option<u32>) -> io::Result<Self> {
        if let Ok(found) = std::fs::symlink_metadata(path) {
            if !found.file_type().is_socket() {
                let what = "there is something that is no socket; move it away";
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
            }
            match UnixStream::connect(path) {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    std::fs::remove_file(path)?;
                }
                Ok(_) => {
                    let what = "another process listens there; stop it first";
                    return Err(io::Error::new(io::ErrorKind::AddrInUse, what));
                }
                Err(error) => return Err(error),
            }
        }
        let door = Self {
            listener: UnixListener::bind(path)?,
            path: path.to_owned(),
        };
        if let Some(group) = group {
            std::os::unix::fs::chown(path, None, Some(group))?;
        }
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE))?;
        Ok(door)
    }
}

/// The same at work.
struct Open {
    listener: Async<UnixListener>,
    others: Option<Role>,
}

impl Listener for Open {
    const NAME: &'static str = "the management port's Unix socket";
    type Stream = Async<UnixStream>;

    async fn accept(&self) -> io::Result<Option<(Async<UnixStream>, Far)>> {
        let (stream, _) = self.listener.accept().await?;
        match LocalPeer::of(stream.get_ref(), self.others) {
            Ok(peer) => Ok(Some((stream, Far::Here(peer)))),
            Err(error) => {
                log::warn!("who connected to the Unix socket is not known: {error}");
                Ok(None)
            }
        }
    }
}

/// Serves until `shutdown` resolves, then lets calls under way finish, and removes the socket's file. `others` is
/// the role of members of its group.
///
/// # Errors
/// What the system says of the socket.
pub async fn serve<W: Send + Sync + 'static>(
    door: Door,
    others: Option<Role>,
    manage: Arc<Manage<W>>,
    options: ServerOptions,
    executor: Arc<Executor<'static>>,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let open = Open {
        listener: Async::new(door.listener.try_clone()?)?,
        others,
    };
    serve_each(&open, manage, options, executor, shutdown).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_what_nobody_listens_on_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        let first = Door::bind(&path, None).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, MODE);
        let again = || Door::bind(&path, None).unwrap_err().kind();
        assert_eq!(again(), io::ErrorKind::AddrInUse);
        drop(first);
        assert!(!path.exists());
        // As a crash leaves it.
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        drop(Door::bind(&path, None).unwrap());
        std::fs::write(&path, "mine").unwrap();
        assert_eq!(again(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    }

    #[test]
    fn the_kernel_says_who_is_at_the_other_end() {
        let (one, _other) = UnixStream::pair().unwrap();
        let user = rustix::process::geteuid().as_raw();
        let role = Role::Admin;
        let peer = LocalPeer::of(&one, Some(Role::Read)).unwrap();
        assert_eq!(peer, Some(LocalPeer { user, role }));
    }
}
