//! The file `_headers`: fields that assets are served with (spec: SEMANTICS §14).

use super::location::Written;
use super::path::Split;
use super::pattern::{Pattern, Steps, replace};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use postern_abi::limits::HEADERS_MAX;

/// Rules that are full when a path begins another: the one before it still counts.
const RULES_MAX: usize = 100;
/// UTF-16 units of a line.
const LINE_MAX: usize = 2000;

#[derive(Debug)]
struct Rule {
    /// The path as it is matched, with a host in front of some.
    path: String,
    unset: Vec<HeaderName>,
    set: Vec<(HeaderName, String)>,
}

impl Rule {
    /// Whether it is for a host as well.
    fn names_host(&self) -> bool {
        self.path.starts_with("https://")
    }

    fn says_something(&self) -> bool {
        !self.set.is_empty() || !self.unset.is_empty()
    }
}

/// The rules. What cannot be read is left out, as the field does: its clients have warned.
#[derive(Debug, Default)]
pub(super) struct Headers(Vec<(Rule, Pattern)>);

impl Headers {
    pub fn parse(text: &str) -> Self {
        let mut rules: Vec<Rule> = Vec::new();
        let mut open: Option<Rule> = None;
        for line in text.trim_start_matches('\u{feff}').split('\n') {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') || line.encode_utf16().count() > LINE_MAX {
                continue;
            }
            if is_path(line) {
                if rules.len() >= RULES_MAX {
                    break;
                }
                rules.extend(open.take().filter(Rule::says_something));
                open = path_of(line).map(|path| Rule {
                    path,
                    unset: Vec::new(),
                    set: Vec::new(),
                });
                continue;
            }
            let Some(rule) = &mut open else {
                continue;
            };
            let Some((name, value)) = line.split_once(':') else {
                if let Some(name) = line.strip_prefix("! ") {
                    rule.unset.extend(HeaderName::from_bytes(name.as_bytes()));
                }
                continue;
            };
            let (Ok(name), value) = (HeaderName::from_bytes(name.trim().as_bytes()), value.trim())
            else {
                continue;
            };
            if value.is_empty() {
                continue;
            }
            match rule.set.iter_mut().find(|(known, _)| *known == name) {
                Some((_, all)) => {
                    all.push_str(", ");
                    all.push_str(value);
                }
                None => rule.set.push((name, value.to_owned())),
            }
        }
        rules.extend(open.filter(Rule::says_something));
        Self::of(rules)
    }

    /// With the last of the rules for one path in place of the first.
    fn of(rules: Vec<Rule>) -> Self {
        let mut kept: Vec<Rule> = Vec::new();
        for rule in rules {
            match kept.iter_mut().find(|known| known.path == rule.path) {
                Some(known) => *known = rule,
                None => kept.push(rule),
            }
        }
        let compiled = kept.into_iter().filter_map(|rule| {
            let pattern = Pattern::parse(&rule.path)?;
            Some((rule, pattern))
        });
        Self(compiled.collect())
    }

    /// Changes an answer's fields as every rule says that matches; what two rules set is there twice.
    pub fn apply(&self, url: &Split<'_>, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        let whole = format!("https://{}{}", url.host, url.path);
        let mut steps = Steps::new();
        let mut room = HEADERS_MAX;
        let mut ours: Vec<&HeaderName> = Vec::new();
        for (rule, pattern) in &self.0 {
            let text = if rule.names_host() {
                &whole
            } else {
                &*url.path
            };
            let Some(captured) = pattern.matches(text, &mut steps) else {
                continue;
            };
            for name in &rule.unset {
                headers.remove(name);
            }
            for (name, value) in &rule.set {
                if is_framing(name) {
                    continue;
                }
                let Some(value) = replace(value, &captured, room) else {
                    continue;
                };
                let Ok(value) = HeaderValue::from_str(&value) else {
                    continue;
                };
                room = room.saturating_sub(name.as_str().len() + value.len());
                if ours.contains(&name) {
                    headers.append(name, value);
                } else {
                    headers.insert(name, value);
                    ours.push(name);
                }
            }
        }
    }
}

/// Whether a line begins a rule.
fn is_path(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    line.starts_with('/') || word.find("://").is_some_and(|at| at > 0)
}

/// The path of a rule, or host and path; one with a port, or with two splats, is none.
fn path_of(line: &str) -> Option<String> {
    let written = Written::parse(line)?;
    let port = written.host.rsplit_once(':').map(|(_, port)| port);
    let digits = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let path = written.matched();
    let splats = path.matches('*').count();
    (!port.is_some_and(digits) && splats <= 1).then_some(path)
}

/// What says how an answer is cut is not a tenant's to say.
fn is_framing(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "content-length"
            | "transfer-encoding"
            | "connection"
            | "keep-alive"
            | "te"
            | "trailer"
            | "upgrade"
    )
}
