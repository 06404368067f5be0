//! The file `_redirects`: paths that are answered by others (spec: SEMANTICS §15).

use super::path::Split;
use super::pattern::{Pattern, Steps, replace};
use http::StatusCode;
use postern_abi::limits::URL_MAX;
use std::collections::HashMap;

/// Rules without a splat or a placeholder that count.
const STATIC_MAX: usize = 2000;
/// Rules with one that count.
const DYNAMIC_MAX: usize = 100;
/// Bytes of a line.
const LINE_MAX: usize = 1000;

/// The rules. What cannot be read is left out, as the field does: its clients have warned.
#[derive(Debug, Default)]
pub(super) struct Redirects {
    fixed: HashMap<String, (String, StatusCode)>,
    dynamic: Vec<(Pattern, String, StatusCode)>,
}

/// A rule that matched.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub to: String,
    /// 200: what lies at `to` is the answer.
    pub status: StatusCode,
}

impl Redirects {
    pub fn parse(text: &str) -> Self {
        let mut rules = Self::default();
        for line in text.lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') || line.len() > LINE_MAX {
                continue;
            }
            let mut words = line.split_whitespace();
            let (Some(from), Some(to), code, rest) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                continue;
            };
            // A comment may follow.
            let code = code.filter(|code| !code.starts_with('#'));
            let status = match code {
                None => StatusCode::FOUND,
                Some("200") => StatusCode::OK,
                Some("301") => StatusCode::MOVED_PERMANENTLY,
                Some("302") => StatusCode::FOUND,
                Some("303") => StatusCode::SEE_OTHER,
                Some("307") => StatusCode::TEMPORARY_REDIRECT,
                Some("308") => StatusCode::PERMANENT_REDIRECT,
                Some(_) => continue,
            };
            let is_path = |text: &str| text.starts_with('/') && !text.starts_with("//");
            let is_url = to.starts_with("https://") || to.starts_with("http://");
            let stray = code.is_some() && rest.is_some_and(|rest| !rest.starts_with('#'));
            if stray
                || !is_path(from)
                || from.contains(['?', '#'])
                || !(is_path(to) || is_url)
                || (status == StatusCode::OK && !is_path(to))
            {
                continue;
            }
            let Some(pattern) = Pattern::parse(from) else {
                continue;
            };
            match pattern.literal() {
                Some(path) if rules.fixed.len() < STATIC_MAX => {
                    rules
                        .fixed
                        .entry(path.to_owned())
                        .or_insert_with(|| (to.to_owned(), status));
                }
                None if rules.dynamic.len() < DYNAMIC_MAX => {
                    rules.dynamic.push((pattern, to.to_owned(), status));
                }
                _ => {}
            }
        }
        rules
    }

    /// The first rule for a path, those without splats first.
    pub fn find(&self, path: &str) -> Option<Found> {
        if let Some((to, status)) = self.fixed.get(path) {
            return Some(Found {
                to: to.clone(),
                status: *status,
            });
        }
        let mut steps = Steps::new();
        self.dynamic.iter().find_map(|(pattern, to, status)| {
            let captured = pattern.matches(path, &mut steps)?;
            Some(Found {
                to: replace(to, &captured, URL_MAX)?,
                status: *status,
            })
        })
    }
}

impl Found {
    /// What `Location` says to who asked for `url`: its query goes along where the rule has none.
    pub fn location(&self, url: &Split<'_>) -> String {
        let (to, hash) = match self.to.find('#') {
            Some(at) => self.to.split_at(at),
            None => (self.to.as_str(), ""),
        };
        // What a splat stood for must not make another host of a path.
        let to = match to.strip_prefix('/') {
            Some(rest) => format!("/{}", rest.trim_start_matches(['/', '\\'])),
            None => to.to_owned(),
        };
        let search = if to.contains('?') { "" } else { url.search };
        format!("{to}{search}{hash}")
    }
}
