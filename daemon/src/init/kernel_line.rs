//! The kernel's command line: which slot was booted, and whether it is on trial.

/// What the boot loader says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KernelLine {
    /// `a` or `b`.
    pub slot: char,
    /// Whether the slot is on trial.
    pub trial: bool,
}

impl KernelLine {
    /// Reads `/proc/cmdline`.
    pub(super) fn read() -> Self {
        Self::parse(&super::read_line("/proc/cmdline").unwrap_or_default())
    }

    fn parse(line: &str) -> Self {
        let value = |key: &str| {
            line.split_ascii_whitespace()
                .filter_map(|word| word.split_once('='))
                .filter(|(name, _)| *name == key)
                .map(|(_, value)| value)
                .next_back()
        };
        Self {
            slot: if value("postern.slot") == Some("b") {
                'b'
            } else {
                'a'
            },
            trial: value("postern.trial") == Some("1"),
        }
    }

    /// The name of the slot's partition.
    pub(super) fn partition(&self) -> String {
        format!("slot-{}", self.slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_loaders_words_are_read() {
        let read = KernelLine::parse("console=ttyAMA0 postern.slot=b postern.trial=1 quiet");
        let expected = KernelLine {
            slot: 'b',
            trial: true,
        };
        assert_eq!(read, expected);
        assert_eq!(read.partition(), "slot-b");
    }

    #[test]
    fn without_them_it_is_slot_a() {
        for line in [
            "",
            "postern.slot=c",
            "postern.slot",
            "postern.trial=0 quiet",
        ] {
            let read = KernelLine::parse(line);
            assert_eq!((read.slot, read.trial), ('a', false), "{line}");
        }
    }
}
