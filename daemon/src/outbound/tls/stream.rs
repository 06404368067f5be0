//! A connection by embedded-tls: TLS 1.3, P-256, AES-128-GCM, in two buffers of a known size.
//!
//! # Implementation
//!
//! The library's connection borrows its buffers, so a future owns both and is polled by whoever
//! reads or writes: there is no task and no channel. What goes in and out lies in [`Shared`].
//!
//! The library is given only records whose head fits ([`records`](super::records)), and is not
//! believed where it is careless: it takes a server that proves nothing at all, so what counts is
//! that [`Prover`] has judged a certificate and a signature, in this order and once. Where it
//! panics over what a server sends, the connection ends.

use super::records::{Seen, Wire};
use super::trust::{Distrust, Trust};
use async_io::Async;
use digest::Digest as _;
use embedded_io_async::Write as _;
use embedded_tls::{
    Aes128GcmSha256, CertificateEntryRef, CertificateRef, CertificateVerifyRef, CryptoProvider,
    CryptoRngCore, TlsCipherSuite, TlsConfig, TlsConnection, TlsContext, TlsError, TlsVerifier,
};
use futures_lite::{AsyncRead, AsyncWrite, FutureExt};
use parking_lot::Mutex;
use rustls_pki_types::{CertificateDer, ServerName};
use std::future::{Future, poll_fn};
use std::io;
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Bytes of the largest record, with its head.
const RECORD: usize = 16_384 + 256 + 5;
/// Bytes of what is sent in one record, with what the record adds.
const SENT: usize = 4096;
/// Bytes that wait to be sent, and bytes that wait to be read.
const WAITING: usize = 8 * 1024;
/// Bytes of a connection that rests: its buffers, and what the library and its future keep.
pub const RESTING_BYTES: usize = RECORD + SENT + 6 * 1024;

/// What a server is asked to speak.
const ALPN: &[&[u8]] = &[b"http/1.1"];

/// Why there is no connection.
#[derive(Debug)]
pub enum Failed {
    /// The server is not believed: another library would say the same.
    Distrust(Distrust),
    /// It asks for what this library has not, or has said something odd.
    Unable(&'static str),
    /// The connection broke.
    Lost(io::Error),
}

#[derive(Default)]
struct Shared {
    /// To be sent.
    send: Vec<u8>,
    /// Nothing is on its way.
    is_sent: bool,
    /// Came, from `at` on.
    came: Vec<u8>,
    at: usize,
    closing: bool,
}

type Driver = Pin<Box<dyn Future<Output = Result<(), Broke>> + Send>>;

/// A connection.
pub struct TlsStream {
    shared: Arc<Mutex<Shared>>,
    /// `None` when it has ended.
    driver: Option<Driver>,
    /// How it ended, if that is not as it should.
    broken: Option<Broke>,
}

impl TlsStream {
    /// Shakes hands. `name` is what the server must prove to be.
    pub async fn open(
        stream: Async<TcpStream>,
        name: ServerName<'static>,
        trust: Trust,
    ) -> Result<Self, Failed> {
        let mut first = [0; 1];
        getrandom::fill(&mut first).map_err(|error| Failed::Lost(io::Error::other(error)))?;
        let shared = Arc::new(Mutex::new(Shared {
            is_sent: true,
            ..Shared::default()
        }));
        let told: Arc<Mutex<Option<Result<(), Failed>>>> = Arc::default();
        let driving = drive(Wire::new(stream), name, trust, shared.clone(), told.clone());
        let mut this = Self {
            shared,
            driver: Some(Box::pin(driving)),
            broken: None,
        };
        poll_fn(|cx| {
            this.drive(cx);
            match told.lock().take() {
                Some(opened) => Poll::Ready(opened),
                None if this.driver.is_none() => {
                    Poll::Ready(Err(Failed::Unable("the handshake cannot be read")))
                }
                None => Poll::Pending,
            }
        })
        .await?;
        Ok(this)
    }

    /// Lets the library do what it can.
    fn drive(&mut self, cx: &mut Context<'_>) {
        let Some(driver) = &mut self.driver else {
            return;
        };
        // What the library does not expect of a server it panics over.
        let polled = catch_unwind(AssertUnwindSafe(|| driver.as_mut().poll(cx)));
        let ended = match polled {
            Ok(Poll::Pending) => return,
            Ok(Poll::Ready(ended)) => ended,
            Err(_) => Err(Broke::Protocol),
        };
        self.driver = None;
        self.broken = ended.err();
    }

    /// Lets the library do what it can while somebody writes. What comes meanwhile is to be read,
    /// though whoever reads waits for nothing any more.
    fn drive_writing(&mut self, cx: &mut Context<'_>) {
        if self.driver.is_none() {
            return;
        }
        let had_some = !self.shared.lock().came.is_empty();
        self.drive(cx);
        let has_some = !self.shared.lock().came.is_empty();
        if (has_some && !had_some) || self.driver.is_none() {
            cx.waker().wake_by_ref();
        }
    }

    fn end(&self) -> io::Result<()> {
        self.broken.map_or(Ok(()), |how| Err(how.into()))
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        for driven in [false, true] {
            {
                let mut shared = self.shared.lock();
                let there = shared.came.len() - shared.at;
                if there > 0 {
                    let take = there.min(buf.len());
                    buf[..take].copy_from_slice(&shared.came[shared.at..shared.at + take]);
                    shared.at += take;
                    if take == there {
                        // A connection that rests keeps nothing.
                        (shared.came, shared.at) = (Vec::new(), 0);
                    }
                    return Poll::Ready(Ok(take));
                }
            }
            if self.driver.is_none() {
                return Poll::Ready(self.end().map(|()| 0));
            }
            if !driven {
                self.drive(cx);
            }
        }
        Poll::Pending
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        for driven in [false, true] {
            if self.driver.is_none() {
                self.end()?;
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            {
                let mut shared = self.shared.lock();
                let room = WAITING - shared.send.len();
                if room > 0 {
                    let take = room.min(buf.len());
                    shared.send.extend_from_slice(&buf[..take]);
                    shared.is_sent = false;
                    return Poll::Ready(Ok(take));
                }
            }
            if !driven {
                self.drive_writing(cx);
            }
        }
        Poll::Pending
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.drive_writing(cx);
        if self.shared.lock().is_sent {
            return Poll::Ready(Ok(()));
        }
        if self.driver.is_none() {
            self.end()?;
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Poll::Pending
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared.lock().closing = true;
        self.drive(cx);
        if self.driver.is_none() {
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }
}

/// Holds a connection from its first record to its last.
async fn drive(
    wire: Wire,
    name: ServerName<'static>,
    trust: Trust,
    shared: Arc<Mutex<Shared>>,
    told: Arc<Mutex<Option<Result<(), Failed>>>>,
) -> Result<(), Broke> {
    let sni = match &name {
        ServerName::DnsName(name) => Some(name.as_ref().trim_end_matches('.').to_owned()),
        // An address is no server's name (RFC 6066 §3).
        _ => None,
    };
    let (mut record, mut sent) = (vec![0; RECORD], vec![0; SENT]);
    let mut tls = TlsConnection::new(wire.clone(), &mut record, &mut sent);
    {
        let mut config = TlsConfig::new().enable_rsa_signatures().with_alpn(ALPN);
        if let Some(name) = &sni {
            config = config.with_server_name(name);
        }
        let mut provider = Provider(Prover::new(name, trust));
        let opened = tls.open(TlsContext::new(&config, &mut provider)).await;
        let opened = provider.0.verdict(opened, wire.seen());
        let failed = opened.is_err();
        if !failed {
            wire.open();
        }
        *told.lock() = Some(opened);
        if failed {
            return Ok(());
        }
    }
    let ended = {
        let (mut reader, mut writer) = tls.split();
        // Only when what came before was taken. The library's read may not lie in a future that
        // changes threads, so each poll begins it anew; it takes whole records or nothing.
        let reading = poll_fn(|cx| {
            if !shared.lock().came.is_empty() {
                return Poll::Pending;
            }
            let read = pin!(reader.read_buffered());
            match ready!(read.poll(cx)) {
                Ok(mut part) => shared.lock().came.extend_from_slice(part.pop(WAITING)),
                Err(TlsError::ConnectionClosed) => return Poll::Ready(Ok(())),
                Err(error) => return Poll::Ready(Err(broken(error, wire.seen()))),
            }
            Poll::Pending
        });
        let writing = async {
            loop {
                let batch = poll_fn(|_| {
                    let mut shared = shared.lock();
                    if !shared.send.is_empty() {
                        return Poll::Ready(Some(std::mem::take(&mut shared.send)));
                    }
                    shared.is_sent = true;
                    if shared.closing {
                        return Poll::Ready(None);
                    }
                    Poll::Pending
                })
                .await;
                let Some(batch) = batch else { return Ok(()) };
                let lost = |error| broken(error, wire.seen());
                writer.write_all(&batch).await.map_err(lost)?;
                writer.flush().await.map_err(lost)?;
            }
        };
        writing.or(reading).await
    };
    if ended.is_ok() {
        // The server learns that nothing was cut off; that it does is its own affair.
        let _ = tls.close().await;
    }
    ended
}

/// How a connection that was open has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broke {
    /// Without the word that nothing is missing.
    #[error(
        "the server closed the TLS connection without close_notify, so something may be missing"
    )]
    CutOff,
    /// By the server's wish for other keys.
    #[error("the server changed its keys (TLS KeyUpdate), which ends this connection; ask again")]
    KeyUpdate,
    /// By something that may not come.
    #[error("the server broke the TLS protocol")]
    Protocol,
    /// By bytes that nobody with the keys has sent.
    #[error("a TLS record was changed on its way")]
    Changed,
    /// Below TLS.
    #[error("the TLS connection was reset")]
    Reset,
}

impl From<Broke> for io::Error {
    fn from(how: Broke) -> Self {
        let kind = match how {
            Broke::CutOff => io::ErrorKind::UnexpectedEof,
            Broke::Reset => io::ErrorKind::ConnectionReset,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, how)
    }
}

/// What an error of an open connection means.
fn broken(error: TlsError, seen: Seen) -> Broke {
    match error {
        _ if seen.ended => Broke::CutOff,
        TlsError::Unimplemented => Broke::KeyUpdate,
        TlsError::CryptoError => Broke::Changed,
        TlsError::Io(_) | TlsError::IoError if !seen.refused => Broke::Reset,
        _ => Broke::Protocol,
    }
}

/// Judges what a server proves itself with.
struct Prover {
    name: ServerName<'static>,
    trust: Trust,
    /// The certificate that was judged well, and the hash of what was said until then.
    own: Option<(CertificateDer<'static>, Vec<u8>)>,
    proven: bool,
    distrust: Option<Distrust>,
}

impl Prover {
    fn new(name: ServerName<'static>, trust: Trust) -> Self {
        Self {
            name,
            trust,
            own: None,
            proven: false,
            distrust: None,
        }
    }

    /// What came of a handshake.
    fn verdict(&mut self, opened: Result<(), TlsError>, seen: Seen) -> Result<(), Failed> {
        if let Some(distrust) = self.distrust.take() {
            return Err(Failed::Distrust(distrust));
        }
        match opened {
            Ok(()) if self.proven => Ok(()),
            Ok(()) => Err(Failed::Distrust(Distrust::Signature(
                "is missing, and so the handshake",
            ))),
            Err(TlsError::Io(_) | TlsError::IoError) if !seen.refused => {
                let kind = if seen.ended {
                    io::ErrorKind::UnexpectedEof
                } else {
                    io::ErrorKind::ConnectionReset
                };
                Err(Failed::Lost(kind.into()))
            }
            Err(TlsError::HandshakeAborted(..)) => Err(Failed::Unable(
                "it refuses TLS 1.3 with P-256 and AES-128-GCM",
            )),
            Err(TlsError::InvalidKeyShare) => Err(Failed::Unable(
                "it wants another key exchange than P-256, or TLS 1.2",
            )),
            Err(TlsError::InsufficientSpace) => {
                Err(Failed::Unable("its handshake has larger parts"))
            }
            Err(_) => Err(Failed::Unable("its handshake is one that cannot be read")),
        }
    }

    fn certificate(&mut self, said: Vec<u8>, chain: &CertificateRef<'_>) -> Result<(), Distrust> {
        let twice = || Distrust::Other("it was sent twice".to_owned());
        if self.own.is_some() || self.proven {
            return Err(twice());
        }
        let mut chain = chain.entries.iter().map(|entry| match entry {
            CertificateEntryRef::X509(der) => Ok(CertificateDer::from(*der)),
            CertificateEntryRef::RawPublicKey(_) => {
                Err(Distrust::Other("it is a raw key".to_owned()))
            }
        });
        let own = chain
            .next()
            .unwrap_or_else(|| Err(Distrust::Other("there is none".to_owned())))?;
        let others = chain.collect::<Result<Vec<_>, _>>()?;
        self.trust.judge(&self.name, &own, &others)?;
        self.own = Some((own.into_owned(), said));
        Ok(())
    }

    fn signature(&mut self, signature: &CertificateVerifyRef<'_>) -> Result<(), Distrust> {
        let missing = || Distrust::Other("it comes after its signature".to_owned());
        let (own, said) = self.own.as_ref().ok_or_else(missing)?;
        if self.proven {
            return Err(Distrust::Other("it is signed twice".to_owned()));
        }
        // RFC 8446 §4.4.3
        let mut message = vec![0x20; 64];
        message.extend_from_slice(b"TLS 1.3, server CertificateVerify\0");
        message.extend_from_slice(said);
        let scheme = signature.signature_scheme.as_u16();
        Trust::signature(own, scheme, &message, signature.signature)?;
        self.proven = true;
        Ok(())
    }

    fn keep(&mut self, judged: Result<(), Distrust>) -> Result<(), TlsError> {
        judged.map_err(|distrust| {
            self.distrust.get_or_insert(distrust);
            TlsError::InvalidCertificate
        })
    }
}

impl<S: TlsCipherSuite> TlsVerifier<S> for Prover {
    fn set_hostname_verification(&mut self, _: &str) -> Result<(), TlsError> {
        Ok(())
    }

    fn verify_certificate(
        &mut self,
        transcript: &S::Hash,
        chain: CertificateRef<'_>,
    ) -> Result<(), TlsError> {
        let judged = self.certificate(transcript.clone().finalize().to_vec(), &chain);
        self.keep(judged)
    }

    fn verify_signature(&mut self, signature: CertificateVerifyRef<'_>) -> Result<(), TlsError> {
        let judged = self.signature(&signature);
        self.keep(judged)
    }
}

struct Provider(Prover);

impl CryptoProvider for Provider {
    type CipherSuite = Aes128GcmSha256;
    type Signature = Vec<u8>;

    fn rng(&mut self) -> impl CryptoRngCore {
        SystemRandom
    }

    fn verifier(&mut self) -> Result<&mut impl TlsVerifier<Aes128GcmSha256>, TlsError> {
        Ok(&mut self.0)
    }
}

/// The system's randomness, as the library asks for it.
struct SystemRandom;

impl rand_core::RngCore for SystemRandom {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_ne_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_ne_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        // The system had some when the handshake began; without any there must be no key.
        #[allow(clippy::expect_used)]
        getrandom::fill(bytes).expect("the system has randomness");
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl rand_core::CryptoRng for SystemRandom {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use embedded_tls::SignatureScheme;
    use std::time::SystemTime;

    fn prover() -> Prover {
        let trust = Trust::new(Err("none".to_owned()), SystemTime::now);
        Prover::new(ServerName::try_from("a.test").unwrap(), trust)
    }

    #[test]
    fn who_proves_nothing_is_not_believed() {
        let opened = prover().verdict(Ok(()), Seen::default());
        assert!(matches!(
            opened,
            Err(Failed::Distrust(Distrust::Signature(_)))
        ));
    }

    #[test]
    fn proofs_come_once_and_in_order() {
        let signature = CertificateVerifyRef {
            signature_scheme: SignatureScheme::Ed25519,
            signature: &[0; 64],
        };
        assert!(prover().signature(&signature).is_err());
        let none = CertificateRef::with_context(&[]);
        assert!(prover().certificate(Vec::new(), &none).is_err());
        let mut again = prover();
        again.own = Some((CertificateDer::from(vec![0x30, 0]), Vec::new()));
        assert!(again.certificate(Vec::new(), &none).is_err());
        assert!(again.signature(&signature).is_err());
        again.proven = true;
        assert!(again.signature(&signature).is_err());
    }
}
