//! `postern plans` and `postern limits`: what an operator states of limits, and what follows.

use super::api::{Api, segment};
use super::args::{Changing, Limits, LimitsOf, Plans};
use super::client::Call;
use super::error::CliError;
use super::output::{Output, member, printable};
use super::scripts::rows;
use crate::catalog::name::ACCOUNT;
use http::Method;
use serde_json::{Map, Value, json};

/// Runs `postern plans`.
pub async fn plans(args: &Plans, out: Output) -> Result<(), CliError> {
    match args {
        Plans::List(remote) => {
            let api = Api::new(remote)?;
            let result = api.get("list plans", api.own("plans")).await?.result;
            let empty = "no plans; make one with `postern plans set NAME cpu-ms=50`\n";
            out.result(&result, || {
                rows(&result, empty, &["NAME", "REVISION", "LIMITS"], |plan| {
                    vec![
                        member(plan, "name"),
                        member(plan, "revision"),
                        stated(&plan["limits"]),
                    ]
                })
            })
        }
        Plans::Show { name, remote } => {
            let api = Api::new(remote)?;
            let result = api
                .get(&format!("show plan `{name}`"), plan_path(&api, name))
                .await?
                .result;
            out.result(&result, || {
                let mut text = format!("revision  {}\n", result["revision"]);
                for (key, value) in result["limits"].as_object().into_iter().flatten() {
                    text.push_str(&format!("{key}  {value}\n"));
                }
                for user in result["assigned_to"].as_array().into_iter().flatten() {
                    text.push_str(&format!("given to  {}\n", of(user)));
                }
                printable_lines(&text)
            })
        }
        Plans::Set {
            name,
            limits,
            changing,
        } => {
            let api = Api::new(&changing.remote)?;
            let target = plan_path(&api, name);
            let body = body(limits, changing);
            let what = format!("set plan `{name}`");
            let result = change(&api, &what, Method::PATCH, target, body).await?;
            out.result(&result, || {
                format!(
                    "plan {name}, revision {}: {}\n",
                    result["revision"],
                    stated(&result["limits"])
                )
            })
        }
        Plans::Delete { name, changing } => {
            let api = Api::new(&changing.remote)?;
            let target = format!("{}{}", plan_path(&api, name), query(changing));
            let what = format!("delete plan `{name}`");
            api.call(&what, Call::new(Method::DELETE, target)).await?;
            out.result(&json!({"deleted": name}), || {
                format!("deleted plan {name}\n")
            })
        }
    }
}

/// Runs `postern limits`.
pub async fn limits(args: &Limits, out: Output) -> Result<(), CliError> {
    match args {
        Limits::Explain { of, remote } => {
            let api = Api::new(remote)?;
            let path = match of.split_once('/') {
                Some((namespace, script)) => script_path(Some(namespace), script),
                None => script_path(None, of),
            };
            let target = api.own(&format!("limits/{path}/explain"));
            let result = api.get(&format!("explain `{of}`"), target).await?.result;
            for warning in result["warnings"].as_array().into_iter().flatten() {
                out.warn(warning.as_str().unwrap_or_default());
            }
            out.result(&result, || explained(&result))
        }
        Limits::List(remote) => {
            let api = Api::new(remote)?;
            let result = api.get("list limits", api.own("limits")).await?.result;
            let empty = "nothing is stated of any namespace, tenant or script\n";
            out.result(&result, || {
                rows(
                    &result,
                    empty,
                    &["OF", "REVISION", "PLAN", "LIMITS"],
                    |it| {
                        vec![
                            self::of(it),
                            member(it, "revision"),
                            member(it, "plan"),
                            stated(&it["limits"]),
                        ]
                    },
                )
            })
        }
        Limits::Keys(remote) => {
            let api = Api::new(remote)?;
            let result = api.get("list keys", api.own("limits/keys")).await?.result;
            out.result(&result, || {
                rows(&result, "", &["LIMIT", "LEAST", "MOST", "ABOUT"], |it| {
                    ["limit", "floor", "roof", "about"]
                        .map(|key| member(it, key))
                        .to_vec()
                })
            })
        }
        Limits::Set {
            whose,
            limits,
            plan,
            changing,
        } => {
            if limits.is_empty() && plan.is_none() {
                return Err(CliError::Usage(
                    "say what: LIMIT=VALUE, or --plan NAME; `postern limits keys` lists the limits"
                        .to_owned(),
                ));
            }
            let mut body = body(limits, changing);
            if let Some(plan) = plan {
                body.insert("plan".to_owned(), json!(plan));
            }
            told(whose, changing, body, out).await
        }
        Limits::Unset {
            whose,
            limits,
            changing,
        } if limits.is_empty() => {
            let api = Api::new(&changing.remote)?;
            let path = path_of(whose)?;
            let target = format!("{}{}", api.own(&format!("limits/{path}")), query(changing));
            let what = format!("unset limits of `{}`", whose.of);
            api.call(&what, Call::new(Method::DELETE, target)).await?;
            let shown = &whose.of;
            out.result(&json!({"unset": shown}), || {
                format!("nothing is stated of {shown} any more\n")
            })
        }
        Limits::Unset {
            whose,
            limits,
            changing,
        } => {
            let mut body = body(&[], changing);
            let mut gone = Map::new();
            for key in limits {
                match key.as_str() {
                    "plan" => body.insert("plan".to_owned(), Value::Null),
                    key => gone.insert(key.to_owned(), Value::Null),
                };
            }
            body.insert("limits".to_owned(), gone.into());
            told(whose, changing, body, out).await
        }
        Limits::History { limit, remote } => {
            let api = Api::new(remote)?;
            let target = api.own(&format!("limits/history?limit={limit}"));
            let result = api.get("list changes", target).await?.result;
            out.result(&result, || {
                let headings = ["NUMBER", "AT", "WHO", "WHAT", "FROM", "TO", "WHY"];
                rows(&result, "nothing was changed yet\n", &headings, |entry| {
                    let stated = |key: &str| changed(&entry[key]);
                    let why = match entry["undoes"].as_u64() {
                        None => member(entry, "why"),
                        Some(number) => format!("undoes {number}; {}", member(entry, "why")),
                    };
                    vec![
                        member(entry, "number"),
                        member(entry, "at"),
                        member(entry, "who"),
                        member(entry, "what"),
                        stated("before"),
                        stated("after"),
                        why,
                    ]
                })
            })
        }
        Limits::Undo {
            number,
            why,
            remote,
        } => {
            let api = Api::new(remote)?;
            let body = json!({"number": number, "why": why.as_deref().unwrap_or_default()});
            let call = Call::new(Method::POST, api.own("limits/undo"))
                .body("application/json", body.to_string());
            let result = api.call("undo", call).await?.result;
            out.result(&result, || {
                let all = result.as_array().into_iter().flatten();
                let lines = all.map(|entry| {
                    format!(
                        "took back change {}: {} is {} again (change {})\n",
                        entry["undoes"],
                        printable(&member(entry, "what")),
                        changed(&entry["after"]),
                        entry["number"]
                    )
                });
                lines.collect()
            })
        }
    }
}

async fn told(
    whose: &LimitsOf,
    changing: &Changing,
    body: Map<String, Value>,
    out: Output,
) -> Result<(), CliError> {
    let api = Api::new(&changing.remote)?;
    let target = api.own(&format!("limits/{}", path_of(whose)?));
    let what = format!("set limits of `{}`", whose.of);
    let result = change(&api, &what, Method::PATCH, target, body).await?;
    out.result(&result, || {
        format!(
            "{}, revision {}: {}\n",
            printable(&whose.of),
            result["revision"],
            changed(&result)
        )
    })
}

async fn change(
    api: &Api,
    what: &str,
    method: Method,
    target: String,
    body: Map<String, Value>,
) -> Result<Value, CliError> {
    let body = Value::Object(body).to_string();
    let call = Call::new(method, target).body("application/json", body);
    Ok(api.call(what, call).await?.result)
}

/// What a change of these limits says.
fn body(limits: &[(String, String)], changing: &Changing) -> Map<String, Value> {
    let limits: Map<String, Value> = limits
        .iter()
        .map(|(key, value)| {
            let value = match value.as_str() {
                "" => Value::Null,
                text => text
                    .parse::<i64>()
                    .map_or_else(|_| json!(text), Value::from),
            };
            (key.clone(), value)
        })
        .collect();
    let mut body = Map::new();
    body.insert("limits".to_owned(), limits.into());
    if let Some(revision) = changing.revision {
        body.insert("revision".to_owned(), revision.into());
    }
    if let Some(why) = &changing.why {
        body.insert("why".to_owned(), why.as_str().into());
    }
    body
}

fn query(changing: &Changing) -> String {
    let mut query = format!(
        "?why={}",
        segment(changing.why.as_deref().unwrap_or_default())
    );
    if let Some(revision) = changing.revision {
        query.push_str(&format!("&revision={revision}"));
    }
    query
}

fn plan_path(api: &Api, name: &str) -> String {
    api.own(&format!("plans/{}", segment(name)))
}

fn script_path(namespace: Option<&str>, script: &str) -> String {
    match namespace {
        None | Some(ACCOUNT) => format!("scripts/{}", segment(script)),
        Some(namespace) => format!(
            "namespaces/{}/scripts/{}",
            segment(namespace),
            segment(script)
        ),
    }
}

fn path_of(whose: &LimitsOf) -> Result<String, CliError> {
    let wanted = || {
        CliError::Usage(format!(
            "`{}` names no tenant; write NAMESPACE/TENANT --tenant, or TENANT --tenant --plain",
            whose.of
        ))
    };
    let (namespace, name) = match (whose.of.split_once('/'), whose.plain) {
        (Some((namespace, name)), _) => (namespace, Some(name)),
        (None, true) => (ACCOUNT, Some(&*whose.of)),
        (None, false) => (&*whose.of, None),
    };
    Ok(match (name, namespace) {
        (None, _) if whose.tenant => return Err(wanted()),
        (None, ACCOUNT) => "account".to_owned(),
        (None, namespace) => format!("namespaces/{}", segment(namespace)),
        (Some(name), ACCOUNT) if whose.tenant => format!("tenants/{}", segment(name)),
        (Some(name), namespace) if whose.tenant => {
            format!(
                "namespaces/{}/tenants/{}",
                segment(namespace),
                segment(name)
            )
        }
        (Some(name), namespace) => script_path(Some(namespace), name),
    })
}

/// What an override is of.
fn of(it: &Value) -> String {
    let namespace = it["namespace"].as_str().unwrap_or(ACCOUNT);
    match (it["tenant"].as_str(), it["script"].as_str()) {
        (Some(tenant), _) => format!("tenant {namespace}/{tenant}"),
        (None, Some(script)) => format!("script {namespace}/{script}"),
        (None, None) => format!("namespace {namespace}"),
    }
}

/// Limits on one line.
fn stated(limits: &Value) -> String {
    let all = limits.as_object().into_iter().flatten();
    let all: Vec<String> = all.map(|(key, value)| format!("{key}={value}")).collect();
    all.join(" ")
}

/// What is stated, plan and limits, on one line.
fn changed(it: &Value) -> String {
    let plan = it["plan"].as_str().map(|plan| format!("plan={plan}"));
    let limits = stated(&it["limits"]);
    let parts: Vec<String> = plan
        .into_iter()
        .chain([limits])
        .filter(|it| !it.is_empty())
        .collect();
    match parts.is_empty() {
        true => "nothing".to_owned(),
        false => parts.join(" "),
    }
}

fn explained(result: &Value) -> String {
    let mut text = format!("tenant  {}\n", printable(&member(result, "tenant")));
    let plan = member(result, "plan");
    if !plan.is_empty() {
        text.push_str(&format!("plan    {}\n", printable(&plan)));
    }
    text.push('\n');
    let headings = ["LIMIT", "VALUE", "FROM", "MAX 1H", "P99 1H", "OTHERS SAY"];
    text.push_str(&rows(&result["limits"], "", &headings, |limit| {
        let used = &limit["last_hour"];
        let levels = limit["levels"].as_array().into_iter().flatten();
        let others = levels.filter(|it| it["level"] != limit["from"]);
        let mut others: Vec<String> = others
            .map(|it| format!("{}={}", member(it, "level"), it["value"]))
            .collect();
        if let Some(always) = limit["always_shown"].as_str() {
            others.push(format!("(JavaScript has {always} whatever is stated)"));
        }
        vec![
            member(limit, "limit"),
            match limit["value"].is_null() {
                true => "none".to_owned(),
                false => member(limit, "shown"),
            },
            member(limit, "from"),
            member(used, "max"),
            member(used, "p99"),
            others.join(" "),
        ]
    }));
    text
}

fn printable_lines(text: &str) -> String {
    text.lines()
        .map(|line| format!("{}\n", printable(line)))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn whose_limits_a_name_means() {
        let check = |of: &str, tenant, plain, expected: Option<&str>| {
            let whose = LimitsOf {
                of: of.to_owned(),
                tenant,
                plain,
            };
            assert_eq!(path_of(&whose).ok().as_deref(), expected, "{of}");
        };
        check("prod", false, false, Some("namespaces/prod"));
        check("prod/a", false, false, Some("namespaces/prod/scripts/a"));
        check(
            "prod/a b",
            true,
            false,
            Some("namespaces/prod/tenants/a%20b"),
        );
        check("a", false, true, Some("scripts/a"));
        check("prod", true, false, None);
        // Outside of dispatch namespaces: a Worker, a tenant, all of them.
        check("a b", true, true, Some("tenants/a%20b"));
        check("(account)", false, false, Some("account"));
        check("(account)/a", false, false, Some("scripts/a"));
        check("(account)/a", true, false, Some("tenants/a"));
        check("(account)", true, false, None);
    }

    #[test]
    fn what_is_stated_on_a_line() {
        let check = |it: Value, expected| assert_eq!(changed(&it), expected);
        check(json!(null), "nothing");
        check(json!({"plan": null, "limits": {}}), "nothing");
        check(
            json!({"plan": "pro", "limits": {"cpu-ms": 5}}),
            "plan=pro cpu-ms=5",
        );
    }
}
