//! `multipart/form-data`, as the field's clients send it.

/// A form being built.
#[derive(Debug, Default)]
pub struct Form {
    body: Vec<u8>,
}

const BOUNDARY: &str = "----e2e-7MA4YWxkTrZu0gW";

impl Form {
    /// An empty form.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the part that describes an upload.
    pub fn metadata(self, metadata: &serde_json::Value) -> Self {
        self.part(
            "metadata",
            None,
            Some("application/json"),
            metadata.to_string(),
        )
    }

    /// With a wasm module, its part named as the module.
    pub fn wasm(self, name: &str, module: &[u8]) -> Self {
        self.part(name, Some(name), Some("application/wasm"), module)
    }

    /// With any part.
    pub fn part(
        mut self,
        name: &str,
        file: Option<&str>,
        content_type: Option<&str>,
        content: impl AsRef<[u8]>,
    ) -> Self {
        let mut head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"");
        if let Some(file) = file {
            head.push_str(&format!("; filename=\"{file}\""));
        }
        head.push_str("\r\n");
        if let Some(kind) = content_type {
            head.push_str(&format!("Content-Type: {kind}\r\n"));
        }
        head.push_str("\r\n");
        self.body.extend_from_slice(head.as_bytes());
        self.body.extend_from_slice(content.as_ref());
        self.body.extend_from_slice(b"\r\n");
        self
    }

    /// The content type and the body.
    pub fn finish(mut self) -> (String, Vec<u8>) {
        self.body
            .extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        (Self::content_type(), self.body)
    }

    /// The body without its end, as after a cut.
    pub fn unfinished(self) -> (String, Vec<u8>) {
        (Self::content_type(), self.body)
    }

    fn content_type() -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }
}
