//! Live tails: `…/scripts/{script}/tails` makes a session, and a WebSocket at the address that it is
//! told gets the script's invocations as they come (spec: PROTOCOL "Tail WebSocket").
//!
//! The address has a token in it, because clients send no other; it is good for one connection.

use super::Manage;
use super::call::Call;
use super::envelope::{Answer, Handled, Refusal, code, ok};
use crate::catalog::Subject;
use crate::catalog::name::{ACCOUNT, Id, shown};
use crate::catalog::record::{Namespace, Script};
use crate::catalog::shown_time;
use crate::engine::limits::Outcome;
use crate::observe::{Filter, Follow, Record};
use futures_lite::{Stream, stream};
use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;
use serde_json::{Value, json};
use smol::channel::{Receiver, Sender, bounded};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where sessions are connected to.
pub(super) const PATH: &str = "/postern/v1/tails/";
/// Sessions at the same time.
const SESSIONS_MAX: usize = 64;
/// How long a session waits for its connection, and how long it lasts.
const LIFETIME: Duration = Duration::from_secs(6 * 60 * 60);
/// How long a session waits for its connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(5 * 60);
/// Filters of a session, and values of one.
const FILTERS_MAX: usize = 32;
/// The subprotocol of the field.
pub(super) const PROTOCOL: &str = "trace-v1";

/// The sessions that there are.
#[derive(Default)]
pub struct LiveTails {
    sessions: Mutex<VecDeque<Session>>,
}

struct Session {
    id: Id,
    namespace: String,
    script: String,
    /// The tag without which it ends.
    tag: Option<String>,
    /// What connects; none once something did.
    token: Option<[u8; 16]>,
    wanted: Wanted,
    made: Instant,
    expires_ms: i64,
    /// Closed when the session ends.
    ends: Sender<()>,
    ended: Receiver<()>,
}

/// A session that somebody connected to.
pub struct Connected {
    id: Id,
    namespace: String,
    script: String,
    tag: Option<String>,
    wanted: Wanted,
    /// Resolves when the session is deleted.
    pub ended: Receiver<()>,
    left: Duration,
}

/// Which records a session wants; all that is said must hold.
#[derive(Clone, Debug, Default, PartialEq)]
struct Wanted {
    sampling: Option<f64>,
    outcomes: Vec<String>,
    methods: Vec<String>,
    /// Name, and what the value must have in it.
    headers: Vec<(String, Option<String>)>,
    client_ips: Vec<String>,
    queries: Vec<String>,
    /// Ids of versions.
    versions: Vec<String>,
}

impl Wanted {
    /// Reads the list of filters; a filter that is not known is none.
    fn parse(value: &Value) -> Result<Self, Refusal> {
        let wrong = |what: &str| Refusal::bad(code::BODY, format!("filters: {what}"));
        let list = match value.get("filters") {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::Array(list)) if list.len() <= FILTERS_MAX => list,
            Some(Value::Array(list)) => {
                return Err(wrong(&format!(
                    "{} of them, the limit is {FILTERS_MAX}",
                    list.len()
                )));
            }
            Some(_) => return Err(wrong("they are no array")),
        };
        let texts = |value: &Value, name: &str| {
            let texts =
                crate::catalog::metadata::strings(value).filter(|it| it.len() <= FILTERS_MAX);
            texts.ok_or_else(|| {
                wrong(&format!(
                    "{name} is no list of at most {FILTERS_MAX} strings"
                ))
            })
        };
        let mut wanted = Self::default();
        for filter in list {
            if let Some(rate) = filter.get("sampling_rate") {
                let rate = rate.as_f64().filter(|rate| (0.0..=1.0).contains(rate));
                wanted.sampling =
                    Some(rate.ok_or_else(|| wrong("sampling_rate is not from 0 to 1"))?);
            }
            if let Some(outcomes) = filter.get("outcome") {
                wanted.outcomes.extend(texts(outcomes, "outcome")?);
            }
            if let Some(methods) = filter.get("method") {
                wanted.methods.extend(texts(methods, "method")?);
            }
            if let Some(ips) = filter.get("client_ip") {
                wanted.client_ips.extend(texts(ips, "client_ip")?);
            }
            if let Some(header) = filter.get("header") {
                let field = |name| header.get(name).and_then(Value::as_str);
                let key = field("key").ok_or_else(|| wrong("header has no key"))?;
                let query = field("query").filter(|query| !query.is_empty());
                wanted
                    .headers
                    .push((key.to_ascii_lowercase(), query.map(str::to_owned)));
            }
            if let Some(query) = filter.get("query") {
                let query = query.as_str().ok_or_else(|| wrong("query is no string"))?;
                wanted.queries.push(query.to_owned());
            }
            if let Some(versions) = filter.get("scriptVersion") {
                wanted.versions.extend(texts(versions, "scriptVersion")?);
            }
        }
        Ok(wanted)
    }

    fn lets_through(&self, record: &Record, client: Option<IpAddr>) -> bool {
        let header = |name: &str| record.headers.iter().find(|(it, _)| it == name);
        let is_wanted = |outcome: &String| {
            *outcome == record.outcome.as_str()
                || (outcome == "unknown" && is_unknown(record.outcome))
        };
        let from = || header("cf-connecting-ip").map_or("", |(_, value)| value.as_str());
        let is_client = |ip: &String| match (ip.as_str(), client) {
            ("self", Some(client)) => from().parse() == Ok(client),
            (ip, _) => ip == from(),
        };
        (self.outcomes.is_empty() || self.outcomes.iter().any(is_wanted))
            && (self.methods.is_empty()
                || self
                    .methods
                    .iter()
                    .any(|it| it.eq_ignore_ascii_case(&record.method)))
            && (self.client_ips.is_empty() || self.client_ips.iter().any(is_client))
            && self.headers.iter().all(|(name, query)| {
                let query = query.as_deref().unwrap_or("");
                header(name).is_some_and(|(_, value)| value.contains(query))
            })
            && self.queries.iter().all(|query| record.contains(query))
            && (self.versions.is_empty() || self.versions.contains(&record.version))
            && self.sampling.is_none_or(is_sampled)
    }
}

/// Outcomes that clients of the field have no name for.
fn is_unknown(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::ExceededWallTime | Outcome::LoadShed | Outcome::InternalError
    )
}

fn is_sampled(rate: f64) -> bool {
    let drawn = getrandom::u32().unwrap_or_default();
    f64::from(drawn) < rate * 4_294_967_296.0
}

impl LiveTails {
    fn make(
        &self,
        namespace: &str,
        script: &Subject,
        wanted: Wanted,
    ) -> Result<(Id, String, i64), Refusal> {
        let mut token = [0; 16];
        getrandom::fill(&mut token).map_err(Refusal::internal)?;
        let id = Id::random();
        let lifetime = i64::try_from(LIFETIME.as_millis()).unwrap_or(i64::MAX);
        let expires_ms = now_ms().saturating_add(lifetime);
        let (ends, ended) = bounded(1);
        let mut sessions = self.sessions.lock();
        sessions.retain(|session| !session.is_over());
        if sessions.len() >= SESSIONS_MAX {
            return Err(Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                code::BODY,
                format!("{SESSIONS_MAX} live tails already, which is the limit; end one of them"),
            ));
        }
        sessions.push_back(Session {
            id,
            namespace: namespace.to_owned(),
            script: script.to_string(),
            tag: script.tag().map(str::to_owned),
            token: Some(token),
            wanted,
            made: Instant::now(),
            expires_ms,
            ends,
            ended,
        });
        Ok((id, Id(token).hex(), expires_ms))
    }

    /// Takes the session that a path names, if its token is right and nobody came before.
    pub(super) fn connect(&self, path: &str) -> Option<Connected> {
        let (id, token) = path.strip_prefix(PATH)?.split_once('/')?;
        let (id, token) = (Id::parse(id)?, Id::parse(token)?);
        let mut sessions = self.sessions.lock();
        sessions.retain(|session| !session.is_over());
        let session = sessions.iter_mut().find(|session| session.id == id)?;
        let right = session.token.is_some_and(|it| is_equal(&it, &token.0));
        if !right {
            return None;
        }
        session.token = None;
        Some(Connected {
            id,
            namespace: session.namespace.clone(),
            script: session.script.clone(),
            tag: session.tag.clone(),
            wanted: session.wanted.clone(),
            ended: session.ended.clone(),
            left: LIFETIME.saturating_sub(session.made.elapsed()),
        })
    }

    /// Ends a session; whether there was one.
    pub(super) fn end(&self, id: Id) -> bool {
        self.end_if(id, |_| true)
    }

    fn end_if(&self, id: Id, is_meant: impl Fn(&Session) -> bool) -> bool {
        let mut sessions = self.sessions.lock();
        let at = sessions
            .iter()
            .position(|session| session.id == id && is_meant(session));
        let gone = at.and_then(|at| sessions.remove(at));
        if let Some(session) = &gone {
            session.ends.close();
        }
        gone.is_some()
    }
}

impl Session {
    fn is_over(&self) -> bool {
        let age = self.made.elapsed();
        age > LIFETIME || (self.token.is_some() && age > CONNECT_WITHIN)
    }
}

/// Takes as long wherever the first difference is.
fn is_equal(a: &[u8; 16], b: &[u8; 16]) -> bool {
    a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
}

impl Connected {
    /// The session's identifier.
    pub(super) fn id(&self) -> Id {
        self.id
    }

    /// Whether what it follows may be told: it is, or its script still carries its tag.
    pub(super) fn is_own<W: Send + Sync + 'static>(&self, manage: &Manage<W>) -> bool {
        let tag = self.tag.as_deref();
        tag.is_none_or(|tag| manage.carries(&self.namespace, &self.script, tag))
    }

    /// How long it lasts from now on.
    pub(super) fn left(&self) -> Duration {
        self.left
    }

    /// What records the session may want.
    pub(super) fn filter(&self) -> Filter {
        Filter {
            namespace: Some(self.namespace.clone()),
            script: Some(self.script.clone()),
            ..Filter::default()
        }
    }

    /// The texts that go out. Who reads slowly is told how many invocations are missing.
    pub(super) fn texts(
        self: Arc<Self>,
        follow: Follow,
        client: Option<IpAddr>,
    ) -> impl Stream<Item = String> + Send {
        let state = (self, follow, None::<String>);
        stream::unfold(state, move |(session, mut follow, held)| async move {
            if let Some(held) = held {
                return Some((held, (session, follow, None)));
            }
            loop {
                let next = follow.next().await;
                let wanted = session.wanted.lets_through(&next.record, client);
                let text = wanted.then(|| next.record.to_json().to_string());
                let note = (next.lost > 0).then(|| lost(next.lost));
                match (note, text) {
                    (Some(note), text) => return Some((note, (session, follow, text))),
                    (None, Some(text)) => return Some((text, (session, follow, None))),
                    (None, None) => {}
                }
            }
        })
    }
}

/// The note that the field's clients show for what is missing.
fn lost(count: u64) -> String {
    json!({
        "outcome": "unknown", "scriptName": null, "exceptions": [], "logs": [],
        "eventTimestamp": now_ms(),
        "event": {
            "type": "overload",
            "message": format!("{count} invocations are missing: this tail does not keep up"),
        },
    })
    .to_string()
}

/// The host that a client called this port by.
fn host(headers: &HeaderMap) -> Result<&str, Refusal> {
    let host = headers
        .get(http::header::HOST)
        .and_then(|host| host.to_str().ok());
    let fits = |host: &&str| {
        host.bytes()
            .all(|it| it.is_ascii_graphic() && !b"/?#@\\\"<>".contains(&it))
    };
    host.filter(fits).ok_or_else(|| {
        Refusal::bad(
            code::BODY,
            "the request has no Host that a URL could be made of",
        )
    })
}

impl<W: Send + Sync + 'static> Manage<W> {
    /// The script that a path names, in a dispatch namespace or outside of all.
    fn tailed(&self, call: &Call) -> Result<(Namespace, Script), Refusal> {
        Ok(self
            .catalog
            .script(call.param("ns"), call.param("script"))?)
    }

    pub(super) async fn create_tail(&self, call: Call) -> Handled {
        let (namespace, _) = self.tailed(&call)?;
        let script = call.script();
        let host = host(&call.headers)?.to_owned();
        // A gateway in front of this port may speak TLS.
        let secure = call
            .headers
            .get("x-forwarded-proto")
            .is_some_and(|proto| proto == "https");
        let bytes = call.body.collect("the filters", 64 * 1024).await?;
        let value = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).map_err(|error| {
                Refusal::bad(code::BODY, format!("the body is not JSON: {error}"))
            })?
        };
        let wanted = Wanted::parse(&value)?;
        let (id, token, expires_ms) = self.live_tails.make(&namespace.name, &script, wanted)?;
        let scheme = if secure { "wss" } else { "ws" };
        ok(json!({
            "id": id.hex(),
            "url": format!("{scheme}://{host}{PATH}{}/{token}", id.hex()),
            "expires_at": shown_time(expires_ms),
        }))
    }

    pub(super) async fn list_tails(&self, call: Call) -> Handled {
        let (namespace, script) = self.tailed(&call)?;
        let sessions = self.live_tails.sessions.lock();
        let own = sessions.iter().filter(|it| {
            it.namespace == namespace.name && it.script == script.name && !it.is_over()
        });
        let shown =
            own.map(|it| json!({"id": it.id.hex(), "expires_at": shown_time(it.expires_ms)}));
        ok(shown.collect::<Vec<_>>().into())
    }

    pub(super) async fn delete_tail(&self, call: Call) -> Handled {
        let id = call.param("id");
        let (namespace, script) = (call.param("ns"), call.param("script"));
        let is_of = |it: &Session| it.namespace == namespace && it.script == script;
        let known = Id::parse(id).is_some_and(|id| self.live_tails.end_if(id, is_of));
        if !known {
            return Err(Refusal::not_found(
                code::SCRIPT_NOT_FOUND,
                format!("there is no live tail '{}'", shown(id)),
            ));
        }
        ok(Value::Null)
    }

    /// `…/tails/by-consumer/{script}`: who has this script of the account as a tail consumer.
    pub(super) async fn tails_by_consumer(&self, call: Call) -> Handled {
        let consumer = call.param("script");
        let producers = self.catalog.tailed_by(call.param("ns"), consumer);
        let shown = producers
            .unwrap_or_default()
            .into_iter()
            .map(|(namespace, script)| {
                let made = self.catalog.script(&namespace, &script).ok();
                let made = made.map(|(_, script)| (script.created_ms, script.modified_ms));
                let (created, modified) = made.unwrap_or_default();
                let mut producer = json!({"service": script, "environment": "production"});
                if namespace != ACCOUNT {
                    producer["dispatch_namespace"] = json!(namespace);
                }
                json!({
                    "tag": "",
                    "producer": producer,
                    "consumer": {"service": consumer, "environment": "production"},
                    "log_push": false,
                    "created_on": shown_time(created),
                    "modified_on": shown_time(modified),
                })
            });
        ok(shown.collect::<Vec<_>>().into())
    }

    /// The answer to who connects with a token that is not good, or no more.
    pub(super) fn no_tail() -> Answer {
        Refusal::not_found(
            code::SCRIPT_NOT_FOUND,
            "there is no such live tail, or something has connected to it already; make a new one",
        )
        .answer()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_is_good_once() {
        let tails = LiveTails::default();
        let (id, token, _) = tails.make("n", &"s".into(), Wanted::default()).unwrap();
        let path = |token: &str| format!("{PATH}{}/{token}", id.hex());
        assert!(tails.connect(&path(&Id([0; 16]).hex())).is_none());
        assert!(tails.connect(&path("x")).is_none());
        assert!(tails.connect(PATH).is_none());
        let connected = tails.connect(&path(&token)).unwrap();
        assert!(tails.connect(&path(&token)).is_none());
        assert!(!connected.ended.is_closed());
        assert!(tails.end(id));
        assert!(connected.ended.is_closed());
        assert!(!tails.end(id));
    }

    #[test]
    fn sessions_have_a_bound() {
        let tails = LiveTails::default();
        for _ in 0..SESSIONS_MAX {
            tails.make("n", &"s".into(), Wanted::default()).unwrap();
        }
        let refusal = tails.make("n", &"s".into(), Wanted::default()).unwrap_err();
        assert_eq!(refusal.status, 429);
    }

    #[test]
    fn filters_that_are_wrong_are_named() {
        let check = |filters: Value, expect: &str| {
            let refusal = Wanted::parse(&json!({ "filters": filters })).unwrap_err();
            assert!(refusal.errors[0].1.contains(expect), "{refusal:?}");
        };
        check(json!({}), "no array");
        check(json!([{"sampling_rate": 2}]), "from 0 to 1");
        check(json!([{"outcome": [1]}]), "outcome");
        check(json!([{"header": {}}]), "no key");
        check(json!([{"query": 1}]), "query");
        check(json!([{"scriptVersion": 1}]), "scriptVersion");
        check(json!(vec![json!({}); 33]), "the limit is 32");
        for none in [
            json!({}),
            json!({"filters": null}),
            json!({"filters": [{"new": 1}]}),
        ] {
            assert_eq!(Wanted::parse(&none).unwrap(), Wanted::default());
        }
    }
}
