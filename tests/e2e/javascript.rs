//! Workers in JavaScript, from the push to the answer.

use postern_e2e::api::script;
use postern_e2e::guests::hello;
use postern_e2e::{Daemon, Form, Setup, eventually};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

const MODULE: &str = "application/javascript+module";

/// Pushes a Worker of one module.
#[track_caller]
fn push(daemon: &Daemon, name: &str, source: &str, metadata: Value) -> Value {
    let form = form(source, metadata);
    daemon.api().form("PUT", &script(name), form).ok()
}

fn form(source: &str, mut metadata: Value) -> Form {
    metadata["main_module"] = json!("index.js");
    if metadata.get("compatibility_date").is_none() {
        metadata["compatibility_date"] = json!("2026-01-01");
    }
    Form::new()
        .metadata(&metadata)
        .part("index.js", Some("index.js"), Some(MODULE), source)
}

fn daemon() -> Daemon {
    let daemon = Daemon::plain();
    daemon.api().production();
    daemon
}

#[track_caller]
fn says(daemon: &Daemon, target: &str, text: &str) {
    assert_eq!(daemon.get(target).expect(200).text(), text);
}

const COUNTER: &str = "
    export default {
        async fetch(request, env) {
            const path = request.url.split('/').pop();
            const count = Number(await env.COUNTS.get(path) ?? 0) + 1;
            await env.COUNTS.put(path, String(count));
            return new Response(`${env.GREETING} ${path} ${count}`);
        },
    };
";

#[test]
fn a_worker_with_bindings_answers_and_survives_a_restart() {
    let mut daemon = daemon();
    let id = daemon.api().kv_namespace("counts");
    let metadata = json!({"bindings": [
        {"type": "kv_namespace", "name": "COUNTS", "namespace_id": id},
        {"type": "plain_text", "name": "GREETING", "text": "hello"},
    ]});
    let pushed = push(&daemon, "counter", COUNTER, metadata);
    assert_eq!(pushed["handlers"], json!(["fetch"]));
    says(&daemon, "/counter/a", "hello a 1");
    says(&daemon, "/counter/a", "hello a 2");
    daemon.kill9();
    daemon.start();
    says(&daemon, "/counter/a", "hello a 3");
    assert_eq!(daemon.api().kv_get(&id, "a").unwrap(), b"3");
}

#[test]
fn several_modules_of_several_kinds() {
    let daemon = daemon();
    let main = "import { up } from './lib/up.js'; import text from './a.txt';
        import data from './b.bin'; import json from './c.json'; import common from './d.js';
        export default { fetch: () => new Response(
            [up, text, data.byteLength, json.list[1], common.value].join(' ')) };";
    let form = Form::new()
        .metadata(&json!({"main_module": "index.js", "compatibility_date": "2026-01-01"}))
        .part("index.js", Some("index.js"), Some(MODULE), main)
        .part(
            "lib/up.js",
            Some("x"),
            Some(MODULE),
            "export const up = 'up';",
        )
        .part("./a.txt", Some("a.txt"), Some("text/plain"), "text")
        .part("b.bin", None, Some("application/octet-stream"), "12345")
        .part(
            "c.json",
            None,
            Some("application/json"),
            "{\"list\": [1, 2]}",
        )
        .part(
            "d.js",
            None,
            Some("application/javascript"),
            "exports.value = 7;",
        );
    daemon.api().form("PUT", &script("several"), form).ok();
    says(&daemon, "/several/", "up text 5 2 7");
}

#[test]
fn a_bare_body_is_a_worker() {
    let daemon = daemon();
    let api = daemon.api();
    let source = "export default { fetch: () => new Response('bare') };";
    let request = api
        .request("PUT", &script("bare"))
        .header("content-type", "application/javascript")
        .body(source);
    api.send(&request).ok();
    says(&daemon, "/bare/", "bare");
}

#[test]
fn a_push_that_fails_is_told_and_leaves_the_old_version() {
    let daemon = daemon();
    push(
        &daemon,
        "w",
        "export default { fetch: () => new Response('first') };",
        json!({}),
    );
    for (source, code, told) in [
        (
            "const a = 1;\nthrow new TypeError('at once');\nexport default {};",
            10021,
            "Uncaught TypeError: at once\n  at ",
        ),
        ("export default {", 10021, "Uncaught SyntaxError: "),
        (
            "import x from 'hono'; export default {};",
            10021,
            "No such module \"hono\"",
        ),
        (
            "for (;;) {}",
            10021,
            "Script startup exceeded CPU time limit",
        ),
        (
            "const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1));",
            10021,
            "Script startup exceeded memory limit",
        ),
        (
            "export default {};",
            10068,
            "No event handlers were registered",
        ),
    ] {
        let reply = daemon
            .api()
            .form("PUT", &script("w"), form(source, json!({})));
        let (status, got, message) = reply.refused();
        assert_eq!((status, got), (400, code), "{message}");
        assert!(message.contains(told), "{message}");
        says(&daemon, "/w/", "first");
    }
    let reply = daemon
        .api()
        .form("PUT", &script("w"), form("\n\n\nnowhere();", json!({})));
    let (_, _, message) = reply.refused();
    assert!(message.contains("index.js:4:"), "{message}");
    let flags = json!({"compatibility_flags": ["time_travel"]});
    let reply = daemon.api().form("PUT", &script("w"), form("", flags));
    let (_, code, message) = reply.refused();
    assert_eq!(code, 10021);
    assert_eq!(message, "No such compatibility flag: time_travel");
}

#[test]
fn a_secret_that_global_scope_reads_is_read_anew() {
    let daemon = daemon();
    let source = "import { env } from 'cloudflare:workers';
        const key = env.KEY ?? 'none';
        export default { fetch: () => new Response(key) };";
    push(&daemon, "keyed", source, json!({}));
    says(&daemon, "/keyed/", "none");
    let secret = json!({"name": "KEY", "text": "s3cret", "type": "secret_text"});
    let path = format!("{}/secrets", script("keyed"));
    daemon.api().json("PUT", &path, &secret).ok();
    says(&daemon, "/keyed/", "s3cret");
    daemon.api().delete(&format!("{path}/KEY")).ok();
    says(&daemon, "/keyed/", "none");
}

#[test]
fn a_new_version_takes_over() {
    let daemon = daemon();
    for version in ["one", "two", "three"] {
        let source =
            format!("export default {{ fetch: () => new Response('version {version}') }};");
        push(&daemon, "w", &source, json!({}));
        says(&daemon, "/w/", &format!("version {version}"));
    }
    daemon.api().delete(&script("w")).ok();
    daemon.get("/w/").expect(404);
}

#[test]
fn harm_ends_with_the_worker_that_does_it() {
    let daemon = Setup::new()
        .tables("[limits]\ncpu-ms = 50\nmemory-bytes = '8 MiB'\nwall-ms = 2000\n")
        .start();
    daemon.api().production();
    daemon.api().push("wasm", &hello("wasm"), &json!({}));
    let source = "
        const kept = [];
        const harm = {
            spin() { for (;;); },
            hoard() { for (;;) kept.push(new Uint8Array(65536).fill(1)); },
            strings() { let s = 'x'; for (;;) s += s; },
            throw() { throw new Error('thrown'); },
            recurse() { const f = () => f() + 1; return f(); },
            never() { return new Promise(() => {}); },
            well() { return new Response('well'); },
        };
        export default { fetch: (request) => harm[request.url.split('/').pop()]() };
    ";
    push(&daemon, "harm", source, json!({}));
    push(&daemon, "good", source, json!({}));
    for (path, status) in [
        ("spin", 503),
        ("hoard", 503),
        ("strings", 500),
        ("throw", 500),
        ("recurse", 500),
        ("never", 500),
    ] {
        let got = daemon.get(&format!("/harm/{path}"));
        assert_eq!(got.status, status, "{path}: {}", got.text());
        says(&daemon, "/good/well", "well");
        says(&daemon, "/wasm/", "wasm");
        eventually("the Worker answers again", || {
            (daemon.get("/harm/well").status == 200).then_some(())
        });
    }
}

#[test]
fn the_command_line_pushes_a_file_and_a_folder() {
    let daemon = daemon();
    let write = |name: &str, text: &str| {
        let path = daemon.dir().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "greeter.js",
        "export default { fetch: (_, env) => new Response(env.GREETING) };",
    );
    let ran = daemon
        .cli(&["push", "greeter.js", "--var", "GREETING=hi"])
        .expect(0);
    assert!(ran.text().contains("pushed greeter ("), "{}", ran.text());
    assert!(ran.stderr.contains("compatibility date"), "{}", ran.stderr);
    says(&daemon, "/greeter/", "hi");

    write(
        "shop/wrangler.toml",
        "name = 'shop'\nmain = 'src/index.js'\ncompatibility_date = 2026-01-01\n\
         [vars]\nNAME = 'the shop'\n\
         [[rules]]\ntype = 'Text'\nglobs = ['**/*.md']\n",
    );
    write(
        "shop/src/index.js",
        "import page from '../pages/a.md'; import { greet } from './greet.js';
         export default { fetch: (_, env) => new Response(greet(env.NAME) + page) };",
    );
    write(
        "shop/src/greet.js",
        "export const greet = (name) => `${name}: `;",
    );
    write("shop/pages/a.md", "# a page");
    let ran = daemon.cli(&["push", "shop"]).expect(0);
    assert_eq!(ran.stderr, "");
    says(&daemon, "/shop/", "the shop: # a page");

    write("broken.js", "export default { fetch() {} };\nnowhere();");
    let ran = daemon.cli(&["push", "broken.js", "--compatibility-date", "2026-01-01"]);
    assert_ne!(ran.code, 0);
    assert!(
        ran.stderr.contains("nowhere is not defined"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("broken.js:2:"), "{}", ran.stderr);
}

#[test]
fn many_workers_share_one_engine() {
    let daemon = Setup::new()
        .tables("[engine]\nisolate-idle-ms = 8000")
        .start();
    daemon.api().production();
    for number in 0..20 {
        let source = format!("export default {{ fetch: () => new Response('{number}') }};");
        push(&daemon, &format!("w{number}"), &source, json!({}));
    }
    let before = daemon.rss();
    for number in 0..20 {
        says(&daemon, &format!("/w{number}/"), &number.to_string());
    }
    // The pages of the base that each looked at are mapped, some 1.5 MB each, until it rests; a
    // translated engine each would be more than twice as much.
    let grown = daemon.rss().saturating_sub(before);
    eprintln!("{grown} bytes for 20 Workers");
    assert!(grown < 45 << 20, "{grown} bytes for 20 Workers");
    let grown = eventually("they let go of what they share", || {
        let grown = daemon.rss().saturating_sub(before);
        (grown < 16 << 20).then_some(grown)
    });
    eprintln!("{grown} bytes for 20 Workers at rest");
}

#[test]
fn keys_of_maps_are_found_whatever_they_are_and_however_many() {
    let daemon = daemon();
    let source = "export default { fetch() {
        const map = new Map();
        const set = new Set();
        for (let i = 0; i < 20000; i++) {
            map.set(i, i);
            set.add(BigInt(i));
        }
        let sum = 0;
        for (let i = 0; i < 20000; i++) if (set.has(BigInt(i))) sum += map.get(i);
        return new Response(`${sum}`);
    } }";
    let limits = json!({ "limits": { "cpu_ms": 2000 } });
    push(&daemon, "maps", source, limits);
    says(&daemon, "/maps/", "199990000");
}

#[test]
fn an_answer_is_put_in_brotli_and_taken_out_of_it() {
    let daemon = daemon();
    let answers = "import zlib from 'node:zlib';
    const text = 'so much text '.repeat(1000);
    const headers = { 'content-encoding': 'br' };
    export default { fetch(request) {
        switch (new URL(request.url).pathname.split('/').pop()) {
            case 'automatic': return new Response(text, { headers });
            case 'manual': return new Response(zlib.brotliCompressSync(text), { headers, encodeBody: 'manual' });
        }
    } }";
    let asks = "import zlib from 'node:zlib';
    export default { async fetch(request, env) {
        const told = [];
        for (const way of ['automatic', 'manual']) {
            const response = await env.ANSWERS.fetch('http://answers/' + way);
            const text = await response.text();
            told.push(response.headers.get('content-encoding'), response.headers.get('content-length'), text.length, text.slice(0, 8));
        }
        return Response.json(told);
    } }";
    let flags = json!({ "compatibility_flags": ["nodejs_compat"] });
    push(&daemon, "answers", answers, flags.clone());
    let mut metadata = flags;
    metadata["bindings"] = json!([{ "type": "service", "name": "ANSWERS", "service": "answers" }]);
    push(&daemon, "asks", asks, metadata);
    let told = daemon.get("/asks/").expect(200).json();
    let length = told[5].clone();
    assert_eq!(
        told,
        json!([
            "br", null, 13000, "so much ", "br", length, 13000, "so much "
        ])
    );
    let bytes = daemon.get("/answers/automatic").expect(200).body.len();
    assert!(bytes < 200, "{bytes}");
}

#[test]
fn what_is_compressed_while_a_module_loads_is_there() {
    let daemon = daemon();
    let source = "
        import { gzipSync, gunzipSync } from 'node:zlib';
        import * as readline from 'node:readline/promises';
        const packed = gzipSync('packed when it was loaded');
        export default {
            fetch() {
                const now = gzipSync('now');
                return new Response(`${gunzipSync(packed)} ${gunzipSync(now)} ${typeof readline.createInterface}`);
            },
        };";
    let metadata =
        json!({"compatibility_date": "2026-04-01", "compatibility_flags": ["nodejs_compat"]});
    push(&daemon, "packs", source, metadata);
    says(&daemon, "/packs", "packed when it was loaded now function");
    says(&daemon, "/packs", "packed when it was loaded now function");
}

#[test]
fn the_status_line_has_a_workers_own_words() {
    let daemon = daemon();
    let source = "
        export default {
            async fetch(request, env) {
                const { pathname } = new URL(request.url);
                if (pathname.endsWith('asks')) {
                    const { status, statusText } = await env.SELF.fetch('https://self/own');
                    return new Response(`${status} ${statusText}`);
                }
                if (pathname.endsWith('own')) return new Response('', { status: 418, statusText: 'Short and stout' });
                return new Response('', { status: Number(pathname.split('/').pop()) });
            },
        };";
    push(&daemon, "words", source, json!({}));
    let bound = [json!({"type": "service", "name": "SELF", "service": "words"})];
    push(&daemon, "words", source, json!({"bindings": bound}));
    let line = |path: &str| {
        let mut stream = TcpStream::connect(daemon.edge()).unwrap();
        let request =
            format!("GET /words/{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().next().unwrap().to_owned()
    };
    assert_eq!(line("own"), "HTTP/1.1 418 Short and stout");
    says(&daemon, "/words/asks", "418 Short and stout");
    assert_eq!(line("404"), "HTTP/1.1 404 Not Found");
    // What has no words has those of its kind.
    assert_eq!(line("299"), "HTTP/1.1 299 Successful");
    assert_eq!(line("499"), "HTTP/1.1 499 Client Error");
    // Which the field says otherwise than registries.
    assert_eq!(line("203"), "HTTP/1.1 203 Non-Authoritative Information");
    assert_eq!(line("425"), "HTTP/1.1 425 Client Error");
}

#[test]
fn a_common_js_module_knows_where_it_is_and_requires_others() {
    let daemon = daemon();
    let main =
        "import told from './lib/told.cjs'; export default { fetch: () => Response.json(told) };";
    let told = "const said = (f) => { try { return f(); } catch (error) { return `${error.name}: ${error.message}`; } };
        module.exports = [__filename, __dirname, module.path, require.name,
            said(() => require('./value.cjs').value), said(() => typeof require('../named.js')),
            said(() => require('../both.js')), said(() => require('./nope.cjs')), said(() => require()),
            said(() => require('./5')), said(() => require('../c.json').list[0]),
            said(() => require('../waits.js')), said(() => require('../beside.js')),
            said(() => require('../throws.js')), said(() => require('../throws.js')), said(() => require('../index.js'))];";
    let common = Some("application/javascript");
    let module = Some(MODULE);
    let form = Form::new()
        .metadata(&json!({"main_module": "index.js", "compatibility_date": "2026-01-01"}))
        .part("index.js", Some("index.js"), Some(MODULE), main)
        .part("lib/told.cjs", None, common, told)
        .part("lib/value.cjs", None, common, "exports.value = 7;")
        .part("named.js", None, Some(MODULE), "export const named = 1;")
        .part(
            "both.js",
            None,
            Some(MODULE),
            "export default 5; const other = 6; export { other as 'module.exports' };",
        )
        .part(
            "c.json",
            None,
            Some("application/json"),
            "{\"list\": [1, 2]}",
        )
        .part(
            "waits.js",
            None,
            module,
            "export default await Promise.resolve(5);",
        )
        .part(
            "beside.js",
            None,
            module,
            "import waits from './waits.js'; export default waits;",
        )
        .part(
            "throws.js",
            None,
            module,
            "throw new RangeError('at start');",
        );
    daemon.api().form("PUT", &script("common"), form).ok();
    assert_eq!(
        daemon.get("/common/").expect(200).json(),
        json!([
            "/lib/told.cjs",
            "/lib",
            "/lib/told.cjs",
            "require",
            7,
            "undefined",
            6,
            "Error: No such module \"lib/nope.cjs\".",
            "TypeError: Failed to execute 'require' on 'CommonJsModuleContext': parameter 1 is not of type 'string'.",
            "Error: No such module \"lib/5\".",
            1,
            "Error: Top-level await in module is not permitted at this time.",
            "Error: Top-level await in module is not permitted at this time.",
            "RangeError: at start",
            "RangeError: at start",
            "ReferenceError: Cannot access 'default' before initialization",
        ])
    );
    let main = "import told from './told.cjs'; export default { fetch: () => new Response(told) };";
    let told = "try { module.exports = require('./waits.js'); } catch (error) { module.exports = error.message; }";
    let form = Form::new()
        .metadata(&json!({"main_module": "index.js", "compatibility_date": "2024-01-01"}))
        .part("index.js", Some("index.js"), module, main)
        .part("told.cjs", None, common, told)
        .part("waits.js", None, module, "export default await 5;");
    daemon.api().form("PUT", &script("older"), form).ok();
    let older = daemon.get("/older/").expect(200);
    assert_eq!(older.text(), "Top-level await in module is unsettled.");
}

/// Start-up has as much time as its fuel takes: Node's largest modules are compiled on the slowest board.
#[test]
fn a_large_bundle_starts_where_a_small_one_may_not_spin() {
    let daemon = Setup::new().start();
    daemon.api().production();
    // Compiling it takes more than what start-up has beside.
    let functions = (0..33_000).map(|n| {
        format!("export function f{n}(a) {{ return a ? [f{n}(a - 1), \"{n}\"] : {{ n: {n} }}; }}\n")
    });
    let answer = "export default { fetch: () => new Response(f32999(0).n) };";
    let source = functions.collect::<String>() + answer;
    push(&daemon, "large", &source, json!({}));
    says(&daemon, "/large/", "32999");
    let refused = daemon
        .api()
        .form("PUT", &script("spin"), form("for (;;);", json!({})));
    let (status, code, told) = refused.refused();
    assert_eq!((status, code), (400, 10021), "{told}");
    assert!(told.contains("more than 1000 ms of CPU"), "{told}");
}

#[test]
fn what_imports_much_of_node_starts_on_the_smallest_board() {
    let source = "
        import crypto from 'node:crypto';
        import { Readable } from 'node:stream';
        import zlib from 'node:zlib';
        export default {
            async fetch() {
                const parts = await Readable.from(['a', 'b']).toArray();
                const text = zlib.gunzipSync(zlib.gzipSync(parts.join(''))).toString();
                return new Response(text + crypto.createHash('sha256').update(text).digest('hex').slice(0, 8));
            },
        };
    ";
    for board in ["lichee-pi-zero", "stm32mp157"] {
        let daemon = Setup::new().board(board).start();
        daemon.api().production();
        push(
            &daemon,
            "node",
            source,
            json!({"compatibility_flags": ["nodejs_compat"]}),
        );
        says(&daemon, "/node/", "abfb8e20fc");
    }
}

#[test]
fn as_many_timers_run_at_a_time_as_the_field_has() {
    let daemon = daemon();
    let source = "
        export default {
            async fetch() {
                let rung = 0;
                const waits = [];
                const wait = (resolve) => setTimeout(() => resolve(rung++), waits.length % 20);
                for (let i = 0; i < 10000; i++) waits.push(new Promise(wait));
                let refused;
                try { setTimeout(() => {}, 1); } catch (error) { refused = error.name; }
                await Promise.all(waits);
                return new Response(`${rung} ${refused}`);
            },
        };
    ";
    push(
        &daemon,
        "timers",
        source,
        json!({"limits": {"cpu_ms": 30_000}}),
    );
    says(&daemon, "/timers/", "10000 QuotaExceededError");
}
