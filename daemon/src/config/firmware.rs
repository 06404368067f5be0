//! `[firmware]`: who may sign images, where the slots are, and which Workers a new system must
//! answer for.

use super::amount::Amount;
use super::document::Document;
use super::raw::Texts;
use super::routing::is_script_name;
use crate::firmware::TRIES_MAX;
use crate::firmware::minisign::PublicKey;
use serde::Serialize;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Keys that may sign.
const KEYS_MAX: usize = 8;
/// Workers that are probed.
const CRITICAL_MAX: usize = 64;
/// Words of the command that restarts the machine.
const COMMAND_MAX: usize = 32;
/// Seconds that a trial may take.
const DEADLINE_S: (u64, u64) = (5, 3600);

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawFirmware {
    keys: Option<Texts>,
    state: Option<Spanned<String>>,
    command_line: Option<Spanned<String>>,
    slots: RawSlots,
    tries: Option<Spanned<Amount>>,
    deadline_s: Option<Spanned<Amount>>,
    reboot: Option<Spanned<Vec<String>>>,
    critical: Vec<Spanned<RawCritical>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct RawSlots {
    a: Option<Spanned<String>>,
    b: Option<Spanned<String>>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawCritical {
    worker: Spanned<String>,
    host: Option<Spanned<String>>,
    path: Option<Spanned<String>>,
    status: Option<Spanned<u16>>,
}

/// Firmware of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Firmware {
    /// Public keys of minisign that may sign images.
    pub keys: Vec<String>,
    /// The device of the boot state; without it, the partition of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<PathBuf>,
    /// What to read instead of the kernel's command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_line: Option<PathBuf>,
    /// Attempts that a trial has.
    pub tries: u8,
    /// Seconds from the daemon's start in which a trial must pass.
    pub deadline_s: u64,
    /// What restarts the machine; empty where that is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reboot: Vec<String>,
    /// The devices of the slots; without them, the partitions `slot-a` and `slot-b`.
    pub slots: Slots,
    /// Workers that must answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub critical: Vec<Critical>,
}

/// Devices of slots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Slots {
    /// The first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a: Option<PathBuf>,
    /// The second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b: Option<PathBuf>,
}

/// A Worker that must answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Critical {
    /// `namespace/script`, or the name of one that is in none.
    pub worker: String,
    /// The host of the URL that it is asked for.
    pub host: String,
    /// Path and query.
    pub path: String,
    /// What it must answer with; without it, anything below 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl Critical {
    /// The dispatch namespace, if it is in one, and the script.
    pub fn parts(&self) -> (Option<&str>, &str) {
        match self.worker.split_once('/') {
            Some((namespace, script)) => (Some(namespace), script),
            None => (None, &self.worker),
        }
    }
}

pub(super) fn check(document: &mut Document<'_>, raw: RawFirmware, base: &Path) -> Firmware {
    let keys = keys(document, "firmware.keys", raw.keys);
    let path = |text: Option<Spanned<String>>| text.map(|text| base.join(text.into_inner()));
    let mut number = |key, value: Option<&Spanned<Amount>>, default, bounds| {
        super::check::number(document, key, value, default, bounds)
    };
    let most = u64::from(TRIES_MAX);
    let tries = number("firmware.tries", raw.tries.as_ref(), most, (1, most));
    let deadline_s = number(
        "firmware.deadline-s",
        raw.deadline_s.as_ref(),
        300,
        DEADLINE_S,
    );
    let reboot = raw.reboot.map_or_else(Vec::new, |command| {
        let words = command.get_ref().len();
        if words > COMMAND_MAX || command.get_ref().first().is_none_or(String::is_empty) {
            document.problem(
                Some(command.span()),
                format!("`firmware.reboot` has {words} words; it must name a program, and have at most {COMMAND_MAX}"),
                "write it like [\"systemctl\", \"reboot\"]",
            );
        }
        command.into_inner()
    });
    let all = raw.critical.len();
    if let Some(first) = raw.critical.get(CRITICAL_MAX) {
        document.problem(
            Some(first.span()),
            format!("`firmware.critical` names {all} Workers; {CRITICAL_MAX} can be"),
            "name those without which the machine is of no use",
        );
    }
    let critical = raw.critical.into_iter();
    Firmware {
        keys,
        state: path(raw.state),
        command_line: path(raw.command_line),
        tries: u8::try_from(tries).unwrap_or(TRIES_MAX),
        deadline_s,
        reboot,
        slots: Slots {
            a: path(raw.slots.a),
            b: path(raw.slots.b),
        },
        critical: critical
            .map(|it| critical_worker(document, it.into_inner()))
            .collect(),
    }
}

/// Public keys of minisign, by what the key of the configuration is called.
pub(super) fn keys(document: &mut Document<'_>, called: &str, raw: Option<Texts>) -> Vec<String> {
    let Some(Texts(written)) = raw else {
        return Vec::new();
    };
    if let Some(first) = written.get(KEYS_MAX) {
        document.problem(
            Some(first.span()),
            format!("`{called}` has {} keys; {KEYS_MAX} can be", written.len()),
            "keep those that sign today, and the one that follows",
        );
    }
    let checked = written.into_iter().map(|key| {
        if let Err(error) = PublicKey::parse(key.get_ref()) {
            let message = error.to_string();
            let (what, remedy) = message.split_once("; ").unwrap_or((&message, ""));
            document.problem(Some(key.span()), format!("`{called}`: {what}"), remedy);
        }
        key.into_inner()
    });
    checked.collect()
}

fn critical_worker(document: &mut Document<'_>, raw: RawCritical) -> Critical {
    let critical = Critical {
        host: raw
            .host
            .as_ref()
            .map_or("localhost", |host| host.get_ref())
            .to_owned(),
        path: raw
            .path
            .as_ref()
            .map_or("/", |path| path.get_ref())
            .to_owned(),
        status: raw.status.as_ref().map(|status| *status.get_ref()),
        worker: raw.worker.get_ref().clone(),
    };
    let (namespace, script) = critical.parts();
    if !namespace.is_none_or(is_script_name) || !is_script_name(script) {
        document.problem(
            Some(raw.worker.span()),
            format!("`{:.80}` is no Worker's name", critical.worker),
            "write \"NAMESPACE/NAME\", or \"NAME\" of one outside of dispatch namespaces",
        );
    }
    let url = format!("http://{}{}", critical.host, critical.path);
    let uri = url.parse::<http::Uri>();
    let is_whole = |uri: &http::Uri| {
        uri.authority()
            .is_some_and(|it| it.as_str() == critical.host)
            && critical.path.starts_with('/')
    };
    if url.len() > postern_abi::limits::URL_MAX || !uri.as_ref().is_ok_and(is_whole) {
        let span = raw.path.or(raw.host).map(|it| it.span());
        document.problem(
            span,
            format!("`{url:.80}` is no URL"),
            "write `host` as a name, and `path` from its slash on",
        );
    }
    if let Some(status) = raw.status
        && !(200..=599).contains(status.get_ref())
    {
        document.problem(
            Some(status.span()),
            format!("`status` is {}; it must be 200 to 599", status.get_ref()),
            "write what the Worker answers when all is well",
        );
    }
    critical
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Config, Overrides};
    use super::*;

    const KEY: &str = "RWQRbWHn/BK3W8sOwQ6Y31Zzw96pw/IDJAxv2gdFkVB1zmvIrqj6Xjlo";

    fn parse(text: &str) -> Result<Config, Vec<String>> {
        let parsed = Config::parse("f", text, Path::new("/base"), &Overrides::default());
        parsed.map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn all_of_it_is_read_and_shown_as_it_was() {
        let text = format!(
            "[firmware]\nkeys = '{KEY}'\nstate = 'state'\ntries = 1\ndeadline-s = 30\nreboot = ['a', 'b']\n\
             slots = {{ b = '/dev/b' }}\n[[firmware.critical]]\nworker = 'n/s'\nhost = 'h.example:80'\n\
             path = '/x?y=1'\nstatus = 204\n[[firmware.critical]]\nworker = 's'\n"
        );
        let config = parse(&text).unwrap();
        let firmware = &config.firmware;
        assert_eq!(firmware.keys, [KEY]);
        assert_eq!(firmware.state.as_deref(), Some(Path::new("/base/state")));
        assert_eq!(firmware.slots.a, None);
        assert_eq!(firmware.slots.b.as_deref(), Some(Path::new("/dev/b")));
        assert_eq!((firmware.tries, firmware.deadline_s), (1, 30));
        let [first, second] = &firmware.critical[..] else {
            panic!("{firmware:?}");
        };
        assert_eq!(first.parts(), (Some("n"), "s"));
        assert_eq!(second.parts(), (None, "s"));
        assert_eq!((second.path.as_str(), second.status), ("/", None));
        let shown = toml::to_string(&config).unwrap();
        assert_eq!(parse(&shown).unwrap().firmware, *firmware, "{shown}");
        let usual = parse("").unwrap().firmware;
        assert_eq!(
            (usual.tries, usual.deadline_s, usual.keys.len()),
            (3, 300, 0)
        );
    }

    #[test]
    fn mistakes_have_places_and_remedies() {
        let check = |text: &str, expect: &str| {
            let problems = parse(&format!("[firmware]\n{text}")).unwrap_err();
            let [problem] = &problems[..] else {
                panic!("{text}: {problems:?}");
            };
            assert!(
                problem.starts_with("f:") && problem.contains(expect),
                "{problem}"
            );
        };
        check(
            "keys = 'RWQ'",
            "no public key of minisign; write the second line",
        );
        check("keys = ['untrusted comment: x']", "no public key");
        check("tries = 4", "must be 1 to 3");
        check("deadline-s = 1", "must be 5 to 3600");
        check("reboot = []", "must name a program");
        check("slots = { c = 'x' }", "unknown key `c`");
        let critical = |text: &str, expect| check(&format!("critical = [{{ {text} }}]"), expect);
        critical("worker = 'a/b/c'", "no Worker's name");
        critical("worker = ''", "no Worker's name");
        critical("worker = 'a', path = 'x'", "is no URL");
        critical("worker = 'a', host = 'a/b'", "is no URL");
        critical("worker = 'a', status = 99", "must be 200 to 599");
        critical("path = '/'", "worker");
    }
}
