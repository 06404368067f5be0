//! A strict reader of OpenMetrics text: for exports in other forms, so that families are listed in
//! one place, and for tests. It refuses what a server of Prometheus might take amiss.

use std::collections::{BTreeMap, BTreeSet};

/// A family as it was read.
#[derive(Debug, Default)]
pub struct Family {
    /// `counter`, `gauge`, ….
    pub kind: String,
    /// What it is of.
    pub help: String,
    /// Names of labels with their values, and the value as it is written.
    pub samples: Vec<(BTreeMap<String, String>, String)>,
}

/// Reads a whole exposition.
///
/// # Errors
/// What is wrong with it, and where.
pub fn read(text: &str) -> Result<BTreeMap<String, Family>, String> {
    let body = text
        .strip_suffix("# EOF\n")
        .ok_or("it does not end with # EOF")?;
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current: Option<String> = None;
    let mut seen = BTreeSet::new();
    for line in body.split_terminator('\n') {
        let wrong = |what: &str| Err(format!("{what}: {line}"));
        if line.is_empty() || line.contains('\r') {
            return wrong("an empty line or a carriage return");
        }
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.splitn(3, ' ');
            let (kind, name, text) = (words.next(), words.next(), words.next());
            let (Some(kind), Some(name), Some(text)) = (kind, name, text) else {
                return wrong("a comment that is none");
            };
            if !is_name(name) || text.is_empty() {
                return wrong("a name that is none, or nothing said");
            }
            if current.as_deref() != Some(name) && families.contains_key(name) {
                return wrong("a family in two places");
            }
            let family = families.entry(name.to_owned()).or_default();
            if !family.samples.is_empty() {
                return wrong("said too late");
            }
            let slot = match kind {
                "HELP" => &mut family.help,
                "TYPE" => &mut family.kind,
                _ => return wrong("an unknown comment"),
            };
            if !std::mem::replace(slot, text.to_owned()).is_empty() {
                return wrong("said twice");
            }
            current = Some(name.to_owned());
            continue;
        }
        let Some(name) = &current else {
            return wrong("a sample of no family");
        };
        let (sample, labels, value) = sample(line)?;
        let family = families.entry(name.clone()).or_default();
        let expected = match family.kind.as_str() {
            "counter" => format!("{name}_total"),
            "gauge" => name.clone(),
            _ => return wrong("an unknown type"),
        };
        if sample != expected {
            return wrong("a sample of another family");
        }
        let number = value.parse::<f64>().unwrap_or(f64::NAN);
        if family.kind == "counter" && (number < 0.0 || !number.is_finite()) {
            return wrong("a counter that is none");
        }
        if !seen.insert((name.clone(), labels.clone())) {
            return wrong("the same series twice");
        }
        family.samples.push((labels, value.to_owned()));
    }
    match families
        .iter()
        .find(|(_, it)| it.kind.is_empty() || it.help.is_empty())
    {
        Some((name, _)) => Err(format!("{name} has no type or no help")),
        None => Ok(families),
    }
}

type Sample<'a> = (&'a str, BTreeMap<String, String>, &'a str);

fn sample(line: &str) -> Result<Sample<'_>, String> {
    let wrong = |what: &str| format!("{what}: {line}");
    let end = line.find(['{', ' ']).ok_or_else(|| wrong("no value"))?;
    let (name, mut rest) = line.split_at(end);
    if !is_name(name) {
        return Err(wrong("no name"));
    }
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").ok_or_else(|| wrong("no label"))?;
            if !is_name(label) || label.contains(':') {
                return Err(wrong("a label's name that is none"));
            }
            let (value, after) = quoted(after).ok_or_else(|| wrong("no end of a value"))?;
            if labels.insert(label.to_owned(), value).is_some() {
                return Err(wrong("a label twice"));
            }
            match after.strip_prefix(',') {
                Some(more) => rest = more,
                None => {
                    rest = after
                        .strip_prefix('}')
                        .ok_or_else(|| wrong("no end of labels"))?;
                    break;
                }
            }
        }
    }
    let value = rest.strip_prefix(' ').ok_or_else(|| wrong("no space"))?;
    value.parse::<f64>().map_err(|_| wrong("no number"))?;
    Ok((name, labels, value))
}

/// A value up to its closing quote, and what is behind that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                _ => return None,
            }),
            c => value.push(c),
        }
    }
    None
}

fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let first = text.chars().next();
    first.is_some_and(|c| !c.is_ascii_digit()) && text.chars().all(fits)
}
