//! The file `_redirects`: paths that are answered by others (spec: SEMANTICS §15). It is read as
//! the field's own parser reads it, line by line, with what that leaves out.

use super::config::HtmlHandling;
use super::location::{Target, Written};
use super::path::Split;
use super::pattern::{Pattern, Steps, replace};
use http::StatusCode;
use postern_abi::limits::URL_MAX;
use std::collections::{HashMap, HashSet};

/// Rules without a splat or a placeholder that count, in front of the first with one.
const STATIC_MAX: usize = 2000;
/// Other rules that count.
const DYNAMIC_MAX: usize = 100;
/// UTF-16 units of a line.
const LINE_MAX: usize = 2000;

/// The rules. What cannot be read is left out, as the field does: its clients have warned.
#[derive(Debug, Default)]
pub(super) struct Redirects {
    fixed: HashMap<String, (String, StatusCode)>,
    dynamic: Vec<(Pattern, String, StatusCode)>,
}

/// A rule that matched.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub to: Target,
    /// 200: what lies at `to` is the answer.
    pub status: StatusCode,
}

impl Redirects {
    pub fn parse(text: &str, handling: HtmlHandling) -> Self {
        let mut rules = Self::default();
        let mut seen = HashSet::new();
        let (mut fixed, mut dynamic, mut begun) = (0, 0, false);
        for line in text.trim_start_matches('\u{feff}').split('\n') {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') || line.encode_utf16().count() > LINE_MAX {
                continue;
            }
            let mut words: Vec<&str> = line.split_whitespace().collect();
            // A comment may follow.
            if let Some(at) = words.iter().skip(1).position(|word| word.starts_with('#')) {
                words.truncate(at + 1);
            }
            let (from, to, code) = match words.as_slice() {
                [from, to] => (*from, *to, "302"),
                [from, to, code] => (*from, *to, *code),
                _ => continue,
            };
            let Some(from) = path_of(from) else {
                continue;
            };
            // A rule that is none counts as well, once its path could be read.
            if dynamic == 0 && !is_dynamic(&from) {
                fixed += 1;
                if fixed > STATIC_MAX {
                    continue;
                }
            } else {
                dynamic += 1;
                if dynamic > DYNAMIC_MAX {
                    break;
                }
            }
            let (Some(to), Some(status)) = (Written::parse(to), status_of(code)) else {
                continue;
            };
            let relative = to.host.is_empty();
            let to = to.whole();
            if relative && is_endless(&from, &to, handling)
                || !seen.insert(from.clone())
                || status == StatusCode::OK && !relative
            {
                continue;
            }
            begun |= is_dynamic(&from);
            if !begun {
                rules.fixed.insert(from, (to, status));
            } else if let Some(pattern) = Pattern::parse(&from) {
                rules.dynamic.push((pattern, to, status));
            }
        }
        rules
    }

    /// The first rule for a path, those in front of any splat first.
    pub fn find(&self, url: &Split<'_>) -> Option<Found> {
        if let Some((to, status)) = self.fixed.get(&*url.path) {
            let (to, status) = (Target::resolve(to, url)?, *status);
            return Some(Found { to, status });
        }
        let mut steps = Steps::new();
        self.dynamic.iter().find_map(|(pattern, to, status)| {
            let captured = pattern.matches(&url.path, &mut steps)?;
            let replaced = replace(to, &captured, URL_MAX)?;
            let target = if is_elsewhere(to) {
                replaced
            } else {
                one_slash(&replaced)
            };
            Some(Found {
                to: Target::resolve(target.trim(), url)?,
                status: *status,
            })
        })
    }
}

/// The path of a rule: a slash in front may be missing.
fn path_of(word: &str) -> Option<String> {
    if word.starts_with("https://") && Written::parse(word).is_some() {
        return None;
    }
    let rooted = match word.strip_prefix('/') {
        Some(_) => Written::parse(word)?,
        None => Written::parse(&format!("/{word}"))?,
    };
    Some(rooted.path)
}

fn is_dynamic(path: &str) -> bool {
    let named = |rest: &str| rest.starts_with(|char: char| char.is_ascii_alphabetic());
    path.contains('*') || path.split(':').skip(1).any(named)
}

/// A status, as JavaScript reads numbers.
fn status_of(code: &str) -> Option<StatusCode> {
    let number: f64 = code.parse().ok()?;
    [200_u16, 301, 302, 303, 307, 308]
        .into_iter()
        .find(|known| f64::from(*known) == number)
        .and_then(|known| StatusCode::from_u16(known).ok())
}

/// Whether what a rule leads to would lead to the rule again, once `/index` has been taken off.
fn is_endless(from: &str, to: &str, handling: HtmlHandling) -> bool {
    let index = to.strip_suffix("html").map_or(to, |front| {
        let mut chars = front.chars();
        chars.next_back();
        chars.as_str()
    });
    (to.ends_with("/index") || index.ends_with("/index"))
        && (from.ends_with("/*") || from.ends_with('/') && handling != HtmlHandling::None)
}

/// Whether a rule's own text names a host.
fn is_elsewhere(to: &str) -> bool {
    let host = |rest: &str| !rest.starts_with(['/', '\\', '?', '#']) && !rest.is_empty();
    to.starts_with("https://") || to.strip_prefix("//").is_some_and(host)
}

/// A path in which what a splat stood for has made no second slash, and so no other host.
fn one_slash(to: &str) -> String {
    let (path, suffix) = to.split_at(to.find(['?', '#']).unwrap_or(to.len()));
    let mut one = String::with_capacity(to.len());
    for char in path.chars() {
        match char {
            '/' | '\\' if one.ends_with('/') => {}
            '\\' => one.push('/'),
            char => one.push(char),
        }
    }
    one.push_str(suffix);
    one
}
