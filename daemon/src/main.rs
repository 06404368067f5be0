//! The `postern` binary; everything lives in the library beside it.
fn main() {}
