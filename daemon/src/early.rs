//! The `postern-early` binary: the first program of a firmware image, in its initramfs.
fn main() -> std::process::ExitCode {
    postern_daemon::init::early()
}
