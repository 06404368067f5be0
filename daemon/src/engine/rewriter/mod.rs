//! HTML rewriters for guests: a parser that takes a document part by part and stops at every token
//! that a handler of the guest waits for, for as long as the handler takes.
//!
//! A rewriter belongs to the request that opened it and goes with it. What a call answers, and
//! what a token can be asked, is in `docs/abi.md`.

mod machine;
mod settings;
mod token;

use machine::{Machine, Reply};
use postern_abi::OpErrorCode;
use postern_abi::limits::REWRITERS_MAX;
use settings::Settings;
pub use settings::selector_error;

/// The rewriters of an isolate.
#[derive(Default)]
pub struct Rewriters {
    last: u32,
    open: Vec<Rewriter>,
}

struct Rewriter {
    handle: u32,
    request: u32,
    machine: Machine,
}

/// Bytes that selectors take once they are read and compiled, rounded up.
pub fn selector_cost(selectors: &[u8]) -> u64 {
    settings::cost(selectors) as u64
}

impl Rewriters {
    /// Bytes that the rewriters take, rounded up.
    pub fn bytes(&self) -> u64 {
        let all = self.open.iter().map(|rewriter| rewriter.machine.bytes());
        all.sum::<usize>() as u64
    }

    /// Opens one for a request, by what `RewriterOpen` says. Appends its handle to `out`, or zero
    /// and what is wrong; gives the work that it took, in fuel.
    ///
    /// # Errors
    /// For an argument that cannot be read, and when there are too many.
    pub fn open(
        &mut self,
        request: u32,
        argument: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<u64, OpErrorCode> {
        if self.open.len() >= REWRITERS_MAX {
            return Err(OpErrorCode::LimitExceeded);
        }
        let settings = match Settings::read(argument)? {
            Ok(settings) => settings,
            Err(wrong) => {
                out.extend_from_slice(&0_u32.to_le_bytes());
                out.extend_from_slice(wrong.as_bytes());
                return Ok(0);
            }
        };
        let work = settings.work();
        let machine = Machine::new(settings).ok_or(OpErrorCode::LimitExceeded)?;
        // Handles come round after four billion; those in use are skipped.
        loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if self.at(self.last).is_none() {
                break;
            }
        }
        self.open.push(Rewriter {
            handle: self.last,
            request,
            machine,
        });
        out.extend_from_slice(&self.last.to_le_bytes());
        Ok(work)
    }

    fn at(&self, handle: u32) -> Option<usize> {
        self.open.iter().position(|it| it.handle == handle)
    }

    fn find(&mut self, handle: u32) -> Result<&mut Machine, OpErrorCode> {
        let at = self.at(handle).ok_or(OpErrorCode::BadArgument)?;
        Ok(&mut self.open[at].machine)
    }

    /// Feeds one that waits for input: a handle, whether the input ends with this, the input.
    /// Appends how it went and output; gives the work.
    ///
    /// # Errors
    /// For a handle that is not open, and one that does not wait for input.
    pub fn feed(&mut self, argument: &[u8], out: &mut Vec<u8>) -> Result<u64, OpErrorCode> {
        let (handle, rest) = number(argument)?;
        let (&last, input) = rest.split_first().ok_or(OpErrorCode::BadArgument)?;
        let machine = self.find(handle)?;
        machine.step(
            Reply::Input {
                bytes: input.to_vec(),
                last: last != 0,
            },
            out,
        )
    }

    /// Lets one go on that waits for something else: a handle; 0 to go on, 1 to give up, 2 with a
    /// part of the content that it waits for, 3 at that content's end; or 4 to hand over output
    /// and wait further. Appends as `feed` does.
    ///
    /// # Errors
    /// As for `feed`.
    pub fn go_on(&mut self, argument: &[u8], out: &mut Vec<u8>) -> Result<u64, OpErrorCode> {
        let (handle, rest) = number(argument)?;
        let (&how, content) = rest.split_first().ok_or(OpErrorCode::BadArgument)?;
        let reply = match how {
            0 => Reply::GoOn,
            1 => Reply::Stop,
            2 => Reply::Content(content.to_vec()),
            3 => Reply::ContentEnd,
            4 => {
                self.find(handle)?.flush(out);
                return Ok(100);
            }
            _ => return Err(OpErrorCode::BadArgument),
        };
        self.find(handle)?.step(reply, out)
    }

    /// Asks or changes the token that a handler is called with: a handle, and what the token
    /// is asked. Appends the answer; gives the work.
    ///
    /// # Errors
    /// As for `feed`, and for what a token does not answer.
    pub fn token(&mut self, argument: &[u8], out: &mut Vec<u8>) -> Result<u64, OpErrorCode> {
        let (handle, rest) = number(argument)?;
        self.find(handle)?.command(rest, out)
    }

    /// Closes one.
    ///
    /// # Errors
    /// For a handle that is not open.
    pub fn close(&mut self, argument: &[u8]) -> Result<(), OpErrorCode> {
        let (handle, _) = number(argument)?;
        let at = self.at(handle).ok_or(OpErrorCode::BadArgument)?;
        self.open.swap_remove(at);
        Ok(())
    }

    /// Closes those of a request.
    pub fn forget(&mut self, request: u32) {
        self.open.retain(|rewriter| rewriter.request != request);
    }
}

/// A number of four bytes, little endian, and the rest.
fn number(bytes: &[u8]) -> Result<(u32, &[u8]), OpErrorCode> {
    let (number, rest) = bytes.split_first_chunk().ok_or(OpErrorCode::BadArgument)?;
    Ok((u32::from_le_bytes(*number), rest))
}

#[cfg(test)]
mod tests;
