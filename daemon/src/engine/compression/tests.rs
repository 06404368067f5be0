//! Compressing and expanding, within bounds.
#![allow(clippy::unwrap_used)]
use super::*;

/// Feeds all of `input` in pieces, and ends it; gives the last outcome and all output.
fn feed(contexts: &mut Contexts, handle: u32, input: &[u8], piece: usize) -> (Outcome, Vec<u8>) {
    let mut all = Vec::new();
    let mut at = 0;
    loop {
        let part = &input[at..input.len().min(at + piece)];
        let last = at + part.len() == input.len();
        let mut argument = handle.to_le_bytes().to_vec();
        argument.push(u8::from(last));
        argument.extend_from_slice(part);
        let mut out = Vec::new();
        contexts.write(&argument, &mut out, &mut |_| true).unwrap();
        assert!(out.len() <= 5 + COMPRESSION_OUTPUT_MAX);
        at += u32::from_le_bytes([out[1], out[2], out[3], out[4]]) as usize;
        all.extend_from_slice(&out[5..]);
        match out[0] {
            0 if at == input.len() => return (Outcome::Ready, all),
            0 | 1 => {}
            2 => return (Outcome::End, all),
            3 => return (Outcome::Corrupt, all),
            6 => return (Outcome::NoDictionary, all),
            7 => return (Outcome::OtherDictionary, all),
            4 => return (Outcome::Trailing, all),
            _ => return (Outcome::Truncated, all),
        }
    }
}

fn compressed(format: u8, input: &[u8]) -> Vec<u8> {
    let mut contexts = Contexts::default();
    let options: &[u8] = if format == 3 { &[11, 22, 0] } else { &[] };
    let handle = contexts.open(1, &[&[format, 0], options].concat()).unwrap();
    let (outcome, out) = feed(&mut contexts, handle, input, 1000);
    assert_eq!(outcome, Outcome::End);
    out
}

fn check(format: u8, input: &[u8], piece: usize, expected: Outcome, length: usize) {
    let mut contexts = Contexts::default();
    let handle = contexts.open(1, &[format, 1]).unwrap();
    let (outcome, out) = feed(&mut contexts, handle, input, piece);
    assert_eq!((outcome, out.len()), (expected, length));
}

#[test]
fn every_format_goes_there_and_back() {
    let text = b"so much text that says the same text again ".repeat(5000);
    for format in 0..5 {
        let small = compressed(format, &text);
        assert!(small.len() < text.len() / 50);
        for piece in [1, 7, 100_000] {
            check(format, &small, piece, Outcome::End, text.len());
        }
        check(format, &compressed(format, b""), 100, Outcome::End, 0);
        // Little that repeats, over several blocks.
        let numbers = (0..60_000u32).map(|at| at.wrapping_mul(2_654_435_761) ^ (at << 7));
        let numbers: Vec<u8> = numbers.flat_map(u32::to_le_bytes).collect();
        let mut contexts = Contexts::default();
        let handle = contexts.open(1, &[format, 1]).unwrap();
        let (outcome, back) = feed(&mut contexts, handle, &compressed(format, &numbers), 5000);
        assert!(outcome == Outcome::End && back == numbers, "{format}");
    }
}

#[test]
fn what_is_wrong_with_the_input_is_told() {
    let good = compressed(0, b"abc");
    check(0, &[&good[..], b"x"].concat(), 100, Outcome::Trailing, 3);
    check(0, &good[..good.len() - 1], 100, Outcome::Truncated, 3);
    check(0, b"", 100, Outcome::Truncated, 0);
    check(0, b"this is no gzip", 100, Outcome::Corrupt, 0);
    let mut wrong = good;
    let at = wrong.len() - 6;
    wrong[at] ^= 1;
    check(0, &wrong, 100, Outcome::Corrupt, 3);
}

#[test]
fn levels_and_dictionaries_are_used() {
    let text = b"hello, hello, hello";
    let made = |format, options: &[u8]| {
        let mut contexts = Contexts::default();
        let handle = contexts.open(1, &[&[format, 0], options].concat()).unwrap();
        feed(&mut contexts, handle, text, 100).1
    };
    let expanded = |format, dictionary: &[u8], small: &[u8]| {
        let mut contexts = Contexts::default();
        let handle = contexts
            .open(1, &[&[format, 1], dictionary].concat())
            .unwrap();
        feed(&mut contexts, handle, small, 3)
    };
    // Level 0 stores.
    assert!(made(2, &[0]).windows(text.len()).any(|part| part == text));
    assert!(made(2, &[9]).len() < text.len());
    let small = made(1, b"\xffhello, ");
    assert_eq!(
        expanded(1, b"hello, ", &small),
        (Outcome::End, text.to_vec())
    );
    assert_eq!(expanded(1, b"", &small).0, Outcome::NoDictionary);
    assert_eq!(expanded(1, b"other", &small).0, Outcome::OtherDictionary);
    let bare = made(2, b"\xffhello, ");
    assert_eq!(
        expanded(2, b"hello, ", &bare),
        (Outcome::End, text.to_vec())
    );
    let long = [&[1, 1][..], &[0; DICTIONARY_MAX + 2]].concat();
    assert!(Contexts::default().open(1, &long).is_err());
}

#[test]
fn what_is_flushed_comes_out() {
    for format in [0, 3, 4] {
        let mut contexts = Contexts::default();
        let options: &[u8] = if format == 3 { &[11, 22, 0] } else { &[] };
        let handle = contexts.open(1, &[&[format, 0], options].concat()).unwrap();
        let mut small = Vec::new();
        for (end, text) in [(0, &b"first"[..]), (2, b" and second"), (1, b" and last")] {
            let argument = [&handle.to_le_bytes()[..], &[end], text].concat();
            let mut out = Vec::new();
            contexts.write(&argument, &mut out, &mut |_| true).unwrap();
            small.extend_from_slice(&out[5..]);
            assert_eq!(out[0], [0, 2, 0][usize::from(end)]);
            if end == 2 {
                // Of Zstandard what is decoded stays in the window until the end.
                let seen = if format == 4 { 0 } else { 16 };
                check(format, &small, 100, Outcome::Truncated, seen);
            }
        }
        check(format, &small, 100, Outcome::End, 25);
    }
}

#[test]
fn a_bomb_goes_off_in_small_parts() {
    let bomb = compressed(2, &vec![0; 8 << 20]);
    assert!(bomb.len() < 16 * 1024);
    let mut contexts = Contexts::default();
    let handle = contexts.open(1, &[2, 1]).unwrap();
    let mut argument = handle.to_le_bytes().to_vec();
    argument.push(0);
    argument.extend_from_slice(&bomb);
    let mut out = Vec::new();
    let used = contexts.write(&argument, &mut out, &mut |_| true).unwrap();
    assert_eq!((out[0], out.len()), (1, 5 + COMPRESSION_OUTPUT_MAX));
    assert!(used.expanded >= COMPRESSION_OUTPUT_MAX as u64);
}

#[test]
fn a_call_takes_no_more_than_a_piece_of_its_input() {
    let mut contexts = Contexts::default();
    let handle = contexts.open(1, &[0, 0]).unwrap();
    let mut argument = handle.to_le_bytes().to_vec();
    argument.push(1);
    argument.extend_from_slice(&vec![0; 10 * INPUT_MAX]);
    let mut out = Vec::new();
    let used = contexts.write(&argument, &mut out, &mut |_| true).unwrap();
    assert_eq!((out[0], used.compressed), (1, INPUT_MAX as u64));
    assert_eq!(out[1..5], (INPUT_MAX as u32).to_le_bytes());
    // All of it, piece by piece, and something behind the end of another.
    let long = vec![0; 10 * INPUT_MAX];
    let small = compressed(0, &long);
    check(0, &small, long.len(), Outcome::End, long.len());
    let trailing = [&small[..], &long].concat();
    check(0, &trailing, trailing.len(), Outcome::Trailing, long.len());
}

#[test]
fn brotli_and_zstandard_tell_what_is_wrong() {
    for format in [3, 4] {
        let text = b"so much text that says the same text again ".repeat(500);
        let good = compressed(format, &text);
        check(
            format,
            b"",
            100,
            [Outcome::Truncated, Outcome::End][usize::from(format == 4)],
            0,
        );
        let mut contexts = Contexts::default();
        let handle = contexts.open(1, &[format, 1]).unwrap();
        let cut = &good[..good.len() - 1];
        assert_eq!(feed(&mut contexts, handle, cut, 7).0, Outcome::Truncated);
        check(
            format,
            &[&good[..], b"more"].concat(),
            9000,
            Outcome::Trailing,
            text.len(),
        );
        check(format, b"garbage that is none", 100, Outcome::Corrupt, 1);
    }
    let known = (b"\x28\xb5\x2f\xfd\x20\x2f\x65\x00\x00\x30hello \x01\x00\x02\x95\x22").to_vec();
    check(4, &known, 1, Outcome::End, 47);
    check(4, &[&known[..], &known].concat(), 5, Outcome::Trailing, 47);
    let skipped = b"\x55\x2a\x4d\x18\x03\x00\x00\x00abc";
    check(4, &[skipped, &known[..]].concat(), 3, Outcome::End, 47);
    // A checksum, and another.
    let mut summed = b"\x28\xb5\x2f\xfd\x24\x03\x19\x00\x00\x61\x62\x63\x99\x09\x77\xad".to_vec();
    check(4, &summed, 3, Outcome::End, 3);
    let at = summed.len() - 1;
    summed[at] ^= 1;
    check(4, &summed, 100, Outcome::Corrupt, 1);
    // A window of more than there may be.
    check(
        4,
        b"\x28\xb5\x2f\xfd\x00\x70\x01\x00\x00",
        100,
        Outcome::Corrupt,
        1,
    );
}

#[test]
fn what_a_window_takes_is_asked_for() {
    for (format, begin) in [
        (3, &b"\x0f"[..]),
        (4, b"\x28\xb5\x2f\xfd\x00\x68\x01\x00\x00"),
    ] {
        let mut contexts = Contexts::default();
        let handle = contexts.open(1, &[format, 1]).unwrap();
        let mut argument = handle.to_le_bytes().to_vec();
        argument.push(0);
        argument.extend_from_slice(begin);
        let mut asked = 0;
        let mut refuse = |bytes| {
            asked = bytes;
            false
        };
        let mut out = Vec::new();
        let refused = contexts.write(&argument, &mut out, &mut refuse);
        assert!(format == 4 || refused == Err(OpErrorCode::LimitExceeded));
        assert!(asked >= 16 << 20, "{asked}");
        assert!(contexts.bytes() < 2 << 20);
    }
}

#[test]
fn contexts_are_counted_and_go_with_their_request() {
    let mut contexts = Contexts::default();
    for request in 0..COMPRESSION_CONTEXTS_MAX as u32 {
        contexts.open(request % 2, &[0, 1]).unwrap();
    }
    assert_eq!(contexts.open(0, &[0, 1]), Err(OpErrorCode::LimitExceeded));
    assert_eq!(contexts.bytes(), 64 * EXPAND_BYTES);
    contexts.forget(0);
    assert_eq!(contexts.bytes(), 32 * EXPAND_BYTES);
    let handle = contexts.open(2, &[1, 0]).unwrap();
    contexts.close(&handle.to_le_bytes()).unwrap();
    assert_eq!(
        contexts.close(&handle.to_le_bytes()),
        Err(OpErrorCode::BadArgument)
    );
}

#[test]
fn arguments_are_mistrusted() {
    let mut contexts = Contexts::default();
    for argument in [
        &[][..],
        &[0],
        &[3, 0],
        &[5, 0],
        &[0, 2],
        &[0, 0, 0, 0],
        &[4, 0, 1],
        &[3, 0, 1, 2, 3, 4],
    ] {
        assert_eq!(contexts.open(1, argument), Err(OpErrorCode::BadArgument));
    }
    let mut out = Vec::new();
    for argument in [&[][..], &[1, 0, 0], &[1, 0, 0, 0], &[9, 0, 0, 0, 0]] {
        assert_eq!(
            contexts.write(argument, &mut out, &mut |_| true),
            Err(OpErrorCode::BadArgument)
        );
    }
}
