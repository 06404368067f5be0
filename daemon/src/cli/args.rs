//! The command line: one definition yields parsing, help and completions.

mod access;
mod bundle;
mod explain;
mod firmware;
mod kv;
mod limits;
mod push;
mod replay;
#[cfg(feature = "edge-tls")]
mod trust;
mod tune;
mod usage;
mod versions;

pub use access::{Audit, Claim, Token};
pub use bundle::{Bundle, BundleBuild, BundleSign, Compress, Receipt};
pub use explain::Explain;
pub use firmware::{Firmware, FirmwarePush, Health};
pub use kv::{InKv, Kv, KvNamespace, KvPut};
pub use limits::{Changing, Limits, LimitsOf, Plans};
pub use push::Push;
pub use replay::{Replay, Replays};
#[cfg(feature = "edge-tls")]
pub use trust::Trust;
pub use tune::{
    Calibrate, Tune, TuneApply, TuneCommand, TuneShow, TuneSort, TuneWhose, TuneWindow,
};
pub use usage::{Period, Usage};
pub use versions::{Deployments, OfWorker, Versions, VersionsDeploy};

use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Workers for the small machine at the edge.
///
/// One binary: the daemon (`postern serve`) and the client of its management port (everything
/// that takes `--url`). Exit status: 0 done, 1 refused or failed, 2 the command line is wrong.
#[derive(Debug, Parser)]
#[command(
    name = "postern",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub struct Cli {
    /// Write results to stdout, and errors to stderr, as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What `postern` does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon.
    ///
    /// Opens the store, serves requests on the edge listeners and the management port, and
    /// writes the addresses it listens on to DATA-DIR/run/listening.json. SIGTERM and SIGINT
    /// finish the requests in flight and exit 0; a second one does not wait. SIGHUP reads the
    /// configuration again and takes over what can change while running (docs/configuration.md).
    ///
    /// Under a supervisor with the protocol of sd_notify (NOTIFY_SOCKET) it tells when it is ready, and feeds
    /// the watchdog (WATCHDOG_USEC) after it has served a request to itself. Sockets passed by LISTEN_FDS are
    /// listened on in place of configured addresses, by their names in LISTEN_FDNAMES: edge, management.
    Serve(Source),
    /// Push a Worker: a wasm file, or a project with a wrangler configuration.
    ///
    /// PATH is a .wasm file, a wrangler.toml, wrangler.jsonc or wrangler.json, or a folder that
    /// holds one. The push is atomic: requests in flight finish on the old version. Secrets that
    /// the Worker has already are kept. Keys of the project's file that mean nothing here are
    /// named in a warning; its build command is not run.
    #[command(
        after_help = "Examples:\n  postern push target/hello.wasm --name hello --var GREETING=hi\n  postern push ./my-worker --env staging\n  postern push counter.wasm --kv COUNTS=counts --cpu-ms 20 --tag customer-7"
    )]
    Push(Box<Push>),
    /// Build, sign and look into bundles: Workers, assets, routes and values of KV in one file.
    #[command(subcommand)]
    Bundle(Bundle),
    /// Show what a gateway says runs of a bundle, which it signs, and verify it.
    Receipt(Box<Receipt>),
    /// List Workers, those of a dispatch namespace, or the namespaces.
    List(List),
    /// Delete a Worker, or all Workers with a tag.
    Delete(Delete),
    /// Create, list and delete dispatch namespaces.
    #[command(subcommand)]
    Namespace(Namespace),
    /// List, set and delete routes: patterns of URLs that lead to Workers outside of namespaces.
    #[command(subcommand)]
    Routes(Routes),
    /// List, set and delete Custom Domains: hostnames that lead to Workers outside of namespaces.
    #[command(subcommand)]
    Domains(Domains),
    /// Read and write values in KV, and create and delete KV namespaces.
    #[command(subcommand)]
    Kv(Kv),
    /// Follow a Worker's invocations and log lines until interrupted.
    Logs(Logs),
    /// Tell why a request was refused or failed: which limit, its value, the use, and what helps.
    ///
    /// RAY_ID is what the answer's `cf-ray` says; what the request caused in other Workers is told too.
    /// The daemon keeps the newest, in memory alone.
    Explain(Explain),
    /// Show what the daemon is doing, or who has how much of its memory.
    Status(Status),
    /// Check or show the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Create, list and revoke tokens of the management port.
    ///
    /// Works on the data directory itself, which no running daemon may hold; or, with --remote,
    /// over the management port of a running daemon, with a token that there is already.
    #[command(subcommand)]
    Token(Token),
    /// Claim a gateway that has no credential yet: the first token, of an administrator, for its claim code.
    ///
    /// A daemon without any token prints a code on its log when it starts, or has one in its configuration
    /// (`manage.claim-code`). The code is good once, for half an hour (`manage.claim-window-s`). As root on the gateway
    /// itself no code is needed. The token is printed, once: only its hash is kept there.
    #[command(
        after_help = "Examples:\n  postern claim 7K2M-94XQ-R0TD --url https://gateway.example.com:8788 --save\n  TOKEN=$(sudo postern claim)"
    )]
    Claim(Claim),
    /// Trust a gateway by the fingerprint of its certificate, or tell what that is.
    ///
    /// A gateway that made its certificate itself is known to no root: say here, once, that you know it. What
    /// is trusted is kept in postern/gateways of your configuration folder; another certificate is refused from
    /// then on.
    #[cfg(feature = "edge-tls")]
    Trust(Trust),
    /// Show, export and verify the audit log: every change by the management port, as a chain of hashes.
    #[command(subcommand)]
    Audit(Audit),
    /// List, show and deploy versions of a Worker, and roll back.
    #[command(subcommand)]
    Versions(Versions),
    /// List the deployments of a Worker.
    #[command(subcommand)]
    Deployments(Deployments),
    /// List, show, set and delete plans: named sets of limits and quotas.
    #[command(subcommand)]
    Plans(Plans),
    /// Tell which limits a Worker has and why, and state others while it runs.
    #[command(subcommand)]
    Limits(Limits),
    /// Run a recorded invocation again, on this machine and without a daemon, or list and fetch records.
    ///
    /// `postern replay FILE` gives the recorded events to the same code and answers its calls from the record. It
    /// shows what happened, the console and the operations, whether it was the same to the last unit of fuel and
    /// the last byte (exit status 0; else 1), and where the fuel went by function.
    #[command(
        after_help = "Examples:\n  postern replay list\n  postern replay get 71e74d5de72c8c61 > cut.replay\n  postern replay cut.replay"
    )]
    Replay(Replay),
    /// Show what tenants used, by dates or months of UTC; with --csv for those who bill it.
    Usage(Usage),
    /// Update the system that the daemon runs on, and tell which one runs.
    #[command(subcommand)]
    Firmware(Firmware),
    /// Tell whether the daemon does its work: exit status 0 if so, 1 if not.
    ///
    /// The verdict that a new system is judged by: the daemon serves a request to itself, its
    /// management port answers, its store takes writes, and critical Workers answer. Asks the daemon
    /// that runs on the data directory of this machine, as its user or root; or, with --remote, the one
    /// behind --url, with a token.
    Health(Health),
    /// Measure how fast this machine is, and have `cpu-ms` go by that.
    ///
    /// Fuel a millisecond by several kernels on one core and on all, memory, and durable writes of the
    /// store. It takes some seconds, in which tenants share the machine with the measurement. The result is
    /// kept, holds from the next request on, and is warned of if it differs from the board file by more
    /// than 20 %. It is asked of the daemon behind --url, or, with --data-dir, made on the data directory itself.
    Calibrate(Calibrate),
    /// See what tenants used, try limits against it, and change them safely.
    ///
    /// Without a command, a screen on the terminal with the same functions.
    Tune(Tune),
    /// What to do when the key that secrets are encrypted with is lost.
    #[command(subcommand)]
    Secrets(Secrets),
    /// Be process 1 of a firmware image: mounts, network, clock, and the daemon kept running.
    ///
    /// Only a kernel starts it, from an image that `cargo xtask image` made (docs/firmware.md).
    Init,
    /// Judge a module in a process of its own. Started by the daemon.
    #[command(hide = true)]
    Judge {
        /// The folder of the JavaScript engine's base, which it reads.
        folder: Option<PathBuf>,
    },
    /// Print completions for a shell.
    ///
    /// For instance `postern completions bash > /etc/bash_completion.d/postern`.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Where the configuration comes from.
#[derive(Clone, Debug, Default, Args)]
pub struct Source {
    /// The configuration file. Without it, ./postern.toml or /etc/postern/postern.toml is read
    /// if there is one, else the built-in defaults hold.
    #[arg(long, value_name = "FILE", env = "POSTERN_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where everything durable lives, in place of `data-dir`.
    #[arg(long, value_name = "DIR", env = "POSTERN_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// A board's name or the path of a board file, in place of `board`.
    #[arg(long, value_name = "NAME|FILE")]
    pub board: Option<String>,
    /// An address for requests, in place of `edge.listen`; may be repeated. Port 0 means any.
    #[arg(long, value_name = "IP:PORT")]
    pub edge_listen: Vec<SocketAddr>,
    /// The address of the management port, in place of `manage.listen`.
    #[arg(long, value_name = "IP:PORT")]
    pub manage_listen: Option<SocketAddr>,
}

/// `postern status`.
#[derive(Clone, Debug, Args)]
pub struct Status {
    /// Show who has how much of the device's memory: what is in RAM, and what was granted.
    #[arg(long)]
    pub ledger: bool,
    /// How the management port is reached.
    #[command(flatten)]
    pub remote: Remote,
}

/// Where the management port is if nothing else is said.
pub const URL: &str = "http://127.0.0.1:8788/client/v4";

/// How the management port is reached.
#[derive(Clone, Debug, Default, Args)]
pub struct Remote {
    /// The management port's base URL; without a path, /client/v4 is meant.
    #[arg(
        long,
        env = "POSTERN_URL",
        default_value = URL,
        value_name = "URL",
        help_heading = "Management port"
    )]
    pub url: String,
    /// A file that holds the token. Without it, the environment variable POSTERN_TOKEN is used.
    #[arg(long, value_name = "FILE", help_heading = "Management port")]
    pub token_file: Option<PathBuf>,
    /// A file of PEM with the roots that are believed over HTTPS, in place of the system's.
    #[arg(
        long,
        env = "POSTERN_CA",
        value_name = "FILE",
        help_heading = "Management port"
    )]
    pub ca: Option<PathBuf>,
    /// A file of PEM with a certificate of your own, for a port that wants one.
    #[arg(
        long,
        env = "POSTERN_CLIENT_CERT",
        value_name = "FILE",
        help_heading = "Management port"
    )]
    pub client_cert: Option<PathBuf>,
    /// Its key, if that is not in the same file.
    #[arg(
        long,
        env = "POSTERN_CLIENT_KEY",
        value_name = "FILE",
        requires = "client_cert",
        help_heading = "Management port"
    )]
    pub client_key: Option<PathBuf>,
    /// The account id.
    #[arg(
        long,
        env = "POSTERN_ACCOUNT",
        default_value = "edge",
        value_name = "ID",
        help_heading = "Management port"
    )]
    pub account: String,
    /// Seconds without any progress after which a call is given up.
    #[arg(
        long,
        default_value_t = 60,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=3600),
        help_heading = "Management port"
    )]
    pub timeout: u64,
}

/// The dispatch namespace that a command is about.
#[derive(Clone, Debug, Default, Args)]
pub struct InNamespace {
    /// The dispatch namespace. Without it, the command is about Workers that are in none.
    #[arg(long, env = "POSTERN_NAMESPACE", value_name = "NAME")]
    pub namespace: Option<String>,
}

impl InNamespace {
    /// Its name, if it is one. An empty variable is none.
    pub fn name(&self) -> Option<&str> {
        self.namespace.as_deref().filter(|name| !name.is_empty())
    }

    /// A Worker as people are told of it.
    pub fn named(&self, script: &str) -> String {
        match self.name() {
            Some(namespace) => format!("{namespace}/{script}"),
            None => script.to_owned(),
        }
    }
}

/// `postern list`.
#[derive(Clone, Debug, Args)]
pub struct List {
    /// List dispatch namespaces instead of Workers.
    #[arg(long, conflicts_with = "tag")]
    pub namespaces: bool,
    /// Only Workers with this tag; may be repeated, all must match. `TAG:no` means without it.
    #[arg(long)]
    pub tag: Vec<String>,
    /// Where.
    #[command(flatten)]
    pub namespace: InNamespace,
    /// How.
    #[command(flatten)]
    pub remote: Remote,
}

/// `postern delete`.
#[derive(Clone, Debug, Args)]
pub struct Delete {
    /// The Worker's name.
    #[arg(required_unless_present = "tag", conflicts_with = "tag")]
    pub name: Option<String>,
    /// Delete every Worker of the namespace with this tag; may be repeated, all must match.
    #[arg(long)]
    pub tag: Vec<String>,
    /// Delete it even if other Workers are bound to it.
    #[arg(long, conflicts_with = "tag")]
    pub force: bool,
    /// Where.
    #[command(flatten)]
    pub namespace: InNamespace,
    /// How.
    #[command(flatten)]
    pub remote: Remote,
}

/// `postern namespace`.
#[derive(Clone, Debug, Subcommand)]
pub enum Namespace {
    /// List dispatch namespaces.
    List(Remote),
    /// Create a dispatch namespace.
    Create {
        /// Its name.
        name: String,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
    /// Delete a dispatch namespace and every Worker in it.
    Delete {
        /// Its name.
        name: String,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
}

/// `postern routes`.
#[derive(Clone, Debug, Subcommand)]
pub enum Routes {
    /// List all routes.
    List(Remote),
    /// Have URLs lead to a Worker, in place of the route with the same pattern.
    ///
    /// PATTERN is a hostname and a path, `*` in front of the one and at the end of the other
    /// standing for any text: `example.com/api/*`. Of several that match, the most specific wins.
    Put {
        /// The pattern.
        pattern: String,
        /// The Worker. Without it, the pattern hides less specific ones.
        name: Option<String>,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
    /// Delete a route.
    Delete {
        /// Its pattern, as `routes list` shows it, or its id.
        route: String,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
}

/// `postern domains`.
#[derive(Clone, Debug, Subcommand)]
pub enum Domains {
    /// List all Custom Domains.
    List(Remote),
    /// Have a hostname lead to a Worker, whichever it led to.
    Put {
        /// The hostname, in full.
        hostname: String,
        /// The Worker.
        name: String,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
    /// Delete a Custom Domain.
    Delete {
        /// The hostname.
        hostname: String,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
}

/// `postern logs`.
#[derive(Clone, Debug, Args)]
pub struct Logs {
    /// The Worker's name.
    pub name: String,
    /// Only log lines and exceptions of at least this level.
    #[arg(long, value_name = "LEVEL", default_value = "debug", value_parser = ["debug", "info", "log", "warn", "error"])]
    pub level: String,
    /// Stop after so many invocations.
    #[arg(long, value_name = "COUNT")]
    pub count: Option<u64>,
    /// Do not follow: show what is kept with this text in a log line, an exception or the URL.
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Do not follow: show what is kept with one of these outcomes, as exception,exceededCpu.
    #[arg(long, value_name = "OUTCOMES")]
    pub outcome: Option<String>,
    /// Do not follow: show what is kept since then: 15m, 2h, or a time as 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Where.
    #[command(flatten)]
    pub namespace: InNamespace,
    /// How.
    #[command(flatten)]
    pub remote: Remote,
}

/// `postern config`.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration and its board file, and explain every mistake.
    ///
    /// Tells file, line and column, what is wrong, the limit, and what to do about it. Exit
    /// status 1 if anything is wrong.
    Check {
        /// The file to check; the same as --config.
        #[arg(long, value_name = "FILE", conflicts_with = "config")]
        file: Option<PathBuf>,
        /// What to check.
        #[command(flatten)]
        source: Source,
    },
    /// Print the effective configuration, as a file that means the same.
    Show(Source),
}

/// `postern secrets`.
#[derive(Clone, Debug, Subcommand)]
pub enum Secrets {
    /// Remove every stored secret, because the device key is lost.
    ///
    /// Secrets are encrypted with the key in DATA-DIR/device.key, and a daemon that has secrets but
    /// not their key does not start. Put the file back if there is a copy. If there is none, this
    /// removes the secrets, keeps Workers and everything else, and names what has to be put again.
    /// It works on the data directory itself, which no running daemon may hold.
    Forget(Source),
}

/// Whose tokens: those in a data directory, or those of a running daemon.
#[derive(Clone, Debug, Args)]
pub struct Whose {
    /// Ask a running daemon.
    #[arg(long)]
    pub remote: bool,
    /// The data directory's configuration.
    #[command(flatten)]
    pub source: Source,
    /// How the daemon is reached.
    #[command(flatten)]
    pub port: Remote,
}

/// Reads `NAME=VALUE`.
fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` has no name and `=`; write NAME=VALUE")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_flag_has_help() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
            for inner in command.get_subcommands() {
                assert!(inner.get_about().is_some(), "{}", inner.get_name());
                walk(inner);
            }
        }
        walk(&Cli::command());
    }

    #[test]
    fn lines_that_are_right() {
        for line in [
            "postern serve --config x.toml --edge-listen 127.0.0.1:0 --edge-listen [::1]:0",
            "postern push a.wasm --name a --var A=b=c --kv B=id --tag t --cpu-ms 5 --subrequests 0",
            "postern push dir --env staging --json",
            "postern --json list --namespaces",
            "postern list --tag a --tag b:no",
            "postern delete x",
            "postern delete --tag x",
            "postern kv get k -n title",
            "postern kv put k v --namespace-id title --ttl 60",
            "postern kv put k -n t --path f --metadata {}",
            "postern kv list -n t --prefix p --limit 3",
            "postern kv namespace create t",
            "postern namespace create t",
            "postern push a.wasm --namespace production",
            "postern delete x --force",
            "postern routes list --json",
            "postern routes put example.com/* a",
            "postern routes put example.com/off",
            "postern routes delete example.com/*",
            "postern domains list",
            "postern domains put example.com a",
            "postern domains delete example.com",
            "postern logs x --level warn --count 3",
            "postern status",
            "postern config check --file x",
            "postern config show --board qemu-arm64",
            "postern token create --name ci --data-dir d",
            "postern token revoke abc",
            "postern claim",
            "postern claim 7K2M-94XQ-R0TD --url https://x --ca ca.pem --save --name me",
            "postern secrets forget --data-dir d",
            "postern versions list x --json",
            "postern versions view x latest",
            "postern versions deploy x 1",
            "postern versions deploy x 1@90% 2@10 --message m --guard-error-rate 2.5 --guard-requests 10",
            "postern versions rollback x",
            "postern versions rollback x 1 --message m",
            "postern deployments list x",
            "postern token create --remote --url http://x --name ci",
            "postern judge",
            "postern firmware push slot.img --reboot",
            "postern firmware push slot.img --signature s.minisig --allow-downgrade --url http://x",
            "postern firmware status --json",
            "postern firmware confirm",
            "postern firmware rollback --reboot",
            "postern health --json",
            "postern health --wait 60 --data-dir d",
            "postern health --remote --url http://x",
            "postern completions zsh",
            "postern status --url https://x --ca ca.pem --client-cert c.pem --client-key c.key",
            "postern calibrate",
            "postern calibrate --show --json",
            "postern calibrate --data-dir d --board generic-x86-64",
            "postern tune",
            "postern tune --url http://x",
            "postern tune show --window 1h --sort memory --json",
            "postern tune suggest --namespace n --tenant t",
            "postern tune what-if cpu-ms=20 memory-bytes=8MiB",
            "postern tune apply cpu-ms=20 --namespace n --tenant t --return-after 300 --why w --revision 3",
            "postern tune apply cpu-ms=off --plan pro --keep",
            "postern tune confirm 7",
            "postern tune undo 7 --why w",
            "postern tune history --count 5",
        ] {
            assert!(parse(line).is_ok(), "{line}: {}", parse(line).unwrap_err());
        }
    }

    #[test]
    fn lines_that_are_wrong() {
        for line in [
            "postern",
            "postern serve --edge-listen localhost:80",
            "postern push",
            "postern push a.wasm --var A",
            "postern push a.wasm --var =b",
            "postern push a.wasm --cpu-ms many",
            "postern delete",
            "postern delete x --tag y",
            "postern delete --tag y --force",
            "postern routes put",
            "postern domains put example.com",
            "postern list --namespaces --tag x",
            "postern kv get k",
            "postern kv put k v -n t --path f",
            "postern kv put k v -n t --ttl 60 --expiration 5",
            "postern logs x --level loud",
            "postern status --timeout 0",
            "postern completions cobol",
            "postern firmware push",
            "postern firmware push a b",
            "postern health --wait 999999",
            "postern versions deploy x",
            "postern versions deploy x 1@101",
            "postern versions deploy x 1 2 3",
            "postern calibrate --show --forget",
            "postern calibrate --board b",
            "postern tune what-if",
            "postern tune show --tenant t",
            "postern tune show --window 2h",
            "postern tune apply cpu-ms=1",
            "postern tune apply cpu-ms=1 --plan p --namespace n",
            "postern tune apply cpu-ms=1 --namespace n --tenant t --script s",
            "postern tune apply cpu-ms=1 --namespace n --return-after 4",
            "postern tune apply cpu-ms=1 --namespace n --return-after 60 --keep",
        ] {
            let error = parse(line).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
