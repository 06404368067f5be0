//! The other end: who is believed to be a gateway, and why not.
//!
//! A certificate that a root signed for the name is believed, and one whose fingerprint is known already;
//! where one is known, no other is.

use super::acceptor::{Identity, TlsError, identity};
use super::fingerprint::Fingerprint;
use futures_lite::{AsyncRead, AsyncWrite};
use futures_rustls::TlsConnector;
use futures_rustls::client::TlsStream;
use parking_lot::Mutex;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    AlertDescription, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use std::error::Error;
use std::io;
use std::sync::Arc;

/// Whom a client believes.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Roots of certificates.
    pub anchors: Vec<TrustAnchor<'static>>,
    /// What the server is known by. No other is believed then.
    pub known: Option<Fingerprint>,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Nobody who is believed has signed the certificate, and it is not known.
    #[error("its certificate is not known ({why}): {fingerprint}")]
    Unknown {
        /// What it is.
        fingerprint: Fingerprint,
        /// Why roots do not vouch for it.
        why: String,
    },
    /// Another certificate was known.
    #[error("its certificate is {fingerprint}, and not {known} as before")]
    Changed {
        /// What was known.
        known: Fingerprint,
        /// What it is.
        fingerprint: Fingerprint,
    },
    /// Anything else.
    #[error("{0}")]
    Failed(#[from] io::Error),
}

/// Begins sessions as a client.
#[derive(Clone, Debug)]
pub struct Dialer {
    provider: Arc<CryptoProvider>,
    trust: Trust,
    identity: Option<Arc<CertifiedKey>>,
}

impl Dialer {
    /// `own` is who the client proves to be, where it is asked.
    ///
    /// # Errors
    /// Which file is not what it should be, and why.
    pub fn new(trust: Trust, own: Option<&Identity>) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let identity = own.map(|own| identity(own, &provider)).transpose()?;
        Ok(Self {
            provider,
            trust,
            identity,
        })
    }

    /// Has a session over this stream with `host`: a name or an address.
    ///
    /// # Errors
    /// Who is there instead, or what broke.
    pub async fn dial<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        host: &str,
        stream: S,
    ) -> Result<TlsStream<S>, DialError> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let roots = RootCertStore {
            roots: self.trust.anchors.clone(),
        };
        let builder =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone());
        let refused = Arc::new(Mutex::new(None));
        let verifier = Arc::new(Verifier {
            provider: self.provider.clone(),
            known: self.trust.known,
            // There is none without roots.
            signed: builder.build().ok(),
            refused: refused.clone(),
        });
        let builder = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(key) => {
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key.clone())))
            }
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let dialed = TlsConnector::from(Arc::new(config)).connect(name, stream);
        let dialed = dialed.await;
        dialed.map_err(|error| match refused.lock().take() {
            Some(refused) => refused,
            None => DialError::Failed(error),
        })
    }
}

/// Whether a server broke off because it wants a certificate of the client's, or another one.
pub fn wants_certificate(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(|it| it.get_ref());
        let tls = error
            .downcast_ref::<rustls::Error>()
            .or_else(|| inner.and_then(|it| it.downcast_ref()));
        if let Some(rustls::Error::AlertReceived(alert)) = tls {
            return matches!(
                alert,
                AlertDescription::CertificateRequired
                    | AlertDescription::BadCertificate
                    | AlertDescription::UnknownCA
                    | AlertDescription::CertificateUnknown
                    | AlertDescription::CertificateExpired
                    | AlertDescription::UnsupportedCertificate
                    | AlertDescription::DecryptError
            );
        }
        next = error.source();
    }
    false
}

/// Looks at a server's certificate, and says whom it refused.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    known: Option<Fingerprint>,
    signed: Option<Arc<WebPkiServerVerifier>>,
    refused: Arc<Mutex<Option<DialError>>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let fingerprint = Fingerprint::of(end_entity);
        let refused = match (self.known, &self.signed) {
            (Some(known), _) if known == fingerprint => {
                return Ok(ServerCertVerified::assertion());
            }
            (Some(known), _) => DialError::Changed { known, fingerprint },
            (None, Some(signed)) => {
                match signed.verify_server_cert(end_entity, intermediates, server_name, ocsp, now) {
                    Ok(verified) => return Ok(verified),
                    Err(error) => DialError::Unknown {
                        fingerprint,
                        why: error.to_string(),
                    },
                }
            }
            (None, None) => DialError::Unknown {
                fingerprint,
                why: "there are no roots".to_owned(),
            },
        };
        *self.refused.lock() = Some(refused);
        Err(rustls::CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
