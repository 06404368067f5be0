//! Where things are: the checkout, its build directory, the cache in the user's home.

use anyhow::{Context, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The checkout's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in a folder of the checkout")
}

/// The build directory, as cargo chooses it.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Where built guests are: `NAME.wasm` each.
pub fn guests() -> PathBuf {
    target().join("guests")
}

/// A folder that outlives checkouts, for what takes long to build: `XDG_CACHE_HOME/postern` or
/// `~/.cache/postern`. Without a home, a folder in the build directory.
pub fn cache() -> PathBuf {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(|| target().join("cache"))
        .join("postern")
}

/// The cargo that runs this program.
pub fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Creates a folder and those above it.
pub fn create_dir(dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))
}

/// A path as a reader in the checkout would write it.
pub fn shown(path: &Path) -> String {
    let from = std::env::current_dir().unwrap_or_else(|_| root().to_owned());
    path.strip_prefix(&from)
        .or_else(|_| path.strip_prefix(root()))
        .unwrap_or(path)
        .display()
        .to_string()
}
