//! The apps of `tests/apps`, bundled for Workers from npm's packages.

use crate::{npm, step, workspace};
use anyhow::{Context, Result};
use postern_compare::Case;
use std::path::Path;

/// What may hold an app's main module.
const EXTENSIONS: &[&str] = &["js", "jsx", "ts", "tsx"];

/// Bundles them to `target/apps/NAME.js`; the cases that they are.
pub fn build(wanted: &[String]) -> Result<Vec<Case>> {
    let folder = workspace::root().join("tests/apps");
    let modules = npm::install("apps", &folder)?;
    let out = workspace::target().join("apps");
    workspace::create_dir(&out)?;
    let mut cases = Vec::new();
    for file in std::fs::read_dir(&folder).context("cannot list tests/apps")? {
        let file = file?.path();
        let extension = file.extension().and_then(|extension| extension.to_str());
        if !extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) {
            continue;
        }
        let mut case = Case::read(&folder, &file)?;
        if !wanted.is_empty() && !wanted.iter().any(|part| case.name.contains(part)) {
            continue;
        }
        let made = out.join(format!("{}.js", case.name));
        bundle(&modules, &file, &made)?;
        case.source = std::fs::read_to_string(&made)?;
        case.path = made;
        cases.push(case);
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

/// As the field's own tool does it.
fn bundle(modules: &Path, from: &Path, to: &Path) -> Result<()> {
    let mut command = npm::esbuild(modules)?;
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
            "--define:process.env.NODE_ENV=\"production\"",
            "--jsx=automatic",
            "--log-level=warning",
        ])
        .env("NODE_PATH", modules);
    step::quiet_command(
        &format!("bundling {}", workspace::shown(from)),
        &mut command,
    )
}
