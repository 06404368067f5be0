//! A connection by rustls, for servers that need what embedded-tls has not. The verdict on the
//! server is the same [`Trust`]'s.

use super::stream::Failed;
use super::trust::{Distrust, Trust};
use async_io::Async;
use futures_rustls::TlsConnector;
use futures_rustls::client::TlsStream;
use parking_lot::Mutex;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::io;
use std::net::TcpStream;
use std::sync::Arc;

/// Bytes of a connection, about: what rustls keeps beside what is on its way.
pub const RESTING_BYTES: usize = 24 * 1024;

/// What is signed, in the order in which it is liked.
const SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

/// Shakes hands. `name` is what the server must prove to be, `protocol` what is spoken over it, if
/// that is to be said.
pub async fn open(
    stream: Async<TcpStream>,
    name: ServerName<'static>,
    trust: Trust,
    protocol: Option<&[u8]>,
) -> Result<TlsStream<Async<TcpStream>>, Failed> {
    let distrust: Arc<Mutex<Option<Distrust>>> = Arc::default();
    let judge = Judge {
        trust,
        distrust: distrust.clone(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failed::Lost(io::Error::other(error)))?
        .dangerous() // the verifier is our own, and stricter
        .with_custom_certificate_verifier(Arc::new(judge))
        .with_no_client_auth();
    config.alpn_protocols = protocol.map(<[u8]>::to_vec).into_iter().collect();
    // One connection, one session: nothing of a tenant is kept for another.
    config.resumption = Resumption::disabled();
    let opened = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await;
    opened.map_err(|error| {
        if let Some(distrust) = distrust.lock().take() {
            return Failed::Distrust(distrust);
        }
        let said = error.get_ref().and_then(|it| it.downcast_ref::<Error>());
        match said {
            Some(Error::AlertReceived(_) | Error::PeerIncompatible(_)) => Failed::Unable(
                "it agrees to none of the versions, ciphers and curves that are offered",
            ),
            Some(_) => Failed::Unable("its handshake breaks the protocol"),
            None => Failed::Lost(error),
        }
    })
}

#[derive(Clone)]
struct Judge {
    trust: Trust,
    distrust: Arc<Mutex<Option<Distrust>>>,
}

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Judge")
    }
}

impl Judge {
    fn keep<T>(&self, judged: Result<(), Distrust>, well: T) -> Result<T, Error> {
        judged.map(|()| well).map_err(|distrust| {
            let error = OtherError(Arc::new(distrust.clone()));
            self.distrust.lock().get_or_insert(distrust);
            Error::InvalidCertificate(CertificateError::Other(error))
        })
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged = self.trust.judge(name, own, others);
        self.keep(judged, ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let scheme = u16::from(signed.scheme);
        let judged = Trust::old_signature(own, scheme, message, signed.signature());
        self.keep(judged, HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let scheme = u16::from(signed.scheme);
        let judged = Trust::signature(own, scheme, message, signed.signature());
        self.keep(judged, HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }
}
