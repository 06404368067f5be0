//! `postern token`, `postern claim` and `postern audit`: who may use the management port, and what was done there.

use super::{Remote, Whose};
use crate::manage::roles::Role;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `postern token`.
#[derive(Clone, Debug, Subcommand)]
pub enum Token {
    /// Create a token and print it, once: only its hash is kept.
    Create {
        /// What it is for, for people.
        #[arg(long, default_value = "token")]
        name: String,
        /// What it may do: admin (everything), deploy (Workers and what belongs to them), read, tune (limits) or
        /// firmware.
        #[arg(long, value_name = "ROLE", default_value = "admin", value_parser = role)]
        role: Role,
        /// With --role deploy: the scripts of this dispatch namespace and nothing else.
        #[arg(long, value_name = "NAME")]
        namespace: Option<String>,
        /// With --role deploy: the scripts of dispatch namespaces that carry this tag and nothing else; with --namespace
        /// those of that one.
        #[arg(long, value_name = "TAG")]
        tag: Option<String>,
        /// How long it is good for: 30d, 12h, 90m.
        #[arg(long, value_name = "TIME", value_parser = span_ms)]
        expires: Option<i64>,
        /// Calls in a second that it may make.
        #[arg(long, value_name = "CALLS")]
        rate: Option<u32>,
        /// Whose.
        #[command(flatten)]
        whose: Whose,
    },
    /// List the tokens there are, without their secrets.
    List(Whose),
    /// Revoke a token.
    Revoke {
        /// Its id, as `token list` shows it.
        id: String,
        /// Whose.
        #[command(flatten)]
        whose: Whose,
    },
}

/// `postern claim`.
#[derive(Clone, Debug, Args)]
pub struct Claim {
    /// The code, as the gateway's log or console has it. Upper and lower case, dashes and blanks do not count.
    pub code: Option<String>,
    /// What the token is called, for people.
    #[arg(long, default_value = "first")]
    pub name: String,
    /// Keep the token for this gateway's URL in postern/tokens of your configuration folder, where the other
    /// commands find it, and do not print it.
    #[arg(long)]
    pub save: bool,
    /// How the management port is reached.
    #[command(flatten)]
    pub remote: Remote,
}

/// `postern audit`.
#[derive(Clone, Debug, Subcommand)]
pub enum Audit {
    /// Show the newest entries.
    Show {
        /// How many.
        #[arg(long, default_value_t = 50)]
        last: usize,
        /// Whose.
        #[command(flatten)]
        whose: Whose,
    },
    /// Write all entries to a file, a JSON object a line.
    Export {
        /// The file; `-` is standard output.
        file: PathBuf,
        /// Whose.
        #[command(flatten)]
        whose: Whose,
    },
    /// Hold the chain of entries against itself: those of a file that was exported, or those that there are.
    ///
    /// Exit status 1 if one was changed, removed, moved or inserted.
    Verify {
        /// The file.
        file: Option<PathBuf>,
        /// Whose.
        #[command(flatten)]
        whose: Whose,
    },
}

/// Reads a role's name.
fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| {
        format!("there is no role `{text}`; use admin, deploy, read, tune or firmware")
    })
}

/// Reads a time like `30d`; as milliseconds.
fn span_ms(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is no time to come; write it as 30d, 12h or 90m");
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let days = jiff::SpanRelativeTo::days_are_24_hours();
    let duration = span.to_duration(days).map_err(|_| wrong())?;
    let ms = i64::try_from(duration.as_millis()).map_err(|_| wrong())?;
    (ms > 0).then_some(ms).ok_or_else(wrong)
}
