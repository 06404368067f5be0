//! The modules of a project: the main one, and what it imports from its folder.
//!
//! Nothing is bundled: files are sent as they are, under the names by which they import each
//! other. Packages have to be bundled by other tools first.

use super::{Project, ProjectError, glob, read};
use crate::catalog::{SOURCE_MAP, source_map_of, syntax};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// Modules that an upload may have.
const MODULES_MAX: usize = 256;
/// Files and folders that are looked at for additional modules.
const ENTRIES_MAX: usize = 20_000;
/// Folders that hold no modules of the project's own.
const SKIPPED: [&str; 2] = ["node_modules", "target"];

/// One module, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// What others import it by.
    pub name: String,
    /// Its media type.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The modules, the main one first, and what a person should know of them.
#[derive(Debug, Default)]
pub struct Collected {
    /// The modules.
    pub modules: Vec<Module>,
    /// Imports that were not found.
    pub warnings: Vec<String>,
}

/// A type of modules and the files that are of it, as `rules` of a configuration have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The media type.
    pub content_type: &'static str,
    /// Which files, by their path from the base folder.
    pub globs: Vec<String>,
}

const ES_MODULE: &str = "application/javascript+module";
const SCRIPT: &str = "application/javascript";

/// The media type of a rule's `type`.
pub fn rule_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "ESModule" => ES_MODULE,
        "CommonJS" => SCRIPT,
        "CompiledWasm" => "application/wasm",
        "Text" => "text/plain",
        "Data" => "application/octet-stream",
        "JSON" => "application/json",
        _ => return None,
    })
}

fn extension(path: &Path) -> &str {
    path.extension().and_then(|end| end.to_str()).unwrap_or("")
}

/// Whether files with this ending can be a main module.
pub(super) fn is_module(extension: &str) -> bool {
    ["wasm", "js", "mjs", "cjs"].contains(&extension)
}

impl Project {
    /// Reads the main module and all that belong to it, `limit` bytes in all at most.
    pub fn modules(&self, limit: u64) -> Result<Collected, ProjectError> {
        let kind = extension(&self.main);
        if !is_module(kind) {
            return Err(ProjectError::ModuleKind(self.main.clone()));
        }
        if !self.main.exists() {
            return Err(ProjectError::NoModule {
                path: self.main.clone(),
                remedy: "build it first, or correct the path".to_owned(),
            });
        }
        let (base, name) = self.place();
        let mut reading = Reading {
            base: &base,
            rules: &self.rules,
            left: limit,
            limit,
            found: Collected::default(),
            unread: VecDeque::new(),
        };
        let bytes = reading.file(&self.main)?;
        if kind == "wasm" {
            reading.found.modules.push(Module {
                name,
                content_type: "application/wasm",
                bytes,
            });
            return Ok(reading.found);
        }
        let is_module = kind == "mjs" || syntax::is_module(&bytes);
        let content_type = if is_module { ES_MODULE } else { SCRIPT };
        reading.add(name, content_type, bytes)?;
        reading.follow()?;
        if self.all_modules {
            reading.walk()?;
            reading.follow()?;
        }
        if self.source_maps {
            reading.maps()?;
        }
        Ok(reading.found)
    }

    /// The folder that names count from, and the main module's name. A main module outside of
    /// the project's folder has its own for a base, and so has one of wasm, which has no others.
    fn place(&self) -> (PathBuf, String) {
        let own = self.main.parent().unwrap_or(Path::new("")).to_owned();
        let base = self.base.as_ref().unwrap_or(&own);
        let inside = self.main.strip_prefix(base).ok().and_then(module_name);
        match inside {
            Some(name) if extension(&self.main) != "wasm" => (base.clone(), name),
            _ => {
                let file = self.main.file_name().unwrap_or_default();
                (own, file.to_string_lossy().into_owned())
            }
        }
    }
}

/// A path as a module's name, if it leads nowhere but down.
fn module_name(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path
        .components()
        .filter(|part| !matches!(part, std::path::Component::CurDir))
        .map(|part| match part {
            std::path::Component::Normal(part) => part.to_str(),
            _ => None,
        })
        .collect();
    parts.map(|parts| parts.join("/"))
}

/// What a specifier in a module names, from the base; `None` if it leads out of it.
fn resolve(from: &str, specifier: &str) -> Option<String> {
    let mut path: Vec<&str> = Vec::new();
    if specifier.starts_with("./") || specifier.starts_with("../") {
        path = from.split('/').collect();
        path.pop();
    }
    for part in specifier.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                path.pop()?;
            }
            part => path.push(part),
        }
    }
    Some(path.join("/"))
}

struct Reading<'a> {
    base: &'a Path,
    rules: &'a [Rule],
    left: u64,
    limit: u64,
    found: Collected,
    /// Modules whose imports were not looked at: their places.
    unread: VecDeque<usize>,
}

impl Reading<'_> {
    fn file(&mut self, path: &Path) -> Result<Vec<u8>, ProjectError> {
        let bytes = read(path, self.left).map_err(|error| match error {
            ProjectError::TooLarge { path, size, .. } => ProjectError::TooLarge {
                path,
                size: size.saturating_add(self.limit - self.left),
                limit: self.limit,
            },
            other => other,
        })?;
        self.left -= bytes.len() as u64;
        Ok(bytes)
    }

    fn add(
        &mut self,
        name: String,
        content_type: &'static str,
        bytes: Vec<u8>,
    ) -> Result<(), ProjectError> {
        if self.found.modules.len() >= MODULES_MAX {
            return Err(ProjectError::TooMany {
                what: "modules",
                limit: MODULES_MAX,
            });
        }
        if [ES_MODULE, SCRIPT].contains(&content_type) {
            self.unread.push_back(self.found.modules.len());
        }
        self.found.modules.push(Module {
            name,
            content_type,
            bytes,
        });
        Ok(())
    }

    /// Adds the source maps that modules name.
    fn maps(&mut self) -> Result<(), ProjectError> {
        for at in 0..self.found.modules.len() {
            let module = &self.found.modules[at];
            let name = source_map_of(&module.name, &module.bytes);
            // A map that lies in the comment itself, or leads elsewhere, is none of the upload's.
            let name = name.filter(|name| resolve("", name).as_ref() == Some(name));
            let Some(name) = name.filter(|name| self.base.join(name).is_file()) else {
                continue;
            };
            let bytes = self.file(&self.base.join(&name))?;
            self.found.modules.push(Module {
                name,
                content_type: SOURCE_MAP,
                bytes,
            });
        }
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        self.found.modules.iter().any(|module| module.name == name)
    }

    /// Adds what modules import, and what that imports.
    fn follow(&mut self) -> Result<(), ProjectError> {
        while let Some(at) = self.unread.pop_front() {
            let module = &self.found.modules[at];
            let from = module.name.clone();
            for specifier in syntax::imports(&module.bytes) {
                self.import(&from, &specifier)?;
            }
        }
        Ok(())
    }

    fn import(&mut self, from: &str, specifier: &str) -> Result<(), ProjectError> {
        // What the runtime has itself, and what comes from elsewhere.
        if specifier.contains(':') || specifier.starts_with('/') {
            return Ok(());
        }
        let is_relative = specifier.starts_with('.');
        let Some(name) = resolve(from, specifier) else {
            self.found.warnings.push(format!(
                "`{specifier}`, imported by {from}, is outside of {}; it was left out",
                self.base.display()
            ));
            return Ok(());
        };
        if self.has(&name) {
            return Ok(());
        }
        // As in `x.wasm?module`, which is a name of its own for the same file.
        let file = name.split('?').next().unwrap_or_default();
        let path = self.base.join(file);
        if path.is_file() {
            let bytes = self.file(&path)?;
            let content_type = self.content_type(file, &bytes);
            return self.add(name, content_type, bytes);
        }
        if is_relative {
            self.found.warnings.push(format!(
                "`{specifier}`, imported by {from}, is not there; it was left out"
            ));
        } else if !is_of_node(specifier) {
            self.found.warnings.push(format!(
                "`{specifier}`, imported by {from}, is a package; packages are not looked up: bundle the project first"
            ));
        }
        Ok(())
    }

    /// What a file is: by the project's rules, or else by its name.
    fn content_type(&self, file: &str, bytes: &[u8]) -> &'static str {
        let rule = self.rules.iter().find(|rule| rule.takes(file));
        if let Some(rule) = rule {
            return rule.content_type;
        }
        match extension(Path::new(file)) {
            "mjs" => ES_MODULE,
            "js" if syntax::is_module(bytes) => ES_MODULE,
            "js" | "cjs" => SCRIPT,
            "wasm" => "application/wasm",
            "json" => "application/json",
            "txt" | "html" | "sql" => "text/plain",
            _ => "application/octet-stream",
        }
    }

    /// Adds every file of the base folder that a rule takes, or that is JavaScript or wasm.
    fn walk(&mut self) -> Result<(), ProjectError> {
        let mut folders = vec![self.base.to_owned()];
        let mut entries = 0;
        while let Some(folder) = folders.pop() {
            let failed = |error| ProjectError::Read {
                path: folder.clone(),
                error,
            };
            let mut paths = Vec::new();
            for entry in std::fs::read_dir(&folder).map_err(failed)? {
                entries += 1;
                if entries > ENTRIES_MAX {
                    return Err(ProjectError::TooMany {
                        what: "files in the project's folder",
                        limit: ENTRIES_MAX,
                    });
                }
                paths.push(entry.map_err(failed)?.path());
            }
            paths.sort();
            for path in paths {
                let file = path.file_name().and_then(|name| name.to_str());
                let file = file.unwrap_or(".");
                if file.starts_with('.') || SKIPPED.contains(&file) {
                    continue;
                }
                if path.is_dir() && !path.is_symlink() {
                    folders.push(path);
                    continue;
                }
                let Some(name) = path.strip_prefix(self.base).ok().and_then(module_name) else {
                    continue;
                };
                let taken = self.rules.iter().any(|rule| rule.takes(&name))
                    || ["js", "mjs", "wasm"].contains(&extension(&path));
                if taken && path.is_file() && !self.has(&name) {
                    let bytes = self.file(&path)?;
                    let content_type = self.content_type(&name, &bytes);
                    self.add(name, content_type, bytes)?;
                }
            }
        }
        Ok(())
    }
}

impl Rule {
    fn takes(&self, path: &str) -> bool {
        self.globs
            .iter()
            .any(|pattern| glob::matches(pattern, path))
    }
}

/// Whether a specifier without a prefix names a module of Node.js.
fn is_of_node(specifier: &str) -> bool {
    const MODULES: [&str; 44] = [
        "assert",
        "async_hooks",
        "buffer",
        "child_process",
        "cluster",
        "console",
        "constants",
        "crypto",
        "dgram",
        "diagnostics_channel",
        "dns",
        "domain",
        "events",
        "fs",
        "http",
        "http2",
        "https",
        "inspector",
        "module",
        "net",
        "os",
        "path",
        "perf_hooks",
        "process",
        "punycode",
        "querystring",
        "readline",
        "repl",
        "sqlite",
        "stream",
        "string_decoder",
        "sys",
        "timers",
        "tls",
        "trace_events",
        "tty",
        "url",
        "util",
        "v8",
        "vm",
        "wasi",
        "worker_threads",
        "zlib",
        "test",
    ];
    let first = specifier.split('/').next().unwrap_or_default();
    MODULES.contains(&first)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    fn collected(dir: &Path) -> Collected {
        Project::load(dir, None).unwrap().modules(1 << 20).unwrap()
    }

    fn names(found: &Collected) -> Vec<(&str, &str)> {
        let modules = found.modules.iter();
        modules
            .map(|it| (it.name.as_str(), it.content_type))
            .collect()
    }

    #[test]
    fn what_is_imported_comes_with_the_main_module() {
        let dir = folder(&[
            ("wrangler.toml", "name = 'a'\nmain = 'src/index.js'\n"),
            (
                "src/index.js",
                "import './lib/up.js'; import t from '../note.txt'; import w from './a.wasm?module';
                 import d from './d.dat'; import { Buffer } from 'buffer'; import 'node:path';
                 import { env } from 'cloudflare:workers'; const c = require('./c.cjs');
                 export default {};",
            ),
            ("src/lib/up.js", "export * from '../deep.mjs'; import '../index.js'"),
            ("src/deep.mjs", "import json from './j.json'"),
            ("src/j.json", "{}"),
            ("src/a.wasm", "\0asm"),
            ("src/c.cjs", "module.exports = 1"),
            ("src/d.dat", "data"),
            ("src/unused.js", "export {}"),
            ("note.txt", "a note"),
        ]);
        let found = collected(dir.path());
        assert_eq!(
            names(&found),
            [
                ("src/index.js", ES_MODULE),
                ("src/lib/up.js", ES_MODULE),
                ("note.txt", "text/plain"),
                ("src/a.wasm?module", "application/wasm"),
                ("src/d.dat", "application/octet-stream"),
                ("src/c.cjs", SCRIPT),
                ("src/deep.mjs", ES_MODULE),
                ("src/j.json", "application/json"),
            ]
        );
        assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    }

    #[test]
    fn rules_say_what_a_file_is_and_which_come_anyway() {
        let dir = folder(&[
            (
                "wrangler.jsonc",
                r#"{"name": "a", "main": "src/index.js", "base_dir": "src",
                    "find_additional_modules": true,
                    "rules": [{"type": "Text", "globs": ["**/*.md", "pages/*.htm?"]}]}"#,
            ),
            ("src/index.js", "export default {}"),
            ("src/doc/deep/a.md", "#"),
            ("src/pages/a.html", "<p>"),
            ("src/pages/b.css", "p {}"),
            ("src/dynamic.js", "export {}"),
            ("src/node_modules/x/index.js", "export {}"),
            ("src/.hidden/x.js", "export {}"),
            ("other.js", "export {}"),
        ]);
        let found = collected(dir.path());
        assert_eq!(
            names(&found),
            [
                ("index.js", ES_MODULE),
                ("dynamic.js", ES_MODULE),
                ("pages/a.html", "text/plain"),
                ("doc/deep/a.md", "text/plain"),
            ]
        );
    }

    #[test]
    fn what_is_not_there_is_told() {
        let dir = folder(&[(
            "worker.js",
            "import { Hono } from 'hono'; import './gone.js'; import '../../out.js'; export {}",
        )]);
        let found = collected(&dir.path().join("worker.js"));
        assert_eq!(names(&found), [("worker.js", ES_MODULE)]);
        let told = found.warnings.join("\n");
        for part in ["`hono`", "a package", "`./gone.js`", "`../../out.js`"] {
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn source_maps_come_if_they_are_asked_for() {
        let main = "import './lib/b.js'; export {}\n//# sourceMappingURL=index.js.map\n";
        let mut files = vec![
            (
                "wrangler.toml",
                "name = 'n'\nmain = 'index.js'\nupload_source_maps = true\n",
            ),
            ("index.js", main),
            ("index.js.map", "{}"),
            (
                "lib/b.js",
                "import './c.js'; export {}\n//# sourceMappingURL=b.js.map",
            ),
            ("lib/b.js.map", "{}"),
            (
                "lib/c.js",
                "import './d.js'; export {} //# sourceMappingURL=../../../etc/passwd",
            ),
            (
                "lib/d.js",
                "export {} //# sourceMappingURL=data:application/json;base64,e30=",
            ),
        ];
        let found = collected(folder(&files).path());
        let maps = |found: &Collected| {
            let maps = found
                .modules
                .iter()
                .filter(|it| it.content_type == SOURCE_MAP);
            maps.map(|it| it.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(maps(&found), ["index.js.map", "lib/b.js.map"]);
        files[0].1 = "name = 'n'\nmain = 'index.js'\n";
        assert!(maps(&collected(folder(&files).path())).is_empty());
    }

    #[test]
    fn a_script_in_the_older_format_is_one() {
        let dir = folder(&[("worker.js", "addEventListener('fetch', () => {})")]);
        let found = collected(&dir.path().join("worker.js"));
        assert_eq!(names(&found), [("worker.js", SCRIPT)]);
    }

    #[test]
    fn all_modules_together_have_a_limit() {
        let dir = folder(&[
            ("a.mjs", "import './b.mjs'"),
            ("b.mjs", "export const b = 1; // it is long"),
        ]);
        let project = Project::load(&dir.path().join("a.mjs"), None).unwrap();
        let refused = project.modules(20).unwrap_err();
        assert!(
            matches!(refused, ProjectError::TooLarge { limit: 20, .. }),
            "{refused}"
        );
        assert_eq!(project.modules(60).unwrap().modules.len(), 2);
    }
}
