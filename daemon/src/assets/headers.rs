//! The file `_headers`: fields that assets are served with (spec: SEMANTICS §14).

use super::path::Split;
use super::pattern::{Pattern, Steps, replace};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use postern_abi::limits::HEADERS_MAX;

/// Rules that count.
const RULES_MAX: usize = 100;
/// Bytes of a line.
const LINE_MAX: usize = 2000;

#[derive(Debug)]
struct Rule {
    /// Whether it is for a host as well.
    host: bool,
    pattern: Pattern,
    unset: Vec<HeaderName>,
    set: Vec<(HeaderName, String)>,
}

/// The rules. What cannot be read is left out, as the field does: its clients have warned.
#[derive(Debug, Default)]
pub(super) struct Headers(Vec<Rule>);

impl Headers {
    pub fn parse(text: &str) -> Self {
        let mut rules: Vec<Rule> = Vec::new();
        let mut open = false;
        for line in text.lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') || line.len() > LINE_MAX {
                continue;
            }
            if line.starts_with('/') || line.contains("://") && !line.contains(' ') {
                let pattern = Pattern::parse(line);
                let fits = line.starts_with('/') || line.starts_with("https://");
                open = fits && pattern.is_some() && rules.len() < RULES_MAX;
                if let Some(pattern) = pattern.filter(|_| open) {
                    rules.push(Rule {
                        host: !line.starts_with('/'),
                        pattern,
                        unset: Vec::new(),
                        set: Vec::new(),
                    });
                }
                continue;
            }
            let Some(rule) = rules.last_mut().filter(|_| open) else {
                continue;
            };
            if let Some(name) = line.strip_prefix('!') {
                rule.unset
                    .extend(HeaderName::from_bytes(name.trim().as_bytes()));
                continue;
            }
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let (Ok(name), value) = (HeaderName::from_bytes(name.trim().as_bytes()), value.trim())
            else {
                continue;
            };
            match rule.set.iter_mut().find(|(known, _)| *known == name) {
                Some((_, all)) => {
                    all.push_str(", ");
                    all.push_str(value);
                }
                None => rule.set.push((name, value.to_owned())),
            }
        }
        Self(rules)
    }

    /// Changes an answer's fields as every rule says that matches; what two rules set is joined.
    pub fn apply(&self, url: &Split<'_>, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        let whole = format!("https://{}{}", url.host, url.path);
        let mut steps = Steps::new();
        let mut room = HEADERS_MAX;
        let mut ours: Vec<&HeaderName> = Vec::new();
        for rule in &self.0 {
            let text = if rule.host { whole.as_str() } else { url.path };
            let Some(captured) = rule.pattern.matches(text, &mut steps) else {
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
                let Ok(mut value) = HeaderValue::from_str(&value) else {
                    continue;
                };
                room = room.saturating_sub(name.as_str().len() + value.len());
                if ours.contains(&name)
                    && let Some(before) = headers.get(name)
                {
                    let joined = [before.as_bytes(), b", ", value.as_bytes()].concat();
                    if let Ok(joined) = HeaderValue::from_bytes(&joined) {
                        value = joined;
                    }
                }
                headers.insert(name, value);
                ours.push(name);
            }
        }
    }
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
