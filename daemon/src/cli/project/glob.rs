//! Patterns of paths: `*`, `?` and `[a-z]` within a name, `**` for any folders.

/// Whether a pattern means a path. Both have `/` between names.
pub fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.trim_start_matches("./").split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    // reached[n]: the pattern up to here means the first n names.
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    for part in pattern {
        let mut next = vec![false; path.len() + 1];
        for (at, _) in reached.iter().enumerate().filter(|(_, is)| **is) {
            if part == "**" {
                next[at..].fill(true);
                break;
            }
            if path
                .get(at)
                .is_some_and(|name| name_matches(part.as_bytes(), name.as_bytes()))
            {
                next[at + 1] = true;
            }
        }
        reached = next;
    }
    reached[path.len()]
}

/// Whether a pattern without `/` means a name.
fn name_matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where to go on when what follows the last `*` does not fit.
    let mut again: Option<(usize, usize)> = None;
    while at < name.len() {
        match pattern.get(from) {
            Some(b'*') => {
                again = Some((from + 1, at));
                from += 1;
            }
            Some(b'[') if let Some((true, len)) = class(&pattern[from..], name[at]) => {
                at += 1;
                from += len;
            }
            Some(byte) if *byte == b'?' || *byte == name[at] => {
                at += 1;
                from += 1;
            }
            _ => match again {
                Some((after, start)) => {
                    again = Some((after, start + 1));
                    (from, at) = (after, start + 1);
                }
                None => return false,
            },
        }
    }
    pattern[from..].iter().all(|byte| *byte == b'*')
}

/// Whether the class that a pattern begins with, `[a-z]` or `[!a-z]`, has a byte, and how long the class is.
fn class(pattern: &[u8], byte: u8) -> Option<(bool, usize)> {
    let end = pattern.iter().skip(2).position(|byte| *byte == b']')? + 2;
    let (negative, set) = match &pattern[1..end] {
        [b'!' | b'^', rest @ ..] => (true, rest),
        set => (false, set),
    };
    let mut at = 0;
    let mut has = false;
    while at < set.len() {
        let (last, len) = match &set[at..] {
            [_, b'-', last, ..] => (*last, 3),
            _ => (set[at], 1),
        };
        has |= (set[at]..=last).contains(&byte);
        at += len;
    }
    Some((has != negative, end + 1))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_mean_paths() {
        for (pattern, path, expected) in [
            ("**/*.md", "a.md", true),
            ("**/*.md", "a/b/c.md", true),
            ("**/*.md", "a/b/c.mdx", false),
            ("*.md", "a/b.md", false),
            ("./a/*.js", "a/b.js", true),
            ("a/**", "a/b/c", true),
            ("a/**/d", "a/b/c/d", true),
            ("a/**/d", "a/d", true),
            ("a/**/d", "a/b", false),
            ("**", "anything/at/all", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("", "a", false),
            ("a[0-9x].*", "a7.txt", true),
            ("a[0-9x].*", "ax.txt", true),
            ("a[0-9x].*", "ay.txt", false),
            ("a[!0-9]", "ay", true),
            ("a[!0-9]", "a1", false),
            ("[a", "[a", true),
            ("[]", "[]", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
        // In time that does not grow with the number of stars.
        let (pattern, name) = ("*a".repeat(500), "a".repeat(2000) + "b");
        assert!(!matches(&pattern, &name));
    }
}
