//! Source maps: where in a tenant's sources a place of what was uploaded comes from.
//!
//! # Implementation
//!
//! A map is read once, when it is pushed, and kept as an *index*: its mappings as they came, with a
//! *station* every [`STRIDE`] steps at which reading can begin. Looking a place up reads the stations
//! that a binary search asks for and one stride of mappings from the index's file, so that what an
//! exception costs does not depend on the map, and nothing of it stays in memory.

use serde::Deserialize;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// How an index begins.
const MAGIC: &[u8; 4] = b"PSM1";
/// Segments and ends of lines between two stations.
const STRIDE: u32 = 512;
/// Numbers of a station, of four bytes each.
const STATION: usize = 7;
/// Bytes of mappings that are read from a station on: a stride of the longest segments.
const READ_MAX: usize = STRIDE as usize * 36;
/// Lines of a stack that are looked up.
const FRAMES_MAX: usize = 64;
/// Bytes of a source's name.
const NAME_MAX: usize = 1024;

/// The map of one module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceMap {
    /// The module's name, as it is in stacks.
    pub module: String,
    /// The file that its index was stored in.
    pub file: PathBuf,
}

/// What is read of a map. Others' texts in it are passed over.
#[derive(Deserialize)]
struct Raw {
    version: u32,
    #[serde(rename = "sourceRoot", default)]
    root: Option<String>,
    sources: Vec<Option<String>>,
    mappings: String,
}

/// What a segment has beside its column: numbers that each one gives as a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    line: i64,
    column: i64,
    source: i64,
    source_line: i64,
    source_column: i64,
    /// Whether it says where it comes from.
    is_mapped: bool,
}

/// Reads mappings, step by step.
struct Steps<'a> {
    text: &'a [u8],
    at: usize,
    place: Place,
}

/// A step: a segment, or the end of a line.
enum Step {
    Segment,
    Line,
}

impl Steps<'_> {
    /// `None` at the end, and where it is malformed.
    fn next(&mut self) -> Option<Step> {
        loop {
            match *self.text.get(self.at)? {
                b';' => {
                    self.at += 1;
                    self.place.line += 1;
                    self.place.column = 0;
                    return Some(Step::Line);
                }
                b',' => self.at += 1,
                _ => break,
            }
        }
        let mut fields = [0; 5];
        let mut count = 0;
        while !matches!(self.text.get(self.at), None | Some(b',' | b';')) {
            *fields.get_mut(count)? = self.number()?;
            count += 1;
        }
        let place = &mut self.place;
        place.column = place.column.checked_add(fields[0])?;
        place.is_mapped = count >= 4;
        if place.is_mapped {
            place.source = place.source.checked_add(fields[1])?;
            place.source_line = place.source_line.checked_add(fields[2])?;
            place.source_column = place.source_column.checked_add(fields[3])?;
        }
        matches!(count, 1 | 4 | 5).then_some(Step::Segment)
    }

    /// A number of up to 32 bits in digits of base 64, of five bits each.
    fn number(&mut self) -> Option<i64> {
        let mut value = 0_i64;
        for shift in (0..35).step_by(5) {
            let digit = match *self.text.get(self.at)? {
                letter @ b'A'..=b'Z' => letter - b'A',
                letter @ b'a'..=b'z' => letter - b'a' + 26,
                digit @ b'0'..=b'9' => digit - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            self.at += 1;
            value |= i64::from(digit & 31) << shift;
            if digit & 32 == 0 {
                let size = value >> 1;
                return Some(if value & 1 == 1 { -size } else { size });
            }
        }
        None
    }
}

/// The index of a map, to be kept; `None` for what is no map of version 3, or maps nothing. `module` is
/// what it is of: names of sources are told from its folder.
pub fn index(module: &str, json: &[u8]) -> Option<Vec<u8>> {
    let raw: Raw = serde_json::from_slice(json).ok()?;
    if raw.version != 3 || u32::try_from(json.len()).is_err() {
        return None;
    }
    let folder = module.rsplit_once('/').map_or("", |(folder, _)| folder);
    let root = raw.root.unwrap_or_default();
    let mut names = Vec::new();
    let mut ends = Vec::with_capacity(raw.sources.len());
    for source in &raw.sources {
        let source = source.as_deref().unwrap_or_default();
        let mut name = resolved(folder, &root, source);
        let end = (0..=name.len().min(NAME_MAX)).rev();
        let end = end.into_iter().find(|&at| name.is_char_boundary(at));
        name.truncate(end.unwrap_or_default());
        names.extend_from_slice(name.as_bytes());
        ends.push(u32::try_from(names.len()).ok()?);
    }
    let mut steps = Steps {
        text: raw.mappings.as_bytes(),
        at: 0,
        place: Place::default(),
    };
    let mut stations = Vec::new();
    let mut since = 0;
    loop {
        if since % STRIDE == 0 {
            let Place {
                line,
                column,
                source,
                source_line,
                source_column,
                ..
            } = steps.place;
            let at = i64::try_from(steps.at).ok()?;
            // Whether the column is a segment's is found by reading it again.
            for number in [at, line, column, source, source_line, source_column, 0] {
                stations.push(i32::try_from(number).ok()?);
            }
        }
        since += 1;
        if steps.next().is_none() {
            break;
        }
    }
    // What is malformed maps as far as it can be read.
    let mappings = &steps.text[..steps.at.min(steps.text.len())];
    if since < 2 || ends.is_empty() {
        return None;
    }
    let mut index = MAGIC.to_vec();
    let counts = [stations.len() / STATION, ends.len(), mappings.len()];
    for count in counts {
        index.extend_from_slice(&u32::try_from(count).ok()?.to_le_bytes());
    }
    for number in stations {
        index.extend_from_slice(&number.to_le_bytes());
    }
    for end in ends {
        index.extend_from_slice(&end.to_le_bytes());
    }
    index.extend_from_slice(&names);
    index.extend_from_slice(mappings);
    Some(index)
}

/// A source's name from the root of the upload: what leads out of it is left out, as bundlers write
/// their results to folders of their own.
fn resolved(folder: &str, root: &str, source: &str) -> String {
    if source.contains("://") {
        return source.to_owned();
    }
    let path = match (source.starts_with('/'), root.is_empty()) {
        (true, _) => source.to_owned(),
        (false, true) => format!("{folder}/{source}"),
        (false, false) => format!("{folder}/{root}/{source}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// An index in its file.
struct Index {
    file: File,
    stations: u32,
    sources: u32,
    mappings: u32,
}

impl Index {
    fn open(map: &SourceMap) -> Option<Self> {
        let file = File::open(&map.file).ok()?;
        let mut head = [0; 16];
        file.read_exact_at(&mut head, 0).ok()?;
        let (magic, counts) = head.split_at(4);
        let number = |at: usize| Some(u32::from_le_bytes(counts.get(at..at + 4)?.try_into().ok()?));
        (magic == MAGIC).then_some(())?;
        Some(Self {
            stations: number(0)?,
            sources: number(4)?,
            mappings: number(8)?,
            file,
        })
    }

    fn station(&self, number: u32) -> Option<(u64, Place)> {
        let mut bytes = [0; STATION * 4];
        let at = 16 + u64::from(number) * bytes.len() as u64;
        self.file.read_exact_at(&mut bytes, at).ok()?;
        let mut numbers = [0_i64; STATION];
        for (number, bytes) in numbers.iter_mut().zip(bytes.chunks_exact(4)) {
            *number = i32::from_le_bytes(bytes.try_into().ok()?).into();
        }
        let [at, line, column, source, source_line, source_column, _] = numbers;
        let place = Place {
            line,
            column,
            source,
            source_line,
            source_column,
            is_mapped: false,
        };
        Some((u64::try_from(at).ok()?, place))
    }

    /// Where the names of sources end, and the names behind.
    fn ends(&self) -> u64 {
        16 + u64::from(self.stations) * (STATION as u64 * 4)
    }

    fn end(&self, source: u32) -> Option<u64> {
        let mut bytes = [0; 4];
        let at = self.ends() + u64::from(source) * 4;
        self.file.read_exact_at(&mut bytes, at).ok()?;
        Some(u32::from_le_bytes(bytes).into())
    }

    fn names(&self) -> u64 {
        self.ends() + u64::from(self.sources) * 4
    }

    fn source(&self, number: i64) -> Option<String> {
        let number = u32::try_from(number).ok()?;
        if number >= self.sources {
            return None;
        }
        let start = match number {
            0 => 0,
            number => self.end(number - 1)?,
        };
        let len = usize::try_from(self.end(number)?.checked_sub(start)?).ok()?;
        let mut name = vec![0; len.min(NAME_MAX)];
        self.file
            .read_exact_at(&mut name, self.names() + start)
            .ok()?;
        String::from_utf8(name).ok().filter(|name| !name.is_empty())
    }

    /// What is at a line and column, both counted from 0.
    fn find(&self, line: i64, column: i64) -> Option<Place> {
        // The last station that is not behind the place.
        let (mut low, mut high) = (0, self.stations);
        while low < high {
            let middle = low + (high - low) / 2;
            let (_, place) = self.station(middle)?;
            if (place.line, place.column) <= (line, column) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        // A station's own segment lies before it.
        let mut found = None;
        for number in [low.checked_sub(2), low.checked_sub(1)]
            .into_iter()
            .flatten()
        {
            let (at, place) = self.station(number)?;
            let rest = u64::from(self.mappings).checked_sub(at)?;
            let mut text = vec![0; READ_MAX.min(usize::try_from(rest).ok()?)];
            let mappings = self.names() + self.end(self.sources.checked_sub(1)?)?;
            self.file.read_exact_at(&mut text, mappings + at).ok()?;
            let mut steps = Steps {
                text: &text,
                at: 0,
                place,
            };
            for _ in 0..STRIDE {
                match steps.next() {
                    Some(Step::Segment) => {}
                    Some(Step::Line) => continue,
                    None => break,
                }
                if (steps.place.line, steps.place.column) > (line, column) {
                    break;
                }
                if steps.place.line == line {
                    found = Some(steps.place);
                }
            }
        }
        found.filter(|place| place.is_mapped)
    }
}

/// A stack with the places that maps know told as places of the sources.
pub fn applied(maps: &[SourceMap], stack: &str) -> String {
    let mut open: Vec<(&str, Option<Index>)> = Vec::new();
    let mut told = String::with_capacity(stack.len());
    for (number, line) in stack.split_inclusive('\n').enumerate() {
        let new = (number < FRAMES_MAX)
            .then(|| frame(maps, &mut open, line))
            .flatten();
        match new {
            Some((range, place)) => {
                told.push_str(&line[..range.start]);
                told.push_str(&place);
                told.push_str(&line[range.end..]);
            }
            None => told.push_str(line),
        }
    }
    told
}

/// Where in a line of a stack a mapped place stands, and what it comes from.
fn frame<'a>(
    maps: &'a [SourceMap],
    open: &mut Vec<(&'a str, Option<Index>)>,
    line: &str,
) -> Option<(std::ops::Range<usize>, String)> {
    let trimmed = line.trim_end();
    let body = trimmed.trim_start().strip_prefix("at ")?;
    // `at name (place)` or `at place`.
    let (place, end) = match body.strip_suffix(')') {
        Some(body) => (&body[body.rfind('(')? + 1..], trimmed.len() - 1),
        None => (body.strip_prefix("async ").unwrap_or(body), trimmed.len()),
    };
    let (rest, column) = place.rsplit_once(':')?;
    let (module, at) = rest.rsplit_once(':')?;
    let (at, column): (i64, i64) = (at.parse().ok()?, column.parse().ok()?);
    // Modules may have addresses.
    let module = module.strip_prefix("file:///bundle/").unwrap_or(module);
    let map = maps.iter().find(|map| map.module == module)?;
    let index = match open.iter().position(|(module, _)| *module == map.module) {
        Some(known) => known,
        None => {
            open.push((&map.module, Index::open(map)));
            open.len() - 1
        }
    };
    let index = open.get(index)?.1.as_ref()?;
    let found = index.find(at.checked_sub(1)?, column.checked_sub(1)?)?;
    let source = index.source(found.source)?;
    let (line, column) = (found.source_line + 1, found.source_column + 1);
    (line > 0 && column > 0).then(|| (end - place.len()..end, format!("{source}:{line}:{column}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fmt::Write;

    fn number(value: i64, text: &mut String) {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut rest = if value < 0 { -value * 2 + 1 } else { value * 2 };
        loop {
            let digit = (rest & 31) as usize;
            rest >>= 5;
            text.push(char::from(DIGITS[digit | if rest > 0 { 32 } else { 0 }]));
            if rest == 0 {
                return;
            }
        }
    }

    fn kept(dir: &tempfile::TempDir, module: &str, json: &str) -> SourceMap {
        let file = dir.path().join(module.replace('/', "-"));
        std::fs::write(&file, index(module, json.as_bytes()).unwrap()).unwrap();
        SourceMap {
            module: module.to_owned(),
            file,
        }
    }

    #[test]
    fn a_stack_tells_places_of_the_sources() {
        let dir = tempfile::tempdir().unwrap();
        // Line 1 column 0 is a.ts 1:1, column 8 is b.ts 3:5; line 3 column 2 comes of nothing.
        let main = r#"{"version":3,"sources":["../src/a.ts","../src/b.ts"],"sourcesContent":["x","y"],"mappings":"AAAA,QCEI;;E"}"#;
        let maps = [
            kept(&dir, "dist/index.js", main),
            kept(
                &dir,
                "other.js",
                r#"{"version":3,"sourceRoot":"lib","sources":["c.ts"],"mappings":"AAAA"}"#,
            ),
        ];
        let stack = "Error: at x (dist/index.js:1:1)\n    at fetch (dist/index.js:1:9)\n    at dist/index.js:1:8\n    \
                     at async dist/index.js:1:400\n    at y (dist/index.js:3:3)\n    at z (dist/index.js:2:1)\n    \
                     at new C (file:///bundle/other.js:1:7)\n    at JSON.parse (<anonymous>)\n    at q (unknown.js:1:1)";
        assert_eq!(
            applied(&maps, stack),
            "Error: at x (dist/index.js:1:1)\n    at fetch (src/b.ts:3:5)\n    at src/a.ts:1:1\n    \
             at async src/b.ts:3:5\n    at y (dist/index.js:3:3)\n    at z (dist/index.js:2:1)\n    \
             at new C (lib/c.ts:1:1)\n    at JSON.parse (<anonymous>)\n    at q (unknown.js:1:1)"
        );
    }

    #[test]
    fn a_large_map_is_read_at_its_stations() {
        let dir = tempfile::tempdir().unwrap();
        let mut mappings = String::new();
        // Each segment is 3 columns behind the one before and comes of the next line; every 1,000 a new line.
        for at in 0..5_000_i64 {
            if at > 0 {
                mappings.push(if at % 1000 == 0 { ';' } else { ',' });
            }
            number(if at % 1000 == 0 { 0 } else { 3 }, &mut mappings);
            number(0, &mut mappings);
            number(i64::from(at > 0), &mut mappings);
            number(0, &mut mappings);
        }
        let json = format!(r#"{{"version":3,"sources":["a.ts"],"mappings":"{mappings}"}}"#);
        let map = [kept(&dir, "index.js", &json)];
        for at in (0..5_000).step_by(7).chain(505..520).chain(1015..1030) {
            let (line, column) = (at / 1000 + 1, at % 1000 * 3 + 2);
            let mut stack = String::new();
            write!(stack, "    at f (index.js:{line}:{column})").unwrap();
            let told = applied(&map, &stack);
            assert_eq!(told, format!("    at f (a.ts:{}:1)", at + 1), "{stack}");
        }
    }

    #[test]
    fn what_is_no_map_is_left_out() {
        for json in [
            "",
            "{}",
            "[]",
            r#"{"version":2,"sources":["a"],"mappings":"AAAA"}"#,
            r#"{"version":3,"sources":[],"mappings":"AAAA"}"#,
            r#"{"version":3,"sources":["a"],"mappings":""}"#,
            r#"{"version":3,"sources":["a"],"mappings":"!"}"#,
            r#"{"version":3,"sources":["a"],"mappings":"gggggggggggg"}"#,
            r#"{"version":3,"sections":[]}"#,
        ] {
            assert_eq!(index("index.js", json.as_bytes()), None, "{json}");
        }
    }

    #[test]
    fn what_is_damaged_tells_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let json = r#"{"version":3,"sources":["a.ts"],"mappings":"AAAA;AACA;AACA"}"#;
        let good = index("index.js", json.as_bytes()).unwrap();
        let file = dir.path().join("index");
        let map = [SourceMap {
            module: "index.js".to_owned(),
            file: file.clone(),
        }];
        let stack = "    at f (index.js:2:1)";
        for at in 0..good.len() {
            std::fs::write(&file, &good[..at]).unwrap();
            assert_eq!(applied(&map, stack), stack);
            let mut bad = good.clone();
            bad[at] ^= 0x91;
            std::fs::write(&file, bad).unwrap();
            applied(&map, stack);
        }
        for stack in [
            "    at f (index.js:0:0)",
            "    at f (index.js:99999999999999999999:1)",
            "    at ()",
            "at :",
            "    at é)",
            "    at (é:1:1",
        ] {
            applied(&map, stack);
        }
    }

    #[test]
    fn sources_are_named_from_the_root() {
        for (folder, root, source, name) in [
            ("", "", "../../src/a.ts", "src/a.ts"),
            ("a/b", "", "../c.ts", "a/c.ts"),
            ("", "lib/", "./c.ts", "lib/c.ts"),
            ("x", "", "/home/me/c.ts", "home/me/c.ts"),
            ("x", "", "webpack://app/c.ts", "webpack://app/c.ts"),
        ] {
            assert_eq!(resolved(folder, root, source), name);
        }
    }
}
