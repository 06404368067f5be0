//! Forms whose lines end without a carriage return, as scripts and editors write them: the parser takes
//! them as if they had one.
//!
//! Which they are is seen at the first boundary. Bytes of parts stay as they are.

use super::body::ByteStream;
use bytes::Bytes;
use futures_lite::{StreamExt, stream};

/// Bytes of a head's line that are looked at. The parser refuses what has longer ones.
const LINE_MAX: usize = 64 << 10;

/// The same form with carriage returns in its boundaries and heads.
pub(super) fn completed(form: ByteStream, boundary: &str) -> ByteStream {
    let lines = Lines::new(boundary);
    let parts = stream::unfold((form, Some(lines)), |(mut form, lines)| async move {
        let mut lines = lines?;
        loop {
            let made = match form.next().await {
                Some(Ok(part)) => lines.take(part),
                Some(Err(error)) => return Some((Err(error), (form, None))),
                None if lines.held.is_empty() => return None,
                None => return Some((Ok(lines.held.into()), (form, None))),
            };
            if !made.is_empty() {
                return Some((Ok(made), (form, Some(lines))));
            }
        }
    });
    Box::pin(parts.fuse())
}

/// What of the form comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The first boundary.
    First,
    /// Bytes of a part.
    Body,
    /// What stands behind a boundary in its line.
    Boundary,
    /// Lines of a part's head.
    Head,
    /// What stays as it is.
    Rest,
}

struct Lines {
    /// A boundary with the end of the line before it.
    delimiter: Vec<u8>,
    next: Next,
    /// What was not given on yet, since more has to be seen.
    held: Vec<u8>,
    /// How much of that was given on meanwhile.
    given: usize,
}

impl Lines {
    fn new(boundary: &str) -> Self {
        Self {
            delimiter: format!("\n--{boundary}").into_bytes(),
            next: Next::First,
            held: Vec::new(),
            given: 0,
        }
    }

    /// What can be given on after these bytes.
    fn take(&mut self, part: Bytes) -> Bytes {
        if self.next == Next::Rest && self.held.is_empty() {
            return part;
        }
        self.held.extend_from_slice(&part);
        let mut made = Vec::with_capacity(self.held.len());
        while match self.next {
            Next::First => self.first(),
            Next::Body => self.body(&mut made),
            Next::Boundary => self.boundary(&mut made),
            Next::Head => self.head(&mut made),
            Next::Rest => false,
        } {}
        if self.next == Next::Rest {
            self.give(usize::MAX, &mut made);
        }
        self.held.drain(..self.given);
        self.given = 0;
        made.into()
    }

    fn left(&self) -> &[u8] {
        &self.held[self.given..]
    }

    /// Gives on the next `len` bytes, or all that there are.
    fn give(&mut self, len: usize, made: &mut Vec<u8>) {
        let len = len.min(self.left().len());
        made.extend_from_slice(&self.left()[..len]);
        self.given += len;
    }

    // Each returns whether there is more to be done without more bytes.

    fn first(&mut self) -> bool {
        let boundary = &self.delimiter[1..];
        let seen = self.held.len().min(boundary.len());
        self.next = match self.held.get(boundary.len()) {
            _ if self.held[..seen] != boundary[..seen] => Next::Rest,
            None => return false,
            Some(b'\n') => Next::Head,
            Some(_) => Next::Rest,
        };
        true
    }

    fn body(&mut self, made: &mut Vec<u8>) -> bool {
        let mut from = 0;
        while let Some(len) = self.left()[from..].iter().position(|byte| *byte == b'\n') {
            let at = from + len;
            let seen = &self.left()[at..];
            let known = seen.len().min(self.delimiter.len());
            if seen[..known] == self.delimiter[..known] {
                match seen.get(known) {
                    None => {
                        self.give(at, made);
                        return false;
                    }
                    Some(b'\n' | b'\r' | b'-' | b' ' | b'\t') => {
                        self.give(at, made);
                        made.push(b'\r');
                        self.give(known, made);
                        self.next = Next::Boundary;
                        return true;
                    }
                    Some(_) => {}
                }
            }
            from = at + 1;
        }
        self.give(usize::MAX, made);
        false
    }

    fn boundary(&mut self, made: &mut Vec<u8>) -> bool {
        if self.left().first() == Some(&b'-') {
            self.next = Next::Rest;
        } else if self.line(made).is_some() {
            self.next = Next::Head;
        }
        self.next != Next::Boundary
    }

    fn head(&mut self, made: &mut Vec<u8>) -> bool {
        loop {
            match self.line(made) {
                Some(true) => {
                    self.next = Next::Body;
                    return true;
                }
                Some(false) => {}
                None => return self.next == Next::Rest,
            }
        }
    }

    /// Gives a line on, if it is there; whether nothing stood in it.
    fn line(&mut self, made: &mut Vec<u8>) -> Option<bool> {
        let Some(end) = self.left().iter().position(|byte| *byte == b'\n') else {
            if self.left().len() > LINE_MAX {
                self.next = Next::Rest;
            }
            return None;
        };
        let line = &self.left()[..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        made.extend_from_slice(line);
        made.extend_from_slice(b"\r\n");
        let is_empty = line.is_empty();
        self.given += end + 1;
        Some(is_empty)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures_lite::future::block_on;

    /// What becomes of a form, in pieces of every length.
    fn check(form: &str, expected: &str) {
        for piece in 1..=form.len() {
            let pieces: Vec<_> = form
                .as_bytes()
                .chunks(piece)
                .map(Bytes::copy_from_slice)
                .collect();
            let source: ByteStream = Box::pin(stream::iter(pieces).map(Ok));
            let made = block_on(
                completed(source, "B").try_fold(Vec::new(), |mut all, part| {
                    all.extend_from_slice(&part);
                    Ok::<_, std::io::Error>(all)
                }),
            );
            assert_eq!(
                String::from_utf8(made.unwrap()).unwrap(),
                expected,
                "pieces of {piece}"
            );
        }
    }

    #[test]
    fn heads_and_boundaries_are_completed() {
        check(
            "--B\nA: b\nC: d\r\n\none\ntwo\r\n\n--B \n\n\n--Bx\n-\n--B\n\n\n--B--\nrest\n",
            "--B\r\nA: b\r\nC: d\r\n\r\none\ntwo\r\n\r\n--B \r\n\r\n\n--Bx\n-\r\n--B\r\n\r\n\r\n--B--\nrest\n",
        );
    }

    #[test]
    fn other_forms_stay_as_they_are() {
        for form in [
            "--B\r\nA: b\n\nx\n--B\n\n\r\n--B--\r\n",
            "x\n--B\n\n",
            "--",
            "--C\n\n--B\n",
            "",
        ] {
            check(form, form);
        }
    }
}
