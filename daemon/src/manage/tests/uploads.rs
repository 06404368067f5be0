//! Uploads in every dialect, and bad ones.

use super::*;

/// The same deployment in every dialect: what is stored must not differ.
fn dialects() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let metadata = json!({
        "main_module": "main.wasm",
        "bindings": [{"type": "plain_text", "name": "A", "text": "1"}],
        "tags": ["t", "u"],
        "limits": {"cpu_ms": 20},
    });
    let fields = || {
        vec![
            part("metadata[main_module]", "main.wasm"),
            part("metadata[bindings][][type]", "plain_text"),
            part("metadata[bindings][][name]", "A"),
            part("metadata[bindings][][text]", "1"),
            part("metadata[tags][]", "t"),
            part("metadata[tags][]", "u"),
            part("metadata[limits][cpu_ms]", "20"),
        ]
    };
    let with = |mut parts: Vec<Part>, part: Part| {
        parts.push(part);
        form(&parts)
    };
    let module = || part("main.wasm", WASM);
    let files = |name: &str| part(name, WASM).file("main.wasm");
    let json_meta = || meta(&metadata).kind("application/json");
    vec![
        (
            "wrangler",
            FORM,
            form(&[meta(&metadata), wasm("main.wasm")]),
        ),
        (
            "curl",
            FORM,
            form(&[
                json_meta(),
                module().file("local.wasm").kind("application/wasm"),
            ]),
        ),
        (
            "curl, untyped",
            FORM,
            form(&[json_meta(), module().kind("application/octet-stream")]),
        ),
        (
            "module first",
            FORM,
            form(&[wasm("main.wasm"), meta(&metadata)]),
        ),
        (
            "python",
            FORM,
            form(&[json_meta(), files("files").kind("application/wasm")]),
        ),
        (
            "python content",
            FORM,
            form(&[json_meta(), files("files[]").kind("application/wasm")]),
        ),
        (
            "typescript 6",
            FORM,
            form(&[
                json_meta().file("metadata"),
                files("files").kind("application/wasm"),
            ]),
        ),
        (
            "typescript 7",
            FORM,
            with(fields(), files("files[]").kind("application/wasm")),
        ),
        (
            "typescript 7, object",
            FORM,
            with(fields(), files("files[main.wasm]")),
        ),
        (
            "typescript 7, no boundary",
            "application/javascript",
            with(fields(), files("files[]")),
        ),
        (
            "python 4",
            FORM,
            form(&[
                part("metadata.main_module", "main.wasm"),
                part("metadata.bindings[].type", "plain_text"),
                part("metadata.bindings[].name", "A"),
                part("metadata.bindings[].text", "1"),
                part("metadata.tags[]", "t"),
                part("metadata.tags[]", "u"),
                part("metadata.limits.cpu_ms", "20"),
                module().file("main.wasm").kind("application/wasm"),
            ]),
        ),
        (
            "quoted boundary",
            "Multipart/Form-Data; charset=x; boundary=\"frontier\"",
            form(&[meta(&metadata), wasm("main.wasm")]),
        ),
    ]
}

#[test]
fn numbers_in_bindings_may_be_text() {
    let desk = Desk::new();
    let fields = form(&[
        part("metadata[main_module]", "main.wasm"),
        part("metadata[bindings][][type]", "ratelimit"),
        part("metadata[bindings][][name]", "R"),
        part("metadata[bindings][][namespace_id]", "1001"),
        part("metadata[bindings][][simple][limit]", "2"),
        part("metadata[bindings][][simple][period]", "60"),
        wasm("main.wasm"),
    ]);
    let got = desk.send("PUT", D, Some(FORM), &fields);
    assert_eq!(got.status, 200, "{}", got.json());
    let (_, script) = desk.manage.catalog.script("production", "a").unwrap();
    let shown = script.settings.bindings[0].shown();
    assert_eq!(shown["simple"], json!({"limit": 2, "period": 60}));
}

#[test]
fn a_module_may_be_called_as_the_metadata_with_an_ending() {
    let parts = form(&[
        part("metadata.main_module", "metadata.js"),
        part("metadata.js", "export default 1;"),
        part("metadata.txt", "text").file("metadata.txt"),
    ]);
    let body = Payload::whole(parts);
    let upload = crate::manage::upload::read(Some(FORM), body, "metadata", 1 << 20);
    let upload = block_on(upload).unwrap();
    assert_eq!(upload.metadata, Some(json!({"main_module": "metadata.js"})));
    let names: Vec<_> = upload.modules.iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["metadata.js", "metadata.txt"]);
}

#[test]
fn every_dialect_says_the_same() {
    for (dialect, content_type, body) in dialects() {
        let desk = Desk::new();
        let got = desk.send("PUT", D, Some(content_type), &body);
        assert_eq!(got.status, 200, "{dialect}: {}", got.json());
        let (_, script) = desk.manage.catalog.script("production", "a").unwrap();
        assert_eq!(script.main_module, "main.wasm", "{dialect}");
        assert_eq!(script.settings.tags, ["t", "u"], "{dialect}");
        assert_eq!(script.settings.limits.cpu_ms, Some(20), "{dialect}");
        assert_eq!(
            script.settings.bindings[0].shown()["text"],
            "1",
            "{dialect}"
        );
        assert_eq!(script.modules[0].len, WASM.len() as u64, "{dialect}");
    }
}

#[test]
fn a_bare_wasm_body_is_a_worker() {
    let desk = Desk::new();
    for content_type in [
        Some("application/wasm"),
        Some("application/octet-stream"),
        None,
    ] {
        let got = desk.send("PUT", D, content_type, WASM);
        assert_eq!(got.status, 200, "{}", got.json());
    }
}

#[test]
fn lines_of_a_form_may_end_without_a_carriage_return() {
    let desk = Desk::new();
    let metadata = r#"{"main_module": "main.js"}"#;
    let script = "export default {\n\tfetch() {}\n};\r\n";
    let form = format!(
        "--x\nContent-Disposition: form-data; name=\"metadata\"\n\n{metadata}\n--x\n\
         Content-Disposition: form-data; name=\"main.js\"; filename=\"main.js\"\n\
         Content-Type: application/javascript+module\n\n{script}\n--x--\n"
    );
    let got = desk.send(
        "PUT",
        D,
        Some("multipart/form-data; boundary=x"),
        form.as_bytes(),
    );
    assert_eq!(got.status, 200, "{}", got.json());
    let (_, kept) = desk.manage.catalog.script("production", "a").unwrap();
    assert_eq!(kept.modules[0].len, script.len() as u64);
}

#[test]
fn source_maps_without_room_are_read_past() {
    let desk = Desk::new();
    let metadata = json!({"main_module": "main.wasm"});
    let map =
        |name: &str, bytes: usize| part(name, vec![b' '; bytes]).kind("application/source-map");
    let filler = |bytes: usize| part("a.txt", vec![b' '; bytes]).kind("text/plain");
    let half = 1 << 19;
    for (name, parts, expected) in [
        (
            "a large map",
            [wasm("main.wasm"), map("a.map", 3 * half)],
            200,
        ),
        ("large modules", [wasm("main.wasm"), filler(2 * half)], 413),
        (
            "a map before what leaves it no room",
            [map("a.map", 2 * half - 1), wasm("main.wasm")],
            200,
        ),
        (
            "more than is read past",
            [wasm("main.wasm"), map("a.map", 6 * half)],
            413,
        ),
    ] {
        let [one, other] = parts;
        let (status, json) = desk.form("PUT", D, &[meta(&metadata), one, other]);
        assert_eq!(status, expected, "{name}: {json}");
    }
}

#[test]
fn a_file_name_without_its_folder_is_found() {
    let desk = Desk::new();
    let metadata = json!({"main_module": "./build/main.wasm"});
    let (status, json) = desk.form("PUT", D, &[meta(&metadata), wasm("main.wasm")]);
    assert_eq!(status, 200, "{json}");
    assert_eq!(json["result"]["main_module"], "main.wasm");
}

/// What it is, its type and bytes, and the status and code that it gets.
type Case = (&'static str, Option<&'static str>, Vec<u8>, u16, u64);

#[test]
fn bad_uploads_are_refused_and_leave_nothing() {
    let desk = Desk::new();
    let good = json!({"main_module": "main.wasm"});
    let whole = form(&[meta(&good), wasm("main.wasm")]);
    let cut = whole[..whole.len() - 8].to_vec();
    let mut cases: Vec<Case> = vec![
        ("empty", Some(FORM), Vec::new(), 400, 10026),
        ("empty, untyped", None, Vec::new(), 400, 10026),
        (
            "no boundary",
            Some("multipart/form-data"),
            whole.clone(),
            400,
            10026,
        ),
        (
            "wrong boundary",
            Some("multipart/form-data; boundary=x"),
            whole.clone(),
            400,
            10026,
        ),
        ("no closing boundary", Some(FORM), cut, 400, 10026),
        ("not a form", Some(FORM), b"hello".to_vec(), 400, 10026),
        ("wrong type", Some("text/html"), b"<p>".to_vec(), 400, 10026),
        ("bad header", Some("\u{e9}"), b"x".to_vec(), 400, 10026),
        (
            "metadata not JSON",
            Some(FORM),
            form(&[part("metadata", "{"), wasm("main.wasm")]),
            400,
            10026,
        ),
        (
            "metadata an array",
            Some(FORM),
            form(&[part("metadata", "[]"), wasm("main.wasm")]),
            400,
            10021,
        ),
        (
            "metadata twice",
            Some(FORM),
            form(&[meta(&good), meta(&good), wasm("main.wasm")]),
            400,
            10026,
        ),
        (
            "metadata not UTF-8",
            Some(FORM),
            form(&[part("metadata", vec![0xff]), wasm("main.wasm")]),
            400,
            10026,
        ),
        (
            "metadata deep",
            Some(FORM),
            form(&[part("metadata", "[".repeat(100_000)), wasm("main.wasm")]),
            400,
            10026,
        ),
        (
            "both metadata",
            Some(FORM),
            form(&[
                meta(&good),
                part("metadata[tags][]", "x"),
                wasm("main.wasm"),
            ]),
            400,
            10026,
        ),
        (
            "brackets askew",
            Some(FORM),
            form(&[part("metadata[a", "x"), wasm("main.wasm")]),
            400,
            10026,
        ),
        (
            "no such module",
            Some(FORM),
            form(&[meta(&json!({"main_module": "x.wasm"})), wasm("main.wasm")]),
            400,
            10021,
        ),
        ("no module", Some(FORM), form(&[meta(&good)]), 400, 10021),
        (
            "module twice",
            Some(FORM),
            form(&[meta(&good), wasm("main.wasm"), wasm("main.wasm")]),
            400,
            10026,
        ),
        (
            "module too many",
            Some(FORM),
            form(&[meta(&good), wasm("main.wasm"), wasm("b.wasm")]),
            400,
            10021,
        ),
        (
            "no name",
            Some(FORM),
            form(&[meta(&good), wasm("")]),
            400,
            10026,
        ),
        (
            "lost contents",
            Some(FORM),
            form(&[
                meta(&good),
                part("files", r#"{"main.wasm":{}}"#).kind("application/json"),
            ]),
            400,
            10026,
        ),
        (
            "corrupt wasm",
            Some(FORM),
            form(&[
                meta(&good),
                part("main.wasm", "\0asn").kind("application/wasm"),
            ]),
            400,
            10021,
        ),
        (
            "corrupt raw wasm",
            Some("application/wasm"),
            b"MZ".to_vec(),
            400,
            10021,
        ),
        (
            "too large",
            Some("application/wasm"),
            vec![0; (1 << 20) + 1],
            413,
            10027,
        ),
        (
            "too large a form",
            Some(FORM),
            form(&[meta(&good), part("main.wasm", vec![0; (1 << 20) + 1])]),
            413,
            10027,
        ),
        (
            "too large metadata",
            Some(FORM),
            form(&[part("metadata", vec![b' '; (1 << 20) + 1])]),
            413,
            10027,
        ),
        (
            "many parts",
            Some(FORM),
            form(&vec![part("metadata[tags][]", "x"); 3000]),
            400,
            10026,
        ),
    ];
    for (name, metadata, code) in [
        (
            "unknown binding",
            json!({"bindings": [{"type": "magic", "name": "M"}]}),
            10021,
        ),
        (
            "binding not here",
            json!({"bindings": [{"type": "d1", "name": "DB", "id": "x"}]}),
            10021,
        ),
        (
            "unnamed binding",
            json!({"bindings": [{"type": "plain_text", "text": "x"}]}),
            10052,
        ),
        (
            "no such KV",
            json!({"bindings": [{"type": "kv_namespace", "name": "K", "namespace_id": "00"}]}),
            10042,
        ),
        (
            "no such KV either",
            json!({"bindings": [{"type": "kv_namespace", "name": "K", "namespace_id": "0".repeat(32)}]}),
            10041,
        ),
        (
            "no such dispatch namespace",
            json!({"bindings": [{"type": "dispatch_namespace", "name": "D", "namespace": "none"}]}),
            100119,
        ),
        (
            "no such service",
            json!({"bindings": [{"type": "service", "name": "S", "service": "none"}]}),
            10143,
        ),
        (
            "large variable",
            json!({"bindings": [{"type": "plain_text", "name": "V", "text": "x".repeat(6000)}]}),
            10054,
        ),
        (
            "many bindings",
            json!({"bindings": (0..129).map(|n| json!({"type": "plain_text", "name": format!("V{n}"), "text": ""})).collect::<Vec<_>>()}),
            10055,
        ),
        (
            "many tags",
            json!({"tags": ["1", "2", "3", "4", "5", "6", "7", "8", "9"]}),
            100121,
        ),
        ("bad tag", json!({"tags": ["a,b"]}), 100121),
        ("bad limit", json!({"limits": {"cpu_ms": 0}}), 10021),
        ("assets", json!({"assets": {"jwt": "x"}}), 10021),
    ] {
        let mut metadata = metadata;
        metadata["main_module"] = json!("main.wasm");
        cases.push((
            name,
            Some(FORM),
            form(&[meta(&metadata), wasm("main.wasm")]),
            400,
            code,
        ));
    }
    for (name, content_type, body, status, expected) in cases {
        let got = desk.send("PUT", D, content_type, &body);
        let json = got.json();
        assert_eq!(
            (got.status, code(&json)),
            (status, expected),
            "{name}: {json}"
        );
        assert_eq!(json["success"], false);
        desk.nothing_stored();
    }
}

#[test]
fn bad_names_are_refused_before_the_body_is_read() {
    let desk = Desk::new();
    for name in [
        "a.b",
        "-a",
        "a%20b",
        "a%2Fb",
        "%2e%2e",
        "%00",
        &"x".repeat(256),
    ] {
        let path = format!("{NS}/production/scripts/{name}");
        let got = desk.send("PUT", &path, Some("application/wasm"), &vec![0; 2 << 20]);
        assert_eq!((got.status, code(&got.json())), (400, 10016), "{name}");
    }
    let got = desk.send("GET", &format!("{NS}/%ff/scripts/a"), None, b"");
    assert_eq!(got.status, 400);
    desk.nothing_stored();
}

/// Any metadata a client may send, in the part's form and in fields'.
fn any_metadata() -> impl Strategy<Value = (Value, Vec<Part>)> {
    let text = "[a-zA-Z0-9 _.:-]{0,12}";
    let bindings = prop::collection::btree_map("[A-Z]{1,4}", text, 0..4);
    let tags = prop::collection::btree_set("[a-z]{1,6}", 0..4);
    (
        bindings,
        tags,
        1..1000_u32,
        any::<bool>(),
        any::<[bool; 3]>(),
    )
        .prop_map(|(bindings, tags, cpu_ms, keep, order)| {
            let mut fields = vec![
                part("metadata[main_module]", "main.wasm"),
                part("metadata[limits][cpu_ms]", cpu_ms.to_string()),
                part("metadata[keep_bindings]", keep.to_string()),
            ];
            let mut list = Vec::new();
            for (name, text) in &bindings {
                list.push(json!({"type": "plain_text", "name": name, "text": text}));
                let mut keys = vec![("type", "plain_text"), ("name", name), ("text", text)];
                if order[0] {
                    keys.reverse();
                }
                if order[1] {
                    keys.swap(0, 1);
                }
                for (key, value) in keys {
                    fields.push(part(
                        &format!("metadata[bindings][][{key}]"),
                        value.as_bytes(),
                    ));
                }
            }
            fields.extend(
                tags.iter()
                    .map(|tag| part("metadata[tags][]", tag.as_bytes())),
            );
            if order[2] {
                fields.rotate_left(2);
            }
            let metadata = json!({
                "main_module": "main.wasm", "bindings": list, "tags": tags,
                "limits": {"cpu_ms": cpu_ms}, "keep_bindings": keep,
            });
            (metadata, fields)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn fields_and_part_mean_the_same((metadata, fields) in any_metadata(), split in 1..200_usize) {
        let read = |body: Vec<u8>| {
            let parts: Vec<_> = body.chunks(split).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
            let long = std::time::Duration::from_secs(1000);
            let payload = Payload::new(Box::pin(futures_lite::stream::iter(parts)), None, long, long);
            block_on(upload::read(Some(FORM), payload, "metadata", 1 << 20)).unwrap()
        };
        let with = |mut parts: Vec<Part>| { parts.push(wasm("main.wasm")); form(&parts) };
        let one = read(with(vec![meta(&metadata)]));
        let other = read(with(fields));
        prop_assert_eq!(&one.modules, &other.modules);
        let parse = |upload: &upload::Upload| crate::catalog::metadata::Metadata::parse(upload.metadata.as_ref().unwrap()).unwrap();
        let (one, mut other) = (parse(&one), parse(&other));
        // No fields, no array: the same to a new script.
        other.change.bindings.get_or_insert_default();
        other.change.tags.get_or_insert_default();
        prop_assert_eq!(one, other);
    }

    #[test]
    fn damaged_uploads_are_answered_and_never_half_stored(
        which in 0..11_usize, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let desk = Desk::new();
        let (_, content_type, mut body) = dialects().swap_remove(which);
        let at = at.index(body.len());
        if cut { body.truncate(at) } else { body[at] = byte }
        let got = desk.send("PUT", D, Some(content_type), &body);
        prop_assert!(got.status < 500);
        prop_assert_eq!(got.json()["success"].clone(), json!(got.status == 200));
        if got.status != 200 {
            desk.nothing_stored();
        }
    }
}

#[test]
fn fuzz_multipart() {
    let desk = Desk::new();
    // The first line is the media type, the rest the body.
    crate::fuzz::drive_rounds("multipart", 500, |bytes| {
        let end = bytes.iter().position(|it| *it == b'\n').unwrap_or(0);
        let kind = String::from_utf8_lossy(&bytes[..end]);
        let kind = http::HeaderValue::from_str(&kind)
            .map_or_else(|_| "multipart/form-data".into(), |_| kind);
        let got = desk.send(
            "PUT",
            D,
            Some(&kind),
            bytes.get(end + 1..).unwrap_or_default(),
        );
        assert!(got.status < 500, "{}", got.status);
        assert_eq!(got.json()["success"], json!(got.status == 200));
    });
}
