//! Why a command failed: for people on one line each, for programs as JSON.

use super::client::ClientError;
use super::project::ProjectError;
use crate::bundle::BundleError;
use crate::config::ConfigError;
use crate::manage::envelope::code;
use serde_json::{Value, json};
use std::path::PathBuf;

/// One error of the management port's envelope.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct ApiError {
    /// The field's number for it.
    #[serde(default)]
    pub code: i64,
    /// What was wrong.
    #[serde(default)]
    pub message: String,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The management port said no.
    #[error("{}", api(.what, *.status, .errors))]
    Api {
        /// What was asked of it.
        what: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        errors: Vec<ApiError>,
    },
    /// The management port cannot be reached, or answers nonsense.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The configuration has mistakes.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The project to push has mistakes.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// A bundle is not good, or cannot be made.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A file cannot be read or written.
    #[error("cannot {verb} `{path}`: {error}")]
    File {
        /// What was tried.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A file or stdin is larger than allowed.
    #[error("{what} has more than {limit} bytes, the limit; send less")]
    TooLarge {
        /// What it is.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// There is no token.
    #[error(
        "no token; set the environment variable POSTERN_TOKEN or give --token-file FILE (`postern token create` makes one on the gateway, `postern claim` gets the first)"
    )]
    NoToken,
    /// What stands in for a token cannot be one.
    #[error(
        "the token in {from} {reason}; put the one line there that `postern token create` printed"
    )]
    BadToken {
        /// Where it was found.
        from: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A value on the command line is wrong in a way that its parser cannot see.
    #[error("{0}")]
    Usage(String),
    /// A record that cannot be run, or that came out otherwise.
    #[error("{0}")]
    Replay(String),
    /// An audit log that was tampered with.
    #[error("the audit log is not whole: {0}")]
    Audit(String),
    /// The daemon does not do its work.
    #[error("not well: {0}")]
    Unwell(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// The daemon cannot start, or had to stop.
    #[error(transparent)]
    Serve(#[from] super::serve::ServeError),
    /// stdout is closed or full.
    #[error("cannot write to stdout: {0}")]
    Stdout(std::io::Error),
}

fn api(what: &str, status: u16, errors: &[ApiError]) -> String {
    if errors.is_empty() {
        return format!("{what}: the management port answered {status} and no reason");
    }
    let lines: Vec<String> = errors
        .iter()
        .map(|error| {
            let told = format!("{what}: {} [code: {}]", error.message, error.code);
            match remedy(error.code) {
                Some(remedy) => format!("{told}; {remedy}"),
                None => told,
            }
        })
        .collect();
    lines.join("\n")
}

/// What this program can do about what the management port said. The port's own words are the
/// field's and name no commands.
fn remedy(code: i64) -> Option<&'static str> {
    match u32::try_from(code).ok()? {
        code::NAMESPACE_NOT_FOUND => Some(
            "`postern list --namespaces` shows those there are, `postern namespace create NAME` makes one",
        ),
        code::NAMESPACED_SCRIPT_NOT_FOUND => Some("`postern list` shows those there are"),
        _ => None,
    }
}

impl CliError {
    /// The exit status: 2 when the command line is to blame, else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::NoToken | Self::BadToken { .. } => 2,
            _ => 1,
        }
    }

    /// The same for programs, in the shape of the management port's envelope.
    pub fn to_json(&self) -> Value {
        let errors = match self {
            Self::Api { status, errors, .. } if !errors.is_empty() => errors
                .iter()
                .map(|e| json!({"code": e.code, "message": e.message, "status": status}))
                .collect(),
            Self::Config(ConfigError::Invalid(problems)) => {
                problems.iter().map(|problem| json!(problem)).collect()
            }
            other => vec![json!({"message": other.to_string()})],
        };
        json!({"success": false, "errors": errors})
    }
}
