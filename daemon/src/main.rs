//! The `postern` binary; everything lives in the library beside it.
fn main() -> std::process::ExitCode {
    postern_daemon::cli::main()
}
