//! `setup`: what each purpose needs on this machine, found or installed.

use crate::cross::Cross;
use crate::packages::{self, Need, Sign};
use crate::rust_std::RustStd;
use crate::{boards, compare, debian, deny, miri, npm, package, pip, process, workspace};
use anyhow::{Context, Result};
use clap::ValueEnum;
use std::path::PathBuf;
use std::process::Command;

/// The target of guests that speak the guest ABI.
pub const WASM: &str = "wasm32-unknown-unknown";

/// The arguments of `setup`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only what this takes; may be given several times. Everything without it.
    #[arg(long = "for", value_name = "PURPOSE")]
    purposes: Vec<Purpose>,
}

/// What a machine is set up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Purpose {
    /// Building guests: Rust's wasm target, a C compiler for wasm, a WASI library.
    Wasm,
    /// Building for boards, and running tests for them under qemu.
    Cross,
    /// Tests and benchmarks of HTTPS, and of what fails: OpenSSL, nginx, pebble, strace.
    Https,
    /// Benchmarks: wrk, slowhttptest.
    Bench,
    /// Firmware images and emulated machines: QEMU, U-Boot, mtools, e2fsprogs, minisign.
    Boards,
    /// CI: cargo-deny.
    Ci,
    /// Comparing with workerd: node, npm and the pinned workerd.
    Compare,
    /// Making Debian packages, and trying them in a system in a folder.
    Package,
    /// Running the field's clients in end-to-end tests: npm, pip, and what is pinned of both.
    Clients,
    /// Miri: a nightly toolchain with it.
    Miri,
    /// Testing the page that tunes: a headless Chromium and a font.
    Browser,
}

/// The C compiler for wasm guests; Debian names it by version.
const CLANGS: &[&str] = &[
    "clang-19", "clang-20", "clang-21", "clang-18", "clang-17", "clang-16", "clang",
];
const CLANG: Need = Need {
    packages: &["clang-19", "clang"],
    sign: Sign::Check(|| clang().is_some()),
};
/// Linkers for wasm.
const LINKERS: &[&str] = &[
    "wasm-ld",
    "wasm-ld-19",
    "wasm-ld-18",
    "wasm-ld-17",
    "wasm-ld-16",
];

/// Installs what is missing for the purposes.
pub fn run(arguments: &Arguments) -> Result<()> {
    let purposes = if arguments.purposes.is_empty() {
        Purpose::value_variants()
    } else {
        &arguments.purposes
    };
    for purpose in purposes {
        let found = match purpose {
            Purpose::Wasm => {
                let wasm = wasm()?;
                format!("Rust from {:?}, C from {}", wasm.rust, wasm.clang.display())
            }
            Purpose::Cross => cross()?.join(", "),
            Purpose::Https => {
                https()?;
                "OpenSSL, nginx, pebble, strace".into()
            }
            Purpose::Bench => {
                bench()?;
                slow()?;
                "wrk, slowhttptest".into()
            }
            Purpose::Boards => {
                debian::tools()?;
                "QEMU, U-Boot, mtools, e2fsprogs, minisign".into()
            }
            Purpose::Ci => deny::program()?.display().to_string(),
            Purpose::Compare => workspace::shown(&compare::program()?),
            Purpose::Package => {
                package::setup()?;
                package::setup_chroot()?;
                "dpkg-deb, debootstrap, setpriv, systemd-analyze".into()
            }
            Purpose::Clients => {
                let clients = clients()?;
                let [node, python] =
                    [&clients.node, &clients.python].map(|it| workspace::shown(it));
                format!("{node}, {python}")
            }
            // Nothing else needs it, and rustup alone has it.
            Purpose::Miri => match miri::obtain() {
                Ok(()) => "nightly with miri".into(),
                Err(error) => format!("not here: {error:#}"),
            },
            Purpose::Browser => browser()?.display().to_string(),
        };
        let name = purpose.to_possible_value();
        let name = name.as_ref().map_or("", |value| value.get_name());
        println!("{name:>7}: {found}");
    }
    Ok(())
}

/// What guests are built with.
pub struct Wasm {
    /// Where Rust's standard library for wasm comes from.
    pub rust: RustStd,
    /// A C compiler with a wasm backend.
    pub clang: PathBuf,
    /// The linker for wasm.
    pub linker: PathBuf,
}

/// Makes sure that guests can be built.
pub fn wasm() -> Result<Wasm> {
    let rust = RustStd::obtain(WASM)?;
    packages::install(&[
        CLANG,
        Need {
            packages: &["lld-19", "lld"],
            sign: Sign::Program(LINKERS),
        },
    ])?;
    Ok(Wasm {
        rust,
        clang: clang().context("there is no clang with a wasm backend")?,
        linker: LINKERS
            .iter()
            .find_map(|name| process::find(name))
            .context("there is no wasm-ld")?,
    })
}

/// The field's clients that end-to-end tests run.
pub struct Clients {
    /// Their `node_modules`.
    pub node: PathBuf,
    /// Their packages of Python.
    pub python: PathBuf,
}

/// Installs them.
pub fn clients() -> Result<Clients> {
    let folder = workspace::root().join("tests/clients");
    Ok(Clients {
        node: npm::install("clients", &folder)?,
        python: pip::install("clients", &folder)?,
    })
}

/// Headless browsers, the smallest first.
const BROWSERS: &[&str] = &[
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
];

/// Makes sure that there is a browser to test a page in, with letters to draw; where it is.
pub fn browser() -> Result<PathBuf> {
    packages::install(&[
        Need {
            packages: &["chromium-headless-shell", "chromium", "chromium-browser"],
            sign: Sign::Program(BROWSERS),
        },
        Need {
            packages: &["fonts-dejavu-core"],
            sign: Sign::File("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
        },
    ])?;
    let mut found = BROWSERS.iter().filter_map(|name| process::find(name));
    found.next().context("there is no Chromium")
}

/// Makes sure that there are servers of HTTPS of another make to ask, and what has calls of the system fail.
pub fn https() -> Result<()> {
    packages::install(&[
        Need {
            packages: &["openssl"],
            sign: Sign::Program(&["openssl"]),
        },
        Need {
            packages: &["nginx-light", "nginx"],
            sign: Sign::File("/usr/sbin/nginx"),
        },
        // An authority of ACME, and what it knows names by.
        Need {
            packages: &["pebble"],
            sign: Sign::Program(&["pebble-challtestsrv"]),
        },
        // What makes the system's calls fail.
        Need {
            packages: &["strace"],
            sign: Sign::Program(&["strace"]),
        },
    ])
}

/// Makes sure that there is what attacks slowly.
pub fn slow() -> Result<()> {
    packages::install(&[Need {
        packages: &["slowhttptest"],
        sign: Sign::Program(&["slowhttptest"]),
    }])
}

/// Makes sure that C guests for WASI can be built; where their library is.
pub fn wasi_libc() -> Result<()> {
    packages::install(&[
        Need {
            packages: &["wasi-libc"],
            sign: Sign::File("/usr/lib/wasm32-wasi/libc.a"),
        },
        Need {
            packages: &["libclang-rt-19-dev-wasm32", "libclang-rt-dev-wasm32"],
            sign: Sign::Check(|| clang().is_some_and(|clang| has_wasm_runtime(&clang))),
        },
    ])
}

fn clang() -> Option<PathBuf> {
    CLANGS
        .iter()
        .filter_map(|name| process::find(name))
        .find(|path| {
            process::output(Command::new(path).arg("--print-targets"))
                .is_some_and(|targets| targets.contains("wasm32"))
        })
}

/// Whether clang finds its own small library for wasm, which WASI programs link.
fn has_wasm_runtime(clang: &PathBuf) -> bool {
    process::output(Command::new(clang).args(["--target=wasm32-wasi", "--print-libgcc-file-name"]))
        .is_some_and(|path| PathBuf::from(path.trim()).exists())
}

/// A C compiler for boards, whatever they are: clang compiles for every machine.
pub fn clang_for_boards() -> Result<PathBuf> {
    packages::install(&[CLANG])?;
    clang().context("there is no clang")
}

/// Flags for C without a C library: clang's own headers, before this machine's.
pub fn freestanding(clang: &std::path::Path) -> String {
    let folder = process::output(Command::new(clang).arg("-print-resource-dir"));
    let folder = folder.unwrap_or_default();
    format!("-ffreestanding -isystem {}/include", folder.trim())
}

/// Makes sure that boards can be built for and their tests run; the targets.
pub fn cross() -> Result<Vec<String>> {
    strip()?;
    let mut targets: Vec<String> = Vec::new();
    for (name, _) in postern_board::KNOWN {
        let target = boards::load(name)?.target;
        if !targets.contains(&target) {
            Cross::obtain(&target)?.runner()?;
            targets.push(target);
        }
    }
    Ok(targets)
}

/// The programs that take symbols off a binary of any machine.
const STRIPS: &[&str] = &[
    "llvm-strip-19",
    "llvm-strip-20",
    "llvm-strip-21",
    "llvm-strip-18",
    "llvm-strip-17",
    "llvm-strip-16",
    "llvm-strip",
];

/// Makes sure that there is one of them.
pub fn strip() -> Result<PathBuf> {
    packages::install(&[Need {
        packages: &["llvm-19", "llvm"],
        sign: Sign::Program(STRIPS),
    }])?;
    STRIPS
        .iter()
        .find_map(|name| process::find(name))
        .context("there is no llvm-strip")
}

/// Makes sure that the whole can be measured.
pub fn bench() -> Result<()> {
    packages::install(&[Need {
        packages: &["wrk"],
        sign: Sign::Program(&["wrk"]),
    }])
}
