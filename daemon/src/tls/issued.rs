//! Certificates that an authority issues: the key and the request for one, and what came held against them before it is
//! kept. Who issues it and how it is asked others know.

use super::acceptor::{Identity, TlsError, identity, read};
use super::device::{pem, write};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use rustls::crypto::ring;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Bytes of a chain.
const CHAIN_MAX: usize = 128 << 10;
/// Certificates of a chain.
const CHAIN_LEN_MAX: usize = 10;
/// A time behind all certificates': the year 11476.
const FAR: Duration = Duration::from_secs(300_000_000_000);

/// A key, as PEM, and a request for a certificate for these names, as DER.
///
/// # Errors
/// Names that no certificate can have.
pub fn request(names: &[String]) -> Result<(String, Vec<u8>), String> {
    let failed = |error: rcgen::Error| error.to_string();
    let key = KeyPair::generate().map_err(failed)?;
    let mut params = CertificateParams::new(names.to_vec()).map_err(failed)?;
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key).map_err(failed)?;
    let der = request.der().to_vec();
    Ok((pem("PRIVATE KEY", &key.serialize_der()), der))
}

/// A certificate that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// From when it is valid.
    pub not_before: SystemTime,
    /// Until when.
    pub not_after: SystemTime,
    /// The names that it is for.
    pub names: Vec<String>,
}

impl Issued {
    /// The one in a file of key and chain.
    ///
    /// # Errors
    /// The file is none.
    pub fn look(path: &Path) -> Result<Self, TlsError> {
        let wrong = |what: String| TlsError::Content {
            path: path.to_owned(),
            what,
        };
        let own = Identity {
            chain: path.to_owned(),
            key: path.to_owned(),
            ocsp: None,
        };
        // Among other things that they belong together.
        let known = identity(&own, &ring::default_provider())?;
        let leaf = known.end_entity_cert();
        let leaf = leaf.map_err(|error| wrong(error.to_string()))?;
        judge(leaf).map_err(wrong)
    }

    /// Whether it is for all of these names.
    pub fn is_for(&self, names: &[String]) -> bool {
        names.iter().all(|name| self.names.contains(name))
    }
}

/// Keeps a chain with its key in a file, all at once, if it is what was asked for: for these names, by this key, valid now.
/// Otherwise the file stays as it was.
///
/// # Errors
/// What is wrong with it, or with the file.
pub fn keep(
    path: &Path,
    (chain, key): (&str, &str),
    names: &[String],
    now: SystemTime,
) -> Result<Issued, TlsError> {
    let wrong = |what: String| TlsError::Content {
        path: path.to_owned(),
        what,
    };
    if chain.len() > CHAIN_MAX {
        let what = format!(
            "would have a chain of {} bytes, the limit is {CHAIN_MAX}",
            chain.len()
        );
        return Err(wrong(what));
    }
    let certificates = CertificateDer::pem_slice_iter(chain.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(format!("would be no PEM: {error}")))?;
    if !(1..=CHAIN_LEN_MAX).contains(&certificates.len()) {
        let what = format!(
            "would have {} certificates; 1 to {CHAIN_LEN_MAX} are taken",
            certificates.len()
        );
        return Err(wrong(what));
    }
    // What else the authority wrote into its answer is not kept.
    let mut text = key.to_owned();
    for certificate in &certificates {
        text.push_str(&pem("CERTIFICATE", certificate));
    }
    let beside = path.with_extension("offered");
    let failed = |error| TlsError::Write {
        path: beside.clone(),
        error,
    };
    write(&beside, text.as_bytes()).map_err(failed)?;
    let judged = Issued::look(&beside).and_then(|issued| {
        if !issued.is_for(names) {
            let what = format!(
                "would be for {:?} and not for all of {names:?}",
                issued.names
            );
            return Err(wrong(what));
        }
        if now >= issued.not_after {
            return Err(wrong("would be over already".to_owned()));
        }
        Ok(issued)
    });
    let kept = judged.and_then(|issued| {
        std::fs::rename(&beside, path).map_err(failed)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::File::open(folder)
            .and_then(|it| it.sync_all())
            .map_err(failed)?;
        Ok(issued)
    });
    if kept.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    kept
}

/// Reads a certificate, which nobody need have signed.
fn judge(leaf: &CertificateDer<'_>) -> Result<Issued, String> {
    let told = |error: webpki::Error| format!("begins with no certificate of a server: {error}");
    let it = webpki::EndEntityCert::try_from(leaf).map_err(told)?;
    let at = |time| {
        // Times are looked at before signatures, so that nobody need have signed it.
        it.verify_for_usage(
            ring::default_provider()
                .signature_verification_algorithms
                .all,
            &[],
            &[],
            UnixTime::since_unix_epoch(time),
            webpki::KeyUsage::server_auth(),
            None,
            None,
        )
        .err()
    };
    let since = |time: UnixTime| SystemTime::UNIX_EPOCH + Duration::from_secs(time.as_secs());
    let not_before = match at(Duration::ZERO) {
        Some(webpki::Error::CertNotValidYet { not_before, .. }) => since(not_before),
        _ => SystemTime::UNIX_EPOCH,
    };
    let not_after = match at(FAR) {
        Some(webpki::Error::CertExpired { not_after, .. }) => since(not_after),
        Some(error) => return Err(told(error)),
        None => return Err("never ends".to_owned()),
    };
    let names = it.valid_dns_names().map(str::to_ascii_lowercase).collect();
    Ok(Issued {
        not_before,
        not_after,
        names,
    })
}

/// Reads a small file.
///
/// # Errors
/// What the system said.
pub fn file(path: &Path) -> Result<Vec<u8>, TlsError> {
    read(path)
}

/// Writes a file for this user alone, all at once, to last.
///
/// # Errors
/// What the system said.
pub fn put(path: &Path, bytes: &[u8]) -> Result<(), TlsError> {
    write(path, bytes).map_err(|error| TlsError::Write {
        path: path.to_owned(),
        error,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rcgen::{BasicConstraints, IsCa, Issuer, date_time_ymd};
    use rustls_pki_types::PrivateKeyDer;
    use std::os::unix::fs::PermissionsExt;

    /// What an authority makes of a request for these names by this key.
    fn sign(names: &[String], key: &str) -> String {
        let own = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&own).unwrap();
        let issuer = Issuer::new(params, own);
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let key = KeyPair::try_from(key.secret_der()).unwrap();
        let mut params = CertificateParams::new(names.to_vec()).unwrap();
        params.not_before = date_time_ymd(2027, 1, 1);
        params.not_after = date_time_ymd(2027, 4, 1);
        let leaf = params.signed_by(&key, &issuer).unwrap();
        pem("CERTIFICATE", leaf.der()) + &pem("CERTIFICATE", root.der())
    }

    fn at(day: &str) -> SystemTime {
        let day: jiff::Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
        day.into()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn what_was_asked_for_is_kept_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("acme/edge.pem");
        let wanted = names(&["one.test", "two.test"]);
        let (key, der) = request(&wanted).unwrap();
        assert!(!der.is_empty());
        let chain = sign(&wanted, &key);
        let noise = format!("hello\n{chain}\nworld");
        let kept = keep(&path, (&noise, &key), &wanted, at("2027-01-02")).unwrap();
        assert_eq!(
            (kept.not_before, kept.not_after),
            (at("2027-01-01"), at("2027-04-01"))
        );
        assert_eq!(Issued::look(&path).unwrap(), kept);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("hello"), "{text}");
        assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 2);
    }

    #[test]
    fn what_was_not_asked_for_leaves_what_there_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("edge.pem");
        let wanted = names(&["one.test"]);
        let (key, _) = request(&wanted).unwrap();
        let chain = sign(&wanted, &key);
        keep(&path, (&chain, &key), &wanted, at("2027-01-02")).unwrap();
        let before = std::fs::read(&path).unwrap();
        let other = names(&["other.test"]);
        let (other_key, _) = request(&other).unwrap();
        let others = sign(&other, &other_key);
        let many = chain.repeat(8);
        let long = format!("{chain}{}", " ".repeat(CHAIN_MAX));
        for (what, chain, key, now) in [
            ("another's key", &chain, &other_key, "2027-01-02"),
            ("another's certificate", &others, &key, "2027-01-02"),
            ("other names", &others, &other_key, "2027-01-02"),
            ("over", &chain, &key, "2027-04-01"),
            ("garbage", &"garbage".to_owned(), &key, "2027-01-02"),
            ("nothing", &String::new(), &key, "2027-01-02"),
            ("many", &many, &key, "2027-01-02"),
            ("long", &long, &key, "2027-01-02"),
        ] {
            let kept = keep(&path, (chain, key), &wanted, at(now));
            assert!(kept.is_err(), "{what}");
            assert_eq!(std::fs::read(&path).unwrap(), before, "{what}");
            assert!(!path.with_extension("offered").exists(), "{what}");
        }
    }
}
