//! Answers of subrequests that are kept on their way to who asked, beside the Cache API and apart
//! from it: nothing that one puts is found by the other.

use super::files::Writing;
use super::freshness::{self, Unkept};
use super::{ByteStream, Cache, CacheError, Found, Head, Looked, Opened, Owner, hashed, stored};
use futures_lite::{StreamExt, stream};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What is there for a subrequest.
pub enum Recalled {
    /// An answer that is fresh.
    Fresh(Kept),
    /// One whose time has come.
    Expired,
    /// None, or one of another request by the fields that it varies by.
    None,
}

/// An answer that is kept, before it is read.
pub struct Kept(Box<Opened>);

/// What who asks says on keeping the answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// For how many seconds, whatever the answer says; below 0 not at all.
    pub ttl: Option<i64>,
    /// Whether the request was for one client.
    pub is_personal: bool,
}

impl Kept {
    /// What makes a server say that it has not changed.
    pub fn conditions(&self) -> Vec<(HeaderName, HeaderValue)> {
        let of = |name, condition| {
            let value = self.0.head.headers.get(name)?;
            Some((condition, value.clone()))
        };
        let etag = of(header::ETAG, header::IF_NONE_MATCH);
        let date = of(header::LAST_MODIFIED, header::IF_MODIFIED_SINCE);
        etag.into_iter().chain(date).collect()
    }
}

impl Cache {
    /// Looks for the answer to a subrequest that is kept under this key.
    ///
    /// # Errors
    /// When it is there and cannot be had now.
    pub async fn recall(
        &self,
        owner: &Owner,
        key: &str,
        asked: &HeaderMap,
    ) -> Result<Recalled, CacheError> {
        let key = hashed([owner.name(), "fetch", "", key]);
        Ok(match self.look(owner, &key).await? {
            Looked::There(opened) => {
                let is_same = |(name, value): &(String, Vec<u8>)| said(asked, name) == *value;
                if opened.varied.iter().all(is_same) {
                    Recalled::Fresh(Kept(opened))
                } else {
                    Recalled::None
                }
            }
            Looked::Expired => Recalled::Expired,
            Looked::Absent => Recalled::None,
        })
    }

    /// Reads an answer that was recalled, or the part of it that is asked for.
    pub async fn read(&self, kept: Kept, asked: &HeaderMap) -> Option<Found> {
        let mut opened = kept.0;
        let age = seconds_since_1970().saturating_sub(opened.since);
        let headers = &mut opened.head.headers;
        let before = headers
            .get(header::AGE)
            .and_then(|age| age.to_str().ok()?.trim().parse::<u64>().ok());
        let age = age.saturating_add(before.unwrap_or(0));
        headers.insert(header::AGE, age.into());
        if headers.contains_key(header::CONTENT_ENCODING) {
            // A part of what is encoded could not be decoded.
            let mut asked = asked.clone();
            asked.remove(header::RANGE);
            return self.selected(*opened, &asked).await;
        }
        self.selected(*opened, asked).await
    }

    /// Takes out of an answer what may not be kept, and says for how long the rest may be.
    ///
    /// # Errors
    /// Why it may not.
    pub fn lifetime(
        status: u16,
        headers: &mut HeaderMap,
        terms: Terms,
    ) -> Result<Duration, Unkept> {
        if vary(headers).any(|name| name == "*") {
            return Err(Unkept::Varying);
        }
        if terms.is_personal && !freshness::is_for_all(headers) {
            return Err(Unkept::Personal);
        }
        match terms.ttl {
            Some(ttl) => freshness::forced(status, headers, ttl),
            None => freshness::lifetime(status, headers, SystemTime::now()),
        }
    }

    /// Keeps an answer while it is read: gives its body, at whose end the answer is there. It is
    /// not if the body is not read to its end, and where there is no room for it.
    pub async fn keep(
        &self,
        owner: &Owner,
        key: &str,
        asked: &HeaderMap,
        head: &Head,
        lifetime: Duration,
        body: ByteStream,
    ) -> ByteStream {
        let len = head
            .headers
            .get(header::CONTENT_LENGTH)
            .and_then(|len| len.to_str().ok()?.parse::<u64>().ok());
        let limit = self.0.options.entry_bytes_max;
        if len.is_some_and(|len| len > limit) {
            return body;
        }
        let Ok(place) = self.0.files.place(owner) else {
            return body;
        };
        let mut kept = head.clone();
        kept.headers.remove(header::CONTENT_LENGTH);
        let varied = vary(&kept.headers)
            .map(|name| (name.to_owned(), said(asked, name)))
            .collect();
        let stored = stored(&kept, seconds_since_1970(), varied);
        let writing = match Writing::begin(self.clone(), owner.clone(), place, stored).await {
            Ok(writing) => writing,
            Err(why) => {
                log::debug!("a subrequest's answer is not kept: {why}");
                return body;
            }
        };
        let key = hashed([owner.name(), "fetch", "", key]);
        let until = Instant::now() + lifetime;
        let state = (body, Some(writing));
        Box::pin(stream::try_unfold(
            state,
            move |(mut body, mut writing)| async move {
                match body.next().await {
                    Some(Ok(part)) => {
                        if let Some(to) = &mut writing {
                            let fits = to.len() + part.len() as u64 <= limit;
                            let written = if fits {
                                to.write(part.clone()).await
                            } else {
                                Err(Unkept::TooLarge { limit })
                            };
                            if let Err(why) = written {
                                log::debug!("a subrequest's answer is not kept: {why}");
                                writing = None;
                            }
                        }
                        Ok(Some((part, (body, writing))))
                    }
                    Some(Err(error)) => Err(error),
                    None => {
                        if let Some(done) =
                            writing.filter(|it| len.is_none_or(|len| len == it.len()))
                        {
                            done.finish(key, until, len.is_some());
                        }
                        Ok(None)
                    }
                }
            },
        ))
    }
}

/// The names of the fields that an answer varies by.
fn vary(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::VARY).into_iter();
    let names = lines.filter_map(|line| line.to_str().ok());
    names.flat_map(|line| {
        line.split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
    })
}

/// What a request says in a field.
fn said(asked: &HeaderMap, name: &str) -> Vec<u8> {
    let values: Vec<&[u8]> = asked
        .get_all(name)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    values.join(&b", "[..])
}

fn seconds_since_1970() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
