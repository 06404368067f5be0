//! KV: durable writes through the management port and through a Worker, by number of writers.

use super::load::{Load, Outcome};
use super::report::{Figure, Row};
use super::{Bench, median};
use crate::{guests, step};
use anyhow::{Context, Result};

/// Writes in a second with one writer and with many that share their commits.
pub fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let daemon = bench.daemon()?;
    daemon.kv_namespace("counts")?;
    let id = id_of(&daemon.call(&["kv", "namespace", "list"])?).context("no id in the list")?;
    daemon.push(
        &guests::path("kv-counter"),
        "kv-counter",
        &["--kv", "COUNTS=counts"],
    )?;
    let token = std::fs::read_to_string(daemon.token_file()).context("the token vanished")?;
    let (edge, manage) = (daemon.edge(), daemon.manage());
    let put = format!("/client/v4/accounts/edge/storage/kv/namespaces/{id}/values/key-%d");
    let run = |what: &str, load: Load<'_>| -> Result<f64> {
        let mut rates = Vec::new();
        for round in 1..=bench.rounds {
            let name = format!("{what}, round {round} of {}", bench.rounds);
            let outcome: Outcome = step::quiet(&name, || load.run())?;
            rates.push(outcome.per_second);
        }
        Ok(median(rates))
    };
    let mut rows = Vec::new();
    for (name, url, request, body, token) in [
        (
            "PUT on the management port",
            &manage,
            ("PUT", put.as_str()),
            "a value",
            token.trim(),
        ),
        (
            "visits of kv-counter (a get and a put)",
            &edge,
            ("GET", "/kv-counter/%d"),
            "",
            "",
        ),
    ] {
        let mut alone = None;
        for connections in [1, 64] {
            let what = format!("{name}, {connections} at a time");
            let load = Load {
                server: daemon.id(),
                url,
                request,
                body,
                token,
                connections,
                seconds: bench.seconds,
            };
            let rate = Figure::PerSecond(run(&what, load)?);
            let mut row = Row::new(what, rate);
            match alone {
                None => alone = Some(rate),
                Some(alone) => row = row.against("1 at a time", alone),
            }
            rows.push(row);
        }
    }
    daemon.stop()?;
    Ok(rows)
}

/// The first `id` in a list of namespaces.
fn id_of(list: &serde_json::Value) -> Option<String> {
    let items = list.as_array().or_else(|| list.get("result")?.as_array())?;
    Some(items.first()?.get("id")?.as_str()?.to_owned())
}
