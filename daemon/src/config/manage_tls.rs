//! `[manage.tls]`: who the management port is to its clients, and whether they prove who they are.

use super::document::Document;
use super::raw::Texts;
use super::tls::{CERTIFICATES_MAX, Certificate, Minimum, RawCertificate, certificates};
use serde::Serialize;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Names of the device's own certificate.
const NAMES_MAX: usize = 16;
/// Bytes of one.
const NAME_MAX: usize = 253;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawManageTls {
    certificates: Vec<Spanned<RawCertificate>>,
    names: Option<Texts>,
    minimum: Option<Minimum>,
    client_ca: Option<String>,
    client_certificate: Option<Spanned<ClientCertificate>>,
}

/// TLS on the management port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ManageTls {
    /// Names and addresses that the device's own certificate has beside those that it finds out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The oldest version that is spoken.
    pub minimum: Minimum,
    /// A file of PEM: who signs certificates of clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ca: Option<PathBuf>,
    /// Whether clients must have one, where there is such a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<ClientCertificate>,
    /// Who it is; without any, the device makes itself a certificate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Certificate>,
}

/// Whether clients prove who they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientCertificate {
    /// Those without a certificate are refused.
    #[default]
    Required,
    /// Those with a wrong one are refused.
    Optional,
}

/// Checks the table; `None` if there is none.
pub(super) fn check(
    document: &mut Document<'_>,
    raw: Option<Spanned<RawManageTls>>,
    base: &Path,
) -> Option<ManageTls> {
    let raw = raw?;
    let span = raw.span();
    let raw = raw.into_inner();
    if !cfg!(feature = "edge-tls") {
        document.problem(
            Some(span),
            "`manage.tls` is set, and this build speaks no TLS",
            "take a build with the feature `edge-tls`, or listen on 127.0.0.1 behind a tunnel or a TLS proxy",
        );
        return None;
    }
    if raw.certificates.len() > CERTIFICATES_MAX {
        document.problem(
            Some(span),
            format!(
                "`manage.tls` has {} certificates, the limit is {CERTIFICATES_MAX}",
                raw.certificates.len()
            ),
            "name fewer; without any the device makes itself one",
        );
    }
    let names = raw.names.map(|Texts(texts)| texts).unwrap_or_default();
    if let (Some(first), false) = (names.first(), raw.certificates.is_empty()) {
        document.problem(
            Some(first.span()),
            "`manage.tls.names` is set beside certificates",
            "leave it out: it is for the certificate that the device makes itself",
        );
    }
    if let Some(more) = names.get(NAMES_MAX) {
        document.problem(
            Some(more.span()),
            format!(
                "`manage.tls.names` has {} names, the limit is {NAMES_MAX}",
                names.len()
            ),
            "remove some",
        );
    }
    for name in &names {
        let text = name.get_ref();
        let labels = text.strip_prefix("*.").unwrap_or(text);
        let is_label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        let is_name = text.len() <= NAME_MAX && labels.split('.').all(is_label);
        if !is_name && text.parse::<std::net::IpAddr>().is_err() {
            document.problem(
                Some(name.span()),
                format!("`{text:.80}` is no name of a server"),
                "write names as gateway.example.com or *.example.com, in lower case, or addresses",
            );
        }
    }
    if let (Some(wanted), None) = (&raw.client_certificate, &raw.client_ca) {
        document.problem(
            Some(wanted.span()),
            "`manage.tls.client-certificate` is set without `manage.tls.client-ca`",
            "name the file with the certificates of whoever signs those of clients",
        );
    }
    let wanted = raw.client_certificate.map(Spanned::into_inner);
    Some(ManageTls {
        names: names.into_iter().map(Spanned::into_inner).collect(),
        minimum: raw.minimum.unwrap_or_default(),
        client_certificate: raw.client_ca.as_ref().map(|_| wanted.unwrap_or_default()),
        client_ca: raw.client_ca.map(|path| base.join(path)),
        certificates: certificates(raw.certificates, base),
    })
}

#[cfg(all(test, feature = "edge-tls"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::raw::RawConfig;
    use super::*;

    fn read(text: &str) -> (Option<ManageTls>, Vec<String>) {
        let mut document = Document::new("f.toml", text);
        let raw: RawConfig = document.read().unwrap();
        let tls = check(&mut document, raw.manage.tls, Path::new("/base"));
        let problems = document.into_problems();
        (tls, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_table_alone_is_enough() {
        assert_eq!(read("[manage]\n"), (None, Vec::new()));
        let (tls, problems) = read("[manage.tls]\n");
        assert_eq!(problems, [""; 0]);
        assert_eq!(tls.unwrap().certificates, []);
    }

    #[test]
    fn clients_must_prove_who_they_are_where_somebody_signs_for_them() {
        let (tls, problems) =
            read("[manage.tls]\nclient-ca = 'ca.pem'\nnames = ['gw-1.test', '*.gw.test', '::1']\n");
        assert_eq!(problems, [""; 0]);
        let tls = tls.unwrap();
        assert_eq!(tls.client_ca, Some("/base/ca.pem".into()));
        assert_eq!(tls.client_certificate, Some(ClientCertificate::Required));
    }

    #[test]
    fn mistakes_are_told() {
        let many = format!("[manage.tls]\nnames = {:?}\n", vec!["a"; 17]);
        for (text, part) in [
            ("[manage.tls]\nnames = 'a b'\n", "is no name of a server"),
            ("[manage.tls]\nnames = 'A.test'\n", "in lower case"),
            (
                "[manage.tls]\nnames = 'a..test'\n",
                "is no name of a server",
            ),
            (&many, "the limit is 16"),
            (
                "[manage.tls]\nclient-certificate = 'optional'\n",
                "without `manage.tls.client-ca`",
            ),
            (
                "[manage.tls]\nnames = 'a'\n[[manage.tls.certificates]]\nchain = 'c'\nkey = 'k'\n",
                "is set beside certificates",
            ),
        ] {
            let (_, problems) = read(text);
            assert!(
                problems.len() == 1 && problems[0].contains(part),
                "{text}: {problems:?}"
            );
        }
    }
}
