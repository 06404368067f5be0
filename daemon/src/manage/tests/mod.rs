//! The API as its clients see it, without a socket: each call goes through the router.

#![allow(clippy::unwrap_used)]

mod access;
mod api;
mod claim;
mod javascript;
mod kv;
mod plain;
mod plans;
mod scope;
mod scripts;
mod server;
mod uploads;
mod versions;

use super::envelope::AnswerBody;
use super::*;
use crate::catalog::testing::{TestRuntime, TestWorker, WASM, open, open_keeping, wait_until};
use bytes::Bytes;
use futures_lite::StreamExt;
use futures_lite::future::block_on;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

const P: &str = "/client/v4/accounts/edge/workers";
const NS: &str = "/client/v4/accounts/edge/workers/dispatch/namespaces";
const D: &str = "/client/v4/accounts/edge/workers/dispatch/namespaces/production/scripts/a";
const K: &str = "/client/v4/accounts/edge/storage/kv/namespaces";

pub(super) struct Desk {
    dir: tempfile::TempDir,
    runtime: Arc<TestRuntime>,
    pub(super) manage: Arc<Manage<TestWorker>>,
    pub(super) token: String,
}

/// An answer in full.
struct Got {
    status: u16,
    headers: Vec<(&'static str, String)>,
    content_type: String,
    body: Vec<u8>,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn echo_logs() -> Arc<dyn LogSource> {
    struct Echo;
    impl LogSource for Echo {
        fn logs(&self, namespace: &str, script: &str, follow: bool) -> Result<LogStream, String> {
            let line = json!({"script": format!("{namespace}/{script}"), "follow": follow});
            Ok(Box::pin(futures_lite::stream::iter([
                line.to_string(),
                "{}".to_owned(),
            ])))
        }
    }
    Arc::new(Echo)
}

impl Desk {
    /// With the namespace `production`.
    pub(super) fn new() -> Self {
        Self::keeping(1)
    }

    /// The same, with so many versions of each script kept.
    fn keeping(versions: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime = TestRuntime::new("build-1");
        let catalog = open_keeping(dir.path(), &runtime, versions);
        let (_, token) = block_on(tokens::create(
            catalog.store(),
            "test",
            tokens::Grant::default(),
        ))
        .unwrap();
        block_on(catalog.create_namespace("production")).unwrap();
        let options = ManageOptions {
            upload_bytes_max: 1 << 20,
            ..ManageOptions::default()
        };
        let status = Arc::new(|| json!({"workers": 1}));
        Self {
            manage: Manage::new(catalog, options, echo_logs(), status),
            dir,
            runtime,
            token,
        }
    }

    fn send(&self, method: &str, path: &str, content_type: Option<&str>, body: &[u8]) -> Got {
        let mut request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token));
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        self.raw(request.body(Payload::whole(body.to_vec())).unwrap())
    }

    fn raw(&self, request: http::Request<Payload>) -> Got {
        block_on(async {
            let answer = self.manage.handle(request).await;
            let body = match answer.body {
                AnswerBody::Whole(bytes) => bytes.to_vec(),
                AnswerBody::Stream { len, mut source } => {
                    let mut all = Vec::new();
                    while let Some(part) = source.next().await {
                        all.extend_from_slice(&part.unwrap());
                    }
                    assert!(len.is_none_or(|len| len == all.len() as u64));
                    all
                }
            };
            Got {
                status: answer.status.as_u16(),
                headers: answer.headers,
                content_type: answer.content_type,
                body,
            }
        })
    }

    /// A call with a JSON body: the status and the envelope, which is checked for shape.
    fn check(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let got = self.send(method, path, Some("text/plain"), body.as_bytes());
        let json = got.json();
        assert_eq!(json["success"], json!(got.status < 400), "{json}");
        assert!(json["errors"].is_array() && json["messages"].is_array());
        assert_eq!(
            json["errors"].as_array().unwrap().is_empty(),
            got.status < 400
        );
        (got.status, json)
    }

    /// The result of a call that succeeds.
    fn result(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, json) = self.check(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {json}");
        json["result"].clone()
    }

    /// Status and first code of a call that is refused.
    fn refused(&self, method: &str, path: &str, body: Value) -> (u16, u64) {
        let (status, json) = self.check(method, path, body);
        (status, json["errors"][0]["code"].as_u64().unwrap_or(0))
    }

    fn form(&self, method: &str, path: &str, parts: &[Part]) -> (u16, Value) {
        let body = form(parts);
        let got = self.send(method, path, Some(FORM), &body);
        (got.status, got.json())
    }

    /// Pushes a wasm module with this metadata as wrangler and curl do.
    fn push(&self, script: &str, metadata: Value) -> (u16, Value) {
        let path = format!("{NS}/production/scripts/{script}");
        self.form("PUT", &path, &[meta(&metadata), wasm("main.wasm")])
    }

    fn pushed(&self, script: &str, metadata: Value) -> Value {
        let (status, json) = self.push(script, metadata);
        assert_eq!(status, 200, "{json}");
        json["result"].clone()
    }

    fn nothing_stored(&self) {
        let catalog = &self.manage.catalog;
        assert!(catalog.scripts("production", None).unwrap().is_empty());
        // Files go after the last Worker that has them.
        wait_until("no blob is left", || {
            catalog.store().blobs().list().unwrap().is_empty()
        });
        assert_eq!(catalog.counts(), (0, 0));
    }
}

const FORM: &str = "multipart/form-data; boundary=frontier";

#[derive(Clone, Debug)]
struct Part {
    name: String,
    file: Option<String>,
    kind: Option<&'static str>,
    body: Vec<u8>,
}

fn part(name: &str, body: impl Into<Vec<u8>>) -> Part {
    Part {
        name: name.to_owned(),
        file: None,
        kind: None,
        body: body.into(),
    }
}

impl Part {
    fn file(mut self, name: &str) -> Self {
        self.file = Some(name.to_owned());
        self
    }

    fn kind(mut self, kind: &'static str) -> Self {
        self.kind = Some(kind);
        self
    }
}

fn meta(metadata: &Value) -> Part {
    part("metadata", metadata.to_string())
}

fn wasm(name: &str) -> Part {
    part(name, WASM).file(name).kind("application/wasm")
}

fn form(parts: &[Part]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        let mut head = format!(
            "--frontier\r\nContent-Disposition: form-data; name=\"{}\"",
            part.name
        );
        if let Some(file) = &part.file {
            head.push_str(&format!("; filename=\"{file}\""));
        }
        if let Some(kind) = part.kind {
            head.push_str(&format!("\r\nContent-Type: {kind}"));
        }
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(&part.body);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--frontier--\r\n");
    body
}

fn code(json: &Value) -> u64 {
    json["errors"][0]["code"].as_u64().unwrap()
}

fn message(json: &Value) -> &str {
    json["errors"][0]["message"].as_str().unwrap()
}
