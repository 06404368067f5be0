//! Where graphemes, words and sentences of a text end, for `Intl.Segmenter`.

use rquickjs::function::Func;
use rquickjs::{Object, Result};
use unicode_segmentation::UnicodeSegmentation;

fn ends<'a>(parts: impl Iterator<Item = &'a str>) -> Vec<u32> {
    let mut at = 0;
    parts
        .map(|part| {
            at += part.encode_utf16().count() as u32;
            at
        })
        .collect()
}

/// Adds `segmentEnds(text, kind)`: where segments end, in units of UTF-16. For words the number is
/// doubled, and odd where the segment is like a word.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(native: &Object<'js>) -> Result<()> {
    native.set(
        "segmentEnds",
        Func::from(|text: rquickjs::String<'js>, kind: u32| {
            let text = text.to_cstring()?;
            // Surrogates that are alone count one unit, as what stands for them does.
            let text = String::from_utf8_lossy(text.as_str().as_bytes());
            Ok::<_, rquickjs::Error>(match kind {
                0 => ends(text.graphemes(true)),
                1 => {
                    let words = text.split_word_bounds();
                    let like = |word: &str| word.chars().any(char::is_alphanumeric);
                    let marks = words.clone().map(like);
                    let ends = ends(words).into_iter().zip(marks);
                    ends.map(|(end, is_word)| 2 * end + u32::from(is_word))
                        .collect()
                }
                _ => ends(text.split_sentence_bounds()),
            })
        }),
    )
}
