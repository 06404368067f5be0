//! `multipart/form-data` as the management port takes it (spec: SEMANTICS §4).

/// A form being built.
#[derive(Debug)]
pub struct Form {
    boundary: String,
    body: Vec<u8>,
}

impl Form {
    /// An empty form whose boundary occurs in none of `contents`.
    pub fn new(contents: &[&[u8]]) -> Self {
        let mut attempt = 0u32;
        let boundary = loop {
            let candidate = format!("postern-form-{attempt:08x}");
            if !contents.iter().any(|c| find(c, candidate.as_bytes())) {
                break candidate;
            }
            attempt += 1;
        };
        Self {
            boundary,
            body: Vec::new(),
        }
    }

    /// Adds a part. A file name makes it a file.
    pub fn part(&mut self, name: &str, file: Option<&str>, content_type: &str, content: &[u8]) {
        let mut head = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{}\"",
            self.boundary,
            quoted(name)
        );
        if let Some(file) = file {
            head.push_str(&format!("; filename=\"{}\"", quoted(file)));
        }
        head.push_str(&format!("\r\nContent-Type: {content_type}\r\n\r\n"));
        self.body.extend_from_slice(head.as_bytes());
        self.body.extend_from_slice(content);
        self.body.extend_from_slice(b"\r\n");
    }

    /// The content type and the body.
    pub fn finish(mut self) -> (String, Vec<u8>) {
        self.body
            .extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        (
            format!("multipart/form-data; boundary={}", self.boundary),
            self.body,
        )
    }
}

/// A name inside quotes, as browsers escape it.
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn find(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_form_reads_back() {
        let content = b"\0asm postern-form-00000000 \r\n--x";
        let mut form = Form::new(&[content]);
        form.part("metadata", None, "application/json", b"{}");
        form.part("a\"b.wasm", Some("a\"b.wasm"), "application/wasm", content);
        let (kind, body) = form.finish();
        let boundary = multer::parse_boundary(kind).unwrap();
        assert_eq!(boundary, "postern-form-00000001");
        let stream = futures_lite::stream::once(Ok::<_, std::io::Error>(bytes::Bytes::from(body)));
        let mut read = multer::Multipart::new(stream, boundary);
        smol::block_on(async {
            let first = read.next_field().await.unwrap().unwrap();
            assert_eq!(first.name(), Some("metadata"));
            assert_eq!(first.bytes().await.unwrap(), "{}");
            let second = read.next_field().await.unwrap().unwrap();
            assert_eq!(second.name(), Some("a%22b.wasm"));
            assert_eq!(second.bytes().await.unwrap(), content.as_slice());
            assert!(read.next_field().await.unwrap().is_none());
        });
    }
}
