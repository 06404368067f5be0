//! Compatibility dates and flags: whether those that are asked for can be had (spec: SEMANTICS §9).
//! Which there are is in `flags`.
//!
//! A date enables every flag that became the default until then; flags by name come over it.
//! What a flag does is the engine's and the host's; here is which are known, and why some do
//! nothing.

use super::flags::{EXPERIMENTAL, Effect, Flag, NOT_EXPERIMENTAL, named};
use super::name::shown;
use super::{CatalogError, limits};

fn bad(what: String) -> CatalogError {
    CatalogError::Compatibility(what)
}

/// Whether a date is one, and is not in the future.
///
/// # Errors
/// Which of the two it is not.
pub fn check_date(text: &str) -> Result<(), CatalogError> {
    let parsed = (text.len() == 10)
        .then(|| text.parse::<jiff::civil::Date>().ok())
        .flatten();
    let Some(date) = parsed else {
        return Err(bad(format!(
            "Invalid compatibility date: {}; it is a date such as 2026-01-31",
            shown(text)
        )));
    };
    let now = jiff::Timestamp::now();
    // A board without a clock of its own may think it is 1970; then nothing is known. A day
    // of grace covers every time zone.
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let known = today.year() >= 2026;
    if known && date > today.saturating_add(jiff::Span::new().days(1)) {
        return Err(bad(format!(
            "Can't set compatibility date in the future: \"{date}\". Today's date (UTC) is \"{today}\"."
        )));
    }
    Ok(())
}

/// Whether all of these flags can be had together.
///
/// # Errors
/// Which cannot, in the words that the field has for it.
pub fn check_flags(flags: &[String]) -> Result<(), CatalogError> {
    if flags.len() > limits::FLAGS_MAX {
        return Err(bad(format!(
            "{} compatibility flags exceed the limit of {}",
            flags.len(),
            limits::FLAGS_MAX
        )));
    }
    let mut asked: Vec<(&Flag, bool)> = Vec::with_capacity(flags.len());
    for (at, name) in flags.iter().enumerate() {
        if flags[..at].contains(name) {
            let name = shown(name);
            return Err(bad(format!(
                "Compatibility flag specified multiple times: {name}"
            )));
        }
        if EXPERIMENTAL.contains(&&**name) {
            return Err(bad(format!(
                "The compatibility flag {name} is experimental and cannot yet be used in deployed Workers."
            )));
        }
        if NOT_EXPERIMENTAL.contains(&&**name) {
            continue;
        }
        let Some((flag, enabled)) = named(name) else {
            return Err(bad(format!("No such compatibility flag: {}", shown(name))));
        };
        if let (Effect::Refused(reason), true) = (flag.effect, enabled) {
            return Err(bad(format!(
                "Compatibility flag {} is not supported by this Postern: {reason}",
                flag.enable
            )));
        }
        let other = asked.iter().find(|(other, _)| other.enable == flag.enable);
        if other.is_some_and(|(_, other)| *other != enabled) {
            return Err(bad(format!(
                "Compatibility flags are mutually contradictory: {} vs {}",
                flag.enable, flag.disable
            )));
        }
        asked.push((flag, enabled));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::flags::Effect::{Always, Both, None as Nothing, Refused};
    use super::super::flags::{ALSO, FLAGS, NODE, enabled};
    use super::*;

    fn flags(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn refused(names: &[&str]) -> String {
        check_flags(&flags(names)).unwrap_err().to_string()
    }

    #[test]
    fn the_table_is_sound() {
        let mut names: Vec<&str> = FLAGS
            .iter()
            .flat_map(|flag| [flag.enable, flag.disable])
            .filter(|name| !name.is_empty())
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "a name comes twice");
        for flag in FLAGS {
            assert!(!flag.enable.is_empty());
            if !flag.since.is_empty() {
                check_date(flag.since).unwrap();
            }
            for name in [flag.enable, flag.disable] {
                assert!(name.len() <= limits::FLAG_MAX, "{name}");
            }
        }
        let dated = FLAGS.iter().take_while(|flag| !flag.since.is_empty());
        let dates: Vec<&str> = dated.map(|flag| flag.since).collect();
        assert!(dates.is_sorted_by(|a, b| a >= b), "the latest first");
        assert!(
            FLAGS[dates.len()..]
                .iter()
                .all(|flag| flag.since.is_empty())
        );
        for name in EXPERIMENTAL.iter().chain(NOT_EXPERIMENTAL) {
            assert!(!names.contains(name), "{name}");
        }
        for (also, name) in ALSO {
            assert!(!names.contains(also));
            assert!(names.contains(name));
        }
    }

    #[test]
    fn the_page_tells_of_every_flag() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/compatibility.md");
        let page = std::fs::read_to_string(page).unwrap();
        for flag in FLAGS {
            let named = |name: &str| match name {
                "" => "–".to_owned(),
                name => format!("`{name}`"),
            };
            let since = if flag.since.is_empty() {
                "–"
            } else {
                flag.since
            };
            let effect = match (flag.effect, flag.with_node) {
                (Both, false) => "both ways".to_owned(),
                (Both, true) => format!("both ways; by date with `{NODE}`"),
                (Always, false) => "always on".to_owned(),
                (Always, true) => format!("always on; by date with `{NODE}`"),
                (Nothing(why), _) => format!("none: {why}"),
                (Refused(why), _) => format!("refused: {why}"),
            };
            let row = format!(
                "| {} | {} | {since} | {effect} |",
                named(flag.enable),
                named(flag.disable)
            );
            assert!(page.contains(&row), "docs/compatibility.md lacks\n{row}");
        }
        let flags = page.split("\n## Modules of Node").next().unwrap();
        let rows = flags.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, FLAGS.len());
    }

    #[test]
    fn a_date_enables_what_became_the_default_until_then() {
        assert!(enabled("2021-11-02", &[]).is_empty());
        assert_eq!(
            enabled("2021-11-03", &[]),
            ["formdata_parser_supports_files"]
        );
        assert_eq!(enabled("2021-11-10", &[]).len(), 4);
        let now = enabled("2026-05-01", &[]);
        assert!(now.contains(&"enable_ctx_exports"));
        assert!(!now.contains(&NODE) && !now.contains(&"nodejs_compat_v2"));
        let later = enabled("2026-08-04", &[]);
        assert!(later.contains(&NODE) && later.contains(&"nodejs_compat_v2"));
        let without = enabled("2026-08-04", &flags(&["no_nodejs_compat"]));
        assert!(!without.contains(&NODE) && without.contains(&"nodejs_compat_v2"));
        assert!(!without.contains(&"enable_nodejs_fs_module"));
        let neither = flags(&["no_nodejs_compat", "no_nodejs_compat_v2"]);
        assert!(!enabled("2026-08-04", &neither).contains(&"nodejs_compat_v2"));
        assert!(!now.contains(&"python_workers"));
    }

    #[test]
    fn names_come_over_the_date() {
        let on =
            |date: &str, names: &[&str], name: &str| enabled(date, &flags(names)).contains(&name);
        assert!(on("2021-11-02", &["global_navigator"], "global_navigator"));
        assert!(!on(
            "2026-01-01",
            &["no_global_navigator"],
            "global_navigator"
        ));
        // Some flags come with the date only beside another.
        assert!(on("2024-09-23", &[NODE], "nodejs_compat_v2"));
        assert!(!on("2024-09-22", &[NODE], "nodejs_compat_v2"));
        assert!(!on("2024-09-23", &[], "nodejs_compat_v2"));
        assert!(!on(
            "2024-09-23",
            &[NODE, "no_nodejs_compat_v2"],
            "nodejs_compat_v2"
        ));
        assert!(on("2021-11-02", &["nodejs_compat_v2"], "nodejs_compat_v2"));
        let other = "do_not_bind_asynclocalstorage_snapshot_to";
        let bound = "bind_asynclocalstorage_snapshot_to_request";
        assert!(on("2026-01-01", &[], bound) && !on("2026-01-01", &[other], bound));
        // What an older daemon let in.
        assert!(!on("2026-01-01", &["no_such_flag"], "no_such_flag"));
    }

    #[test]
    fn what_cannot_be_had_is_told() {
        check_flags(&flags(&[
            NODE,
            "rpc",
            "no_global_navigator",
            "no_precise_timers",
        ]))
        .unwrap();
        assert_eq!(
            refused(&[NODE, "rpc", NODE]),
            "Compatibility flag specified multiple times: nodejs_compat"
        );
        assert_eq!(
            refused(&["js_rpc"]),
            "The compatibility flag js_rpc is experimental and cannot yet be used in deployed Workers."
        );
        assert_eq!(
            refused(&["rpc", "no_such_flag"]),
            "No such compatibility flag: no_such_flag"
        );
        assert_eq!(refused(&[""]), "No such compatibility flag: ");
        assert_eq!(
            refused(&["no_rpc", "rpc"]),
            "Compatibility flags are mutually contradictory: rpc vs no_rpc"
        );
        assert!(refused(&["python_workers"]).contains("no Workers in Python"));
        assert!(refused(&["x"; 65]).contains("limit of 64"));
        for (date, text) in [
            ("9999-01-01", "Can't set compatibility date in the future"),
            ("2024-02-30", "Invalid compatibility date: 2024-02-30"),
            ("2024-2-3", "Invalid compatibility date: 2024-2-3"),
            ("20240203", "Invalid compatibility date: 20240203"),
        ] {
            let told = check_date(date).unwrap_err().to_string();
            assert!(told.contains(text), "{told}");
        }
        check_date("2021-11-02").unwrap();
    }
}
