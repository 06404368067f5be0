//! Which lines of the daemon's log are written: `info,edge=debug,store::blobs=trace`.

use log::LevelFilter;
use std::str::FromStr;

/// Rules that a filter can have.
const RULES_MAX: usize = 32;

/// The crate's modules are named without it.
const OWN_CRATES: [&str; 2] = ["postern_daemon", "postern"];

/// A level for everything, and levels for modules. The longest name that fits a module has
/// the say. Other crates are heard from `warn` on, or as named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelRules {
    default: LevelFilter,
    /// Longest name first.
    rules: Vec<(String, LevelFilter)>,
}

/// What is wrong with a filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// There is no such level.
    #[error("log filter: {0:?} is no level; use off, error, warn, info, debug or trace")]
    Level(String),
    /// It is no module.
    #[error("log filter: {0:?} is no module; use names like edge or store::blobs")]
    Module(String),
    /// More than one level for everything, or for one module.
    #[error("log filter: {0:?} is given twice; keep one of the two")]
    Twice(String),
    /// There are too many.
    #[error("log filter: more than {RULES_MAX} rules; remove some")]
    TooMany,
}

impl Default for LevelRules {
    fn default() -> Self {
        Self {
            default: LevelFilter::Info,
            rules: Vec::new(),
        }
    }
}

impl FromStr for LevelRules {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let mut default = None;
        let mut rules: Vec<(String, LevelFilter)> = Vec::new();
        for rule in text
            .split(',')
            .map(str::trim)
            .filter(|rule| !rule.is_empty())
        {
            let Some((module, level)) = rule.split_once('=') else {
                if default.replace(read_level(rule)?).is_some() {
                    return Err(FilterError::Twice(rule.to_owned()));
                }
                continue;
            };
            let module = module.trim();
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
            if module.is_empty() || !module.chars().all(fits) {
                return Err(FilterError::Module(module.to_owned()));
            }
            if rules.iter().any(|(other, _)| other == module) {
                return Err(FilterError::Twice(module.to_owned()));
            }
            if rules.len() == RULES_MAX {
                return Err(FilterError::TooMany);
            }
            rules.push((module.to_owned(), read_level(level.trim())?));
        }
        rules.sort_by_key(|(module, _)| std::cmp::Reverse(module.len()));
        Ok(Self {
            default: default.unwrap_or(LevelFilter::Info),
            rules,
        })
    }
}

impl LevelRules {
    /// The level for a target of the `log` crate.
    pub fn level(&self, target: &str) -> LevelFilter {
        let own = own_module(target);
        let name = own.unwrap_or(target);
        let rule = self
            .rules
            .iter()
            .find(|(module, _)| is_within(name, module));
        match (rule, own) {
            (Some((_, level)), _) => *level,
            (None, Some(_)) => self.default,
            (None, None) => self.default.min(LevelFilter::Warn),
        }
    }

    /// The most talkative level of all.
    pub fn max(&self) -> LevelFilter {
        let levels = self.rules.iter().map(|(_, level)| *level);
        levels.fold(self.default, Ord::max)
    }
}

/// The name of a module of this daemon, without the crate.
pub fn own_module(target: &str) -> Option<&str> {
    OWN_CRATES.iter().find_map(|own| {
        let rest = target.strip_prefix(own)?;
        match rest {
            "" => Some("postern"),
            _ => rest.strip_prefix("::"),
        }
    })
}

fn is_within(name: &str, module: &str) -> bool {
    name.strip_prefix(module)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn read_level(text: &str) -> Result<LevelFilter, FilterError> {
    text.parse()
        .map_err(|_| FilterError::Level(text.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[track_caller]
    fn check(filter: &str, target: &str, expect: LevelFilter) {
        let rules: LevelRules = filter.parse().unwrap();
        assert_eq!(rules.level(target), expect, "{filter} {target}");
        assert!(rules.max() >= expect);
    }

    #[test]
    fn the_longest_name_has_the_say() {
        let filter = "warn, edge=debug,edge::server=trace , sled=info,store=off";
        check(filter, "postern_daemon::edge", LevelFilter::Debug);
        check(
            filter,
            "postern_daemon::edge::connection",
            LevelFilter::Debug,
        );
        check(filter, "postern_daemon::edge::server", LevelFilter::Trace);
        check(
            filter,
            "postern_daemon::edge::server::x",
            LevelFilter::Trace,
        );
        check(filter, "postern_daemon::edges", LevelFilter::Warn);
        check(filter, "postern_daemon::store::kv", LevelFilter::Off);
        check(filter, "postern", LevelFilter::Warn);
        check(filter, "sled::pagecache", LevelFilter::Info);
        check("", "postern_daemon::edge", LevelFilter::Info);
        check("DEBUG", "postern_daemon::edge", LevelFilter::Debug);
        check("trace", "hyper::proto", LevelFilter::Warn);
        check("error", "hyper::proto", LevelFilter::Error);
        check("postern=trace", "postern_daemon", LevelFilter::Trace);
    }

    #[test]
    fn bad_filters_say_what_is_wrong() {
        let check = |filter: &str, expect: FilterError| {
            assert_eq!(filter.parse::<LevelRules>(), Err(expect), "{filter}");
        };
        check("loud", FilterError::Level("loud".into()));
        check("edge=", FilterError::Level(String::new()));
        check("=debug", FilterError::Module(String::new()));
        check("ed ge=debug", FilterError::Module("ed ge".into()));
        check("info,debug", FilterError::Twice("debug".into()));
        check("edge=info,edge=debug", FilterError::Twice("edge".into()));
        let many: Vec<String> = (0..=RULES_MAX).map(|i| format!("m{i}=info")).collect();
        check(&many.join(","), FilterError::TooMany);
    }
}
