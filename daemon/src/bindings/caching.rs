//! Subrequests whose answers are kept: what `cf` and `cache` of a fetch() ask for (spec: FEATURES
//! F150, F163 to F166). What is kept is its owner's alone, whatever key it is kept under.

use super::answer::{Answer, AnswerBody};
use super::cache;
use super::env::Caches;
use super::fetch::{Ask, AskBody, Route};
use crate::cache::{Cache, Head, Recalled, Terms, Unkept};
use crate::engine::caller::Caller;
use crate::engine::ops::OpFailure;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use postern_abi::OpErrorCode;
use postern_abi::fetch::{CacheMode, Caching as Asked};
use postern_abi::limits::{HEADERS_MAX, TTL_RANGES_MAX, URL_MAX};

const STATUS: HeaderName = HeaderName::from_static("cf-cache-status");
const TAG: HeaderName = HeaderName::from_static("cache-tag");

/// Extensions of what is kept without being asked for by `cacheEverything` (the field's list).
const STATIC: [&str; 56] = [
    "7z", "apk", "avi", "avif", "bin", "bmp", "bz2", "class", "css", "csv", "dmg", "doc", "docx",
    "ejs", "eot", "eps", "exe", "flac", "gif", "gz", "ico", "iso", "jar", "jpeg", "jpg", "js",
    "mid", "midi", "mkv", "mp3", "mp4", "ogg", "otf", "pdf", "pict", "pls", "png", "ppt", "pptx",
    "ps", "rar", "svg", "svgz", "swf", "tar", "tif", "tiff", "ttf", "webm", "webp", "woff",
    "woff2", "xls", "xlsx", "zip", "zst",
];

/// What a subrequest asks of the cache.
pub(super) struct Caching {
    caches: Option<Caches>,
    mode: CacheMode,
    everything: bool,
    key: Option<String>,
    ttl: Option<i64>,
    ttl_by_status: Vec<(u16, u16, i64)>,
    tags: Option<HeaderValue>,
}

impl Caching {
    /// As it is asked for, of these caches.
    ///
    /// # Errors
    /// When it is more than one subrequest may ask.
    pub fn new(caches: Option<&Caches>, asked: &Asked<'_>) -> Result<Self, OpFailure> {
        let too_large = |what: &str, has: usize, limit: usize| {
            Err(OpFailure::new(
                OpErrorCode::TooLarge,
                format!("{what} of a subrequest is {has}, the limit is {limit}"),
            ))
        };
        let key_len = asked.key.map_or(0, str::len);
        if key_len > URL_MAX {
            return too_large("the length of cf.cacheKey", key_len, URL_MAX);
        }
        let ranges = asked.ttl_by_status.len();
        if ranges > TTL_RANGES_MAX {
            return too_large("the size of cf.cacheTtlByStatus", ranges, TTL_RANGES_MAX);
        }
        if asked.tags.len() > HEADERS_MAX / 8 {
            return too_large(
                "the length of cf.cacheTags",
                asked.tags.len(),
                HEADERS_MAX / 8,
            );
        }
        Ok(Self {
            caches: caches.cloned(),
            mode: asked.mode,
            everything: asked.everything || asked.ttl.is_some(),
            key: asked.key.map(str::to_owned),
            ttl: asked.ttl,
            ttl_by_status: asked.ttl_by_status.clone(),
            tags: Some(asked.tags)
                .filter(|tags| !tags.is_empty())
                .and_then(|tags| HeaderValue::from_str(tags).ok()),
        })
    }

    fn terms(&self, status: StatusCode, ask: &Ask) -> Terms {
        let status = status.as_u16();
        let mut ranges = self.ttl_by_status.iter();
        let of_status = ranges.find(|(from, to, _)| (*from..=*to).contains(&status));
        Terms {
            ttl: of_status.map(|(.., ttl)| *ttl).or(self.ttl),
            is_personal: ask.headers.contains_key(header::AUTHORIZATION),
        }
    }

    /// What the answer is kept under. Each hop of redirects has its own, so that a key of the
    /// tenant's does not make an answer lead to itself.
    fn key(&self, ask: &Ask, hop: usize) -> String {
        match &self.key {
            Some(key) => format!("{hop} {key}"),
            None => ask.url.as_str().to_owned(),
        }
    }

    /// Why this subrequest has nothing to do with what is kept, in the field's word.
    fn passes(&self, ask: &Ask, body: &AskBody) -> Option<&'static str> {
        let has_body = !matches!(body, AskBody::None);
        if !matches!(ask.method, Method::GET | Method::HEAD) || has_body {
            return Some("DYNAMIC");
        }
        if self.mode == CacheMode::NoStore || self.ttl.is_some_and(|ttl| ttl < 0) {
            return Some("BYPASS");
        }
        (!self.everything && !is_static(ask.url.target())).then_some("DYNAMIC")
    }

    /// Asks, unless there is an answer already. `hop`: how many redirects led here.
    pub async fn send(
        &self,
        route: &Route,
        ask: &mut Ask,
        body: AskBody,
        caller: &Caller,
        is_last: bool,
        hop: usize,
    ) -> Result<Answer, OpFailure> {
        let (Route::Internet(..), Some(caches)) = (route, &self.caches) else {
            return route.send(ask, body, caller, is_last).await;
        };
        if let Some(status) = self.passes(ask, &body) {
            let answer = route.send(ask, body, caller, is_last).await?;
            return Ok(self.marked(answer, status));
        }
        let Caches { cache, owner, .. } = caches;
        let key = self.key(ask, hop);
        // One that cannot be had now is as good as none.
        let recalled = cache.recall(owner, &key, &ask.headers).await;
        let (kept, status) = match recalled.unwrap_or(Recalled::None) {
            Recalled::Fresh(kept) => (Some(kept), "EXPIRED"),
            Recalled::Expired => (None, "EXPIRED"),
            Recalled::None => (None, "MISS"),
        };
        let asked = ask.headers.clone();
        let Some(kept) = kept else {
            let answer = route.send(ask, body, caller, is_last).await?;
            return Ok(self
                .kept(cache, caches, &key, ask, &asked, answer, status)
                .await);
        };
        let conditions = match self.mode {
            CacheMode::NoCache => kept.conditions(),
            _ => {
                if let Some(found) = cache.read(kept, &asked).await {
                    return Ok(cache::answer(found));
                }
                let answer = route.send(ask, body, caller, is_last).await?;
                return Ok(self
                    .kept(cache, caches, &key, ask, &asked, answer, "MISS")
                    .await);
            }
        };
        let is_conditional = !conditions.is_empty();
        for (name, value) in conditions {
            ask.headers.insert(name, value);
        }
        let answer = route.send(ask, body, caller, false).await;
        ask.headers.clone_from(&asked);
        let answer = answer?;
        if is_conditional
            && answer.status == StatusCode::NOT_MODIFIED
            && let Some(found) = cache.read(kept, &asked).await
        {
            return Ok(self.marked(cache::answer(found), "REVALIDATED"));
        }
        Ok(self
            .kept(cache, caches, &key, ask, &asked, answer, status)
            .await)
    }

    fn marked(&self, mut answer: Answer, status: &'static str) -> Answer {
        answer
            .headers
            .insert(STATUS, HeaderValue::from_static(status));
        answer
    }

    /// The answer of a server, which is kept while it is read if that may be.
    #[allow(
        clippy::too_many_arguments,
        reason = "what is asked, and what came of it"
    )]
    async fn kept(
        &self,
        cache: &Cache,
        caches: &Caches,
        key: &str,
        ask: &Ask,
        asked: &HeaderMap,
        mut answer: Answer,
        status: &'static str,
    ) -> Answer {
        if let Some(tags) = &self.tags {
            answer.headers.append(TAG, tags.clone());
        }
        let terms = self.terms(answer.status, ask);
        let mut head = Head {
            status: answer.status.as_u16(),
            reason: answer.reason.chars().take(256).collect(),
            headers: answer.headers.clone(),
        };
        let lifetime = Cache::lifetime(head.status, &mut head.headers, terms);
        let lifetime = match lifetime {
            Ok(lifetime) => lifetime,
            Err(why) => {
                log::debug!("a subrequest's answer is not kept: {why}");
                // It is one that could be kept, and has had its time.
                let is_over = why == Unkept::Stale && terms.ttl.is_some();
                return self.marked(answer, if is_over { status } else { "BYPASS" });
            }
        };
        if terms.ttl.is_some() {
            // The one who asks first sees what the others will, as in the field.
            answer.headers.remove(header::SET_COOKIE);
        }
        // A server's body is a stream.
        let body = std::mem::replace(&mut answer.body, AnswerBody::Whole(Bytes::new()));
        answer.body = match body {
            AnswerBody::Stream(body) if ask.method == Method::GET => AnswerBody::Stream(
                cache
                    .keep(&caches.owner, key, asked, &head, lifetime, body)
                    .await,
            ),
            body => body,
        };
        self.marked(answer, status)
    }
}

/// Whether the path of a request's target has an extension of what is kept by default.
fn is_static(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some((_, extension)) = name.rsplit_once('.') else {
        return false;
    };
    STATIC.iter().any(|it| it.eq_ignore_ascii_case(extension))
}
