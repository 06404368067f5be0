//! Everything a developer or CI runs. Each subcommand is a file of its own.

mod bench;
mod board_test;
mod boards;
mod build;
mod ci;
mod compare;
mod cross;
mod daemon;
mod debian;
mod deny;
mod elf;
mod emulator;
mod flash;
mod fmt;
mod fuzz;
mod guests;
mod image;
mod javascript;
mod lint;
mod machine;
mod miri;
mod node;
mod npm;
mod package;
mod packages;
mod pip;
mod probe;
mod process;
mod rust_std;
mod sbom;
mod setup;
mod sizes;
mod step;
mod test;
mod test_tls;
mod types;
mod unsafe_code;
mod up;
mod workspace;
mod zig;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Runs what developing Postern needs. Nothing has to be installed by hand: each command
/// first installs what it lacks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs what the build lacks on this machine. Doing it twice does nothing twice.
    Setup(setup::Arguments),

    /// Builds the daemon, starts it on `./.postern/`, pushes three sample tenants and prints
    /// their URLs. Ctrl-C stops it; the store stays and the next run uses it again.
    Up(up::Arguments),

    /// Runs every test: units, end to end with the real binary, the guests' SDKs, what faces the
    /// engine again on the release binary, and the engine's determinism on aarch64 and armv7
    /// under qemu.
    Test(test::Arguments),

    /// Builds the tenants in `tests/workers` to `target/guests/NAME.wasm`.
    Guests(guests::Arguments),

    /// Asks the Workers in `tests/compare` the same in workerd and in Postern, and shows where the
    /// answers differ.
    Compare(compare::Arguments),

    /// Asks a live isolate which of the platform's types (`@cloudflare/workers-types`) exist there. What
    /// existed before may not be gone.
    Types(types::Arguments),

    /// Asks a daemon with OpenSSL what TLS it speaks at the edge and on the management port: protocols, suites, chains, names,
    /// renegotiation, tickets, ALPN.
    TestTls(test_tls::Arguments),

    /// Pushes random modules to a daemon and asks them at random, until time is up or something
    /// breaks.
    Fuzz(fuzz::Arguments),

    /// Builds the release binary of the daemon, or the one of a board.
    Build(build::Arguments),

    /// Runs tests of the sources' `unsafe` and of what reads strangers' bytes in Miri, which sees undefined behaviour. Says why
    /// if it cannot be had.
    Miri(miri::Arguments),

    /// Makes a Debian package of the daemon for a board:
    /// `target/boards/BOARD/postern_VERSION_ARCH.deb`.
    Package(package::Arguments),

    /// Measures the parts with criterion and the whole with wrk, and writes
    /// `docs/benchmarks.md`.
    Bench(bench::Arguments),

    /// Shows what takes the space in a board's binary, by section and by crate, and compares it with
    /// the board's budget; or the sections of the release binary.
    Sizes(sizes::Arguments),

    /// Writes what is in a board's binary, CycloneDX in JSON: target/boards/BOARD/sbom.cdx.json.
    Sbom(sbom::Arguments),

    /// Lists every `unsafe` with its reason; one without is an error.
    Unsafe(unsafe_code::Arguments),

    /// Makes a firmware image of a board: a disk image to flash, and the slot in it, for
    /// `postern firmware push`.
    Image(image::Arguments),

    /// Boots a firmware image as a whole machine, with edge and management port forwarded to this
    /// one, and returns when it has served its first request.
    Qemu(emulator::Arguments),

    /// Boots firmware images and tries what they promise: first boot on a larger disk, tenants,
    /// power cuts, an end in order, 64 MiB of RAM.
    BootTest(emulator::TestArguments),

    /// Writes a board's disk image to a device or a file: refuses what is in use, shows what it is,
    /// asks, writes, reads back and compares.
    Flash(flash::Arguments),

    /// Runs a mixed load on an emulated board for a while: requests, KV writes, pushes. Reports
    /// memory, fuel, errors and the disk's growth.
    Soak(emulator::SoakArguments),

    /// Formats all Rust sources.
    Fmt(fmt::Arguments),

    /// Runs clippy over all Rust sources; a warning is an error.
    Lint(lint::Arguments),

    /// Checks licences, bans, sources and advisories of all dependencies.
    Deny(deny::Arguments),

    /// Does what CI does: formatting, lints, dependencies, tests.
    Ci(ci::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Setup(arguments) => setup::run(&arguments),
        Command::Up(arguments) => up::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Guests(arguments) => guests::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Types(arguments) => types::run(&arguments),
        Command::TestTls(arguments) => test_tls::run(&arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Miri(arguments) => miri::run(&arguments),
        Command::Build(arguments) => build::run(&arguments),
        Command::Package(arguments) => package::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Sizes(arguments) => sizes::run(&arguments),
        Command::Sbom(arguments) => sbom::run(&arguments),
        Command::Unsafe(arguments) => unsafe_code::run(&arguments),
        Command::Image(arguments) => image::run(&arguments),
        Command::Qemu(arguments) => emulator::run(&arguments),
        Command::BootTest(arguments) => emulator::boot_test(&arguments),
        Command::Flash(arguments) => flash::run(&arguments),
        Command::Soak(arguments) => emulator::soak(&arguments),
        Command::Fmt(arguments) => fmt::run(&arguments),
        Command::Lint(arguments) => lint::run(&arguments),
        Command::Deny(arguments) => deny::run(&arguments),
        Command::Ci(arguments) => ci::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
