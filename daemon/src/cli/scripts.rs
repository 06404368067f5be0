//! `postern list`, `postern delete` and `postern namespace`.

use super::api::{Api, segment};
use super::args::{Delete, List, Namespace};
use super::client::Call;
use super::error::CliError;
use super::output::{Output, member, table};
use http::Method;
use serde_json::{Value, json};

/// Lists Workers or namespaces.
pub async fn list(args: &List, out: Output) -> Result<(), CliError> {
    let api = Api::new(&args.remote)?;
    if args.namespaces {
        return namespaces(&api, out).await;
    }
    let namespace = args.namespace.name();
    let target = format!("{}{}", api.scripts(namespace), tags(&args.tag));
    let (what, empty) = match namespace {
        Some(namespace) => (
            format!("list `{namespace}`"),
            format!("no Workers in `{namespace}`\n"),
        ),
        None => (
            "list Workers".to_owned(),
            "no Workers outside of dispatch namespaces; --namespace NAME lists those in one\n"
                .to_owned(),
        ),
    };
    let result = api.get(&what, target).await?.result;
    out.result(&result, || {
        rows(&result, &empty, &["NAME", "MODIFIED", "TAGS"], |item| {
            // A script object, or one inside the object of its namespace.
            let script = item.get("script").unwrap_or(item);
            vec![
                member(script, "id"),
                member(script, "modified_on"),
                member(script, "tags"),
            ]
        })
    })
}

async fn namespaces(api: &Api, out: Output) -> Result<(), CliError> {
    let result = api.get("list namespaces", api.namespaces()).await?.result;
    out.result(&result, || {
        rows(
            &result,
            "no dispatch namespaces; create one with `postern namespace create NAME`\n",
            &["NAME", "WORKERS", "CREATED"],
            |item| {
                vec![
                    member(item, "namespace_name"),
                    member(item, "script_count"),
                    member(item, "created_on"),
                ]
            },
        )
    })
}

/// A list as a table, or a sentence if it is empty.
pub fn rows(
    list: &Value,
    empty: &str,
    headings: &[&str],
    row: impl Fn(&Value) -> Vec<String>,
) -> String {
    let rows: Vec<Vec<String>> = list.as_array().into_iter().flatten().map(row).collect();
    if rows.is_empty() {
        return empty.to_owned();
    }
    table(headings, &rows)
}

/// A filter by tags, as a query.
fn tags(tags: &[String]) -> String {
    if tags.is_empty() {
        return String::new();
    }
    let filters: Vec<String> = tags
        .iter()
        .map(|tag| match tag.rsplit_once(':') {
            Some((_, "yes" | "no")) => tag.clone(),
            _ => format!("{tag}:yes"),
        })
        .collect();
    format!("?tags={}", segment(&filters.join(",")))
}

/// Deletes a Worker, or those with tags.
pub async fn delete(args: &Delete, out: Output) -> Result<(), CliError> {
    let api = Api::new(&args.remote)?;
    let namespace = args.namespace.name();
    let (target, what) = match (&args.name, namespace) {
        (Some(name), _) => {
            let force = if args.force { "?force=true" } else { "" };
            let target = format!("{}{force}", api.script(namespace, name));
            (target, args.namespace.named(name))
        }
        (None, Some(namespace)) => (
            format!("{}{}", api.scripts(Some(namespace)), tags(&args.tag)),
            format!("Workers of {namespace} tagged {}", args.tag.join(", ")),
        ),
        (None, None) => {
            return Err(CliError::Usage(
                "--tag deletes Workers of a dispatch namespace; say which with --namespace"
                    .to_owned(),
            ));
        }
    };
    let call = Call::new(Method::DELETE, target);
    let result = api.call(&format!("delete {what}"), call).await?.result;
    out.result(&json!({"deleted": what, "result": result}), || {
        format!("deleted {what}\n")
    })
}

/// Runs `postern namespace`.
pub async fn namespace(args: &Namespace, out: Output) -> Result<(), CliError> {
    match args {
        Namespace::List(remote) => namespaces(&Api::new(remote)?, out).await,
        Namespace::Create { name, remote } => {
            let api = Api::new(remote)?;
            let body = json!({"name": name}).to_string();
            let call = Call::new(Method::POST, api.namespaces()).body("application/json", body);
            let what = format!("create namespace `{name}`");
            let result = api.call(&what, call).await?.result;
            out.result(&result, || format!("created namespace {name}\n"))
        }
        Namespace::Delete { name, remote } => {
            let api = Api::new(remote)?;
            let target = format!("{}/{}", api.namespaces(), segment(name));
            let call = Call::new(Method::DELETE, target);
            api.call(&format!("delete namespace `{name}`"), call)
                .await?;
            out.result(&json!({"deleted": name}), || {
                format!("deleted namespace {name}\n")
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        let of = |list: &[&str]| tags(&list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&[]), "");
        assert_eq!(of(&["a"]), "?tags=a%3Ayes");
        assert_eq!(of(&["a:no", "b"]), "?tags=a%3Ano%2Cb%3Ayes");
    }
}
