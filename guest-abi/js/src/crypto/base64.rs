//! Base64 of JSON Web Keys: written as base64url, read as the field reads it.

use crate::buffers::to_base64;

/// Base64url without padding.
pub fn encode(bytes: &[u8]) -> String {
    to_base64(bytes, true)
}

/// Either alphabet, with or without padding, with white space: as the field reads JSON Web Keys.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count, mut padding) = (0_u32, 0, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            b' ' | b'\t' | b'\n' | b'\r' => continue,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        bits = bits << 6 | u32::from(value);
        count += 1;
        if count % 4 != 1 {
            let left = (3 - (count - 1) % 4) * 2;
            out.push((bits >> left) as u8);
        }
    }
    (count % 4 != 1 && (padding == 0 || (count + padding) % 4 == 0)).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn base64_is_read_as_the_field_reads_it() {
        for (text, bytes) in [
            ("", Some(&b""[..])),
            ("AA", Some(&[0])),
            ("AQID", Some(&[1, 2, 3])),
            ("_-_-", Some(&[255, 239, 254])),
            ("/+/+", Some(&[255, 239, 254])),
            ("AA==", Some(&[0])),
            ("A Q\nID", Some(&[1, 2, 3])),
            ("A", None),
            ("A=A", None),
            ("AAA==", None),
            ("A!A", None),
        ] {
            assert_eq!(decode(text).as_deref(), bytes, "{text}");
        }
        for length in 0..50 {
            let bytes: Vec<u8> = (0..length).map(|at: u8| at.wrapping_mul(37)).collect();
            assert_eq!(decode(&encode(&bytes)).as_deref(), Some(&bytes[..]));
        }
    }
}
