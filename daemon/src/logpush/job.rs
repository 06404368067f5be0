//! A job: what it wants, where that goes, and how both are written.

use super::filter::Filter;
use crate::store::StoreError;
use serde::{Deserialize, Serialize};

/// The fields of a line.
pub const FIELDS: [&str; 12] = [
    "Event",
    "EventTimestampMs",
    "EventType",
    "Exceptions",
    "Logs",
    "Outcome",
    "ScriptName",
    "ScriptVersion",
    "ScriptTags",
    "DispatchNamespace",
    "CPUTimeMs",
    "WallTimeMs",
];

/// The one dataset.
pub const DATASET: &str = "workers_trace_events";
/// Bytes of a destination, a filter or a name.
const TEXT_MAX: usize = 4096;
/// Header fields of a destination.
const HEADERS_MAX: usize = 16;

/// What is wrong with a job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// There are too many.
    #[error("{0} logpush jobs already, which is the limit; delete one of them")]
    TooMany(usize),
    /// There is none of this number.
    #[error("there is no logpush job {0}")]
    NotFound(u64),
    /// It is about something else.
    #[error("dataset '{0}': this version of Postern pushes workers_trace_events alone")]
    Dataset(String),
    /// Its destination cannot be sent to.
    #[error("destination_conf: {0}")]
    Destination(String),
    /// Its filter cannot be understood.
    #[error("filter: {0}")]
    Filter(String),
    /// It asks for a field that there is not.
    #[error("field '{0}' is not one of those of workers_trace_events")]
    Field(String),
    /// Something is too long.
    #[error("{what} has {len} bytes, the limit is {TEXT_MAX}")]
    TooLong {
        /// What.
        what: &'static str,
        /// How long it is.
        len: usize,
    },
    /// The store failed.
    #[error("the job cannot be stored: {0}")]
    Store(String),
}

impl JobError {
    pub(super) fn store(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// Where batches go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Whether it is `https`.
    pub is_secure: bool,
    /// A name or an address; an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query.
    pub target: String,
    /// Header fields.
    pub headers: Vec<(String, String)>,
}

impl Destination {
    /// Reads `https://host/path?header_NAME=VALUE`: parameters that begin with `header_` become
    /// fields, the others stay.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, JobError> {
        let wrong = |what: &str| JobError::Destination(what.to_owned());
        let (is_secure, rest) = if let Some(rest) = text.strip_prefix("https://") {
            (true, rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (false, rest)
        } else {
            return Err(wrong(
                "this version of Postern sends to http:// and https:// addresses alone",
            ));
        };
        let uri: http::Uri = format!("http://{rest}")
            .parse()
            .map_err(|_| wrong("it is no URL"))?;
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong(
                "a user and password in it; send them as header_Authorization",
            ));
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(wrong("it names no host"));
        }
        let mut headers = Vec::new();
        let mut kept = Vec::new();
        for pair in uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|it| !it.is_empty())
        {
            let Some(pair_rest) = pair.strip_prefix("header_") else {
                kept.push(pair);
                continue;
            };
            let (name, value) = pair_rest.split_once('=').unwrap_or((pair_rest, ""));
            let decode = |text: &str| {
                let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
                decoded.map(std::borrow::Cow::into_owned)
            };
            let (Ok(name), Ok(value)) = (decode(name), decode(value)) else {
                return Err(wrong("a header_ parameter is not percent-encoded UTF-8"));
            };
            let is_field = http::HeaderName::try_from(name.as_str()).is_ok()
                && http::HeaderValue::try_from(value.as_str()).is_ok();
            let is_own = ["host", "content-length", "transfer-encoding", "connection"]
                .contains(&name.to_ascii_lowercase().as_str());
            if !is_field || is_own {
                return Err(wrong(
                    "a header_ parameter is no header field that could be set",
                ));
            }
            headers.push((name, value));
        }
        if headers.len() > HEADERS_MAX {
            return Err(JobError::Destination(format!(
                "{} header_ parameters, the limit is {HEADERS_MAX}",
                headers.len()
            )));
        }
        let mut target = uri.path().to_owned();
        if target.is_empty() {
            target.push('/');
        }
        if !kept.is_empty() {
            target.push('?');
            target.push_str(&kept.join("&"));
        }
        Ok(Self {
            is_secure,
            port: authority
                .port_u16()
                .unwrap_or(if is_secure { 443 } else { 80 }),
            host,
            target,
            headers,
        })
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// What it is called, if anything.
    pub name: String,
    /// Whether it runs.
    pub enabled: bool,
    /// Where it sends, as it was written.
    pub destination_conf: String,
    /// The same, read.
    pub destination: Destination,
    /// Its filter, as it was written.
    pub filter_text: String,
    /// The same, read.
    pub filter: Filter,
    /// The fields of its lines; all if there are none.
    pub fields: Vec<String>,
}

/// What a call says about a job; what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobChange {
    /// Its name.
    pub name: Option<String>,
    /// What it is about.
    pub dataset: Option<String>,
    /// Whether it runs.
    pub enabled: Option<bool>,
    /// Where it sends.
    pub destination_conf: Option<String>,
    /// Its filter.
    pub filter: Option<String>,
    /// The fields of its lines.
    pub fields: Option<Vec<String>>,
}

impl Job {
    pub(super) fn new(id: u64, change: JobChange) -> Result<Self, JobError> {
        if change.destination_conf.is_none() {
            return Err(JobError::Destination("it is missing".to_owned()));
        }
        let destination = Destination {
            is_secure: false,
            host: String::new(),
            port: 0,
            target: String::new(),
            headers: Vec::new(),
        };
        let empty = Self {
            id,
            name: String::new(),
            enabled: false,
            destination_conf: String::new(),
            destination,
            filter_text: String::new(),
            filter: Filter::default(),
            fields: Vec::new(),
        };
        empty.changed(change)
    }

    pub(super) fn changed(mut self, change: JobChange) -> Result<Self, JobError> {
        if let Some(dataset) = change.dataset.filter(|it| it != DATASET) {
            return Err(JobError::Dataset(dataset.chars().take(64).collect()));
        }
        let texts = [
            ("name", &change.name),
            ("destination_conf", &change.destination_conf),
            ("filter", &change.filter),
        ];
        for (what, text) in texts {
            let len = text.as_ref().map_or(0, String::len);
            if len > TEXT_MAX {
                return Err(JobError::TooLong { what, len });
            }
        }
        if let Some(name) = change.name {
            self.name = name;
        }
        if let Some(enabled) = change.enabled {
            self.enabled = enabled;
        }
        if let Some(conf) = change.destination_conf {
            self.destination = Destination::parse(&conf)?;
            self.destination_conf = conf;
        }
        if let Some(filter) = change.filter {
            self.filter = Filter::parse(&filter)?;
            self.filter_text = filter;
        }
        if let Some(fields) = change.fields {
            if let Some(unknown) = fields.iter().find(|it| !FIELDS.contains(&it.as_str())) {
                return Err(JobError::Field(unknown.chars().take(64).collect()));
            }
            let names = FIELDS
                .iter()
                .filter(|name| fields.iter().any(|it| it == *name));
            self.fields = names.map(|name| (*name).to_owned()).collect();
        }
        Ok(self)
    }
}

/// A job's row, in every format that there was.
#[derive(Serialize, Deserialize)]
pub(super) enum StoredJob {
    V1(Job),
}

/// What of a job is kept; the rest is read again.
#[derive(Serialize, Deserialize)]
struct Kept {
    id: u64,
    name: String,
    enabled: bool,
    destination_conf: String,
    filter: String,
    fields: Vec<String>,
}

impl Serialize for Job {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kept = Kept {
            id: self.id,
            name: self.name.clone(),
            enabled: self.enabled,
            destination_conf: self.destination_conf.clone(),
            filter: self.filter_text.clone(),
            fields: self.fields.clone(),
        };
        kept.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Job {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let kept = Kept::deserialize(deserializer)?;
        let change = JobChange {
            name: Some(kept.name),
            dataset: None,
            enabled: Some(kept.enabled),
            destination_conf: Some(kept.destination_conf),
            filter: Some(kept.filter),
            fields: Some(kept.fields),
        };
        Self::new(kept.id, change).map_err(serde::de::Error::custom)
    }
}
