//! The Nth draw on the ledger is refused, for every N until a whole scenario passes without one: nothing panics, what
//! fails says why, nothing that was acknowledged is lost, and all that was taken comes back.

use postern_e2e::api::script;
use postern_e2e::guests::hello;
use postern_e2e::{Daemon, Form, Request, Response, Setup, eventually};
use serde_json::{Value, json};

/// Names the file that a debug build of the daemon reads before each draw.
const VARIABLE: &str = "POSTERN_LEDGER_REFUSES";
/// More draws than the scenario has.
const DRAWS_MAX: u64 = 400;
/// What Workers are told there is not enough of.
const WANTING: [&str; 2] = ["memory", "too many compression streams at once"];
const MODULE: &str = "application/javascript+module";

/// Reads its body through streams, computes with a growing memory, keeps, remembers, logs, and loads another Worker.
const SOURCE: &str = r#"
const told = [];
export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    console.log("asked for", url.pathname);
    if (url.pathname === "/kept") return new Response(await env.KV.get("kept"));
    const squeezed = request.body.pipeThrough(new CompressionStream("gzip"));
    const body = await new Response(squeezed.pipeThrough(new DecompressionStream("gzip"))).text();
    await env.KV.put("kept", body.slice(0, 10));
    const grown = Array.from({ length: 40 }, (_, at) => "x".repeat(20_000) + at);
    told.push(grown.length);
    const key = "https://cache.example/" + body.length;
    const cache = await caches.open("own");
    await cache.put(key, new Response("cached", { headers: { "cache-control": "max-age=60" } }));
    const cached = await (await cache.match(key)).text();
    const code = { compatibilityDate: "2026-01-01", mainModule: "a.js", modules: { "a.js": "export default { fetch: () => new Response('loaded') }" } };
    const loaded = await (await env.LOADER.get("one", () => code).getEntrypoint().fetch("http://x/")).text();
    ctx.waitUntil(env.KV.put("later", "later"));
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    ctx.waitUntil((async () => {
      for (const part of [cached, " ", loaded, " ", body.slice(0, 4), " ", String(body.length)]) await writer.write(new TextEncoder().encode(part));
      await writer.close();
    })());
    return new Response(readable);
  },
};
"#;

/// A daemon whose draws are refused as the test says.
struct Refusing {
    daemon: Daemon,
    kv: String,
    round: u64,
}

impl Refusing {
    fn start() -> Self {
        let mut daemon = Setup::new().tables("[loader]\nworkers = 4").prepare();
        let mut it = Self {
            kv: String::new(),
            round: 0,
            daemon: {
                Self::begin(&mut daemon);
                daemon
            },
        };
        it.daemon.api().production();
        it.kv = it.daemon.api().kv_namespace("kept");
        it
    }

    fn begin(daemon: &mut Daemon) {
        let file = daemon.data_dir().join("refuses");
        daemon.start_by(|mut command| {
            command.env(VARIABLE, file);
            command
        });
    }

    /// Has these draws refused from now on.
    fn refuse(&mut self, first: u64, last: u64) {
        self.round += 1;
        let file = self.daemon.data_dir().join("refuses");
        let fresh = file.with_extension("new");
        std::fs::write(&fresh, format!("{} {first} {last}", self.round)).unwrap();
        std::fs::rename(&fresh, &file).unwrap();
    }

    /// Whether any was refused in this round, and of what.
    fn refused(&self) -> Option<String> {
        let file = self.daemon.data_dir().join("refuses.refused");
        let all = std::fs::read_to_string(file).unwrap_or_default();
        let begin = format!("{} ", self.round);
        let mut lines = all.lines().filter(|line| line.starts_with(&begin));
        lines.next().map(str::to_owned)
    }

    /// Whether this is another build, which refuses nothing for a test.
    fn is_release(&self) -> bool {
        let is_release = self.refused().is_none();
        let is_debug = Daemon::binary()
            .components()
            .any(|it| it.as_os_str() == "debug");
        assert!(!is_release || !is_debug, "nothing was refused");
        is_release
    }

    fn push(&self) -> Result<(), String> {
        let metadata = json!({
            "main_module": "index.js", "compatibility_date": "2026-01-01",
            "bindings": [
                {"type": "kv_namespace", "name": "KV", "namespace_id": self.kv},
                {"type": "worker_loader", "name": "LOADER"},
            ],
        });
        let form = Form::new().metadata(&metadata).part(
            "index.js",
            Some("index.js"),
            Some(MODULE),
            SOURCE,
        );
        let api = self.daemon.api();
        let replies = [
            api.form("PUT", &script("js"), form),
            api.try_push("wasm", &hello("hello"), &json!({})),
        ];
        for reply in replies {
            if reply.status >= 400 {
                let (status, _, message) = reply.refused();
                return Err(format!("{status} {message}"));
            }
        }
        Ok(())
    }

    /// What clients see of both Workers; the answer if it is not what it is without refusals.
    fn ask(&self) -> Vec<(&'static str, Result<(), Response>)> {
        let is = |response: Response, text: &str| match response.status == 200
            && response.text() == text
        {
            true => Ok(()),
            false => Err(response),
        };
        let body = "0123456789".repeat(5_000);
        vec![
            ("wasm", is(self.daemon.get("/wasm/"), "hello")),
            (
                "js",
                is(
                    self.daemon.send(&Request::post("/js/", body)),
                    "cached loaded 0123 50000",
                ),
            ),
            ("js again", is(self.daemon.get("/js/kept"), "0123456789")),
        ]
    }

    fn delete(&self) {
        for name in ["js", "wasm"] {
            let reply = self.daemon.api().delete(&script(name));
            assert!([200, 404].contains(&reply.status), "{name}");
        }
    }

    /// Bytes of everybody on the ledger that Workers have, and of uploads.
    fn taken(&self) -> Value {
        let told = self.daemon.api().get("/postern/v1/ledger").ok();
        let planes = told["device"]["parts"].as_array().unwrap().clone();
        let of = |name: &str| {
            let plane = planes.iter().find(|it| it["name"] == name);
            plane.map_or(json!(0), |it| it["granted_bytes"].clone())
        };
        json!([of("Workers"), of("management, uploads"), of("JavaScript")])
    }

    /// All that was pushed goes, and what it took comes back.
    fn clean(&self, taken: &Value, case: &str) {
        self.delete();
        eventually(&format!("{case}: {taken} is taken again"), || {
            (self.taken() == *taken).then_some(())
        });
    }
}

/// Whether an answer says that there was no memory, or the log does of what a Worker threw for want of it.
fn is_clear(it: &Refusing, response: &Response) -> bool {
    if response.status == 503 {
        let limit = response.header("postern-limit").unwrap_or_default();
        return limit.starts_with("budgets.tenant-memory;")
            && response.text().contains("no memory");
    }
    let logs = format!("{}/logs?limit=3", script("js"));
    let told = it.daemon.api().request("GET", &logs);
    let told = it.daemon.api().raw(&told).unwrap();
    response.status == 500 && WANTING.iter().any(|it| told.text().contains(it))
}

#[test]
fn whichever_draw_is_refused_nothing_is_lost_and_nothing_stays() {
    let mut it = Refusing::start();
    it.push().unwrap();
    for (what, told) in it.ask() {
        told.unwrap_or_else(|told| panic!("{what}: {told:?}"));
    }
    it.delete();
    let taken = it.taken();
    it.refuse(1, 1);
    it.push().unwrap();
    it.ask();
    if it.is_release() {
        return;
    }
    it.clean(&taken, "first");
    for lasting in [false, true] {
        let mut passed = false;
        for number in 1..=DRAWS_MAX {
            let case = format!(
                "draw {number}{}",
                if lasting { " and all after it" } else { "" }
            );
            it.refuse(number, if lasting { u64::MAX } else { number });
            it.daemon
                .api()
                .kv_put(&it.kv, "acknowledged", case.as_bytes());
            let pushed = it.push();
            let answers = match &pushed {
                Ok(()) => it.ask(),
                Err(_) => Vec::new(),
            };
            let refused = it.refused();
            // Nothing is refused any more, so all works again, whatever was left.
            it.refuse(0, 0);
            for (what, told) in &answers {
                if let Err(told) = told {
                    assert!(
                        refused.is_some() && is_clear(&it, told),
                        "{case}: {what}: {told:?}"
                    );
                }
            }
            if let Err(message) = &pushed {
                assert!(
                    refused.is_some() && message.contains("memory"),
                    "{case}: {message}"
                );
                it.push()
                    .unwrap_or_else(|message| panic!("{case}, again: {message}"));
            }
            for (what, told) in it.ask() {
                told.unwrap_or_else(|told| panic!("{case}, afterwards: {what}: {told:?}"));
            }
            let kept = it.daemon.api().kv_get(&it.kv, "acknowledged");
            assert_eq!(kept.as_deref(), Some(case.as_bytes()));
            it.clean(&taken, &case);
            if refused.is_none() {
                passed = true;
                break;
            }
        }
        assert!(passed, "the scenario has more than {DRAWS_MAX} draws");
    }
    let log = it.daemon.log();
    assert!(!log.contains("panic"), "{log}");
    it.daemon.terminate();
}

#[test]
fn a_start_and_a_stop_without_memory_lose_nothing() {
    let mut it = Refusing::start();
    it.push().unwrap();
    it.refuse(1, u64::MAX);
    let refused = it.ask();
    if it.is_release() {
        return;
    }
    assert!(refused.iter().any(|(_, told)| told.is_err()));
    // It stops as always while nothing can be had, and starts.
    it.daemon.terminate();
    for number in [1, 2, 3, 5, 8] {
        for last in [number, u64::MAX] {
            it.refuse(number, last);
            Refusing::begin(&mut it.daemon);
            it.ask();
            it.daemon.terminate();
        }
    }
    it.refuse(0, 0);
    Refusing::begin(&mut it.daemon);
    for (what, told) in it.ask() {
        told.unwrap_or_else(|told| panic!("{what}: {told:?}"));
    }
    assert_eq!(
        it.daemon.api().kv_get(&it.kv, "kept").as_deref(),
        Some(&b"0123456789"[..])
    );
    let later = it.daemon.api().kv_get(&it.kv, "later");
    assert_eq!(later.as_deref(), Some(&b"later"[..]));
    assert!(!it.daemon.log().contains("panic"), "{}", it.daemon.log());
}
