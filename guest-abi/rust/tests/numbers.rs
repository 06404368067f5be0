//! The boundary's numbers are told three times: in `postern-abi`, in C and in prose.
#![allow(clippy::unwrap_used)]

use postern_abi::event::{AbortReason, EventKind, LogLevel};
use postern_abi::{OpErrorCode, OpKind, SyncOp, export, import, limits};

fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// `KvGetMulti` as C writes it.
fn screaming(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_uppercase());
    }
    out
}

/// Prefix in C, name in Rust, number.
fn numbers() -> Vec<(&'static str, String, u32)> {
    let mut all = Vec::new();
    for number in 0..128 {
        all.extend(EventKind::from_u32(number).map(|kind| ("EVENT", format!("{kind:?}"), number)));
        all.extend(OpKind::from_u32(number).map(|kind| ("OP", format!("{kind:?}"), number)));
        all.extend(SyncOp::from_u32(number).map(|kind| ("SYNC", format!("{kind:?}"), number)));
    }
    for number in 0..=1 {
        let reason = AbortReason::from_u8(number);
        all.push(("ABORT", format!("{reason:?}"), number.into()));
    }
    for number in 1..=10 {
        let code = OpErrorCode::from_u16(number);
        all.push(("ERROR", format!("{code:?}"), number.into()));
    }
    all
}

#[test]
fn c_has_every_number() {
    let header = read("guest-abi/c/postern.h");
    for (prefix, name, number) in numbers() {
        let line = format!("POSTERN_{prefix}_{} = {number},", screaming(&name));
        assert!(header.contains(&line), "{line}");
    }
    for level in 0..=4 {
        let name = LogLevel::from_u32(level).name().to_uppercase();
        let line = format!("POSTERN_LOG_{name} = {level},");
        assert!(header.contains(&line), "{line}");
    }
}

#[test]
fn c_has_every_limit() {
    let header = read("guest-abi/c/postern.h");
    for (name, value) in limits() {
        let mark = format!("#define POSTERN_{name} ");
        let line = header.lines().find_map(|line| line.strip_prefix(&mark));
        let line = line.unwrap_or_else(|| panic!("{name} is missing"));
        let product = line.split("/*").next().unwrap().replace(['(', ')'], "");
        let told: u64 = product
            .split('*')
            .map(|factor| factor.trim().parse::<u64>().unwrap())
            .product();
        assert_eq!(told, value, "{name}");
    }
}

#[test]
fn c_has_every_import() {
    let header = read("guest-abi/c/postern.h");
    for name in IMPORTS {
        for line in [
            format!("POSTERN_IMPORT(\"{name}\")"),
            format!("postern_import_{name}("),
        ] {
            assert!(header.contains(&line), "{line}");
        }
    }
}

#[test]
fn the_page_has_every_number_and_limit() {
    let page = read("docs/abi.md");
    for (_, name, number) in numbers() {
        let row = format!("| {number} | `{name}` |");
        assert!(page.contains(&row), "{row}");
    }
    for (name, value) in limits() {
        let digits = value.to_string();
        let grouped: Vec<&str> = digits
            .as_bytes()
            .rchunks(3)
            .rev()
            .map(|group| std::str::from_utf8(group).unwrap())
            .collect();
        let row = format!("| `{name}` | {} |", grouped.join(","));
        assert!(page.contains(&row), "{row}");
    }
    for name in [
        export::MEMORY,
        "postern_abi_v1",
        export::WINDOW,
        export::BOOT,
        export::EVENT,
    ]
    .into_iter()
    .chain(IMPORTS)
    {
        let row = format!("| `{name}` |");
        assert!(page.contains(&row), "{row}");
    }
}

fn limits() -> [(&'static str, u64); 13] {
    [
        ("URL_MAX", limits::URL_MAX as u64),
        ("HEADERS_MAX", limits::HEADERS_MAX as u64),
        ("CHUNK_MAX", limits::CHUNK_MAX as u64),
        ("BODY_CREDIT", limits::BODY_CREDIT.into()),
        ("OP_ARGUMENT_MAX", limits::OP_ARGUMENT_MAX as u64),
        ("KV_KEY_MAX", limits::KV_KEY_MAX as u64),
        ("KV_VALUE_MAX", limits::KV_VALUE_MAX as u64),
        ("KV_METADATA_MAX", limits::KV_METADATA_MAX as u64),
        ("KV_LIST_MAX", limits::KV_LIST_MAX.into()),
        ("KV_MULTI_MAX", limits::KV_MULTI_MAX as u64),
        ("KV_TTL_MIN", limits::KV_TTL_MIN),
        ("CACHE_NAME_MAX", limits::CACHE_NAME_MAX as u64),
        ("LOG_LINE_MAX", limits::LOG_LINE_MAX as u64),
    ]
}

const IMPORTS: [&str; 13] = [
    import::OP_START,
    import::OP_CANCEL,
    import::OP_PULL,
    import::OP_CHUNK,
    import::OP_SYNC,
    import::RESPOND,
    import::BODY_CHUNK,
    import::BODY_PULL,
    import::FAIL,
    import::DONE,
    import::LOG,
    import::NOW,
    import::RANDOM,
];
