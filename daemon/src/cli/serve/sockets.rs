//! The sockets to listen on: those that a supervisor passed (`LISTEN_FDS`), and new ones for the rest.
//!
//! A passed socket is known by its name in `LISTEN_FDNAMES`, `edge` or `management`; what is configured
//! to listen on does not hold where one was passed.

use super::ServeError;
use crate::config::Config;
use crate::edge::Listening;
use async_io::Async;
use listenfd::ListenFd;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind as bind_to, listen, sockopt};
use std::net::{SocketAddr, TcpListener};

/// Sockets that may be passed: an edge listens on at most 16 addresses.
const PASSED_MAX: usize = 17;

/// Connections that wait to be accepted, as the standard library has it.
const BACKLOG: i32 = 128;

/// What the daemon listens on.
pub(super) struct Sockets {
    pub edge: Vec<Listening>,
    pub manage: Async<TcpListener>,
}

/// Why passed sockets cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum PassedError {
    /// `LISTEN_FDS` is no number, or too large.
    #[error("LISTEN_FDS is `{value}`; it must be a number of at most {PASSED_MAX}")]
    Count {
        /// What it is.
        value: String,
    },
    /// There is not a name for each socket.
    #[error(
        "{sockets} sockets were passed, and LISTEN_FDNAMES has {names} names; each needs one: \
         set FileDescriptorName= to `edge` or `management` in each socket unit"
    )]
    Names {
        /// Sockets there are.
        sockets: usize,
        /// Names there are.
        names: usize,
    },
    /// A name that means nothing here.
    #[error(
        "a socket was passed by the name `{name}`; FileDescriptorName= must be `edge` or `management`"
    )]
    Name {
        /// What it is.
        name: String,
    },
    /// Two sockets for what listens on one.
    #[error("two sockets were passed by the name `management`, which listens on one; pass one")]
    Second,
    /// It is no TCP socket that listens.
    #[error(
        "the socket passed as `{name}` is not one of TCP that listens: {reason}; a socket unit needs \
         ListenStream= with a port or an address, and Accept=no"
    )]
    Kind {
        /// Its name.
        name: String,
        /// What it is instead.
        reason: String,
    },
    /// The management port would be open to others.
    #[error(
        "the socket passed as `management` listens on {address}, beyond loopback, and there is no TLS; \
         have a table [manage.tls], or set manage.insecure = true if the network is trusted"
    )]
    Insecure {
        /// Where.
        address: SocketAddr,
    },
}

impl Sockets {
    /// Takes what was passed, and binds the rest. To be called before there is a second thread.
    pub fn open(config: &Config) -> Result<Self, ServeError> {
        let passed = Passed::take(&Environment::of_this_process())?;
        let plain = if passed.edge.is_empty() {
            let all = &config.edge.listen;
            let bound = all.iter().map(|it| bind("edge.listen", *it, all));
            bound.collect::<Result<Vec<_>, _>>()?
        } else {
            let taken = passed.edge.into_iter().map(|it| listening("edge", it));
            taken.collect::<Result<Vec<_>, _>>()?
        };
        let secure = match &config.edge.tls {
            Some(tls) => tls
                .listen
                .iter()
                .map(|it| bind("edge.tls.listen", *it, &tls.listen))
                .collect::<Result<Vec<_>, _>>()?,
            None => Vec::new(),
        };
        let listening_on = |is_secure| {
            move |listener| Listening {
                listener,
                is_secure,
            }
        };
        let edge = plain.into_iter().map(listening_on(false));
        let edge = edge
            .chain(secure.into_iter().map(listening_on(true)))
            .collect();
        let manage = match passed.manage {
            None => bind("manage.listen", config.manage.listen, &[])?,
            Some(listener) => {
                let listener = listening("management", listener)?;
                let address = listener.get_ref().local_addr().map_err(refused)?;
                let is_sealed = config.manage.tls.is_some();
                if !address.ip().is_loopback() && !config.manage.insecure && !is_sealed {
                    return Err(PassedError::Insecure { address }.into());
                }
                listener
            }
        };
        Ok(Self { edge, manage })
    }
}

/// `beside`: what else the same is to listen on.
fn bind(
    key: &'static str,
    address: SocketAddr,
    beside: &[SocketAddr],
) -> Result<Async<TcpListener>, ServeError> {
    let failed = |error| ServeError::Bind {
        key,
        address,
        error,
    };
    let same_port = |it: &SocketAddr| it.is_ipv4() && it.port() == address.port();
    let listener = if address.is_ipv6() && beside.iter().any(same_port) {
        bind_v6_alone(address)
    } else {
        TcpListener::bind(address)
    };
    let listener = listener.map_err(failed)?;
    Async::new(listener).map_err(failed)
}

/// A socket that leaves connections by IPv4 to others: `[::]` has them too otherwise, and either address
/// would be in use once the other is bound.
fn bind_v6_alone(address: SocketAddr) -> std::io::Result<TcpListener> {
    let family = AddressFamily::INET6;
    let flags = SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_ipv6_v6only(&socket, true)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind_to(&socket, &address)?;
    listen(&socket, BACKLOG)?;
    Ok(socket.into())
}

fn refused(error: std::io::Error) -> ServeError {
    ServeError::System {
        what: "a passed socket",
        error,
    }
}

/// A passed socket, if it listens.
fn listening(name: &str, listener: TcpListener) -> Result<Async<TcpListener>, ServeError> {
    match sockopt::socket_acceptconn(&listener) {
        Ok(true) => Async::new(listener).map_err(refused),
        Ok(false) => Err(PassedError::Kind {
            name: name.to_owned(),
            reason: "it is connected or bound alone".to_owned(),
        }
        .into()),
        Err(error) => Err(refused(error.into())),
    }
}

/// What a supervisor says that it passed.
#[derive(Default)]
struct Environment {
    pid: Option<String>,
    count: Option<String>,
    names: Option<String>,
}

impl Environment {
    fn of_this_process() -> Self {
        let variable = |name| {
            let value = std::env::var_os(name)?;
            Some(value.to_string_lossy().into_owned())
        };
        Self {
            pid: variable("LISTEN_PID"),
            count: variable("LISTEN_FDS"),
            names: variable("LISTEN_FDNAMES"),
        }
    }

    /// The names of the sockets that were passed to this process, in their order.
    fn names(&self) -> Result<Vec<&str>, PassedError> {
        // Set for another process, they were inherited by mistake.
        if self.pid.as_deref() != Some(&std::process::id().to_string()) {
            return Ok(Vec::new());
        }
        let Some(value) = &self.count else {
            return Ok(Vec::new());
        };
        let sockets = match value.parse::<usize>() {
            Ok(0) => return Ok(Vec::new()),
            Ok(sockets) if sockets <= PASSED_MAX => sockets,
            _ => {
                let value = value.clone();
                return Err(PassedError::Count { value });
            }
        };
        let names = self.names.as_deref().filter(|names| !names.is_empty());
        let names: Vec<&str> = names.map_or(Vec::new(), |names| names.split(':').collect());
        if names.len() != sockets {
            let names = names.len();
            return Err(PassedError::Names { sockets, names });
        }
        Ok(names)
    }
}

#[derive(Default)]
struct Passed {
    edge: Vec<TcpListener>,
    manage: Option<TcpListener>,
}

impl Passed {
    fn take(environment: &Environment) -> Result<Self, ServeError> {
        let names = environment.names()?;
        let mut passed = Self::default();
        if names.is_empty() {
            return Ok(passed);
        }
        let mut sockets = ListenFd::from_env();
        for (index, name) in names.into_iter().enumerate() {
            if !["edge", "management"].contains(&name) {
                let name = name.to_owned();
                return Err(PassedError::Name { name }.into());
            }
            let kind = |reason: String| PassedError::Kind {
                name: name.to_owned(),
                reason,
            };
            let taken = sockets.take_tcp_listener(index);
            let taken = taken.map_err(|error| kind(error.to_string()))?;
            let listener = taken.ok_or_else(|| kind("it is not there".to_owned()))?;
            match name {
                "edge" => passed.edge.push(listener),
                _ if passed.manage.is_some() => return Err(PassedError::Second.into()),
                _ => passed.manage = Some(listener),
            }
        }
        Ok(passed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn both_families_listen_on_one_port() {
        if TcpListener::bind("[::1]:0").is_err() {
            return; // A machine without IPv6.
        }
        // A port that both have free; another program may take it meanwhile.
        let both = (0..32).find_map(|_| {
            let four = TcpListener::bind("0.0.0.0:0").unwrap();
            let port = four.local_addr().unwrap().port();
            drop(four);
            let all = ["0.0.0.0", "[::]"].map(|ip| format!("{ip}:{port}").parse().unwrap());
            let bound: Result<Vec<_>, _> = all
                .iter()
                .map(|it| bind("edge.listen", *it, &all))
                .collect();
            bound.ok()
        });
        let both = both.expect("a port that is free");
        let port = both[0].get_ref().local_addr().unwrap().port();
        for (listener, ip) in both.iter().zip(["127.0.0.1", "[::1]"]) {
            let asked = std::net::TcpStream::connect(format!("{ip}:{port}")).unwrap();
            let (_, from) = smol::block_on(listener.accept()).unwrap();
            assert_eq!(from, asked.local_addr().unwrap());
        }
    }

    fn names(pid: &str, count: &str, names: &str) -> Result<Vec<String>, String> {
        let environment = Environment {
            pid: Some(pid.to_owned()),
            count: Some(count.to_owned()),
            names: Some(names.to_owned()),
        };
        let names = environment.names().map_err(|error| error.to_string())?;
        Ok(names.into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn what_was_passed_to_another_process_is_not_taken() {
        let own = std::process::id().to_string();
        assert_eq!(names(&own, "2", "edge:management").unwrap().len(), 2);
        assert!(names("1", "2", "edge:management").unwrap().is_empty());
        assert!(names("", "nonsense", "").unwrap().is_empty());
        assert!(Environment::default().names().unwrap().is_empty());
    }

    #[test]
    fn what_does_not_add_up_is_refused() {
        let own = std::process::id().to_string();
        for (count, given, told) in [
            ("x", "edge", "`x`"),
            ("-1", "edge", "`-1`"),
            ("18", "edge", "at most 17"),
            ("2", "edge", "has 1 names"),
            ("1", "", "has 0 names"),
            ("1", "edge:edge", "has 2 names"),
        ] {
            let error = names(&own, count, given).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
        assert!(names(&own, "0", "").unwrap().is_empty());
    }
}
