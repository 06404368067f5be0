//! Modules by their names: those of the prelude, the tenant's, and those that are built in.

use crate::exception::Exception;
use crate::{host, offered};
use postern_abi::SyncOp;
use postern_abi::bundle::{Bundle, ModuleKind};
use rquickjs::function::Func;
use rquickjs::loader::ImportAttributes;
use rquickjs::module::{Declarations, Declared, Exports, ModuleDef};
use rquickjs::{
    ArrayBuffer, CatchResultExt, Ctx, Error, Exception as Thrown, Function, Module, Object,
    Persistent, Promise, Value, promise::PromiseState,
};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// The prelude's modules and their sources.
macro_rules! prelude {
    ($($name:literal => $file:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../prelude/", $file)))),*]
    };
}
include!("prelude_list.rs");

/// What stands in front of a module of the prelude, on its first line: names that are its own and no longer the
/// globals that a tenant can replace.
const INTRINSICS: &str = "import { AggregateError, Array, ArrayBuffer, BigInt, Boolean, DataView, Date, Error, \
    EvalError, JSON, Map, Math, Number, Object, Promise, Proxy, RangeError, ReferenceError, Reflect, RegExp, \
    Set, String, Symbol, SyntaxError, TypeError, URIError, Uint8Array, WeakMap, WeakRef, WeakSet, isArray, \
    isView, rejectedWith, resolvedWith } \
    from \"internal:intrinsics\"; ";

/// Those that change what the language has, or show it, and see the globals themselves.
const KEEPERS: &[&str] = &[
    "internal:native",
    "internal:intrinsics",
    "internal:json",
    "internal:stacks",
    "internal:inspect",
    "internal:code",
    "internal:order",
    "internal:regexp",
];

/// A tenant's module before it is declared.
struct Part {
    kind: ModuleKind,
    index: u32,
    /// Its bytes, once they had to be fetched ahead.
    bytes: Option<Vec<u8>>,
    declared: bool,
}

#[derive(Default)]
struct Table {
    parts: BTreeMap<String, Part>,
    /// The name of the one that the Worker begins with.
    main: String,
    /// Whether the bundle can still be asked for.
    loading: bool,
    /// Whether the sources are to be kept: somebody may read them as files.
    keeps: bool,
}

thread_local! {
    /// How often `starting` gives one: a loop that throws is not to have megabytes brought each time.
    static STARTING_LEFT: Cell<u8> = const { Cell::new(16) };
    static TABLE: RefCell<Table> = RefCell::default();
    static BUILTINS: RefCell<BTreeMap<String, Module<'static, Declared>>> = RefCell::default();
    static VALUES: RefCell<BTreeMap<String, Persistent<Value<'static>>>> = RefCell::default();
    /// CommonJS modules that are to run.
    static SCRIPTS: RefCell<BTreeMap<String, Persistent<Function<'static>>>> = RefCell::default();
}

/// A module's name as others resolve it: in the folder of the one that names it unless it begins
/// with a slash, without `./`, with `..` applied; none if it leads out of the Worker.
fn normal(base: &str, name: &str) -> Option<String> {
    let mut path: Vec<&str> = Vec::new();
    if !name.starts_with('/')
        && let Some((folder, _)) = base.rsplit_once('/')
    {
        path.extend(folder.split('/'));
    }
    for part in name.split('/') {
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

/// The same of a name that is a module's own.
fn own(name: &str) -> String {
    normal("", name).unwrap_or_else(|| name.to_owned())
}

/// Whether a name is not the tenant's to define.
pub(crate) fn is_reserved(name: &str) -> bool {
    ["internal:", "node:", "cloudflare:"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// Finds the module that a specifier means.
pub struct Resolver;

impl rquickjs::loader::Resolver for Resolver {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<String> {
        if KNOWS_ATTRIBUTES.get() && attributes.is_some_and(|all| all.keys().next().is_some()) {
            let message = "Unrecognized import attributes specified";
            return Err(rquickjs::Exception::throw_message(ctx, message));
        }
        let trusted = is_reserved(base);
        if name.starts_with("internal:") {
            // The first import of all has no module for a base.
            let booting = crate::vm::vm().is_none();
            if trusted || booting {
                return Ok(name.to_owned());
            }
        } else if is_reserved(name) {
            // What the platform's own modules are made of is there for them.
            if trusted {
                return Ok(name.to_owned());
            }
            if offered::is_there(name) {
                return Ok(offered::as_dated(name).to_owned());
            }
        } else {
            let here = name.strip_prefix(BUNDLE).filter(|_| HAS_ADDRESSES.get());
            let found = here.map_or_else(|| normal(base, name), |name| normal("", name));
            let found =
                found.filter(|name| TABLE.with_borrow(|table| table.parts.contains_key(name)));
            if let Some(found) = found {
                return Ok(found);
            }
            let built_in = format!("node:{name}");
            if offered::has_node() && offered::is_there(&built_in) && builtin(&built_in).is_some() {
                return Ok(offered::as_dated(&built_in).to_owned());
            }
        }
        Err(not_found(ctx, base, name, false))
    }
}

/// What is said of a specifier that means no module.
pub(crate) fn not_found(ctx: &Ctx<'_>, base: &str, name: &str, is_required: bool) -> Error {
    let from = if is_required { "" } else { base };
    if is_reserved(name) {
        return no_such_module(ctx, name, from);
    }
    match normal(base, name) {
        Some(_) if name.contains("://") && HAS_ADDRESSES.get() => no_such_module(ctx, name, from),
        Some(_) if offered::is_nodes(name) => no_such_module(ctx, &format!("node:{name}"), from),
        Some(name) if name.is_empty() => no_such_module(ctx, ".", from),
        Some(name) => no_such_module(ctx, &name, from),
        // The field tells the three ways to name one apart.
        None if is_required => {
            Thrown::throw_type(ctx, &format!("Invalid module specifier \"{name}\"."))
        }
        None if TABLE.with_borrow(|table| table.loading) => {
            let message =
                format!("Invalid module specifier \"{name}\".\n  imported from \"{base}\".");
            Thrown::throw_type(ctx, &message)
        }
        None => Thrown::throw_message(ctx, &format!("No such module \"{name}\"")),
    }
}

pub(crate) fn no_such_module(ctx: &Ctx<'_>, name: &str, base: &str) -> Error {
    let is_loading = TABLE.with_borrow(|table| table.loading);
    let from = if base.is_empty() || base.starts_with('<') || !is_loading {
        String::new()
    } else {
        format!("\n  imported from \"{base}\"")
    };
    let message = match HAS_ADDRESSES.get() && !is_loading {
        true if is_reserved(name) || name.contains("://") => format!("Module not found: {name}"),
        true => format!("Module not found: {BUNDLE}{name}"),
        false => format!("No such module \"{name}\".{from}"),
    };
    match Thrown::from_message(ctx.clone(), &message) {
        Ok(error) => ctx.throw(error.into_object().into_value()),
        Err(error) => error,
    }
}

/// The address of the folder in which a Worker's modules lie.
const BUNDLE: &str = "file:///bundle/";

thread_local! {
    /// Whether modules have addresses, which `import.meta` tells.
    static HAS_ADDRESSES: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    /// Whether attributes of imports, of which none is known, are refused.
    static KNOWS_ATTRIBUTES: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The address of one of a Worker's modules, where they have any.
pub fn address(name: &str) -> Option<String> {
    let is_part = |table: &std::cell::RefCell<Table>| {
        let table = table.try_borrow().ok();
        table.is_some_and(|table| table.parts.contains_key(name))
    };
    (HAS_ADDRESSES.get() && TABLE.with(is_part)).then(|| format!("{BUNDLE}{name}"))
}

/// The source of a module that is built in.
fn builtin(name: &str) -> Option<String> {
    if let Some((_, source)) = PRELUDE.iter().find(|(known, _)| *known == name) {
        return Some(match KEEPERS.contains(&name) {
            true => (*source).to_owned(),
            false => format!("{INTRINSICS}{source}"),
        });
    }
    let source = host::ask(SyncOp::Builtin, name.as_bytes()).ok()?;
    String::from_utf8(source).ok()
}

/// A module that is built in, to be found again by [`builtin_now`].
fn declare_builtin<'js>(
    ctx: &Ctx<'js>,
    name: &str,
    source: String,
) -> rquickjs::Result<Module<'js, Declared>> {
    let module = Module::declare(ctx.clone(), name, source)?;
    // SAFETY: only the lifetime changes. The one context lives until the process ends, a module as
    // long as its context, and what is kept here is used in that context alone.
    let kept = unsafe {
        std::mem::transmute::<Module<'js, Declared>, Module<'static, Declared>>(module.clone())
    };
    BUILTINS.with_borrow_mut(|builtins| builtins.insert(name.to_owned(), kept));
    Ok(module)
}

/// What a module that is built in exports, evaluated now if it was not; undefined if there is none.
pub(crate) fn builtin_now<'js>(ctx: &Ctx<'js>, name: &str) -> rquickjs::Result<Value<'js>> {
    let name = offered::as_dated(name);
    let known = BUILTINS.with_borrow(|builtins| builtins.get(name).cloned());
    let module = match known {
        // SAFETY: as where it was kept.
        Some(module) => unsafe {
            std::mem::transmute::<Module<'static, Declared>, Module<'js, Declared>>(module)
        },
        None => {
            let allowed = is_reserved(name) && offered::is_there(name);
            match builtin(name).filter(|_| allowed) {
                Some(source) => declare_builtin(ctx, name, source)?,
                None => return Ok(Value::new_undefined(ctx.clone())),
            }
        }
    };
    let (module, promise) = module.eval()?;
    if promise.state() == PromiseState::Rejected {
        return promise
            .result::<Value>()
            .unwrap_or_else(|| Ok(Value::new_undefined(ctx.clone())));
    }
    Ok(module.namespace()?.into_value())
}

/// Makes modules of sources.
pub struct Loader;

impl rquickjs::loader::Loader for Loader {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<Module<'js, Declared>> {
        if is_reserved(name) {
            let source = builtin(name).ok_or_else(|| no_such_module(ctx, name, ""))?;
            return declare_builtin(ctx, name, source);
        }
        let (kind, bytes) = take(name).ok_or_else(|| no_such_module(ctx, name, ""))?;
        declare(ctx, name, kind, bytes)
    }
}

/// A tenant's module, to be declared now.
fn take(name: &str) -> Option<(ModuleKind, Vec<u8>)> {
    TABLE.with_borrow_mut(|table| {
        let (loading, keeps) = (table.loading, table.keeps);
        let part = table.parts.get_mut(name)?;
        part.declared = true;
        let kept = if keeps {
            part.bytes.clone()
        } else {
            part.bytes.take()
        };
        let bytes = match kept {
            Some(bytes) => bytes,
            None if loading => host::ask(SyncOp::Module, &part.index.to_le_bytes()).ok()?,
            None => return None,
        };
        Some((part.kind, bytes))
    })
}

fn declare<'js>(
    ctx: &Ctx<'js>,
    name: &str,
    kind: ModuleKind,
    bytes: Vec<u8>,
) -> rquickjs::Result<Module<'js, Declared>> {
    let value: Value = match kind {
        ModuleKind::EsModule | ModuleKind::ServiceWorker => {
            let source = program(ctx, name, bytes)?;
            touch_globals(ctx, &source)?;
            let module = Module::declare(ctx.clone(), name, source)?;
            if HAS_ADDRESSES.get() {
                let hook: Function = crate::vm::hooks(ctx)?.get("importMeta")?;
                let is_main = TABLE.with_borrow(|table| table.main == name);
                hook.call::<_, ()>((module.meta()?, name, is_main))?;
            }
            return Ok(module);
        }
        ModuleKind::CommonJs => {
            let source = program(ctx, name, bytes)?;
            note_mentioned(&source);
            // It runs in its turn, when what stands before it has been evaluated.
            let script = crate::commonjs::compiled(ctx, name, &source)?;
            let script = Persistent::save(ctx, script);
            SCRIPTS.with_borrow_mut(|scripts| scripts.insert(name.to_owned(), script));
            return Module::declare_def::<DefaultExport, _>(ctx.clone(), name);
        }
        ModuleKind::Text => {
            rquickjs::String::from_str(ctx.clone(), &text(ctx, name, bytes)?)?.into_value()
        }
        ModuleKind::Json => {
            let parsed = ctx.json_parse(bytes);
            parsed.map_err(|error| match error {
                Error::Exception => {
                    let thrown = Exception::of(ctx, &ctx.catch());
                    Thrown::throw_syntax(ctx, &format!("{name}: {}", thrown.message))
                }
                other => other,
            })?
        }
        ModuleKind::Data => ArrayBuffer::new(ctx.clone(), bytes)?.into_value(),
        ModuleKind::Wasm => wasm_module(ctx, bytes)?,
    };
    let value = Persistent::save(ctx, value);
    VALUES.with_borrow_mut(|values| values.insert(name.to_owned(), value));
    Module::declare_def::<DefaultExport, _>(ctx.clone(), name)
}

/// Makes the globals that are made when they are first looked at, if a module seems to use them, so
/// that a snapshot has them.
fn touch_globals(ctx: &Ctx<'_>, source: &str) -> rquickjs::Result<()> {
    for name in ["Buffer", "process"] {
        if offered::has_node() && source.contains(name) {
            ctx.globals().get::<_, Value>(name)?;
        }
    }
    note_mentioned(source);
    Ok(())
}

/// A program's text. The engine takes none with a zero in it, which may stand in literals and comments
/// and nowhere else: so may its escape.
fn program(ctx: &Ctx<'_>, name: &str, bytes: Vec<u8>) -> rquickjs::Result<String> {
    let source = text(ctx, name, bytes)?;
    Ok(match source.contains('\0') {
        true => source.replace('\0', "\\x00"),
        false => source,
    })
}

fn text(ctx: &Ctx<'_>, name: &str, bytes: Vec<u8>) -> rquickjs::Result<String> {
    String::from_utf8(bytes)
        .map_err(|_| Thrown::throw_type(ctx, &format!("module \"{name}\" is not valid UTF-8")))
}

/// What `import module from "./x.wasm"` gives.
fn wasm_module<'js>(ctx: &Ctx<'js>, bytes: Vec<u8>) -> rquickjs::Result<Value<'js>> {
    let hooks = crate::vm::hooks(ctx)?;
    let hook: Function = hooks.get("wasmModule")?;
    hook.call((ArrayBuffer::new(ctx.clone(), bytes)?,))
}

/// A module whose default export was made before it.
struct DefaultExport;

impl ModuleDef for DefaultExport {
    fn declare(declarations: &Declarations) -> rquickjs::Result<()> {
        declarations.declare("default")?;
        Ok(())
    }

    fn evaluate<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> rquickjs::Result<()> {
        let name: String = exports.module().name()?;
        if let Some(script) = SCRIPTS.with_borrow_mut(|scripts| scripts.remove(&name)) {
            let script = script.restore(ctx)?;
            exports.export("default", crate::commonjs::run(ctx, &name, &script)?)?;
        } else if let Some(value) = VALUES.with_borrow_mut(|values| values.remove(&name)) {
            exports.export("default", value.restore(ctx)?)?;
        }
        Ok(())
    }
}

/// Evaluates the tenant's modules and tells the host what they handle.
///
/// # Errors
/// What they threw, or why they cannot be loaded.
pub fn load(vm: &crate::vm::Vm) -> Result<(), Exception> {
    let internal = |what: &str| Exception::new("Error", format!("the bundle {what}"));
    let bytes =
        host::ask(SyncOp::Bundle, &[]).map_err(|code| internal(&format!("is missing: {code}")))?;
    let bundle: Bundle = postcard::from_bytes(&bytes).map_err(|_| internal("cannot be decoded"))?;
    KNOWS_ATTRIBUTES.set(
        bundle
            .flags
            .contains(&"throw_on_unrecognized_import_assertion"),
    );
    let main = own(bundle.main);
    let mut kind = ModuleKind::EsModule;
    HAS_ADDRESSES.set(bundle.flags.contains(&"new_module_registry"));
    TABLE.with_borrow_mut(|table| {
        table.loading = true;
        table.main.clone_from(&main);
        for (index, module) in (0..).zip(&bundle.modules) {
            let name = own(module.name);
            if name == main {
                kind = module.kind;
            }
            let part = Part {
                kind: module.kind,
                index,
                bytes: None,
                declared: false,
            };
            table.parts.insert(name, part);
        }
    });
    offered::decide(&bundle.flags);
    vm.with(|ctx| {
        configure(&ctx, &bundle)
            .catch(&ctx)
            .map_err(|error| Exception::caught(&ctx, error))
    })?;
    vm.with(|ctx| {
        let promise = start(&ctx, &main, kind)
            .catch(&ctx)
            .map_err(|error| Exception::caught(&ctx, error))?;
        let Some(promise) = promise else {
            return Ok(());
        };
        while promise.state() == PromiseState::Pending && ctx.execute_pending_job() {}
        if promise.state() == PromiseState::Pending {
            return Err(Exception::new(
                "Error",
                "Top-level await in module is unsettled.",
            ));
        }
        promise
            .finish::<Object>()
            .and_then(|exports| hook(&ctx, "loaded", (exports,)))
            .catch(&ctx)
            .map_err(|error| Exception::caught(&ctx, error))
    })?;
    vm.run_jobs();
    // A snapshot remembers no rejections: they would be told of in every isolate.
    vm.with(|ctx| drop(crate::rejections::take(&ctx)));
    keep_the_rest();
    vm.with(|ctx| {
        prepare_mentioned(&ctx)
            .catch(&ctx)
            .map_err(|error| Exception::caught(&ctx, error))
    })?;
    drop(bytes);
    crate::rest::leave(vm);
    Ok(())
}

thread_local! {
    /// Modules of Node that the tenant's sources name in quotes.
    static MENTIONED: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// More than there are.
const MENTIONED_MAX: usize = 128;

/// What of Node a source names: `"node:NAME"`, and `NAME` where it is imported or required by a call.
fn note_mentioned(source: &str) {
    if !offered::has_node() {
        return;
    }
    const CALLS: &[&str] = &["import(", "require(", "getBuiltinModule("];
    MENTIONED.with_borrow_mut(|mentioned| {
        for quote in ['"', '\'', '`'] {
            for (at, _) in source.match_indices(quote) {
                let rest = &source[at + 1..];
                let name = rest.split(quote).next().unwrap_or_default();
                let known = match name.strip_prefix("node:") {
                    Some(name) => name,
                    None if CALLS.iter().any(|call| source[..at].ends_with(call)) => name,
                    None => continue,
                };
                let is_name =
                    |byte: u8| byte.is_ascii_lowercase() || b"_/0123456789".contains(&byte);
                if known.len() <= 32
                    && known.bytes().all(is_name)
                    && mentioned.len() < MENTIONED_MAX
                {
                    mentioned.insert(format!("node:{known}"));
                }
            }
        }
        if source.contains("inspect") || source.contains("formatWithOptions") {
            mentioned.insert(INSPECT.to_owned());
        }
    });
}

/// What `util.inspect` with options is made of; `node:util` looks for it when it is first called.
const INSPECT: &str = "internal:node/inspect";

/// Evaluates what handlers will ask for, so that the snapshot has it: made in a handler, every new
/// isolate would make it anew, out of a request's CPU time.
fn prepare_mentioned(ctx: &Ctx<'_>) -> rquickjs::Result<()> {
    // What nobody has imported until now has to be a program too, and is one already when a handler
    // imports it.
    let undeclared = TABLE.with_borrow(|table| {
        let parts = table.parts.iter().filter(|(_, part)| {
            !part.declared && matches!(part.kind, ModuleKind::EsModule | ModuleKind::CommonJs)
        });
        parts.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    });
    for name in undeclared {
        if let Some((kind, bytes)) = take(&name) {
            declare(ctx, &name, kind, bytes)?;
        }
    }
    let inspects = MENTIONED.with_borrow_mut(|mentioned| mentioned.remove(INSPECT));
    for name in MENTIONED.take() {
        // One that fails fails again where it is asked for.
        if builtin_now(ctx, &name).is_err() {
            drop(ctx.catch());
        }
    }
    if inspects && BUILTINS.with_borrow(|builtins| builtins.contains_key("node:util")) {
        builtin_now(ctx, INSPECT)?;
    }
    Ok(())
}

fn hook<'js, A>(ctx: &Ctx<'js>, name: &str, arguments: A) -> rquickjs::Result<()>
where
    A: rquickjs::function::IntoArgs<'js>,
{
    let hooks = crate::vm::hooks(ctx)?;
    crate::vm::call(&hooks, name, arguments)
}

fn configure(ctx: &Ctx<'_>, bundle: &Bundle<'_>) -> rquickjs::Result<()> {
    hook(
        ctx,
        "configure",
        (bundle.compatibility_date, bundle.flags.clone()),
    )
}

/// Starts evaluating the main module. A classic script has been evaluated when this returns.
fn start<'js>(
    ctx: &Ctx<'js>,
    main: &str,
    kind: ModuleKind,
) -> rquickjs::Result<Option<Promise<'js>>> {
    if kind != ModuleKind::ServiceWorker {
        return Module::import(ctx, main).map(Some);
    }
    let (_, bytes) = take(main).ok_or_else(|| no_such_module(ctx, main, ""))?;
    let source = program(ctx, main, bytes)?;
    hook(ctx, "classic", ())?;
    let mut options = rquickjs::context::EvalOptions::default();
    options.strict = false;
    options.filename = Some(main.to_owned());
    ctx.eval_with_options::<Value, _>(source, options)?;
    hook(ctx, "loaded", (Value::new_null(ctx.clone()),))?;
    Ok(None)
}

/// Fetches what was not imported yet: a later `import()` finds no bundle to ask for.
fn keep_the_rest() {
    TABLE.with_borrow_mut(|table| {
        for part in table.parts.values_mut() {
            if !part.declared || table.keeps {
                part.bytes = host::ask(SyncOp::Module, &part.index.to_le_bytes()).ok();
            }
        }
        table.loading = false;
    });
}

/// The source of a module, while the Worker starts.
pub fn starting(name: &str) -> Option<String> {
    let left = STARTING_LEFT.get().checked_sub(1)?;
    let bytes = TABLE.with_borrow(|table| {
        let part = table.parts.get(name).filter(|_| table.loading)?;
        host::ask(SyncOp::Module, &part.index.to_le_bytes()).ok()
    })?;
    STARTING_LEFT.set(left);
    String::from_utf8(bytes).ok()
}

/// The names of the bundle's modules. From now on their sources are kept.
fn bundle_names() -> Vec<String> {
    TABLE.with_borrow_mut(|table| {
        table.keeps |= table.loading;
        table.parts.keys().cloned().collect()
    })
}

/// The bytes of a module of the bundle, if they were kept.
fn bundle_file(ctx: Ctx<'_>, name: String) -> rquickjs::Result<Value<'_>> {
    let bytes = TABLE.with_borrow(|table| {
        let part = table.parts.get(&name)?;
        match &part.bytes {
            Some(bytes) => Some(bytes.clone()),
            None if table.loading => host::ask(SyncOp::Module, &part.index.to_le_bytes()).ok(),
            None => None,
        }
    });
    match bytes {
        Some(bytes) => Ok(ArrayBuffer::new(ctx, bytes)?.into_value()),
        None => Ok(Value::new_undefined(ctx)),
    }
}

/// Adds the functions on modules to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> rquickjs::Result<()> {
    native.set("bundleNames", Func::from(bundle_names))?;
    native.set("bundleFile", Func::from(bundle_file))?;
    native.set(
        "builtin",
        Func::from(|ctx: Ctx<'js>, name: String| builtin_now(&ctx, &name)),
    )?;
    native.set(
        "uploadedPart",
        Func::from(|ctx: Ctx<'js>, name: String| crate::commonjs::part(&ctx, &name)),
    )?;
    native.set(
        "require",
        Func::from(|ctx: Ctx<'js>, base: String, name: String| {
            crate::commonjs::require(&ctx, &base, &name)
        }),
    )?;
    native.set(
        "loaded",
        Func::from(
            |handlers: Vec<String>,
             names: Vec<String>,
             handled: Vec<Vec<String>>,
             env_read: bool| {
                let loaded = postern_abi::bundle::Loaded {
                    handlers: handlers.iter().map(String::as_str).collect(),
                    entrypoints: names
                        .iter()
                        .zip(&handled)
                        .map(|(name, handlers)| {
                            (name.as_str(), handlers.iter().map(String::as_str).collect())
                        })
                        .collect(),
                    env_read,
                };
                let argument = postcard::to_allocvec(&loaded).unwrap_or_default();
                // A host that does not want to know it is fine too.
                let _ = host::ask(SyncOp::Loaded, &argument);
            },
        ),
    )
}
