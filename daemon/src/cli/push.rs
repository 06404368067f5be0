//! `postern push`: modules and what is said about them, as one multipart upload.

use super::api::Api;
use super::args::Push;
use super::assets;
use super::client::Call;
use super::deliver;
use super::entrances;
use super::error::CliError;
use super::multipart::Form;
use super::output::{Output, member};
use super::project::{self, Collected, Entrances, Module, Project, Site};
use crate::config::routing::is_script_name;
use http::Method;
use serde_json::{Map, Value, json};
use std::path::Path;

/// Bytes of all modules.
pub(super) const MODULES_MAX: u64 = 256 << 20;
/// Bytes of a file of secrets.
const SECRETS_MAX: u64 = 1 << 20;

/// What goes over the wire.
struct Upload {
    name: String,
    metadata: Value,
    modules: Vec<Module>,
    crons: Option<Vec<String>>,
    entrances: Entrances,
}

/// Pushes.
pub async fn run(args: &Push, out: Output) -> Result<(), CliError> {
    if deliver::is_bundle(&args.path) {
        return deliver::run(args, out).await;
    }
    if args.allow_rollback.is_some() {
        return Err(CliError::Usage(
            "--allow-rollback is for bundles; leave it out".to_owned(),
        ));
    }
    let mut project = Project::load(&args.path, args.env.as_deref())?;
    for warning in std::mem::take(&mut project.warnings) {
        out.warn(&warning);
    }
    let name = args.name.clone().or_else(|| project.name.clone());
    let Some(name) = name else {
        return Err(CliError::Usage(
            "the Worker has no name; give --name, or set `name` in the project".to_owned(),
        ));
    };
    if !is_script_name(&name) {
        return Err(CliError::Usage(format!(
            "`{name}` is no name for a Worker; use 1 to 255 letters, digits, `-` and `_`, beginning with a letter or digit (--name)"
        )));
    }
    let Collected { modules, warnings } = if project.main.as_os_str().is_empty() {
        Collected::default()
    } else {
        project.modules(MODULES_MAX)?
    };
    for warning in warnings {
        out.warn(&warning);
    }
    let site = project.assets.as_ref().map(Site::collect).transpose()?;
    let main = modules.first();
    if main.is_none_or(|main| main.content_type != "application/wasm")
        && project.compatibility_date.is_none()
        && args.compatibility_date.is_none()
    {
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
        let today = today.date().to_string();
        out.warn(&format!(
            "no compatibility date is set, so it is today's; keep it: compatibility_date = \"{today}\""
        ));
        project.compatibility_date = Some(today);
    }
    let namespace = args.namespace.name();
    let said = project.entrances.keys();
    if namespace.is_some() && !said.is_empty() {
        out.warn(&format!(
            "`{}` of the project is for Workers outside of dispatch namespaces, and left out",
            said.join("`, `")
        ));
    }
    if args.dry_run {
        let mut metadata = metadata(args, &project, &kv_unresolved(args, &project), main)?;
        hide_secrets(&mut metadata);
        let modules: Vec<Value> = modules
            .iter()
            .map(|it| json!({"name": it.name, "type": it.content_type, "bytes": it.bytes.len()}))
            .collect();
        let shown = json!({
            "name": name, "namespace": namespace,
            "modules": modules, "metadata": metadata, "crons": project.crons,
            "assets": site.map(|(assets, _)| assets.into_iter().map(|it| it.path).collect::<Vec<_>>()),
        });
        return out.result(&shown, || format!("{shown:#}\n"));
    }
    let api = Api::new(&args.remote)?;
    let mut kv = Vec::new();
    for (binding, id) in kv_unresolved(args, &project) {
        kv.push((binding, api.kv_id(&id).await?));
    }
    let mut metadata = metadata(args, &project, &kv, main)?;
    if let Some((assets, config)) = site {
        let jwt = assets::upload(&api, namespace, &name, &assets).await?;
        metadata["assets"] = json!({"jwt": jwt, "config": config});
    }
    let upload = Upload {
        name,
        metadata,
        modules,
        crons: project.crons,
        entrances: project.entrances,
    };
    send(&api, args, upload, out).await
}

async fn send(api: &Api, args: &Push, upload: Upload, out: Output) -> Result<(), CliError> {
    let namespace = args.namespace.name();
    let bytes: usize = upload.modules.iter().map(|it| it.bytes.len()).sum();
    let description = upload.metadata.to_string();
    let mut contents = vec![description.as_bytes()];
    contents.extend(upload.modules.iter().map(|it| it.bytes.as_slice()));
    let mut form = Form::new(&contents);
    form.part("metadata", None, "application/json", description.as_bytes());
    for Module {
        name,
        content_type,
        bytes,
    } in upload.modules
    {
        form.part(&name, Some(&name), content_type, &bytes);
    }
    let (content_type, body) = form.finish();
    let call = Call::new(Method::PUT, api.script(namespace, &upload.name)).body(content_type, body);
    let what = match namespace {
        Some(namespace) => format!("push `{}` to `{namespace}`", upload.name),
        None => format!("push `{}`", upload.name),
    };
    let result = api.call(&what, call).await?.result;
    if let Some(crons) = &upload.crons {
        schedule(api, namespace, &upload.name, crons).await?;
    }
    if namespace.is_none() {
        entrances::apply(api, &upload.name, &upload.entrances).await?;
    }
    let urls = urls(api, namespace, &upload.name, &upload.entrances).await;
    let mut shown = result.clone();
    if let Value::Object(map) = &mut shown {
        map.insert("urls".to_owned(), json!(urls));
        if let Some(crons) = &upload.crons {
            map.insert("crons".to_owned(), json!(crons));
        }
    }
    out.result(&shown, || {
        let mut text = format!(
            "pushed {} ({bytes} bytes, start-up {} ms)\n",
            args.namespace.named(&upload.name),
            result["startup_time_ms"].as_u64().unwrap_or(0),
        );
        let version = [member(&result, "deployment_id"), member(&result, "etag")];
        if let Some(version) = version.iter().find(|text| !text.is_empty()) {
            text.push_str(&format!("version {version}\n"));
        }
        for cron in upload.crons.iter().flatten() {
            text.push_str(&format!("  schedule: {cron}\n"));
        }
        for url in &urls {
            text.push_str(&format!("  {url}\n"));
        }
        text
    })
}

/// Replaces the cron triggers of what was just pushed.
async fn schedule(
    api: &Api,
    namespace: Option<&str>,
    name: &str,
    crons: &[String],
) -> Result<(), CliError> {
    let body: Value = crons.iter().map(|cron| json!({"cron": cron})).collect();
    let call = Call::new(Method::PUT, api.schedules(namespace, name))
        .body("application/json", body.to_string());
    let what = format!("set the cron triggers of `{name}`, which was pushed");
    api.call(&what, call).await.map(drop)
}

/// Where the Worker answers now, as far as the daemon tells. A hint, so failures are silent.
async fn urls(
    api: &Api,
    namespace: Option<&str>,
    name: &str,
    entrances: &Entrances,
) -> Vec<String> {
    let Ok(envelope) = api.get("status", api.status_path()).await else {
        return Vec::new();
    };
    match namespace {
        Some(namespace) => hints(&envelope.result, namespace, name),
        None => plain_hints(&envelope.result, name, entrances),
    }
}

/// The edge's port, and how it is reached from this machine, of a status.
fn edge(status: &Value) -> Option<(u16, String)> {
    let text = [
        &status["edge"]["listen"][0],
        &status["edge"]["listen"],
        &status["edge"],
    ]
    .into_iter()
    .find_map(Value::as_str)?;
    // Where all is HTTPS, the certificate's name is what counts, and not known here.
    let sealed = status["edge"]["listen_tls"].as_array();
    if sealed.is_some_and(|list| list.iter().any(|it| it == text)) {
        return None;
    }
    let address: std::net::SocketAddr = text.parse().ok()?;
    let port = address.port();
    let host = match address.ip().is_unspecified() {
        true => format!("127.0.0.1:{port}"),
        false => address.to_string(),
    };
    Some((port, host))
}

/// Where a Worker outside of dispatch namespaces answers.
fn plain_hints(status: &Value, name: &str, entrances: &Entrances) -> Vec<String> {
    let Some((port, host)) = edge(status) else {
        return Vec::new();
    };
    let mut urls = Vec::new();
    for route in entrances.routes.iter().flatten() {
        urls.extend(route["pattern"].as_str().map(str::to_owned));
    }
    let domains = entrances.domains.iter();
    urls.extend(domains.map(|hostname| format!("http://{hostname}:{port}/")));
    if !entrances.has_default() {
        return urls;
    }
    let routing = &status["routing"];
    let (zone, label) = (&routing["zone"], &routing["account-subdomain"]);
    if let (Some(zone), Some(label)) = (zone.as_str(), label.as_str()) {
        let name = name.to_ascii_lowercase();
        urls.push(format!("http://{name}.{label}.{zone}:{port}/"));
    }
    let mut modes = routing["modes"].as_array().into_iter().flatten();
    if modes.any(|mode| mode == "path") {
        urls.push(format!("http://{host}/{name}/"));
    }
    urls
}

/// Reads `edge` (an address or a list) and `routing` of a status.
fn hints(status: &Value, namespace: &str, name: &str) -> Vec<String> {
    let Some((port, host)) = edge(status) else {
        return Vec::new();
    };
    let routing = &status["routing"];
    let here = routing["namespace"].as_str().unwrap_or("production") == namespace;
    let mut urls = Vec::new();
    for mode in routing["modes"].as_array().into_iter().flatten() {
        match (mode.as_str(), routing["zone"].as_str()) {
            (Some("path"), _) if here => urls.push(format!("http://{host}/{name}/")),
            (Some("subdomain"), Some(zone)) if here => {
                urls.push(format!("http://{name}.{zone}:{port}/"));
            }
            _ => {}
        }
        if let (Some("hostname"), Some(table)) = (mode.as_str(), routing["hostnames"].as_object()) {
            let target = format!("{namespace}/{name}");
            let hosts = table.iter().filter(|(_, to)| **to == target);
            urls.extend(hosts.map(|(host, _)| format!("http://{host}:{port}/")));
        }
    }
    urls
}

/// KV bindings of project and flags, flags over the project's.
fn kv_unresolved(args: &Push, project: &Project) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = project
        .kv
        .iter()
        .filter(|(name, _)| !args.kv.iter().any(|(flag, _)| flag == name))
        .cloned()
        .collect();
    all.extend(args.kv.iter().cloned());
    all
}

/// The upload's metadata: the project's, and the flags over it.
pub(super) fn metadata(
    args: &Push,
    project: &Project,
    kv: &[(String, String)],
    main: Option<&Module>,
) -> Result<Value, CliError> {
    let mut bindings = project.bindings.clone();
    let mut set = |binding: Value| {
        bindings.retain(|old| old["name"] != binding["name"]);
        bindings.push(binding);
    };
    for (name, text) in &args.var {
        set(json!({"type": "plain_text", "name": name, "text": text}));
    }
    for (name, text) in &args.json_var {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            CliError::Usage(format!("--json-var {name}: `{text}` is no JSON: {error}"))
        })?;
        set(json!({"type": "json", "name": name, "json": value}));
    }
    if let Some(path) = &args.secret_file {
        for (name, text) in secrets(path)? {
            set(json!({"type": "secret_text", "name": name, "text": text}));
        }
    }
    for (name, id) in kv {
        set(json!({"type": "kv_namespace", "name": name, "namespace_id": id}));
    }
    let mut keep = vec!["secret_text", "secret_key"];
    if project.keep_vars {
        keep.extend(["plain_text", "json"]);
    }
    let mut map = Map::new();
    // The older format has no modules, only a script.
    if let Some(main) = main {
        let key = match main.content_type {
            "application/javascript" => "body_part",
            _ => "main_module",
        };
        map.insert(key.into(), json!(main.name));
    }
    map.insert("bindings".into(), json!(bindings));
    map.insert("keep_bindings".into(), json!(keep));
    let date = args.compatibility_date.as_ref();
    if let Some(date) = date.or(project.compatibility_date.as_ref()) {
        map.insert("compatibility_date".into(), json!(date));
    }
    let mut flags = project.compatibility_flags.clone();
    for flag in &args.compatibility_flag {
        if !flags.contains(flag) {
            flags.push(flag.clone());
        }
    }
    if !flags.is_empty() {
        map.insert("compatibility_flags".into(), json!(flags));
    }
    let mut tags = project.tags.clone();
    for tag in &args.tag {
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    if !tags.is_empty() {
        map.insert("tags".into(), json!(tags));
    }
    let mut limits = Map::new();
    if let Some(ms) = args.cpu_ms.or(project.cpu_ms) {
        limits.insert("cpu_ms".into(), json!(ms));
    }
    if let Some(count) = args.subrequests.or(project.subrequests) {
        limits.insert("subrequests".into(), json!(count));
    }
    if !limits.is_empty() {
        map.insert("limits".into(), Value::Object(limits));
    }
    if project.logpush {
        map.insert("logpush".into(), json!(true));
    }
    if let Some(consumers) = &project.tail_consumers {
        map.insert("tail_consumers".into(), consumers.clone());
    }
    if let Some(message) = &args.message {
        map.insert("annotations".into(), json!({"workers/message": message}));
    }
    Ok(Value::Object(map))
}

/// Reads `NAME=VALUE` lines, or an object of texts.
fn secrets(path: &Path) -> Result<Vec<(String, String)>, CliError> {
    let bytes = project::read(path, SECRETS_MAX)?;
    let text = String::from_utf8_lossy(&bytes);
    let wrong = |line: usize, reason: &str| {
        // The line itself may hold a secret, so it is not shown.
        CliError::Usage(format!(
            "--secret-file `{}`, line {line}: {reason}",
            path.display()
        ))
    };
    if text.trim_start().starts_with('{') {
        let map: Map<String, Value> = serde_json::from_str(&text)
            .map_err(|error| wrong(error.line(), "this is no JSON object"))?;
        return map
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(text) => Ok((name, text)),
                _ => Err(wrong(1, &format!("the value of `{name}` is no text"))),
            })
            .collect();
    }
    let mut all = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, value)) = line.split_once('=') else {
            return Err(wrong(index + 1, "no `=`; write NAME=VALUE"));
        };
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() {
            return Err(wrong(index + 1, "no name before `=`"));
        }
        let inner = |quote: char| {
            value
                .strip_prefix(quote)
                .and_then(|v| v.strip_suffix(quote))
        };
        let value = inner('"').or_else(|| inner('\'')).unwrap_or(value);
        all.push((name.to_owned(), value.to_owned()));
    }
    Ok(all)
}

fn hide_secrets(metadata: &mut Value) {
    for binding in metadata["bindings"].as_array_mut().into_iter().flatten() {
        if binding["type"] == "secret_text" {
            binding["text"] = json!("(not shown)");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::cli::args::{Cli, Command};
    use clap::Parser;

    fn args(line: &str) -> Push {
        let line = format!("postern push a.wasm {line}");
        match Cli::try_parse_from(line.split_whitespace())
            .unwrap()
            .command
        {
            Command::Push(push) => *push,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn flags_go_over_the_project() {
        let project = Project {
            bindings: vec![
                json!({"type": "plain_text", "name": "A", "text": "project"}),
                json!({"type": "plain_text", "name": "B", "text": "project"}),
            ],
            kv: vec![("KV".into(), "one".into()), ("KW".into(), "two".into())],
            cpu_ms: Some(5),
            subrequests: Some(6),
            tags: vec!["t".into()],
            ..Project::default()
        };
        let args = args(
            "--var A=flag --json-var J={\"x\":1} --kv KV=three --cpu-ms 7 --tag t --tag u --message m",
        );
        let kv = kv_unresolved(&args, &project);
        assert_eq!(
            kv,
            [
                ("KW".into(), "two".into()),
                ("KV".to_owned(), "three".to_owned())
            ]
        );
        let main = Module {
            name: "a.wasm".to_owned(),
            content_type: "application/wasm",
            bytes: Vec::new(),
        };
        let got = metadata(&args, &project, &kv, Some(&main)).unwrap();
        assert_eq!(
            got,
            json!({
                "main_module": "a.wasm",
                "bindings": [
                    {"type": "plain_text", "name": "B", "text": "project"},
                    {"type": "plain_text", "name": "A", "text": "flag"},
                    {"type": "json", "name": "J", "json": {"x": 1}},
                    {"type": "kv_namespace", "name": "KW", "namespace_id": "two"},
                    {"type": "kv_namespace", "name": "KV", "namespace_id": "three"},
                ],
                "keep_bindings": ["secret_text", "secret_key"],
                "tags": ["t", "u"],
                "limits": {"cpu_ms": 7, "subrequests": 6},
                "annotations": {"workers/message": "m"},
            })
        );
    }

    #[test]
    fn files_of_secrets() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("s");
        std::fs::write(&file, "# c\n\nexport A=1\nB = \"x=y\"\nC='q'\n").unwrap();
        let expect = [("A", "1"), ("B", "x=y"), ("C", "q")].map(|(k, v)| (k.into(), v.into()));
        assert_eq!(secrets(&file).unwrap(), expect);
        std::fs::write(&file, "{\"A\": \"1\"}").unwrap();
        assert_eq!(secrets(&file).unwrap(), [("A".into(), "1".into())]);
        for bad in ["hunter2", "=hunter2", "{\"A\": 1}", "{hunter2"] {
            std::fs::write(&file, bad).unwrap();
            let error = secrets(&file).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn urls_come_from_the_status() {
        let status = json!({
            "edge": {"listen": ["0.0.0.0:8787"]},
            "routing": {
                "namespace": "production", "modes": ["hostname", "subdomain", "path"],
                "zone": "edge.test", "hostnames": {"x.test": "production/a", "y.test": "production/b"},
            },
        });
        assert_eq!(
            hints(&status, "production", "a"),
            [
                "http://x.test:8787/",
                "http://a.edge.test:8787/",
                "http://127.0.0.1:8787/a/"
            ]
        );
        assert_eq!(hints(&status, "other", "a"), Vec::<String>::new());
        let status = json!({
            "edge": {"listen": ["127.0.0.1:80"]},
            "routing": {"modes": ["path"], "zone": "edge.test", "account-subdomain": "postern"},
        });
        let mut entrances = Entrances::default();
        assert_eq!(
            plain_hints(&status, "A", &entrances),
            ["http://a.postern.edge.test:80/", "http://127.0.0.1:80/A/"]
        );
        entrances.routes = Some(vec![json!({"pattern": "x.test/*"})]);
        entrances.domains = vec!["y.test".to_owned()];
        let urls = plain_hints(&status, "A", &entrances);
        assert_eq!(urls, ["x.test/*", "http://y.test:80/"]);
        assert_eq!(hints(&json!({}), "production", "a"), Vec::<String>::new());
    }
}
