//! WASI preview 1 for commands that are run once a request: arguments, environment, standard
//! streams, a clock that stands still, and randomness. There are no files and no sockets.
//!
//! [`Wasi`] holds the state of one run and does the work on a [`GuestMemory`]; [`link`] gives
//! it to a guest. [`cgi`] turns a request into the environment and the output into a response.
//!
//! What differs from a common host: every clock shows [`WasiInput::now_ns`] throughout a run,
//! and `poll_oneoff` finds every subscription ready at once, so that a guest never waits.

pub mod cgi;
mod errno;
mod link;
mod memory;

pub use errno::Errno;
pub use link::link;
pub use memory::{GuestMemory, OutOfBounds};

use bytes::Bytes;

/// Bytes that one `random_get` may ask for.
pub const RANDOM_MAX: u32 = 64 << 10;
/// Ranges that one `fd_read` or `fd_write` may name.
pub const IOVECS_MAX: u32 = 1024;
/// Fuel of a range that an `fd_read` or `fd_write` names, of a string, and of a subscription.
const ITEM_FUEL: u64 = 16;
/// Subscriptions that one `poll_oneoff` may have.
pub const SUBSCRIPTIONS_MAX: u32 = 64;
/// Nanoseconds that clocks say they resolve.
const CLOCK_RESOLUTION_NS: u64 = 1_000_000;

const STDIN: u32 = 0;
const STDOUT: u32 = 1;
const STDERR: u32 = 2;
const STREAMS: usize = 3;

const RIGHT_FD_READ: u64 = 1 << 1;
const RIGHT_FD_WRITE: u64 = 1 << 6;
const RIGHT_FILESTAT_GET: u64 = 1 << 21;
const RIGHT_POLL: u64 = 1 << 27;

/// Fills a slice with random bytes.
pub type Random = Box<dyn FnMut(&mut [u8]) + Send>;

/// What a run is given.
pub struct WasiInput {
    /// The program's name and its arguments. Without NUL bytes.
    pub args: Vec<String>,
    /// `NAME=value` entries. Without NUL bytes.
    pub environ: Vec<String>,
    /// What it reads from descriptor 0.
    pub stdin: Bytes,
    /// Bytes that it may write to descriptor 1. More ends the run with [`OutputLimit`].
    pub stdout_max: usize,
    /// Bytes that are kept of what it writes to descriptor 2; the rest is dropped and counted.
    pub stderr_max: usize,
    /// Nanoseconds since 1970 that every clock shows.
    pub now_ns: u64,
    /// Where random bytes come from.
    pub random: Random,
}

/// The state of one run.
pub struct Wasi {
    input: WasiInput,
    stdin_at: usize,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    stderr_dropped: u64,
    closed: [bool; STREAMS],
    exit_code: Option<i32>,
    owed_fuel: u64,
    owed_fuel_max: u64,
    /// Fuel for what the call at hand does beside moving bytes, and whether or not it succeeds.
    work_fuel: u64,
}

/// What a run left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WasiOutput {
    /// What it wrote to descriptor 1.
    pub stdout: Vec<u8>,
    /// What it wrote to descriptor 2, up to the limit.
    pub stderr: Vec<u8>,
    /// Bytes written to descriptor 2 beyond the limit.
    pub stderr_dropped: u64,
    /// What it gave to `proc_exit`; `None` when it returned instead.
    pub exit_code: Option<i32>,
}

/// The host error of a run that wrote more to descriptor 1 than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the command wrote more than {limit} bytes to its standard output")]
pub struct OutputLimit {
    /// The limit in bytes.
    pub limit: usize,
}

/// Why a function of WASI does not return 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// It returns this.
    Errno(Errno),
    /// The run ends.
    OutputLimit(OutputLimit),
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<OutOfBounds> for Stop {
    fn from(_: OutOfBounds) -> Self {
        Self::Errno(Errno::Fault)
    }
}

/// How many bytes a function moved.
type Moved = Result<usize, Stop>;

impl Wasi {
    /// The state of a run that has not begun.
    pub fn new(input: WasiInput) -> Self {
        Self {
            input,
            stdin_at: 0,
            stdout: Vec::new(),
            stderr: Vec::new(),
            stderr_dropped: 0,
            closed: [false; STREAMS],
            exit_code: None,
            owed_fuel: 0,
            owed_fuel_max: 0,
            work_fuel: 0,
        }
    }

    /// What the run left behind.
    pub fn finish(self) -> WasiOutput {
        WasiOutput {
            stdout: self.stdout,
            stderr: self.stderr,
            stderr_dropped: self.stderr_dropped,
            exit_code: self.exit_code,
        }
    }

    /// Fuel for host work that the store had not enough of when it was done; to be charged to
    /// the next slice.
    pub fn take_owed_fuel(&mut self) -> u64 {
        std::mem::take(&mut self.owed_fuel)
    }

    /// Lets so much fuel be owed; more ends the run.
    pub fn lend_fuel(&mut self, fuel: u64) {
        self.owed_fuel_max = fuel;
    }

    fn stream(&self, fd: u32) -> Result<u32, Stop> {
        match self.closed.get(fd as usize) {
            Some(false) => Ok(fd),
            _ => Err(Errno::Badf.into()),
        }
    }

    fn strings_sizes(
        memory: &mut GuestMemory<'_>,
        strings: &[String],
        count: u32,
        size: u32,
    ) -> Moved {
        let bytes: usize = strings.iter().map(|string| string.len() + 1).sum();
        memory.write_u32(count, to_u32(strings.len())?)?;
        memory.write_u32(size, to_u32(bytes)?)?;
        Ok(0)
    }

    fn strings_get(
        memory: &mut GuestMemory<'_>,
        strings: &[String],
        pointers: u32,
        buffer: u32,
    ) -> Moved {
        let mut pointer = pointers;
        let mut at = buffer;
        for string in strings {
            memory.write_u32(pointer, at)?;
            memory.write(at, string.as_bytes())?;
            at = advance(at, string.len())?;
            memory.write(at, &[0])?;
            at = advance(at, 1)?;
            pointer = advance(pointer, 4)?;
        }
        Ok((at - buffer) as usize)
    }

    fn args_sizes_get(&mut self, memory: &mut GuestMemory<'_>, count: u32, size: u32) -> Moved {
        self.work_fuel += self.input.args.len() as u64;
        Self::strings_sizes(memory, &self.input.args, count, size)
    }

    fn args_get(&mut self, memory: &mut GuestMemory<'_>, pointers: u32, buffer: u32) -> Moved {
        self.work_fuel += self.input.args.len() as u64 * ITEM_FUEL;
        Self::strings_get(memory, &self.input.args, pointers, buffer)
    }

    fn environ_sizes_get(&mut self, memory: &mut GuestMemory<'_>, count: u32, size: u32) -> Moved {
        self.work_fuel += self.input.environ.len() as u64;
        Self::strings_sizes(memory, &self.input.environ, count, size)
    }

    fn environ_get(&mut self, memory: &mut GuestMemory<'_>, pointers: u32, buffer: u32) -> Moved {
        self.work_fuel += self.input.environ.len() as u64 * ITEM_FUEL;
        Self::strings_get(memory, &self.input.environ, pointers, buffer)
    }

    fn clock_res_get(&mut self, memory: &mut GuestMemory<'_>, clock: u32, out: u32) -> Moved {
        check_clock(clock)?;
        memory.write_u64(out, CLOCK_RESOLUTION_NS)?;
        Ok(0)
    }

    fn clock_time_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        clock: u32,
        _precision: u64,
        out: u32,
    ) -> Moved {
        check_clock(clock)?;
        memory.write_u64(out, self.input.now_ns)?;
        Ok(0)
    }

    fn random_get(&mut self, memory: &mut GuestMemory<'_>, ptr: u32, len: u32) -> Moved {
        if len > RANDOM_MAX {
            return Err(Errno::Inval.into());
        }
        // Dearer than a copy.
        self.work_fuel += crate::engine::cost::random(len as usize);
        (self.input.random)(memory.slice_mut(ptr, len)?);
        Ok(0)
    }

    fn fd_read(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        iovecs: u32,
        count: u32,
        out: u32,
    ) -> Moved {
        if self.stream(fd)? != STDIN {
            return Err(Errno::Badf.into());
        }
        // Nothing is taken from the stream before all that is said about memory is known true.
        memory.slice_mut(out, 4)?;
        let count = iovec_count(count)?;
        self.work_fuel += u64::from(count) * ITEM_FUEL;
        for index in 0..count {
            let (ptr, len) = iovec(memory, iovecs, index)?;
            memory.slice(ptr, len)?;
        }
        let mut moved = 0;
        for index in 0..count {
            // Read again: what was just written may lie over it.
            let (ptr, len) = iovec(memory, iovecs, index)?;
            let rest = &self.input.stdin[self.stdin_at + moved..];
            let take = rest.len().min(len as usize);
            let target = memory.slice_mut(ptr, len)?;
            target[..take].copy_from_slice(&rest[..take]);
            moved += take;
        }
        memory.write_u32(out, to_u32(moved)?)?;
        self.stdin_at += moved;
        Ok(moved)
    }

    fn fd_write(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        iovecs: u32,
        count: u32,
        out: u32,
    ) -> Moved {
        let fd = self.stream(fd)?;
        let (stream, limit) = match fd {
            STDOUT => (&mut self.stdout, self.input.stdout_max),
            STDERR => (&mut self.stderr, self.input.stderr_max),
            _ => return Err(Errno::Badf.into()),
        };
        memory.slice_mut(out, 4)?;
        let count = iovec_count(count)?;
        self.work_fuel += u64::from(count) * ITEM_FUEL;
        // All or nothing, so nothing is copied before everything is known to be there.
        let mut written = 0u32;
        for index in 0..count {
            let (ptr, len) = iovec(memory, iovecs, index)?;
            memory.slice(ptr, len)?;
            written = written.checked_add(len).ok_or(Errno::Inval)?;
        }
        let before = stream.len();
        if fd == STDOUT && written as usize > limit.saturating_sub(before) {
            return Err(Stop::OutputLimit(OutputLimit { limit }));
        }
        let mut dropped = 0u64;
        for index in 0..count {
            let (ptr, len) = iovec(memory, iovecs, index)?;
            let bytes = memory.slice(ptr, len)?;
            let room = limit.saturating_sub(stream.len());
            let kept = room.min(bytes.len());
            stream.extend_from_slice(&bytes[..kept]);
            dropped += (bytes.len() - kept) as u64;
        }
        let moved = stream.len() - before;
        self.stderr_dropped += dropped;
        memory.write_u32(out, written)?;
        Ok(moved)
    }

    fn fd_close(&mut self, fd: u32) -> Moved {
        let fd = self.stream(fd)?;
        self.closed[fd as usize] = true;
        Ok(0)
    }

    /// `fdstat`: type u8, flags u16 at 2, rights u64 at 8, inherited rights u64 at 16.
    fn fd_fdstat_get(&mut self, memory: &mut GuestMemory<'_>, fd: u32, out: u32) -> Moved {
        let own = match self.stream(fd)? {
            STDIN => RIGHT_FD_READ,
            _ => RIGHT_FD_WRITE,
        };
        let mut stat = [0; 24];
        let rights = own | RIGHT_FILESTAT_GET | RIGHT_POLL;
        stat[8..16].copy_from_slice(&rights.to_le_bytes());
        memory.write(out, &stat)?;
        Ok(0)
    }

    /// `filestat`, 64 bytes: all that is known of a stream is nothing, its type included.
    fn fd_filestat_get(&mut self, memory: &mut GuestMemory<'_>, fd: u32, out: u32) -> Moved {
        self.stream(fd)?;
        memory.write(out, &[0; 64])?;
        Ok(0)
    }

    fn fd_seek(&mut self, fd: u32) -> Moved {
        self.stream(fd)?;
        Err(Errno::Spipe.into())
    }

    /// What is not done for streams.
    fn fd_unsupported(&mut self, fd: u32) -> Moved {
        self.stream(fd)?;
        Err(Errno::Nosys.into())
    }

    /// Subscriptions are 48 bytes: userdata u64, tag u8 at 8. Events are 32 bytes: userdata
    /// u64, error u16 at 8, type u8 at 10, bytes ready u64 at 16, flags u16 at 24.
    fn poll_oneoff(
        &mut self,
        memory: &mut GuestMemory<'_>,
        subscriptions: u32,
        events: u32,
        count: u32,
        out: u32,
    ) -> Moved {
        const CLOCK: u8 = 0;
        const FD_READ: u8 = 1;
        const FD_WRITE: u8 = 2;
        if count == 0 || count > SUBSCRIPTIONS_MAX {
            return Err(Errno::Inval.into());
        }
        self.work_fuel += u64::from(count) * ITEM_FUEL;
        // Guests let the two overlap; what is told is told from what was asked.
        let asked = memory.slice(subscriptions, count * 48)?.to_vec();
        memory.slice_mut(events, count * 32)?;
        memory.slice_mut(out, 4)?;
        for (index, subscription) in (0..count).zip(asked.chunks_exact(48)) {
            let mut event = [0; 32];
            event[..8].copy_from_slice(&subscription[..8]);
            let tag = subscription[8];
            event[10] = tag;
            match tag {
                CLOCK => {}
                FD_READ | FD_WRITE => {
                    let mut fd = [0; 4];
                    fd.copy_from_slice(&subscription[16..20]);
                    let fd = u32::from_le_bytes(fd);
                    let ready = match (self.stream(fd), tag) {
                        (Ok(STDIN), FD_READ) => Some(self.input.stdin.len() - self.stdin_at),
                        (Ok(STDOUT | STDERR), FD_WRITE) => Some(RANDOM_MAX as usize),
                        _ => None,
                    };
                    match ready {
                        Some(ready) => {
                            event[16..24].copy_from_slice(&(ready as u64).to_le_bytes());
                        }
                        None => {
                            event[8..10].copy_from_slice(&(Errno::Badf as u16).to_le_bytes());
                        }
                    }
                }
                _ => return Err(Errno::Inval.into()),
            }
            // Checked above: the events fit.
            memory.write(events + index * 32, &event)?;
        }
        memory.write_u32(out, count)?;
        Ok(count as usize * 80)
    }
}

fn to_u32(value: usize) -> Result<u32, Stop> {
    u32::try_from(value).map_err(|_| Errno::Inval.into())
}

fn advance(at: u32, by: usize) -> Result<u32, Stop> {
    at.checked_add(to_u32(by)?).ok_or(Errno::Fault.into())
}

fn check_clock(clock: u32) -> Result<(), Stop> {
    // Real time, monotonic, and the CPU times of process and thread.
    if clock < 4 {
        Ok(())
    } else {
        Err(Errno::Inval.into())
    }
}

fn iovec_count(count: u32) -> Result<u32, Stop> {
    if count > IOVECS_MAX {
        return Err(Errno::Inval.into());
    }
    Ok(count)
}

/// Pointer and length of a range.
fn iovec(memory: &GuestMemory<'_>, iovecs: u32, index: u32) -> Result<(u32, u32), Stop> {
    let at = advance(iovecs, index as usize * 8)?;
    Ok((memory.read_u32(at)?, memory.read_u32(advance(at, 4)?)?))
}

#[cfg(test)]
mod tests;
