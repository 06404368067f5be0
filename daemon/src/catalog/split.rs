//! Two versions of a script that run at the same time, and which of them a request gets (spec:
//! SEMANTICS §12). A script with one version never comes here.

use super::deployed::Deployed;
use super::deployments::Deployment;
use super::guard::Figures;
use super::name::Id;
use super::overrides;
use http::HeaderMap;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The header whose value stays with one version.
const KEY_HEADER: &str = "cloudflare-workers-version-key";
/// A share is counted in hundredths of a percent.
pub const WHOLE: u16 = 10_000;

/// Two versions that share a script's requests.
pub(super) struct Split<W> {
    pub(super) script: Box<str>,
    pub(super) deployment: Deployment,
    pub(super) older: Part<W>,
    pub(super) newer: Part<W>,
}

/// One of the two.
pub(super) struct Part<W> {
    pub(super) deployed: Arc<Deployed<W>>,
    /// Its identifier, as clients have seen it.
    pub(super) uuid: String,
    /// Hundredths of a percent.
    pub(super) share: u16,
    /// What its requests come to.
    pub(super) figures: Arc<Figures>,
}

impl<W> Part<W> {
    pub(super) fn new(deployed: Arc<Deployed<W>>, share: u16, figures: Arc<Figures>) -> Self {
        Self {
            uuid: deployed.version.uuid(),
            figures,
            deployed,
            share,
        }
    }
}

impl<W> Split<W> {
    /// The version for a request: the one that it names, else the one of its key, else by
    /// chance.
    pub(super) fn pick(&self, headers: &HeaderMap) -> &Deployed<W> {
        if let Some(named) = self.named(headers) {
            return named;
        }
        let point = match headers.get(KEY_HEADER) {
            Some(key) => point(self.newer.deployed.version, key.as_bytes()),
            // Chance that fails is no reason to fail.
            None => (getrandom::u32().unwrap_or_default() % u32::from(WHOLE)) as u16,
        };
        self.at(point)
    }

    /// The newer version has the points from 0 on, so a key that it has stays with it while its
    /// share grows.
    fn at(&self, point: u16) -> &Deployed<W> {
        match point < self.newer.share {
            true => &self.newer.deployed,
            false => &self.older.deployed,
        }
    }

    fn named(&self, headers: &HeaderMap) -> Option<&Deployed<W>> {
        let mut fields = headers.get_all(overrides::HEADER).iter();
        let first = fields.next()?.to_str().ok()?;
        let joined;
        let field = match fields.next() {
            None => first,
            Some(second) => {
                let mut all = vec![first, second.to_str().ok()?];
                for field in fields {
                    all.push(field.to_str().ok()?);
                }
                joined = all.join(", ");
                &joined
            }
        };
        let wanted = overrides::find(field, &self.script)?;
        [&self.newer, &self.older]
            .into_iter()
            .find(|part| part.uuid.eq_ignore_ascii_case(wanted))
            .map(|part| &*part.deployed)
    }

    /// Whichever it is by chance, for what is no request.
    pub(super) fn any(&self) -> &Deployed<W> {
        self.pick(&HeaderMap::new())
    }

    /// Both.
    pub(super) fn parts(&self) -> [&Part<W>; 2] {
        [&self.older, &self.newer]
    }
}

/// Where a key stands, from 0 to below [`WHOLE`]. It depends on the newer version and not on the
/// deployment, of which each step of a gradual one is another.
fn point(newer: Id, key: &[u8]) -> u16 {
    let digest = Sha256::new()
        .chain_update(newer.0)
        .chain_update(key)
        .finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    // Below 10,000, which fits.
    (u64::from_be_bytes(first) % u64::from(WHOLE)) as u16
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn split(share: u16) -> Split<()> {
        let part = |id: u8, share| {
            let deployed = Deployed {
                version: Id([id; 16]),
                worker: None,
                assets: None,
                split: None,
                _claim: None,
            };
            Part::new(Arc::new(deployed), share, Arc::default())
        };
        Split {
            script: "my-worker".into(),
            deployment: Deployment {
                id: Id([0; 16]),
                created_ms: 0,
                note: Default::default(),
                annotations: Default::default(),
                versions: Vec::new(),
                guard: None,
            },
            older: part(1, WHOLE - share),
            newer: part(2, share),
        }
    }

    fn with(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    fn picked(split: &Split<()>, headers: &HeaderMap) -> u8 {
        split.pick(headers).version.0[0]
    }

    #[test]
    fn a_key_stays_with_its_version_and_never_moves_back() {
        let keys: Vec<String> = (0..500).map(|number| format!("user-{number}")).collect();
        let newer = |share: u16| -> Vec<bool> {
            let split = split(share);
            keys.iter()
                .map(|key| picked(&split, &with(KEY_HEADER, &[key])) == 2)
                .collect()
        };
        let mut before = newer(0);
        assert!(before.iter().all(|newer| !newer));
        for share in [100, 1_000, 2_500, 5_000, 9_000, WHOLE] {
            let now = newer(share);
            assert_eq!(now, newer(share), "stable");
            let moved_back = before.iter().zip(&now).any(|(before, now)| *before && !now);
            assert!(!moved_back, "at {share}");
            before = now;
        }
        assert!(before.iter().all(|newer| *newer));
        let half = newer(5_000).into_iter().filter(|newer| *newer).count();
        assert!((150..350).contains(&half), "{half} of 500");
    }

    #[test]
    fn chance_follows_the_shares() {
        let none = HeaderMap::new();
        let newer = |share| {
            let split = split(share);
            (0..2_000).filter(|_| picked(&split, &none) == 2).count()
        };
        assert_eq!(newer(0), 0);
        assert_eq!(newer(WHOLE), 2_000);
        let quarter = newer(2_500);
        assert!((300..700).contains(&quarter), "{quarter} of 2000");
    }

    #[test]
    fn a_request_may_name_a_version_that_is_deployed() {
        let nothing_for_newer = split(0);
        let check = |values: &[&str], expected| {
            let headers = with(overrides::HEADER, values);
            assert_eq!(picked(&nothing_for_newer, &headers), expected, "{values:?}");
        };
        let newer = Id([2; 16]).uuid();
        let older = Id([1; 16]).uuid();
        check(&[&format!("my-worker=\"{newer}\"")], 2);
        check(&[&format!("my-worker=\"{}\"", newer.to_uppercase())], 2);
        check(&["other=\"x\"", &format!("my-worker=\"{newer}\"")], 2);
        check(&[&format!("other=\"{newer}\"")], 1);
        check(&[&format!("my-worker={newer}")], 1);
        check(&[&format!("my-worker=\"{newer}\",")], 1);
        check(&[&format!("my-worker=\"{}\"", Id([3; 16]).uuid())], 1);
        check(&[""], 1);
        let all_for_newer = split(WHOLE);
        let mut headers = with(overrides::HEADER, &[&format!("my-worker=\"{older}\"")]);
        headers.insert(KEY_HEADER, "user".parse().unwrap());
        assert_eq!(picked(&all_for_newer, &headers), 1, "before any key");
    }
}
