//! Names, titles, tags and identifiers: which are allowed and how they are shown.

use super::{CatalogError, limits};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where Workers outside of dispatch namespaces are: a namespace that is always there, is not
/// listed, and cannot be renamed or deleted. No name that can be given looks like this.
pub const ACCOUNT: &str = "(account)";

/// The id of [`ACCOUNT`].
pub const ACCOUNT_ID: Id = Id([0; 16]);

/// Sixteen random bytes that name a thing for as long as it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Id(pub [u8; 16]);

impl Id {
    /// A new one, from the system's randomness.
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the system always has randomness once it has started");
        Self(bytes)
    }

    /// As 32 hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// As a version 4 UUID; the bits that a UUID fixes are set for showing only.
    pub fn uuid(&self) -> String {
        let mut bytes = self.0;
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let text = hex(&bytes);
        format!(
            "{}-{}-{}-{}-{}",
            &text[..8],
            &text[8..12],
            &text[12..16],
            &text[16..20],
            &text[20..]
        )
    }

    /// The digits of that UUID, without its dashes.
    pub fn uuid_digits(&self) -> String {
        self.uuid().replace('-', "")
    }

    /// Reads 32 hexadecimal digits, with or without a UUID's dashes.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 36 || !text.is_ascii() {
            return None;
        }
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
        if digits.len() != 32 {
            return None;
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |digit: u8| char::from(digit).to_digit(16);
            *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// A caller's text as it may be repeated in a message: short and printable.
pub fn shown(text: &str) -> String {
    const MAX: usize = 80;
    let mut short: String = text
        .chars()
        .take(MAX)
        .map(|char| if char.is_control() { '\u{fffd}' } else { char })
        .collect();
    if text.chars().nth(MAX).is_some() {
        short.push('…');
    }
    short
}

/// Checks the name of a dispatch namespace or a script.
pub fn check_name(what: &'static str, name: &str) -> Result<(), CatalogError> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.len() > limits::NAME_MAX {
        "it is too long"
    } else if name.starts_with('-') {
        "it starts with -"
    } else if !name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    {
        "it has other characters"
    } else {
        return Ok(());
    };
    Err(CatalogError::BadName {
        what,
        name: shown(name),
        reason,
    })
}

/// Checks tags and drops repetitions (spec: SEMANTICS §5).
pub fn check_tags(tags: Vec<String>) -> Result<Vec<String>, CatalogError> {
    let mut kept: Vec<String> = Vec::new();
    for tag in tags {
        let reason = if tag.is_empty() {
            "it is empty"
        } else if tag.len() > limits::TAG_MAX {
            "it is longer than 256 bytes"
        } else if tag.contains([',', '&']) {
            "it contains , or &, which separate tags in a filter"
        } else if tag.chars().any(char::is_control) {
            "it contains control characters"
        } else {
            if !kept.contains(&tag) {
                kept.push(tag);
            }
            continue;
        };
        return Err(CatalogError::BadTag {
            tag: shown(&tag),
            reason,
        });
    }
    if kept.len() > limits::TAGS_MAX {
        return Err(CatalogError::TooManyTags { count: kept.len() });
    }
    Ok(kept)
}

/// What a tag begins with that names a script's tenant.
const TENANT: &str = "tenant:";

/// The tenant whose a script is, within its namespace: the one that a tag `tenant:NAME` of it names, the
/// first if there are several, or one of its own with the script's name.
pub fn tenant_of<'a>(script: &'a str, tags: &'a [String]) -> &'a str {
    let mut named = tags.iter().filter_map(|tag| tag.strip_prefix(TENANT));
    named.find(|name| !name.is_empty()).unwrap_or(script)
}

/// The tag of a script whose invocations are not recorded.
const REPLAY_OFF: &str = "replay:off";

/// Whether a script's invocations may be recorded, to be run again: unless a tag `replay:off` says no.
pub fn is_recorded(tags: &[String]) -> bool {
    !tags.iter().any(|tag| tag == REPLAY_OFF)
}

/// Which scripts a `tags` query means: all the wanted ones and none of the unwanted
/// (spec: SEMANTICS §5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagFilter {
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

impl TagFilter {
    /// Reads `a:yes,b:no,c`; `None` when it names no tag.
    pub fn parse(text: &str) -> Option<Self> {
        let mut filter = Self::default();
        for term in text
            .split(',')
            .map(str::trim)
            .filter(|term| !term.is_empty())
        {
            if let Some(tag) = term.strip_suffix(":no") {
                filter.unwanted.push(tag.to_owned());
            } else {
                let tag = term.strip_suffix(":yes").unwrap_or(term);
                filter.wanted.push(tag.to_owned());
            }
        }
        let named = |tags: &[String]| tags.iter().any(|tag| !tag.is_empty());
        (named(&filter.wanted) || named(&filter.unwanted)).then_some(filter)
    }

    /// Whether it asks for at least one tag, rather than only for the absence of some.
    pub fn wants(&self) -> bool {
        self.wanted.iter().any(|tag| !tag.is_empty())
    }

    /// Means only scripts that have this tag too.
    pub fn and(mut self, tag: &str) -> Self {
        self.wanted.push(tag.to_owned());
        self
    }

    /// Whether a script with these tags is meant.
    pub fn matches(&self, tags: &[String]) -> bool {
        self.wanted.iter().all(|tag| tags.contains(tag))
            && !self.unwanted.iter().any(|tag| tags.contains(tag))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn plain_names_are_allowed_and_others_are_not() {
        for name in ["a", "customer-1", "A_b", "_x", &"x".repeat(255)] {
            assert!(check_name("script", name).is_ok(), "{name}");
        }
        for name in ["", "-a", "a.b", "a/b", "é", "a b", "..", &"x".repeat(256)] {
            assert!(check_name("script", name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_tag_names_the_tenant() {
        let check = |tags: &[&str], tenant| {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            assert_eq!(tenant_of("script", &tags), tenant);
        };
        check(&[], "script");
        check(&["tenant", "tenant:", "a-tenant:b"], "script");
        check(&["pro", "tenant:acme", "tenant:other"], "acme");
        check(&["tenant:tenant:a b"], "tenant:a b");
    }

    #[test]
    fn tags_are_checked_and_repetitions_dropped() {
        let tags = |list: &[&str]| check_tags(list.iter().map(|tag| (*tag).to_owned()).collect());
        assert_eq!(tags(&["a", "b", "a"]).unwrap(), ["a", "b"]);
        assert!(tags(&["a,b"]).is_err());
        assert!(tags(&["a&b"]).is_err());
        assert!(tags(&[""]).is_err());
        assert!(tags(&["1", "2", "3", "4", "5", "6", "7", "8"]).is_ok());
        let error = tags(&["1", "2", "3", "4", "5", "6", "7", "8", "9"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "A script may have 8 tags, this would be 9; remove some"
        );
    }

    #[test]
    fn a_tag_filter_takes_both_documented_forms() {
        let tags = ["customer-123".to_owned(), "production".to_owned()];
        let matches = |text: &str| TagFilter::parse(text).unwrap().matches(&tags);
        assert!(matches("customer-123:yes"));
        assert!(matches("customer-123,production"));
        assert!(!matches("customer-123:yes,production:no"));
        assert!(!matches("staging"));
        assert!(matches("staging:no"));
        assert!(!TagFilter::parse("staging:no").unwrap().wants());
        for empty in ["", ",", " , ", ":yes", ":no"] {
            assert_eq!(TagFilter::parse(empty), None, "{empty:?}");
        }
    }

    #[test]
    fn identifiers_read_back_from_both_forms() {
        let id = Id::random();
        assert_eq!(Id::parse(&id.hex()), Some(id));
        assert_eq!(id.uuid().len(), 36);
        assert!(Id::parse(&id.uuid()).is_some());
        assert_eq!(Id::parse("zz"), None);
        assert_eq!(Id::parse(&"z".repeat(32)), None);
        assert_eq!(Id::parse(&"é".repeat(16)), None);
    }
}
