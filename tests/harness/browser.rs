//! A headless Chromium, told what to do over its DevTools protocol.

use crate::socket::Socket;
use crate::wait::eventually;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Names that it goes by.
const NAMES: [&str; 5] = [
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "chrome",
];

/// A browser with one page. Dropping it ends it.
pub struct Browser {
    child: Child,
    socket: Socket,
    number: u64,
    _dir: tempfile::TempDir,
}

/// The program: the variable `POSTERN_CHROMIUM`, or one in the search path.
pub fn program() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("POSTERN_CHROMIUM") {
        return Some(path.into());
    }
    let path = std::env::var_os("PATH")?;
    let folders = std::env::split_paths(&path);
    let mut all = folders.flat_map(|folder| NAMES.map(|name| folder.join(name)));
    all.find(|path| path.is_file())
}

impl Browser {
    /// Starts it with a window of this size and an empty page.
    #[track_caller]
    pub fn start(program: &std::path::Path, (width, height): (u32, u32)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let child = Command::new(program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--force-color-profile=srgb",
                "--remote-debugging-port=0",
                "--remote-allow-origins=*",
            ])
            .arg(format!("--window-size={width},{height}"))
            .arg(format!("--user-data-dir={}", dir.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let port: u16 = eventually("the browser listens", || {
            let told = std::fs::read_to_string(dir.path().join("DevToolsActivePort")).ok()?;
            told.lines().next()?.parse().ok()
        });
        let to = SocketAddr::from(([127, 0, 0, 1], port));
        let page = eventually("the browser has a page", || {
            let told = crate::Request::get("/json/list").send(to).ok()?.json();
            let pages = told.as_array()?.iter();
            pages
                .filter(|it| it["type"] == "page")
                .find_map(|it| it["webSocketDebuggerUrl"].as_str().map(str::to_owned))
        });
        let target = format!("/{}", page.splitn(4, '/').nth(3).unwrap());
        let mut browser = Self {
            child,
            socket: Socket::open(to, &target).unwrap(),
            number: 0,
            _dir: dir,
        };
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.call(domain, &json!({}));
        }
        browser
    }

    /// Calls a method, and gives its result.
    #[track_caller]
    pub fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.number += 1;
        let call = json!({"id": self.number, "method": method, "params": parameters});
        self.socket.send(0x81, call.to_string().as_bytes()).unwrap();
        loop {
            let told: Value = serde_json::from_str(&self.socket.text()).unwrap();
            if told["id"] == self.number {
                assert!(told["error"].is_null(), "{method}: {told}");
                return told["result"].clone();
            }
            // What a page complains about is a failure: its policy above all.
            assert_ne!(told["params"]["entry"]["source"], "security", "{told}");
            assert_ne!(told["method"], "Runtime.exceptionThrown", "{told}");
        }
    }

    /// Opens an address.
    #[track_caller]
    pub fn open(&mut self, url: &str) {
        self.call("Page.navigate", &json!({ "url": url }));
    }

    /// What an expression gives.
    #[track_caller]
    pub fn eval(&mut self, expression: &str) -> Value {
        let told = self.call(
            "Runtime.evaluate",
            &json!({"expression": expression, "awaitPromise": true, "returnByValue": true}),
        );
        assert!(told["exceptionDetails"].is_null(), "{expression}: {told}");
        told["result"]["value"].clone()
    }

    /// Waits until an expression gives true.
    #[track_caller]
    pub fn wait(&mut self, expression: &str) {
        eventually(expression, || (self.eval(expression) == true).then_some(()));
    }

    /// Presses keys, as a keyboard does: texts, or the names of keys in angle brackets.
    #[track_caller]
    pub fn press(&mut self, keys: &[&str]) {
        for key in keys {
            let (name, code, text) = match *key {
                "<Tab>" => ("Tab", 9, ""),
                "<Enter>" => ("Enter", 13, "\r"),
                "<Space>" => (" ", 32, " "),
                "<Left>" => ("ArrowLeft", 37, ""),
                "<Right>" => ("ArrowRight", 39, ""),
                "<Home>" => ("Home", 36, ""),
                text => {
                    self.call("Input.insertText", &json!({ "text": text }));
                    continue;
                }
            };
            let mut event = json!({
                "type": if text.is_empty() { "rawKeyDown" } else { "keyDown" },
                "key": name, "code": name, "windowsVirtualKeyCode": code, "text": text,
            });
            self.call("Input.dispatchKeyEvent", &event);
            event["type"] = "keyUp".into();
            event["text"] = "".into();
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    /// A picture of the whole page, as PNG.
    #[track_caller]
    pub fn screenshot(&mut self) -> Vec<u8> {
        let told = self.call(
            "Page.captureScreenshot",
            &json!({"format": "png", "captureBeyondViewport": true}),
        );
        STANDARD.decode(told["data"].as_str().unwrap()).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
