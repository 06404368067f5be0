//! The device's own certificate: made when there is none, and again before it expires.
//!
//! Key and certificate are one file, exchanged as one: a crash leaves the old pair or the new one. Nobody but
//! the device has signed it; whoever calls knows it by its [fingerprint](super::Fingerprint).

use super::acceptor::{Identity, TlsError, read};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{Timestamp, tz::TimeZone};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa};
use rcgen::{KeyPair, KeyUsagePurpose, date_time_ymd};
use rustls::crypto::ring;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// The file, in the data directory.
const FILE: &str = "tls/device.pem";
/// How long it is valid, in years. Clients keep its fingerprint, so that it should change rarely.
const YEARS: i16 = 10;
/// The year it is valid from, whatever a clock says that was never set.
const FROM: i32 = 2020;
/// The earliest year that is believed to be now.
const NOW_MIN: i16 = 2026;
/// It is made anew so long before it expires.
const EARLY: Duration = Duration::from_secs(180 * 86_400);

/// Whom a certificate is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Names and addresses that it must have: it is made anew when it lacks one.
    pub must: Vec<String>,
    /// Those that it has when it is made. They may change, and it stays.
    pub may: Vec<String>,
}

/// The device's certificate in this data directory, made if need be. True if it was made now.
///
/// # Errors
/// The file that cannot be read or written.
pub fn ensure(data_dir: &Path, names: &Names) -> Result<(Identity, bool), TlsError> {
    let path = data_dir.join(FILE);
    let identity = Identity {
        chain: path.clone(),
        key: path.clone(),
        ocsp: None,
    };
    let why = match read(&path) {
        Ok(text) => match unfit(&text, names, SystemTime::now()) {
            None => return Ok((identity, false)),
            Some(why) => why,
        },
        Err(TlsError::Read { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
            "there was none".to_owned()
        }
        Err(error) => return Err(error),
    };
    let text = make(names, Timestamp::now()).map_err(|error| TlsError::Content {
        path: path.clone(),
        what: format!("cannot be made: {error}"),
    })?;
    write(&path, text.as_bytes()).map_err(|error| TlsError::Write { path, error })?;
    log::info!("the device has made itself a certificate: {why}");
    Ok((identity, true))
}

/// Why a certificate is to be made anew, if it is.
fn unfit(text: &[u8], names: &Names, now: SystemTime) -> Option<String> {
    let Ok(certificate) = CertificateDer::from_pem_slice(text) else {
        return Some("the old one cannot be read".to_owned());
    };
    let (Ok(it), Ok(anchor)) = (
        webpki::EndEntityCert::try_from(&certificate),
        webpki::anchor_from_trusted_cert(&certificate),
    ) else {
        return Some("the old one cannot be read".to_owned());
    };
    let lacks = |name: &&String| match ServerName::try_from(name.as_str()) {
        Ok(server) => it.verify_is_valid_for_subject_name(&server).is_err(),
        Err(_) => it.valid_dns_names().all(|own| own != name.as_str()),
    };
    if let Some(name) = names.must.iter().find(lacks) {
        return Some(format!("the old one is not for {name}"));
    }
    let then = (now + EARLY)
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    // It has signed itself. What else webpki may find wrong of it, clients that know it do not mind.
    let anchors = [anchor];
    let judged = it.verify_for_usage(
        ring::default_provider()
            .signature_verification_algorithms
            .all,
        &anchors,
        &[],
        UnixTime::since_unix_epoch(then),
        webpki::KeyUsage::server_auth(),
        None,
        None,
    );
    matches!(judged, Err(webpki::Error::CertExpired { .. }))
        .then(|| "the old one is about to expire".to_owned())
}

/// A key and a certificate, as PEM.
fn make(names: &Names, now: Timestamp) -> Result<String, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut all: Vec<String> = Vec::new();
    for name in names.must.iter().chain(&names.may) {
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    let mut params = CertificateParams::new(all)?;
    params.distinguished_name = DistinguishedName::new();
    let name = names.may.first().or(names.must.first());
    let name = name.map_or("postern", String::as_str);
    params.distinguished_name.push(DnType::CommonName, name);
    let year = now.to_zoned(TimeZone::UTC).year().max(NOW_MIN) + YEARS;
    params.not_before = date_time_ymd(FROM, 1, 1);
    params.not_after = date_time_ymd(year.into(), 1, 1);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // The second: so that the machine's own commands need no other where clients must have one.
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    let certificate = params.self_signed(&key)?;
    Ok(pem("PRIVATE KEY", &key.serialize_der()) + &pem("CERTIFICATE", certificate.der()))
}

/// RFC 7468.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        // Base64 is ASCII.
        out.extend(line.iter().copied().map(char::from));
        out.push('\n');
    }
    out + &format!("-----END {label}-----\n")
}

/// Writes a file for this user alone, all at once, to last.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let fresh = path.with_extension("new");
    // One that a crash left may have another mode.
    let _ = std::fs::remove_file(&fresh);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tls::{Acceptor, TlsOptions};
    use std::os::unix::fs::PermissionsExt;

    fn names(must: &[&str]) -> Names {
        Names {
            must: must.iter().map(|it| (*it).to_owned()).collect(),
            may: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
        }
    }

    fn known(identity: Identity) -> String {
        let options = TlsOptions {
            identities: vec![identity],
            ..TlsOptions::default()
        };
        let acceptor = Acceptor::new(&options).unwrap();
        acceptor.fingerprint().unwrap().to_string()
    }

    #[test]
    fn it_is_made_once_and_for_this_user_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (first, is_new) = ensure(dir.path(), &names(&[])).unwrap();
        assert!(is_new);
        let mode = std::fs::metadata(&first.key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let first = known(first);
        let (again, is_new) = ensure(dir.path(), &names(&["localhost"])).unwrap();
        assert!(!is_new);
        assert_eq!(known(again), first);
        // A name that it must have and has not, a pair that is cut off: another.
        let (other, is_new) = ensure(dir.path(), &names(&["gw.test", "*.gw.test"])).unwrap();
        assert!(is_new);
        assert_ne!(known(other.clone()), first);
        assert!(
            !ensure(dir.path(), &names(&["gw.test", "*.gw.test"]))
                .unwrap()
                .1
        );
        let text = std::fs::read(&other.chain).unwrap();
        std::fs::write(&other.chain, &text[..text.len() / 2]).unwrap();
        assert!(ensure(dir.path(), &names(&[])).unwrap().1);
    }

    #[test]
    fn it_is_made_anew_before_it_expires_and_not_by_a_clock_that_was_never_set() {
        let text = make(&names(&[]), "2027-03-01T00:00:00Z".parse().unwrap()).unwrap();
        let unfit = |now: &str| {
            let now: Timestamp = now.parse().unwrap();
            unfit(text.as_bytes(), &names(&[]), now.into())
        };
        assert_eq!(unfit("1970-01-02T00:00:00Z"), None);
        assert_eq!(unfit("2027-03-01T00:00:00Z"), None);
        assert_eq!(unfit("2036-06-01T00:00:00Z"), None);
        let old = Some("the old one is about to expire".to_owned());
        assert_eq!(unfit("2036-08-01T00:00:00Z"), old);
        assert_eq!(unfit("2050-01-01T00:00:00Z"), old);
        // One that was made without a clock is valid when there is one.
        let text = make(&names(&[]), Timestamp::UNIX_EPOCH).unwrap();
        let now: Timestamp = "2034-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(super::unfit(text.as_bytes(), &names(&[]), now.into()), None);
    }
}
