//! `manage.claim-code` and `manage.claim-window-s`: how a gateway without any credential is claimed.

use super::amount::Amount;
use super::check::number;
use super::document::Document;
use toml::Spanned;

/// Letters and digits of a code. Fewer could be guessed.
const CODE_LEN: (usize, usize) = (10, 64);
/// How many different ones.
const DIFFERENT_MIN: usize = 5;
/// Half an hour.
const WINDOW_S: u64 = 1800;
/// A day.
const WINDOW_MAX_S: u64 = 86_400;

/// Checks a code, as it is written: with dashes and blanks as people like.
pub(super) fn code(document: &mut Document<'_>, raw: Option<Spanned<String>>) -> Option<String> {
    let raw = raw?;
    let text = raw.get_ref();
    let mut letters: Vec<u8> = text
        .bytes()
        .filter(|byte| !b"- ".contains(byte))
        .map(|byte| byte.to_ascii_uppercase())
        .collect();
    let (least, most) = CODE_LEN;
    let len = letters.len();
    let is_plain = letters.iter().all(u8::is_ascii_alphanumeric);
    letters.sort_unstable();
    letters.dedup();
    if !is_plain || !(least..=most).contains(&len) || letters.len() < DIFFERENT_MIN {
        // The code itself is nobody's who reads an error.
        document.problem(
            Some(raw.span()),
            format!(
                "`manage.claim-code` is no code: it must have {least} to {most} letters and digits of ASCII, \
                 {DIFFERENT_MIN} different ones at least, and has {len}"
            ),
            "make one for each gateway, with `openssl rand -hex 8` for instance; dashes and blanks between them are left out",
        );
        return None;
    }
    Some(raw.into_inner())
}

/// Checks the window.
pub(super) fn window_s(document: &mut Document<'_>, raw: Option<&Spanned<Amount>>) -> u64 {
    number(
        document,
        "manage.claim-window-s",
        raw,
        WINDOW_S,
        (0, WINDOW_MAX_S),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::raw::RawConfig;
    use super::*;

    #[test]
    fn codes_that_could_be_guessed_are_refused_and_not_repeated() {
        for (text, is_right) in [
            ("ABCD-EFGH-JKMN", true),
            ("0123 4567 89", true),
            ("012345678", false),
            ("0000-0000-0000-0000", false),
            ("abcd-efgh-jk\u{fc}n", false),
            ("", false),
            (&"0123456789".repeat(7), false),
        ] {
            let file = format!("[manage]\nclaim-code = '{text}'\n");
            let mut document = Document::new("f.toml", &file);
            let raw: RawConfig = document.read().unwrap();
            let read = code(&mut document, raw.manage.claim_code);
            assert_eq!(read.is_some(), is_right, "{text}");
            let problems = document.into_problems();
            assert_eq!(problems.is_empty(), is_right, "{text}: {problems:?}");
            let told = |part: &str| problems.iter().any(|it| it.to_string().contains(part));
            assert!(text.is_empty() || !told(text), "{text}");
        }
    }
}
