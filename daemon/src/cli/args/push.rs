//! `postern push`.

use super::{InNamespace, Remote, key_value};
use clap::Args;
use std::path::PathBuf;

/// `postern push`.
#[derive(Clone, Debug, Default, Args)]
pub struct Push {
    /// A .js or .wasm file, a wrangler configuration, or a folder that holds one; or a bundle, or a list of release keys.
    pub path: PathBuf,
    /// Of a bundle: install this version although a newer one was installed before.
    #[arg(long, value_name = "VERSION")]
    pub allow_rollback: Option<u64>,
    /// The Worker's name. Without it: the project's, or the file's name without its extension.
    #[arg(long)]
    pub name: Option<String>,
    /// Use the project's environment of this name.
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// A text binding; may be repeated.
    #[arg(long, value_name = "NAME=TEXT", value_parser = key_value)]
    pub var: Vec<(String, String)>,
    /// A JSON binding; may be repeated.
    #[arg(long, value_name = "NAME=JSON", value_parser = key_value)]
    pub json_var: Vec<(String, String)>,
    /// A file of secrets: lines NAME=VALUE, or one JSON object of texts.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// A KV binding to a namespace's id or title; may be repeated.
    #[arg(long, value_name = "BINDING=ID|TITLE", value_parser = key_value)]
    pub kv: Vec<(String, String)>,
    /// A tag; may be repeated, at most 8 in all.
    #[arg(long)]
    pub tag: Vec<String>,
    /// Milliseconds of CPU that an invocation may use.
    #[arg(long, value_name = "MS")]
    pub cpu_ms: Option<u32>,
    /// Subrequests that an invocation may start.
    #[arg(long, value_name = "COUNT")]
    pub subrequests: Option<u32>,
    /// The compatibility date, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    pub compatibility_date: Option<String>,
    /// A compatibility flag; may be repeated.
    #[arg(long, value_name = "FLAG")]
    pub compatibility_flag: Vec<String>,
    /// A message to keep with the version.
    #[arg(long)]
    pub message: Option<String>,
    /// Show what would be sent, and send nothing. Values of secrets are left out.
    #[arg(long)]
    pub dry_run: bool,
    /// Where to.
    #[command(flatten)]
    pub namespace: InNamespace,
    /// How.
    #[command(flatten)]
    pub remote: Remote,
}
