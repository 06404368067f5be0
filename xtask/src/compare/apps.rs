//! The apps of `tests/apps`, bundled for Workers from npm's packages.

use super::bindgen;
use crate::{npm, step, workspace};
use anyhow::{Context, Result, bail};
use postern_compare::Case;
use std::path::{Path, PathBuf};

/// What may hold an app's main module.
const EXTENSIONS: &[&str] = &["js", "jsx", "ts", "tsx"];

/// Modules of Node that packages name without `node:`.
const NODE: &[&str] = &[
    "assert",
    "async_hooks",
    "buffer",
    "child_process",
    "crypto",
    "diagnostics_channel",
    "dns",
    "events",
    "fs",
    "http",
    "net",
    "os",
    "path",
    "querystring",
    "stream",
    "string_decoder",
    "tls",
    "url",
    "util",
    "zlib",
];

/// Where they are.
pub fn folder() -> PathBuf {
    workspace::root().join("tests/apps")
}

/// Installs what they are made of; where it is.
pub fn packages() -> Result<PathBuf> {
    npm::install("apps", &folder())
}

/// Bundles them to `target/apps/NAME.js`; the cases that they are. A folder with a `Cargo.toml` is
/// one in Rust, whose module and glue are made first.
pub fn build(wanted: &[String]) -> Result<Vec<Case>> {
    let folder = folder();
    let modules = packages()?;
    let out = workspace::target().join("apps");
    workspace::create_dir(&out)?;
    let mut found = Vec::new();
    for file in files(&folder)? {
        let case = Case::read(&folder, &file)?;
        if !wanted.is_empty() && !wanted.iter().any(|part| case.name.contains(part)) {
            continue;
        }
        let own = file.parent().unwrap_or(&folder);
        let mut glue = None;
        if own != folder {
            match bindgen::build(own) {
                Ok(made) => glue = Some(made),
                Err(error) if wanted.is_empty() => {
                    step::skip(&case.name, &format!("{error:#}"));
                    continue;
                }
                Err(error) => return Err(error),
            }
        }
        found.push((case, file, glue));
    }
    let mut cases = step::quiet("bundling the apps", || {
        let made = found
            .into_iter()
            .map(|(case, file, glue)| bundled(&modules, &out, case, &file, glue));
        made.collect::<Result<Vec<Case>>>()
    })?;
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

fn bundled(
    modules: &Path,
    out: &Path,
    mut case: Case,
    file: &Path,
    glue: Option<PathBuf>,
) -> Result<Case> {
    let made = out.join(format!("{}.js", case.name.replace('/', "-")));
    let node = case.flags.iter().any(|flag| flag == "nodejs_compat");
    bundle(modules, file, &made, glue.as_deref(), node)?;
    case.source = std::fs::read_to_string(&made)?;
    if node && case.source.contains("__require(") {
        case.source = required(&case.source);
        std::fs::write(&made, &case.source)?;
    }
    if let Some(glue) = glue {
        case.wasm = bindgen::modules(&glue, &case.source);
    }
    case.path = made;
    Ok(case)
}

/// A module whose packages are CommonJS, with a `require` that knows the modules of Node that they ask for.
fn required(source: &str) -> String {
    let (mut imports, mut known) = (String::new(), String::new());
    for name in NODE {
        if source.contains(&format!("__require(\"node:{name}\")")) {
            imports.push_str(&format!("import _{name} from \"node:{name}\";\n"));
            known.push_str(&format!("\"node:{name}\": _{name}, "));
        }
    }
    format!("{imports}const require = (name) => ({{ {known}}})[name];\n{source}")
}

/// Main modules: those in the folder, and in folders that are crates.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let list = |folder: &Path| -> Result<Vec<PathBuf>> {
        std::fs::read_dir(folder)
            .with_context(|| format!("cannot list {}", workspace::shown(folder)))?
            .map(|entry| Ok(entry?.path()))
            .collect()
    };
    let mut found = list(folder)?;
    for crate_folder in found.clone() {
        if crate_folder.join("Cargo.toml").exists() {
            found.extend(list(&crate_folder)?);
        }
    }
    found.retain(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        path.is_file() && extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
    });
    Ok(found)
}

/// As the field's own tool does it. What `bindgen-glue` names is made by wasm-bindgen.
/// With `node`, what packages import or require of Node under bare names is Node's too.
fn bundle(modules: &Path, from: &Path, to: &Path, glue: Option<&Path>, node: bool) -> Result<()> {
    let mut command = npm::esbuild(modules)?;
    if node {
        command.args(
            NODE.iter()
                .map(|name| format!("--alias:{name}=node:{name}")),
        );
    }
    if let Some(glue) = glue {
        command.arg(format!("--alias:bindgen-glue={}", glue.display()));
    }
    command
        .arg(from)
        .arg(format!("--outfile={}", to.display()))
        .args([
            "--bundle",
            "--format=esm",
            "--target=es2024",
            "--conditions=workerd,worker,browser",
            "--main-fields=browser,module,main",
            "--external:node:*",
            "--external:cloudflare:*",
            "--external:*.wasm",
            "--define:process.env.NODE_ENV=\"production\"",
            "--jsx=automatic",
            "--log-level=warning",
        ])
        .env("NODE_PATH", modules);
    let output = command.output().context("cannot run esbuild")?;
    if !output.status.success() {
        bail!(
            "cannot bundle {}:\n{}",
            workspace::shown(from),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
