//! From a host, a path and headers to a namespace and a script, without a dispatch Worker.
//!
//! Several modes can be chained; the first one that has something to say decides. Nothing here
//! allocates for a request, and every table has a stated capacity.

pub mod host;
mod hostnames;
mod path;
mod table;
mod zones;

pub use host::{BadHost, Host};
pub use hostnames::{HOSTNAMES_MAX, HOSTNAMES_TEXT_MAX, HostnameError, Hostnames};
pub use table::{CACHE_MAX, CachedTable, Table, TableError, VALUE_MAX};
pub use zones::{ZONES_MAX, ZoneError, Zones};

use path::Segment;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of the name of a namespace or a script.
pub const NAME_MAX: usize = 255;
/// Modes that can be chained.
pub const MODES_MAX: usize = 8;

/// A chain of modes.
#[derive(Default)]
pub struct Router {
    modes: heapless::Vec<Mode, MODES_MAX>,
}

/// One way to find a Worker.
pub enum Mode {
    /// By exact hostname.
    Hostnames(Box<Hostnames>),
    /// By subdomain of a zone: `tenant.zone`.
    Zones(Box<Zones>),
    /// By the first segment of the path. It always decides, so it belongs at the end.
    Path {
        /// Where the scripts live.
        namespace: heapless::String<NAME_MAX>,
        /// Whether the Worker sees the segment too: `/tenant/rest` instead of `/rest`.
        keep: bool,
    },
    /// By a header whose value is the script.
    Header {
        /// Which header.
        name: http::HeaderName,
        /// Where the scripts live.
        namespace: heapless::String<NAME_MAX>,
    },
    /// By a table elsewhere.
    Table(Box<CachedTable>),
}

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The namespace.
    pub namespace: Part<'a>,
    /// The script.
    pub script: Part<'a>,
    /// The path for the Worker; starts with a slash.
    pub path: &'a str,
    /// Whether the path named the script.
    pub by_path: bool,
}

/// A name that is somewhere else, or, where it had to be decoded or copied, here.
#[derive(Clone, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "lives on the stack for one lookup; boxing would be the allocation it avoids"
)]
pub enum Part<'a> {
    /// Somewhere else.
    Borrowed(&'a str),
    /// Here.
    Owned(heapless::String<NAME_MAX>),
}

/// Why a request goes nowhere. The texts are the field's (spec: SEMANTICS §1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Miss {
    /// The name is of no Worker that could exist.
    #[error("Worker not found")]
    Worker,
    /// The path does not name a Worker.
    #[error("Invalid path")]
    Path,
    /// No mode knows the host.
    #[error("Hostname not configured")]
    Hostname,
    /// The routing table could not be read.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// A name of a namespace or a script that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} {name:?} must have 1 to {NAME_MAX} bytes, and neither slashes nor control characters"
)]
pub struct NameError {
    what: &'static str,
    name: String,
}

/// Why a mode could not be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouterError {
    /// There are too many.
    #[error("more than {MODES_MAX} routing modes; remove some")]
    Full,
    /// What comes behind it would never be asked.
    #[error("routing by path always decides; put it last")]
    BehindPath,
    /// The namespace is not usable.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl Router {
    /// A router without modes, which knows no host.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a mode at the end of the chain.
    pub fn push(&mut self, mode: Mode) -> Result<(), RouterError> {
        if let Some(Mode::Path { .. }) = self.modes.last() {
            return Err(RouterError::BehindPath);
        }
        self.modes.push(mode).map_err(|_| RouterError::Full)
    }

    /// Adds [`Mode::Path`].
    pub fn push_path(&mut self, namespace: &str, keep: bool) -> Result<(), RouterError> {
        let namespace = name("namespace", namespace)?;
        self.push(Mode::Path { namespace, keep })
    }

    /// Adds [`Mode::Header`].
    pub fn push_header(
        &mut self,
        header: http::HeaderName,
        namespace: &str,
    ) -> Result<(), RouterError> {
        let namespace = name("namespace", namespace)?;
        self.push(Mode::Header {
            name: header,
            namespace,
        })
    }

    /// Adds [`Mode::Table`]; answers are remembered for `ttl`.
    pub fn push_table(
        &mut self,
        table: Arc<dyn Table>,
        namespace: &str,
        ttl: Duration,
    ) -> Result<(), RouterError> {
        let namespace = name("namespace", namespace)?;
        self.push(Mode::Table(Box::new(CachedTable::new(
            table, namespace, ttl,
        ))))
    }

    /// Finds the Worker for a host, a path without its query, and headers.
    pub fn route<'a>(
        &'a self,
        host: &'a Host,
        path: &'a str,
        headers: &'a http::HeaderMap,
    ) -> Result<Target<'a>, Miss> {
        // What is said if nobody knows: about the host, if the host was asked about.
        let mut miss = None;
        for mode in &self.modes {
            let found = match mode {
                Mode::Hostnames(table) => table.find(host.name()).map(borrowed),
                Mode::Zones(zones) => zones.find(host.name()).map(borrowed),
                Mode::Table(table) => table.find(host.name())?,
                Mode::Header { name, namespace } => {
                    miss = miss.or(Some(Miss::Worker));
                    match header_value(headers, name)? {
                        Some(script) => Some((Part::Borrowed(namespace), Part::Borrowed(script))),
                        None => continue,
                    }
                }
                Mode::Path { namespace, keep } => match path::first_segment(path) {
                    Segment::Name(script, rest) => {
                        return Ok(Target {
                            namespace: Part::Borrowed(namespace),
                            script,
                            path: if *keep { path } else { rest },
                            by_path: true,
                        });
                    }
                    Segment::TooLong => return Err(Miss::Worker),
                    Segment::Invalid => return Err(Miss::Path),
                },
            };
            match found {
                Some((namespace, script)) => {
                    return Ok(Target {
                        namespace,
                        script,
                        path: if path.starts_with('/') { path } else { "/" },
                        by_path: false,
                    });
                }
                None => miss = Some(Miss::Hostname),
            }
        }
        Err(miss.unwrap_or(Miss::Hostname))
    }
}

impl<'a> Part<'a> {
    /// A copy of a name; none if it is no name.
    fn owned(text: &str) -> Option<Self> {
        check_name("name", text).ok()?;
        heapless::String::try_from(text).ok().map(Self::Owned)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Owned(text) => text,
        }
    }
}

impl PartialEq for Part<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Part<'_> {}

fn borrowed<'a>((namespace, script): (&'a str, &'a str)) -> (Part<'a>, Part<'a>) {
    (Part::Borrowed(namespace), Part::Borrowed(script))
}

/// The value of a header that names a script. Two of them name none: which one would be
/// meant, a proxy in front may see differently.
fn header_value<'a>(
    headers: &'a http::HeaderMap,
    name: &http::HeaderName,
) -> Result<Option<&'a str>, Miss> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match value.to_str().map(str::trim) {
        Ok(text) if values.next().is_none() && check_name("script", text).is_ok() => Ok(Some(text)),
        _ => Err(Miss::Worker),
    }
}

/// The length of a name, if it is one.
fn check_name(what: &'static str, name: &str) -> Result<u8, NameError> {
    let usable = !name.is_empty() && !name.contains('/') && !name.chars().any(|c| c.is_control());
    match u8::try_from(name.len()) {
        Ok(len) if usable => Ok(len),
        _ => Err(NameError {
            what,
            name: name.chars().take(NAME_MAX).collect(),
        }),
    }
}

fn name(what: &'static str, text: &str) -> Result<heapless::String<NAME_MAX>, NameError> {
    check_name(what, text)?;
    heapless::String::try_from(text).map_err(|_| NameError {
        what,
        name: text.to_owned(),
    })
}

#[cfg(test)]
mod tests;
