//! What is in a bundle, and what differs between two.

use crate::bundle::{Bundle, Manifest, Script};
use crate::cli::output::{member, printable, table};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Seconds since 1970 as RFC 3339.
pub(super) fn time(seconds: u64) -> String {
    let time = i64::try_from(seconds).map(jiff::Timestamp::from_second);
    match time {
        Ok(Ok(time)) => time.to_string(),
        _ => format!("second {seconds}"),
    }
}

fn hash(manifest: &Manifest, part: u32) -> String {
    let part = manifest.parts.get(part as usize);
    let hash = part.map_or(&[][..], |part| &part.hash);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// For programs.
pub(super) fn told(bundle: &Bundle, hash_of_signed: &str) -> Value {
    let manifest = &bundle.manifest;
    let scripts = manifest.scripts.iter().map(|script| {
        let modules = script.modules.iter().map(
            |it| json!({"name": it.name, "type": it.content_type, "sha256": hash(manifest, it.part)}),
        );
        let assets = script.assets.iter();
        let assets =
            assets.map(|it| json!({"path": it.path, "sha256": hash(manifest, it.part)}));
        json!({
            "name": script.name,
            "metadata": serde_json::from_str(&script.metadata).unwrap_or(Value::Null),
            "modules": modules.collect::<Vec<_>>(), "assets": assets.collect::<Vec<_>>(),
        })
    });
    let routes = manifest.routes.iter();
    let routes = routes.map(|it| json!({"pattern": it.pattern, "script": it.script}));
    let seeds = manifest.seeds.iter().map(
        |it| json!({"namespace": it.namespace, "key": it.key, "sha256": hash(manifest, it.part)}),
    );
    json!({
        "namespace": manifest.namespace, "version": manifest.version, "manifest_sha256": hash_of_signed,
        "expires": manifest.expires.map(time), "devices": manifest.devices,
        "signed": !bundle.signature.is_empty(), "scripts": scripts.collect::<Vec<_>>(),
        "routes": routes.collect::<Vec<_>>(), "kv": seeds.collect::<Vec<_>>(),
    })
}

/// For people.
pub(super) fn text(bundle: &Bundle, hash_of_signed: &str) -> String {
    let manifest = &bundle.manifest;
    let whose = match &manifest.namespace {
        Some(namespace) => format!("dispatch namespace {}", printable(namespace)),
        None => "Workers outside of dispatch namespaces".to_owned(),
    };
    let expires = manifest.expires.map_or("never".to_owned(), time);
    let signed = match bundle.signature.is_empty() {
        true => "not signed",
        false => "signed, not checked here",
    };
    let head = format!(
        "version {} of {whose}\nfor {}; expires {expires}; {signed}\nmanifest {hash_of_signed}\n",
        manifest.version,
        printable(&manifest.devices.join(", "))
    );
    let mut rows = Vec::new();
    let mut row = |kind: &str, name: String, part: u32| {
        let bytes = manifest.parts.get(part as usize).map_or(0, |it| it.bytes);
        let hash = hash(manifest, part);
        let hash = hash.get(..16).unwrap_or_default().to_owned();
        rows.push(vec![kind.to_owned(), name, bytes.to_string(), hash]);
    };
    for script in &manifest.scripts {
        for module in &script.modules {
            row(
                "module",
                format!("{} {}", script.name, module.name),
                module.part,
            );
        }
        for asset in &script.assets {
            row(
                "asset",
                format!("{} {}", script.name, asset.path),
                asset.part,
            );
        }
    }
    for seed in &manifest.seeds {
        row("kv", format!("{} {}", seed.namespace, seed.key), seed.part);
    }
    let routes = manifest.routes.iter();
    let routes: String = routes
        .map(|it| printable(&format!("route {} to {}", it.pattern, it.script)) + "\n")
        .collect();
    head + &table(&["KIND", "NAME", "BYTES", "SHA-256"], &rows) + &routes
}

/// Everything that a bundle has, by what it is called, with what it is.
fn items(manifest: &Manifest) -> BTreeMap<String, String> {
    let mut items = BTreeMap::new();
    let mut put = |name: String, value: String| items.insert(name, value);
    put("version".into(), manifest.version.to_string());
    put("namespace".into(), format!("{:?}", manifest.namespace));
    put("expires".into(), format!("{:?}", manifest.expires));
    put("devices".into(), manifest.devices.join(" "));
    for script in &manifest.scripts {
        let Script { name, metadata, .. } = script;
        put(format!("script {name}"), String::new());
        put(format!("metadata of {name}"), metadata.clone());
        for module in &script.modules {
            let value = format!("{} {}", module.content_type, hash(manifest, module.part));
            put(format!("module {} of {name}", module.name), value);
        }
        for asset in &script.assets {
            put(
                format!("asset {} of {name}", asset.path),
                hash(manifest, asset.part),
            );
        }
    }
    for route in &manifest.routes {
        put(format!("route {}", route.pattern), route.script.clone());
    }
    for seed in &manifest.seeds {
        put(
            format!("kv {} {}", seed.namespace, seed.key),
            hash(manifest, seed.part),
        );
    }
    items
}

/// Lines: `+` what comes, `-` what goes, `~` what is another.
pub(super) fn changes(old: &Manifest, new: &Manifest) -> Vec<String> {
    let (old, new) = (items(old), items(new));
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    let gone = gone.map(|name| format!("- {name}"));
    let there = new.iter().filter_map(|(name, value)| match old.get(name) {
        None => Some(format!("+ {name}")),
        Some(before) if before != value => Some(format!("~ {name}")),
        Some(_) => None,
    });
    gone.chain(there).collect()
}

/// The same for people.
pub(super) fn changes_text(changes: &[String]) -> String {
    let lines = changes.iter().map(|it| format!("{}\n", printable(it)));
    lines.collect()
}

/// What is installed on a gateway, for people.
pub(super) fn installed(told: &Value) -> String {
    let text = |value: &Value, key| printable(&member(value, key));
    let list = |key: &str| told[key].as_array().cloned().unwrap_or_default();
    let mut lines = format!(
        "{} takes bundles of at most {} bytes; its receipts are signed by {}\n",
        text(told, "device"),
        told["max_bytes"],
        text(told, "receipts_signed_by"),
    );
    lines.push_str(&match (told["signatures"].as_bool(), &told["keys"]) {
        (Some(true), Value::Null) => {
            "no list of release keys is installed, so no signature counts\n".to_owned()
        }
        (Some(true), keys) => {
            let count = keys["keys"].as_array().map_or(0, Vec::len);
            format!(
                "list {} of release keys counts: {count} key(s)\n",
                keys["version"]
            )
        }
        _ => "signatures are not asked for: no root keys are configured\n".to_owned(),
    });
    for bundle in list("installed") {
        let place = bundle["namespace"]
            .as_str()
            .map_or("-".to_owned(), printable);
        let scripts = bundle["scripts"].as_array().map_or(0, Vec::len);
        lines.push_str(&format!(
            "{place}: version {}, {scripts} script(s), since {} by {}\n",
            bundle["version"],
            text(&bundle, "installed_on"),
            text(&bundle, "way"),
        ));
    }
    for place in list("places") {
        let well = if place["well"] == true {
            ""
        } else {
            "refused: "
        };
        lines.push_str(&format!(
            "{} {}: {well}{}\n",
            text(&place, "at"),
            text(&place, "place"),
            text(&place, "what"),
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::read;

    /// Whatever a bundle says of itself, no byte of it is a command to a terminal.
    #[test]
    fn fuzz_bundle_shown() {
        crate::fuzz::drive("bundle", |bytes| {
            let mended = crate::fuzz::bundles::mended(bytes);
            let Some(Ok(bundle)) = mended.map(|bytes| read(&bytes)) else {
                return;
            };
            let is_plain = |text: String| {
                let is_command = |it: char| it.is_control() && it != '\n' && it != '\t';
                assert!(!text.contains(is_command), "{text:?}");
            };
            is_plain(text(&bundle, ""));
            assert!(told(&bundle, "").is_object());
            let changes = changes(&bundle.manifest, &bundle.manifest);
            assert!(changes.is_empty(), "{changes:?}");
            let from_nothing = super::changes(&Manifest::default(), &bundle.manifest);
            is_plain(changes_text(&from_nothing));
        });
    }
}
