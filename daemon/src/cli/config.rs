//! `postern config`: explain what is wrong, or show what holds.

use super::args::{ConfigCommand, Source};
use super::error::CliError;
use super::output::Output;
use crate::board::Durability;
use crate::config::amount::show_bytes;
use crate::config::limits::FIELDS;
use crate::config::{Config, ConfigError, Overrides};
use serde_json::json;
use std::fmt::Write;

impl Source {
    /// The effective configuration.
    pub fn load(&self) -> Result<Config, ConfigError> {
        Config::load(self.config.as_deref(), &self.overrides())
    }

    fn overrides(&self) -> Overrides {
        Overrides {
            data_dir: self.data_dir.clone(),
            board: self.board.clone(),
            edge_listen: self.edge_listen.clone(),
            manage_listen: self.manage_listen,
        }
    }
}

/// Runs `postern config`.
pub fn run(args: &ConfigCommand, out: Output) -> Result<(), CliError> {
    match args {
        ConfigCommand::Check { file, source } => {
            let mut source = source.clone();
            if file.is_some() {
                source.config.clone_from(file);
            }
            let config = source.load()?;
            let shown = json!({"success": true, "errors": [], "config": config, "board": config.board.board});
            out.result(&shown, || explain(&config))
        }
        ConfigCommand::Show(source) => {
            let config = source.load()?;
            out.result(&json!(config), || show(&config))
        }
    }
}

/// The configuration as a file.
fn show(config: &Config) -> String {
    // Every type in it has a form in TOML, which a test reads back.
    toml::to_string(config).unwrap_or_else(|error| format!("# cannot be shown: {error}\n"))
}

/// What a right configuration means on its board.
fn explain(config: &Config) -> String {
    let board = &config.board;
    let mut text = String::from("the configuration is right\n");
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "board {} ({}): {} cores, {} of RAM, {} fuel a millisecond",
        board.name,
        board.description,
        board.cores,
        show_bytes(board.ram_bytes),
        board.fuel_per_ms
    );
    if !board.architecture.is_here() {
        let _ = writeln!(
            text,
            "  this binary is for {}, the board is {}: limits in milliseconds will not hold here",
            std::env::consts::ARCH,
            board.architecture.name()
        );
    }
    let listen: Vec<String> = config.edge.listen.iter().map(ToString::to_string).collect();
    let _ = writeln!(text, "edge on {}", listen.join(", "));
    let open = if config.manage.listen.ip().is_loopback() {
        ""
    } else {
        ", INSECURE: tokens travel in the clear"
    };
    let _ = writeln!(text, "management port on {}{open}", config.manage.listen);
    let durability = match config.store.durability {
        Durability::Acknowledged => "an answered write survives a power cut".to_owned(),
        Durability::Interval { interval_ms } => {
            format!("a power cut may lose the last {interval_ms} ms of answered writes")
        }
    };
    let _ = writeln!(text, "data in {}; {durability}", config.data_dir.display());
    let _ = writeln!(
        text,
        "an invocation gets {} fuel for {} ms of CPU",
        config.limits.fuel(board.fuel_per_ms),
        config.limits.cpu_ms
    );
    let _ = writeln!(
        text,
        "an isolate that rests for {} ms is evicted",
        config.engine.isolate_idle_ms
    );
    let _ = writeln!(text, "limits, and their ceilings:");
    for field in &FIELDS {
        let _ = writeln!(
            text,
            "  {:<24}{:>10}  {:>10}  {}",
            field.key,
            field.show((field.get)(&config.limits)),
            field.show((field.get)(&config.ceilings)),
            field.about
        );
    }
    text
}
