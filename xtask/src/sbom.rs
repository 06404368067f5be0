//! `sbom`: what is in a board's binary, as CycloneDX 1.6 in JSON: crates with their hashes and licences, those
//! of the JavaScript engine's module among them, and npm's packages in the modules of Node.

use crate::{boards, javascript, workspace};
use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What bundles npm's packages and is in no bundle.
const BUNDLER: &str = "esbuild";

/// The arguments of `sbom`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The board: a file in `boards/` without `.toml`.
    #[arg(long)]
    board: String,

    /// Where it is written to; without it, target/boards/BOARD/sbom.cdx.json.
    #[arg(long)]
    output: Option<PathBuf>,
}

/// Writes it.
pub fn run(arguments: &Arguments) -> Result<()> {
    let board = boards::load(&arguments.board)?;
    let features = boards::features(&board, board.wasmi_dispatch)?;
    let mut bill = Bill::default();
    let root = workspace::root();
    let daemon = bill.crates(&root.join("daemon/Cargo.toml"), &board.target, &features)?;
    if features.split(',').any(|it| it == "javascript") {
        // A crate of it is made here.
        javascript::quickjs()?;
        let engine = root.join("guest-abi/js");
        let engine_crate = bill.crates(&engine.join("Cargo.toml"), "wasm32-unknown-unknown", "")?;
        bill.depends(&daemon, &engine_crate);
        bill.packages(&engine.join("node/package-lock.json"), &engine_crate)?;
    }
    let text = bill.text(&board.name, &board.target, &daemon)?;
    let path =
        (arguments.output.clone()).unwrap_or_else(|| boards::folder(&board).join("sbom.cdx.json"));
    if let Some(folder) = path.parent() {
        workspace::create_dir(folder)?;
    }
    std::fs::write(&path, text)
        .with_context(|| format!("cannot write {}", workspace::shown(&path)))?;
    println!(
        "{} components: {}",
        bill.components.len(),
        workspace::shown(&path)
    );
    Ok(())
}

/// Components and what each depends on, by reference, which is a package URL.
#[derive(Default)]
struct Bill {
    components: BTreeMap<String, Value>,
    dependencies: BTreeMap<String, BTreeSet<String>>,
}

impl Bill {
    fn depends(&mut self, whose: &str, what: &str) {
        let all = self.dependencies.entry(whose.to_owned()).or_default();
        all.insert(what.to_owned());
    }

    /// Takes in a crate and everything that is linked into it. Gives its reference.
    fn crates(&mut self, manifest: &Path, target: &str, features: &str) -> Result<String> {
        let mut command = Command::new(workspace::cargo());
        command
            .args([
                "metadata",
                "--format-version",
                "1",
                "--locked",
                "--filter-platform",
                target,
            ])
            .arg("--manifest-path")
            .arg(manifest);
        if !features.is_empty() {
            command.args(["--no-default-features", "--features", features]);
        }
        let ran = command.output().context("cannot run cargo")?;
        if !ran.status.success() {
            bail!(
                "cargo metadata failed: {}",
                String::from_utf8_lossy(&ran.stderr)
            );
        }
        let told: Value = serde_json::from_slice(&ran.stdout)
            .context("what cargo tells of the crates is no JSON")?;
        let folder = manifest.parent().unwrap_or(Path::new(""));
        let lock = [
            folder.join("Cargo.lock"),
            workspace::root().join("Cargo.lock"),
        ];
        let lock = lock
            .iter()
            .find(|it| it.exists())
            .context("there is no Cargo.lock")?;
        let hashes = hashes(lock)?;

        // What cargo tells of crates counts dependencies that a feature would add if another one were on.
        let linked = linked(manifest, target, features)?;
        let packages: BTreeMap<&str, &Value> = (each(&told["packages"]))
            .filter(|it| linked.contains(&(text(it, "name"), text(it, "version"))))
            .filter_map(|package| Some((package["id"].as_str()?, package)))
            .collect();
        let nodes: BTreeMap<&str, &Value> = (each(&told["resolve"]["nodes"]))
            .filter_map(|node| Some((node["id"].as_str()?, node)))
            .collect();
        let shown = manifest.to_str().unwrap_or_default();
        let root = packages.iter().find(|(_, it)| it["manifest_path"] == shown);
        let (root, _) = root.with_context(|| format!("cargo tells nothing of {shown}"))?;

        let (mut waiting, mut seen) = (vec![*root], BTreeSet::from([*root]));
        while let Some(id) = waiting.pop() {
            let package = packages
                .get(id)
                .context("cargo names a crate that it does not tell of")?;
            let reference = reference("cargo", package);
            let key = (text(package, "name"), text(package, "version"));
            self.add(
                &reference,
                package,
                hashes.get(&key).map(|hash| ("SHA-256", hash.clone())),
            );
            for dependency in nodes.get(id).map_or(&[][..], |node| slice(&node["deps"])) {
                // What only builds or tests it is not in it; what is at work while compiling neither.
                let kinds = slice(&dependency["dep_kinds"]);
                let Some(id) = dependency["pkg"].as_str() else {
                    continue;
                };
                let is_linked = kinds.iter().any(|it| it["kind"].is_null());
                let Some(package) = packages.get(id).filter(|it| is_linked && !is_macro(it)) else {
                    continue;
                };
                self.depends(&reference, &self::reference("cargo", package));
                if seen.insert(id) {
                    waiting.push(id);
                }
            }
        }
        Ok(reference("cargo", packages[root]))
    }

    /// Takes in npm's packages, as their lock has them.
    fn packages(&mut self, lock: &Path, whose: &str) -> Result<()> {
        let text = std::fs::read_to_string(lock)
            .with_context(|| format!("cannot read {}", workspace::shown(lock)))?;
        let lock: Value = serde_json::from_str(&text).context("package-lock.json")?;
        for (path, package) in lock["packages"].as_object().into_iter().flatten() {
            let Some((_, name)) = path.rsplit_once("node_modules/") else {
                continue;
            };
            let mut package = package.clone();
            if package["dev"] == true || package["optional"] == true || name == BUNDLER {
                continue;
            }
            package["name"] = name.into();
            let reference = reference("npm", &package);
            let hash = package["integrity"].as_str().and_then(hexadecimal);
            self.add(&reference, &package, hash);
            self.depends(whose, &reference);
        }
        Ok(())
    }

    fn add(&mut self, reference: &str, package: &Value, hash: Option<(&'static str, String)>) {
        let mut component = Map::from_iter([
            ("type".to_owned(), "library".into()),
            ("bom-ref".to_owned(), reference.into()),
            ("name".to_owned(), package["name"].clone()),
            ("version".to_owned(), package["version"].clone()),
            ("purl".to_owned(), reference.into()),
        ]);
        if let Some(licence) = package["license"].as_str() {
            // Crates of old have a slash for "or".
            let expression = licence.replace('/', " OR ");
            component.insert("licenses".into(), json!([{ "expression": expression }]));
        }
        if let Some((algorithm, content)) = hash {
            component.insert(
                "hashes".into(),
                json!([{ "alg": algorithm, "content": content }]),
            );
        }
        self.components
            .insert(reference.to_owned(), component.into());
        self.dependencies.entry(reference.to_owned()).or_default();
    }

    /// The document. It depends on nothing but what is in it: no time, no number of its own.
    fn text(&mut self, board: &str, target: &str, root: &str) -> Result<String> {
        let Some(mut main) = self.components.remove(root) else {
            bail!("the daemon is not in it");
        };
        main["type"] = "application".into();
        main["name"] = "postern".into();
        main["properties"] = json!([
            { "name": "postern:board", "value": board },
            { "name": "postern:target", "value": target },
        ]);
        let dependencies = self.dependencies.iter();
        let dependencies: Vec<Value> = dependencies
            .map(|(reference, on)| json!({ "ref": reference, "dependsOn": on }))
            .collect();
        let components: Vec<&Value> = self.components.values().collect();
        let document = json!({
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "metadata": { "component": main },
            "components": components,
            "dependencies": dependencies,
        });
        Ok(serde_json::to_string_pretty(&document)? + "\n")
    }
}

/// Names and versions of the crates that a build links.
fn linked(manifest: &Path, target: &str, features: &str) -> Result<BTreeSet<(String, String)>> {
    let mut command = Command::new(workspace::cargo());
    command
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "none"])
        .args(["--target", target, "--manifest-path"])
        .arg(manifest);
    if !features.is_empty() {
        command.args(["--no-default-features", "--features", features]);
    }
    let ran = command.output().context("cannot run cargo")?;
    if !ran.status.success() {
        bail!(
            "cargo tree failed: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
    // `name v1.2.3 (proc-macro) (*)`
    let crates = String::from_utf8_lossy(&ran.stdout);
    let named = crates.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (name, version) = (words.next()?, words.next()?);
        Some((name.to_owned(), version.strip_prefix('v')?.to_owned()))
    });
    Ok(named.collect())
}

/// The hashes of crates by name and version.
fn hashes(lock: &Path) -> Result<BTreeMap<(String, String), String>> {
    let text = std::fs::read_to_string(lock)
        .with_context(|| format!("cannot read {}", workspace::shown(lock)))?;
    let lock: toml::Table = toml::from_str(&text).context("Cargo.lock")?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let of = |package: &toml::Value, key: &str| Some(package.get(key)?.as_str()?.to_owned());
    Ok((packages.into_iter().flatten())
        .filter_map(|it| Some(((of(it, "name")?, of(it, "version")?), of(it, "checksum")?)))
        .collect())
}

/// A package URL.
fn reference(kind: &str, package: &Value) -> String {
    // A scope's `@` is the one character of npm's names that a URL has another use for.
    let name = text(package, "name").replace('@', "%40");
    format!(
        "pkg:{kind}/{name}@{}",
        text(package, "version").replace('+', "%2B")
    )
}

/// An integrity of npm's as CycloneDX has hashes.
fn hexadecimal(integrity: &str) -> Option<(&'static str, String)> {
    let encoded = integrity
        .split(' ')
        .find_map(|it| it.strip_prefix("sha512-"))?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    Some(("SHA-512", digits.collect()))
}

fn is_macro(package: &Value) -> bool {
    let targets = slice(&package["targets"]).iter();
    let mut kinds = targets.flat_map(|it| slice(&it["kind"]));
    kinds.any(|it| it == "proc-macro")
}

fn text(package: &Value, key: &str) -> String {
    package[key].as_str().unwrap_or_default().to_owned()
}

fn slice(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    slice(value).iter()
}
