//! TLS at the edge: certificates by name, and one connection's session (RFC 8446, RFC 5246).
//!
//! Sessions are rustls' with ring. There is no old protocol and no weak suite to be left out: rustls has
//! none. Tickets are sealed with keys that change every six hours and live in memory alone.

use super::answer;
use super::transport::is_passing;
use crate::engine::invocation::Ray;
use async_io::Async;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{
    CipherSuite, InvalidMessage, ProtocolVersion, ServerConfig, ServerConnection, version,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::io::{self, IoSlice, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll};

/// Bytes of a file of certificates or a key.
const FILE_MAX: u64 = 1 << 20;
/// Bytes of plain text that wait for room in the socket.
const WAITING_MAX: usize = 64 << 10;
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
    /// Who the edge is, to whom it says nothing else: the first.
    pub identities: Vec<Identity>,
    /// Whether TLS 1.2 is refused.
    pub only_1_3: bool,
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
    /// A file is not what it should be.
    #[error("`{path}` {what}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// Begins sessions.
#[derive(Clone, Debug)]
pub struct Acceptor(Arc<ServerConfig>);

impl Acceptor {
    /// Reads the files.
    ///
    /// # Errors
    /// Which file is not what it should be, and why.
    pub fn new(options: &TlsOptions) -> Result<Self, TlsError> {
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
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(wrong)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(ByName(identities)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.session_storage = rustls::server::ServerSessionMemoryCache::new(SESSIONS_MAX);
        config.ticketer = ring::Ticketer::new().map_err(wrong)?;
        Ok(Self(Arc::new(config)))
    }
}

/// A certificate with its key, and the names that it is for.
#[derive(Debug)]
struct Known {
    names: Vec<String>,
    key: Arc<CertifiedKey>,
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
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
        key.ocsp = identity.ocsp.as_deref().map(read).transpose()?;
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
struct ByName(Vec<Known>);

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().unwrap_or_default();
        let exact = |known: &&Known| known.names.iter().any(|own| own == name);
        let known = self.0.iter().find(exact);
        let known = known.or_else(|| self.0.iter().find(|known| known.is_for(name)));
        known.or(self.0.first()).map(|known| known.key.clone())
    }
}

/// One connection's TLS.
pub struct Session {
    tls: ServerConnection,
    /// The client will send no more.
    is_over: bool,
}

/// A socket as rustls takes it.
struct Socket<'a>(&'a TcpStream);

impl Read for Socket<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&mut &*self.0).read(buf)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&mut &*self.0).write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&mut &*self.0).write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Session {
    /// One in which nothing was said.
    ///
    /// # Errors
    /// What rustls says of its configuration.
    pub fn begin(acceptor: &Acceptor) -> io::Result<Self> {
        let mut tls = ServerConnection::new(acceptor.0.clone()).map_err(io::Error::other)?;
        tls.set_buffer_limit(Some(WAITING_MAX));
        Ok(Self {
            tls,
            is_over: false,
        })
    }

    /// What `request.cf` tells of it.
    pub fn facts(&self) -> &'static str {
        let is_1_3 = self.tls.protocol_version() == Some(ProtocolVersion::TLSv1_3);
        let suite = self.tls.negotiated_cipher_suite().map(|it| it.suite());
        facts(is_1_3, suite)
    }

    /// Takes what the socket has.
    fn fill(&mut self, tcp: &Async<TcpStream>) -> io::Result<()> {
        if self.tls.read_tls(&mut Socket(tcp.get_ref()))? == 0 {
            self.is_over = true;
        }
        let came = self.tls.process_new_packets();
        match came {
            Ok(state) => {
                self.is_over |= state.peer_has_closed();
                Ok(())
            }
            Err(error) => {
                // The client is told why, if it listens.
                let is_plain = self.tls.is_handshaking()
                    && error == rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
                let _ = if is_plain {
                    let text = "this port speaks HTTPS; ask for https://";
                    Socket(tcp.get_ref()).write(&answer::raw(
                        &answer::Answer::bad(text.into()),
                        Ray(getrandom::u64().unwrap_or_default()),
                    ))
                } else {
                    self.tls.write_tls(&mut Socket(tcp.get_ref()))
                };
                Err(io::Error::new(io::ErrorKind::InvalidData, error))
            }
        }
    }

    /// Sends what waits, as far as the socket takes it.
    fn poll_send(&mut self, tcp: &Async<TcpStream>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut Socket(tcp.get_ref())) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(_) => {}
                Err(error) if is_passing(&error) => {
                    if tcp.poll_writable(cx)?.is_pending() {
                        return Poll::Pending;
                    }
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Has more of what the client says; false when it says no more.
    fn poll_more(
        &mut self,
        tcp: &Async<TcpStream>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<bool>> {
        loop {
            if self.is_over {
                return Poll::Ready(Ok(false));
            }
            match self.fill(tcp) {
                Ok(()) => {
                    // The handshake has something to answer. What the socket does not take now goes
                    // with what comes later.
                    let _ = self.poll_send(tcp, cx)?;
                    return Poll::Ready(Ok(true));
                }
                Err(error) if is_passing(&error) => {
                    let _ = self.poll_send(tcp, cx)?;
                    if tcp.poll_readable(cx)?.is_pending() {
                        return Poll::Pending;
                    }
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// As [`AsyncRead`](futures_lite::AsyncRead).
    pub fn poll_read(
        &mut self,
        tcp: &Async<TcpStream>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.tls.reader().read(buf) {
                Ok(bytes) => return Poll::Ready(Ok(bytes)),
                // Whether what was cut off is whole the length of a message says, as without TLS.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Poll::Ready(Ok(0));
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
            if !futures_lite::ready!(self.poll_more(tcp, cx))? {
                return Poll::Ready(Ok(self.tls.reader().read(buf).unwrap_or(0)));
            }
        }
    }

    /// Whether the client has something to say, or has closed its side.
    pub fn poll_peek(
        &mut self,
        tcp: &Async<TcpStream>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<bool>> {
        loop {
            let state = self.tls.process_new_packets();
            let state = state.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            if state.plaintext_bytes_to_read() > 0 {
                return Poll::Ready(Ok(true));
            }
            if !futures_lite::ready!(self.poll_more(tcp, cx))? {
                return Poll::Ready(Ok(false));
            }
        }
    }

    /// As [`AsyncWrite`](futures_lite::AsyncWrite). What is taken may wait here for room in the socket,
    /// at most [`WAITING_MAX`] bytes of it; nothing more is taken then.
    pub fn poll_write(
        &mut self,
        tcp: &Async<TcpStream>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        futures_lite::ready!(self.poll_send(tcp, cx))?;
        let taken = self.tls.writer().write_vectored(bufs)?;
        if let Poll::Ready(sent) = self.poll_send(tcp, cx) {
            sent?;
        }
        Poll::Ready(Ok(taken))
    }

    /// Sends all that waits.
    pub fn poll_flush(
        &mut self,
        tcp: &Async<TcpStream>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_send(tcp, cx)
    }

    /// Says that nothing more comes.
    pub fn poll_close(
        &mut self,
        tcp: &Async<TcpStream>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.tls.send_close_notify();
        self.poll_send(tcp, cx)
    }

    /// Says one thing more, and that nothing follows, as far as the socket takes it.
    pub fn say(&mut self, tcp: &Async<TcpStream>, bytes: &[u8]) {
        if self.tls.is_handshaking() {
            return;
        }
        let _ = self.tls.writer().write(bytes);
        self.tls.send_close_notify();
        while self.tls.wants_write() {
            if !matches!(self.tls.write_tls(&mut Socket(tcp.get_ref())), Ok(1..)) {
                break;
            }
        }
    }
}

/// The fields of `request.cf`, by the names that the field has (those of OpenSSL).
fn facts(is_1_3: bool, suite: Option<CipherSuite>) -> &'static str {
    macro_rules! told {
        ($version:literal, $cipher:literal) => {
            concat!(
                "\"tlsCipher\":\"",
                $cipher,
                "\",\"tlsVersion\":\"",
                $version,
                "\",\"tlsClientAuth\":{\"certIssuerDNLegacy\":\"\",\"certIssuerSKI\":\"\",\"certSubjectDNRFC2253\":\"\",\
                 \"certSubjectDNLegacy\":\"\",\"certFingerprintSHA256\":\"\",\"certNotBefore\":\"\",\"certSKI\":\"\",\
                 \"certSerial\":\"\",\"certIssuerDN\":\"\",\"certVerified\":\"NONE\",\"certNotAfter\":\"\",\
                 \"certSubjectDN\":\"\",\"certPresented\":\"0\",\"certRevoked\":\"0\",\"certIssuerSerial\":\"\",\
                 \"certIssuerDNRFC2253\":\"\",\"certFingerprintSHA1\":\"\"}"
            )
        };
    }
    use CipherSuite as Suite;
    match (is_1_3, suite) {
        (true, Some(Suite::TLS13_AES_128_GCM_SHA256)) => told!("TLSv1.3", "AEAD-AES128-GCM-SHA256"),
        (true, Some(Suite::TLS13_AES_256_GCM_SHA384)) => told!("TLSv1.3", "AEAD-AES256-GCM-SHA384"),
        (true, _) => told!("TLSv1.3", "AEAD-CHACHA20-POLY1305-SHA256"),
        (false, Some(Suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)) => {
            told!("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256")
        }
        (false, Some(Suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)) => {
            told!("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")
        }
        (false, Some(Suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256)) => {
            told!("TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305")
        }
        (false, Some(Suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256)) => {
            told!("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256")
        }
        (false, Some(Suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384)) => {
            told!("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384")
        }
        (false, _) => told!("TLSv1.2", "ECDHE-RSA-CHACHA20-POLY1305"),
    }
}
