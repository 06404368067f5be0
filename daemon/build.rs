//! Deflates the JavaScript engine that the daemon brings, and the modules of Node that Workers
//! import, and names the engine by the hash of its module.

use flate2::{Compress, Compression, FlushCompress};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::io;
use std::path::Path;

const MODULE: &str = "../guest-abi/js/engine.wasm";
const BUILTINS: &str = "../guest-abi/js/node";
/// All that the JavaScript engine weighs is in this section, so that it can be told from the rest.
const SECTION: &str = ".postern.javascript";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={MODULE}");
    println!("cargo::rerun-if-changed={BUILTINS}");
    println!("cargo::rerun-if-changed=build.rs");
    let out = std::env::var("OUT_DIR").map_err(io::Error::other)?;
    let out = Path::new(&out);
    let source = if std::env::var_os("CARGO_FEATURE_JAVASCRIPT").is_some() {
        engine(out)?
    } else {
        println!("cargo::rustc-env=POSTERN_JAVASCRIPT=none");
        String::from(
            "const ENGINE: EngineBytes = EngineBytes::Missing;\n\
             static BUILTINS: &[(&str, usize, &[u8])] = &[];\n",
        )
    };
    std::fs::write(out.join("engine.rs"), source)
}

/// `ENGINE` and `BUILTINS` of a build with JavaScript.
fn engine(out: &Path) -> io::Result<String> {
    let module = std::fs::read(MODULE)?;
    let hash = Sha256::digest(&module);
    let id = hash.iter().take(8).fold(String::new(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    });
    println!("cargo::rustc-env=POSTERN_JAVASCRIPT={id}");
    let mut source = String::new();
    let deflated = keep(out, "engine", &module, &mut source)?;
    let length = module.len();
    let _ = writeln!(
        source,
        "const ENGINE: EngineBytes = EngineBytes::Deflated(&{deflated}, {length});"
    );
    builtins(out, source)
}

/// Keeps `bytes` deflated as a static of the section; its name.
fn keep(out: &Path, stem: &str, bytes: &[u8], source: &mut String) -> io::Result<String> {
    let mut deflated = Vec::with_capacity(bytes.len() + 64);
    Compress::new(Compression::best(), false)
        .compress_vec(bytes, &mut deflated, FlushCompress::Finish)
        .map_err(io::Error::other)?;
    let name = format!("DEFLATED_{}", stem.to_uppercase());
    let (file, length) = (out.join(format!("{stem}.deflated")), deflated.len());
    std::fs::write(&file, deflated)?;
    let _ = writeln!(
        source,
        "#[unsafe(link_section = {SECTION:?})]\n\
         static {name}: [u8; {length}] = *include_bytes!({file:?});"
    );
    Ok(name)
}

/// Adds `BUILTINS`: names in order, lengths of the sources, and the sources.
fn builtins(out: &Path, mut source: String) -> io::Result<String> {
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
    for (name, stem, bytes) in modules {
        let deflated = keep(out, &stem, &bytes, &mut source)?;
        let length = bytes.len();
        let _ = writeln!(table, "    ({name:?}, {length}, &{deflated}),");
    }
    source.push_str(&table);
    source.push_str("];\n");
    Ok(source)
}

/// A file's name stands for a module's: `util_types` for `util/types`, but `string_decoder`.
fn module_name(stem: &str) -> String {
    const FOLDERS: &[&str] = &[
        "assert",
        "dns",
        "fs",
        "inspector",
        "path",
        "readline",
        "stream",
        "timers",
        "util",
    ];
    match stem.split_once('_') {
        Some((folder, rest)) if FOLDERS.contains(&folder) => format!("{folder}/{rest}"),
        _ => stem.to_owned(),
    }
}
