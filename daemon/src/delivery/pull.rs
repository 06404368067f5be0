//! Bundles that are pulled: a server is asked now and then whether it has another one.
//!
//! An ETag spares both sides what is known. What breaks off is gone on with where it ended, as long as the
//! server has the same file. After failures the next try comes later and later, and always at another moment
//! than those of other devices, so that a fleet that lost its server does not fall upon it.

use super::staging::Filling;
use super::{Arrival, Delivered, Delivery, DeliveryError, Result, Staged, rows};
use async_io::Timer;
use bytes::Bytes;
use futures_lite::{Stream, StreamExt};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// How often something that breaks off is gone on with.
const RESUMED_MAX: u32 = 5;
/// The first wait after a failure; each further one is twice as long, up to the interval of the source.
const BACK_OFF: Duration = Duration::from_secs(5);
/// Bytes of an ETag.
const ETAG_MAX: usize = 256;

/// Where a bundle is pulled from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The bundle's or the list's URL.
    pub url: String,
    /// How often it is asked.
    pub interval: Duration,
}

/// What a server answered with.
pub struct Fetched {
    /// The status.
    pub status: u16,
    /// The ETag.
    pub etag: Option<String>,
    /// Bytes of the body, where that is told.
    pub len: Option<u64>,
    /// The body.
    pub body: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>,
}

/// An answer on its way; why there is none.
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Fetched, String>> + Send + 'a>>;

/// Who asks servers.
pub trait Fetch: Send + Sync {
    /// Asks for what is at a URL, with these header fields.
    fn get<'a>(&'a self, url: &'a str, fields: Vec<(&'static str, String)>) -> Fetching<'a>;
}

/// What came of asking.
pub(super) enum Pulled {
    /// The same as the last time.
    Same,
    /// Something, and its ETag.
    New(Staged, Option<String>),
}

impl<W: Send + Sync + 'static> Delivery<W> {
    /// Asks a server for as long as the daemon runs.
    pub async fn pull(self: Arc<Self>, source: Source, fetch: Arc<dyn Fetch>) {
        let mut failures = 0_u32;
        let mut wait = source.interval / 20;
        loop {
            Timer::after(jittered(wait)).await;
            match self.pull_once(&source, &*fetch).await {
                Ok(()) => failures = 0,
                Err(_) => failures = failures.saturating_add(1),
            }
            wait = after(failures, source.interval);
        }
    }

    /// Asks a server once, and takes over what it has.
    pub(super) async fn pull_once(&self, source: &Source, fetch: &dyn Fetch) -> Result<()> {
        let url = &source.url;
        let store = self.catalog.store();
        let known = rows::etag(store, url)?;
        let (staged, etag) = match self.fetch(url, known.as_deref(), fetch).await {
            Ok(Pulled::Same) => {
                self.remember(url, true, "nothing new".to_owned());
                return Ok(());
            }
            Ok(Pulled::New(staged, etag)) => (Ok(staged), etag),
            Err(error) => (Err(error), None),
        };
        let delivered = self.deliver_from(url, staged).await;
        let is_settled = match &delivered {
            Ok(_) | Err(DeliveryError::Older { .. } | DeliveryError::OlderKeys { .. }) => true,
            Err(_) => false,
        };
        if let (true, Some(etag)) = (is_settled, etag) {
            rows::put_etag(store, url, etag).await?;
        }
        match delivered {
            Ok(Delivered::Bundle { .. } | Delivered::Keys(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn fetch(&self, url: &str, known: Option<&str>, fetch: &dyn Fetch) -> Result<Pulled> {
        let mut etag: Option<String> = None;
        let mut filling: Option<Filling> = None;
        let mut resumed = 0;
        loop {
            let mut fields = Vec::new();
            let received = filling.as_ref().map_or(0, Filling::received);
            match (&etag, known) {
                (Some(etag), _) if received > 0 => {
                    fields.push(("range", format!("bytes={received}-")));
                    fields.push(("if-range", etag.clone()));
                }
                (_, Some(known)) => fields.push(("if-none-match", known.to_owned())),
                _ => {}
            }
            let fetched = fetch.get(url, fields).await;
            let fetched = fetched.map_err(DeliveryError::Fetch)?;
            let mut into = match (fetched.status, filling.take()) {
                (304, None) if known.is_some() => return Ok(Pulled::Same),
                (206, Some(filling)) => filling,
                (200, _) => self.stage.file(match fetched.len {
                    Some(len) => len,
                    None => self.options.bytes_max,
                })?,
                (status, _) => {
                    return Err(DeliveryError::Fetch(format!(
                        "the server answered {status}; it has to answer 200 with the bundle, or 304"
                    )));
                }
            };
            etag = fetched.etag.filter(|etag| is_etag(etag));
            let end = fetched.len.map(|len| match fetched.status {
                206 => len.saturating_add(into.received()),
                _ => len,
            });
            let broke = self.fill(&mut into, fetched.body, url).await?;
            let is_short = end.is_some_and(|end| into.received() < end);
            if broke.is_none() && !is_short {
                return Ok(Pulled::New(into.done(), etag));
            }
            // A weak one does not tell that the bytes are the same.
            let can_resume = etag.as_deref().is_some_and(|it| !it.starts_with("W/"));
            resumed += 1;
            if !can_resume || resumed > RESUMED_MAX {
                let why = broke.unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into());
                return Err(DeliveryError::BrokenOff(why));
            }
            filling = Some(into);
        }
    }

    /// Takes a body; why it broke off, if it did.
    async fn fill(
        &self,
        into: &mut Filling,
        mut body: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>,
        url: &str,
    ) -> Result<Option<io::Error>> {
        let arrival = Arrival::from(url);
        let check = |path: &std::path::Path| self.check_head(path, &arrival);
        while let Some(part) = body.next().await {
            match part {
                // A part is small, and what it is written to is a file of this machine.
                Ok(part) => into.take(&part, &check)?,
                Err(error) => return Ok(Some(error)),
            }
        }
        Ok(None)
    }
}

/// Whether it can be sent back.
fn is_etag(etag: &str) -> bool {
    etag.len() <= ETAG_MAX && etag.bytes().all(|byte| (0x21..=0x7e).contains(&byte))
}

/// How long a server is let be after so many failures in a row, before chance.
fn after(failures: u32, interval: Duration) -> Duration {
    match failures {
        0 => interval,
        failures => interval.min(BACK_OFF.saturating_mul(1 << (failures - 1).min(16))),
    }
}

/// Between half as long and one and a half times as long, by chance.
fn jittered(wait: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    wait.mul_f64(0.5 + f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_is_asked_ever_more_seldom_and_not_by_all_at_once() {
        let interval = Duration::from_secs(3600);
        assert_eq!(after(0, interval), interval);
        for failures in 1..100 {
            let (wait, next) = (after(failures, interval), after(failures + 1, interval));
            assert!(
                next == (2 * wait).min(interval),
                "{failures}: {wait:?}, {next:?}"
            );
        }
        assert_eq!(after(1, interval), BACK_OFF);
        assert_eq!(
            after(9, BACK_OFF / 2),
            BACK_OFF / 2,
            "never longer than that"
        );
        let waits: Vec<Duration> = (0..100).map(|_| jittered(interval)).collect();
        assert!(
            waits
                .iter()
                .all(|it| *it >= interval / 2 && *it <= interval * 3 / 2)
        );
        assert!(waits.iter().any(|it| *it != waits[0]), "a hundred the same");
    }
}
