//! Who is let in at the management port: tokens, how often each may call and when it was last used, and sources
//! that are locked out after failures.

use super::envelope::{Refusal, code};
use super::local::LocalPeer;
use super::roles::{Needs, covers};
use super::scope::Scope;
use super::tokens::{self, Token};
use crate::catalog::name::Id;
use crate::engine::bucket::Bucket;
use crate::store::{Store, StoreError, Table};
use http::{HeaderMap, Method, StatusCode};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Failures of a source in a row that have no consequence.
const FREE: u32 = 10;
/// The same of this machine itself, all programs of which are one source.
const FREE_HERE: u32 = 100;
/// How long the first lock-out after them lasts; each further one twice as long.
const FIRST: Duration = Duration::from_secs(1);
/// How long one lasts at most, and after how long without failures a source is forgotten.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Sources that are remembered.
const SOURCES_MAX: usize = 1024;
/// How much older what is written down of a token's last use may be.
const USE_WRITTEN_MS: i64 = 15 * 60 * 1000;

/// Whose call it is.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A token's.
    Token(Box<Token>),
    /// A user of this machine's.
    Local(LocalPeer),
    /// One that proves itself by what it has for this route alone: a session's token, the key for health.
    Route,
}

impl Caller {
    /// What it is called where changes are told; empty without a token.
    pub fn name(&self) -> String {
        match self {
            Self::Token(token) => token.name.clone(),
            Self::Local(peer) => peer.name(),
            Self::Route => String::new(),
        }
    }

    /// Whether it may do everything.
    pub fn is_admin(&self) -> bool {
        match self {
            Self::Token(token) => token.grant.role == super::roles::Role::Admin,
            Self::Local(_) => true,
            Self::Route => false,
        }
    }

    /// The token's id.
    pub fn id(&self) -> Option<Id> {
        match self {
            Self::Token(token) => Some(token.id),
            Self::Local(_) | Self::Route => None,
        }
    }

    /// Whether it may make a call: its method, the route's pattern, and what that calls `ns`.
    pub fn may(&self, method: &Method, pattern: &str, namespace: &str) -> Result<Needs, Refusal> {
        let granted = match self {
            Self::Token(token) => Some((token.grant.role, token.grant.scope())),
            Self::Local(peer) => Some((peer.role(), Scope::default())),
            Self::Route => None,
        };
        if let Some((role, scope)) = granted {
            covers(role, scope, (method, pattern), namespace).map_err(|lacks| {
                Refusal::new(
                    StatusCode::FORBIDDEN,
                    code::AUTHENTICATION,
                    lacks.to_string(),
                )
            })?;
        }
        Ok(super::roles::needs(method, pattern))
    }
}

/// What is remembered of callers.
#[derive(Debug, Default)]
pub struct Guard {
    sources: Mutex<HashMap<IpAddr, Failures>>,
    tokens: Mutex<HashMap<Id, Seen>>,
}

/// A source that failed.
#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
    locked_until: Instant,
}

/// A token that was used.
#[derive(Debug, Default)]
struct Seen {
    used_ms: i64,
    written_ms: i64,
    bucket: Option<Bucket>,
}

impl Guard {
    /// The token of a call from this source.
    ///
    /// # Errors
    /// 401 if it has none that is good, 429 if the source or the token has to wait. On loopback, where all programs
    /// of the machine are one source, a good token is let in all the same.
    pub fn admit(
        &self,
        store: &Store,
        headers: &HeaderMap,
        source: Option<IpAddr>,
    ) -> Result<Token, Refusal> {
        let token = self.attempt(source, || tokens::authenticate(store, headers))?;
        self.used(store, &token)?;
        Ok(token)
    }

    /// What this source is let in by. That it is not is counted.
    ///
    /// # Errors
    /// What `by` says, or 429 if the source has to wait; on loopback that is said only after `by` said no.
    pub fn attempt<T>(
        &self,
        source: Option<IpAddr>,
        by: impl FnOnce() -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let source = source.map(network);
        let now = Instant::now();
        let locked = source.and_then(|source| self.locked(source, now));
        let is_shared = source.is_some_and(|source| source.is_loopback());
        if let Some(wait) = locked.filter(|_| !is_shared) {
            let what = format!(
                "this address is locked out after {FREE} calls and more with no good token or code"
            );
            return Err(too_many(&what, wait));
        }
        let let_in = by().map_err(|refusal| {
            if refusal.status != StatusCode::UNAUTHORIZED {
                return refusal;
            }
            if let Some(source) = source {
                self.failed(source, now);
            }
            match locked {
                Some(wait) => too_many(
                    "no good token or code, and too many calls before it without one",
                    wait,
                ),
                None => refusal,
            }
        })?;
        if let Some(source) = source {
            self.sources.lock().remove(&source);
        }
        Ok(let_in)
    }

    /// How long a source is locked out yet.
    fn locked(&self, source: IpAddr, now: Instant) -> Option<Duration> {
        let sources = self.sources.lock();
        let until = sources.get(&source)?.locked_until;
        until
            .checked_duration_since(now)
            .filter(|wait| !wait.is_zero())
    }

    fn failed(&self, source: IpAddr, now: Instant) {
        let mut sources = self.sources.lock();
        if !sources.contains_key(&source) && sources.len() >= SOURCES_MAX {
            sources.retain(|_, it| now.saturating_duration_since(it.last) < LONGEST);
            // All of them are fresh: who failed least is forgotten, and of these the oldest.
            let least = sources.iter().min_by_key(|(_, it)| (it.count, it.last));
            if let Some(least) = least
                .filter(|_| sources.len() >= SOURCES_MAX)
                .map(|(it, _)| *it)
            {
                sources.remove(&least);
            }
        }
        let failures = sources.entry(source).or_insert(Failures {
            count: 0,
            last: now,
            locked_until: now,
        });
        if now.saturating_duration_since(failures.last) >= LONGEST {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
        let free = if source.is_loopback() {
            FREE_HERE
        } else {
            FREE
        };
        if let Some(over) = failures.count.checked_sub(free) {
            let longer = FIRST.saturating_mul(1_u32.checked_shl(over).unwrap_or(u32::MAX));
            failures.locked_until = now + longer.min(LONGEST);
            log::warn!(
                "{source} is locked out for {} s after {} calls with no good token or code",
                longer.min(LONGEST).as_secs(),
                failures.count
            );
        }
    }

    /// Counts a use of a token.
    fn used(&self, store: &Store, token: &Token) -> Result<(), Refusal> {
        let now_ms = tokens::now_ms();
        let mut tokens = self.tokens.lock();
        let seen = tokens.entry(token.id).or_default();
        if let Some(rate) = token.grant.per_second {
            let bucket = seen.bucket.get_or_insert_with(Bucket::new);
            if let Err(wait) = bucket.take(rate) {
                return Err(too_many(
                    &format!("this token may make {rate} calls a second, and has"),
                    wait,
                ));
            }
        }
        seen.used_ms = now_ms;
        let is_old = now_ms.saturating_sub(seen.written_ms) >= USE_WRITTEN_MS;
        if is_old {
            seen.written_ms = now_ms;
        }
        if tokens.len() > 2 * tokens::TOKENS_MAX {
            // Some of them are revoked.
            tokens.retain(|_, it| now_ms.saturating_sub(it.used_ms) < USE_WRITTEN_MS);
        }
        drop(tokens);
        if is_old {
            write_use(store.clone(), token.id, now_ms);
        }
        Ok(())
    }

    /// When each token was last used, in milliseconds since 1970.
    ///
    /// # Errors
    /// What the store says.
    pub fn uses(&self, store: &Store) -> Result<HashMap<Id, i64>, StoreError> {
        let mut uses = tokens::uses(store)?;
        for (id, seen) in &*self.tokens.lock() {
            uses.insert(*id, seen.used_ms);
        }
        Ok(uses)
    }
}

/// Writes it down without anybody waiting for that: it is a note, not a promise.
fn write_use(store: Store, id: Id, at_ms: i64) {
    let write = move || {
        let records = store.records();
        let mut batch = records.batch();
        let done = batch
            .put(Table::TokenUses, &id.0, &at_ms)
            .map(|_| ())
            .and_then(|()| batch.commit());
        if let Err(error) = done {
            log::debug!("a token's use is not written down: {error}");
        }
    };
    smol::unblock(write).detach();
}

/// What counts as one source: an address, or with IPv6 a network of 64 bits, which one customer has.
fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let bits = u128::from(address) >> 64 << 64;
            IpAddr::V6(bits.into())
        }
        other => other,
    }
}

fn seconds(wait: Duration) -> u64 {
    wait.as_millis()
        .div_ceil(1000)
        .try_into()
        .unwrap_or(u64::MAX)
}

fn too_many(what: &str, wait: Duration) -> Refusal {
    let mut refusal = Refusal::new(
        StatusCode::TOO_MANY_REQUESTS,
        code::RATE,
        format!("{what}; try again in {} s", seconds(wait)),
    );
    refusal.retry_after_s = Some(seconds(wait));
    refusal.close = true;
    refusal
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalog::testing::open_store;
    use crate::manage::tokens::Grant;
    use futures_lite::future::block_on;

    fn bearer(text: &str) -> HeaderMap {
        let value = http::HeaderValue::from_str(&format!("Bearer {text}")).unwrap();
        HeaderMap::from_iter([(http::header::AUTHORIZATION, value)])
    }

    #[test]
    fn a_source_that_fails_is_locked_out_longer_each_time() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path());
        let (_, text) = block_on(tokens::create(&store, "ci", Grant::default())).unwrap();
        let guard = Guard::default();
        let far = Some("192.0.2.1".parse().unwrap());
        let status = |source, token: &str| match guard.admit(&store, &bearer(token), source) {
            Ok(_) => 200,
            Err(refusal) => refusal.status.as_u16(),
        };
        for _ in 0..FREE {
            assert_eq!(status(far, "wrong"), 401);
        }
        let refusal = guard.admit(&store, &bearer(&text), far).unwrap_err();
        assert_eq!(refusal.status, 429);
        assert_eq!(refusal.retry_after_s, Some(1));
        // Nobody else is.
        assert_eq!(status(Some("192.0.2.2".parse().unwrap()), &text), 200);
        // The same network of IPv6 is one source, a mapped address the one that it maps.
        let (one, two) = (
            "2001:db8::1".parse().unwrap(),
            "2001:db8::ffff:2".parse().unwrap(),
        );
        for _ in 0..FREE {
            assert_eq!(status(Some(one), "wrong"), 401);
        }
        assert_eq!(status(Some(two), &text), 429);
        assert_eq!(
            status(Some("::ffff:192.0.2.1".parse().unwrap()), &text),
            429
        );

        let now = Instant::now();
        let waits = |count: u32| {
            let guard = Guard::default();
            let source = "192.0.2.3".parse().unwrap();
            (0..count).for_each(|_| guard.failed(source, now));
            guard.locked(source, now).map_or(0, |wait| wait.as_secs())
        };
        let told: Vec<u64> = [9, 10, 11, 12, 19, 20, 200].map(waits).to_vec();
        assert_eq!(told, [0, 1, 2, 4, 512, 900, 900]);
    }

    #[test]
    fn on_loopback_a_good_token_is_let_in() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path());
        let (_, text) = block_on(tokens::create(&store, "ci", Grant::default())).unwrap();
        let guard = Guard::default();
        let here = Some("127.0.0.1".parse().unwrap());
        for _ in 0..FREE_HERE {
            let _ = guard.admit(&store, &bearer("wrong"), here);
        }
        let refusal = guard.admit(&store, &bearer("wrong"), here).unwrap_err();
        assert_eq!(refusal.status, 429);
        assert!(guard.admit(&store, &bearer(&text), here).is_ok());
        // And with that its failures are forgotten.
        let refusal = guard.admit(&store, &bearer("wrong"), here).unwrap_err();
        assert_eq!(refusal.status, 401);
    }

    #[test]
    fn a_flood_of_sources_is_bounded_and_forgets_no_one_who_is_locked_out() {
        let guard = Guard::default();
        let now = Instant::now();
        let bad: IpAddr = "192.0.2.9".parse().unwrap();
        (0..FREE + 5).for_each(|_| guard.failed(bad, now));
        for number in 0..10_000_u32 {
            guard.failed(IpAddr::V4((0x0a00_0000 + number).into()), now);
        }
        assert_eq!(guard.sources.lock().len(), SOURCES_MAX);
        assert!(guard.locked(bad, now).is_some());
    }

    #[test]
    fn a_token_has_its_rate_and_its_last_use() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path());
        let grant = Grant {
            per_second: Some(2),
            ..Grant::default()
        };
        let (token, text) = block_on(tokens::create(&store, "ci", grant)).unwrap();
        let guard = Guard::default();
        let calls: Vec<bool> = (0..3)
            .map(|_| guard.admit(&store, &bearer(&text), None).is_ok())
            .collect();
        assert_eq!(calls, [true, true, false]);
        assert!(guard.uses(&store).unwrap()[&token.id] > 1_700_000_000_000);
    }
}
