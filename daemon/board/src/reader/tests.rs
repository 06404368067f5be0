#![allow(clippy::unwrap_used)]
use super::*;
use crate::document::Document;
use crate::raw::RawBoard;
use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::marker::PhantomData;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Raw {
    port: Option<Spanned<u16>>,
    large: u64,
    below: i64,
    rate: f64,
    mode: Option<Mode>,
    names: Vec<Spanned<String>>,
    inner: BTreeMap<Spanned<String>, Spanned<Inner>>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    on: bool,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    Fast,
    VerySlow,
}

fn get(text: &str) -> Result<Raw, Mistake> {
    let table = DeTable::parse(text).unwrap();
    read(Reader::new(&table), PhantomData)
}

#[test]
fn values_come_with_their_places() {
    let raw = get(
        "port = 0x50\nlarge = 18_446_744_073_709_551_615\nbelow = -3\nrate = 1.5\n\
         mode = 'very-slow'\nnames = ['a', \"b\"]\n[inner.x]\non = true\n",
    )
    .unwrap();
    assert_eq!(raw.port.unwrap().span(), 7..11);
    assert_eq!((raw.large, raw.below, raw.rate), (u64::MAX, -3, 1.5));
    assert_eq!(raw.mode, Some(Mode::VerySlow));
    let names: Vec<_> = raw.names.iter().map(|name| name.get_ref()).collect();
    assert_eq!(names, ["a", "b"]);
    let (key, inner) = raw.inner.first_key_value().unwrap();
    assert_eq!((key.get_ref().as_str(), inner.get_ref().on), ("x", true));
}

#[test]
fn mistakes_are_where_they_are_made() {
    let check = |text: &str, place: Range<usize>, says: &str| {
        let mistake = get(text).unwrap_err();
        assert_eq!(mistake.span(), Some(place), "{text}");
        assert!(mistake.message().contains(says), "{text}: {mistake}");
    };
    check("port = 65536", 7..12, "`65536`, expected u16");
    check("port = 1979-05-27", 7..17, "date");
    check(
        "large = 99999999999999999999",
        8..28,
        "99999999999999999999",
    );
    check("rate = 'x'", 7..10, "expected f64");
    check(
        "rate = -1e999",
        7..13,
        "`-1e999` is more than a number may be",
    );
    check("mode = 'slow'", 7..13, "unknown variant `slow`");
    check("mode = { fast = 1 }", 7..19, "invalid type: map");
    check("names = ['a', 3]", 14..15, "integer `3`, expected a string");
    check("names = 'a'", 8..11, "expected a sequence");
    check("[inner]\nx = [true]", 12..18, "invalid type: sequence");
    check("[inner.x]\n", 0..9, "missing field `on`");
    check(
        "[inner.x]\non = true\noff = 1",
        20..23,
        "unknown field `off`",
    );
    check("inner = 3", 8..9, "expected a map");
}

/// A value of whatever kind, as serde tells it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "looked at by `Debug`")]
enum Any {
    On(bool),
    Below(i64),
    Large(u64),
    Rate(f64),
    Text(String),
    Names(Vec<Any>),
    Inner(BTreeMap<String, Any>),
}

/// Documents that both are asked of.
const CASES: u32 = 4096;

/// Numbers at the ends of what they may be and beyond, all forms of texts, dates, and what holds others.
fn value() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        prop_oneof![
            any::<i64>().prop_map(|number| number.to_string()),
            any::<u64>().prop_map(|number| number.to_string()),
            (0u32..70_000).prop_map(|number| format!("0x{number:x}")),
            Just("+1_000".to_owned()),
            Just("-0".to_owned()),
            Just("0b101".to_owned()),
            Just("0o777".to_owned()),
            Just("18446744073709551616".to_owned()),
            Just("-9223372036854775809".to_owned()),
        ],
        prop_oneof![
            any::<f64>().prop_map(|number| format!("{number:e}").to_lowercase()),
            Just("1e999".to_owned()),
            Just("-1e999".to_owned()),
            Just("-inf".to_owned()),
            Just("nan".to_owned()),
            Just("-0.0".to_owned()),
            Just("1_0.0_1".to_owned()),
        ],
        prop_oneof![
            Just("'fast'".to_owned()),
            Just("\"very-slow\"".to_owned()),
            Just("\"\\u0066ast\"".to_owned()),
            Just("\"\"\"\nb\\\n  c\"\"\"".to_owned()),
            Just("'\u{e9}\u{1f600}'".to_owned()),
        ],
        Just("true".to_owned()),
        Just("false".to_owned()),
        Just("1979-05-27".to_owned()),
        Just("07:32:00".to_owned()),
    ];
    plain.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            vec((key(), inner), 0..4).prop_map(|entries| {
                let entries: Vec<_> = entries
                    .into_iter()
                    .map(|(key, value)| format!("{key} = {value}"))
                    .collect();
                format!("{{ {} }}", entries.join(", "))
            }),
        ]
    })
}

/// Those that are known, more often than others.
fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "port",
        "large",
        "below",
        "rate",
        "mode",
        "names",
        "inner",
        "on",
        "x",
        "\"on\"",
        "'y'",
        "inner.x",
        "inner.x.on",
        "\"\u{fc}\"",
    ])
    .prop_map(str::to_owned)
}

fn document() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        4 => (key(), value()).prop_map(|(key, value)| format!("{key} = {value}")),
        1 => key().prop_map(|key| format!("[{key}]")),
        1 => key().prop_map(|key| format!("[[{key}]]")),
        1 => Just("# \u{fc}".to_owned()),
    ];
    vec(line, 0..6).prop_map(|lines| lines.join("\n"))
}

/// What `toml` takes on purpose and this does not: tables as arrays of their values, variants as tables,
/// numbers beyond 64 bits, and dates as tables of a key that only `toml` knows.
fn is_narrower(message: &str) -> bool {
    message.contains("expected struct")
        || message.contains("expected enum")
        || message.contains("invalid type: date")
        || message.contains("is more than a number may be")
}

/// Both read the same of it, or find the same wrong at the same place.
fn compare<T: for<'de> Deserialize<'de> + fmt::Debug>(text: &str) {
    let Ok(table) = DeTable::parse(text) else {
        return;
    };
    let ours: Result<T, _> = read(Reader::new(&table), PhantomData);
    let theirs: Result<T, _> = toml::from_str(text);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{text}"),
        (Err(mistake), _) if is_narrower(mistake.message()) => {}
        (Err(mistake), Err(error)) => {
            assert_eq!(mistake.message(), error.message(), "{text}");
            assert_eq!(mistake.span(), error.span(), "{text}: {mistake}");
        }
        (ours, theirs) => panic!("{text}\nours: {ours:?}\ntoml's: {theirs:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn it_reads_what_toml_reads(text in document()) {
        compare::<Raw>(&text);
        compare::<Any>(&text);
        compare::<BTreeMap<String, toml::Spanned<Inner>>>(&text);
    }

    /// One line of a known key, so that values come to each kind of field.
    #[test]
    fn it_reads_each_value_as_toml_does(key in key(), value in value()) {
        compare::<Raw>(&format!("{key} = {value}"));
    }

    /// Board files with one line changed.
    #[test]
    fn it_reads_board_files_as_toml_does(
        board in 0..crate::KNOWN.len(), line in any::<prop::sample::Index>(), value in value()
    ) {
        let (_, text) = crate::KNOWN[board];
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let line = line.get_mut(&mut lines);
        if let Some((key, _)) = line.split_once('=') {
            *line = format!("{key}= {value}");
        }
        compare::<RawBoard>(&lines.join("\n"));
    }

    /// What is wrong is told once, and what was told is gone.
    #[test]
    fn every_mistake_is_told_once(text in document()) {
        let mut document = Document::new("any.toml", &text);
        document.read::<Raw>();
        let problems = document.into_problems();
        for (at, problem) in problems.iter().enumerate() {
            prop_assert!(!problems[..at].contains(problem), "{}\n{:?}", text, problems);
        }
    }
}
