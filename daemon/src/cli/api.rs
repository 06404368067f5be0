//! The management port's paths and its envelope, as the commands use them.

use super::args::{InKv, Remote, Source, URL};
use super::client::{Answer, Base, Call, Client, ClientError};
use super::error::{ApiError, CliError};
use super::kept::Tokens;
use crate::manage::ByteStream;
use crate::manage::local::NAME;
#[cfg(feature = "edge-tls")]
use crate::tls::Dialer;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Bytes of a token.
const TOKEN_MAX: u64 = 4096;

/// What stays as it is in one segment of a path or one value of a query.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A text as one segment of a path.
pub fn segment(text: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(text, SEGMENT)
}

/// The management port, seen from one account.
#[derive(Debug)]
pub struct Api {
    client: Client,
    account: String,
}

/// What a call gave.
#[derive(Debug, serde::Deserialize)]
pub struct Envelope {
    success: bool,
    #[serde(default)]
    errors: Option<Vec<ApiError>>,
    /// The result itself.
    #[serde(default)]
    pub result: Value,
    /// Where the next page begins, and such.
    #[serde(default)]
    pub result_info: Option<Map<String, Value>>,
}

impl Api {
    /// Takes URL, token and account from the command line and the environment.
    pub fn new(remote: &Remote) -> Result<Self, CliError> {
        let base = Base::parse(&remote.url)?;
        if let Some(path) = local(remote) {
            let patience = Duration::from_secs(remote.timeout);
            return Ok(Self {
                client: Client::new(base, None, patience).by_socket(path),
                account: remote.account.clone(),
            });
        }
        let token = token(
            remote.token_file.as_deref(),
            std::env::var("POSTERN_TOKEN").ok(),
            || Ok(Tokens::of_user()?.known(&base.origin())),
        )?;
        Self::by(base, remote, Some(token))
    }

    /// The same without a token, for who has none yet.
    pub fn stranger(remote: &Remote) -> Result<Self, CliError> {
        let base = Base::parse(&remote.url)?;
        if let Some(path) = local(remote) {
            let patience = Duration::from_secs(remote.timeout);
            return Ok(Self {
                client: Client::new(base, None, patience).by_socket(path),
                account: remote.account.clone(),
            });
        }
        Self::by(base, remote, None)
    }

    /// By TCP, with a token if there is one.
    fn by(base: Base, remote: &Remote, token: Option<String>) -> Result<Self, CliError> {
        let patience = Duration::from_secs(remote.timeout);
        #[cfg(feature = "edge-tls")]
        let client = match base.is_secure() {
            true => {
                let dialer = super::trust::dialer(&base, remote)?;
                Client::new(base, token, patience).sealed(dialer)
            }
            false => Client::new(base, token, patience),
        };
        #[cfg(not(feature = "edge-tls"))]
        let client = Client::new(base, token, patience);
        Ok(Self {
            client,
            account: remote.account.clone(),
        })
    }

    /// The same where another key than a token of the port is known.
    pub fn with_key(url: &str, key: String, timeout: Duration) -> Result<Self, CliError> {
        Ok(Self {
            client: Client::new(Base::parse(url)?, Some(key), timeout),
            account: String::new(),
        })
    }

    /// The same over HTTPS.
    #[cfg(feature = "edge-tls")]
    pub fn sealed(mut self, dialer: Dialer) -> Self {
        self.client = self.client.sealed(dialer);
        self
    }

    /// The path of everything about Workers.
    fn account_path(&self, rest: fmt::Arguments<'_>) -> String {
        format!(
            "{}/accounts/{}/{rest}",
            self.client.base.path,
            segment(&self.account)
        )
    }

    /// The path of what the field has no name for, in the account.
    pub fn own(&self, rest: &str) -> String {
        self.account_path(format_args!("postern/v1/{rest}"))
    }

    /// The path of dispatch namespaces.
    pub fn namespaces(&self) -> String {
        self.account_path(format_args!("workers/dispatch/namespaces"))
    }

    /// The path of the scripts of a dispatch namespace, or of those that are in none.
    pub fn scripts(&self, namespace: Option<&str>) -> String {
        match namespace {
            Some(namespace) => format!("{}/{}/scripts", self.namespaces(), segment(namespace)),
            None => self.account_path(format_args!("workers/scripts")),
        }
    }

    /// The path of Custom Domains.
    pub fn domains(&self) -> String {
        self.account_path(format_args!("workers/domains"))
    }

    /// The path that tells zones of a name.
    pub fn zones(&self, name: &str) -> String {
        format!("{}/zones?name={}", self.client.base.path, segment(name))
    }

    /// The path of a zone's routes.
    pub fn zone_routes(&self, zone: &str) -> String {
        let base = &self.client.base.path;
        format!("{base}/zones/{}/workers/routes", segment(zone))
    }

    /// The path of all routes.
    pub fn routes_path(&self) -> String {
        "/postern/v1/routes".to_owned()
    }

    /// The path of what was refused or failed.
    pub fn explain_path(&self) -> &'static str {
        "/postern/v1/explain"
    }

    /// The path of a script.
    pub fn script(&self, namespace: Option<&str>, name: &str) -> String {
        format!("{}/{}", self.scripts(namespace), segment(name))
    }

    /// The path of a script's cron triggers.
    pub fn schedules(&self, namespace: Option<&str>, name: &str) -> String {
        format!("{}/schedules", self.script(namespace, name))
    }

    /// The path that takes assets.
    pub fn assets_upload(&self) -> String {
        self.account_path(format_args!("workers/assets/upload"))
    }

    /// The path of KV namespaces.
    pub fn kv_namespaces(&self) -> String {
        self.account_path(format_args!("storage/kv/namespaces"))
    }

    /// The path of a value in KV.
    pub fn kv_value(&self, id: &str, key: &str) -> String {
        format!(
            "{}/{}/values/{}",
            self.kv_namespaces(),
            segment(id),
            segment(key)
        )
    }

    /// The path of what the daemon tells about itself: beside the base, not below it.
    pub fn status_path(&self) -> String {
        "/postern/v1/status".to_owned()
    }

    /// The path of the audit log's entries behind a place.
    pub fn audit_path(&self, after: u64) -> String {
        format!("/postern/v1/audit?after={after}")
    }

    /// The path of the audit log's verdict on itself.
    pub fn audit_verdict_path(&self) -> String {
        "/postern/v1/audit/verify".to_owned()
    }

    /// The path of who has how much memory.
    pub fn ledger_path(&self) -> String {
        "/postern/v1/ledger".to_owned()
    }

    /// The path of this machine's firmware.
    pub fn firmware_path(&self) -> String {
        "/postern/v1/firmware".to_owned()
    }

    /// A path beside the base, for what the field has no name for.
    pub fn own_path(&self, rest: &str) -> String {
        format!("/postern/v1/{rest}")
    }

    /// The path of how the daemon is.
    pub fn health_path(&self) -> String {
        "/postern/v1/health".to_owned()
    }

    /// The path by which a gateway without any credential is claimed.
    pub fn claim_path(&self) -> String {
        "/postern/v1/claim".to_owned()
    }

    /// Whether it is the daemon's socket on this machine.
    pub fn is_here(&self) -> bool {
        self.client.is_here()
    }

    /// Where it is: what tokens are kept by.
    pub fn origin(&self) -> String {
        self.client.base.origin()
    }

    /// The path of the port's tokens.
    pub fn tokens_path(&self) -> String {
        "/postern/v1/tokens".to_owned()
    }

    /// The path of a script's invocations, one JSON object a line: as they happen, or those that
    /// are kept and found by `searched`, names and values.
    pub fn logs_path(
        &self,
        namespace: Option<&str>,
        name: &str,
        searched: &[(&str, &str)],
    ) -> String {
        let logs = format!("{}/logs", self.script(namespace, name));
        if searched.is_empty() {
            return format!("{logs}?follow=true");
        }
        let query = searched.iter();
        let query: Vec<String> = query
            .map(|(name, value)| format!("{name}={}", segment(value)))
            .collect();
        format!("{logs}?follow=false&{}", query.join("&"))
    }

    /// Makes a call whose answer's body is not an envelope. A refusal still is.
    pub async fn raw(&self, what: &str, call: Call) -> Result<Answer, CliError> {
        let answer = self.client.send(call).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        match self.envelope(what, answer).await {
            Err(error) => Err(error),
            Ok(_) => Err(CliError::NotFound(format!(
                "{what}: the management port contradicts itself"
            ))),
        }
    }

    /// Makes a call and reads the envelope.
    pub async fn call(&self, what: &str, call: Call) -> Result<Envelope, CliError> {
        let answer = self.client.send(call).await?;
        self.envelope(what, answer).await
    }

    /// Makes a call whose body comes over time, and reads the envelope.
    pub async fn send(
        &self,
        what: &str,
        call: Call,
        len: u64,
        source: ByteStream,
        moved: &AtomicU64,
    ) -> Result<Envelope, CliError> {
        let answer = self.client.send_stream(call, len, source, moved).await?;
        self.envelope(what, answer).await
    }

    /// Makes a call without a body.
    pub async fn get(&self, what: &str, target: String) -> Result<Envelope, CliError> {
        self.call(what, Call::new(Method::GET, target)).await
    }

    async fn envelope(&self, what: &str, answer: Answer) -> Result<Envelope, CliError> {
        let status = answer.status.as_u16();
        let ok = answer.status.is_success();
        let body = answer.whole().await?;
        let Ok(envelope) = serde_json::from_slice::<Envelope>(&body) else {
            let found: String = String::from_utf8_lossy(&body).chars().take(80).collect();
            return Err(CliError::Client(ClientError::NotTheApi {
                authority: self.client.base.authority().to_owned(),
                status,
                found: super::output::printable(&found),
            }));
        };
        if envelope.success && ok {
            return Ok(envelope);
        }
        Err(CliError::Api {
            what: what.to_owned(),
            status,
            errors: envelope.errors.unwrap_or_default(),
        })
    }

    /// Every KV namespace. Pages end with an empty one.
    pub async fn all_kv_namespaces(&self) -> Result<Vec<Value>, CliError> {
        const PER_PAGE: usize = 1000;
        const PAGES_MAX: usize = 1000;
        let mut all = Vec::new();
        for page in 1..=PAGES_MAX {
            let target = format!("{}?per_page={PER_PAGE}&page={page}", self.kv_namespaces());
            let envelope = self.get("list KV namespaces", target).await?;
            let Value::Array(mut items) = envelope.result else {
                break;
            };
            let last = items.len() < PER_PAGE;
            all.append(&mut items);
            if last {
                break;
            }
        }
        Ok(all)
    }

    /// The id of a KV namespace that was given by id or title.
    pub async fn kv_id(&self, id_or_title: &str) -> Result<String, CliError> {
        if is_kv_id(id_or_title) {
            return Ok(id_or_title.to_ascii_lowercase());
        }
        let all = self.all_kv_namespaces().await?;
        let found = all
            .iter()
            .find(|namespace| namespace["title"] == id_or_title)
            .and_then(|namespace| namespace["id"].as_str());
        found.map(str::to_owned).ok_or_else(|| {
            CliError::NotFound(format!(
                "there is no KV namespace with the title `{id_or_title}`; create it with `postern kv namespace create {id_or_title}`, or give an id of 32 hexadecimal digits"
            ))
        })
    }

    /// The management port and the KV namespace that a command names.
    pub async fn at_kv(at: &InKv) -> Result<(Self, String), CliError> {
        let api = Self::new(&at.remote)?;
        let id = api.kv_id(&at.namespace_id).await?;
        Ok((api, id))
    }
}

fn is_kv_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The socket of the daemon of this machine, if nothing says which one is meant and as whom.
fn local(remote: &Remote) -> Option<PathBuf> {
    let told = ["POSTERN_TOKEN", "POSTERN_URL"];
    if remote.token_file.is_some()
        || remote.url != URL
        || told.iter().any(|it| std::env::var_os(it).is_some())
    {
        return None;
    }
    let source = Source {
        config: std::env::var_os("POSTERN_CONFIG").map(PathBuf::from),
        data_dir: std::env::var_os("POSTERN_DATA_DIR").map(PathBuf::from),
        ..Source::default()
    };
    let path = source.load().ok()?.data_dir.join("run").join(NAME);
    path.exists().then_some(path)
}

/// The token from a file, or else from the environment, or else the one that is kept.
fn token(
    file: Option<&Path>,
    variable: Option<String>,
    kept: impl FnOnce() -> Result<Option<String>, CliError>,
) -> Result<String, CliError> {
    let (text, from) = match (file, variable) {
        (Some(path), _) => {
            let bytes = super::project::read(path, TOKEN_MAX)?;
            (
                String::from_utf8_lossy(&bytes).into_owned(),
                format!("`{}`", path.display()),
            )
        }
        (None, Some(text)) => (text, "POSTERN_TOKEN".to_owned()),
        (None, None) => match kept()? {
            Some(text) => (text, "`postern/tokens`".to_owned()),
            None => return Err(CliError::NoToken),
        },
    };
    let token = text.trim();
    let reason = if token.is_empty() {
        "is empty"
    } else if token.bytes().any(|b| !b.is_ascii_graphic()) {
        "has blanks or characters that no token has"
    } else {
        return Ok(token.to_owned());
    };
    Err(CliError::BadToken { from, reason })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tokens() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("t");
        std::fs::write(&file, "abc\n").unwrap();
        let token = |file, variable| token(file, variable, || Ok(None));
        assert_eq!(token(Some(&file), Some("other".into())).unwrap(), "abc");
        assert_eq!(token(None, Some(" x ".into())).unwrap(), "x");
        assert!(matches!(token(None, None), Err(CliError::NoToken)));
        for bad in ["", " \n", "a b", "a\nb", "ä"] {
            let error = token(None, Some(bad.into())).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{bad:?}");
        }
        std::fs::write(&file, "x".repeat(5000)).unwrap();
        assert!(token(Some(&file), None).is_err());
    }

    #[test]
    fn paths_are_encoded() {
        assert_eq!(segment("a/b c?ü").to_string(), "a%2Fb%20c%3F%C3%BC");
        assert_eq!(segment("..").to_string(), "..");
        let base = Base::parse("http://h/client/v4").unwrap();
        let api = Api {
            client: Client::new(base, None, Duration::from_secs(1)),
            account: "edge".into(),
        };
        assert_eq!(
            api.script(Some("prod"), "a/b"),
            "/client/v4/accounts/edge/workers/dispatch/namespaces/prod/scripts/a%2Fb"
        );
        assert_eq!(
            api.script(None, "a"),
            "/client/v4/accounts/edge/workers/scripts/a"
        );
        assert_eq!(
            api.kv_value("0", "a/b"),
            "/client/v4/accounts/edge/storage/kv/namespaces/0/values/a%2Fb"
        );
    }

    #[test]
    fn ids_and_titles() {
        assert!(is_kv_id("0123456789abcdefABCDEF0123456789"));
        assert!(!is_kv_id("counts"));
        assert!(!is_kv_id("0123456789abcdefABCDEF012345678g"));
    }
}
