//! Who a server is: certificates by name, and which clients it asks to prove who they are.
//!
//! There is no old protocol and no weak suite to be left out: rustls has none. Tickets are sealed with keys
//! that change every six hours and live in memory alone.

#[cfg(feature = "acme")]
use super::challenges::Challenges;
use super::fingerprint::Fingerprint;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme, version,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a file of certificates or a key.
const FILE_MAX: u64 = 1 << 20;
/// What HTTP/2 is called in ALPN.
pub(super) const HTTP2: &[u8] = b"h2";
/// Sessions that are remembered for clients without tickets.
const SESSIONS_MAX: usize = 64;

/// What is needed to prove to be somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// A file of PEM with the certificate, and then those of whoever signed it.
    pub chain: PathBuf,
    /// A file of PEM with its key: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
    /// A file of DER with an OCSP response to staple.
    pub ocsp: Option<PathBuf>,
}

/// How TLS is spoken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// Who the server is; to whom it says nothing else: the first.
    pub identities: Vec<Identity>,
    /// Whether TLS 1.2 is refused.
    pub only_1_3: bool,
    /// Whether HTTP/2 is offered beside HTTP/1.1.
    pub http2: bool,
    /// Whether clients prove who they are, and to whom.
    pub clients: Option<Clients>,
}

/// Clients that prove who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clients {
    /// A file of PEM with the certificates of whoever signs theirs.
    pub authorities: PathBuf,
    /// Whether those that prove nothing are refused.
    pub is_required: bool,
}

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{path}`: {error}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file is not what it should be.
    #[error("`{path}` {what}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// Begins sessions as a server.
#[derive(Clone, Debug)]
pub struct Acceptor {
    pub(super) config: Arc<ServerConfig>,
    fingerprint: Option<Fingerprint>,
}

impl Acceptor {
    /// Reads the files.
    ///
    /// # Errors
    /// Which file is not what it should be, and why.
    pub fn new(options: &TlsOptions) -> Result<Self, TlsError> {
        Self::resolving(options, ByName::new)
    }

    /// The same, that answers challenges of TLS-ALPN-01 as well. It may have no certificate yet.
    ///
    /// # Errors
    /// As [`Self::new`].
    #[cfg(feature = "acme")]
    pub fn challenged(options: &TlsOptions, challenges: Arc<Challenges>) -> Result<Self, TlsError> {
        let mut this = Self::resolving(options, |known| ByName {
            known,
            challenges: Some(challenges),
        })?;
        let config = Arc::get_mut(&mut this.config).expect("nobody else has it yet");
        config.alpn_protocols.push(super::challenges::ALPN.to_vec());
        Ok(this)
    }

    fn resolving(
        options: &TlsOptions,
        resolver: impl FnOnce(Vec<Known>) -> ByName,
    ) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let identities = options.identities.iter();
        let identities = identities
            .map(|identity| Known::read(identity, &provider))
            .collect::<Result<Vec<_>, _>>()?;
        let versions: &[&rustls::SupportedProtocolVersion] = if options.only_1_3 {
            &[&version::TLS13]
        } else {
            &[&version::TLS13, &version::TLS12]
        };
        let wrong = |error: rustls::Error| TlsError::Content {
            path: PathBuf::new(),
            what: error.to_string(),
        };
        let first = identities.first().and_then(|it| it.key.cert.first());
        let fingerprint = first.map(|it| Fingerprint::of(it));
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .map_err(wrong)?;
        let builder = match &options.clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                builder.with_client_cert_verifier(OwnToo::new(clients, fingerprint, provider)?)
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(resolver(identities)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if options.http2 {
            config.alpn_protocols.insert(0, HTTP2.to_vec());
        }
        config.session_storage = rustls::server::ServerSessionMemoryCache::new(SESSIONS_MAX);
        config.ticketer = ring::Ticketer::new().map_err(wrong)?;
        Ok(Self {
            config: Arc::new(config),
            fingerprint,
        })
    }

    /// What the first certificate is known by.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint
    }
}

/// A certificate with its key, and the names that it is for.
#[derive(Debug)]
struct Known {
    names: Vec<String>,
    key: Arc<CertifiedKey>,
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |error| TlsError::Read {
        path: path.to_owned(),
        error,
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(FILE_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(failed(io::Error::other(format!(
            "it has more than {FILE_MAX} bytes"
        ))));
    }
    Ok(bytes)
}

impl Known {
    fn read(identity: &Identity, provider: &CryptoProvider) -> Result<Self, TlsError> {
        let wrong = |path: &Path, what: String| TlsError::Content {
            path: path.to_owned(),
            what,
        };
        let chain = CertificateDer::pem_slice_iter(&read(&identity.chain)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| wrong(&identity.chain, format!("is no PEM: {error}")))?;
        let Some(leaf) = chain.first() else {
            return Err(wrong(&identity.chain, "has no certificate".into()));
        };
        let names = webpki::EndEntityCert::try_from(leaf)
            .map_err(|error| {
                wrong(
                    &identity.chain,
                    format!("begins with no certificate of a server: {error}"),
                )
            })?
            .valid_dns_names()
            .map(str::to_ascii_lowercase)
            .collect();
        let key = PrivateKeyDer::from_pem_slice(&read(&identity.key)?)
            .map_err(|error| wrong(&identity.key, format!("has no key in PEM: {error}")))?;
        let key = provider
            .key_provider
            .load_private_key(key)
            .map_err(|error| wrong(&identity.key, format!("has a key of no use: {error}")))?;
        let mut key = CertifiedKey::new(chain, key);
        if let Err(error) = key.keys_match() {
            let told = format!("is not the key of {}: {error}", identity.chain.display());
            return Err(wrong(&identity.key, told));
        }
        key.ocsp = identity.ocsp.as_deref().map(stapled).transpose()?;
        Ok(Self {
            names,
            key: Arc::new(key),
        })
    }

    /// Whether it is for this name: its own, or that of a label below one (RFC 6125).
    fn is_for(&self, name: &str) -> bool {
        self.names.iter().any(|own| match own.strip_prefix("*.") {
            Some(domain) => name
                .split_once('.')
                .is_some_and(|(label, rest)| !label.is_empty() && rest == domain),
            None => own == name,
        })
    }
}

/// Finds certificates by the name that a client asks for.
#[derive(Debug)]
struct ByName {
    known: Vec<Known>,
    #[cfg(feature = "acme")]
    challenges: Option<Arc<Challenges>>,
}

impl ByName {
    fn new(known: Vec<Known>) -> Self {
        Self {
            known,
            #[cfg(feature = "acme")]
            challenges: None,
        }
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().unwrap_or_default();
        // Who offers that protocol and no other looks whether a name leads here, and is told nothing else (RFC 8737, 3).
        #[cfg(feature = "acme")]
        if let (Some(challenges), Some(mut offered)) = (&self.challenges, hello.alpn())
            && offered.next() == Some(super::challenges::ALPN)
            && offered.next().is_none()
        {
            return challenges.tls(name);
        }
        let exact = |known: &&Known| known.names.iter().any(|own| own == name);
        let known = self.known.iter().find(exact);
        let known = known.or_else(|| self.known.iter().find(|known| known.is_for(name)));
        known.or(self.known.first()).map(|known| known.key.clone())
    }
}

/// An OCSP response, whole and one that says something (RFC 6960, 4.2.1). What it says, of which certificate and until
/// when, is the clients' to look at; with half of one, an empty one or none at all they would end the handshake.
fn stapled(path: &Path) -> Result<Vec<u8>, TlsError> {
    let bytes = read(path)?;
    let (len, body) = match bytes.as_slice() {
        [0x30, len @ 0..=0x7f, body @ ..] => (usize::from(*len), body),
        [0x30, 0x81, len, body @ ..] => (usize::from(*len), body),
        [0x30, 0x82, high, low, body @ ..] => {
            (usize::from(u16::from_be_bytes([*high, *low])), body)
        }
        _ => (0, &[][..]),
    };
    if len != body.len() || !body.starts_with(&[0x0a, 1, 0]) {
        return Err(TlsError::Content {
            path: path.to_owned(),
            what: "is no OCSP response in DER, or one without an answer; fetch it again".into(),
        });
    }
    Ok(bytes)
}

/// A certificate with its key.
pub(super) fn identity(
    identity: &Identity,
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, TlsError> {
    Known::read(identity, provider).map(|known| known.key)
}

/// Believes certificates of clients that an authority signed, and the server's own: what runs on the same
/// machine and may read its key needs no other.
#[derive(Debug)]
struct OwnToo {
    signed: Arc<dyn ClientCertVerifier>,
    own: Option<Fingerprint>,
}

impl OwnToo {
    fn new(
        clients: &Clients,
        own: Option<Fingerprint>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<Self>, TlsError> {
        let path = &clients.authorities;
        let roots = Arc::new(authorities(path)?);
        let builder = WebPkiClientVerifier::builder_with_provider(roots, provider);
        let builder = match clients.is_required {
            true => builder,
            false => builder.allow_unauthenticated(),
        };
        let signed = builder.build().map_err(|error| TlsError::Content {
            path: path.clone(),
            what: error.to_string(),
        })?;
        Ok(Arc::new(Self { signed, own }))
    }
}

impl ClientCertVerifier for OwnToo {
    fn offer_client_auth(&self) -> bool {
        self.signed.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.signed.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.signed.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if self.own == Some(Fingerprint::of(end_entity)) {
            return Ok(ClientCertVerified::assertion());
        }
        self.signed
            .verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signed.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signed.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signed.supported_verify_schemes()
    }
}

/// Those in a file of PEM whose signatures are believed.
pub(super) fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let wrong = |what: String| TlsError::Content {
        path: path.to_owned(),
        what,
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&read(path)?) {
        let certificate = certificate.map_err(|error| wrong(format!("is no PEM: {error}")))?;
        roots
            .add(certificate)
            .map_err(|error| wrong(format!("has a certificate of no use: {error}")))?;
    }
    match roots.is_empty() {
        true => Err(wrong("has no certificate".into())),
        false => Ok(roots),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::fuzz::{certificates, drive};

    #[test]
    fn what_is_no_ocsp_response_is_not_stapled() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ocsp.der");
        let taken = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            stapled(&path)
        };
        let answer = [0x0a, 1, 0];
        let response = |len: &[u8], body: usize| {
            let body = vec![7; body - answer.len()];
            [&[0x30], len, &answer, &body].concat()
        };
        for whole in [
            response(&[0x20], 0x20),
            response(&[0x81, 0x90], 0x90),
            response(&[0x82, 1, 2], 0x102),
        ] {
            assert_eq!(taken(&whole).unwrap(), whole);
            assert!(taken(&whole[..whole.len() - 1]).is_err());
            assert!(taken(&[&whole[..], b"\n"].concat()).is_err());
        }
        // `tryLater` is no answer.
        for wrong in [&b""[..], b"0", b"-----BEGIN", &[0x30, 3, 0x0a, 1, 3]] {
            let refused = taken(wrong).unwrap_err().to_string();
            assert!(
                refused.contains("ocsp.der` is no OCSP response"),
                "{refused}"
            );
        }
    }

    /// A client is let in with the kept certificate, which was signed for clients, or the server's own, alone.
    #[test]
    fn fuzz_certificates_of_clients() {
        let (_dir, authorities) = certificates::authority();
        let clients = Clients {
            authorities,
            is_required: true,
        };
        let (good, own) = (
            certificates::first("client"),
            certificates::first("upside-down"),
        );
        let provider = Arc::new(ring::default_provider());
        let verifier = OwnToo::new(&clients, Some(Fingerprint::of(&own)), provider).unwrap();
        let believes = |own: &CertificateDer<'_>, others: &[CertificateDer<'_>]| {
            let verdict = verifier.verify_client_cert(own, others, certificates::now_unix());
            verdict.is_ok()
        };
        let kept = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/fuzz/certificates/client"
        );
        let kept = std::fs::read(kept).unwrap();
        let kept = certificates::chain(&kept);
        assert!(believes(&good, &kept[1..]) && believes(&own, &[]));
        drive("certificates", |bytes| {
            let chain = certificates::chain(bytes);
            let Some((client, others)) = chain.split_first() else {
                return;
            };
            for others in [others, &kept[1..]] {
                if believes(client, others) {
                    assert!([&good, &own].contains(&client), "another is let in");
                }
            }
        });
    }
}
