//! `postern kv`.

use super::Remote;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Which KV namespace, and how it is reached.
#[derive(Clone, Debug, Args)]
pub struct InKv {
    /// The KV namespace's id (32 hexadecimal digits) or its title.
    #[arg(long, short = 'n', value_name = "ID|TITLE")]
    pub namespace_id: String,
    /// How.
    #[command(flatten)]
    pub remote: Remote,
}

/// `postern kv`.
#[derive(Clone, Debug, Subcommand)]
pub enum Kv {
    /// Write a key's value to stdout, byte for byte.
    ///
    /// With --json the value is a text, or base64 if it is not UTF-8 (`"encoding": "base64"`).
    Get {
        /// The key, at most 512 bytes.
        key: String,
        /// Where.
        #[command(flatten)]
        at: InKv,
    },
    /// Set a key. Returns when the write would survive a power cut.
    Put(Box<KvPut>),
    /// List keys in the order of their bytes.
    List {
        /// Only keys that begin so.
        #[arg(long)]
        prefix: Option<String>,
        /// At most so many keys; without it, all.
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        limit: Option<u64>,
        /// Where.
        #[command(flatten)]
        at: InKv,
    },
    /// Remove a key. Removing what is not there is no error.
    Delete {
        /// The key.
        key: String,
        /// Where.
        #[command(flatten)]
        at: InKv,
    },
    /// Create, list and delete KV namespaces.
    #[command(subcommand)]
    Namespace(KvNamespace),
}

/// `postern kv put`.
#[derive(Clone, Debug, Args)]
pub struct KvPut {
    /// The key, at most 512 bytes.
    pub key: String,
    /// The value. Without it and --path, stdin is read.
    #[arg(conflicts_with = "path")]
    pub value: Option<String>,
    /// Read the value from this file; at most 25 MiB.
    #[arg(long, value_name = "FILE")]
    pub path: Option<PathBuf>,
    /// Seconds until it expires, at least 60.
    #[arg(long, value_name = "SECONDS", conflicts_with = "expiration")]
    pub ttl: Option<u64>,
    /// When it expires, in seconds since 1970.
    #[arg(long, value_name = "TIME")]
    pub expiration: Option<u64>,
    /// Metadata as JSON, at most 1,024 bytes.
    #[arg(long, value_name = "JSON")]
    pub metadata: Option<String>,
    /// Where.
    #[command(flatten)]
    pub at: InKv,
}

/// `postern kv namespace`.
#[derive(Clone, Debug, Subcommand)]
pub enum KvNamespace {
    /// List KV namespaces.
    List(Remote),
    /// Create a KV namespace and print its id.
    Create {
        /// Its title.
        title: String,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
    /// Delete a KV namespace and everything in it.
    Delete(InKv),
}
