//! Makes the glue of wasm-bindgen, as its own program does: `glue MODULE FOLDER bundler|web…`.

use std::path::Path;
use wasm_bindgen_cli_support::Bindgen;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, folder, targets @ ..] = arguments.as_slice() else {
        eprintln!("glue MODULE FOLDER bundler|web…");
        std::process::exit(2);
    };
    for target in targets {
        if let Err(error) = make(module, folder, target) {
            eprintln!("{target}: {error:#}");
            std::process::exit(1);
        }
    }
}

/// Writes `TARGET.js` and its like to the folder.
fn make(module: &str, folder: &str, target: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .typescript(false)
        .out_name(target);
    match target {
        "bundler" => bindgen.bundler(true)?,
        "web" => bindgen.web(true)?,
        other => return Err(format!("no glue is for {other}").into()),
    };
    bindgen.generate(Path::new(folder))?;
    Ok(())
}
