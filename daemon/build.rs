//! Names the JavaScript engine that the daemon brings, by the hash of its module, and deflates the
//! modules of Node that Workers import.

use flate2::{Compress, Compression, FlushCompress};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::io;
use std::path::Path;

const MODULE: &str = "../guest-abi/js/engine.wasm";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={MODULE}");
    println!("cargo::rerun-if-changed=build.rs");
    let hash = Sha256::digest(std::fs::read(MODULE)?);
    let id = hash.iter().take(8).fold(String::new(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    });
    println!("cargo::rustc-env=POSTERN_JAVASCRIPT={id}");
    builtins()
}

const BUILTINS: &str = "../guest-abi/js/node";

/// Writes `builtins.rs`: what `src/engine/javascript/builtin.rs` includes.
fn builtins() -> io::Result<()> {
    println!("cargo::rerun-if-changed={BUILTINS}");
    let out = std::env::var("OUT_DIR").map_err(io::Error::other)?;
    let out = Path::new(&out);
    let mut modules = Vec::new();
    for file in std::fs::read_dir(BUILTINS)? {
        let path = file?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if let (Some(stem), Some("js")) = (stem, path.extension().and_then(|it| it.to_str())) {
            let name = match (stem.strip_prefix("internal_"), stem) {
                (Some(part), _) => format!("internal:node/{part}"),
                (None, "cloudflare_node") => "cloudflare:node".to_owned(),
                (None, stem) => format!("node:{}", module_name(stem)),
            };
            modules.push((name, stem.to_owned(), std::fs::read(&path)?));
        }
    }
    modules.sort();
    let mut table = String::from("static BUILTINS: &[(&str, usize, &[u8])] = &[\n");
    for (name, stem, source) in modules {
        let mut deflated = Vec::with_capacity(source.len() + 64);
        Compress::new(Compression::best(), false)
            .compress_vec(&source, &mut deflated, FlushCompress::Finish)
            .map_err(io::Error::other)?;
        let file = out.join(format!("{stem}.deflated"));
        std::fs::write(&file, deflated)?;
        let length = source.len();
        let _ = writeln!(table, "    ({name:?}, {length}, include_bytes!({file:?})),");
    }
    table.push_str("];\n");
    std::fs::write(out.join("builtins.rs"), table)
}

/// A file's name stands for a module's: `util_types` for `util/types`, but `string_decoder`.
fn module_name(stem: &str) -> String {
    const FOLDERS: &[&str] = &["assert", "dns", "fs", "path", "stream", "timers", "util"];
    match stem.split_once('_') {
        Some((folder, rest)) if FOLDERS.contains(&folder) => format!("{folder}/{rest}"),
        _ => stem.to_owned(),
    }
}
