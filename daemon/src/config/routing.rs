//! The `[routing]` table: which Worker a request is for, without any dispatch Worker.

use super::document::Document;
use super::raw::RawRouting;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use toml::Spanned;

/// Hostnames in a file; more belong in KV.
pub const HOSTNAMES_MAX: usize = 1024;

/// Bytes of all hostnames in a file, with the namespaces and scripts they lead to.
pub const HOSTNAMES_TEXT_MAX: usize = 64 * 1024;

/// How a request says which Worker it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// By a header's value: a Worker's name.
    Header,
    /// By its hostname, in the table `routing.hostnames`.
    Hostname,
    /// By its hostname, in a KV namespace.
    Kv,
    /// By the label before the configured zone.
    Subdomain,
    /// By the path's first segment.
    Path,
}

/// Which Worker a request is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Routing {
    /// Tried in this order; the first that applies decides.
    pub modes: Vec<Mode>,
    /// The dispatch namespace of names that come without one.
    pub namespace: String,
    /// The zone of [`Mode::Subdomain`], lower case, without dots at its ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The label between a Worker's name and the zone in its default hostname, lower case.
    pub account_subdomain: String,
    /// The header of [`Mode::Header`], lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// The title or id of the KV namespace of [`Mode::Kv`]: hostname to Worker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kv_namespace: Option<String>,
    /// Whether the Worker of [`Mode::Path`] sees the segment that named it.
    pub path_keeps_segment: bool,
    /// The table of [`Mode::Hostname`], hostnames in lower case.
    pub hostnames: BTreeMap<String, Target>,
}

impl Routing {
    /// What default hostnames have behind the Worker's name, if there is a zone for them.
    pub fn default_zone(&self) -> Option<String> {
        let zone = self.zone.as_ref()?;
        Some(format!("{}.{zone}", self.account_subdomain))
    }
}

/// A user Worker. In files `script`, or `namespace/script`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its dispatch namespace.
    pub namespace: String,
    /// Its name.
    pub script: String,
}

impl Serialize for Target {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&format_args!("{}/{}", self.namespace, self.script))
    }
}

impl Target {
    /// Reads `script` or `namespace/script`.
    pub fn parse(text: &str, namespace: &str) -> Option<Self> {
        let (namespace, script) = text.split_once('/').unwrap_or((namespace, text));
        (is_script_name(namespace) && is_script_name(script)).then(|| Self {
            namespace: namespace.to_owned(),
            script: script.to_owned(),
        })
    }
}

/// Whether this can be a dispatch namespace's or a script's name: 1 to 255 letters, digits,
/// `-` and `_`, beginning with a letter or digit.
pub fn is_script_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && name.as_bytes()[0].is_ascii_alphanumeric()
}

/// Whether this can be a hostname: labels of 1 to 63 letters, digits and inner `-` (and `_`,
/// which resolvers accept), 253 characters altogether.
pub fn is_hostname(name: &str) -> bool {
    (1..=253).contains(&name.len())
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

/// Headers that say how a message travels; none of them can name a Worker.
const FRAMING: [&str; 8] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(super) fn check(document: &mut Document<'_>, raw: RawRouting) -> Routing {
    let namespace = match &raw.namespace {
        Some(name) if !is_script_name(name.get_ref()) => {
            document.problem(
                Some(name.span()),
                format!("`{}` is no name for a dispatch namespace", name.get_ref()),
                "use 1 to 255 letters, digits, `-` and `_`, beginning with a letter or digit",
            );
            "production".to_owned()
        }
        Some(name) => name.get_ref().clone(),
        None => "production".to_owned(),
    };
    let zone = raw.zone.as_ref().map(|zone| {
        let lower = zone.get_ref().trim_matches('.').to_ascii_lowercase();
        if !is_hostname(&lower) {
            document.problem(
                Some(zone.span()),
                format!("`{}` is no zone", zone.get_ref()),
                "write a domain name like \"edge.example.com\", without scheme, port or path",
            );
        }
        lower
    });
    let account_subdomain = account_subdomain(document, &raw);
    let header = raw.header.as_ref().map(|header| {
        let lower = header.get_ref().to_ascii_lowercase();
        let valid = lower.len() <= 64 && http::HeaderName::try_from(lower.as_str()).is_ok();
        if !valid || FRAMING.contains(&lower.as_str()) {
            document.problem(
                Some(header.span()),
                format!("`{}` cannot name a Worker", header.get_ref()),
                "write a header name of your own of at most 64 characters, like \"x-worker\"",
            );
        }
        lower
    });
    let hostnames = hostnames(document, &raw, &namespace);
    let kv_namespace = raw.kv_namespace.as_ref().map(|title| {
        if title.get_ref().is_empty() || title.get_ref().len() > 512 {
            document.problem(
                Some(title.span()),
                format!(
                    "`routing.kv-namespace` has {} bytes; it must have 1 to 512",
                    title.get_ref().len()
                ),
                "write the title or the id of a KV namespace",
            );
        }
        title.get_ref().clone()
    });
    let modes = match &raw.modes {
        Some(written) => modes(document, written, &raw),
        None => implied(&raw),
    };
    Routing {
        modes,
        namespace,
        zone,
        account_subdomain,
        header,
        kv_namespace,
        path_keeps_segment: raw.path_keeps_segment.unwrap_or(false),
        hostnames,
    }
}

fn account_subdomain(document: &mut Document<'_>, raw: &RawRouting) -> String {
    let Some(label) = &raw.account_subdomain else {
        return "postern".to_owned();
    };
    let lower = label.get_ref().to_ascii_lowercase();
    if !is_hostname(&lower) || lower.contains('.') {
        document.problem(
            Some(label.span()),
            format!("`{}` is no subdomain", label.get_ref()),
            "write one label of 1 to 63 letters, digits and inner `-`, like \"workers\"",
        );
    }
    lower
}

/// What applies when nothing is said: everything that has what it needs, and paths last.
fn implied(raw: &RawRouting) -> Vec<Mode> {
    let mut modes = Vec::new();
    for (mode, present) in [
        (Mode::Header, raw.header.is_some()),
        (Mode::Hostname, raw.hostnames.is_some()),
        (Mode::Kv, raw.kv_namespace.is_some()),
        (Mode::Subdomain, raw.zone.is_some()),
        (Mode::Path, true),
    ] {
        if present {
            modes.push(mode);
        }
    }
    modes
}

fn modes(
    document: &mut Document<'_>,
    written: &Spanned<Vec<Spanned<Mode>>>,
    raw: &RawRouting,
) -> Vec<Mode> {
    if written.get_ref().is_empty() {
        document.problem(
            Some(written.span()),
            "`routing.modes` is empty, so no request would find a Worker",
            "name at least one of header, hostname, kv, subdomain, path",
        );
    }
    let mut modes = Vec::new();
    for mode in written.get_ref() {
        let (name, needs, present) = match mode.get_ref() {
            Mode::Header => ("header", "header = \"x-worker\"", raw.header.is_some()),
            Mode::Hostname => (
                "hostname",
                "a table [routing.hostnames]",
                raw.hostnames.is_some(),
            ),
            Mode::Kv => (
                "kv",
                "kv-namespace = \"ROUTES\"",
                raw.kv_namespace.is_some(),
            ),
            Mode::Subdomain => (
                "subdomain",
                "zone = \"edge.example.com\"",
                raw.zone.is_some(),
            ),
            Mode::Path => ("path", "", true),
        };
        if !present {
            document.problem(
                Some(mode.span()),
                format!("mode `{name}` has nothing to look in"),
                format!("add {needs} to [routing], or leave the mode out"),
            );
        }
        if modes.contains(mode.get_ref()) {
            document.problem(
                Some(mode.span()),
                format!("mode `{name}` is named twice"),
                "the modes are tried in order, so keep the first",
            );
        }
        modes.push(*mode.get_ref());
    }
    for pair in written.get_ref().windows(2) {
        if *pair[0].get_ref() == Mode::Path {
            document.problem(
                Some(pair[0].span()),
                "mode `path` always decides, so what follows it is never asked",
                "put it last",
            );
        }
    }
    modes
}

fn hostnames(
    document: &mut Document<'_>,
    raw: &RawRouting,
    namespace: &str,
) -> BTreeMap<String, Target> {
    let mut table = BTreeMap::new();
    let Some(written) = &raw.hostnames else {
        return table;
    };
    if written.get_ref().len() > HOSTNAMES_MAX {
        document.problem(
            Some(written.span()),
            format!(
                "`routing.hostnames` has {} entries, the limit is {HOSTNAMES_MAX}",
                written.get_ref().len()
            ),
            "keep them in a KV namespace and use mode `kv`",
        );
    }
    for (host, target) in written.get_ref() {
        let lower = host.get_ref().to_ascii_lowercase();
        if !is_hostname(&lower) {
            document.problem(
                Some(host.span()),
                format!("`{}` is no hostname", host.get_ref()),
                "write it without scheme, port, path or wildcard, in quotes if it has dots",
            );
        }
        let Some(parsed) = Target::parse(target.get_ref(), namespace) else {
            document.problem(
                Some(target.span()),
                format!("`{}` names no Worker", target.get_ref()),
                "write \"script\" or \"namespace/script\"",
            );
            continue;
        };
        if table.insert(lower, parsed).is_some() {
            document.problem(
                Some(host.span()),
                format!("hostname `{}` is there twice", host.get_ref()),
                "hostnames are the same in any case of letters; keep one",
            );
        }
    }
    let text: usize = table
        .iter()
        .map(|(host, target)| host.len() + target.namespace.len() + target.script.len())
        .sum();
    if text > HOSTNAMES_TEXT_MAX {
        document.problem(
            Some(written.span()),
            format!(
                "`routing.hostnames` has {text} bytes of names, the limit is {HOSTNAMES_TEXT_MAX}"
            ),
            "keep them in a KV namespace and use mode `kv`",
        );
    }
    table
}
