//! Source maps of pushed modules: which is whose, and their indexes. What they are for is the engine's
//! ([`source_map`]).

use super::push::Source;
use crate::engine::source_map;
use bytes::Bytes;

/// The media type of a source map, and here also of its index.
pub const SOURCE_MAP: &str = "application/source-map";
/// Bytes at the end of a module where the comment is looked for that names its map.
const END: usize = 4096;
const COMMENT: &[u8] = b"sourceMappingURL=";

/// Maps apart from modules.
pub(super) fn apart(modules: Vec<Source>) -> (Vec<Source>, Vec<Source>) {
    let is_map = |source: &Source| source.content_type == SOURCE_MAP;
    modules.into_iter().partition(is_map)
}

/// The indexes of maps, under their modules' names. What is no map, or whose module is not there, is
/// left out: it is of no use, and harms nobody.
pub(super) async fn indexes(maps: Vec<Source>, modules: &[Source]) -> Vec<Source> {
    let pairs = modules.iter().filter_map(|module| {
        let named = named(&module.name, &module.bytes);
        let usual = format!("{}.map", module.name);
        let of = |name: &str| maps.iter().find(|map| map.name == name);
        let map = named.as_deref().and_then(of).or_else(|| of(&usual))?;
        Some((module.name.clone(), map.bytes.clone()))
    });
    let pairs: Vec<(String, Bytes)> = pairs.collect();
    if pairs.is_empty() {
        return Vec::new();
    }
    postern_task::unblock(move || {
        let indexes = pairs.into_iter().filter_map(|(name, bytes)| {
            let Some(index) = source_map::index(&name, &bytes) else {
                log::debug!("what was sent as the source map of '{name}' is none that can be read");
                return None;
            };
            Some(Source {
                name,
                content_type: SOURCE_MAP.to_owned(),
                bytes: index.into(),
            })
        });
        indexes.collect()
    })
    .await
}

/// What a module's last lines name as its map: from the module's own folder.
pub fn named(module: &str, source: &[u8]) -> Option<String> {
    let end = source.get(source.len().saturating_sub(END)..)?;
    let at = end
        .windows(COMMENT.len())
        .rposition(|part| part == COMMENT)?;
    let name = end.get(at + COMMENT.len()..)?;
    let name = name.split(|byte| byte.is_ascii_whitespace()).next()?;
    let name = std::str::from_utf8(name).ok()?;
    let name = name.strip_prefix("./").unwrap_or(name);
    Some(match module.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{name}"),
        None => name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn source(name: &str, content_type: &str, text: &str) -> Source {
        Source {
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            bytes: Bytes::copy_from_slice(text.as_bytes()),
        }
    }

    #[test]
    fn maps_go_to_the_modules_that_name_them() {
        let map = r#"{"version":3,"sources":["a.ts"],"mappings":"AAAA"}"#;
        let (maps, modules) = apart(vec![
            source(
                "index.js",
                "text/javascript",
                "1;\n//# sourceMappingURL=main.js.map\n",
            ),
            source(
                "lib/b.js",
                "text/javascript",
                "1;\n//# sourceMappingURL=./b.js.map",
            ),
            source("c.js", "text/javascript", "1;"),
            source(
                "d.js",
                "text/javascript",
                "1;//# sourceMappingURL=nowhere.map",
            ),
            source("main.js.map", SOURCE_MAP, map),
            source("lib/b.js.map", SOURCE_MAP, map),
            source("c.js.map", SOURCE_MAP, "no map"),
            source("stray.map", SOURCE_MAP, map),
        ]);
        assert_eq!((maps.len(), modules.len()), (4, 4));
        let found = smol::block_on(indexes(maps, &modules));
        let names: Vec<_> = found.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["index.js", "lib/b.js"]);
    }
}
