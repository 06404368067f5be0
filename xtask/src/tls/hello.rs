//! A client's first message, byte by byte (RFC 8446, 4.1.2; RFC 5246, 7.4.1.2): what no OpenSSL of today offers
//! any more can be offered so.

use anyhow::{Context, Result};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a server may think: longer than it waits for a head.
const PATIENCE: Duration = Duration::from_secs(30);

/// SSL 3.0, as records say it.
pub const SSL_3: u16 = 0x0300;
/// TLS 1.2.
pub const TLS_1_2: u16 = 0x0303;

/// What a server makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It goes on, with this suite of this version.
    Agreed { version: u16, suite: u16 },
    /// An alert with this description.
    Alert(u8),
    /// It closes, or says something that is no TLS.
    Closed,
}

/// Offers these suites of a version to a server.
pub fn offer(to: SocketAddr, name: &str, version: u16, suites: &[u16]) -> Result<Heard> {
    say(to, &hello(name, version, suites))
}

/// Offers SSL 2.0 to a server: a hello of its own kind.
pub fn offer_ssl_2(to: SocketAddr) -> Result<Heard> {
    let mut message = vec![1, 0, 2, 0, 3, 0, 0, 0, 16, 1, 0, 0x80];
    message.extend([7; 16]);
    let mut record = vec![0x80, message.len() as u8];
    record.extend(message);
    say(to, &record)
}

fn say(to: SocketAddr, bytes: &[u8]) -> Result<Heard> {
    let mut stream = TcpStream::connect(to).with_context(|| format!("cannot connect to {to}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(bytes)?;
    let mut answer = Vec::new();
    let mut piece = [0; 1024];
    // A record's header, a message's, a version, 32 random bytes, an identifier of at most 32, a suite.
    while answer.len() < 5 + 4 + 2 + 32 + 33 + 2 {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(bytes) => answer.extend_from_slice(&piece[..bytes]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => return Err(error).context("no answer to a hello"),
        }
    }
    Ok(heard(&answer))
}

/// What an answer's beginning means.
fn heard(answer: &[u8]) -> Heard {
    match answer {
        [0x15, _, _, 0, 2, _, description, ..] => Heard::Alert(*description),
        [0x16, _, _, _, _, 2, _, _, _, high, low, rest @ ..] => {
            let id = rest.get(32).map_or(0, |length| usize::from(*length));
            match rest.get(33 + id..35 + id) {
                Some(suite) => Heard::Agreed {
                    version: u16::from_be_bytes([*high, *low]),
                    suite: u16::from_be_bytes([suite[0], suite[1]]),
                },
                None => Heard::Closed,
            }
        }
        _ => Heard::Closed,
    }
}

fn hello(name: &str, version: u16, suites: &[u16]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    // Random bytes need not be random to be refused, nor an identifier to be there.
    body.extend([0x5a; 32]);
    body.push(0);
    put(&mut body, &numbers(suites));
    // No compression.
    body.extend([1, 0]);
    if version > SSL_3 {
        let mut extensions = Vec::new();
        let mut host = vec![0];
        put(&mut host, name.as_bytes());
        extension(&mut extensions, 0, &listed(&host));
        // Groups: P-256, P-384, X25519. Points: uncompressed.
        extension(&mut extensions, 10, &listed(&numbers(&[0x17, 0x18, 0x1d])));
        extension(&mut extensions, 11, &[1, 0]);
        // Signatures: ECDSA and RSA with SHA-256 and SHA-384, RSA-PSS, and those with SHA-1.
        let signatures = [
            0x0403, 0x0503, 0x0401, 0x0501, 0x0804, 0x0805, 0x0203, 0x0201,
        ];
        extension(&mut extensions, 13, &listed(&numbers(&signatures)));
        // The secret of the session is bound to its handshake (RFC 7627).
        extension(&mut extensions, 23, &[]);
        put(&mut body, &extensions);
    }
    let mut message = vec![1, 0];
    put(&mut message, &body);
    let mut record = vec![0x16];
    record.extend(version.min(0x0301).to_be_bytes());
    put(&mut record, &message);
    record
}

fn numbers(numbers: &[u16]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .collect()
}

/// Appends bytes after their length.
fn put(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend((bytes.len() as u16).to_be_bytes());
    to.extend_from_slice(bytes);
}

fn listed(bytes: &[u8]) -> Vec<u8> {
    let mut list = Vec::new();
    put(&mut list, bytes);
    list
}

fn extension(to: &mut Vec<u8>, kind: u16, bytes: &[u8]) {
    to.extend(kind.to_be_bytes());
    put(to, bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_add_up() {
        let hello = hello("one.test", TLS_1_2, &[0x0005, 0x000a]);
        let at = |from: usize| usize::from(u16::from_be_bytes([hello[from], hello[from + 1]]));
        assert_eq!(at(3), hello.len() - 5);
        assert_eq!((hello[5], hello[6], at(7)), (1, 0, hello.len() - 9));
        assert_eq!(at(44), 4);
        assert_eq!(at(52), hello.len() - 54);
    }

    #[test]
    fn answers_are_understood() {
        assert_eq!(heard(&[0x15, 3, 3, 0, 2, 2, 40]), Heard::Alert(40));
        assert_eq!(heard(b"HTTP/1.1 400 Bad Request"), Heard::Closed);
        assert_eq!(heard(&[]), Heard::Closed);
        let mut agreed = vec![0x16, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3];
        agreed.extend([0; 32]);
        agreed.extend([1, 9, 0xc0, 0x2b]);
        let expected = Heard::Agreed {
            version: TLS_1_2,
            suite: 0xc02b,
        };
        assert_eq!(heard(&agreed), expected);
        assert_eq!(heard(&agreed[..40]), Heard::Closed);
    }
}
