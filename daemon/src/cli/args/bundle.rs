//! `postern bundle`.

use super::Remote;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `postern bundle`.
#[derive(Clone, Debug, Subcommand)]
pub enum Bundle {
    /// Make a key to sign with: FILE, and FILE.pub beside it. minisign reads both.
    Keygen {
        /// The secret key, which is written with mode 0600. It must not be there yet.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Build a bundle of projects, or of a bundle.toml that lists them.
    #[command(
        after_help = "Examples:\n  postern bundle build ./hello ./shop -o site.postern --bundle-version 7 --device '*' --key release.key\n  postern bundle build bundle.toml -o site.postern"
    )]
    Build(Box<BundleBuild>),
    /// Write a list of release keys, which a root key signs: who may sign bundles, for what, until when.
    #[command(
        after_help = "LIST is TOML:\n  version = 3\n  [[keys]]\n  key = \"release.key.pub\"            # or the key itself, RW…\n  until = \"2027-12-31T00:00:00Z\"    # without it: always\n  namespaces = [\"production\"]       # \"-\": outside of namespaces; without it: all"
    )]
    Keys {
        /// The list.
        #[arg(value_name = "LIST")]
        list: PathBuf,
        /// The secret root key.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Where it is written to. Folders are looked into for names that end with .keys.
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Show what is installed on a gateway, whose signatures count there, and what became of what came.
    Installed(Remote),
    /// Sign a bundle, in place.
    Sign(BundleSign),
    /// Tell whether a bundle is whole, signed by one of the keys, and not expired: exit status 0 if so.
    Verify {
        /// The bundle.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// A public key, or the file of one; may be repeated.
        #[arg(long, value_name = "KEY|FILE", required = true)]
        key: Vec<String>,
    },
    /// Show what is in a bundle. All parts are checked, the signature is not.
    Inspect {
        /// The bundle.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Show what another bundle would change.
    Diff {
        /// What is there.
        #[arg(value_name = "OLD")]
        old: PathBuf,
        /// What would come.
        #[arg(value_name = "NEW")]
        new: PathBuf,
    },
}

/// `postern bundle build`.
#[derive(Clone, Debug, Args)]
pub struct BundleBuild {
    /// What `postern push` takes: projects, .js or .wasm files. Or one list of them, as bundle.toml.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Where it is written to.
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Its version, which grows from bundle to bundle of a namespace.
    #[arg(long, value_name = "NUMBER")]
    pub bundle_version: Option<u64>,
    /// The dispatch namespace. Without it: Workers outside of namespaces.
    #[arg(long, short, value_name = "NAME")]
    pub namespace: Option<String>,
    /// When it expires, as 2027-01-31T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub expires: Option<jiff::Timestamp>,
    /// A gateway that may take it; may be repeated. `*` is any.
    #[arg(long, value_name = "NAME")]
    pub device: Vec<String>,
    /// How its parts are compressed.
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    pub compress: Compress,
    /// Sign it with this secret key.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// How the parts of a bundle are compressed.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Compress {
    /// Each by what makes it the smallest.
    #[default]
    Smallest,
    /// With deflate.
    Deflate,
    /// With Zstandard.
    Zstd,
    /// Not at all.
    None,
}

/// `postern receipt`.
#[derive(Clone, Debug, Args)]
pub struct Receipt {
    /// The dispatch namespace. Without it: Workers outside of namespaces.
    #[arg(long, short, value_name = "NAME")]
    pub namespace: Option<String>,
    /// The gateway's public key, or the file of one: a receipt that another signed is refused.
    #[arg(long, value_name = "KEY|FILE")]
    pub key: Option<String>,
    /// Keep it: write it to FILE and its signature to FILE.minisig.
    #[arg(long, short, value_name = "FILE", conflicts_with = "file")]
    pub output: Option<PathBuf>,
    /// Verify one that was kept, with FILE.minisig beside it, and ask no gateway.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub file: Option<PathBuf>,
    /// How.
    #[command(flatten)]
    pub remote: Remote,
}

/// `postern bundle sign`.
#[derive(Clone, Debug, Args)]
pub struct BundleSign {
    /// The bundle.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Sign with this secret key, which has no password.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["extract", "signature"]
    )]
    pub key: Option<PathBuf>,
    /// Write what is to be signed to a file, for `minisign -S`.
    #[arg(long, value_name = "FILE", conflicts_with = "signature")]
    pub extract: Option<PathBuf>,
    /// Put the `.minisig` file in that minisign made of it.
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
}
