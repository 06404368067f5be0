//! What metadata says about assets.

use super::pattern::glob;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Patterns of `run_worker_first`.
const PATTERNS_MAX: usize = 100;
/// Bytes of one of them.
const PATTERN_MAX: usize = 200;
/// Bytes of `_headers`, and of `_redirects`.
const RULES_MAX: usize = 512 * 1024;

/// How assets are served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// How paths and HTML files meet.
    pub html_handling: HtmlHandling,
    /// What answers where nothing is.
    pub not_found_handling: NotFound,
    /// Which requests the Worker sees first.
    pub run_worker_first: First,
    /// The file `_headers`.
    pub headers: String,
    /// The file `_redirects`.
    pub redirects: String,
    /// What paths of assets begin with, without a slash at the end: `/docs`; empty for none. Rows
    /// have it beside this, for it came later.
    #[serde(skip)]
    pub base_path: String,
}

/// How paths and HTML files meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HtmlHandling {
    /// A file without, a folder with a slash at the end.
    #[default]
    Auto,
    /// Always with a slash.
    Force,
    /// Always without.
    Drop,
    /// Files as they are named.
    None,
}

/// What answers where nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotFound {
    /// The Worker, or an empty 404.
    #[default]
    None,
    /// `/index.html`, as 200.
    SinglePage,
    /// The nearest `404.html`.
    Page,
}

/// Which requests the Worker sees first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum First {
    /// None that an asset answers.
    #[default]
    Never,
    /// All.
    Always,
    /// Those whose path matches one of these; one that begins with `!` names assets' paths.
    Patterns(Vec<String>),
}

/// What patterns of `run_worker_first` say about a path: `false`, that it is for assets alone,
/// whatever else matches; `true`, that it is the Worker's.
pub(super) fn first_of(patterns: &[String], path: &str) -> Option<bool> {
    let negative = |pattern: &String| pattern.strip_prefix('!').is_some_and(|it| glob(it, path));
    if patterns.iter().any(negative) {
        return Some(false);
    }
    patterns
        .iter()
        .any(|pattern| glob(pattern, path))
        .then_some(true)
}

impl Config {
    /// Reads `assets.config` of metadata.
    ///
    /// # Errors
    /// What is wrong with it, for who uploads.
    pub fn parse(value: &Value) -> Result<Self, String> {
        let text = |key: &str| match value.get(key) {
            None | Some(Value::Null) => Ok(""),
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(_) => Err(format!("assets.config.{key} is not a string")),
        };
        let rules = |key: &str| match text(key)? {
            text if text.len() > RULES_MAX => Err(format!(
                "assets.config.{key} has {} bytes, the limit is {RULES_MAX}",
                text.len()
            )),
            text => Ok(text.to_owned()),
        };
        let html_handling = match text("html_handling")? {
            "" | "auto-trailing-slash" => HtmlHandling::Auto,
            "force-trailing-slash" => HtmlHandling::Force,
            "drop-trailing-slash" => HtmlHandling::Drop,
            "none" => HtmlHandling::None,
            other => {
                return Err(format!(
                    "assets.config.html_handling is '{other:.40}'; use auto-trailing-slash, \
                     force-trailing-slash, drop-trailing-slash or none"
                ));
            }
        };
        let not_found_handling = match text("not_found_handling")? {
            "" | "none" => NotFound::None,
            "single-page-application" => NotFound::SinglePage,
            "404-page" => NotFound::Page,
            other => {
                return Err(format!(
                    "assets.config.not_found_handling is '{other:.40}'; use none, \
                     single-page-application or 404-page"
                ));
            }
        };
        let run_worker_first = match value.get("run_worker_first").or_else(|| {
            value
                .get("serve_directly")
                .filter(|value| value.is_boolean())
        }) {
            None | Some(Value::Null) => First::Never,
            Some(Value::Bool(first)) => {
                // The older key says the opposite.
                let asks = value.get("run_worker_first").is_some();
                if *first == asks {
                    First::Always
                } else {
                    First::Never
                }
            }
            Some(Value::Array(list)) => First::Patterns(patterns(list)?),
            Some(_) => {
                return Err(
                    "assets.config.run_worker_first is neither true nor false nor an array of \
                     patterns"
                        .to_owned(),
                );
            }
        };
        Ok(Self {
            html_handling,
            not_found_handling,
            run_worker_first,
            headers: rules("_headers")?,
            redirects: rules("_redirects")?,
            base_path: base_path(text("base_path")?)
                .map_err(|what| format!("assets.config.base_path {what}"))?,
        })
    }
}

/// A base path as it is kept: without empty pieces and dots.
fn base_path(text: &str) -> Result<String, String> {
    let scheme = text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|char: char| char.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
    });
    if text.len() > PATTERN_MAX {
        return Err(format!(
            "has {} bytes, the limit is {PATTERN_MAX}",
            text.len()
        ));
    }
    if text.starts_with("//") || scheme {
        return Err(format!("is '{text:.60}'; use a path, not a URL"));
    }
    if text.contains(['\\', '?', '#', '%']) || text.contains(|char: char| char.is_ascii_control()) {
        return Err(format!(
            "is '{:.60}'; use a path without backslashes, queries, fragments, percent-encoding and \
             control characters",
            text.escape_debug().to_string()
        ));
    }
    let mut pieces: Vec<&str> = Vec::new();
    for piece in text.split('/') {
        match piece {
            "" | "." => {}
            ".." => {
                pieces.pop();
            }
            piece => pieces.push(piece),
        }
    }
    Ok(pieces.iter().map(|piece| format!("/{piece}")).collect())
}

fn patterns(list: &[Value]) -> Result<Vec<String>, String> {
    if list.len() > PATTERNS_MAX {
        return Err(format!(
            "assets.config.run_worker_first has {} patterns, the limit is {PATTERNS_MAX}",
            list.len()
        ));
    }
    let negative = |one: &Value| one.as_str().is_some_and(|one| one.starts_with('!'));
    if list.iter().all(negative) {
        return Err(
            "assets.config.run_worker_first has no pattern of what the Worker sees first; give at \
             least one that does not begin with !"
                .to_owned(),
        );
    }
    list.iter()
        .map(|one| {
            let pattern = one.as_str().unwrap_or_default();
            let path = pattern.strip_prefix('!').unwrap_or(pattern);
            if !path.starts_with('/') || pattern.len() > PATTERN_MAX {
                return Err(format!(
                    "assets.config.run_worker_first has the pattern '{pattern:.60}'; a pattern \
                     is a path of at most {PATTERN_MAX} bytes that begins with / or !/"
                ));
            }
            Ok(pattern.to_owned())
        })
        .collect()
}
