//! The runtime and its one context: made once, when the engine boots.

use crate::exception::Exception;
use crate::{kept, modules, natives, rejections, rest, serve, tasks};
use rquickjs::{CatchResultExt, Context, Ctx, Function, Module, Object, Persistent, Runtime, qjs};
use std::cell::Cell;

// What this crate's QuickJS has besides.
unsafe extern "C" {
    fn JS_FreezeHeap(runtime: *mut qjs::JSRuntime);
}

/// Bytes of the native stack that JavaScript may use, so that endless recursion is a RangeError and
/// not a trap. The linker gives the stack 1 MiB.
const STACK: usize = 896 * 1024;
/// Bytes allocated before the first collection of cycles.
const GC_THRESHOLD: usize = 512 * 1024;

/// Everything that lives as long as the engine.
pub struct Vm {
    runtime: Runtime,
    context: Context,
    hooks: Persistent<Object<'static>>,
}

thread_local! {
    /// A guest has one thread; a test has one of its own.
    static VM: Cell<Option<&'static Vm>> = const { Cell::new(None) };
}

/// The engine, once it is booted.
pub fn vm() -> Option<&'static Vm> {
    VM.get()
}

impl Vm {
    /// Calls one of the hooks that `prelude/main.js` exports, then runs what that made ready.
    /// `arguments` makes the hook's arguments.
    ///
    /// # Errors
    /// What the hook threw, which is a fault of the prelude.
    pub fn event<F>(&self, f: F) -> Result<(), Exception>
    where
        F: for<'js> FnOnce(&Ctx<'js>, &Object<'js>) -> rquickjs::Result<()>,
    {
        let result = self.context.with(|ctx| {
            let hooks = self.hooks.clone().restore(&ctx);
            hooks
                .and_then(|hooks| f(&ctx, &hooks))
                .catch(&ctx)
                .map_err(|error| Exception::caught(&ctx, error))
        });
        self.settle().and(result)
    }

    /// Runs what an event made ready, answers the requests whose handlers are done, and tells of
    /// promises that nobody handles.
    ///
    /// # Errors
    /// What a hook threw.
    pub fn settle(&self) -> Result<(), Exception> {
        tasks::begin();
        loop {
            self.run_jobs();
            if !serve::is_idle() && self.context.with(|ctx| serve::sweep(&ctx))? {
                continue;
            }
            if tasks::are_none() || !self.context.with(|ctx| tasks::run_one(&ctx))? {
                break;
            }
        }
        self.tell_rejections();
        Ok(())
    }

    /// Tells the tenant of promises that were rejected and that nobody handles, until that makes
    /// no more of them.
    fn tell_rejections(&self) {
        /// Rounds of rejections that telling of rejections may make.
        const ROUNDS: u32 = 16;
        for _ in 0..ROUNDS {
            if rejections::are_none() {
                return;
            }
            let told = self.context.with(|ctx| rejections::tell(&ctx));
            if !told {
                return;
            }
            self.run_jobs();
        }
    }

    /// Runs the microtasks that are ready, and those they make ready.
    pub fn run_jobs(&self) {
        // A job that throws has told its promise; there is nobody else to tell.
        while !matches!(self.runtime.execute_pending_job(), Ok(false)) {}
    }

    /// Runs `f` in the context.
    pub fn with<R>(&self, f: impl for<'js> FnOnce(Ctx<'js>) -> R) -> R {
        self.context.with(f)
    }

    /// The context, while somebody else holds the runtime.
    #[cfg(feature = "profile")]
    pub fn raw(&self) -> *mut rquickjs::qjs::JSContext {
        self.context.as_raw().as_ptr()
    }

    /// Objects and bytes that the runtime holds.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn holds(&self) -> (i64, i64) {
        self.runtime.run_gc();
        let usage = self.runtime.memory_usage();
        (usage.obj_count, usage.malloc_size)
    }

    /// Collects cycles, so that a snapshot holds no garbage, and has the collector leave alone what
    /// is there then.
    pub fn freeze(&self) {
        self.runtime.run_gc();
        self.context.with(|ctx| {
            // SAFETY: the runtime is that of a living context, and nothing runs in it.
            unsafe { JS_FreezeHeap(qjs::JS_GetRuntime(ctx.as_raw().as_ptr())) }
        });
    }
}

/// Makes the runtime and the context and evaluates the prelude.
///
/// # Errors
/// What the prelude threw.
pub fn boot() -> Result<(), Exception> {
    let failed = |error: rquickjs::Error| Exception::new("Error", error.to_string());
    let runtime = Runtime::new().map_err(failed)?;
    runtime.set_max_stack_size(if cfg!(target_arch = "wasm32") {
        STACK
    } else {
        0
    });
    runtime.set_gc_threshold(GC_THRESHOLD);
    runtime.set_loader(modules::Resolver, modules::Loader);
    rejections::track(&runtime);
    let context = Context::full(&runtime).map_err(failed)?;
    let hooks = context.with(|ctx| {
        prelude(&ctx)
            .catch(&ctx)
            .map_err(|error| Exception::caught(&ctx, error))
    })?;
    let vm = Vm {
        runtime,
        context,
        hooks,
    };
    vm.run_jobs();
    vm.context.with(|ctx| kept::keep(&ctx)).map_err(failed)?;
    let vm: &Vm = Box::leak(Box::new(vm));
    VM.set(Some(vm));
    rest::leave(vm);
    Ok(())
}

fn prelude(ctx: &Ctx<'_>) -> rquickjs::Result<Persistent<Object<'static>>> {
    let globals = ctx.globals();
    globals.set("__native", natives::object(ctx)?)?;
    let main = Module::import(ctx, "internal:main")?;
    while ctx.execute_pending_job() {}
    let main: Object = main.finish()?;
    globals.remove("__native")?;
    let hooks: Object = main.get("default")?;
    serve::prepare(ctx, &hooks)?;
    Ok(Persistent::save(ctx, hooks))
}

/// Calls a function of the hooks with these arguments.
pub fn call<'js, A>(hooks: &Object<'js>, name: &str, arguments: A) -> rquickjs::Result<()>
where
    A: rquickjs::function::IntoArgs<'js>,
{
    let hook: Function = hooks.get(name)?;
    hook.call(arguments)
}

/// The hooks, while the engine is booted.
///
/// # Errors
/// Before that.
pub fn hooks<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
    match vm() {
        Some(vm) => vm.hooks.clone().restore(ctx),
        None => Err(rquickjs::Exception::throw_internal(
            ctx,
            "the engine is not booted",
        )),
    }
}
