//! `setup`: what each purpose needs on this machine, found or installed.

use crate::packages::{self, Need, Sign};
use crate::rust_std::RustStd;
use crate::{compare, debian, deny, npm, package, pip, process, workspace};
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
    /// Building and running tests for aarch64 and armv7.
    Cross,
    /// Tests and benchmarks of HTTPS: OpenSSL and nginx.
    Https,
    /// Benchmarks: wrk.
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
            Purpose::Cross => {
                let targets = cross()?;
                let names: Vec<&str> = targets.iter().map(|target| target.triple).collect();
                names.join(", ")
            }
            Purpose::Https => {
                https()?;
                "OpenSSL and nginx".into()
            }
            Purpose::Bench => {
                bench()?;
                "wrk".into()
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
    let (rust, _) = RustStd::obtain(&[WASM], WASM)?;
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

/// Makes sure that there are servers of HTTPS of another make to ask.
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
    ])
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

/// A machine that tests run on besides this one.
pub struct Cross {
    /// The architecture.
    pub arch: &'static str,
    /// The target.
    pub triple: &'static str,
    /// Where its standard library comes from.
    pub rust: RustStd,
    /// The linker.
    pub linker: &'static str,
    /// The emulator.
    pub runner: &'static str,
    /// What to tell rustc.
    pub flags: &'static str,
}

impl Cross {
    /// What the `cc` crate takes as C compiler, for benchmarks' C that tests drag in. clang
    /// compiles for every machine, and that C needs no headers.
    pub fn c_compiler(&self) -> Vec<(String, PathBuf)> {
        let triple = self.triple.replace('-', "_");
        match clang() {
            Some(clang) if self.linker == RUST_LLD => vec![
                (format!("CC_{triple}"), clang.clone()),
                (format!("AR_{triple}"), "ar".into()),
                // There are no headers of a C library for this target; clang's own will do.
                (format!("CFLAGS_{triple}"), freestanding(&clang).into()),
            ],
            _ => Vec::new(),
        }
    }
}

/// Flags for C without a C library: clang's own headers, before this machine's.
fn freestanding(clang: &std::path::Path) -> String {
    let folder = process::output(Command::new(clang).arg("-print-resource-dir"));
    let folder = folder.unwrap_or_default();
    format!("-ffreestanding -isystem {}/include", folder.trim())
}

/// The linker that comes with Rust.
const RUST_LLD: &str = "rust-lld";

struct Machine {
    arch: &'static str,
    musl: &'static str,
    gnu: &'static str,
    runner: &'static str,
    gcc: &'static str,
    packages: &'static [Need],
}

const MACHINES: &[Machine] = &[
    Machine {
        arch: "aarch64",
        musl: "aarch64-unknown-linux-musl",
        gnu: "aarch64-unknown-linux-gnu",
        runner: "qemu-aarch64-static",
        gcc: "aarch64-linux-gnu-gcc",
        packages: &[
            Need {
                packages: &["gcc-aarch64-linux-gnu"],
                sign: Sign::Program(&["aarch64-linux-gnu-gcc"]),
            },
            Need {
                packages: &["libc6-dev-arm64-cross"],
                sign: Sign::File("/usr/aarch64-linux-gnu/lib/libc.a"),
            },
        ],
    },
    Machine {
        arch: "armv7",
        musl: "armv7-unknown-linux-musleabihf",
        gnu: "armv7-unknown-linux-gnueabihf",
        runner: "qemu-arm-static",
        gcc: "arm-linux-gnueabihf-gcc",
        packages: &[
            Need {
                packages: &["gcc-arm-linux-gnueabihf"],
                sign: Sign::Program(&["arm-linux-gnueabihf-gcc"]),
            },
            Need {
                packages: &["libc6-dev-armhf-cross"],
                sign: Sign::File("/usr/arm-linux-gnueabihf/lib/libc.a"),
            },
        ],
    },
];

/// Makes sure that tests for other machines can be built and run.
///
/// musl is wanted, because boards run it and because Rust brings its own; its linker is then
/// part of the toolchain too. Otherwise Debian's C compiler links statically.
pub fn cross() -> Result<Vec<Cross>> {
    packages::install(&[
        Need {
            packages: &["qemu-user-static"],
            sign: Sign::Check(|| {
                MACHINES
                    .iter()
                    .all(|machine| process::find(machine.runner).is_some())
            }),
        },
        CLANG,
    ])?;
    MACHINES
        .iter()
        .map(|machine| {
            let (rust, triple) = RustStd::obtain(&[machine.musl, machine.gnu], machine.gnu)?;
            let musl = triple == machine.musl;
            if !musl {
                packages::install(machine.packages)?;
            }
            Ok(Cross {
                arch: machine.arch,
                triple,
                rust,
                linker: if musl { RUST_LLD } else { machine.gcc },
                runner: machine.runner,
                flags: "-Ctarget-feature=+crt-static",
            })
        })
        .collect()
}

/// Makes sure that the whole can be measured.
pub fn bench() -> Result<()> {
    packages::install(&[Need {
        packages: &["wrk"],
        sign: Sign::Program(&["wrk"]),
    }])
}
