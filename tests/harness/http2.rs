//! HTTP/2 by hand (RFC 9113), over OpenSSL: frames as a test wants them, right or wrong.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Parts of a body.
pub const DATA: u8 = 0;
/// A head, or its beginning.
pub const HEADERS: u8 = 1;
/// The end of a request without an answer.
pub const RST_STREAM: u8 = 3;
/// What a side wants of the other.
pub const SETTINGS: u8 = 4;
/// Something to be sent back.
pub const PING: u8 = 6;
/// No more requests are wanted.
pub const GOAWAY: u8 = 7;
/// Room for more.
pub const WINDOW_UPDATE: u8 = 8;
/// The rest of a head.
pub const CONTINUATION: u8 = 9;
/// Flag: nothing follows of a request or an answer. Of a ping: it is sent back.
pub const END_STREAM: u8 = 1;
/// Flag: the head is complete.
pub const END_HEADERS: u8 = 4;

/// A frame that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its type.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// Whose it is; 0 is the connection.
    pub stream: u32,
    /// What is in it.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The code of an error, of a reset or a farewell.
    pub fn error(&self) -> Option<u32> {
        let at = match self.kind {
            RST_STREAM => 0,
            GOAWAY => 4,
            _ => return None,
        };
        let code = self.payload.get(at..at + 4)?;
        Some(u32::from_be_bytes(code.try_into().ok()?))
    }

    /// The status of an answer's head, as far as it is one that HPACK has a number or digits for.
    pub fn status(&self) -> Option<u16> {
        if self.kind != HEADERS {
            return None;
        }
        match *self.payload.first()? {
            at @ 0x88..=0x8e => Some([200, 204, 206, 304, 400, 404, 500][usize::from(at - 0x88)]),
            // A value with the name of an entry of the static table, in Huffman's code or not.
            _ => {
                let (length, value) = self.payload.get(1..)?.split_first()?;
                let value = value.get(..usize::from(length & 0x7f))?;
                match length & 0x80 {
                    0 => std::str::from_utf8(value).ok()?.parse().ok(),
                    _ => digits(value),
                }
            }
        }
    }
}

/// Digits in Huffman's code (RFC 7541, appendix B): 0 to 2 have five bits, the others six.
fn digits(code: &[u8]) -> Option<u16> {
    let bits: String = code.iter().map(|byte| format!("{byte:08b}")).collect();
    let (mut rest, mut number) = (bits.as_str(), 0_u16);
    while rest.len() >= 5 {
        let five = u16::from_str_radix(&rest[..5], 2).ok()?;
        let (digit, after) = match five {
            0..=2 => (five, &rest[5..]),
            _ => {
                let Ok(six) = u16::from_str_radix(rest.get(..6)?, 2) else {
                    break;
                };
                match six {
                    0b01_1001..=0b01_1111 => (six - 0b01_1001 + 3, &rest[6..]),
                    _ => break,
                }
            }
        };
        number = number.checked_mul(10)?.checked_add(digit)?;
        rest = after;
    }
    (number >= 100).then_some(number)
}

/// A frame's bytes.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("it fits");
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A head as HPACK has it without a table: each field as it is.
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            // An integer with seven bits of the first byte (RFC 7541, 5.1).
            match text.len() {
                length @ 0..127 => bytes.push(u8::try_from(length).expect("it fits")),
                length => {
                    bytes.push(127);
                    let mut rest = length - 127;
                    while rest >= 128 {
                        bytes.push(u8::try_from(rest % 128).expect("it fits") | 0x80);
                        rest /= 128;
                    }
                    bytes.push(u8::try_from(rest).expect("it fits"));
                }
            }
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

/// The pseudo-header fields of a request.
pub fn asks<'a>(method: &'a str, authority: &'a str, path: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        (":method", method),
        (":scheme", "https"),
        (":authority", authority),
        (":path", path),
    ]
}

/// A connection, over `openssl s_client`.
pub struct Http2 {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    /// Frames of requests that were not asked after yet.
    kept: Vec<Frame>,
}

impl Http2 {
    /// Shakes hands, and says the preface with these settings.
    pub fn open(port: u16, settings: &[(u16, u32)]) -> Self {
        let mut this = Self::silent(port);
        let mut hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        let mut payload = Vec::new();
        for (name, value) in settings {
            payload.extend(name.to_be_bytes());
            payload.extend(value.to_be_bytes());
        }
        hello.extend(frame(SETTINGS, 0, 0, &payload));
        this.write(&hello).expect("a daemon that listens");
        this
    }

    /// Shakes hands and says nothing.
    pub fn silent(port: u16) -> Self {
        let mut child = Command::new("openssl")
            .args(["s_client", "-quiet", "-alpn", "h2", "-connect"])
            .arg(format!("127.0.0.1:{port}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl runs; `cargo xtask setup` installs it");
        Self {
            input: child.stdin.take(),
            output: child.stdout.take().expect("it is piped"),
            child,
            kept: Vec::new(),
        }
    }

    /// Says these bytes.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        input.write_all(bytes)?;
        input.flush()
    }

    /// A request without a body.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn ask(&mut self, stream: u32, fields: &[(&str, &str)]) -> io::Result<()> {
        let flags = END_HEADERS | END_STREAM;
        self.write(&frame(HEADERS, flags, stream, &block(fields)))
    }

    /// The next frame; `None` at the end of the connection.
    pub fn read(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.output.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.output.read_exact(&mut payload).ok()?;
        Some(Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]),
            payload,
        })
    }

    /// Frames until one is as wanted, which is the last of them.
    ///
    /// # Panics
    /// When the connection ends before.
    #[track_caller]
    pub fn until(&mut self, is_wanted: impl Fn(&Frame) -> bool) -> Vec<Frame> {
        let mut came = Vec::new();
        loop {
            let Some(frame) = self.read() else {
                panic!("the connection ended after {came:?}");
            };
            came.push(frame);
            if came.last().is_some_and(&is_wanted) {
                return came;
            }
        }
    }

    /// The status of the answer to this request, and its body.
    ///
    /// # Panics
    /// When it is not answered.
    #[track_caller]
    pub fn answer(&mut self, stream: u32) -> (u16, Vec<u8>) {
        let is_end = |it: &Frame| {
            let ends = matches!(it.kind, DATA | HEADERS) && it.flags & END_STREAM != 0;
            it.stream == stream && (ends || it.kind == RST_STREAM)
        };
        let mut frames = std::mem::take(&mut self.kept);
        if !frames.iter().any(is_end) {
            frames.extend(self.until(is_end));
        }
        self.kept = frames.clone();
        self.kept.retain(|it| it.stream != stream);
        let mut of = frames.iter().filter(|it| it.stream == stream);
        let status = of.clone().find_map(Frame::status);
        let status = status.unwrap_or_else(|| panic!("no answer: {frames:?}"));
        let body = of.by_ref().filter(|it| it.kind == DATA);
        (status, body.flat_map(|it| it.payload.clone()).collect())
    }

    /// All frames to the end of the connection, with those that were not asked after yet.
    pub fn rest(&mut self) -> Vec<Frame> {
        let mut all = std::mem::take(&mut self.kept);
        all.extend(std::iter::from_fn(|| self.read()));
        all
    }
}

impl Drop for Http2 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
