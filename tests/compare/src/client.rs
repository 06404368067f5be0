//! One request and its answer over a connection that is closed afterwards.

use crate::{Answer, Request};
use std::io::{self, Read, Write};

/// Bytes of an answer at most.
const ANSWER_MAX: u64 = 32 * 1024 * 1024;

/// Sends `request` with this `Host` and these more fields; reads the answer.
///
/// # Errors
/// When the connection breaks, or what comes is no answer.
pub fn ask<S: Read + Write>(
    mut stream: S,
    host: &str,
    fields: &[(&str, &str)],
    request: &Request,
) -> io::Result<Answer> {
    let mut head = format!(
        "{} {} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n",
        request.method, request.target
    );
    for (name, value) in fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !request.body.is_empty() {
        head.push_str(&format!("content-length: {}\r\n", request.body.len()));
    }
    head.push_str("\r\n");
    head.push_str(&request.body);
    stream.write_all(head.as_bytes())?;
    let mut bytes = Vec::new();
    stream.take(ANSWER_MAX).read_to_end(&mut bytes)?;
    parse(&bytes, request).ok_or_else(|| {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
        io::Error::new(io::ErrorKind::InvalidData, format!("no answer: {start:?}"))
    })
}

fn parse(bytes: &[u8], request: &Request) -> Option<Answer> {
    let end = find(bytes, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let body = &bytes[end + 4..];
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let fields: Vec<(&str, &str)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let chunked = fields.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked")
    });
    let body = if chunked {
        unchunk(body)?
    } else {
        body.to_vec()
    };
    Some(Answer::new(request.shown(), status, fields, &body))
}

fn unchunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = find(bytes, b"\r\n")?;
        let size = std::str::from_utf8(&bytes[..end]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let start = end + 2;
        body.extend_from_slice(bytes.get(start..start.checked_add(size)?)?);
        bytes = bytes.get(start + size + 2..)?;
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|part| part == what)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    struct Wire(&'static [u8], Vec<u8>);

    impl Read for &mut Wire {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for &mut Wire {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_answer_in_chunks_is_put_together() {
        let request = Request {
            method: "POST".to_owned(),
            target: "/x".to_owned(),
            body: "hi".to_owned(),
        };
        let mut wire = Wire(
            b"HTTP/1.1 201 Created\r\nX-A: b\r\nX-A: c\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            Vec::new(),
        );
        let answer = ask(&mut wire, "h", &[("a", "b")], &request).unwrap();
        assert_eq!(
            String::from_utf8(wire.1).unwrap(),
            "POST /x HTTP/1.1\r\nhost: h\r\nconnection: close\r\na: b\r\ncontent-length: 2\r\n\r\nhi"
        );
        assert_eq!((answer.status, answer.body), (201, serde_json::json!({})));
        assert_eq!(answer.headers["x-a"], "b\nc");
    }
}
