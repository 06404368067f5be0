//! Names the JavaScript engine that the daemon brings, by the hash of its module.

use sha2::{Digest, Sha256};
use std::fmt::Write;

const MODULE: &str = "../guest-abi/js/engine.wasm";

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed={MODULE}");
    println!("cargo::rerun-if-changed=build.rs");
    let hash = Sha256::digest(std::fs::read(MODULE)?);
    let id = hash.iter().take(8).fold(String::new(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    });
    println!("cargo::rustc-env=POSTERN_JAVASCRIPT={id}");
    Ok(())
}
