//! Brotli for guests (RFC 7932). Compressing takes a small window and no more effort than a request
//! can pay for; expanding takes the windows of the format, not those of its extension.

use super::{Flush, Outcome, Ran};
use brotli::enc::StandardAlloc;
use brotli::enc::encode::{
    BrotliEncoderOperation as Operation, BrotliEncoderParameter as Parameter,
    BrotliEncoderStateStruct,
};
use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState};
use postern_abi::OpErrorCode;

/// The best quality that is made; more takes ten times as long for a tenth less.
const QUALITY_MAX: u32 = 5;
/// The largest window that is made, as a power of two.
const WINDOW_BITS_MAX: u32 = 18;
/// Bytes that an encoder of that window and quality takes, rounded up.
pub const COMPRESS_BYTES: u64 = 4 << 20;
/// Bytes that a decoder takes beside its window: its trees at most.
const EXPAND_BYTES: u64 = 3 << 20;

/// A compressor.
pub struct Compressor(Box<BrotliEncoderStateStruct<StandardAlloc>>);

impl Compressor {
    /// Of a quality, a window (as a power of two) and a mode, a byte each.
    ///
    /// # Errors
    /// For anything else.
    pub fn new(options: &[u8]) -> Result<Self, OpErrorCode> {
        let &[quality, window, mode] = options else {
            return Err(OpErrorCode::BadArgument);
        };
        let mut encoder = Box::new(BrotliEncoderStateStruct::new(StandardAlloc::default()));
        let quality = u32::from(quality).min(QUALITY_MAX);
        let window = u32::from(window).clamp(10, WINDOW_BITS_MAX);
        encoder.set_parameter(Parameter::BROTLI_PARAM_QUALITY, quality);
        encoder.set_parameter(Parameter::BROTLI_PARAM_LGWIN, window);
        encoder.set_parameter(Parameter::BROTLI_PARAM_MODE, u32::from(mode.min(2)));
        Ok(Self(encoder))
    }

    /// Takes of `input` and gives into `out`.
    pub fn run(&mut self, input: &[u8], flush: Flush, out: &mut [u8]) -> Ran {
        let operation = match flush {
            Flush::No => Operation::BROTLI_OPERATION_PROCESS,
            Flush::Out => Operation::BROTLI_OPERATION_FLUSH,
            Flush::End => Operation::BROTLI_OPERATION_FINISH,
        };
        let (mut left, mut used) = (input.len(), 0);
        let (mut room, mut made) = (out.len(), 0);
        let fine = self.0.compress_stream(
            operation,
            &mut left,
            input,
            &mut used,
            &mut room,
            out,
            &mut made,
            &mut None,
            &mut |_, _, _, _| (),
        );
        let outcome = if !fine {
            Outcome::Corrupt
        } else if self.0.is_finished() {
            Outcome::End
        } else if left > 0 || self.0.has_more_output() {
            Outcome::More
        } else {
            Outcome::Ready
        };
        (outcome, used, made)
    }
}

/// Undoes it.
pub struct Expander {
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    /// Bytes that its window has; 0: it has not begun.
    window: u64,
}

impl Expander {
    pub fn new() -> Self {
        let alloc = StandardAlloc::default;
        Self {
            state: Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())),
            window: 0,
        }
    }

    /// Bytes that it takes once it has read the first of `input`.
    pub fn bytes(&self, input: &[u8]) -> u64 {
        match (self.window, input.first()) {
            (0, None) => 0,
            (0, Some(first)) => window(*first) + EXPAND_BYTES,
            (window, _) => window + EXPAND_BYTES,
        }
    }

    /// Takes of `input` and gives into `out`; of what is corrupt the code of the error, a byte.
    pub fn run(&mut self, input: &[u8], flush: Flush, out: &mut [u8]) -> Ran {
        if let (0, Some(first)) = (self.window, input.first()) {
            self.window = window(*first);
        }
        let (mut left, mut used) = (input.len(), 0);
        let (mut room, mut made, mut total) = (out.len(), 0, 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut used,
            input,
            &mut room,
            &mut made,
            out,
            &mut total,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultFailure => {
                out[0] = (self.state.error_code as i32).unsigned_abs() as u8;
                (Outcome::Corrupt, used, 1)
            }
            BrotliResult::ResultSuccess if used < input.len() => (Outcome::Trailing, used, made),
            BrotliResult::ResultSuccess => (Outcome::End, used, made),
            BrotliResult::NeedsMoreOutput => (Outcome::More, used, made),
            BrotliResult::NeedsMoreInput if flush == Flush::End => (Outcome::Truncated, used, made),
            BrotliResult::NeedsMoreInput => (Outcome::Ready, used, made),
        }
    }
}

/// Bytes of the window that a stream names which begins with this byte (RFC 7932, 9.1).
fn window(first: u8) -> u64 {
    let bits = match (first & 1, first >> 1 & 7, first >> 4 & 7) {
        (0, ..) => 16,
        (_, 0, 0) => 17,
        // The extension's, which is refused.
        (_, 0, 1) => 0,
        (_, 0, more) => 8 + more,
        (_, more, _) => 17 + more,
    };
    1 << bits
}

#[cfg(test)]
mod tests {
    use super::window;

    #[test]
    fn a_window_is_known_by_the_first_byte() {
        for (first, bits) in [
            (0x0, 16),
            (0x1, 17),
            (0x21, 10),
            (0x71, 15),
            (0x3, 18),
            (0x1b, 22),
            (0xf, 24),
        ] {
            assert_eq!(window(first), 1 << bits, "{first:#x}");
        }
        assert_eq!(window(0x11), 1);
    }
}
