//! `[otlp]`: where figures and logs are exported to.

use super::amount::Amount;
use super::check::number;
use super::document::Document;
use serde::Serialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// Header fields of requests.
const HEADERS_MAX: usize = 16;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawOtlp {
    endpoint: Option<Spanned<String>>,
    interval_s: Option<Spanned<Amount>>,
    buffer_bytes: Option<Spanned<Amount>>,
    workers: Option<bool>,
    headers: BTreeMap<Spanned<String>, Spanned<String>>,
}

/// Export by OTLP over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Otlp {
    /// A URL, without a slash at its end; `/v1/metrics` and `/v1/logs` go behind it.
    pub endpoint: String,
    /// Seconds between exports.
    pub interval_s: u64,
    /// Bytes of log records that may wait.
    pub buffer_bytes: u64,
    /// Whether what Workers logged is exported.
    pub workers: bool,
    /// Header fields of requests. They may be secrets, and are not shown.
    #[serde(skip)]
    pub headers: Vec<(String, String)>,
}

pub(super) fn check(document: &mut Document<'_>, raw: Spanned<RawOtlp>) -> Option<Otlp> {
    let span = raw.span();
    if !cfg!(feature = "otlp") {
        document.problem(
            Some(span),
            "`otlp`: this build cannot export by OTLP",
            "build it with the feature `otlp`, or remove the table",
        );
        return None;
    }
    let raw = raw.into_inner();
    let Some(endpoint) = raw.endpoint else {
        document.problem(
            Some(span),
            "`otlp` has no `endpoint`",
            "write where to, as `endpoint = \"http://collector:4318\"`",
        );
        return None;
    };
    let text = endpoint.get_ref().trim_end_matches('/');
    let uri: Option<http::Uri> = text.parse().ok();
    let is_fine = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.query().is_none()
            && uri.authority().is_some_and(|it| !it.as_str().contains('@'))
    });
    if !is_fine {
        document.problem(
            Some(endpoint.span()),
            format!("`otlp.endpoint` is `{text}`, which is no URL of a server"),
            "write it as `http://collector:4318`; what proves who asks belongs into `otlp.headers`",
        );
    }
    if raw.headers.len() > HEADERS_MAX {
        document.problem(
            Some(span),
            format!(
                "`otlp.headers` has {} fields, the limit is {HEADERS_MAX}",
                raw.headers.len()
            ),
            "remove some",
        );
    }
    let mut headers = Vec::new();
    for (name, value) in raw.headers {
        let is_name = http::HeaderName::try_from(name.get_ref()).is_ok();
        if !is_name || http::HeaderValue::try_from(value.get_ref()).is_err() {
            document.problem(
                Some(name.span()),
                format!("`{}` in `otlp.headers` is no header field", name.get_ref()),
                "write a name of letters, digits and dashes, and a value of one line",
            );
        }
        headers.push((name.into_inner(), value.into_inner()));
    }
    let mut of = |key, value: &Option<Spanned<Amount>>, default, bounds| {
        number(document, key, value.as_ref(), default, bounds)
    };
    Some(Otlp {
        endpoint: text.to_owned(),
        interval_s: of("otlp.interval-s", &raw.interval_s, 60, (1, 3600)),
        buffer_bytes: of(
            "otlp.buffer-bytes",
            &raw.buffer_bytes,
            256 << 10,
            (16 << 10, 16 << 20),
        ),
        workers: raw.workers.unwrap_or(true),
        headers,
    })
}
