//! The paths that a file names, with `crate`, `self` and `super` resolved and the groups of
//! `use` taken apart.

use crate::tokens::Token;

/// A path as it would be written from the crate's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Whether it starts in this crate; otherwise its first part is a library or a local name.
    pub inside: bool,
    /// Its parts.
    pub path: Vec<String>,
    /// The line, from 1.
    pub line: usize,
}

/// The paths of at least two parts, and single names after `use`, in a file that is `module`.
pub fn named(tokens: &[Token], module: &[String]) -> Vec<Named> {
    let mut found = Vec::new();
    let mut inner = InnerModules::default();
    let mut at = 0;
    while at < tokens.len() {
        inner.see(tokens, at);
        let token = &tokens[at];
        let before = |back: usize| at.checked_sub(back).map(|at| &tokens[at]);
        let goes_on = match before(1).map(|token| token.text.as_str()) {
            // `::sled` starts a path unless something stands before the colons.
            Some("::") => before(2)
                .is_some_and(|token| (token.is_name() && !is_keyword(token)) || token.text == ">"),
            Some(".") => true,
            _ => false,
        };
        if !token.is_name() || is_keyword(token) || goes_on {
            at += 1;
            continue;
        }
        let imported = before(1).is_some_and(|token| token.text == "use" || token.text == "crate")
            || (before(1).is_some_and(|token| token.text == "::")
                && before(2).is_some_and(|token| token.text == "use"));
        let mut here = module.to_vec();
        here.extend(inner.names.iter().map(|(name, _)| name.clone()));
        let mut paths = Vec::new();
        let end = tree(tokens, at, &mut Vec::new(), &mut paths);
        for path in paths {
            if path.len() > 1 || imported {
                found.push(resolve(path, &here, token.line));
            }
        }
        at = end.max(at + 1);
    }
    found
}

/// Whether a path may start after it.
fn is_keyword(token: &Token) -> bool {
    matches!(token.text.as_str(), "as" | "for" | "in" | "return" | "use")
}

/// Reads `a::b::{c, d::e}` from `at`; where it ends.
fn tree(
    tokens: &[Token],
    mut at: usize,
    prefix: &mut Vec<String>,
    into: &mut Vec<Vec<String>>,
) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let depth = prefix.len();
    loop {
        if text(at) == "{" && prefix.len() > depth {
            at += 1;
            while at < tokens.len() && text(at) != "}" {
                if tokens[at].is_name() {
                    at = tree(tokens, at, prefix, into);
                    // `as name`
                    while at < tokens.len() && text(at) != "," && text(at) != "}" {
                        at += 1;
                    }
                } else {
                    at += 1;
                }
            }
            at += 1;
            break;
        }
        if !tokens.get(at).is_some_and(Token::is_name) {
            into.push(prefix.clone());
            break;
        }
        prefix.push(text(at).to_owned());
        at += 1;
        if text(at) != "::" {
            into.push(prefix.clone());
            break;
        }
        at += 1;
    }
    prefix.truncate(depth);
    at
}

fn resolve(path: Vec<String>, module: &[String], line: usize) -> Named {
    let (base, rest): (Option<Vec<String>>, usize) = match path[0].as_str() {
        "crate" | "postern_daemon" => (Some(Vec::new()), 1),
        "self" => (Some(module.to_vec()), 1),
        "super" => {
            let ups = path.iter().take_while(|part| *part == "super").count();
            let keep = module.len().saturating_sub(ups);
            (Some(module[..keep].to_vec()), ups)
        }
        _ => (None, 0),
    };
    let inside = base.is_some();
    let mut resolved = base.unwrap_or_default();
    resolved.extend_from_slice(&path[rest..]);
    Named {
        inside,
        path: resolved,
        line,
    }
}

/// The `mod name { … }` that the reader is in, with the depth of braces each began at.
#[derive(Default)]
struct InnerModules {
    names: Vec<(String, usize)>,
    depth: usize,
}

impl InnerModules {
    fn see(&mut self, tokens: &[Token], at: usize) {
        match tokens[at].text.as_str() {
            "{" => {
                let back = |by: usize| at.checked_sub(by).map(|at| &tokens[at]);
                if let (Some(key), Some(name)) = (back(2), back(1))
                    && key.text == "mod"
                {
                    self.names.push((name.text.clone(), self.depth));
                }
                self.depth += 1;
            }
            "}" => {
                self.depth = self.depth.saturating_sub(1);
                self.names.retain(|(_, depth)| *depth < self.depth);
            }
            _ => {}
        }
    }
}

#[test]
fn paths_are_found_and_resolved() {
    let check = |text: &str, wanted: &[&str]| {
        let module: Vec<String> = ["store", "kv"].map(String::from).to_vec();
        let found: Vec<String> = named(&crate::tokens::tokens(text), &module)
            .into_iter()
            .map(|named| {
                let mark = if named.inside { "/" } else { "" };
                format!("{mark}{}", named.path.join("::"))
            })
            .collect();
        assert_eq!(found, wanted, "{text}");
    };
    check("use sled::Db;", &["sled::Db"]);
    check("use sled;", &["sled"]);
    check("extern crate sled;", &["sled"]);
    check("use ::sled::{Db, Tree as T};", &["sled::Db", "sled::Tree"]);
    check(
        "use crate::{store::Kv, engine::{ops, limits::Limits}, edge};",
        &[
            "/store::Kv",
            "/engine::ops",
            "/engine::limits::Limits",
            "/edge",
        ],
    );
    check("use super::blobs::Blobs;", &["/store::blobs::Blobs"]);
    check("use super::super::engine;", &["/engine"]);
    check(
        "mod tests { use super::*; use super::super::super::edge; }",
        &["/store::kv", "/edge"],
    );
    check("mod tests { } use super::x;", &["/store::x"]);
    check(
        "let x = crate::engine::Engine::new(wasmi.x);",
        &["/engine::Engine::new"],
    );
    check(
        "let t: Vec<crate::edge::A> = a::b::<c::D>();",
        &["/edge::A", "a::b", "c::D"],
    );
    check("x.sled::<u8>(); sled", &[]);
    check("pub(crate) fn f() {}", &[]);
    check("use self::inner::X;", &["/store::kv::inner::X"]);
}
