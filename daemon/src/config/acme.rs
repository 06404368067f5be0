//! `[edge.tls.acme]`: who issues the edge's certificate, and for which names.

use super::document::Document;
use super::raw::Texts;
use serde::Serialize;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Names of a certificate. Each is proved at every renewal.
const DOMAINS_MAX: usize = 16;
/// Addresses that an authority is told.
const CONTACT_MAX: usize = 4;
/// Bytes of an address of e-mail.
const ADDRESS_MAX: usize = 254;
/// Bytes of the directory's URL.
const URL_MAX: usize = 1024;

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawAcme {
    directory: Spanned<String>,
    domains: Texts,
    contact: Option<Texts>,
    challenge: Option<Challenge>,
    agree_to_terms: Option<Spanned<bool>>,
    roots: Option<String>,
}

/// A certificate by ACME.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Acme {
    /// The URL of the authority's directory.
    pub directory: String,
    /// The names that the certificate is for.
    pub domains: Vec<String>,
    /// Addresses of e-mail that the authority is told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contact: Vec<String>,
    /// What it is proved by that the names lead here.
    pub challenge: Challenge,
    /// That the authority's terms are agreed to.
    pub agree_to_terms: bool,
    /// A file of PEM: who vouches for the authority's server, in the place of `outbound.tls.roots`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roots: Option<PathBuf>,
}

/// How an authority looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub enum Challenge {
    /// By HTTP at port 80.
    #[default]
    #[serde(rename = "http-01")]
    Http01,
    /// By TLS at port 443.
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
}

/// Checks the table; `None` if there is none.
pub(super) fn check(
    document: &mut Document<'_>,
    raw: Option<Spanned<RawAcme>>,
    base: &Path,
) -> Option<Acme> {
    let raw = raw?;
    let span = raw.span();
    let raw = raw.into_inner();
    if !cfg!(feature = "acme") {
        document.problem(
            Some(span),
            "`edge.tls.acme` is set, and this build has no ACME",
            "take a build with the feature `acme`, or name files of certificates in [[edge.tls.certificates]]",
        );
        return None;
    }
    let url = raw.directory.get_ref();
    let uri: Option<http::Uri> = url.parse().ok();
    let is_url = uri.is_some_and(|uri| {
        uri.scheme_str() == Some("https")
            && uri.authority().is_some_and(|it| !it.as_str().contains('@'))
    });
    if !is_url || url.len() > URL_MAX || url.contains('#') {
        document.problem(
            Some(raw.directory.span()),
            format!("`edge.tls.acme.directory` is `{url:.80}`, which is no https URL of a directory"),
            "write what the authority documents, like \"https://acme-v02.api.letsencrypt.org/directory\"",
        );
    }
    let Texts(domains) = raw.domains;
    if !(1..=DOMAINS_MAX).contains(&domains.len()) {
        document.problem(
            Some(span.clone()),
            format!(
                "`edge.tls.acme.domains` has {} names; it must have 1 to {DOMAINS_MAX}",
                domains.len()
            ),
            "name the hosts that clients ask for",
        );
    }
    for (at, name) in domains.iter().enumerate() {
        let text = name.get_ref();
        if !is_host(text) {
            document.problem(
                Some(name.span()),
                format!("`{text:.80}` is no name that a certificate can be had for"),
                "write names as gateway.example.com, in lower case; neither addresses nor *.example.com, which need another proof",
            );
        }
        if domains[..at].iter().any(|it| it.get_ref() == text) {
            document.problem(
                Some(name.span()),
                format!("`edge.tls.acme.domains` names `{text:.80}` twice"),
                "name it once",
            );
        }
    }
    let contact = raw.contact.map(|Texts(texts)| texts).unwrap_or_default();
    if contact.len() > CONTACT_MAX {
        document.problem(
            Some(span.clone()),
            format!(
                "`edge.tls.acme.contact` has {} addresses, the limit is {CONTACT_MAX}",
                contact.len()
            ),
            "name fewer",
        );
    }
    for address in &contact {
        let text = address.get_ref();
        let parts = text.split_once('@');
        let is_plain = text
            .bytes()
            .all(|it| it.is_ascii_graphic() && !b",;?<>\"\\".contains(&it));
        let is_address = parts.is_some_and(|(user, host)| !user.is_empty() && is_host(host));
        if !is_plain || !is_address || text.len() > ADDRESS_MAX {
            document.problem(
                Some(address.span()),
                format!("`{text:.80}` is no address of e-mail"),
                "write it as ops@example.com",
            );
        }
    }
    if !raw.agree_to_terms.as_ref().is_some_and(|it| *it.get_ref()) {
        document.problem(
            Some(raw.agree_to_terms.map_or(span, |it| it.span())),
            "`edge.tls.acme.agree-to-terms` is not true, and an authority gives no account without",
            "read the authority's terms of service, and write `agree-to-terms = true` if you agree",
        );
    }
    Some(Acme {
        directory: raw.directory.into_inner(),
        domains: domains.into_iter().map(Spanned::into_inner).collect(),
        contact: contact.into_iter().map(Spanned::into_inner).collect(),
        challenge: raw.challenge.unwrap_or_default(),
        agree_to_terms: true,
        roots: raw.roots.map(|path| base.join(path)),
    })
}

/// Whether a text is a name of two labels or more, in lower case.
fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(is_label)
        && !last.bytes().all(|it| it.is_ascii_digit())
}

#[cfg(all(test, feature = "acme"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::raw::RawConfig;
    use super::super::tls;
    use super::*;

    const GOOD: &str =
        "directory = 'https://ca.test/dir'\ndomains = ['gw.example.com']\nagree-to-terms = true\n";

    fn read(table: &str) -> (Option<Acme>, Vec<String>) {
        let text = format!("[edge.tls]\nlisten = '127.0.0.1:0'\n[edge.tls.acme]\n{table}");
        let mut document = Document::new("f.toml", &text);
        let raw: RawConfig = document.read().unwrap();
        let tls = tls::check(&mut document, raw.edge.tls, Path::new("/base"), &[]);
        let problems = document.into_problems();
        let problems = problems.iter().map(ToString::to_string).collect();
        (tls.and_then(|it| it.acme), problems)
    }

    #[test]
    fn certificates_of_ones_own_need_not_be_named_beside_it() {
        let (acme, problems) = read(GOOD);
        assert_eq!(problems, [""; 0]);
        assert_eq!(acme.unwrap().challenge, Challenge::Http01);
        let more = format!(
            "{GOOD}challenge = 'tls-alpn-01'\ncontact = 'ops@example.com'\nroots = 'ca.pem'\n"
        );
        let (acme, problems) = read(&more);
        assert_eq!(problems, [""; 0]);
        let acme = acme.unwrap();
        assert_eq!(acme.challenge, Challenge::TlsAlpn01);
        assert_eq!(acme.contact, ["ops@example.com"]);
        assert_eq!(acme.roots, Some("/base/ca.pem".into()));
    }

    #[test]
    fn mistakes_are_told() {
        let with = |from: &str, to: &str| GOOD.replace(from, to);
        let many: Vec<String> = (0..17).map(|it| format!("'a{it}.test'")).collect();
        for (table, part) in [
            (with("https://", "http://"), "no https URL"),
            (with("https://", "https://u@"), "no https URL"),
            (with("'gw.example.com'", ""), "it must have 1 to 16"),
            (
                with("'gw.example.com'", &many.join(", ")),
                "it must have 1 to 16",
            ),
            (
                with("gw.example.com", "*.example.com"),
                "no name that a certificate",
            ),
            (
                with("gw.example.com", "192.0.2.1"),
                "no name that a certificate",
            ),
            (
                with("gw.example.com", "localhost"),
                "no name that a certificate",
            ),
            (
                with("gw.example.com", "GW.example.com"),
                "no name that a certificate",
            ),
            (with("'gw.example.com'", "'a.test', 'a.test'"), "twice"),
            (with("agree-to-terms = true", ""), "is not true"),
            (with("= true", "= false"), "is not true"),
            (
                format!("{GOOD}contact = 'mailto:x'\n"),
                "no address of e-mail",
            ),
            (
                format!("{GOOD}contact = 'a b@x.test'\n"),
                "no address of e-mail",
            ),
        ] {
            let (_, problems) = read(&table);
            assert!(
                problems.len() == 1 && problems[0].contains(part),
                "{table}: {problems:?}"
            );
        }
    }
}
