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
    let (host, other) = with_stand_in(host)?;
    let url = Url::parse(&[&text[..host_at], &host, &text[host_end..]].concat()).ok()?;
    restored(&url, &other)
}

/// Sets a host that the crate has refused, by the setter that did.
pub fn set(url: &mut Url, value: &str, setter: fn(&mut Url, &str) -> Result<(), ()>) {
    let Some((value, other)) = with_stand_in(value) else {
        return;
    };
    let mut changed = url.clone();
    if setter(&mut changed, &value).is_ok()
        && let Some(changed) = restored(&changed, &other)
    {
        *url = changed;
    }
}

/// A host with another prefix of the same length in place of this one, and that prefix; nothing if it is not ASCII alone.
fn with_stand_in(host: &str) -> Option<(String, String)> {
    let mut letters = Vec::with_capacity(host.len());
    let mut bytes = host.bytes();
    while let Some(byte) = bytes.next() {
        letters.push(match byte {
            // The crate refuses what must not be in a host, which a letter or digit may be.
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                let code = u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?;
                code.is_ascii_alphanumeric().then_some(code)?
            }
            byte if byte.is_ascii() => byte,
            _ => return None,
        });
    }
    let host = String::from_utf8(letters).ok()?.to_ascii_lowercase();
    if !host.contains(PREFIX) {
        return None;
    }
    let mut others = ('a'..='z').map(|letter| format!("x{letter}9q"));
    let other = others.find(|other| !host.contains(other))?;
    Some((host.replace(PREFIX, &other), other))
}

/// The URL with the prefix where another stood in for it.
fn restored(url: &Url, other: &str) -> Option<Url> {
    let host_at = url[..Position::BeforeHost].len();
    let host = url.host_str()?.replace(other, PREFIX);
    let mut bytes = postcard::to_allocvec(&Within(url)).ok()?;
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
        assert_eq!(href("http://%78N--%41/").as_deref(), Some("http://xn--a/"));
        for text in [
            "http://a/xn--",
            "http://xn--é/",
            "http://xn--%c3%a9/",
            "http://xn--%2f/",
            "http://xn--a b/",
            "xn--",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
