//! The management port as the field's clients use it: paths, token, envelope.

use crate::form::Form;
use crate::http::{Connection, Request, Response};
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;

/// The account that tests use.
pub const ACCOUNT: &str = "/client/v4/accounts/edge";

/// The management port with a token.
#[derive(Clone, Debug)]
pub struct Api {
    to: SocketAddr,
    token: String,
}

/// An answer of the management port.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The envelope.
    pub envelope: Value,
}

impl Reply {
    /// Reads the envelope, which must be one, and must agree with the status.
    #[track_caller]
    pub fn new(response: &Response) -> Self {
        let envelope = response.json();
        let success = envelope["success"].as_bool();
        assert_eq!(
            success,
            Some(response.status < 400),
            "status {} and envelope {envelope}",
            response.status
        );
        Self {
            status: response.status,
            envelope,
        }
    }

    /// The result of a call that must have succeeded.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.envelope["success"], true, "{}", self.envelope);
        self.envelope["result"].clone()
    }

    /// Status, first code and first message of a call that must have been refused.
    #[track_caller]
    pub fn refused(&self) -> (u16, i64, String) {
        assert_eq!(self.envelope["success"], false, "{}", self.envelope);
        let error = &self.envelope["errors"][0];
        (
            self.status,
            error["code"].as_i64().unwrap_or(0),
            error["message"].as_str().unwrap_or("").to_owned(),
        )
    }
}

/// The path of a script in the namespace `production`.
pub fn script(name: &str) -> String {
    format!("{ACCOUNT}/workers/dispatch/namespaces/production/scripts/{name}")
}

/// The path of a value in KV.
pub fn kv_value(id: &str, key: &str) -> String {
    format!("{ACCOUNT}/storage/kv/namespaces/{id}/values/{key}")
}

impl Api {
    /// The port at an address.
    pub fn new(to: SocketAddr, token: &str) -> Self {
        Self {
            to,
            token: token.to_owned(),
        }
    }

    /// The same with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self::new(self.to, token)
    }

    /// A request that carries the token.
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, path).header("authorization", &format!("Bearer {}", self.token))
    }

    /// A connection to the port.
    pub fn connect(&self) -> io::Result<Connection> {
        Connection::open(self.to)
    }

    /// Sends a request and reads whatever comes.
    pub fn raw(&self, request: &Request) -> io::Result<Response> {
        request.send(self.to)
    }

    /// Sends a request and reads the envelope.
    #[track_caller]
    pub fn send(&self, request: &Request) -> Reply {
        Reply::new(&self.raw(request).unwrap())
    }

    /// GETs.
    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.send(&self.request("GET", path))
    }

    /// DELETEs.
    #[track_caller]
    pub fn delete(&self, path: &str) -> Reply {
        self.send(&self.request("DELETE", path))
    }

    /// Sends JSON.
    #[track_caller]
    pub fn json(&self, method: &str, path: &str, body: &Value) -> Reply {
        let request = self
            .request(method, path)
            .header("content-type", "application/json")
            .body(body.to_string());
        self.send(&request)
    }

    /// Sends a form.
    #[track_caller]
    pub fn form(&self, method: &str, path: &str, form: Form) -> Reply {
        let (kind, body) = form.finish();
        let request = self
            .request(method, path)
            .header("content-type", &kind)
            .body(body);
        self.send(&request)
    }

    /// Creates the namespace `production`, unless it is there.
    #[track_caller]
    pub fn production(&self) {
        let path = format!("{ACCOUNT}/workers/dispatch/namespaces");
        let there = self.get(&path).ok();
        let named = |item: &Value| item["namespace_name"] == "production";
        if !there.as_array().unwrap().iter().any(named) {
            self.json("POST", &path, &json!({"name": "production"}))
                .ok();
        }
    }

    /// Pushes a module to `production`, whatever comes of it.
    #[track_caller]
    pub fn try_push(&self, name: &str, module: &[u8], metadata: &Value) -> Reply {
        let mut metadata = metadata.clone();
        metadata["main_module"] = json!("main.wasm");
        let form = Form::new().metadata(&metadata).wasm("main.wasm", module);
        self.form("PUT", &script(name), form)
    }

    /// Pushes a module to `production`, which must succeed.
    #[track_caller]
    pub fn push(&self, name: &str, module: &[u8], metadata: &Value) -> Value {
        self.try_push(name, module, metadata).ok()
    }

    /// Creates a KV namespace and returns its id.
    #[track_caller]
    pub fn kv_namespace(&self, title: &str) -> String {
        let path = format!("{ACCOUNT}/storage/kv/namespaces");
        let created = self.json("POST", &path, &json!({"title": title})).ok();
        created["id"].as_str().unwrap().to_owned()
    }

    /// Deploys a Worker in JavaScript of one module, in the namespace `production`.
    #[track_caller]
    pub fn push_javascript(&self, name: &str, source: &str) {
        let metadata = json!({"main_module": "index.js", "compatibility_date": "2026-01-01"});
        let kind = Some("application/javascript+module");
        let form = Form::new().metadata(&metadata);
        let form = form.part("index.js", Some("index.js"), kind, source);
        self.form("PUT", &script(name), form).ok();
    }

    /// A value in KV, or `None`.
    #[track_caller]
    pub fn kv_get(&self, id: &str, key: &str) -> Option<Vec<u8>> {
        let response = self.raw(&self.request("GET", &kv_value(id, key))).unwrap();
        match response.status {
            404 => None,
            _ => Some(response.expect(200).body),
        }
    }

    /// Sets a value in KV, which must succeed.
    #[track_caller]
    pub fn kv_put(&self, id: &str, key: &str, value: &[u8]) {
        self.send(&self.request("PUT", &kv_value(id, key)).body(value))
            .ok();
    }
}
