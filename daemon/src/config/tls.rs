//! `[edge.tls]`: where clients reach the edge by HTTPS, and who it is to them.

use super::check::{address, number};
use super::document::Document;
use super::raw::Texts;
use crate::board::amount::Amount;
use serde::Serialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Certificates there can be.
pub(super) const CERTIFICATES_MAX: usize = 64;
/// Requests of one HTTP/2 connection at the same time: what a page of a browser asks for at once.
const STREAMS_DEFAULT: u64 = 32;
const STREAMS_MAX: u64 = 256;
const REQUESTS_DEFAULT: u64 = 10_000;
const REQUESTS_MAX: u64 = 1_000_000;
const AGE_DEFAULT_MS: u64 = 3_600_000;
const AGE_MAX_MS: u64 = 86_400_000;
/// Two years, as sites of lists of such have it.
const HSTS_MAX: u64 = 63_072_000;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawTls {
    listen: Option<Texts>,
    certificates: Vec<Spanned<RawCertificate>>,
    minimum: Option<Minimum>,
    redirect: Option<bool>,
    port: Option<Spanned<Amount>>,
    hsts_s: Option<Spanned<Amount>>,
    acme: Option<Spanned<super::acme::RawAcme>>,
    http2: Option<Spanned<bool>>,
    http2_streams: Option<Spanned<Amount>>,
    http2_requests: Option<Spanned<Amount>>,
    http2_age_ms: Option<Spanned<Amount>>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawCertificate {
    chain: String,
    key: String,
    ocsp: Option<String>,
}

/// HTTPS at the edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tls {
    /// Where it listens; port 0 means any.
    pub listen: Vec<SocketAddr>,
    /// Who it is; the first to whoever names nobody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Certificate>,
    /// The oldest version that is spoken.
    pub minimum: Minimum,
    /// Whether plain requests are sent to HTTPS.
    pub redirect: bool,
    /// The port that clients reach by HTTPS; 0 is that of the first address it listens on.
    pub port: u64,
    /// Seconds that browsers are to keep to HTTPS; 0 says nothing of it.
    pub hsts_s: u64,
    /// Who issues it a certificate, beside those.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acme: Option<super::Acme>,
    /// Whether HTTP/2 is offered beside HTTP/1.1.
    pub http2: bool,
    /// Requests of one HTTP/2 connection at the same time.
    pub http2_streams: u64,
    /// Requests of one HTTP/2 connection, from its beginning to its end.
    pub http2_requests: u64,
    /// Milliseconds that an HTTP/2 connection is used for new requests.
    pub http2_age_ms: u64,
}

/// A certificate with its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Certificate {
    /// A file of PEM: the certificate, and those of whoever signed it.
    pub chain: PathBuf,
    /// A file of PEM: its key.
    pub key: PathBuf,
    /// A file of DER: an OCSP response to staple.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ocsp: Option<PathBuf>,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub enum Minimum {
    /// TLS 1.2.
    #[default]
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    Tls13,
}

/// Certificates with the paths of their files.
pub(super) fn certificates(raw: Vec<Spanned<RawCertificate>>, base: &Path) -> Vec<Certificate> {
    let raw = raw.into_iter().map(Spanned::into_inner);
    raw.map(|it| Certificate {
        chain: base.join(it.chain),
        key: base.join(it.key),
        ocsp: it.ocsp.map(|path| base.join(path)),
    })
    .collect()
}

/// Checks the table; `None` if there is none. `plain` is where the edge listens without TLS.
pub(super) fn check(
    document: &mut Document<'_>,
    raw: Option<Spanned<RawTls>>,
    base: &Path,
    plain: &[SocketAddr],
) -> Option<Tls> {
    let raw = raw?;
    let span = raw.span();
    let raw = raw.into_inner();
    if !cfg!(feature = "edge-tls") {
        document.problem(
            Some(span),
            "`edge.tls` is set, and this build speaks no TLS at the edge",
            "take a build with the feature `edge-tls`, or have something in front of the daemon end TLS",
        );
        return None;
    }
    let mut listen = Vec::new();
    let texts = raw.listen.map(|Texts(texts)| texts).unwrap_or_default();
    if texts.is_empty() || texts.len() > 16 {
        document.problem(
            Some(texts.first().map_or(span.clone(), Spanned::span)),
            format!(
                "`edge.tls.listen` has {} addresses; it must have 1 to 16",
                texts.len()
            ),
            "name the addresses that clients reach by HTTPS, like \"0.0.0.0:443\"",
        );
    }
    for text in &texts {
        let Some(parsed) = address(document, "edge.tls.listen", text) else {
            continue;
        };
        if parsed.port() != 0 && (listen.contains(&parsed) || plain.contains(&parsed)) {
            document.problem(
                Some(text.span()),
                format!("`edge.tls.listen` names {parsed}, which is named already"),
                "give HTTPS a port of its own",
            );
        }
        listen.push(parsed);
    }
    // Who asks for one and makes a mistake there is told of that alone.
    let has_none = raw.certificates.is_empty() && raw.acme.is_none();
    let acme = super::acme::check(document, raw.acme, base);
    if has_none || raw.certificates.len() > CERTIFICATES_MAX {
        document.problem(
            Some(span),
            format!(
                "`edge.tls` has {} certificates; it must have 1 to {CERTIFICATES_MAX}",
                raw.certificates.len()
            ),
            match cfg!(feature = "acme") {
                true => "name the files of each in a table [[edge.tls.certificates]], as chain = \"…\" and key = \"…\", or have one issued by [edge.tls.acme]",
                false => "name the files of each in a table [[edge.tls.certificates]], as chain = \"…\" and key = \"…\"",
            },
        );
    }
    let has_http2 = cfg!(feature = "http2");
    if let Some(http2) = &raw.http2
        && *http2.get_ref()
        && !has_http2
    {
        document.problem(
            Some(http2.span()),
            "`edge.tls.http2` is true, and this build speaks HTTP/1.1 alone",
            "take a build with the feature `http2`, or leave it out",
        );
    }
    Some(Tls {
        listen,
        certificates: certificates(raw.certificates, base),
        minimum: raw.minimum.unwrap_or_default(),
        redirect: raw.redirect.unwrap_or(false),
        port: number(document, "edge.tls.port", raw.port.as_ref(), 0, (0, 65_535)),
        hsts_s: number(
            document,
            "edge.tls.hsts-s",
            raw.hsts_s.as_ref(),
            0,
            (0, HSTS_MAX),
        ),
        acme,
        http2: raw.http2.map_or(has_http2, Spanned::into_inner),
        http2_streams: number(
            document,
            "edge.tls.http2-streams",
            raw.http2_streams.as_ref(),
            STREAMS_DEFAULT,
            (1, STREAMS_MAX),
        ),
        http2_requests: number(
            document,
            "edge.tls.http2-requests",
            raw.http2_requests.as_ref(),
            REQUESTS_DEFAULT,
            (1, REQUESTS_MAX),
        ),
        http2_age_ms: number(
            document,
            "edge.tls.http2-age-ms",
            raw.http2_age_ms.as_ref(),
            AGE_DEFAULT_MS,
            (1, AGE_MAX_MS),
        ),
    })
}
