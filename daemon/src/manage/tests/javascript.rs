//! Uploads of JavaScript in every dialect, and what is refused of them.

use super::*;

const MAIN: &str = "import './lib.js'; export default { fetch() {}, scheduled() {} }";
const MODULE: &str = "application/javascript+module";

/// A module's name, its type and its bytes.
type File = (&'static str, &'static str, &'static [u8]);

const FILES: [File; 4] = [
    ("index.js", MODULE, MAIN.as_bytes()),
    ("./lib.js", MODULE, b"export {}"),
    ("./0a1b-add.wasm", "application/wasm", WASM),
    ("./0a1b-note.txt", "text/plain", b"note"),
];

/// The same deployment in every dialect.
fn dialects() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let metadata = json!({
        "main_module": "index.js",
        "bindings": [{"type": "plain_text", "name": "A", "text": "1"}],
        "compatibility_date": "2026-01-01",
    });
    let files = |name: fn(&str) -> String| -> Vec<Part> {
        let parts = FILES
            .iter()
            .map(|(file, kind, bytes)| part(&name(file), *bytes).file(file).kind(kind));
        parts.collect()
    };
    let with = |first: Vec<Part>, files: Vec<Part>| form(&[first, files].concat());
    let fields = || {
        vec![
            part("metadata[main_module]", "index.js"),
            part("metadata[bindings][][type]", "plain_text"),
            part("metadata[bindings][][name]", "A"),
            part("metadata[bindings][][text]", "1"),
            part("metadata[compatibility_date]", "2026-01-01"),
        ]
    };
    let json_meta = || vec![meta(&metadata).kind("application/json")];
    let mut wrangler = files(str::to_owned);
    wrangler.push(part("index.js.map", "{}").kind("application/source-map"));
    vec![
        ("wrangler", FORM, with(vec![meta(&metadata)], wrangler)),
        ("curl", FORM, with(json_meta(), files(str::to_owned))),
        (
            "python",
            FORM,
            with(json_meta(), files(|_| "files".to_owned())),
        ),
        (
            "typescript 4",
            FORM,
            with(json_meta(), files(|_| "<any part name>[]".to_owned())),
        ),
        (
            "typescript 4, without brackets",
            FORM,
            with(json_meta(), files(|_| "<any part name>".to_owned())),
        ),
        (
            "typescript 6",
            FORM,
            with(
                vec![meta(&metadata).file("metadata")],
                files(|_| "files".to_owned()),
            ),
        ),
        (
            "typescript 7",
            "application/javascript",
            with(fields(), files(|_| "files[]".to_owned())),
        ),
        (
            "typescript 7, object",
            FORM,
            with(fields(), files(|name| format!("files[{name}]"))),
        ),
    ]
}

#[test]
fn every_dialect_says_the_same() {
    for (dialect, content_type, body) in dialects() {
        let desk = Desk::new();
        let got = desk.send("PUT", D, Some(content_type), &body);
        let json = got.json();
        assert_eq!(got.status, 200, "{dialect}: {json}");
        assert_eq!(json["result"]["handlers"], json!(["fetch", "scheduled"]));
        assert_eq!(json["result"]["has_modules"], true);
        let (_, script) = desk.manage.catalog.script("production", "a").unwrap();
        let stored: Vec<_> = script
            .modules
            .iter()
            .map(|module| (module.name.as_str(), module.content_type.as_str()))
            .collect();
        let sent: Vec<_> = FILES.iter().map(|(name, kind, _)| (*name, *kind)).collect();
        assert_eq!(stored, sent, "{dialect}");
        assert_eq!(script.settings.compatibility_date, "2026-01-01");
        let content = desk.send("GET", &format!("{D}/content"), None, b"");
        let text = String::from_utf8_lossy(&content.body).into_owned();
        assert!(text.contains(MAIN) && text.contains("add.wasm"), "{text}");
    }
}

#[test]
fn the_older_format_is_named_by_body_part_or_by_nothing() {
    let script = "addEventListener('fetch', () => {})";
    let in_form = form(&[
        meta(&json!({"body_part": "script"})),
        part("script", script).kind("application/javascript"),
    ]);
    for (content_type, body, has_modules) in [
        (FORM, in_form, false),
        ("application/javascript", script.as_bytes().to_vec(), false),
        (
            "text/javascript; charset=utf-8",
            MAIN.as_bytes().to_vec(),
            true,
        ),
        (MODULE, MAIN.as_bytes().to_vec(), true),
    ] {
        let desk = Desk::new();
        let got = desk.send("PUT", D, Some(content_type), &body);
        let json = got.json();
        assert_eq!(got.status, 200, "{json}");
        assert_eq!(json["result"]["has_modules"], has_modules, "{json}");
    }
}

#[test]
fn a_module_without_a_type_is_told_by_its_name() {
    let desk = Desk::new();
    for (parts, main) in [
        (
            vec![meta(&json!({})), part("worker.mjs", MAIN)],
            "worker.mjs",
        ),
        (
            vec![
                meta(&json!({})),
                part("a.js", MAIN).kind("application/octet-stream"),
                wasm("add.wasm"),
            ],
            "a.js",
        ),
    ] {
        let got = desk.send("PUT", D, Some(FORM), &form(&parts));
        let json = got.json();
        assert_eq!(got.status, 200, "{json}");
        assert_eq!(json["result"]["main_module"], main);
    }
}

#[test]
fn what_cannot_run_is_refused_with_the_fields_codes() {
    let desk = Desk::new();
    let main = |text: &str| part("i.js", text.to_owned()).kind(MODULE);
    let named = meta(&json!({"main_module": "i.js"}));
    let flagged = |flag: &str| meta(&json!({"main_module": "i.js", "compatibility_flags": [flag]}));
    for (parts, expected, told) in [
        (
            vec![named.clone(), main("throw new Error('x')")],
            10021,
            "Uncaught Error: thrown",
        ),
        (
            vec![named.clone(), main("export default {}")],
            10068,
            "No event handlers were registered",
        ),
        (
            vec![
                named.clone(),
                main(MAIN),
                part("x.py", "pass").kind("text/x-python"),
            ],
            10021,
            "'x.py' is Python",
        ),
        (
            vec![
                meta(&json!({"main_module": "t"})),
                part("t", "x").kind("text/plain"),
            ],
            10021,
            "neither JavaScript nor WebAssembly",
        ),
        (
            vec![flagged("no_such_flag"), main(MAIN)],
            10021,
            "No such compatibility flag: no_such_flag",
        ),
        (
            vec![
                meta(&json!({"main_module": "i.js", "compatibility_date": "2999-01-01"})),
                main(MAIN),
            ],
            10021,
            "Can't set compatibility date in the future",
        ),
        (
            vec![
                meta(&json!({})),
                main(MAIN),
                part("b.js", MAIN).kind(MODULE),
            ],
            10021,
            "names no main_module",
        ),
        (
            vec![named.clone(), main(MAIN), main(MAIN)],
            10026,
            "two modules are named",
        ),
    ] {
        let got = desk.send("PUT", D, Some(FORM), &form(&parts));
        let json = got.json();
        assert_eq!((got.status, code(&json)), (400, expected), "{json}");
        assert!(message(&json).contains(told), "{json}");
        desk.nothing_stored();
    }
    let large = vec![named, part("i.js", vec![b' '; (1 << 20) + 1]).kind(MODULE)];
    let got = desk.send("PUT", D, Some(FORM), &form(&large));
    assert_eq!((got.status, code(&got.json())), (413, 10027));
}
