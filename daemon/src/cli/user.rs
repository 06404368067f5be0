//! Files of the user's own: lines in `postern/NAME` of `$XDG_CONFIG_HOME`, or of `.config` in the home. Only the user
//! may read them, and a reader sees the whole file or the one before.

use super::error::CliError;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes of a file.
const FILE_MAX: u64 = 1 << 20;

/// Where a file is; `None` for who has no home.
pub fn path(name: &str) -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).filter(|it| !it.is_empty());
    let config = folder("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.or_else(|| folder("HOME").map(|it| PathBuf::from(it).join(".config")))?;
    Some(config.join("postern").join(name))
}

/// The pairs in a file, a line each, in `form`; lines that begin with `#` are notes. A file that is not there has none.
pub fn read<T>(
    path: &Path,
    form: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<(String, T)>, CliError> {
    let mut text = String::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(FILE_MAX + 1).read_to_string(&mut text));
    let failed = |error| CliError::File {
        verb: "read",
        path: path.to_owned(),
        error,
    };
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
        Ok(_) if text.len() as u64 > FILE_MAX => {
            return Err(CliError::TooLarge {
                what: format!("`{}`", path.display()),
                limit: FILE_MAX,
            });
        }
        Ok(_) => {}
    }
    let mut pairs = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let parts = line.split_once(char::is_whitespace);
        let parsed = parts.and_then(|(name, it)| Some((name, parse(it.trim())?)));
        // To skip it could be to believe anybody whom it would refuse.
        let Some((name, value)) = parsed else {
            let what = format!("line {} is not `{form}`", at + 1);
            return Err(failed(io::Error::new(io::ErrorKind::InvalidData, what)));
        };
        pairs.push((name.to_owned(), value));
    }
    Ok(pairs)
}

/// Writes a note and pairs.
pub fn write<T: std::fmt::Display>(
    path: Option<&Path>,
    note: &str,
    pairs: &[(String, T)],
) -> Result<(), CliError> {
    let Some((path, folder)) = path.and_then(|it| Some((it, it.parent()?))) else {
        return Err(CliError::Usage(
            "there is no home to keep it in; set HOME or XDG_CONFIG_HOME".to_owned(),
        ));
    };
    let mut text = note.to_owned();
    for (name, value) in pairs {
        text.push_str(&format!("{name} {value}\n"));
    }
    let written = || -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let fresh = path.with_extension("new");
        let _ = std::fs::remove_file(&fresh);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)
    };
    written().map_err(|error| CliError::File {
        verb: "write",
        path: path.to_owned(),
        error,
    })
}
