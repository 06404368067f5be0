//! What a service manager is told by the protocol of `sd_notify`: datagrams of `NAME=VALUE` lines to the
//! socket in `NOTIFY_SOCKET`. Whoever supervises the daemon, systemd or `postern init`, listens there.

use rustix::time::{ClockId, clock_gettime};
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The variable that names the socket.
pub const SOCKET: &str = "NOTIFY_SOCKET";
/// The variable with the microseconds after which a silent daemon is ended.
pub const WATCHDOG: &str = "WATCHDOG_USEC";
/// The variable with the process that [`WATCHDOG`] is for.
pub const WATCHDOG_PID: &str = "WATCHDOG_PID";

/// How long a supervisor may take to make room for a datagram.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of a status; what is longer is cut.
const STATUS_MAX: usize = 400;

/// What the environment says that cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// It is neither a path nor an abstract name.
    #[error("{SOCKET} is `{name}`; it must be an absolute path, or `@` and an abstract name")]
    Name {
        /// What it is.
        name: String,
    },
    /// The system refused a socket.
    #[error("the system refused a socket for {SOCKET}: {error}")]
    System {
        /// What it said.
        error: io::Error,
    },
    /// It is no number of microseconds.
    #[error("{WATCHDOG} is `{value}`; it must be a number of microseconds above 0")]
    Watchdog {
        /// What it is.
        value: String,
    },
}

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State<'a> {
    /// Requests are served.
    Ready,
    /// The configuration is being read again; [`State::Ready`] says that it was.
    Reloading,
    /// The end has begun.
    Stopping,
    /// The daemon is well: it has served a request to itself.
    Watchdog,
    /// A line for people.
    Status(&'a str),
}

/// Who is told. Without a supervisor, nobody is.
#[derive(Debug)]
pub struct Notifier {
    to: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// The supervisor that this process's environment names.
    ///
    /// # Errors
    /// What the environment says that cannot be followed.
    pub fn from_env() -> Result<Self, NotifyError> {
        Self::of(std::env::var_os)
    }

    /// The supervisor that `variable` names.
    fn of(
        variable: impl Fn(&'static str) -> Option<std::ffi::OsString>,
    ) -> Result<Self, NotifyError> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let Some(name) = set(SOCKET) else {
            return Ok(Self {
                to: None,
                watchdog: None,
            });
        };
        let address = address(&name)?;
        let system = |error| NotifyError::System { error };
        let socket = UnixDatagram::unbound().map_err(system)?;
        socket.set_write_timeout(Some(PATIENCE)).map_err(system)?;
        // Set for another process, it was inherited by mistake.
        let pid = set(WATCHDOG_PID);
        let is_mine = pid.is_none_or(|pid| pid.to_str() == Some(&std::process::id().to_string()));
        let watchdog = match set(WATCHDOG).filter(|_| is_mine) {
            None => None,
            Some(value) => {
                let micros = value.to_str().and_then(|text| text.parse::<u64>().ok());
                match micros {
                    Some(micros) if micros > 0 => Some(Duration::from_micros(micros)),
                    _ => {
                        let value = value.to_string_lossy().into_owned();
                        return Err(NotifyError::Watchdog { value });
                    }
                }
            }
        };
        Ok(Self {
            to: Some((socket, address)),
            watchdog,
        })
    }

    /// A supervisor that listens at a path and has a watchdog.
    #[cfg(test)]
    pub(crate) fn at(path: &std::path::Path, watchdog: Duration) -> Self {
        let micros = watchdog.as_micros().to_string();
        Self::of(|name| match name {
            SOCKET => Some(path.into()),
            WATCHDOG => Some(micros.clone().into()),
            _ => None,
        })
        .expect("a path of a test")
    }

    /// After how long without [`State::Watchdog`] the supervisor ends this process, if it does.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Tells all of `states` at once.
    ///
    /// # Errors
    /// When the supervisor is gone or does not read.
    pub fn tell(&self, states: &[State<'_>]) -> io::Result<()> {
        let Some((socket, address)) = &self.to else {
            return Ok(());
        };
        let text: String = states.iter().map(State::line).collect();
        socket.send_to_addr(text.as_bytes(), address).map(drop)
    }
}

/// A path, or `@` and an abstract name.
fn address(name: &OsStr) -> Result<SocketAddr, NotifyError> {
    let bytes = name.as_bytes();
    let address = match bytes.first() {
        Some(b'/') => SocketAddr::from_pathname(name),
        Some(b'@') if bytes.len() > 1 => SocketAddr::from_abstract_name(&bytes[1..]),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    };
    address.map_err(|_| NotifyError::Name {
        name: name.to_string_lossy().into_owned(),
    })
}

impl State<'_> {
    fn line(&self) -> String {
        match self {
            Self::Ready => "READY=1\n".to_owned(),
            Self::Reloading => {
                let now = clock_gettime(ClockId::Monotonic);
                let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1000;
                format!("RELOADING=1\nMONOTONIC_USEC={micros}\n")
            }
            Self::Stopping => "STOPPING=1\n".to_owned(),
            Self::Watchdog => "WATCHDOG=1\n".to_owned(),
            Self::Status(text) => {
                // A line of its own would be another assignment.
                let text: String = text
                    .chars()
                    .map(|it| if it.is_control() { ' ' } else { it })
                    .collect();
                let end = text.floor_char_boundary(STATUS_MAX);
                format!("STATUS={}\n", &text[..end])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeMap;

    fn notifier(variables: &[(&'static str, &str)]) -> Result<Notifier, NotifyError> {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        Notifier::of(|name| variables.get(name).map(Into::into))
    }

    fn received(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 4096];
        let len = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..len].to_vec()).unwrap()
    }

    #[test]
    fn a_path_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let notifier = notifier(&[(SOCKET, path.to_str().unwrap())]).unwrap();
        notifier
            .tell(&[State::Ready, State::Status("two\nlines")])
            .unwrap();
        assert_eq!(received(&socket), "READY=1\nSTATUS=two lines\n");
        notifier.tell(&[State::Reloading]).unwrap();
        let text = received(&socket);
        let micros = text.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        assert!(micros.trim().parse::<u64>().unwrap() > 0);
        notifier.tell(&[State::Watchdog]).unwrap();
        notifier.tell(&[State::Stopping]).unwrap();
        assert_eq!(received(&socket), "WATCHDOG=1\n");
        assert_eq!(received(&socket), "STOPPING=1\n");
        drop((socket, dir));
        assert!(notifier.tell(&[State::Ready]).is_err());
    }

    #[test]
    fn an_abstract_name_is_told() {
        let name = format!("postern-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        let notifier = notifier(&[(SOCKET, &format!("@{name}"))]).unwrap();
        notifier.tell(&[State::Ready]).unwrap();
        assert_eq!(received(&socket), "READY=1\n");
    }

    #[test]
    fn without_a_supervisor_nobody_is_told() {
        for variables in [&[][..], &[(SOCKET, ""), (WATCHDOG, "5")]] {
            let notifier = notifier(variables).unwrap();
            assert_eq!(notifier.watchdog(), None);
            notifier.tell(&[State::Ready]).unwrap();
        }
    }

    #[test]
    fn names_that_are_none_are_refused() {
        for name in [
            "run/notify",
            "@",
            "vsock:2:1",
            &format!("/{}", "x".repeat(200)),
        ] {
            let error = notifier(&[(SOCKET, name)]).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn the_watchdog_is_for_one_process() {
        let own = std::process::id().to_string();
        let with = |usec, pid| {
            notifier(&[(SOCKET, "/x"), (WATCHDOG, usec), (WATCHDOG_PID, pid)])
                .map(|notifier| notifier.watchdog())
        };
        assert_eq!(
            with("60000000", &own).unwrap(),
            Some(Duration::from_secs(60))
        );
        assert_eq!(with("60000000", "").unwrap(), Some(Duration::from_secs(60)));
        assert_eq!(with("60000000", "1").unwrap(), None);
        assert_eq!(with("", &own).unwrap(), None);
        for value in ["0", "-1", "60s", "99999999999999999999"] {
            let error = with(value, &own).unwrap_err();
            assert!(error.to_string().contains(value), "{error}");
        }
    }

    #[test]
    fn a_status_is_cut() {
        let text = "ü".repeat(STATUS_MAX);
        let line = State::Status(&text).line();
        assert!(line.len() <= STATUS_MAX + "STATUS=\n".len());
    }
}
