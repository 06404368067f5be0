#![allow(clippy::unwrap_used)]
use super::*;
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
