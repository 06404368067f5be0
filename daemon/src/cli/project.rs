//! A tenant's project: `wrangler.toml`, `wrangler.jsonc` or `wrangler.json`
//! (spec: SEMANTICS §8), and what of it means something here.

mod assets;
mod bindings;
mod entrances;
mod glob;
mod modules;
mod table;

pub use assets::{Asset, Site};
pub use entrances::Entrances;
pub use modules::{Collected, Module, Rule};
use table::{Table, describe};

use super::jsonc;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// The files looked for in a folder, in this order.
pub const FILES: [&str; 3] = ["wrangler.jsonc", "wrangler.json", "wrangler.toml"];

/// Bytes of such a file.
const FILE_MAX: u64 = 1 << 20;

/// Keys that are read. `$schema` is for editors.
const KNOWN: [&str; 31] = [
    "$schema",
    "name",
    "main",
    "base_dir",
    "rules",
    "no_bundle",
    "find_additional_modules",
    "upload_source_maps",
    "compatibility_date",
    "compatibility_flags",
    "vars",
    "kv_namespaces",
    "services",
    "dispatch_namespaces",
    "worker_loaders",
    "analytics_engine_datasets",
    "ratelimits",
    "version_metadata",
    "tail_consumers",
    "logpush",
    "assets",
    "limits",
    "triggers",
    "route",
    "routes",
    "workers_dev",
    "preview_urls",
    "tags",
    "keep_vars",
    "build",
    "env",
];

/// Why a project cannot be pushed.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The folder holds none of the files.
    #[error(
        "`{}` holds no wrangler.jsonc, wrangler.json or wrangler.toml; give a .js or .wasm file or a folder with one of them", .0.display()
    )]
    None(PathBuf),
    /// The path is neither.
    #[error("`{}` is neither a module nor a wrangler configuration; give a .js or .wasm file, a wrangler.toml, wrangler.jsonc or wrangler.json, or a folder that holds one", .0.display())]
    Unknown(PathBuf),
    /// A file cannot be read.
    #[error("cannot read `{}`: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A file is larger than allowed.
    #[error("`{}` has {size} bytes, the limit is {limit}; send less", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The file is not what its name says.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// From 1; 0 if unknown.
        line: usize,
        /// From 1; 0 if unknown.
        column: usize,
        /// What the parser said.
        message: String,
    },
    /// A key has a value of the wrong kind.
    #[error("{}: `{key}` is {found}; it must be {expected}", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// The key with its parents.
        key: String,
        /// What it is.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A key is missing.
    #[error("{}: `{key}` is missing; {remedy}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The key with its parents.
        key: String,
        /// What to do.
        remedy: String,
    },
    /// There is no such environment.
    #[error("{}: there is no environment `{name}`; {remedy}", path.display())]
    Environment {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        name: String,
        /// Which there are.
        remedy: String,
    },
    /// The module is not there.
    #[error("the module `{}` does not exist; {remedy}", path.display())]
    NoModule {
        /// Where it should be.
        path: PathBuf,
        /// What to do.
        remedy: String,
    },
    /// The module is of a kind that cannot run.
    #[error(
        "`{}` is not a module that can be pushed; give a .js, .mjs or .wasm file (TypeScript: bundle it first)", .0.display()
    )]
    ModuleKind(PathBuf),
    /// Too many of something.
    #[error("there are more than {limit} {what}; push less, or bundle the project first")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
}

/// What of a project means something here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Project {
    /// The Worker's name.
    pub name: Option<String>,
    /// The module, as a path from the current directory.
    pub main: PathBuf,
    /// The folder from which modules have their names; without it, the main module's.
    pub base: Option<PathBuf>,
    /// What files are, beside what their names say.
    pub rules: Vec<Rule>,
    /// Whether modules come that nothing imports.
    pub all_modules: bool,
    /// Whether modules' source maps come with them.
    pub source_maps: bool,
    /// Bindings as the upload's metadata has them.
    pub bindings: Vec<Value>,
    /// Static assets.
    pub assets: Option<Site>,
    /// KV bindings: name, and id or title.
    pub kv: Vec<(String, String)>,
    /// `compatibility_date`.
    pub compatibility_date: Option<String>,
    /// `compatibility_flags`.
    pub compatibility_flags: Vec<String>,
    /// `limits.cpu_ms`.
    pub cpu_ms: Option<u32>,
    /// `limits.subrequests`.
    pub subrequests: Option<u32>,
    /// `triggers.crons`; `None` leaves the Worker's cron triggers as they are.
    pub crons: Option<Vec<String>>,
    /// How requests come to it, if it is in no dispatch namespace.
    pub entrances: Entrances,
    /// Tags.
    pub tags: Vec<String>,
    /// Whether text and JSON bindings set elsewhere are kept.
    pub keep_vars: bool,
    /// Whether logpush jobs have its invocations.
    pub logpush: bool,
    /// Who is told of them, as the upload's metadata has it.
    pub tail_consumers: Option<Value>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl Project {
    /// The project at a path: a module alone, a configuration, or a folder with one.
    pub fn load(path: &Path, environment: Option<&str>) -> Result<Self, ProjectError> {
        if path.is_dir() {
            let file = FILES
                .iter()
                .map(|name| path.join(name))
                .find(|f| f.is_file());
            return match file {
                Some(file) => Self::load(&file, environment),
                None => Err(ProjectError::None(path.to_owned())),
            };
        }
        let extension = path.extension().and_then(|e| e.to_str());
        // Of modules it is told where they are read.
        if !extension.is_some_and(modules::is_module)
            && let Err(error) = std::fs::metadata(path)
        {
            return Err(ProjectError::Read {
                path: path.to_owned(),
                error,
            });
        }
        match extension {
            Some("toml" | "json" | "jsonc") => {
                let text = String::from_utf8_lossy(&read(path, FILE_MAX)?).into_owned();
                Self::parse(path, &text, environment)
            }
            Some(_) => Ok(Self {
                name: path
                    .file_stem()
                    .and_then(|stem| stem.to_str())
                    .map(str::to_owned),
                main: path.to_owned(),
                ..Self::default()
            }),
            None => Err(ProjectError::Unknown(path.to_owned())),
        }
    }

    /// Reads a configuration's text. `path` tells its language and where `main` starts.
    pub fn parse(path: &Path, text: &str, environment: Option<&str>) -> Result<Self, ProjectError> {
        let root = if path.extension().is_some_and(|e| e == "toml") {
            from_toml(path, text)?
        } else {
            from_json(path, text)?
        };
        let mut warnings = Vec::new();
        let top = Table {
            path,
            at: String::new(),
            map: &root,
        };
        top.warn_unknown(&mut warnings, &KNOWN);
        let chosen = match environment {
            None => None,
            Some(name) => Some((name, top.environment(name)?)),
        };
        let inner = chosen.map(|(name, map)| {
            let key = format!("env.{name}");
            top.inner(&key, map, &KNOWN, &mut warnings)
        });
        // Some keys are inherited by environments; bindings are not (spec: SEMANTICS §8).
        let bindings_from = inner.as_ref().unwrap_or(&top);
        let inherited = |key: &'static str| -> (&Table<'_>, Option<&Value>) {
            match inner
                .as_ref()
                .and_then(|table| table.map.get(key).map(|v| (table, v)))
            {
                Some((table, value)) => (table, Some(value)),
                None => (&top, top.map.get(key)),
            }
        };
        let text_of = |key| {
            let (table, value) = inherited(key);
            table.text(key, value)
        };
        let texts_of = |key| {
            let (table, value) = inherited(key);
            table.texts(key, value)
        };

        let name = match (chosen, inner.as_ref().and_then(|t| t.map.get("name"))) {
            (Some((environment, _)), None) => {
                text_of("name")?.map(|name| format!("{name}-{environment}"))
            }
            _ => text_of("name")?,
        };
        let build = inherited("build").1.and_then(|build| build.get("command"));
        let build = build.and_then(Value::as_str);
        let folder = path.parent().unwrap_or(Path::new(""));
        let (assets_table, assets) = inherited("assets");
        let assets = Site::parse(assets_table, assets, folder, &mut warnings)?;
        let main = match text_of("main")? {
            Some(main) => folder.join(main),
            // Assets alone.
            None if assets.is_some() => PathBuf::new(),
            None => {
                return Err(ProjectError::Missing {
                    path: path.to_owned(),
                    key: "main".to_owned(),
                    remedy: "set it to the module's path from this file".to_owned(),
                });
            }
        };
        if let Some(command) = build {
            if !main.exists() {
                return Err(ProjectError::NoModule {
                    path: main,
                    remedy: format!("run the project's build command first: {command}"),
                });
            }
            warnings.push(format!(
                "the build command `{command}` was not run; `{}` is pushed as it is",
                main.display()
            ));
        }
        let (limits_table, limits) = inherited("limits");
        let limits = limits_table.limits(limits, &mut warnings)?;
        let said = |key| match inherited(key) {
            (_, None) => Ok(None),
            (_, Some(Value::Bool(is))) => Ok(Some(*is)),
            (table, Some(other)) => Err(table.kind(key, other, "true or false")),
        };
        let flag = |key| Ok(said(key)?.unwrap_or(false));
        let base = match text_of("base_dir")? {
            Some(base) => folder.join(base),
            None => folder.to_owned(),
        };
        let (rules_table, rules) = inherited("rules");
        let (triggers_table, triggers) = inherited("triggers");
        let (tails_from, tails) = inherited("tail_consumers");
        let crons = triggers_table.crons(triggers, &mut warnings)?;
        let mut entrances = Entrances {
            workers_dev: said("workers_dev")?,
            preview_urls: said("preview_urls")?,
            ..Entrances::default()
        };
        if let (table, Some(route)) = inherited("route") {
            entrances.route(table, "route", route, &mut warnings)?;
        }
        match inherited("routes") {
            (_, None) => {}
            (table, Some(Value::Array(routes))) => {
                entrances.routes.get_or_insert_default();
                for (index, route) in routes.iter().enumerate() {
                    let key = format!("routes[{index}]");
                    entrances.route(table, &key, route, &mut warnings)?;
                }
            }
            (table, Some(other)) => return Err(table.kind("routes", other, "a list")),
        }
        Ok(Self {
            name,
            main,
            base: Some(base),
            rules: rules_table.rules(rules, &mut warnings)?,
            all_modules: flag("no_bundle")? || flag("find_additional_modules")?,
            source_maps: flag("upload_source_maps")?,
            bindings: {
                let mut bindings = bindings_from.bindings(&mut warnings)?;
                let named = assets.as_ref().and_then(|site| site.binding.as_ref());
                bindings.extend(named.map(|name| json!({"type": "assets", "name": name})));
                bindings
            },
            assets,
            kv: bindings_from.kv(&mut warnings)?,
            compatibility_date: text_of("compatibility_date")?,
            compatibility_flags: texts_of("compatibility_flags")?,
            cpu_ms: limits.0,
            subrequests: limits.1,
            crons,
            entrances,
            tags: texts_of("tags")?,
            keep_vars: flag("keep_vars")?,
            logpush: flag("logpush")?,
            tail_consumers: bindings::tail_consumers(tails_from, tails)?,
            warnings,
        })
    }
}

/// A file's bytes, no more than `limit`.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, ProjectError> {
    let failed = |error| ProjectError::Read {
        path: path.to_owned(),
        error,
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(file, limit + 1), &mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(ProjectError::TooLarge {
            path: path.to_owned(),
            size: std::fs::metadata(path).map_or(limit + 1, |meta| meta.len()),
            limit,
        });
    }
    Ok(bytes)
}

fn from_toml(path: &Path, text: &str) -> Result<Map<String, Value>, ProjectError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let before = text
            .get(..error.span().map_or(0, |s| s.start))
            .unwrap_or("");
        ProjectError::Syntax {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or("").chars().count() + 1,
            message: error.message().replace('\n', " "),
        }
    })?;
    Ok(table
        .into_iter()
        .map(|(key, value)| (key, plain(value)))
        .collect())
}

/// TOML as JSON. A date becomes its text: `compatibility_date = 2026-01-01` means the same
/// with and without quotes.
fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => json!(number),
        toml::Value::Float(number) => json!(number),
        toml::Value::Boolean(is) => Value::Bool(is),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(items) => items.into_iter().map(plain).collect(),
        toml::Value::Table(table) => Value::Object(
            table
                .into_iter()
                .map(|(key, value)| (key, plain(value)))
                .collect(),
        ),
    }
}

fn from_json(path: &Path, text: &str) -> Result<Map<String, Value>, ProjectError> {
    let value: Value =
        serde_json::from_str(&jsonc::to_json(text)).map_err(|error| ProjectError::Syntax {
            path: path.to_owned(),
            line: error.line(),
            column: error.column(),
            message: error.to_string(),
        })?;
    match value {
        Value::Object(map) => Ok(map),
        other => Err(ProjectError::Kind {
            path: path.to_owned(),
            key: "the file".to_owned(),
            found: describe(&other),
            expected: "an object",
        }),
    }
}

impl Table<'_> {
    fn limits(
        &self,
        value: Option<&Value>,
        warnings: &mut Vec<String>,
    ) -> Result<(Option<u32>, Option<u32>), ProjectError> {
        let known = ["cpu_ms", "subrequests"];
        let Some(inner) = self.table("limits", value, "a table", &known, warnings)? else {
            return Ok((None, None));
        };
        let number = |key| match inner.map.get(key) {
            None => Ok(None),
            Some(value) => value
                .as_u64()
                .and_then(|n| u32::try_from(n).ok())
                .map(Some)
                .ok_or_else(|| inner.kind(key, value, "a whole number from 0 to 4294967295")),
        };
        Ok((number("cpu_ms")?, number("subrequests")?))
    }

    fn crons(
        &self,
        value: Option<&Value>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Vec<String>>, ProjectError> {
        let Some(inner) = self.table("triggers", value, "a table", &["crons"], warnings)? else {
            return Ok(None);
        };
        let crons = inner.map.get("crons");
        crons.map(|_| inner.texts("crons", crons)).transpose()
    }

    fn rules(
        &self,
        value: Option<&Value>,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<Rule>, ProjectError> {
        let tables = self.tables("rules", value, &["type", "globs", "fallthrough"], warnings)?;
        let rule = |table: Table<'_>| {
            let kind = table.map.get("type").unwrap_or(&Value::Null);
            let content_type = kind.as_str().and_then(modules::rule_type).ok_or_else(|| {
                table.kind(
                    "type",
                    kind,
                    "one of ESModule, CommonJS, CompiledWasm, Text, Data and JSON",
                )
            })?;
            Ok(Rule {
                content_type,
                globs: table.texts("globs", table.map.get("globs"))?,
            })
        };
        tables.into_iter().map(rule).collect()
    }
}

#[cfg(test)]
mod tests;
