//! Answers that no Worker gave: plain text, with the reason.

use super::body::Body;
use super::fields::{CF_RAY, POSTERN_LIMIT};
use super::options::EdgeOptions;
use super::phase::Phase;
use super::routing::Miss;
use super::upload::Fault;
use crate::engine::invocation::Ray;
use crate::engine::limits::Failure;
use crate::engine::refusal::{Refusal, Stage};
use http::header::{self, HeaderValue};
use http::{Method, Response, StatusCode};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

/// What the edge says itself.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub text: Cow<'static, str>,
    /// Seconds for `Retry-After`.
    pub retry_after_s: Option<u32>,
    /// Methods for `Allow`.
    pub allow: Option<&'static str>,
    /// The limit that is why, as `postern-limit` tells it.
    pub limit: Option<Box<Refusal>>,
    /// How far the request came.
    pub stage: Stage,
    /// Where else to ask, for `Location`.
    pub location: Option<HeaderValue>,
    /// Whether the connection ends with it: after a request that was not understood, what
    /// comes next is not to be trusted.
    pub close: bool,
}

impl Answer {
    /// An answer that ends the connection.
    pub fn new(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            text: text.into(),
            retry_after_s: None,
            allow: None,
            limit: None,
            stage: Stage::Head,
            location: None,
            close: true,
        }
    }

    /// With the limit that is why, and how far the request came.
    pub fn limited(mut self, stage: Stage, limit: Refusal) -> Self {
        self.stage = stage;
        self.limit = Some(Box::new(limit));
        self
    }

    /// The request came so far.
    pub fn at(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }

    /// The request is wrong.
    pub fn bad(text: Cow<'static, str>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// The request is fine; there is just no answer from a Worker.
    fn kept(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            close: false,
            ..Self::new(status, text)
        }
    }

    /// The same is to be asked for by HTTPS.
    pub fn elsewhere(method: &Method, host: &str, port: u16, path: &str) -> Self {
        let port = match port {
            443 => String::new(),
            port => format!(":{port}"),
        };
        let location = HeaderValue::from_str(&format!("https://{host}{port}{path}"));
        let status = match *method {
            Method::GET | Method::HEAD => StatusCode::MOVED_PERMANENTLY,
            // Not to be asked for by another method.
            _ => StatusCode::PERMANENT_REDIRECT,
        };
        match location {
            Ok(location) => Self {
                location: Some(location),
                ..Self::kept(status, "This is served by HTTPS.")
            },
            Err(_) => Self::bad("the target cannot be asked for by HTTPS".into()),
        }
    }

    /// What proves that a name leads here.
    pub fn proof(text: String) -> Self {
        Self::kept(StatusCode::OK, text)
    }

    /// There is no Worker for the request.
    pub fn miss(miss: &Miss, retry_after_s: u32) -> Self {
        let answer = match miss {
            Miss::Worker => Self::kept(StatusCode::NOT_FOUND, "Worker not found"),
            Miss::Hostname => Self::kept(StatusCode::NOT_FOUND, "Hostname not configured"),
            Miss::Path => Self::kept(StatusCode::BAD_REQUEST, "Invalid path"),
            Miss::Table(_) => Self {
                retry_after_s: Some(retry_after_s),
                ..Self::kept(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the routing table cannot be read",
                )
            },
        };
        answer.at(Stage::Routing)
    }

    /// The request's body is wrong, and the Worker gave up on it. `used` is how many bytes it is
    /// known to have.
    pub fn fault(fault: Fault, options: &EdgeOptions, used: u64) -> Self {
        let late = |text, limit, ms: u32| {
            Self::new(StatusCode::REQUEST_TIMEOUT, text).limited(
                Stage::Body,
                Refusal {
                    limit,
                    value: ms.into(),
                    used: ms.into(),
                    remedy: "raise it, or send faster",
                    retry_after_s: None,
                    is_shared: false,
                },
            )
        };
        match fault {
            Fault::TooLarge => {
                let limit = options.request_body_bytes_max;
                let failure = Failure::RequestBody { limit, used };
                Self {
                    limit: failure.refusal().map(Box::new),
                    ..Self::new(StatusCode::PAYLOAD_TOO_LARGE, failure.to_string()).at(Stage::Body)
                }
            }
            Fault::Stalled => late(
                "the request body did not come on",
                "edge.body-deadline-ms",
                options.body_stall_ms,
            ),
            Fault::TooSlow => late(
                "the request body took too long",
                "edge.body-total-deadline-ms",
                options.body_total_ms,
            ),
            Fault::Broken => Self::bad("the request body broke off".into()).at(Stage::Body),
        }
    }

    /// The Worker failed before its answer. What an exception says is the tenant's and stays
    /// in the log; limits are named, so that they can be raised (spec: SEMANTICS §3).
    pub fn failure(failure: &Failure) -> Self {
        let answer = match failure {
            Failure::Exception { .. } => {
                Self::kept(StatusCode::INTERNAL_SERVER_ERROR, "error code: 1101")
            }
            Failure::Cpu { .. } | Failure::Memory { .. } | Failure::Stack { .. } => Self::kept(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("error code: 1102\n{failure}"),
            ),
            Failure::WallTime { .. } => {
                Self::kept(StatusCode::GATEWAY_TIMEOUT, failure.to_string())
            }
            Failure::ResponseBody { .. } => {
                Self::kept(StatusCode::INTERNAL_SERVER_ERROR, failure.to_string())
            }
            Failure::RequestBody { .. } => {
                Self::kept(StatusCode::PAYLOAD_TOO_LARGE, failure.to_string())
            }
            Failure::Overloaded { retry_after_s, .. } => Self {
                retry_after_s: Some(*retry_after_s),
                ..Self::kept(StatusCode::SERVICE_UNAVAILABLE, failure.to_string())
            },
            Failure::Quota { retry_after_s, .. } => Self {
                retry_after_s: Some(*retry_after_s),
                ..Self::kept(StatusCode::TOO_MANY_REQUESTS, failure.to_string())
            },
            Failure::Limited {
                limit,
                retry_after_s,
                ..
            } => {
                // What clients of the field know: a rate has a number of its own.
                let code = match limit.ends_with("requests-per-second") {
                    true => "error code: 1015\n",
                    false => "",
                };
                Self {
                    retry_after_s: Some(*retry_after_s),
                    ..Self::kept(StatusCode::TOO_MANY_REQUESTS, format!("{code}{failure}"))
                }
            }
            // Nothing is known against this request, so it may come again at once.
            Failure::Condemned { .. } => Self {
                retry_after_s: Some(0),
                ..Self::kept(StatusCode::SERVICE_UNAVAILABLE, "error code: 1102")
            },
            // Seen only if something other than this connection cancelled it.
            Failure::Canceled => Self {
                retry_after_s: Some(0),
                ..Self::kept(StatusCode::SERVICE_UNAVAILABLE, "the request was canceled")
            },
            Failure::Internal(_) => Self::kept(StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
        };
        Self {
            limit: failure.refusal().map(Box::new),
            stage: Stage::Run,
            ..answer
        }
    }

    /// As an HTTP response.
    pub fn into_response(self, ray: HeaderValue, phase: Arc<Phase>) -> Response<Body> {
        let text = match self.text {
            Cow::Borrowed(text) => bytes::Bytes::from_static(text.as_bytes()),
            Cow::Owned(text) => text.into(),
        };
        let has_text = !text.is_empty();
        let mut response = Response::new(Body::whole(text, phase));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CF_RAY, ray);
        if let Some(limit) = &self.limit
            && let Ok(value) = HeaderValue::try_from(limit.field().to_string())
        {
            headers.insert(POSTERN_LIMIT, value);
        }
        if has_text {
            let kind = HeaderValue::from_static("text/plain; charset=utf-8");
            headers.insert(header::CONTENT_TYPE, kind);
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UPGRADE_REQUIRED {
            headers.insert(
                header::SEC_WEBSOCKET_VERSION,
                HeaderValue::from_static("13"),
            );
        }
        if let Some(location) = self.location {
            headers.insert(header::LOCATION, location);
        }
        if let Some(methods) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(methods));
        }
        if self.close {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// A complete answer for a connection that hyper does not speak on: not yet, or no more.
pub fn raw(answer: &Answer, ray: Ray) -> Vec<u8> {
    let Answer { status, text, .. } = answer;
    let retry = answer
        .retry_after_s
        .map(|seconds| format!("retry-after: {seconds}\r\n"))
        .unwrap_or_default();
    let limit = answer
        .limit
        .as_ref()
        .map(|limit| format!("{POSTERN_LIMIT}: {}\r\n", limit.field()))
        .unwrap_or_default();
    let date = httpdate::fmt_http_date(SystemTime::now());
    format!(
        "HTTP/1.1 {} {}\r\ncontent-type: text/plain; charset=utf-8\r\n{CF_RAY}: {ray}\r\n{limit}{retry}connection: close\r\ncontent-length: {}\r\ndate: {date}\r\n\r\n{text}",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default(),
        text.len(),
    )
    .into_bytes()
}

/// What is said at the port of HTTPS to whoever speaks without TLS.
#[cfg(feature = "edge-tls")]
pub fn to_plain() -> Vec<u8> {
    let text = "this port speaks HTTPS; ask for https://";
    raw(
        &Answer::bad(text.into()),
        Ray(getrandom::u64().unwrap_or_default()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(failure: Failure, status: u16, text: &str, retry: Option<u32>) {
        let answer = Answer::failure(&failure);
        let got = (answer.status.as_u16(), answer.retry_after_s);
        assert_eq!(got, (status, retry), "{failure:?}");
        assert!(
            answer.text.starts_with(text),
            "{failure:?}: {}",
            answer.text
        );
    }

    #[test]
    fn every_failure_has_an_answer() {
        let text = || "secret".to_owned();
        let exception = Failure::Exception {
            name: text(),
            message: text(),
            stack: text(),
            refusal: None,
        };
        check(exception.clone(), 500, "error code: 1101", None);
        let answer = Answer::failure(&exception);
        assert!(!answer.text.contains("secret"));
        assert_eq!(answer.limit, None);
        // Where a limit had refused it something, programs are told that alone.
        let limited = Failure::Exception {
            name: text(),
            message: text(),
            stack: text(),
            refusal: Failure::Stack { depth: 1, bytes: 1 }
                .refusal()
                .map(Box::new),
        };
        check(limited.clone(), 500, "error code: 1101", None);
        let answer = Answer::failure(&limited);
        assert_eq!(answer.text, "error code: 1101");
        assert!(answer.limit.is_some_and(|it| it.limit == "call-depth"));
        let cpu = Failure::Cpu {
            key: "cpu-ms",
            limit_ms: 50,
            used_ms: 50,
            fuel: 1,
        };
        check(cpu, 503, "error code: 1102\nWorker exceeded CPU", None);
        check(
            Failure::Memory { limit: 1, used: 1 },
            503,
            "error code: 1102",
            None,
        );
        let stack = Failure::Stack { depth: 1, bytes: 1 };
        check(stack, 503, "error code: 1102", None);
        check(
            Failure::WallTime { limit_ms: 1 },
            504,
            "Worker exceeded wall",
            None,
        );
        check(
            Failure::ResponseBody { limit: 1, used: 2 },
            500,
            "Worker exceeded response",
            None,
        );
        check(
            Failure::RequestBody { limit: 1, used: 2 },
            413,
            "request body exceeds",
            None,
        );
        let overloaded = Failure::Overloaded {
            reason: "64 invocations run".into(),
            retry_after_s: 7,
            bound: None,
        };
        check(overloaded, 503, "64 invocations run", Some(7));
        let limited = |limit| Failure::Limited {
            limit,
            value: 5,
            used: 6,
            retry_after_s: 3,
        };
        let text_of_rate = "error code: 1015\nWorker exceeded requests-per-second: the limit is 5";
        check(limited("requests-per-second"), 429, text_of_rate, Some(3));
        check(
            limited("queue-ms"),
            429,
            "Worker exceeded queue-ms",
            Some(3),
        );
        check(
            Failure::Condemned { cause: text() },
            503,
            "error code: 1102",
            Some(0),
        );
        check(Failure::Canceled, 503, "the request was canceled", Some(0));
        let internal = Failure::Internal(text());
        check(internal.clone(), 500, "internal error", None);
        assert!(!Answer::failure(&internal).text.contains("secret"));
    }
}
