//! Undoing a content coding, part by part and in bounded memory: a part of the result is made
//! only when somebody asks for it.

use super::ByteStream;
use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use futures_lite::{StreamExt, stream};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How gzip begins.
const GZIP: &[u8] = b"\x1f\x8b";
/// Bytes that one step makes at most, about.
const STEP: usize = 64 * 1024;

/// A content coding that can be undone. What servers send as `deflate` is passed on as it is, as
/// the field does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `gzip`
    Gzip,
    /// `br`
    Brotli,
}

impl Coding {
    /// The coding of this name.
    pub fn of(name: &[u8]) -> Option<Self> {
        match name.trim_ascii() {
            name if name.eq_ignore_ascii_case(b"gzip") => Some(Self::Gzip),
            name if name.eq_ignore_ascii_case(b"br") => Some(Self::Brotli),
            _ => None,
        }
    }
}

enum Decoder {
    /// With how it began, as far as that tells what it is.
    Gzip(Box<MultiGzDecoder<Vec<u8>>>, Vec<u8>),
    Brotli(Box<Brotli>),
}

struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    done: bool,
}

impl Decoder {
    fn new(coding: Coding) -> Self {
        let alloc = StandardAlloc::default;
        match coding {
            Coding::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new())), Vec::new()),
            Coding::Brotli => Self::Brotli(Box::new(Brotli {
                // No windows beyond the format's own, which would be of a server's choice.
                state: BrotliState::new_strict(alloc(), alloc(), alloc()),
                done: false,
            })),
        }
    }

    /// Takes some of `input`, and gives what that makes.
    fn step(&mut self, input: &mut Bytes) -> io::Result<Bytes> {
        match self {
            Self::Gzip(decoder, begin) => {
                begin.extend(input.iter().take(GZIP.len().saturating_sub(begin.len())));
                let mut steps = 0;
                while !input.is_empty() && steps < STEP {
                    let taken = decoder.write(&input[..input.len().min(4096)]);
                    let taken = taken.map_err(|_| broken("Gzip decompression failed."))?;
                    if taken == 0 {
                        // Behind the end.
                        input.clear();
                    }
                    let _ = input.split_to(taken.min(input.len()));
                    steps = decoder.get_ref().len();
                }
                Ok(std::mem::take(decoder.get_mut()).into())
            }
            Self::Brotli(brotli) => {
                let mut out = vec![0; STEP];
                let (mut left, mut read) = (input.len(), 0);
                let (mut room, mut written, mut total) = (out.len(), 0, 0);
                let result = BrotliDecompressStream(
                    &mut left,
                    &mut read,
                    input,
                    &mut room,
                    &mut written,
                    &mut out,
                    &mut total,
                    &mut brotli.state,
                );
                let _ = input.split_to(read);
                match result {
                    BrotliResult::ResultFailure => {
                        return Err(broken("Brotli decompression failed."));
                    }
                    BrotliResult::ResultSuccess => {
                        brotli.done = true;
                        input.clear();
                    }
                    _ => {}
                }
                out.truncate(written);
                Ok(out.into())
            }
        }
    }

    /// Whether there may be more without more input.
    fn holds(&self) -> bool {
        matches!(self, Self::Brotli(brotli) if !brotli.done)
    }

    fn finish(self) -> io::Result<Bytes> {
        match self {
            Self::Gzip(_, begin) if !GZIP.starts_with(&begin) => {
                Err(broken("Gzip decompression failed."))
            }
            Self::Gzip(decoder, _) => decoder
                .finish()
                .map(Bytes::from)
                .map_err(|_| broken("Gzip compressed stream ended prematurely.")),
            Self::Brotli(brotli) if brotli.done => Ok(Bytes::new()),
            Self::Brotli(_) => Err(broken("Brotli compressed stream ended prematurely.")),
        }
    }
}

fn broken(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// A stream that is decoded if `decode` is set when it is first asked for something.
pub fn decoded(source: ByteStream, coding: Coding, decode: Arc<AtomicBool>) -> ByteStream {
    struct State {
        source: ByteStream,
        input: Bytes,
        decoder: Option<Decoder>,
        ended: bool,
    }
    let mut begun = false;
    let mut state = State {
        source,
        input: Bytes::new(),
        decoder: None,
        ended: false,
    };
    state.decoder = None;
    Box::pin(stream::try_unfold(state, move |mut state| {
        if !std::mem::replace(&mut begun, true) && decode.load(Ordering::Relaxed) {
            state.decoder = Some(Decoder::new(coding));
        } else if state.ended {
            state.decoder = None;
        }
        async move {
            loop {
                if state.ended {
                    return Ok(None);
                }
                let Some(decoder) = &mut state.decoder else {
                    return Ok(state
                        .source
                        .next()
                        .await
                        .transpose()?
                        .map(|bytes| (bytes, state)));
                };
                let made = if state.input.is_empty() && !decoder.holds() {
                    Bytes::new()
                } else {
                    decoder.step(&mut state.input)?
                };
                if !made.is_empty() {
                    return Ok(Some((made, state)));
                }
                if !state.input.is_empty() {
                    continue;
                }
                match state.source.next().await {
                    Some(part) => state.input = part?,
                    None => {
                        state.ended = true;
                        let last = state.decoder.take().map(Decoder::finish).transpose()?;
                        if let Some(last) = last.filter(|last| !last.is_empty()) {
                            return Ok(Some((last, state)));
                        }
                    }
                }
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use futures_lite::future::block_on;

    fn run(parts: Vec<Vec<u8>>, coding: Coding, decode: bool) -> io::Result<(Vec<u8>, usize)> {
        let source = stream::iter(parts.into_iter().map(|part| Ok(Bytes::from(part))));
        let decode = Arc::new(AtomicBool::new(decode));
        let mut stream = decoded(Box::pin(source), coding, decode);
        block_on(async {
            let (mut all, mut longest) = (Vec::new(), 0);
            while let Some(part) = stream.next().await {
                let part = part?;
                longest = longest.max(part.len());
                all.extend_from_slice(&part);
            }
            Ok((all, longest))
        })
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_bomb_goes_off_in_small_parts() {
        let plain = vec![0; 32 << 20];
        let packed = gzip(&plain);
        let (all, longest) = run(vec![packed.clone()], Coding::Gzip, true).unwrap();
        assert_eq!(all.len(), plain.len());
        // One byte of input makes about a thousand.
        assert!(longest <= 8 << 20, "{longest}");
        assert_eq!(
            run(vec![packed.clone()], Coding::Gzip, false).unwrap().0,
            packed
        );
        let bytes = packed.iter().map(|byte| vec![*byte]).collect();
        assert_eq!(run(bytes, Coding::Gzip, true).unwrap().0.len(), plain.len());
    }

    #[test]
    fn brotli_is_decoded_and_what_is_broken_is_told() {
        // "hello" as an uncompressed meta-block, and the last, empty one.
        let packed = b"\x0b\x02\x80hello\x03".to_vec();
        assert_eq!(
            run(vec![packed.clone()], Coding::Brotli, true).unwrap().0,
            b"hello"
        );
        let cut = packed[..5].to_vec();
        let told = |parts, coding| run(parts, coding, true).unwrap_err().to_string();
        assert_eq!(
            told(vec![cut], Coding::Brotli),
            "Brotli compressed stream ended prematurely."
        );
        // A window of a gigabyte, which only an extension of the format has.
        assert_eq!(
            told(vec![vec![0x11, 0x1e]], Coding::Brotli),
            "Brotli decompression failed."
        );
        assert_eq!(
            told(vec![b"not gzip".to_vec()], Coding::Gzip),
            "Gzip decompression failed."
        );
        assert_eq!(
            told(vec![b"not".to_vec()], Coding::Gzip),
            "Gzip decompression failed."
        );
        let packed = gzip(b"hello");
        let cut = packed[..packed.len() - 9].to_vec();
        assert_eq!(
            told(vec![cut], Coding::Gzip),
            "Gzip compressed stream ended prematurely."
        );
    }
}
