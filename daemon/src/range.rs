//! Ranges of bytes (RFC 9110 §14): what of a body is sent.

/// What of a body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    All,
    /// From, and how many.
    Part(u64, u64),
    /// It asks for what there is not.
    Unsatisfiable,
}

/// The one range that is asked for. More than one, or what is not understood, means all of it.
pub fn extent(range: &[u8], len: u64) -> Extent {
    let Some((first, last)) = std::str::from_utf8(range)
        .ok()
        .and_then(|text| text.trim().strip_prefix("bytes="))
        .filter(|ranges| !ranges.contains(','))
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Extent::All;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A number too large for 64 bits is behind the end of any file.
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    match (first, last) {
        ("", last) if digits(last) => match number(last).min(len) {
            0 => Extent::Unsatisfiable,
            count => Extent::Part(len - count, count),
        },
        (first, last) if digits(first) && (last.is_empty() || digits(last)) => {
            let first = number(first);
            let last = if last.is_empty() {
                u64::MAX
            } else {
                number(last)
            };
            if last < first {
                Extent::All
            } else if first >= len {
                Extent::Unsatisfiable
            } else {
                Extent::Part(first, last.min(len - 1) - first + 1)
            }
        }
        _ => Extent::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_taken_or_refused_and_never_believed() {
        let check =
            |range: &str, expect| assert_eq!(extent(range.as_bytes(), 10), expect, "{range}");
        check("bytes=0-0", Extent::Part(0, 1));
        check("bytes=2-", Extent::Part(2, 8));
        check("bytes=2-99", Extent::Part(2, 8));
        check("bytes=-3", Extent::Part(7, 3));
        check("bytes=-99", Extent::Part(0, 10));
        check("bytes=0-99999999999999999999999", Extent::Part(0, 10));
        check("bytes=-99999999999999999999999", Extent::Part(0, 10));
        check(
            "bytes=18446744073709551615-18446744073709551615",
            Extent::Unsatisfiable,
        );
        check("bytes=99999999999999999999999-", Extent::Unsatisfiable);
        check("bytes=10-", Extent::Unsatisfiable);
        check("bytes=-0", Extent::Unsatisfiable);
        for range in [
            "bytes=3-2",
            "bytes=0-1,3-4",
            "bytes=a-b",
            "bytes=",
            "bytes=-",
            "items=0-1",
            "bytes=+1-2",
            "",
        ] {
            check(range, Extent::All);
        }
        assert_eq!(extent(b"bytes=0-", 0), Extent::Unsatisfiable);
    }
}
