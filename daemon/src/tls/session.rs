//! One connection's session (RFC 8446, RFC 5246), over a socket that does not wait.

use super::acceptor::Acceptor;
#[cfg(feature = "http2")]
use super::acceptor::HTTP2;
use super::transport::is_passing;
use async_io::Async;
use rustls::{CipherSuite, InvalidMessage, ProtocolVersion, ServerConnection};
use std::io::{self, IoSlice, Read, Write};
use std::net::TcpStream;
use std::task::{Context, Poll};

/// Bytes of plain text that wait for room in the socket.
const WAITING_MAX: usize = 64 << 10;

/// One connection's TLS.
pub struct Session {
    tls: ServerConnection,
    /// What is said to whoever speaks plain HTTP.
    plain: fn() -> Vec<u8>,
    /// The client will send no more.
    is_over: bool,
    /// The client does not speak TLS, and is to hear none of it.
    is_plain: bool,
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
    pub fn begin(acceptor: &Acceptor, plain: fn() -> Vec<u8>) -> io::Result<Self> {
        let mut tls = ServerConnection::new(acceptor.config.clone()).map_err(io::Error::other)?;
        tls.set_buffer_limit(Some(WAITING_MAX));
        Ok(Self {
            tls,
            plain,
            is_over: false,
            is_plain: false,
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
                #[cfg(feature = "acme")]
                self.end_challenge();
                Ok(())
            }
            Err(error) => {
                // The client is told why, once, if it listens.
                self.is_over = true;
                self.is_plain = self.tls.is_handshaking()
                    && error == rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
                let _ = if self.is_plain {
                    Socket(tcp.get_ref()).write(&(self.plain)())
                } else {
                    self.tls.write_tls(&mut Socket(tcp.get_ref()))
                };
                Err(io::Error::new(io::ErrorKind::InvalidData, error))
            }
        }
    }

    /// Who looked whether a name leads here has seen it: nothing is said over that.
    #[cfg(feature = "acme")]
    fn end_challenge(&mut self) {
        let is_challenge = self.tls.alpn_protocol() == Some(super::challenges::ALPN);
        if is_challenge && !self.tls.is_handshaking() && !self.is_over {
            self.is_over = true;
            self.tls.send_close_notify();
        }
    }

    /// Sends what waits, as far as the socket takes it.
    fn poll_send(&mut self, tcp: &Async<TcpStream>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.tls.wants_write() && !self.is_plain {
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

    /// Whether client and server have agreed on HTTP/2, once they have agreed on anything. A client
    /// that goes away before has not.
    #[cfg(feature = "http2")]
    pub fn poll_is_http2(
        &mut self,
        tcp: &Async<TcpStream>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<bool>> {
        while self.tls.is_handshaking() {
            if !futures_lite::ready!(self.poll_more(tcp, cx))? {
                return Poll::Ready(Ok(false));
            }
        }
        Poll::Ready(Ok(self.tls.alpn_protocol() == Some(HTTP2)))
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
