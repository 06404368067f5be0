//! The command line: the daemon's start, and the client of its management port.
//!
//! Commands that take `--url` know only the management port's paths; `serve` and `token` are
//! wired to the rooms in [`serve::rooms`] and nowhere else.

pub mod api;
pub mod args;
mod assets;
mod audit;
mod bundle;
mod calibrate;
pub mod claim;
mod client;
mod config;
mod deliver;
mod entrances;
pub mod error;
mod explain;
mod firmware;
#[cfg(feature = "edge-tls")]
mod gateways;
mod health;
mod jsonc;
mod kept;
mod kv;
mod limits;
mod logs;
mod multipart;
mod output;
mod progress;
mod project;
mod push;
mod receipt;
mod replay;
mod scripts;
pub mod secrets;
mod serve;
mod token;
#[cfg(feature = "edge-tls")]
mod trust;
mod tune;
mod usage;
mod user;
mod versions;

use args::{Cli, Command, Secrets};
use clap::{CommandFactory, Parser};
use error::CliError;
use output::Output;
use serde_json::json;
use std::process::ExitCode;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    if matches!(cli.command, Command::Init) {
        return crate::init::main();
    }
    let out = Output { json: cli.json };
    match run(cli.command, out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            out.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// Help and versions go to stdout with 0; a wrong command line to stderr with 2.
fn usage(error: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|argument| argument == "--json");
    if json && error.use_stderr() {
        let message = error.render().to_string();
        eprintln!(
            "{}",
            json!({"success": false, "errors": [{"message": message.trim()}]})
        );
    } else {
        // Nothing can be done about a closed terminal.
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn run(command: Command, out: Output) -> Result<(), CliError> {
    match command {
        Command::Serve(source) => Ok(serve::run(&source)?),
        Command::Push(args) => smol::block_on(push::run(&args, out)),
        Command::Bundle(args) => bundle::run(&args, out),
        Command::Receipt(args) => smol::block_on(receipt::run(&args, out)),
        Command::List(args) => smol::block_on(scripts::list(&args, out)),
        Command::Delete(args) => smol::block_on(scripts::delete(&args, out)),
        Command::Namespace(args) => smol::block_on(scripts::namespace(&args, out)),
        Command::Routes(args) => smol::block_on(entrances::routes(&args, out)),
        Command::Domains(args) => smol::block_on(entrances::domains(&args, out)),
        Command::Kv(args) => smol::block_on(kv::run(&args, out)),
        Command::Explain(args) => smol::block_on(explain::run(&args, out)),
        Command::Logs(args) => smol::block_on(logs::follow(&args, out)),
        Command::Status(remote) => smol::block_on(logs::status(&remote, out)),
        Command::Firmware(args) => smol::block_on(firmware::run(&args, out)),
        Command::Health(args) => smol::block_on(health::run(&args, out)),
        Command::Config(args) => config::run(&args, out),
        Command::Claim(args) => smol::block_on(claim::run(&args, out)),
        Command::Token(args) => smol::block_on(token::run(&args, out)),
        #[cfg(feature = "edge-tls")]
        Command::Trust(args) => smol::block_on(trust::run(&args, out)),
        Command::Audit(args) => smol::block_on(audit::run(&args, out)),
        Command::Versions(args) => smol::block_on(versions::run(&args, out)),
        Command::Deployments(args) => smol::block_on(versions::deployments(&args, out)),
        Command::Calibrate(args) => smol::block_on(calibrate::run(&args, out)),
        Command::Tune(args) => smol::block_on(tune::run(&args, out)),
        Command::Plans(args) => smol::block_on(limits::plans(&args, out)),
        Command::Replay(args) => replay::run(&args, out),
        Command::Limits(args) => smol::block_on(limits::limits(&args, out)),
        Command::Usage(args) => smol::block_on(usage::run(&args, out)),
        Command::Secrets(Secrets::Forget(source)) => secrets::forget(&source, out),
        Command::Judge { folder } => Ok(serve::rooms::judge(folder.as_deref())?),
        // Answered before: it has no errors of the command line's.
        Command::Init => Ok(()),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "postern", &mut text);
            out.bytes(&text)
        }
    }
}
