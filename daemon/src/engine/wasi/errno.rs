//! Error numbers of WASI preview 1, as far as they are used.

/// An error number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Errno {
    /// No such file descriptor.
    Badf = 8,
    /// A pointer outside of the memory.
    Fault = 21,
    /// An argument makes no sense.
    Inval = 28,
    /// There is no such function here.
    Nosys = 52,
    /// Standard streams have no position.
    Spipe = 70,
}
