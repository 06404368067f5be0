//! The iterators of `Headers`, `URLSearchParams` and `FormData`: each step is taken here, and loops
//! of JavaScript take it without an object for its result.
//!
//! The classes are in `prelude/shape.js`, which gives their prototypes.

use crate::class::{self, Held};
use crate::headers::{Flat, HeaderList};
use crate::params::Params;
use crate::raw::{self, Cx, UNDEFINED, Val, callbacks};
use crate::shape::ILLEGAL;
use crate::url::Shared;
use rquickjs::class::Class;
use rquickjs::{Ctx, Object, Value, qjs};
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_int};
use std::rc::Rc;
use std::sync::atomic::AtomicU32;

/// What an iterator gives: names, values, or pairs of both.
const NAMES: u8 = 0;
const VALUES: u8 = 1;
const PAIRS: u8 = 2;

/// Where items come from.
enum Source {
    /// Header fields as they were when the iterator was made.
    Fields(Flat),
    /// The parameters of a query as they are.
    Params(Rc<RefCell<Shared>>),
    /// An array of names and values in turn, as it is.
    List(Val),
}

/// An iterator.
struct Items {
    kind: u8,
    source: Source,
    at: u32,
}

static ID: AtomicU32 = AtomicU32::new(0);

impl Held for Items {
    const NAME: &'static CStr = c"Iterator";

    fn id() -> &'static AtomicU32 {
        &ID
    }

    fn each(&self, f: &mut dyn FnMut(Val)) {
        if let Source::List(list) = self.source {
            f(list);
        }
    }
}

thread_local! {
    static PROTOTYPES: Cell<[Val; 3]> = const { Cell::new([UNDEFINED; 3]) };
}

fn iterator(cx: Cx, kind: u8, source: Source) -> Val {
    let prototype = PROTOTYPES.get()[usize::from(kind)];
    class::object(
        cx,
        prototype,
        Items {
            kind,
            source,
            at: 0,
        },
    )
}

/// The magic number of `next`: by it QuickJS tells `done` before `value`, as workerd does.
const DONE_FIRST: c_int = 0x100;

/// The next item; `done` is told apart from it.
unsafe extern "C" fn next(
    ctx: *mut qjs::JSContext,
    this: Val,
    _argc: c_int,
    _argv: *mut Val,
    done: *mut c_int,
    magic: c_int,
) -> Val {
    let cx = Cx(ctx);
    // SAFETY: QuickJS passes a place for it.
    let tell = |is_done: bool| unsafe { *done = is_done.into() };
    tell(false);
    let kind = (magic & !DONE_FIRST) as u8;
    let found = class::held::<Items>(this).filter(|items| items.kind == kind);
    let Some(items) = found else {
        return cx.throw_type(ILLEGAL);
    };
    let at = items.at as usize;
    let item = match &items.source {
        Source::Fields(fields) => fields
            .get(at)
            .map(|(name, value)| item(cx, kind, |cx| cx.name(name), |cx| cx.lossy(value))),
        Source::Params(shared) => (shared.borrow().pairs.get(at))
            .map(|(name, value)| item(cx, kind, |cx| cx.lossy(name), |cx| cx.lossy(value))),
        Source::List(list) => {
            let list = *list;
            let element = |at: usize| cx.element(list, at as u32);
            // Names are never undefined.
            let name = element(2 * at);
            if raw::is_undefined(name) {
                None
            } else {
                let item = item(cx, kind, |cx| cx.dup(name), |_| element(2 * at + 1));
                cx.free(name);
                Some(item)
            }
        }
    };
    let Some(item) = item else {
        // What is added later comes later.
        tell(true);
        return UNDEFINED;
    };
    items.at = items.at.saturating_add(1);
    item
}

fn item(cx: Cx, kind: u8, name: impl FnOnce(Cx) -> Val, value: impl FnOnce(Cx) -> Val) -> Val {
    match kind {
        NAMES => name(cx),
        VALUES => value(cx),
        _ => cx.array([name(cx), value(cx)]),
    }
}

unsafe extern "C" fn itself(
    ctx: *mut qjs::JSContext,
    this: Val,
    _argc: c_int,
    _argv: *mut Val,
) -> Val {
    Cx(ctx).dup(this)
}

/// Makes an iterator of a `Headers`.
unsafe extern "C" fn of_headers<const KIND: u8>(
    ctx: *mut qjs::JSContext,
    this: Val,
    _argc: c_int,
    _argv: *mut Val,
) -> Val {
    let cx = Cx(ctx);
    match crate::parts::with_list(cx, this, |list: &mut HeaderList| list.flat()) {
        Some(fields) => iterator(cx, KIND, Source::Fields(fields)),
        None => cx.throw_type(ILLEGAL),
    }
}

/// Makes an iterator of a `URLSearchParams`.
unsafe extern "C" fn of_params<const KIND: u8>(
    ctx: *mut qjs::JSContext,
    this: Val,
    _argc: c_int,
    _argv: *mut Val,
) -> Val {
    let cx = Cx(ctx);
    // SAFETY: within a callback; the value is borrowed and lives meanwhile.
    let this = unsafe { Value::from_raw(cx.ctx(), cx.dup(this)) };
    match Class::<Params>::from_value(&this) {
        Ok(params) => iterator(cx, KIND, Source::Params(params.borrow().0.clone())),
        Err(_) => cx.throw_type(ILLEGAL),
    }
}

callbacks! {
    /// `iterateList(list, kind)`: an iterator of an array of names and values in turn.
    of_list(cx, _this, arguments) {
        // SAFETY: the prelude passes a small number.
        let kind = unsafe { qjs::JS_VALUE_GET_INT(arguments.get(1)) };
        let kind = u8::try_from(kind).unwrap_or(PAIRS).min(PAIRS);
        iterator(cx, kind, Source::List(cx.dup(arguments.get(0))))
    }
}

callbacks! {
    /// `iteratorPrototypes(names, values, pairs)`: gives their `next` and `[Symbol.iterator]` too.
    prototypes(cx, _this, arguments) {
        let all = [NAMES, VALUES, PAIRS].map(|kind| cx.dup(arguments.get(kind.into())));
        PROTOTYPES.set(all);
        for (kind, prototype) in all.into_iter().enumerate() {
            // SAFETY: the function is of the type that this kind of function is called as; the name is
            // copied.
            let function = unsafe {
                let next: unsafe extern "C" fn(_, _, _, _, _, _) -> _ = next;
                qjs::JS_NewCFunction2(
                    cx.0,
                    Some(std::mem::transmute::<Next, raw::Callback>(next)),
                    c"next".as_ptr(),
                    0,
                    qjs::JSCFunctionEnum_JS_CFUNC_iterator_next,
                    DONE_FIRST | kind as c_int,
                )
            };
            cx.define(prototype, c"next", function);
            let symbol = cx.function(c"", itself);
            cx.define_iterator(prototype, symbol);
        }
        UNDEFINED
    }
}

type Next =
    unsafe extern "C" fn(*mut qjs::JSContext, Val, c_int, *mut Val, *mut c_int, c_int) -> Val;

/// Adds to the natives what the prelude makes classes iterable with.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> rquickjs::Result<()> {
    let cx = Cx(ctx.as_raw().as_ptr());
    class::register::<Items>(cx);
    cx.method(native.as_raw(), c"iterateList", of_list);
    cx.method(native.as_raw(), c"iteratorPrototypes", prototypes);
    let classes: [(&str, [raw::Callback; 3]); 2] = [
        (
            "headersIterators",
            [
                of_headers::<NAMES>,
                of_headers::<VALUES>,
                of_headers::<PAIRS>,
            ],
        ),
        (
            "paramsIterators",
            [of_params::<NAMES>, of_params::<VALUES>, of_params::<PAIRS>],
        ),
    ];
    for (name, [names, values, pairs]) in classes {
        let members = Object::new(ctx.clone())?;
        cx.method(members.as_raw(), c"entries", pairs);
        cx.method(members.as_raw(), c"keys", names);
        cx.method(members.as_raw(), c"values", values);
        cx.define_iterator(members.as_raw(), cx.function(c"", pairs));
        native.set(name, members)?;
    }
    Ok(())
}
