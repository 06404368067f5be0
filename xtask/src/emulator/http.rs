//! Requests to an emulated machine: one connection each, the whole answer read, a deadline for all of it.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// How long one request may take: an emulated machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Asks a port of this machine.
pub fn ask(
    port: u16,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer> {
    ask_within(PATIENCE, port, method, path, headers, body)
}

/// Asks, and waits no longer for any part of the answer.
pub fn ask_within(
    patience: Duration,
    port: u16,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer> {
    let mut stream =
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("cannot connect to the machine")?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).context("cannot ask")?;
    stream.write_all(body).context("cannot send the body")?;
    let mut bytes = Vec::new();
    stream
        .read_to_end(&mut bytes)
        .context("the answer broke off")?;
    parse(&bytes).with_context(|| format!("{method} {path} has no whole answer"))
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let header = |wanted: &str| {
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.trim())
    };
    let rest = &bytes[end + 4..];
    let body = if header("transfer-encoding") == Some("chunked") {
        unchunk(rest)?
    } else {
        let length = header("content-length").map_or(Some(rest.len()), |it| it.parse().ok())?;
        rest.get(..length)?.to_vec()
    };
    Some(Answer { status, body })
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|it| it == b"\r\n")?;
        let line = std::str::from_utf8(&rest[..end]).ok()?;
        let length = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        rest = &rest[end + 2..];
        if length == 0 {
            return Some(body);
        }
        body.extend(rest.get(..length)?);
        rest = rest.get(length + 2..)?;
    }
}

/// The management port of a machine.
pub struct Manage {
    /// Its port on this machine.
    pub port: u16,
    /// A token.
    pub token: String,
}

impl Manage {
    fn call(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<Value> {
        let authorization = format!("Bearer {}", self.token);
        let path = format!("/client/v4/accounts/edge/{path}");
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", kind),
        ];
        let answer = ask(self.port, method, &path, &headers, body)?;
        let text = String::from_utf8_lossy(&answer.body);
        if !(200..300).contains(&answer.status) {
            bail!("{method} {path}: {} {text}", answer.status);
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Claims a machine that nobody has; its port and the token.
    pub fn claim(port: u16, code: &str) -> Result<Self> {
        let body = json!({"code": code}).to_string();
        let headers = [("Content-Type", "application/json")];
        let answer = ask(port, "POST", "/postern/v1/claim", &headers, body.as_bytes())?;
        let text = String::from_utf8_lossy(&answer.body);
        let told: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        let token = told["result"]["value"].as_str();
        let token =
            token.with_context(|| format!("the claim was answered {} {text}", answer.status))?;
        Ok(Self {
            port,
            token: token.to_owned(),
        })
    }

    /// Makes a dispatch namespace.
    pub fn namespace(&self, name: &str) -> Result<()> {
        let body = json!({"name": name}).to_string();
        let path = "workers/dispatch/namespaces";
        self.call("POST", path, "application/json", body.as_bytes())
            .map(drop)
    }

    /// Makes a KV namespace; its id.
    pub fn kv_namespace(&self, title: &str) -> Result<String> {
        let body = json!({"title": title}).to_string();
        let path = "storage/kv/namespaces";
        let answer = self.call("POST", path, "application/json", body.as_bytes())?;
        let id = answer["result"]["id"].as_str();
        id.map(str::to_owned).context("the KV namespace has no id")
    }

    /// Writes a value; when this returns, it was acknowledged.
    pub fn put(&self, namespace: &str, key: &str, value: &str) -> Result<()> {
        let path = format!("storage/kv/namespaces/{namespace}/values/{key}");
        self.call("PUT", &path, "text/plain", value.as_bytes())
            .map(drop)
    }

    /// Reads a value.
    pub fn get(&self, namespace: &str, key: &str) -> Result<Vec<u8>> {
        let authorization = format!("Bearer {}", self.token);
        let path =
            format!("/client/v4/accounts/edge/storage/kv/namespaces/{namespace}/values/{key}");
        let headers = [("Authorization", authorization.as_str())];
        let answer = ask(self.port, "GET", &path, &headers, &[])?;
        if answer.status != 200 {
            bail!("GET {path}: {}", answer.status);
        }
        Ok(answer.body)
    }

    /// How the machine is.
    pub fn status(&self) -> Result<Value> {
        self.told("status")
    }

    /// Bytes of the daemon's heap that are in RAM, beside those of Workers, caches and logs.
    pub fn heap(&self) -> Result<u64> {
        let ledger = self.told("ledger")?;
        let parts = |value: &Value| value["parts"].as_array().cloned().unwrap_or_default();
        let heap = parts(&ledger["device"])
            .iter()
            .flat_map(parts)
            .find(|part| {
                part["name"]
                    .as_str()
                    .is_some_and(|it| it.starts_with("heap"))
            })
            .and_then(|part| part["resident_bytes"].as_u64());
        heap.with_context(|| format!("the ledger has no heap: {ledger}"))
    }

    fn told(&self, what: &str) -> Result<Value> {
        let authorization = format!("Bearer {}", self.token);
        let headers = [("Authorization", authorization.as_str())];
        let path = format!("/postern/v1/{what}");
        let answer = ask(self.port, "GET", &path, &headers, &[])?;
        if answer.status != 200 {
            bail!("the {what} was answered {}", answer.status);
        }
        let mut told: Value = serde_json::from_slice(&answer.body)?;
        Ok(told["result"].take())
    }

    /// Pushes a wasm module as a user Worker.
    pub fn push(
        &self,
        namespace: &str,
        name: &str,
        wasm: &[u8],
        kv: Option<(&str, &str)>,
    ) -> Result<()> {
        self.push_module(namespace, name, ("main.wasm", "application/wasm"), wasm, kv)
    }

    /// Pushes a module, by its file name and content type, as a user Worker.
    pub fn push_module(
        &self,
        namespace: &str,
        name: &str,
        (file, file_kind): (&str, &str),
        module: &[u8],
        kv: Option<(&str, &str)>,
    ) -> Result<()> {
        let bindings: Vec<Value> = kv
            .map(|(name, id)| json!({"type": "kv_namespace", "name": name, "namespace_id": id}))
            .into_iter()
            .collect();
        let metadata = json!({
            "main_module": file,
            "compatibility_date": "2026-01-01",
            "compatibility_flags": ["nodejs_compat"],
            "bindings": bindings,
        })
        .to_string();
        let part = format!("name=\"{file}\"; filename=\"{file}\"");
        let boundary = "postern-boundary-of-parts";
        let mut body = Vec::new();
        for (disposition, kind, content) in [
            ("name=\"metadata\"", "application/json", metadata.as_bytes()),
            (&part, file_kind, module),
        ] {
            body.extend(
                format!(
                    "--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\
                     Content-Type: {kind}\r\n\r\n"
                )
                .bytes(),
            );
            body.extend(content);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{boundary}--\r\n").bytes());
        let path = format!("workers/dispatch/namespaces/{namespace}/scripts/{name}");
        let kind = format!("multipart/form-data; boundary={boundary}");
        self.call("PUT", &path, &kind, &body).map(drop)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn answers_are_read_whole_or_not_at_all() {
        let answer = parse(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").unwrap();
        assert_eq!((answer.status, answer.body), (200, b"hi".to_vec()));
        let chunked =
            b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n";
        assert_eq!(parse(chunked).unwrap().body, b"hi!");
        assert!(parse(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi").is_none());
        assert!(parse(&chunked[..chunked.len() - 9]).is_none());
        assert!(parse(b"HTTP/1.1 200").is_none());
    }
}
