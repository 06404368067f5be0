//! When a certificate is due, and what has become of it.

use super::carrier::Carrier;
use super::{AcmeError, AcmeOptions, order};
use crate::tls::Identity;
use crate::tls::challenges::Challenges;
use crate::tls::issued::{self, Issued, file, put};
use async_io::Timer;
use event_listener::Event;
use futures_lite::FutureExt;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

/// The certificate with its key, in the folder.
const NAME: &str = "edge.pem";
/// How the last attempts went.
const TRIES: &str = "tries.json";
/// Seconds since 1970 of the start of 2026: a clock that says less was never set.
const NOW_MIN_S: u64 = 1_767_225_600;
/// After a first attempt that failed; each further one waits twice as long. Authorities take some five an hour.
const AGAIN: Duration = Duration::from_secs(5 * 60);
const AGAIN_MAX: Duration = Duration::from_secs(6 * 3600);
/// After one that succeeded, however short its certificate's life is.
const REST: Duration = Duration::from_secs(3600);
/// The clock is looked at so often: it may be set, or jump.
const LOOK: Duration = Duration::from_secs(60);

/// Who has the edge's certificate renewed.
pub struct Keeper {
    options: AcmeOptions,
    carrier: Carrier,
    challenges: Arc<Challenges>,
    state: Mutex<State>,
    wake: Event,
    changed: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

#[derive(Default)]
struct State {
    held: Option<Issued>,
    /// When the one that is held is to be renewed.
    renew_at: Option<SystemTime>,
    failures: u32,
    error: Option<String>,
    /// Not before then.
    next: Option<Instant>,
    is_ordering: bool,
}

/// Attempts that failed, as they are kept: a daemon that starts again and again must not ask each time.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tries {
    directory: String,
    domains: Vec<String>,
    failures: u32,
    at_s: u64,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Order,
    Wait(Duration),
}

impl Keeper {
    /// With what is kept of before.
    pub fn open(options: AcmeOptions, carrier: Carrier, challenges: Arc<Challenges>) -> Arc<Self> {
        let mut state = State::default();
        let path = options.folder.join(NAME);
        match Issued::look(&path) {
            Ok(issued) => state.hold(issued, random()),
            Err(error) if path.exists() => {
                log::error!(
                    "the edge's certificate of before is of no use, and another is asked for: {error}"
                );
            }
            Err(_) => {}
        }
        state.remember(&options, SystemTime::now(), Instant::now());
        Arc::new(Self {
            options,
            carrier,
            challenges,
            state: Mutex::new(state),
            wake: Event::new(),
            changed: OnceLock::new(),
        })
    }

    /// The certificate's file, if there is one.
    pub fn identity(&self) -> Option<Identity> {
        let path = self.path();
        self.state.lock().held.as_ref()?;
        Some(Identity {
            chain: path.clone(),
            key: path,
            ocsp: None,
        })
    }

    /// Calls this when there is another certificate. Once only; a second call changes nothing.
    pub fn on_change(&self, changed: impl Fn() + Send + Sync + 'static) {
        let _ = self.changed.set(Box::new(changed));
    }

    /// Tries at once what waits for its next attempt.
    pub fn try_again(&self) {
        self.state.lock().next = None;
        self.wake.notify(1);
    }

    /// For `postern status`.
    pub fn shown(&self) -> Value {
        let state = self.state.lock();
        let time = |at: SystemTime| Timestamp::try_from(at).map(|it| format!("{it:.0}")).ok();
        let waits = state
            .next
            .map(|at| at.saturating_duration_since(Instant::now()).as_secs());
        json!({
            "directory": self.options.directory,
            "domains": self.options.domains,
            "certificate": state.held.as_ref().map(|it| json!({
                "names": it.names,
                "from": time(it.not_before),
                "until": time(it.not_after),
                "renewed_from": state.renew_at.and_then(time),
            })),
            "is_ordering": state.is_ordering,
            "failures": state.failures,
            "error": state.error,
            "next_attempt_in_s": state.error.as_ref().and(waits),
        })
    }

    /// Has a certificate there for as long as the daemon runs.
    pub async fn keep(self: Arc<Self>) {
        loop {
            let woken = self.wake.listen();
            let step = self
                .state
                .lock()
                .step(&self.options, SystemTime::now(), Instant::now());
            match step {
                Step::Order => self.order().await,
                Step::Wait(wait) => {
                    let waited = async {
                        Timer::after(wait).await;
                    };
                    waited.or(woken).await;
                }
            }
        }
    }

    fn path(&self) -> PathBuf {
        self.options.folder.join(NAME)
    }

    async fn order(&self) {
        self.state.lock().is_ordering = true;
        let names = self.options.domains.join(", ");
        log::info!(
            "asking {} for a certificate for {names}",
            self.options.directory
        );
        let placed = order::place(&self.carrier, &self.options, &self.challenges).await;
        let kept = match placed {
            Ok((chain, key)) => {
                let (path, domains) = (self.path(), self.options.domains.clone());
                let kept = postern_task::unblock(move || {
                    issued::keep(&path, (&chain, &key), &domains, SystemTime::now())
                });
                kept.await.map_err(AcmeError::from)
            }
            Err(error) => Err(error),
        };
        let is_new = self.state.lock().ended(kept, &self.options, Instant::now());
        if let (true, Some(changed)) = (is_new, self.changed.get()) {
            changed();
        }
    }
}

impl State {
    /// Has this certificate, which is renewed at two thirds of its life, or a little before by chance, so that a thousand
    /// gateways that were set up together do not come together.
    fn hold(&mut self, issued: Issued, chance: f64) {
        let life = issued
            .not_after
            .duration_since(issued.not_before)
            .unwrap_or_default();
        let early = (life / 20).mul_f64(chance.clamp(0.0, 1.0));
        self.renew_at = Some(issued.not_before + (life / 3 * 2).saturating_sub(early));
        self.held = Some(issued);
    }

    /// What is to be done now.
    fn step(&mut self, options: &AcmeOptions, now: SystemTime, instant: Instant) -> Step {
        let since = now.duration_since(SystemTime::UNIX_EPOCH);
        let since = since.map_or(0, |it| it.as_secs());
        if since < NOW_MIN_S {
            let now =
                Timestamp::try_from(now).map_or("nothing".to_owned(), |it| format!("{it:.0}"));
            let error = AcmeError::Clock(now).to_string();
            if self.error.as_ref() != Some(&error) {
                log::error!("{error}");
                self.error = Some(error);
            }
            return Step::Wait(LOOK);
        }
        if self.failures == 0 && !self.is_ordering {
            // What the clock said.
            self.error = None;
        }
        let is_due = self.renew_at.is_none_or(|at| now >= at)
            || self
                .held
                .as_ref()
                .is_none_or(|it| !it.is_for(&options.domains));
        if !is_due {
            return Step::Wait(LOOK);
        }
        match self.next.map(|at| at.saturating_duration_since(instant)) {
            Some(wait) if !wait.is_zero() => Step::Wait(wait.min(LOOK)),
            _ => Step::Order,
        }
    }

    /// An order has ended. True if there is another certificate.
    fn ended(
        &mut self,
        kept: Result<Issued, AcmeError>,
        options: &AcmeOptions,
        instant: Instant,
    ) -> bool {
        self.is_ordering = false;
        let is_new = kept.is_ok();
        match kept {
            Ok(issued) => {
                self.hold(issued, random());
                self.failures = 0;
                self.error = None;
                self.next = Some(instant + REST);
                log::info!(
                    "the edge has a new certificate for {}",
                    options.domains.join(", ")
                );
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                let wait = again(self.failures).mul_f64(0.75 + random() / 2.0);
                self.next = Some(instant + wait);
                let stays = match &self.held {
                    Some(_) => "the one there is stays",
                    None => "there is none",
                };
                log::error!(
                    "no new certificate for the edge, {stays}: {error}; the next attempt is in {} s, or on SIGHUP",
                    wait.as_secs()
                );
                self.error = Some(error.to_string());
            }
        }
        let tries = Tries {
            directory: options.directory.clone(),
            domains: options.domains.clone(),
            failures: self.failures,
            at_s: unix_s(SystemTime::now()),
        };
        let path = options.folder.join(TRIES);
        let bytes = serde_json::to_vec(&tries).unwrap_or_default();
        if let Err(error) = put(&path, &bytes) {
            log::warn!("how the order went is not kept: {error}");
        }
        is_new
    }

    /// Waits as long as it would have without the restart, if it would still be asked for the same.
    fn remember(&mut self, options: &AcmeOptions, now: SystemTime, instant: Instant) {
        let Ok(bytes) = file(&options.folder.join(TRIES)) else {
            return;
        };
        let Ok(tries) = serde_json::from_slice::<Tries>(&bytes) else {
            return;
        };
        if tries.directory != options.directory
            || tries.domains != options.domains
            || tries.failures == 0
        {
            return;
        }
        let wait = again(tries.failures);
        // A clock that goes back makes nobody wait longer than it would have been at first.
        let passed = unix_s(now).saturating_sub(tries.at_s);
        self.failures = tries.failures;
        self.error = Some(format!(
            "{} attempts failed before the daemon last started; its log then tells why",
            tries.failures
        ));
        self.next = Some(instant + wait.saturating_sub(Duration::from_secs(passed)));
    }
}

/// How long is waited after so many failures in a row.
fn again(failures: u32) -> Duration {
    let doubled = 1_u32
        .checked_shl(failures.saturating_sub(1))
        .unwrap_or(u32::MAX);
    AGAIN.saturating_mul(doubled).min(AGAIN_MAX)
}

fn unix_s(at: SystemTime) -> u64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |it| it.as_secs())
}

/// A number from 0 to 1.
fn random() -> f64 {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).expect("the system always has randomness once it has started");
    f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::acme::Proof;

    const DAY: Duration = Duration::from_secs(86_400);

    fn options(folder: &std::path::Path, domains: &[&str]) -> AcmeOptions {
        AcmeOptions {
            directory: "https://ca.test/dir".to_owned(),
            contact: Vec::new(),
            domains: domains.iter().map(|it| (*it).to_owned()).collect(),
            proof: Proof::Http01,
            folder: folder.to_owned(),
        }
    }

    fn at(day: &str) -> SystemTime {
        let day: Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
        day.into()
    }

    fn issued() -> Issued {
        Issued {
            not_before: at("2027-01-01"),
            not_after: at("2027-04-01"),
            names: vec!["one.test".to_owned()],
        }
    }

    #[test]
    fn it_is_renewed_at_two_thirds_of_its_life_or_a_little_before() {
        let dir = tempfile::tempdir().unwrap();
        let one = options(dir.path(), &["one.test"]);
        let now = Instant::now();
        for (chance, due) in [(0.0, "2027-03-02"), (1.0, "2027-02-25")] {
            let mut state = State::default();
            assert_eq!(state.step(&one, at("2027-01-02"), now), Step::Order);
            state.hold(issued(), chance);
            let due = at(due);
            assert_eq!(
                state.step(&one, due - DAY, now),
                Step::Wait(LOOK),
                "{chance}"
            );
            assert_eq!(state.step(&one, due + DAY, now), Step::Order, "{chance}");
            // Nor is one kept that lacks a name.
            let two = options(dir.path(), &["one.test", "two.test"]);
            assert_eq!(state.step(&two, at("2027-01-02"), now), Step::Order);
        }
    }

    #[test]
    fn a_clock_that_was_never_set_asks_for_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let one = options(dir.path(), &["one.test"]);
        let mut state = State::default();
        let now = Instant::now();
        assert_eq!(state.step(&one, at("1970-01-02"), now), Step::Wait(LOOK));
        let told = state.error.clone().unwrap();
        assert!(
            told.contains("the clock is not set (it says 1970-01-02"),
            "{told}"
        );
        assert_eq!(state.step(&one, at("2027-01-02"), now), Step::Order);
        assert_eq!(state.error, None);
    }

    #[test]
    fn what_fails_is_tried_again_ever_later_and_a_restart_is_no_way_around() {
        let waits: Vec<u64> = [1, 2, 3, 7, 8, 100].map(|it| again(it).as_secs()).to_vec();
        assert_eq!(waits, [300, 600, 1200, 19_200, 21_600, 21_600]);
        let dir = tempfile::tempdir().unwrap();
        let one = options(dir.path(), &["one.test"]);
        let mut state = State::default();
        let now = Instant::now();
        let failed = || Err(AcmeError::Unfit("is in a mood".to_owned()));
        assert!(!state.ended(failed(), &one, now));
        assert!(!state.ended(failed(), &one, now));
        let today = SystemTime::now();
        assert_eq!(state.step(&one, today, now), Step::Wait(LOOK));
        assert!(state.error.clone().unwrap().contains("is in a mood"));
        assert_eq!(state.step(&one, today, now + again(2) * 2), Step::Order);
        // After a restart.
        let mut again_state = State::default();
        again_state.remember(&one, today, now);
        assert_eq!(again_state.failures, 2);
        assert_eq!(again_state.step(&one, today, now), Step::Wait(LOOK));
        assert_eq!(again_state.step(&one, today, now + again(2)), Step::Order);
        // What is asked for otherwise is asked for at once.
        let mut other = State::default();
        other.remember(&options(dir.path(), &["two.test"]), today, now);
        assert_eq!((other.failures, other.next), (0, None));
        // Success ends it, and rests.
        assert!(state.ended(Ok(issued()), &one, now));
        assert_eq!((state.failures, state.error.clone()), (0, None));
        assert_eq!(state.next, Some(now + REST));
        let mut after = State::default();
        after.remember(&one, today, now);
        assert_eq!(after.failures, 0);
    }

    #[test]
    fn no_file_of_tries_is_believed_that_cannot_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let one = options(dir.path(), &["one.test"]);
        for text in ["", "{}", "[1]", "{\"failures\": -1}"] {
            std::fs::write(dir.path().join(TRIES), text).unwrap();
            let mut state = State::default();
            state.remember(&one, SystemTime::now(), Instant::now());
            assert_eq!(state.failures, 0, "{text}");
        }
    }
}
