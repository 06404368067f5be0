//! First boot: the first token of a gateway that has no credential is whose who knows its claim code, which only its log and
//! its console tell, or whose root on it is. Once, and within a while of the daemon's start.
//!
//! # Implementation
//!
//! That a store has had a token is a row of its own, written with the token in one batch: it stays when the token
//! is revoked, so a gateway that was somebody's is nobody's to claim. Of the code a hash is in memory, and nothing on the
//! disk.

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use super::guard::Caller;
use super::roles::Role;
use super::tokens::{self, Grant};
use super::{account::token_object, audit::New};
use crate::store::{Store, StoreError};
use http::StatusCode;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;

/// Characters of a code that the daemon makes: 60 bits.
const CODE_LEN: usize = 12;
/// Crockford's base 32, which has no letters that look like digits.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Wrong codes after which there is no claiming until the daemon starts again, whoever brought them.
const WRONG_MAX: u32 = 256;
/// Bytes of a call's body.
pub(super) const BODY_MAX: u64 = 4096;
/// What the first token is called if nothing else is said.
const NAME: &str = "first";

/// What the configuration says of it.
#[derive(Clone, Debug)]
pub struct ClaimOptions {
    /// The code; without it one is made at each start.
    pub code: Option<String>,
    /// For how long after the start it is good; nothing closes the window at once.
    pub window: Duration,
}

/// Whether the gateway is anybody's, and how it can be claimed.
pub struct Claim {
    state: Mutex<State>,
    /// Whose claim is looked at: of two that come at once one is first.
    turn: smol::lock::Mutex<()>,
    window: Duration,
}

enum State {
    /// There is a credential, or was.
    Claimed,
    /// Who has the code may come.
    Open {
        hash: [u8; 32],
        until: Instant,
        wrong: u32,
    },
    /// Nobody can claim it until the daemon starts again.
    Closed(Closed),
}

/// Why nobody can claim it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closed {
    Over,
    Wrong,
}

impl Claim {
    /// The state of a gateway with this store, and the code, if one was made. Blocks.
    ///
    /// # Errors
    /// What the store says.
    pub fn open(
        store: &Store,
        options: &ClaimOptions,
    ) -> Result<(Self, Option<String>), StoreError> {
        let (state, made) = if tokens::had_any(store)? {
            (State::Claimed, None)
        } else if options.window.is_zero() {
            (State::Closed(Closed::Over), None)
        } else {
            let made = options.code.is_none().then(make);
            let text = options.code.as_deref().or(made.as_deref());
            let state = State::Open {
                hash: hash(text.unwrap_or_default()),
                until: Instant::now() + options.window,
                wrong: 0,
            };
            (state, made)
        };
        let this = Self {
            state: Mutex::new(state),
            turn: smol::lock::Mutex::new(()),
            window: options.window,
        };
        Ok((this, made))
    }

    /// Tells on the log how it can be claimed, at this URL, by the code that was made if one was.
    pub fn tell(&self, url: &str, made: Option<&str>) {
        let state = &*self.at(Instant::now());
        match (state, made) {
            (State::Claimed, _) => {}
            (State::Open { .. }, Some(code)) => log::warn!(
                "this gateway has no credential yet; within {} s claim it: postern claim {code} --url {url}",
                self.window.as_secs()
            ),
            (State::Open { .. }, None) => log::warn!(
                "this gateway has no credential yet; within {} s claim it by the code in its `manage.claim-code`: postern claim CODE --url {url}",
                self.window.as_secs()
            ),
            (State::Closed(_), _) => log::warn!(
                "this gateway has no credential, and nobody can claim it (`manage.claim-window-s` is 0) but root on it: postern claim"
            ),
        }
    }

    /// For `postern status`.
    pub fn shown(&self) -> Value {
        let now = Instant::now();
        match &*self.at(now) {
            State::Claimed => json!({"state": "claimed"}),
            State::Open { until, wrong, .. } => json!({
                "state": "open",
                "seconds_left": until.saturating_duration_since(now).as_secs(),
                "wrong_codes": wrong,
            }),
            State::Closed(why) => json!({"state": "closed", "why": self.why(*why)}),
        }
    }

    /// What everybody is told as long as the gateway is nobody's; `None` once it is somebody's.
    pub fn unclaimed(&self) -> Option<Refusal> {
        let now = Instant::now();
        let what = match &*self.at(now) {
            State::Claimed => return None,
            State::Open { until, .. } => format!(
                "this gateway has no credential yet: claim it with `postern claim CODE`, within {} s; the code is in its log \
                 and on its console, or in its configuration",
                until.saturating_duration_since(now).as_secs()
            ),
            State::Closed(why) => self.closed(*why),
        };
        let mut refusal = Refusal::new(StatusCode::UNAUTHORIZED, code::AUTHENTICATION, what);
        refusal.close = true;
        Some(refusal)
    }

    /// Waits for a claim that is being looked at; whoever comes until the result is dropped waits in turn.
    pub(super) async fn turn(&self) -> smol::lock::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// From now on the gateway is somebody's.
    pub(super) fn end(&self) {
        *self.state.lock() = State::Claimed;
    }

    /// The state at a time.
    fn at(&self, now: Instant) -> parking_lot::MutexGuard<'_, State> {
        let mut state = self.state.lock();
        if matches!(&*state, State::Open { until, .. } if *until <= now) {
            *state = State::Closed(Closed::Over);
        }
        state
    }

    /// Looks at a claim: by a code, or without one of whom the kernel vouches for.
    fn check(&self, presented: Option<&str>, now: Instant) -> Result<(), Refusal> {
        let mut state = self.at(now);
        match (&mut *state, presented) {
            (State::Claimed, _) => Err(Refusal::new(
                StatusCode::CONFLICT,
                code::CLAIM,
                "this gateway is claimed already; who lost its token makes another as root on it: postern token create --remote",
            )),
            // Root needs no window either: it could as well make itself a token.
            (State::Open { .. } | State::Closed(_), None) => Ok(()),
            (State::Closed(why), Some(_)) => {
                let why = self.closed(*why);
                Err(Refusal::new(StatusCode::FORBIDDEN, code::CLAIM, why))
            }
            (
                State::Open {
                    hash: right, wrong, ..
                },
                Some(presented),
            ) => {
                if bool::from(hash(presented).ct_eq(right)) {
                    return Ok(());
                }
                *wrong += 1;
                if *wrong >= WRONG_MAX {
                    log::error!(
                        "{WRONG_MAX} wrong claim codes: nobody can claim this gateway until it starts again"
                    );
                    *state = State::Closed(Closed::Wrong);
                }
                let mut refusal = Refusal::new(
                    StatusCode::UNAUTHORIZED,
                    code::AUTHENTICATION,
                    "that is not the claim code; it is in the gateway's log and on its console, another after each start",
                );
                refusal.close = true;
                Err(refusal)
            }
        }
    }

    fn why(&self, why: Closed) -> String {
        match why {
            Closed::Over => format!(
                "the {} s of `manage.claim-window-s` are over",
                self.window.as_secs()
            ),
            Closed::Wrong => format!("{WRONG_MAX} wrong codes were tried"),
        }
    }

    fn closed(&self, why: Closed) -> String {
        let restart = match self.window.is_zero() {
            true => "",
            false => "start the daemon again, which opens the window, or ",
        };
        format!(
            "this gateway has no credential, and nobody can claim it: {}; {restart}claim it as root on the gateway itself: postern claim",
            self.why(why)
        )
    }
}

/// A new code, in groups.
fn make() -> String {
    let mut bytes = [0; CODE_LEN];
    getrandom::fill(&mut bytes).expect("the system always has randomness once it has started");
    let mut text = String::with_capacity(CODE_LEN + CODE_LEN / 4);
    for (at, byte) in bytes.into_iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
    }
    text
}

/// The hash of a code as people type it: dashes and blanks do not count, nor do upper and lower case, and letters
/// that look like digits are these.
fn hash(code: &str) -> [u8; 32] {
    let plain = code
        .bytes()
        .filter(|byte| !b"- \t\r\n".contains(byte))
        .map(|byte| match byte.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            byte => byte,
        });
    Sha256::digest(plain.collect::<Vec<u8>>()).into()
}

/// What a claim says.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    code: String,
    name: Option<String>,
}

impl<W: Send + Sync + 'static> Manage<W> {
    /// Gives the first token.
    pub(super) async fn claim(&self, call: Call) -> Handled {
        let Some(claim) = self.claim.get() else {
            return Err(Refusal::no_route("/postern/v1/claim"));
        };
        let (caller, peer) = (call.caller.clone(), call.peer);
        let asked: Asked = call.json_within(BODY_MAX).await?;
        let _turn = claim.turn.lock().await;
        let now = Instant::now();
        let who = match &caller {
            // The socket's group may look, and is nobody whom the kernel vouches for as root.
            Caller::Local(by) if by.role() == Role::Admin => {
                claim.check(None, now)?;
                caller.name()
            }
            Caller::Local(_) | Caller::Token(_) | Caller::Route => {
                let check = || claim.check(Some(&asked.code), now);
                self.guard.attempt(peer, check)?;
                "the claim code".to_owned()
            }
        };
        let begun = New {
            token: None,
            who,
            from: peer.map_or("the Unix socket".to_owned(), |it: IpAddr| it.to_string()),
            call: "POST /postern/v1/claim".to_owned(),
            failed: None,
        };
        let place = self.audited(begun.clone()).await?;
        let name = asked.name.as_deref().unwrap_or(NAME);
        let made = tokens::create(self.catalog.store(), name, Grant::default()).await;
        let (token, text) = match made {
            Ok(made) => made,
            Err(error) => {
                let refusal = Refusal::from(error);
                let failed = Some((place, refusal.status.as_u16()));
                // That it began is written already; why it failed is the answer.
                let _ = self.audited(New { failed, ..begun }).await;
                return Err(refusal);
            }
        };
        claim.end();
        log::warn!("this gateway was claimed from {}", begun.from);
        let mut object = token_object(&token, None);
        object["value"] = json!(text);
        ok(object)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalog::testing::open_store;
    use crate::store::Table;
    use futures_lite::future::block_on;

    fn options(seconds: u64, code: Option<&str>) -> ClaimOptions {
        ClaimOptions {
            code: code.map(str::to_owned),
            window: Duration::from_secs(seconds),
        }
    }

    fn status(claim: &Claim, code: &str, now: Instant) -> u16 {
        match claim.check(Some(code), now) {
            Ok(()) => 200,
            Err(refusal) => refusal.status.as_u16(),
        }
    }

    #[test]
    fn codes_are_long_random_and_read_as_people_type_them() {
        let (one, two) = (make(), make());
        assert_ne!(one, two);
        assert_eq!((one.len(), one.split('-').count()), (14, 3), "{one}");
        let plain = one.replace('-', "");
        assert!(plain.bytes().all(|byte| ALPHABET.contains(&byte)), "{one}");
        let typed = one.to_lowercase().replace('-', " ").replace('0', "o");
        assert_eq!(hash(&typed.replace('1', "l")), hash(&one));
        assert_eq!(hash("I-L"), hash("11"));
        assert_ne!(hash(&plain[1..]), hash(&one));
        assert_ne!(hash(""), hash(&one));
    }

    #[test]
    fn the_window_closes_by_itself() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path());
        let (claim, code) = Claim::open(&store, &options(60, None)).unwrap();
        let code = code.unwrap();
        let now = Instant::now();
        assert_eq!(status(&claim, &code, now), 200);
        assert_eq!(claim.shown()["state"], "open");
        let later = now + Duration::from_secs(61);
        assert_eq!(status(&claim, &code, later), 403);
        assert_eq!(claim.shown()["state"], "closed");
        // Root on the machine needs no window.
        assert!(claim.check(None, later).is_ok());
        let told = claim.unclaimed().unwrap();
        assert_eq!(told.status, 401);
        for part in [
            "60 s",
            "start the daemon again",
            "as root on the gateway itself",
        ] {
            assert!(told.errors[0].1.contains(part), "{:?}", told.errors);
        }
        let (never, code) = Claim::open(&store, &options(0, None)).unwrap();
        assert_eq!(code, None);
        assert_eq!(status(&never, "", now), 403);
        let told = never.unclaimed().unwrap();
        assert!(!told.errors[0].1.contains("again"), "{:?}", told.errors);
    }

    #[test]
    fn wrong_codes_close_it_whoever_brings_them() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path());
        let (claim, _) = Claim::open(&store, &options(60, Some("abcd-efgh-jkmn"))).unwrap();
        let now = Instant::now();
        for _ in 1..WRONG_MAX {
            assert_eq!(status(&claim, "ABCD-EFGH-JKMM", now), 401);
        }
        assert_eq!(status(&claim, "ABCD EFGH JKMN", now), 200);
        assert_eq!(status(&claim, "", now), 401);
        assert_eq!(status(&claim, "ABCD EFGH JKMN", now), 403);
        let told = claim.unclaimed().unwrap().errors[0].1.clone();
        assert!(told.contains("256 wrong codes"), "{told}");
    }

    #[test]
    fn what_had_a_token_is_somebodys_though_it_was_revoked() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path());
        let (token, _) = block_on(tokens::create(&store, "ci", Grant::default())).unwrap();
        block_on(tokens::revoke(&store, &token.id.hex())).unwrap();
        let (claim, code) = Claim::open(&store, &options(60, None)).unwrap();
        assert_eq!(code, None);
        assert!(claim.unclaimed().is_none());
        assert_eq!(status(&claim, "", Instant::now()), 409);
    }

    #[test]
    fn the_store_holds_no_code() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path());
        let (_, code) = Claim::open(&store, &options(60, None)).unwrap();
        let (_, other) = Claim::open(&store, &options(60, None)).unwrap();
        assert_ne!(code, other);
        let rows = store.records().scan::<i64>(Table::Claimed, &[]).unwrap();
        assert!(rows.is_empty());
    }
}
