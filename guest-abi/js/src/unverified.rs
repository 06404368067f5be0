//! Hosts whose labels say that they are Punycode and are not: the field takes a host of ASCII as it stands,
//! where the crate reads what each label means.

use serde::{Serialize, Serializer};
use url::{Position, Url};

/// What such a label begins with.
const PREFIX: &str = "xn--";

/// A URL in the form that the crate keeps it in.
struct Within<'a>(&'a Url);

impl Serialize for Within<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_internal(serializer)
    }
}

/// What a text means that the crate refuses for its host; nothing if it is no URL after all.
pub fn read(text: &str) -> Option<Url> {
    let scheme = text.find(':')?;
    let slashes = |character| matches!(character, '/' | '\\');
    let from = text.len() - text[scheme + 1..].trim_start_matches(slashes).len();
    let end = text[from..].find(['/', '\\', '?', '#']);
    let authority = &text[from..end.map_or(text.len(), |end| from + end)];
    let host = authority
        .rfind('@')
        .map_or(authority, |at| &authority[at + 1..]);
    let host_at = from + authority.len() - host.len();
    let host_end = host_at + host.len();
    let host = host.to_ascii_lowercase();
    // With percent signs it may be more than ASCII.
    if !host.is_ascii() || host.contains('%') || !host.contains(PREFIX) {
        return None;
    }
    // Another of the same length stands in for it.
    let mut others = ('a'..='z').map(|letter| format!("x{letter}9q"));
    let other = others.find(|other| !host.contains(other))?;
    let host = host.replace(PREFIX, &other);
    let url = Url::parse(&[&text[..host_at], &host, &text[host_end..]].concat()).ok()?;
    let host_at = url[..Position::BeforeHost].len();
    let host = url.host_str()?.replace(&other, PREFIX);
    let mut bytes = postcard::to_allocvec(&Within(&url)).ok()?;
    // The text is what comes first, after its length.
    let before = bytes
        .windows(url.as_str().len())
        .position(|part| part == url.as_str().as_bytes())?;
    let place = bytes.get_mut(before + host_at..before + host_at + host.len())?;
    place.copy_from_slice(host.as_bytes());
    Url::deserialize_internal(&mut postcard::Deserializer::from_bytes(&bytes)).ok()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_host_stays_as_it_is() {
        let href = |text| read(text).map(String::from);
        assert_eq!(
            href("http://XN--/a?b#c").as_deref(),
            Some("http://xn--/a?b#c")
        );
        assert_eq!(
            href("https://u:p@a.xn--a-ecp.ru:444").as_deref(),
            Some("https://u:p@a.xn--a-ecp.ru:444/")
        );
        let url = read("http://xn--a/b").expect("it is a URL");
        assert_eq!(
            url.join("c").map(String::from).ok().as_deref(),
            Some("http://xn--a/c")
        );
        for text in [
            "http://a/xn--",
            "http://xn--é/",
            "http://xn--%41/",
            "http://xn--a b/",
            "xn--",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
