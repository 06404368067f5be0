//! The terminal as a screen: raw input, an alternate screen, and how it was before afterwards.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// To the alternate screen, without a cursor; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[2J";
const LEAVE: &str = "\x1b[?25h\x1b[0m\x1b[?1049l";

/// What ends a sequence.
const ENDS: std::ops::Range<u8> = 0x40..0x7f;
/// More bytes than any key's sequence has after its first two.
const SEQUENCE_MAX: usize = 16;

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// One that writes something.
    Char(char),
    /// Arrows.
    Up,
    /// See above.
    Down,
    /// See above.
    Left,
    /// See above.
    Right,
    /// A page back.
    PageUp,
    /// A page on.
    PageDown,
    /// Return.
    Enter,
    /// Tab.
    Tab,
    /// Backspace.
    Back,
    /// Escape alone.
    Escape,
    /// Control and C, or the end of input.
    Stop,
}

/// The terminal while it is a screen. Dropping it gives it back as it was.
pub struct Terminal {
    before: Termios,
    stopped: Arc<AtomicBool>,
    pending: Vec<u8>,
}

/// Whether this process has a terminal to write to and to read from.
pub fn is_there() -> bool {
    io::stdout().is_terminal() && io::stdin().is_terminal()
}

/// Gives the terminal back. More than once does no harm.
fn give_back(before: &Termios) {
    let mut out = io::stdout().lock();
    // Nothing can be done about a closed terminal.
    let _ = out.write_all(LEAVE.as_bytes());
    let _ = out.flush();
    let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
}

impl Terminal {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it is none.
    pub fn take() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        // A panic's message must not be written to the alternate screen.
        let (usual, restored) = (std::panic::take_hook(), before.clone());
        std::panic::set_hook(Box::new(move |panic| {
            give_back(&restored);
            usual(panic);
        }));
        let stopped = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
            signal_hook::flag::register(signal, stopped.clone())?;
        }
        let terminal = Self {
            before,
            stopped,
            pending: Vec::new(),
        };
        terminal.write(ENTER)?;
        Ok(terminal)
    }

    /// Columns and lines.
    pub fn size(&self) -> (usize, usize) {
        match tcgetwinsize(io::stdout()) {
            Ok(it) if it.ws_col > 0 && it.ws_row > 0 => (it.ws_col.into(), it.ws_row.into()),
            _ => (80, 24),
        }
    }

    /// Shows these lines, which must be no wider than the screen.
    ///
    /// # Errors
    /// When it is closed.
    pub fn draw(&self, lines: &[String]) -> io::Result<()> {
        let mut out = String::from("\x1b[H");
        for (at, line) in lines.iter().enumerate() {
            if at > 0 {
                out.push_str("\r\n");
            }
            out.push_str(line);
            out.push_str("\x1b[0m\x1b[K");
        }
        out.push_str("\x1b[J");
        self.write(&out)
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// The next key; none within this time.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn key(&mut self, patience: Duration) -> io::Result<Option<Key>> {
        if self.stopped.load(Ordering::Relaxed) {
            return Ok(Some(Key::Stop));
        }
        if self.pending.is_empty() && !self.read(patience)? {
            // A signal ends the wait too.
            let stopped = self.stopped.load(Ordering::Relaxed);
            return Ok(stopped.then_some(Key::Stop));
        }
        // The rest of a sequence comes at once, or it is none.
        while is_begun(&self.pending) && self.read(Duration::from_millis(30))? {}
        let (key, taken) = parse(&self.pending);
        self.pending.drain(..taken);
        Ok(key)
    }

    /// Whether there was something to read, which waits now.
    fn read(&mut self, patience: Duration) -> io::Result<bool> {
        let stdin = io::stdin();
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
        match poll(&mut fds, Some(&patience)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(false),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let mut bytes = [0; 64];
        // Past the standard library's buffer: what it held, the wait above would not know of.
        match rustix::io::read(&stdin, &mut bytes)? {
            // Control and C, and the end of input.
            0 => self.pending.push(3),
            count => self.pending.extend_from_slice(&bytes[..count]),
        }
        Ok(true)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back(&self.before);
    }
}

/// Whether these bytes are a sequence whose end is yet to come.
fn is_begun(bytes: &[u8]) -> bool {
    match bytes {
        [0x1b] => true,
        [0x1b, b'[' | b'O', rest @ ..] => {
            rest.len() < SEQUENCE_MAX && !rest.iter().any(|it| ENDS.contains(it))
        }
        _ => false,
    }
}

/// The first key of what was typed, and how many bytes it took.
fn parse(bytes: &[u8]) -> (Option<Key>, usize) {
    let Some(first) = bytes.first() else {
        return (None, 0);
    };
    match first {
        3 | 4 => (Some(Key::Stop), 1),
        b'\r' | b'\n' => (Some(Key::Enter), 1),
        b'\t' => (Some(Key::Tab), 1),
        8 | 0x7f => (Some(Key::Back), 1),
        0x1b => match bytes.get(1) {
            Some(b'[' | b'O') => sequence(bytes),
            _ => (Some(Key::Escape), 1),
        },
        0..0x20 => (None, 1),
        _ => {
            let len = match first {
                0..0x80 => 1,
                0xc0..0xe0 => 2,
                0xe0..0xf0 => 3,
                _ => 4,
            };
            let len = len.min(bytes.len());
            let text = std::str::from_utf8(&bytes[..len]);
            (
                text.ok().and_then(|it| it.chars().next()).map(Key::Char),
                len,
            )
        }
    }
}

/// A key that comes as a sequence, which ends with a letter or a tilde.
fn sequence(bytes: &[u8]) -> (Option<Key>, usize) {
    let rest = &bytes[2..];
    let end = rest.iter().position(|it| ENDS.contains(it));
    let Some(end) = end else {
        return (None, bytes.len());
    };
    let key = match &rest[..=end] {
        b"A" => Some(Key::Up),
        b"B" => Some(Key::Down),
        b"C" => Some(Key::Right),
        b"D" => Some(Key::Left),
        b"5~" => Some(Key::PageUp),
        b"6~" => Some(Key::PageDown),
        _ => None,
    };
    (key, end + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read() {
        let check = |bytes: &[u8], expect| assert_eq!(parse(bytes), expect, "{bytes:?}");
        check(b"q", (Some(Key::Char('q')), 1));
        check("ü!".as_bytes(), (Some(Key::Char('ü')), 2));
        check(b"\x1b[A\x1b[B", (Some(Key::Up), 3));
        check(b"\x1b[6~", (Some(Key::PageDown), 4));
        check(b"\x1bOC", (Some(Key::Right), 3));
        check(b"\x1b", (Some(Key::Escape), 1));
        check(b"\x1b[1;5", (None, 5));
        check(b"\x1b[1;5Ax", (None, 6));
        check(b"\x03", (Some(Key::Stop), 1));
        check(b"\r", (Some(Key::Enter), 1));
        check(b"\x01", (None, 1));
        check(b"\xff\xff", (None, 2));
        check(b"", (None, 0));
    }

    #[test]
    fn the_end_of_a_sequence_is_waited_for() {
        let check = |bytes: &[u8], expect| assert_eq!(is_begun(bytes), expect, "{bytes:?}");
        check(b"\x1b", true);
        check(b"\x1b[", true);
        check(b"\x1b[1;", true);
        check(b"\x1b[D", false);
        check(b"\x1b[D\x1b[", false);
        check(b"\x1bx", false);
        check(b"q", false);
        check(b"", false);
        check(
            &[b"\x1b[".as_slice(), &[b'1'; SEQUENCE_MAX]].concat(),
            false,
        );
    }
}
