//! Verdicts on their way from who judges, through a pipe that lives on when the fork that judged is ended.
//!
//! A verdict is its head, and then the snapshot's bytes and the image's, if there are any: so nobody needs to
//! have these in memory twice, and who keeps them in files not even once. All of it goes in frames that the
//! system writes whole or not at all, whatever ends a fork meanwhile: a kind, a length of two bytes, little
//! end first, and the bytes.

use super::judge::{Judged, Refused};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, ErrorKind, Read, Write};

/// Bytes of a frame at most. What POSIX calls `PIPE_BUF` is no less on Linux (pipe(7)).
const FRAME: usize = 4096;
/// Bytes before those that are carried.
const BEFORE: usize = 3;
/// Bytes of a verdict's head: what a module says that it has, and why it was refused.
const HEAD_MAX: u32 = 4 << 20;
/// A part of the verdict.
const PART: u8 = 0;
/// There is nothing more.
const END: u8 = 1;
/// The fork was ended before that, for this reason.
const BROKEN: u8 = 2;

/// What is made of a verdict: without its files, the bytes of snapshot and image, and what they are read from.
pub type Taking<'a, T> = dyn FnMut(Judged, [Option<u64>; 2], &mut dyn Read) -> io::Result<T> + 'a;

/// The head of a verdict.
#[derive(Debug, Serialize, Deserialize)]
pub struct Head {
    /// Without its files.
    pub judged: Result<Judged, Refused>,
    /// Bytes of the snapshot that follows, if one does.
    pub snapshot: Option<u64>,
    /// Bytes of the image that follows behind it, if one does.
    pub image: Option<u64>,
}

/// Sends a verdict.
///
/// # Errors
/// When the pipe breaks.
pub fn send(verdict: Result<Judged, Refused>, to: &mut impl Write) -> io::Result<()> {
    let mut judged = verdict;
    let (snapshot, image) = match &mut judged {
        Ok(judged) => (judged.snapshot.take(), judged.image.take()),
        Err(_) => (None, None),
    };
    let len = |file: &Option<Vec<u8>>| file.as_ref().map(|it| it.len() as u64);
    let head = Head {
        judged,
        snapshot: len(&snapshot),
        image: len(&image),
    };
    let head = postcard::to_allocvec(&head).map_err(io::Error::other)?;
    let head_len = u32::try_from(head.len()).map_err(io::Error::other)?;
    for part in [
        &head_len.to_le_bytes()[..],
        &head,
        &snapshot.unwrap_or_default(),
        &image.unwrap_or_default(),
    ] {
        for part in part.chunks(FRAME - BEFORE) {
            frame(PART, part, to)?;
        }
    }
    frame(END, &[], to)
}

/// Sends why there will be no verdict, or no more of one.
///
/// # Errors
/// When the pipe breaks.
pub fn break_off(why: &str, to: &mut impl Write) -> io::Result<()> {
    let why = why.as_bytes();
    frame(BROKEN, &why[..why.len().min(FRAME - BEFORE)], to)
}

fn frame(kind: u8, carried: &[u8], to: &mut impl Write) -> io::Result<()> {
    let mut frame = Vec::with_capacity(BEFORE + carried.len());
    frame.push(kind);
    let len = u16::try_from(carried.len()).map_err(io::Error::other)?;
    frame.extend_from_slice(&len.to_le_bytes());
    frame.extend_from_slice(carried);
    to.write_all(&frame)
}

/// Reads a verdict: `take` is given its head and what its files are read from. Why it broke off, if it did, comes as
/// [`Refused::Crashed`].
///
/// # Errors
/// When the pipe breaks, what comes is no verdict, or `take` fails: more may be left in the pipe then.
pub fn receive<T>(from: impl BufRead, take: &mut Taking<'_, T>) -> io::Result<Result<T, Refused>> {
    let mut verdict = Verdict {
        from,
        left: 0,
        is_over: false,
        broken: None,
    };
    let taken = verdict.taken(take);
    match verdict.broken {
        Some(why) => Ok(Err(Refused::Crashed(why))),
        None => taken,
    }
}

/// What the frames of a verdict carry.
struct Verdict<R> {
    from: R,
    /// Bytes of the frame that were not read yet.
    left: usize,
    is_over: bool,
    broken: Option<String>,
}

impl<R: BufRead> Verdict<R> {
    fn taken<T>(&mut self, take: &mut Taking<'_, T>) -> io::Result<Result<T, Refused>> {
        let mut len = [0; 4];
        self.read_exact(&mut len)?;
        let mut head = Vec::new();
        let len = u32::from_le_bytes(len);
        if len > HEAD_MAX {
            return Err(too_long("head", len.into(), HEAD_MAX.into()));
        }
        self.by_ref().take(len.into()).read_to_end(&mut head)?;
        let head: Head = postcard::from_bytes(&head).map_err(io::Error::other)?;
        let taken = match head.judged {
            Ok(judged) => Ok(take(judged, [head.snapshot, head.image], self)?),
            Err(refused) => Err(refused),
        };
        match self.read(&mut [0])? {
            0 => Ok(taken),
            _ => Err(io::Error::other("a verdict is longer than it says")),
        }
    }
}

impl<R: BufRead> Read for Verdict<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 && !self.is_over && !to.is_empty() {
            let mut before = [0; BEFORE];
            self.from.read_exact(&mut before)?;
            let [kind, len @ ..] = before;
            self.left = u16::from_le_bytes(len).into();
            match kind {
                PART => {}
                END if self.left == 0 => self.is_over = true,
                BROKEN => {
                    let mut why = vec![0; std::mem::take(&mut self.left)];
                    self.from.read_exact(&mut why)?;
                    self.broken = Some(String::from_utf8_lossy(&why).into_owned());
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                _ => return Err(ErrorKind::InvalidData.into()),
            }
        }
        let most = to.len().min(self.left);
        if most == 0 {
            // Who reads nothing from a pipe may wait for what comes next all the same.
            return Ok(0);
        }
        let count = self.from.read(&mut to[..most])?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.left -= count;
        Ok(count)
    }
}

/// Who judges has tenants' bytes in hand: what it says of lengths is not believed.
fn too_long(what: &str, len: u64, max: u64) -> io::Error {
    io::Error::other(format!("a verdict's {what} has {len} bytes, {max} at most"))
}

/// The whole verdict in memory, with its files, which have no more than `max` bytes each.
///
/// # Errors
/// When it ends before them, or they are larger.
pub fn whole(
    judged: Judged,
    [snapshot, image]: [Option<u64>; 2],
    max: u64,
    from: &mut dyn Read,
) -> io::Result<Judged> {
    let mut file = |len: Option<u64>| {
        let Some(len) = len else { return Ok(None) };
        if len > max {
            return Err(too_long("file", len, max));
        }
        let len = usize::try_from(len).map_err(io::Error::other)?;
        let mut file = Vec::new();
        file.try_reserve_exact(len).map_err(io::Error::other)?;
        file.resize(len, 0);
        from.read_exact(&mut file)?;
        io::Result::Ok(Some(file))
    };
    let snapshot = file(snapshot)?;
    let image = file(image)?;
    Ok(Judged {
        snapshot,
        image,
        ..judged
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::engine::GuestKind;
    use proptest::prelude::*;

    fn frames(verdict: Result<Judged, Refused>) -> Vec<u8> {
        let mut sent = Vec::new();
        send(verdict, &mut sent).unwrap();
        sent
    }

    const MAX: u64 = 20_000;

    fn all(judged: Judged, bytes: [Option<u64>; 2], from: &mut dyn Read) -> io::Result<Judged> {
        whole(judged, bytes, MAX, from)
    }

    /// Where frames begin.
    fn begins(frames: &[u8]) -> Vec<usize> {
        let mut at = 0;
        let mut all = vec![0];
        while at < frames.len() {
            at += BEFORE + usize::from(u16::from_le_bytes([frames[at + 1], frames[at + 2]]));
            all.push(at);
        }
        all
    }

    fn judged(snapshot: Option<usize>, image: Option<usize>) -> Judged {
        let file = |len: Option<usize>| len.map(|len| (0..len).map(|at| at as u8).collect());
        Judged {
            snapshot: file(snapshot),
            image: file(image),
            pages: 7,
            ..Judged::empty(GuestKind::JavaScript)
        }
    }

    proptest! {
        #[test]
        fn what_was_sent_comes(
            snapshot in prop::option::of(0_usize..20_000),
            image in prop::option::of(0_usize..20_000),
        ) {
            let judged = judged(snapshot, image);
            let sent = frames(Ok(judged.clone()));
            for pair in begins(&sent).windows(2) {
                prop_assert!(pair[1] - pair[0] <= FRAME);
            }
            // What comes behind it is the next one's.
            let mut pipe = &[&sent[..], b"next"].concat()[..];
            let came = receive(&mut pipe, &mut all).unwrap();
            prop_assert_eq!(came, Ok(judged));
            prop_assert_eq!(pipe, b"next");
        }
    }

    #[test]
    fn a_refusal_comes() {
        let refused = Refused::Startup("it threw".to_owned());
        let sent = frames(Err(refused.clone()));
        let came = receive(&mut &sent[..], &mut all).unwrap();
        assert_eq!(came, Err(refused));
    }

    #[test]
    fn wherever_a_fork_is_ended_the_keeper_has_its_say() {
        let sent = frames(Ok(judged(Some(9000), Some(5000))));
        let begins = begins(&sent);
        assert!(begins.len() > 6);
        for end in &begins[..begins.len() - 1] {
            let mut pipe = sent[..*end].to_vec();
            break_off("signal 9", &mut pipe).unwrap();
            pipe.extend_from_slice(b"next");
            let mut pipe = &pipe[..];
            let came = receive(&mut pipe, &mut all).unwrap();
            assert_eq!(came, Err(Refused::Crashed("signal 9".to_owned())));
            assert_eq!(pipe, b"next");
        }
    }

    #[test]
    fn what_ends_or_is_none_is_an_error() {
        let sent = frames(Ok(judged(Some(9000), None)));
        for end in 0..sent.len() {
            assert!(receive(&mut &sent[..end], &mut all).is_err(), "{end}");
        }
        let mut other = sent.clone();
        other[0] = 9;
        assert!(receive(&mut &other[..], &mut all).is_err());
        // A head that promises less than follows, or more.
        let untold = |_: Judged, _: [Option<u64>; 2], _: &mut dyn Read| Ok(());
        assert!(receive(&mut &sent[..], &mut { untold }).is_err());
        let more = |judged: Judged, _: [Option<u64>; 2], from: &mut dyn Read| {
            whole(judged, [Some(9001), None], MAX, from)
        };
        assert!(receive(&mut &sent[..], &mut { more }).is_err());
    }

    #[test]
    fn lengths_are_not_believed() {
        let mut head = Vec::new();
        frame(PART, &(HEAD_MAX + 1).to_le_bytes(), &mut head).unwrap();
        let error = receive(&mut &head[..], &mut all).unwrap_err();
        assert!(error.to_string().contains("head has 4194305 bytes"));
        let sent = frames(Ok(judged(Some(9000), None)));
        let less = |judged: Judged, bytes: [Option<u64>; 2], from: &mut dyn Read| {
            whole(judged, bytes, 8999, from)
        };
        let error = receive(&mut &sent[..], &mut { less }).unwrap_err();
        assert!(error.to_string().contains("file has 9000 bytes, 8999 at"));
    }
}
