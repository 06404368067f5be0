//! `[bundles]`: who signs them, what this device is called in them, and by which ways they come.

use super::amount::Amount;
use super::check::number;
use super::document::Document;
use super::firmware::keys;
use super::raw::Texts;
use serde::Serialize;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Places that bundles are pulled from.
pub const PULLS_MAX: usize = 16;
/// Bytes of a URL.
const URL_MAX: usize = 2048;
/// Bytes of a device's name.
const DEVICE_MAX: usize = 255;
/// Bytes that a bundle may be allowed.
const BYTES: (u64, u64) = (64 << 10, 4 << 30);

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawBundles {
    device: Option<Spanned<String>>,
    root_keys: Option<Texts>,
    max_bytes: Option<Spanned<Amount>>,
    folder: Option<Spanned<String>>,
    folder_interval_s: Option<Spanned<Amount>>,
    pull: Vec<Spanned<RawPull>>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawPull {
    url: Spanned<String>,
    interval_s: Option<Spanned<Amount>>,
}

/// Bundles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Bundles {
    /// What bundles call this device; without it, the machine's host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Public keys of minisign that may sign lists of release keys. Without any, signatures are not asked
    /// for, and bundles come by the management port alone.
    pub root_keys: Vec<String>,
    /// Bytes of a bundle.
    pub max_bytes: u64,
    /// A folder that is looked into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Seconds between two looks.
    pub folder_interval_s: u64,
    /// Where bundles are pulled from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pull: Vec<Pull>,
}

/// A place that a bundle is pulled from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Pull {
    /// Its URL.
    pub url: String,
    /// Seconds between two questions, about.
    pub interval_s: u64,
}

pub(super) fn check(document: &mut Document<'_>, raw: RawBundles, base: &Path) -> Bundles {
    let root_keys = keys(document, "bundles.root-keys", raw.root_keys);
    if let Some(device) = &raw.device {
        let name = device.get_ref();
        let is_fine = !name.is_empty()
            && name.len() <= DEVICE_MAX
            && name != "*"
            && !name.chars().any(char::is_control);
        if !is_fine {
            document.problem(
                Some(device.span()),
                format!(
                    "`bundles.device` is `{:.80}`, which is no name",
                    name.escape_debug()
                ),
                "write 1 to 255 bytes without control characters, and not `*`, which is any device",
            );
        }
    }
    let comes = raw.folder.as_ref().map(Spanned::span);
    let comes = comes.or_else(|| raw.pull.first().map(Spanned::span));
    if let (Some(span), true) = (comes, root_keys.is_empty()) {
        document.problem(
            Some(span),
            "bundles come from a folder or a server, and nobody may sign them",
            "set `bundles.root-keys` to the public key of who signs lists of release keys",
        );
    }
    if let Some(more) = raw.pull.get(PULLS_MAX) {
        document.problem(
            Some(more.span()),
            format!(
                "`bundles.pull` has {} places, the limit is {PULLS_MAX}",
                raw.pull.len()
            ),
            "remove some",
        );
    }
    let pull = raw
        .pull
        .into_iter()
        .map(|it| pull(document, it.into_inner()));
    let pull = pull.collect();
    let mut of = |key, value: Option<&Spanned<Amount>>, default, bounds| {
        number(document, key, value, default, bounds)
    };
    Bundles {
        max_bytes: of("bundles.max-bytes", raw.max_bytes.as_ref(), 64 << 20, BYTES),
        folder_interval_s: of(
            "bundles.folder-interval-s",
            raw.folder_interval_s.as_ref(),
            10,
            (1, 86_400),
        ),
        folder: raw.folder.map(|path| base.join(path.into_inner())),
        device: raw.device.map(Spanned::into_inner),
        root_keys,
        pull,
    }
}

fn pull(document: &mut Document<'_>, raw: RawPull) -> Pull {
    let text = raw.url.get_ref();
    let uri: Option<http::Uri> = text.parse().ok();
    let is_fine = uri.is_some_and(|uri| {
        let host = uri.host().unwrap_or_default();
        let is_here = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
        let scheme = uri.scheme_str();
        text.len() <= URL_MAX
            && !text.contains('#')
            && uri.authority().is_some_and(|it| !it.as_str().contains('@'))
            && (scheme == Some("https") || scheme == Some("http") && is_here)
    });
    if !is_fine {
        document.problem(
            Some(raw.url.span()),
            format!("`{text:.80}` is no URL that bundles can be pulled from"),
            "write it as `https://updates.example.com/site.postern`, without name and password; only this machine itself may be asked by http",
        );
    }
    Pull {
        interval_s: number(
            document,
            "bundles.pull.interval-s",
            raw.interval_s.as_ref(),
            900,
            (1, 7 * 86_400),
        ),
        url: raw.url.into_inner(),
    }
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
            "[bundles]\ndevice = 'gate-17'\nroot-keys = '{KEY}'\nmax-bytes = '8 MiB'\nfolder = 'usb'\n\
             folder-interval-s = 3\n[[bundles.pull]]\nurl = 'https://u.example/a?b=c'\ninterval-s = 60\n\
             [[bundles.pull]]\nurl = 'http://127.0.0.1:8000/a'\n"
        );
        let config = parse(&text).unwrap();
        let bundles = &config.bundles;
        assert_eq!(bundles.device.as_deref(), Some("gate-17"));
        assert_eq!(bundles.folder.as_deref(), Some(Path::new("/base/usb")));
        assert_eq!((bundles.max_bytes, bundles.folder_interval_s), (8 << 20, 3));
        let pulls: Vec<_> = bundles.pull.iter().map(|it| it.interval_s).collect();
        assert_eq!(pulls, [60, 900]);
        let shown = toml::to_string(&config).unwrap();
        assert_eq!(parse(&shown).unwrap().bundles, *bundles, "{shown}");
    }

    #[test]
    fn mistakes_have_places_and_remedies() {
        let check = |text: &str, expect: &str| {
            let problems = parse(&format!("[bundles]\n{text}")).unwrap_err();
            let found = problems
                .iter()
                .any(|it| it.starts_with("f:") && it.contains(expect));
            assert!(found, "{text}: {problems:?}");
        };
        check(
            "root-keys = 'RWQ'",
            "`bundles.root-keys`: it is no public key",
        );
        check("device = '*'", "is no name");
        check("device = ''", "is no name");
        check("folder = 'x'", "nobody may sign them");
        check("max-bytes = 1", "must be 64 KiB");
        let pull = |url: &str| {
            let text = format!("root-keys = '{KEY}'\npull = [{{ url = '{url}' }}]");
            check(&text, "is no URL that bundles can be pulled from");
        };
        for url in [
            "http://u.example/a",
            "ftp://u.example/a",
            "https://a:b@u.example/",
            "/a",
        ] {
            pull(url);
        }
    }
}
