//! `postern versions` and `postern deployments`: what is kept of a Worker, and what of it runs.

use super::api::{Api, segment};
use super::args::{Deployments, OfWorker, Versions, VersionsDeploy};
use super::client::Call;
use super::error::CliError;
use super::output::{Output, member, printable};
use super::scripts::rows;
use http::Method;
use serde_json::{Map, Value, json};

/// Runs `postern versions`.
pub async fn run(args: &Versions, out: Output) -> Result<(), CliError> {
    match args {
        Versions::List(worker) => list(worker, out).await,
        Versions::View { worker, id } => view(worker, id, out).await,
        Versions::Deploy(args) => deploy(args, out).await,
        Versions::Rollback {
            worker,
            id,
            message,
        } => rollback(worker, id.as_deref(), message.as_deref(), out).await,
    }
}

/// Runs `postern deployments`.
pub async fn deployments(args: &Deployments, out: Output) -> Result<(), CliError> {
    let Deployments::List(worker) = args;
    let result = history(&Api::new(&worker.remote)?, worker).await?;
    out.result(&result, || {
        let headings = ["CREATED", "BY", "VERSIONS", "MESSAGE"];
        rows(&result, "no deployments\n", &headings, |deployment| {
            vec![
                member(deployment, "created_on"),
                source(deployment, deployment),
                shares(deployment),
                member(&deployment["annotations"], "workers/message"),
            ]
        })
    })
}

fn path(api: &Api, worker: &OfWorker, rest: &str) -> String {
    let script = api.script(worker.namespace.namespace.as_deref(), &worker.name);
    format!("{script}/{rest}")
}

/// With what, and by whom.
fn source(of: &Value, annotated: &Value) -> String {
    let how = member(&annotated["annotations"], "workers/triggered_by");
    let parts = [member(of, "source"), member(of, "author_email"), how];
    let told: Vec<String> = parts.into_iter().filter(|it| !it.is_empty()).collect();
    told.join(" ")
}

/// The versions of a deployment: `ID 90 %, ID 10 %`.
fn shares(deployment: &Value) -> String {
    let versions = deployment["versions"].as_array().into_iter().flatten();
    let told: Vec<String> = versions
        .map(|version| {
            let percentage = version["percentage"].as_f64().unwrap_or_default();
            format!("{} {percentage} %", member(version, "version_id"))
        })
        .collect();
    told.join(", ")
}

/// The deployments of a Worker, the one that runs first.
async fn history(api: &Api, worker: &OfWorker) -> Result<Value, CliError> {
    let what = format!("list the deployments of `{}`", worker.name);
    let target = path(api, worker, "deployments");
    let mut result = api.get(&what, target).await?.result;
    Ok(result["deployments"].take())
}

async fn list(worker: &OfWorker, out: Output) -> Result<(), CliError> {
    let api = Api::new(&worker.remote)?;
    let what = format!("list the versions of `{}`", worker.name);
    // There are no more than that.
    let target = path(&api, worker, "versions?per_page=100");
    let mut result = api.get(&what, target).await?.result;
    let items = result["items"].take();
    out.result(&items, || {
        let headings = ["NUMBER", "ID", "CREATED", "BY", "TAG", "MESSAGE"];
        rows(&items, "no versions\n", &headings, |version| {
            vec![
                member(version, "number"),
                member(version, "id"),
                member(&version["metadata"], "created_on"),
                source(&version["metadata"], version),
                member(&version["annotations"], "workers/tag"),
                member(&version["annotations"], "workers/message"),
            ]
        })
    })
}

async fn view(worker: &OfWorker, id: &str, out: Output) -> Result<(), CliError> {
    let api = Api::new(&worker.remote)?;
    let what = format!("show version `{id}` of `{}`", worker.name);
    let target = path(&api, worker, &format!("versions/{}", segment(id)));
    let version = api.get(&what, target).await?.result;
    out.result(&version, || {
        let runtime = &version["resources"]["script_runtime"];
        let facts = [
            ("id", member(&version, "id")),
            ("number", member(&version, "number")),
            ("created", member(&version["metadata"], "created_on")),
            ("by", source(&version["metadata"], &version)),
            ("tag", member(&version["annotations"], "workers/tag")),
            (
                "message",
                member(&version["annotations"], "workers/message"),
            ),
            (
                "handlers",
                member(&version["resources"]["script"], "handlers"),
            ),
            ("compatibility", member(runtime, "compatibility_date")),
            ("flags", member(runtime, "compatibility_flags")),
        ];
        let mut text = String::new();
        for (name, fact) in facts.iter().filter(|(_, fact)| !fact.is_empty()) {
            text.push_str(&format!("{name:<14}{}\n", printable(fact)));
        }
        let bindings = version["resources"]["bindings"].as_array();
        for binding in bindings.into_iter().flatten() {
            let (name, kind) = (member(binding, "name"), member(binding, "type"));
            text.push_str(&format!("{:<14}{} ({kind})\n", "binding", printable(&name)));
        }
        text
    })
}

async fn deploy(args: &VersionsDeploy, out: Output) -> Result<(), CliError> {
    let mut guard = Map::new();
    let parts = [
        ("requests", args.guard_requests.map(f64::from)),
        ("error_rate", args.guard_error_rate),
        ("fuel_p99", args.guard_fuel_p99),
        ("memory", args.guard_memory),
    ];
    for (key, part) in parts {
        if let Some(part) = part {
            guard.insert(key.to_owned(), json!(part));
        }
    }
    let guard = (!guard.is_empty()).then_some(Value::Object(guard));
    post(
        &args.worker,
        &args.versions,
        args.message.as_deref(),
        guard,
        out,
    )
    .await
}

async fn rollback(
    worker: &OfWorker,
    id: Option<&str>,
    message: Option<&str>,
    out: Output,
) -> Result<(), CliError> {
    let id = match id {
        Some(id) => id.to_owned(),
        None => {
            let history = history(&Api::new(&worker.remote)?, worker).await?;
            before(&history).ok_or_else(|| {
                CliError::NotFound(format!(
                    "no other version of `{}` ran alone before; name one of `postern versions list {}`",
                    worker.name, worker.name
                ))
            })?
        }
    };
    post(worker, &[(id, 100.0)], message, None, out).await
}

/// The version that ran alone before what runs now.
fn before(history: &Value) -> Option<String> {
    let mut deployments = history.as_array()?.iter();
    let running: Vec<String> = deployments
        .next()?
        .get("versions")?
        .as_array()?
        .iter()
        .map(|version| member(version, "version_id"))
        .collect();
    // What ran with another one now may have run alone before.
    let is_split = running.len() > 1;
    deployments
        .filter_map(
            |deployment| match deployment["versions"].as_array()?.as_slice() {
                [version] => Some(member(version, "version_id")),
                _ => None,
            },
        )
        .find(|id| is_split || !running.contains(id))
}

async fn post(
    worker: &OfWorker,
    versions: &[(String, f64)],
    message: Option<&str>,
    guard: Option<Value>,
    out: Output,
) -> Result<(), CliError> {
    let api = Api::new(&worker.remote)?;
    let versions: Vec<Value> = versions
        .iter()
        .map(|(id, percentage)| json!({"version_id": id, "percentage": percentage}))
        .collect();
    let mut body = json!({"strategy": "percentage", "versions": versions});
    if let Some(message) = message {
        body["annotations"] = json!({"workers/message": message});
    }
    if let Some(guard) = guard {
        body["guard"] = guard;
    }
    let target = path(&api, worker, "deployments");
    let call = Call::new(Method::POST, target).body("application/json", body.to_string());
    let what = format!("deploy `{}`", worker.name);
    let deployment = api.call(&what, call).await?.result;
    out.result(&deployment, || {
        format!("deployed {}: {}\n", worker.name, shares(&deployment))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollback_goes_to_what_ran_alone_before() {
        let check = |deployments: &[&[&str]], expected: Option<&str>| {
            let history: Vec<Value> = deployments
                .iter()
                .map(|versions| {
                    let versions = versions.iter().map(|id| json!({"version_id": id}));
                    json!({"versions": versions.collect::<Vec<_>>()})
                })
                .collect();
            assert_eq!(
                before(&json!(history)).as_deref(),
                expected,
                "{deployments:?}"
            );
        };
        check(&[], None);
        check(&[&["b"]], None);
        check(&[&["b"], &["a"]], Some("a"));
        check(&[&["b"], &["b"], &["a", "b"], &["a"]], Some("a"));
        check(&[&["a", "b"], &["a"]], Some("a"));
        check(&[&["a"], &["b"], &["a"]], Some("b"));
    }
}
