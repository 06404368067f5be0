//! What the modules of a push are, and what the judge is given of them.

use super::limits::MODULE_NAME_MAX;
use super::name::shown;
use super::syntax::is_module;
use super::{CatalogError, Source};
use crate::engine::{Bundle, Part, Pushed};
use postern_abi::bundle::ModuleKind;

/// How wasm begins.
const WASM_MAGIC: &[u8] = b"\0asm";

/// Whether a module may be called so.
///
/// # Errors
/// Says what may.
pub fn check_name(name: &str) -> Result<(), String> {
    let is_fine = !name.is_empty()
        && name.len() <= MODULE_NAME_MAX
        && !name.chars().any(|char| char.is_control() || char == '"');
    match is_fine {
        true => Ok(()),
        false => Err(format!(
            "module name '{}' is not allowed; use 1 to {MODULE_NAME_MAX} bytes without control characters and quotes",
            shown(name)
        )),
    }
}

impl Source {
    /// Whether this is WebAssembly: that is what it says, or how it begins.
    pub fn is_wasm(&self) -> bool {
        self.content_type == "application/wasm" || self.bytes.starts_with(WASM_MAGIC)
    }

    /// Whether this is JavaScript, by its type or else by its name.
    pub fn is_javascript(&self) -> bool {
        !self.is_wasm()
            && match kind_by_type(&self.content_type) {
                Some(kind) => matches!(kind, Typed::Module | Typed::Script),
                None => ["js", "mjs", "cjs"].contains(&extension(&self.name)),
            }
    }

    /// What its bytes are. `is_main`: the one to begin with.
    fn kind(&self, is_main: bool) -> Result<ModuleKind, CatalogError> {
        if is_main && self.is_wasm() {
            return Ok(ModuleKind::Wasm);
        }
        let script = || {
            if is_module(&self.bytes) {
                ModuleKind::EsModule
            } else if is_main {
                ModuleKind::ServiceWorker
            } else {
                ModuleKind::CommonJs
            }
        };
        let refused = |what: &str| {
            Err(CatalogError::BadModule(format!(
                "module '{}' is {what}",
                shown(&self.name)
            )))
        };
        Ok(match kind_by_type(&self.content_type) {
            Some(Typed::Module) => ModuleKind::EsModule,
            Some(Typed::Script) => script(),
            Some(Typed::Wasm) => ModuleKind::Wasm,
            Some(Typed::Text) => ModuleKind::Text,
            Some(Typed::Json) => ModuleKind::Json,
            Some(Typed::Python) => {
                return refused(
                    "Python, which is not supported by this Postern; write it in JavaScript or \
                     compile it to WebAssembly",
                );
            }
            Some(Typed::Unknown) => {
                return refused(&format!(
                    "of type '{}', which no module can be; use application/javascript+module, \
                     application/javascript, application/wasm, application/json, text/plain or \
                     application/octet-stream",
                    shown(&self.content_type)
                ));
            }
            None => match extension(&self.name) {
                "mjs" => ModuleKind::EsModule,
                "js" => script(),
                "cjs" if is_main => script(),
                "cjs" => ModuleKind::CommonJs,
                "wasm" => ModuleKind::Wasm,
                "json" => ModuleKind::Json,
                "txt" | "html" | "sql" | "md" | "css" => ModuleKind::Text,
                "ts" | "tsx" | "jsx" => {
                    return refused("not JavaScript but has to become it; bundle it first");
                }
                _ => ModuleKind::Data,
            },
        })
    }
}

/// What a media type says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Typed {
    Module,
    Script,
    Wasm,
    Text,
    Json,
    Python,
    Unknown,
}

/// `None` where the type says nothing: clients send `application/octet-stream` for what they do
/// not know.
fn kind_by_type(content_type: &str) -> Option<Typed> {
    Some(match content_type.to_ascii_lowercase().as_str() {
        "" | "application/octet-stream" => return None,
        "application/javascript+module" | "text/javascript+module" => Typed::Module,
        "application/javascript"
        | "text/javascript"
        | "application/x-javascript"
        | "application/ecmascript"
        | "text/ecmascript" => Typed::Script,
        "application/wasm" => Typed::Wasm,
        "application/json" => Typed::Json,
        "text/x-python" | "application/x-python" | "text/x-python-requirement" => Typed::Python,
        text if text.starts_with("text/") => Typed::Text,
        _ => Typed::Unknown,
    })
}

fn extension(name: &str) -> &str {
    let file = name.rsplit('/').next().unwrap_or_default();
    file.rsplit_once('.').map_or("", |(_, end)| end)
}

/// What is needed to judge a JavaScript Worker beside its modules.
pub(super) struct Surroundings {
    /// The compatibility date.
    pub(super) compatibility_date: String,
    /// Every flag that is enabled.
    pub(super) flags: Vec<String>,
    /// Names and encoded values of `env`.
    pub(super) env: Vec<(String, Vec<u8>)>,
}

/// What is judged: a wasm module alone, or all modules around one in JavaScript.
///
/// # Errors
/// When the main module is missing or neither, or a module cannot be one.
pub(super) fn pushed(
    main_module: &str,
    modules: &[Source],
    surroundings: impl FnOnce() -> Surroundings,
) -> Result<Pushed, CatalogError> {
    let main = modules.iter().find(|module| module.name == main_module);
    let main = main.ok_or_else(|| {
        CatalogError::NoMainModule(format!("no module is named '{}'", shown(main_module)))
    })?;
    match main.kind(true)? {
        ModuleKind::Wasm => {
            if let Some(other) = modules.iter().find(|module| module.name != main.name) {
                return Err(CatalogError::BadModule(format!(
                    "module '{}' cannot be reached: a WebAssembly Worker is the one module '{}'; \
                     leave the others out",
                    shown(&other.name),
                    shown(&main.name)
                )));
            }
            return Ok(Pushed::Module(main.bytes.clone()));
        }
        ModuleKind::EsModule | ModuleKind::CommonJs | ModuleKind::ServiceWorker => {}
        ModuleKind::Text | ModuleKind::Data | ModuleKind::Json => {
            return Err(CatalogError::BadModule(format!(
                "the main module '{}' is neither JavaScript nor WebAssembly; send it as \
                 application/javascript+module or application/wasm",
                shown(&main.name)
            )));
        }
    }
    let parts = modules.iter().map(|module| {
        Ok(Part {
            name: module.name.clone(),
            kind: module.kind(module.name == main.name)?,
            bytes: module.bytes.clone(),
        })
    });
    let modules = parts.collect::<Result<Vec<_>, CatalogError>>()?;
    let Surroundings {
        compatibility_date,
        flags,
        env,
    } = surroundings();
    Ok(Pushed::Bundle(Bundle {
        main: main.name.clone(),
        compatibility_date,
        flags,
        modules,
        env,
    }))
}

/// Whether the main module is one, and not a script in the older format.
pub(super) fn has_modules(pushed: &Pushed) -> bool {
    match pushed {
        Pushed::Module(_) => true,
        Pushed::Bundle(bundle) => {
            let mut modules = bundle.modules.iter();
            let main = modules.find(|module| module.name == bundle.main);
            main.is_none_or(|main| main.kind != ModuleKind::ServiceWorker)
        }
    }
}

/// A bare script, as an upload that says nothing but that it is JavaScript.
pub fn bare_script(bytes: bytes::Bytes) -> Source {
    Source {
        name: "worker.js".to_owned(),
        content_type: if is_module(&bytes) {
            "application/javascript+module".to_owned()
        } else {
            "application/javascript".to_owned()
        },
        bytes,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn source(name: &str, content_type: &str, bytes: &'static [u8]) -> Source {
        Source {
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            bytes: bytes.into(),
        }
    }

    const ESM: &[u8] = b"export default {}";
    const SCRIPT: &[u8] = b"addEventListener('fetch', f)";

    #[test]
    fn a_module_is_what_its_type_says_or_else_its_name() {
        use ModuleKind::{CommonJs, Data, EsModule, Json, ServiceWorker, Text, Wasm};
        let octets = "application/octet-stream";
        for (name, content_type, bytes, is_main, expected) in [
            ("a", "application/javascript+module", SCRIPT, true, EsModule),
            ("a.js", "application/javascript", ESM, true, EsModule),
            (
                "a.js",
                "application/javascript",
                SCRIPT,
                true,
                ServiceWorker,
            ),
            ("a.js", "application/javascript", SCRIPT, false, CommonJs),
            ("a.js", "text/javascript", ESM, false, EsModule),
            ("a.js", "", ESM, true, EsModule),
            ("a.js", octets, SCRIPT, true, ServiceWorker),
            ("d.d/a.mjs", octets, SCRIPT, false, EsModule),
            ("a.cjs", "", SCRIPT, false, CommonJs),
            ("a.wasm", "", SCRIPT, false, Wasm),
            ("a", "application/wasm", SCRIPT, false, Wasm),
            ("a.js", "text/plain", ESM, false, Text),
            ("a.html", "text/html", ESM, false, Text),
            ("a.html", "", ESM, false, Text),
            ("a.json", "", b"{}", false, Json),
            ("a", "application/json", b"{}", false, Json),
            ("a", octets, ESM, false, Data),
            ("a.bin", octets, b"\0asm", false, Data),
            ("a.bin", octets, b"\0asm", true, Wasm),
        ] {
            let kind = source(name, content_type, bytes).kind(is_main).unwrap();
            assert_eq!(kind, expected, "{name} {content_type} {is_main}");
        }
        for (name, content_type, told) in [
            ("a.py", "text/x-python", "Python"),
            ("a.ts", "", "bundle it first"),
            ("a", "image/png", "'image/png'"),
        ] {
            let refused = source(name, content_type, b"").kind(false).unwrap_err();
            assert!(refused.to_string().contains(told), "{refused}");
        }
    }

    #[test]
    fn what_is_judged_follows_the_main_module() {
        let around = || Surroundings {
            compatibility_date: "2026-01-01".to_owned(),
            flags: vec!["rpc".to_owned()],
            env: Vec::new(),
        };
        let wasm = source("w.wasm", "application/wasm", b"\0asm");
        let text = source("t.txt", "text/plain", b"t");
        let main = source("m.js", "application/javascript+module", ESM);
        let all = [wasm.clone(), main, text.clone()];
        let Pushed::Bundle(bundle) = pushed("m.js", &all, around).unwrap() else {
            panic!("a bundle");
        };
        let kinds: Vec<_> = bundle.modules.iter().map(|part| part.kind).collect();
        assert_eq!(
            kinds,
            [ModuleKind::Wasm, ModuleKind::EsModule, ModuleKind::Text]
        );
        assert_eq!(bundle.flags, ["rpc"]);
        let alone = pushed("w.wasm", std::slice::from_ref(&wasm), around).unwrap();
        assert!(matches!(alone, Pushed::Module(_)));
        for (main, modules, told) in [
            ("w.wasm", &all[..], "'m.js' cannot be reached"),
            ("t.txt", &all[..], "neither JavaScript nor WebAssembly"),
            ("x", &all[..], "no module is named 'x'"),
        ] {
            let refused = pushed(main, modules, around).unwrap_err().to_string();
            assert!(refused.contains(told), "{refused}");
        }
    }
}
