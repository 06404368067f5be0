//! The screen itself: figures come from the port, keys from the terminal.

use super::super::api::Api;
use super::super::args::TuneWhose;
use super::super::error::CliError;
use super::Calls;
use super::terminal::{self, Terminal};
use super::view::{Action, Trial, View};
use crate::cli::output::member;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How often figures are asked for anew.
const REFRESH: Duration = Duration::from_secs(5);
/// How often the screen is drawn without a key.
const TICK: Duration = Duration::from_millis(500);
/// Seconds after which what was applied here returns.
const RETURN_AFTER_S: u64 = 60;
/// Changes that are shown.
const HISTORY: usize = 50;

/// Shows the screen until somebody quits.
pub async fn run(api: Api) -> Result<(), CliError> {
    if !terminal::is_there() {
        return Err(CliError::Usage(
            "the screen needs a terminal; the same as plain commands: `postern tune show`, `suggest`, `what-if`, `apply`, `undo`, `history`".into(),
        ));
    }
    let calls = Calls::new(api);
    // What the port says is told before the terminal changes.
    let told = calls.get("tune", "tune").await?;
    let mut view = View::new(limits(&told));
    refresh(&calls, &mut view).await?;
    let mut terminal = Terminal::take().map_err(CliError::Stdout)?;
    let mut at = Instant::now();
    let mut told = view.trial.clone();
    let mut waits = false;
    loop {
        if let (Some(trial), Some(told)) = (&mut view.trial, &told) {
            trial.left_s = told.left_s.saturating_sub(at.elapsed().as_secs());
        }
        let lines = view.lines(terminal.size());
        terminal.draw(&lines).map_err(CliError::Stdout)?;
        // A key that is held asks once, when it is let go of.
        let patience = if waits { Duration::ZERO } else { TICK };
        let key = terminal.key(patience).map_err(CliError::Stdout)?;
        let mut action = match key {
            Some(key) => view.key(key),
            None if waits => Action::WhatIf,
            None => Action::Stay,
        };
        waits = key.is_some() && (action == Action::WhatIf || waits && action == Action::Stay);
        if waits {
            continue;
        }
        if action == Action::Stay && at.elapsed() >= REFRESH {
            action = Action::Refresh;
        }
        if action == Action::Quit {
            return Ok(());
        }
        if action == Action::Stay {
            continue;
        }
        // A refusal, or a port that does not answer for a while, ends nothing.
        if let Err(error) = act(&calls, &mut view, action).await {
            view.message = error.to_string();
        }
        if view.trial != told || at.elapsed() >= REFRESH {
            at = Instant::now();
            told.clone_from(&view.trial);
        }
    }
}

/// The limits that recorded figures tell of: key, default, least, ceiling.
fn limits(told: &Value) -> Vec<(String, u64, u64, u64)> {
    let all = told["limits"].as_array().into_iter().flatten();
    all.filter(|it| it["recorded"].is_string())
        .map(|it| {
            let number = |key: &str| it[key].as_u64().unwrap_or(0);
            (
                member(it, "limit"),
                number("default"),
                number("least"),
                number("ceiling"),
            )
        })
        .collect()
}

async fn refresh(calls: &Calls, view: &mut View) -> Result<(), CliError> {
    let usage = calls.usage(view.window, &TuneWhose::default()).await?;
    view.set_usage(usage);
    let told = calls.history(HISTORY).await?;
    view.history = told["changes"].clone();
    view.trial = told["trial"]["number"].as_u64().map(|number| Trial {
        number,
        left_s: told["trial"]["left_s"].as_u64().unwrap_or(0),
    });
    what_if(calls, view).await
}

async fn act(calls: &Calls, view: &mut View, action: Action) -> Result<(), CliError> {
    match action {
        Action::Stay | Action::Quit => Ok(()),
        Action::Refresh => refresh(calls, view).await,
        Action::WhatIf => what_if(calls, view).await,
        Action::Suggest => {
            if let Some((namespace, tenant)) = view.tenant() {
                let whose = TuneWhose {
                    namespace: Some(namespace),
                    tenant: Some(tenant),
                };
                let told = calls.suggest(&whose).await?;
                view.set_suggested(&told);
            }
            what_if(calls, view).await
        }
        Action::Apply(why) => {
            let Some((namespace, tenant)) = view.whose() else {
                return Ok(());
            };
            let body = json!({
                "limits": view.proposed(), "namespace": namespace, "tenant": tenant,
                "return_after_s": RETURN_AFTER_S, "why": why,
            });
            calls.post("apply", "tune/apply", &body).await?;
            view.message = "in force".into();
            refresh(calls, view).await
        }
        Action::Confirm => {
            let number = view.trial.as_ref().map(|trial| trial.number);
            calls.confirm(number).await?;
            view.message = "kept".into();
            refresh(calls, view).await
        }
        Action::Undo => {
            let told = calls.undo(None, "").await?;
            let undone = &told["changes"][0];
            view.message = format!("taken back: {}", member(undone, "of"));
            refresh(calls, view).await
        }
    }
}

async fn what_if(calls: &Calls, view: &mut View) -> Result<(), CliError> {
    view.effect = None;
    let Some((namespace, tenant)) = view.whose() else {
        return Ok(());
    };
    if view.proposed().is_empty() {
        return Ok(());
    }
    let whose = TuneWhose {
        namespace: Some(namespace),
        tenant,
    };
    view.effect = Some(calls.what_if(view.proposed(), &whose).await?);
    Ok(())
}
