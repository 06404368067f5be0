//! The `[egress]` tables: where tenants may go, beside what `outbound.allow-private` closes.

use super::document::Document;
use super::routing::{Target, is_script_name};
use crate::egress::{Egress, Rule, Rules};
use std::collections::BTreeMap;
use toml::Spanned;

/// Rules of all tables together.
pub const RULES_MAX: usize = 4096;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawEgress {
    pub allow: Option<Vec<Spanned<String>>>,
    pub deny: Vec<Spanned<String>>,
    pub namespaces: BTreeMap<Spanned<String>, RawRules>,
    pub scripts: BTreeMap<Spanned<String>, RawRules>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawRules {
    pub allow: Option<Vec<Spanned<String>>>,
    pub deny: Vec<Spanned<String>>,
}

pub(super) fn check(document: &mut Document<'_>, raw: RawEgress) -> Egress {
    let mut left = RULES_MAX;
    let all = RawRules {
        allow: raw.allow,
        deny: raw.deny,
    };
    let mut egress = Egress {
        all: rules(document, all, &mut left),
        ..Egress::default()
    };
    for (name, raw) in raw.namespaces {
        if !is_script_name(name.get_ref()) {
            document.problem(
                Some(name.span()),
                format!("`{}` is no name for a dispatch namespace", name.get_ref()),
                "use 1 to 255 letters, digits, `-` and `_`, beginning with a letter or digit",
            );
        }
        let rules = rules(document, raw, &mut left);
        egress.namespaces.insert(name.into_inner(), rules);
    }
    for (name, raw) in raw.scripts {
        let is_target = name.get_ref().contains('/') && Target::parse(name.get_ref(), "").is_some();
        if !is_target {
            document.problem(
                Some(name.span()),
                format!("`{}` is no script of a dispatch namespace", name.get_ref()),
                "write \"namespace/script\"",
            );
        }
        let rules = rules(document, raw, &mut left);
        egress.scripts.insert(name.into_inner(), rules);
    }
    egress
}

fn rules(document: &mut Document<'_>, raw: RawRules, left: &mut usize) -> Rules {
    let mut list = |texts: Vec<Spanned<String>>| {
        let mut rules = Vec::with_capacity(texts.len().min(*left));
        for text in texts {
            if *left == 0 {
                document.problem(
                    Some(text.span()),
                    format!("the `egress` tables have more than {RULES_MAX} rules, the limit"),
                    "put networks and *.names together",
                );
                break;
            }
            *left -= 1;
            match text.get_ref().parse::<Rule>() {
                Ok(rule) => rules.push(rule),
                Err(error) => {
                    let error = error.to_string();
                    let (what, remedy) = error.split_once("; ").unwrap_or((&error, ""));
                    document.problem(Some(text.span()), what, remedy);
                }
            }
        }
        rules
    };
    Rules {
        allow: raw.allow.map(&mut list),
        deny: list(raw.deny),
    }
}
