//! How many frames a client sends (RFC 9113 §4.1), whatever is in them.

/// What a connection begins with (§3.4).
const PREFACE_BYTES: usize = 24;
/// Of which the first three are the length of what follows.
const HEAD_BYTES: usize = 9;

/// Counts frames in bytes as they come.
#[derive(Debug)]
pub struct Frames {
    /// Bytes that belong to what has been counted.
    rest: usize,
    head: heapless::Vec<u8, HEAD_BYTES>,
}

impl Frames {
    /// At the beginning of a connection.
    pub fn new() -> Self {
        Self {
            rest: PREFACE_BYTES,
            head: heapless::Vec::new(),
        }
    }

    /// The heads of frames that end in these bytes.
    pub fn count(&mut self, mut bytes: &[u8]) -> u32 {
        let mut count = 0;
        loop {
            bytes = match bytes.split_at_checked(self.rest) {
                Some((_, after)) => after,
                None => {
                    self.rest -= bytes.len();
                    return count;
                }
            };
            self.rest = 0;
            let missing = HEAD_BYTES - self.head.len();
            let (head, after) = bytes.split_at(missing.min(bytes.len()));
            // As much as there is room for.
            let _ = self.head.extend_from_slice(head);
            let [high, middle, low, _, _, _, _, _, _] = self.head[..] else {
                return count;
            };
            self.rest = u32::from_be_bytes([0, high, middle, low]) as usize;
            self.head.clear();
            bytes = after;
            count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a client sends: its preface, and frames of these lengths.
    fn sent(lengths: &[u16]) -> Vec<u8> {
        let mut sent = vec![b'p'; PREFACE_BYTES];
        for length in lengths {
            let [high, low] = length.to_be_bytes();
            sent.extend([0, high, low, 6, 0, 0, 0, 0, 0]);
            sent.extend(std::iter::repeat_n(0xff, usize::from(*length)));
        }
        sent
    }

    #[test]
    fn a_frame_counts_when_its_head_is_there() {
        let mut frames = Frames::new();
        let sent = sent(&[8, 0]);
        assert_eq!(frames.count(&sent[..PREFACE_BYTES + 8]), 0);
        assert_eq!(frames.count(&sent[PREFACE_BYTES + 8..PREFACE_BYTES + 9]), 1);
        assert_eq!(frames.count(&[]), 0);
        assert_eq!(frames.count(&sent[PREFACE_BYTES + 9..]), 1);
    }

    proptest! {
        #[test]
        fn however_they_come_all_are_counted(
            lengths in prop::collection::vec(0..300_u16, 0..20),
            step in 1..50_usize,
        ) {
            let mut frames = Frames::new();
            let sent = sent(&lengths);
            let count: u32 = sent.chunks(step).map(|part| frames.count(part)).sum();
            prop_assert_eq!(count as usize, lengths.len());
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            Frames::new().count(&bytes);
        }
    }
}
