//! A blocking HTTP/1.1 client on a socket: keep-alive, chunks, trailers, and raw bytes for
//! those who want to be rude.

use crate::wait::PATIENCE;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// A request of any method.
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// A GET.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A POST with a body.
    pub fn post(target: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", target).body(body)
    }

    /// With one more header field.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a body, whose length is told.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// As bytes. A `host` header is added unless there is one.
    pub fn to_bytes(&self, host: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("host"))
        {
            head.push_str(&format!("host: {host}\r\n"));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = &self.body {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(self.body.as_deref().unwrap_or_default());
        bytes
    }

    /// Sends it on a connection of its own.
    pub fn send(&self, to: SocketAddr) -> io::Result<Response> {
        Connection::open(to)?.send(self)
    }
}

/// A response, read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, without its framing.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header field of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// Fails unless the status is this one, showing the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        let body = String::from_utf8_lossy(&self.body);
        let body: String = body.chars().take(2000).collect();
        assert_eq!(self.status, status, "{body}");
        self
    }
}

/// A connection that is kept between requests.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    to: SocketAddr,
    /// What was read beyond the last response.
    rest: Vec<u8>,
}

impl Connection {
    /// Connects. Every wait on it is bounded.
    pub fn open(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            to,
            rest: Vec::new(),
        })
    }

    /// Sends a request and reads its response.
    pub fn send(&mut self, request: &Request) -> io::Result<Response> {
        self.write(&request.to_bytes(&self.to.to_string()))?;
        self.read(request.method == "HEAD")
    }

    /// Writes bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Says that nothing more will be written.
    pub fn finish_writing(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Everything until the other side closes.
    pub fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut all = std::mem::take(&mut self.rest);
        self.stream.read_to_end(&mut all)?;
        Ok(all)
    }

    /// Everything until the other side closes, or resets the connection; an error is one of
    /// waiting too long.
    pub fn read_until_gone(&mut self) -> (Vec<u8>, io::Result<()>) {
        let ended = loop {
            match self.more() {
                Ok(()) => {}
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => break Err(error),
                    _ => break Ok(()),
                },
            }
        };
        (std::mem::take(&mut self.rest), ended)
    }

    /// So many bytes.
    pub fn read_exact(&mut self, len: usize) -> io::Result<Vec<u8>> {
        while self.rest.len() < len {
            self.more()?;
        }
        Ok(self.rest.drain(..len).collect())
    }

    /// Reads one head, interim ones (100) included.
    pub fn read_head(&mut self) -> io::Result<(u16, Vec<(String, String)>)> {
        loop {
            let mut fields = [httparse::EMPTY_HEADER; 256];
            let mut head = httparse::Response::new(&mut fields);
            match head.parse(&self.rest) {
                Ok(httparse::Status::Complete(length)) => {
                    let status = head.code.unwrap_or(0);
                    let headers = head
                        .headers
                        .iter()
                        .map(|field| {
                            (
                                field.name.to_ascii_lowercase(),
                                String::from_utf8_lossy(field.value).into_owned(),
                            )
                        })
                        .collect();
                    self.rest.drain(..length);
                    return Ok((status, headers));
                }
                Ok(httparse::Status::Partial) => self.more()?,
                Err(error) => return Err(broken(&format!("head: {error}"))),
            }
        }
    }

    /// Reads one response. `no_body` is for answers to HEAD.
    pub fn read(&mut self, no_body: bool) -> io::Result<Response> {
        let (mut status, mut headers) = self.read_head()?;
        while (100..200).contains(&status) {
            (status, headers) = self.read_head()?;
        }
        let find = |name: &str| {
            headers
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, value)| value.clone())
        };
        let body = if no_body || status == 204 || status == 304 {
            Vec::new()
        } else if find("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
            self.chunks()?
        } else if let Some(length) = find("content-length") {
            let length = length.parse().map_err(|_| broken("content-length"))?;
            self.exactly(length)?
        } else {
            self.read_to_end()?
        };
        Ok(Response {
            status,
            headers,
            body,
        })
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let size = line.split(';').next().unwrap_or("").trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| broken("chunk size"))?;
            if size == 0 {
                while !self.line()?.is_empty() {}
                return Ok(body);
            }
            body.extend(self.exactly(size)?);
            if !self.line()?.is_empty() {
                return Err(broken("end of chunk"));
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.rest.windows(2).position(|w| w == b"\r\n") {
                let line: Vec<u8> = self.rest.drain(..end + 2).take(end).collect();
                return String::from_utf8(line).map_err(|_| broken("line"));
            }
            self.more()?;
        }
    }

    fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.rest.len() < length {
            self.more()?;
        }
        let tail = self.rest.split_off(length);
        Ok(std::mem::replace(&mut self.rest, tail))
    }

    fn more(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        let read = loop {
            match self.stream.read(&mut buffer) {
                // A signal, or a debugger that looked at this process.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.rest.extend_from_slice(&buffer[..read]);
        Ok(())
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not HTTP/1.1: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Reads these bytes as responses, one for each of `heads_only`.
    fn read(bytes: &'static [u8], heads_only: &[bool]) -> Vec<io::Result<Response>> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            listener.accept().unwrap().0.write_all(bytes).unwrap();
        });
        let mut connection = Connection::open(to).unwrap();
        server.join().unwrap();
        heads_only
            .iter()
            .map(|head| connection.read(*head))
            .collect()
    }

    #[test]
    fn framings() {
        let got = read(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi\
              HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\nt: v\r\n\r\n\
              HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n\
              HTTP/1.1 404 Not Found\r\n\r\nrest",
            &[false, false, true, false],
        );
        let bodies: Vec<&str> = got.iter().map(|r| r.as_ref().unwrap().text()).collect();
        assert_eq!(bodies, ["hi", "abc", "", "rest"]);
        assert_eq!(got[3].as_ref().unwrap().status, 404);
    }

    #[test]
    fn a_short_body_is_an_error() {
        let got = read(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi", &[false]);
        assert!(got[0].is_err());
        let got = read(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
            &[false],
        );
        assert!(got[0].is_err());
    }
}
