//! What proves to a certificate authority that names lead here, while it looks: answers to HTTP-01 (RFC 8555) and certificates of
//! TLS-ALPN-01 (RFC 8737). There are none but then.

use super::acceptor::TlsError;
use parking_lot::RwLock;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::crypto::ring;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::PathBuf;
use std::sync::Arc;

/// What is spoken with whoever looks by TLS-ALPN-01, and nothing over it.
pub const ALPN: &[u8] = b"acme-tls/1";
/// The path below which tokens are asked for.
pub const PATH: &str = "/.well-known/acme-challenge/";
/// Challenges in flight.
const FLIGHT_MAX: usize = 64;

/// The challenges in flight.
#[derive(Debug, Default)]
pub struct Challenges {
    http: RwLock<Vec<(String, String)>>,
    tls: RwLock<Vec<(String, Arc<CertifiedKey>)>>,
}

impl Challenges {
    /// The answer to a path of a plain request, if it is one that is waited for.
    pub fn http(&self, path: &str) -> Option<String> {
        let token = path.strip_prefix(PATH)?;
        let http = self.http.read();
        let found = http.iter().find(|(known, _)| known == token)?;
        Some(found.1.clone())
    }

    /// The certificate for a name, if it is one that is waited for.
    pub(super) fn tls(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let tls = self.tls.read();
        let found = tls.iter().find(|(known, _)| known == name)?;
        Some(found.1.clone())
    }
}

/// Challenges of one order. With it they go.
#[derive(Debug)]
pub struct InFlight(Arc<Challenges>);

impl InFlight {
    /// None so far. There is one order at a time.
    pub fn new(challenges: &Arc<Challenges>) -> Self {
        Self(challenges.clone())
    }

    /// Answers a token with this from now on.
    pub fn answer(&self, token: &str, answer: &str) {
        let mut http = self.0.http.write();
        if http.len() < FLIGHT_MAX {
            http.push((token.to_owned(), answer.to_owned()));
        }
    }

    /// Is this name with this digest from now on.
    ///
    /// # Errors
    /// A certificate that cannot be made.
    pub fn be(&self, name: &str, digest: &[u8]) -> Result<(), TlsError> {
        let key = certificate(name, digest).map_err(|what| TlsError::Content {
            path: PathBuf::from(name),
            what: format!("has no certificate for TLS-ALPN-01: {what}"),
        })?;
        let mut tls = self.0.tls.write();
        if tls.len() < FLIGHT_MAX {
            tls.push((name.to_ascii_lowercase(), Arc::new(key)));
        }
        Ok(())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.http.write().clear();
        self.0.tls.write().clear();
    }
}

fn certificate(name: &str, digest: &[u8]) -> Result<CertifiedKey, String> {
    if digest.len() != 32 {
        return Err("its digest is none of SHA-256".to_owned());
    }
    let failed = |error: rcgen::Error| error.to_string();
    let key = KeyPair::generate().map_err(failed)?;
    let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(failed)?;
    params.distinguished_name = DistinguishedName::new();
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = params.self_signed(&key).map_err(failed)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = ring::default_provider()
        .key_provider
        .load_private_key(key)
        .map_err(|error| error.to_string())?;
    Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_what_is_in_flight_is_answered() {
        let challenges = Arc::new(Challenges::default());
        assert_eq!(challenges.http("/.well-known/acme-challenge/"), None);
        let flight = InFlight::new(&challenges);
        flight.answer("abc", "abc.thumb");
        flight.be("One.Test", &[7; 32]).unwrap();
        assert!(flight.be("two.test", &[7; 31]).is_err());
        let answered = |path: &str| challenges.http(path);
        assert_eq!(
            answered("/.well-known/acme-challenge/abc").as_deref(),
            Some("abc.thumb")
        );
        for path in [
            "/abc",
            "/.well-known/acme-challenge/",
            "/.well-known/acme-challenge/ab",
            "/.well-known/acme-challenge/abc/",
            "/.well-known/acme-challenge/../abc",
        ] {
            assert_eq!(answered(path), None, "{path}");
        }
        assert!(challenges.tls("one.test").is_some());
        assert!(challenges.tls("two.test").is_none());
        drop(flight);
        assert_eq!(answered("/.well-known/acme-challenge/abc"), None);
        assert!(challenges.tls("one.test").is_none());
    }
}
