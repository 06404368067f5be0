//! The tokens that handlers of an `HTMLRewriter` get: `Element`, `EndTag`, `Text`, `Comment`,
//! `Doctype`, `DocumentEnd`. Their objects hold a number alone; what they are asked is asked of the
//! host, where the token is.
//!
//! # Implementation
//!
//! What workerd's tokens have as properties of their own are theirs here as well: QuickJS asks
//! [`get_own`] for them.

mod kind;

use self::kind::{Kind, Property};
use crate::class::{self, Held};
use crate::host;
use crate::raw::{
    self, Arguments, Callback, Cx, EXCEPTION, NULL, UNDEFINED, Val, is_exception, is_nullish,
    is_object,
};
use crate::shape::ILLEGAL;
use postern_abi::SyncOp;
use postern_abi::rewriter::{TokenCommand as Command, answer};
use rquickjs::{Ctx, Function, Object, Value, qjs};
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_int};
use std::sync::atomic::AtomicU32;

const STALE: &str = "This content token is no longer valid. Content tokens are only valid during the execution of the relevant content handler.";
const NO_STREAM: &str = "Replacing content in HTML comments using a ReadableStream or Response object is not implemented. You must provide a string.";

/// A token; its rewriter's handle is 0 once its handler is over.
struct Token {
    rewriter: u32,
    kind: Kind,
    /// How often attributes were changed.
    edits: u32,
}

static TOKEN: AtomicU32 = AtomicU32::new(0);

impl Held for Token {
    const NAME: &'static CStr = c"Token";

    fn id() -> &'static AtomicU32 {
        &TOKEN
    }

    fn each(&self, _: &mut dyn FnMut(Val)) {}
}

thread_local! {
    /// The names of [`Property::ALL`], as QuickJS has them.
    static NAMES: RefCell<Vec<qjs::JSAtom>> = const { RefCell::new(Vec::new()) };
    /// `content(rewriter, value)`, `endTag(rewriter, f)` and `attributes(token)` of
    /// `prelude/rewriter.js`.
    static HELPERS: Cell<[Val; 3]> = const { Cell::new([UNDEFINED; 3]) };
}

const CONTENT: usize = 0;
const END_TAG: usize = 1;
const ATTRIBUTES: usize = 2;

fn helper(cx: Cx, which: usize, arguments: &[Val]) -> Val {
    cx.call(HELPERS.get()[which], UNDEFINED, arguments)
}

/// What a member was called on: the rewriter's handle (0 if the token is stale) and the kind.
fn this(cx: Cx, value: Val, kinds: &[Kind]) -> Result<(u32, Kind), Val> {
    match class::held::<Token>(value) {
        Some(token) if kinds.contains(&token.kind) => Ok((token.rewriter, token.kind)),
        _ => Err(cx.throw_type(ILLEGAL)),
    }
}

/// A value's text; a lone surrogate is three bytes of it.
fn text(cx: Cx, value: Val) -> Result<Vec<u8>, Val> {
    // SAFETY: a callback's context, for as long as this call lasts.
    let ctx = unsafe { cx.ctx() };
    // SAFETY: another handle, which the wrapper frees.
    let value = unsafe { Value::from_raw(ctx.clone(), cx.dup(value)) };
    crate::rewriter::raw(&ctx, &value).map_err(|_| EXCEPTION)
}

fn wrong_argument(cx: Cx, kind: Kind, method: &str, parameter: usize, wanted: &str) -> Val {
    cx.throw_type(&format!(
        "Failed to execute '{method}' on '{}': parameter {parameter} is not of type '{wanted}'.",
        kind.name()
    ))
}

/// Asks the token; gives the answer as a value.
fn ask(cx: Cx, rewriter: u32, command: Command, number: u32, a: &[u8], b: &[u8]) -> Val {
    if rewriter == 0 {
        return cx.throw_type(STALE);
    }
    let mut argument = Vec::with_capacity(13 + a.len() + b.len());
    argument.extend_from_slice(&rewriter.to_le_bytes());
    argument.push(command as u8);
    argument.extend_from_slice(&number.to_le_bytes());
    // A guest's memory is smaller than four gigabytes.
    argument.extend_from_slice(&(a.len() as u32).to_le_bytes());
    argument.extend_from_slice(a);
    argument.extend_from_slice(b);
    let told = match host::ask(SyncOp::RewriterToken, &argument) {
        Ok(told) => told,
        Err(code) => {
            // SAFETY: a callback's context, for as long as this call lasts.
            let ctx = unsafe { cx.ctx() };
            let _ = crate::rewriter::failed(&ctx, code);
            return EXCEPTION;
        }
    };
    let Some((&what, rest)) = told.split_first() else {
        return UNDEFINED;
    };
    match what {
        answer::NULL => NULL,
        answer::TRUE => raw::boolean(true),
        answer::FALSE => raw::boolean(false),
        answer::TEXT => cx.string(&String::from_utf8_lossy(rest)),
        answer::PAIR => pair(cx, rest),
        answer::WRONG => cx.throw_type(&format!("Parser error: {}", String::from_utf8_lossy(rest))),
        _ => UNDEFINED,
    }
}

/// `[name, value]`
fn pair(cx: Cx, bytes: &[u8]) -> Val {
    let (length, rest) = bytes.split_first_chunk().unwrap_or((&[0; 4], &[]));
    let length = u32::from_le_bytes(*length) as usize;
    let (name, value) = rest.split_at_checked(length).unwrap_or((rest, &[]));
    // SAFETY: the array takes the strings over.
    unsafe {
        let array = qjs::JS_NewArray(cx.0);
        for (at, text) in [name, value].into_iter().enumerate() {
            let text = cx.string(&String::from_utf8_lossy(text));
            qjs::JS_SetPropertyUint32(cx.0, array, at as u32, text);
        }
        array
    }
}

/// Answers with the token itself, unless something was thrown.
fn chained(cx: Cx, this: Val, told: Val) -> Val {
    if is_exception(told) {
        return told;
    }
    cx.free(told);
    cx.dup(this)
}

fn flat(result: Result<Val, Val>) -> Val {
    result.unwrap_or_else(|thrown| thrown)
}

/// The methods that take content.
fn insert(
    cx: Cx,
    token: Val,
    arguments: Arguments,
    kinds: &[Kind],
    name: &str,
    command: Command,
) -> Result<Val, Val> {
    let (rewriter, kind) = this(cx, token, kinds)?;
    let (content, options) = (arguments.get(0), arguments.get(1));
    if arguments.len() == 0 {
        let wanted = "string or JsReadableStream or Response";
        return Err(wrong_argument(cx, kind, name, 1, wanted));
    }
    // What comes later has a number.
    let mut later = None;
    if is_object(content) {
        // Handles are smaller than what a small number may be, in any run there is.
        let handle = raw::int(rewriter as i32);
        let number = helper(cx, CONTENT, &[handle, content]);
        if is_exception(number) {
            return Err(number);
        }
        let mut told = -1;
        // SAFETY: reads a number.
        unsafe { qjs::JS_ToInt32(cx.0, &raw mut told, number) };
        later = u32::try_from(told).ok();
    }
    let text = match later {
        Some(_) => Vec::new(),
        None => text(cx, content)?,
    };
    let is_html = if is_nullish(options) {
        false
    } else if is_object(options) {
        let html = cx.get(options, c"html");
        if is_exception(html) {
            return Err(html);
        }
        // SAFETY: looks at the value.
        let is_html = unsafe { qjs::JS_ToBool(cx.0, html) } != 0;
        cx.free(html);
        is_html
    } else {
        return Err(wrong_argument(cx, kind, name, 2, "ContentOptions"));
    };
    if rewriter == 0 {
        return Err(cx.throw_type(STALE));
    }
    if later.is_some() && matches!(kind, Kind::Comment | Kind::End) {
        return Err(cx.throw_type(NO_STREAM));
    }
    let number = u32::from(is_html) | later.map_or(0, |number| 2 | number << 2);
    let told = ask(cx, rewriter, command, number, &text, &[]);
    Ok(chained(cx, token, told))
}

/// An argument that must be there, as text.
fn needed(cx: Cx, arguments: Arguments, at: usize, kind: Kind, name: &str) -> Result<Vec<u8>, Val> {
    if at >= arguments.len() {
        return Err(wrong_argument(cx, kind, name, at + 1, "string"));
    }
    text(cx, arguments.get(at))
}

/// The methods on attributes.
fn attribute(
    cx: Cx,
    token: Val,
    arguments: Arguments,
    name: &str,
    command: Command,
) -> Result<Val, Val> {
    let (rewriter, kind) = this(cx, token, &[Kind::Element])?;
    let key = needed(cx, arguments, 0, kind, name)?;
    let changes = matches!(command, Command::SetAttribute | Command::RemoveAttribute);
    let value = if command == Command::SetAttribute {
        needed(cx, arguments, 1, kind, name)?
    } else {
        Vec::new()
    };
    let told = ask(cx, rewriter, command, 0, &key, &value);
    if !changes {
        return Ok(told);
    }
    if !is_exception(told)
        && let Some(token) = class::held::<Token>(token)
    {
        token.edits = token.edits.wrapping_add(1);
    }
    Ok(chained(cx, token, told))
}

fn simple(cx: Cx, token: Val, kinds: &[Kind], command: Command) -> Result<Val, Val> {
    let (rewriter, _) = this(cx, token, kinds)?;
    Ok(chained(cx, token, ask(cx, rewriter, command, 0, &[], &[])))
}

fn on_end_tag(cx: Cx, token: Val, arguments: Arguments) -> Result<Val, Val> {
    let (rewriter, kind) = this(cx, token, &[Kind::Element])?;
    let handler = arguments.get(0);
    // SAFETY: looks at the value.
    if !unsafe { qjs::JS_IsFunction(cx.0, handler) } {
        return Err(wrong_argument(cx, kind, "onEndTag", 1, "function"));
    }
    if rewriter == 0 {
        return Err(cx.throw_type(STALE));
    }
    let number = helper(cx, END_TAG, &[raw::int(rewriter as i32), handler]);
    if is_exception(number) {
        return Err(number);
    }
    let mut told = 0;
    // SAFETY: reads a number.
    unsafe { qjs::JS_ToInt32(cx.0, &raw mut told, number) };
    Ok(ask(cx, rewriter, Command::OnEndTag, told as u32, &[], &[]))
}

/// Writes the callback of a method.
macro_rules! callback {
    (|$cx:ident, $this:ident, $arguments:ident| $body:expr) => {{
        unsafe extern "C" fn callback(
            cx: *mut qjs::JSContext,
            $this: Val,
            argc: c_int,
            argv: *mut Val,
        ) -> Val {
            let $cx = Cx(cx);
            // SAFETY: QuickJS's own arguments, during the call.
            let $arguments = unsafe { Arguments::new(argc, argv) };
            let _ = $arguments;
            flat($body)
        }
        callback as Callback
    }};
}

const ELEMENT: &[Kind] = &[Kind::Element];
const MOST: &[Kind] = &[Kind::Element, Kind::EndTag, Kind::Text, Kind::Comment];
const REPLACED: &[Kind] = &[Kind::Element, Kind::Text, Kind::Comment];

/// The methods of a kind, in their order.
fn methods(kind: Kind) -> Vec<(&'static CStr, Callback)> {
    let mut all: Vec<(&'static CStr, Callback)> = Vec::new();
    if kind == Kind::Element {
        all.push((
            c"getAttribute",
            callback!(|cx, it, args| attribute(
                cx,
                it,
                args,
                "getAttribute",
                Command::GetAttribute
            )),
        ));
        all.push((
            c"hasAttribute",
            callback!(|cx, it, args| attribute(
                cx,
                it,
                args,
                "hasAttribute",
                Command::HasAttribute
            )),
        ));
        all.push((
            c"setAttribute",
            callback!(|cx, it, args| attribute(
                cx,
                it,
                args,
                "setAttribute",
                Command::SetAttribute
            )),
        ));
        all.push((
            c"removeAttribute",
            callback!(|cx, it, args| {
                attribute(cx, it, args, "removeAttribute", Command::RemoveAttribute)
            }),
        ));
    }
    if MOST.contains(&kind) {
        all.push((
            c"before",
            callback!(|cx, it, args| insert(cx, it, args, MOST, "before", Command::Before)),
        ));
        all.push((
            c"after",
            callback!(|cx, it, args| insert(cx, it, args, MOST, "after", Command::After)),
        ));
    }
    if kind == Kind::Element {
        all.push((
            c"prepend",
            callback!(|cx, it, args| insert(cx, it, args, ELEMENT, "prepend", Command::Prepend)),
        ));
        all.push((
            c"append",
            callback!(|cx, it, args| insert(cx, it, args, ELEMENT, "append", Command::Append)),
        ));
    }
    if kind == Kind::End {
        all.push((
            c"append",
            callback!(|cx, it, args| {
                insert(cx, it, args, &[Kind::End], "append", Command::AppendToEnd)
            }),
        ));
    }
    if REPLACED.contains(&kind) {
        all.push((
            c"replace",
            callback!(|cx, it, args| insert(cx, it, args, REPLACED, "replace", Command::Replace)),
        ));
    }
    if MOST.contains(&kind) {
        all.push((
            c"remove",
            callback!(|cx, it, args| simple(cx, it, MOST, Command::Remove)),
        ));
    }
    if kind == Kind::Element {
        all.push((
            c"removeAndKeepContent",
            callback!(|cx, it, args| simple(cx, it, ELEMENT, Command::RemoveAndKeepContent)),
        ));
        all.push((
            c"setInnerContent",
            callback!(|cx, it, args| {
                insert(cx, it, args, ELEMENT, "setInnerContent", Command::SetInner)
            }),
        ));
        all.push((
            c"onEndTag",
            callback!(|cx, it, args| on_end_tag(cx, it, args)),
        ));
    }
    all
}

/// The property of a token that a name means.
fn property(value: Val, name: qjs::JSAtom) -> Option<(u32, Property)> {
    let token = class::held::<Token>(value)?;
    NAMES.with_borrow(|names| {
        let mut own = token.kind.properties().iter();
        own.find(|property| names.get(**property as usize) == Some(&name))
            .map(|property| (token.rewriter, *property))
    })
}

unsafe extern "C" fn get_own(
    cx: *mut qjs::JSContext,
    descriptor: *mut qjs::JSPropertyDescriptor,
    value: Val,
    name: qjs::JSAtom,
) -> c_int {
    let cx = Cx(cx);
    let Some((rewriter, property)) = property(value, name) else {
        return 0;
    };
    // SAFETY: null, or room for a descriptor.
    let Some(descriptor) = (unsafe { descriptor.as_mut() }) else {
        return 1;
    };
    let read = match property.read() {
        Some(command) => ask(cx, rewriter, command, 0, &[], &[]),
        None if rewriter == 0 => cx.throw_type(STALE),
        None => helper(cx, ATTRIBUTES, &[value]),
    };
    if is_exception(read) {
        return -1;
    }
    let writable = if property.write().is_some() {
        qjs::JS_PROP_WRITABLE
    } else {
        0
    };
    descriptor.flags = (qjs::JS_PROP_ENUMERABLE | qjs::JS_PROP_CONFIGURABLE | writable) as c_int;
    descriptor.value = read;
    descriptor.getter = UNDEFINED;
    descriptor.setter = UNDEFINED;
    1
}

unsafe extern "C" fn own_names(
    cx: *mut qjs::JSContext,
    list: *mut *mut qjs::JSPropertyEnum,
    length: *mut u32,
    value: Val,
) -> c_int {
    let own = class::held::<Token>(value).map_or(&[][..], |token| token.kind.properties());
    // SAFETY: QuickJS frees the list with its own allocator; atoms in it are handles of its own.
    unsafe {
        *length = own.len() as u32;
        *list = std::ptr::null_mut();
        if own.is_empty() {
            return 0;
        }
        let size = own.len() * size_of::<qjs::JSPropertyEnum>();
        let all = qjs::js_malloc(cx, size as _).cast::<qjs::JSPropertyEnum>();
        if all.is_null() {
            return -1;
        }
        for (at, property) in own.iter().enumerate() {
            all.add(at).write(qjs::JSPropertyEnum {
                is_enumerable: true,
                atom: qjs::JS_NewAtom(cx, property.name().as_ptr()),
            });
        }
        *list = all;
    }
    0
}

unsafe extern "C" fn define_own(
    cx: *mut qjs::JSContext,
    target: Val,
    name: qjs::JSAtom,
    value: Val,
    getter: Val,
    setter: Val,
    flags: c_int,
) -> c_int {
    let cx = Cx(cx);
    let found = property(target, name);
    if let Some((rewriter, property)) = found
        && let Some(command) = property.write()
        && flags & qjs::JS_PROP_HAS_VALUE as c_int != 0
    {
        let told = match text(cx, value) {
            Ok(text) => ask(cx, rewriter, command, 0, &text, &[]),
            Err(thrown) => thrown,
        };
        if is_exception(told) {
            return -1;
        }
        cx.free(told);
        return 1;
    }
    let flags = flags | qjs::JS_PROP_NO_EXOTIC as c_int;
    // SAFETY: what QuickJS would have done itself.
    unsafe { qjs::JS_DefineProperty(cx.0, target, name, value, getter, setter, flags) }
}

static EXOTIC: qjs::JSClassExoticMethods = qjs::JSClassExoticMethods {
    get_own_property: Some(get_own),
    get_own_property_names: Some(own_names),
    delete_property: None,
    define_own_property: Some(define_own),
    has_property: None,
    get_property: None,
    set_property: None,
};

/// `tokenNew(prototype, rewriter, kind)`
fn make(cx: Cx, _: Val, arguments: Arguments) -> Result<Val, Val> {
    let number = |at| {
        let mut number = 0;
        // SAFETY: reads a number.
        unsafe { qjs::JS_ToInt32(cx.0, &raw mut number, arguments.get(at)) };
        number as u32
    };
    let kind = Kind::ALL.get(number(2) as usize).copied();
    let token = Token {
        rewriter: number(1),
        kind: kind.ok_or_else(|| cx.throw_type(ILLEGAL))?,
        edits: 0,
    };
    Ok(class::object(cx, arguments.get(0), token))
}

/// Adds the functions on tokens to the natives.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> rquickjs::Result<()> {
    let cx = Cx(ctx.as_raw().as_ptr());
    class::register_exotic::<Token>(cx, &EXOTIC);
    NAMES.with_borrow_mut(|names| {
        *names = Property::ALL
            .iter()
            // SAFETY: the names end with a zero.
            .map(|property| unsafe { qjs::JS_NewAtom(cx.0, property.name().as_ptr()) })
            .collect();
    });
    let object = native.as_raw();
    cx.method(
        object,
        c"tokenNew",
        callback!(|cx, it, args| make(cx, it, args)),
    );
    // `tokenEnd(token)`: its handler is over.
    cx.method(
        object,
        c"tokenEnd",
        callback!(|cx, _it, args| {
            if let Some(token) = class::held::<Token>(args.get(0)) {
                token.rewriter = 0;
            }
            let _ = cx;
            Ok(UNDEFINED)
        }),
    );
    // `tokenEdits(token)`: how often its attributes were changed.
    cx.method(
        object,
        c"tokenEdits",
        callback!(|cx, _it, args| {
            let _ = cx;
            let token = class::held::<Token>(args.get(0));
            Ok(raw::int(token.map_or(0, |token| token.edits as i32)))
        }),
    );
    // `tokenAttribute(token, at)`: `[name, value]`, or null.
    cx.method(
        object,
        c"tokenAttribute",
        callback!(|cx, _it, args| {
            this(cx, args.get(0), ELEMENT).map(|(rewriter, _)| {
                let mut at = 0;
                // SAFETY: reads a number.
                unsafe { qjs::JS_ToInt32(cx.0, &raw mut at, args.get(1)) };
                ask(cx, rewriter, Command::Attribute, at as u32, &[], &[])
            })
        }),
    );
    // `tokenMembers(prototype, kind)` puts the methods where they belong.
    native.set(
        "tokenMembers",
        Function::new(ctx.clone(), |prototype: Object<'js>, kind: usize| {
            let cx = Cx(prototype.ctx().as_raw().as_ptr());
            if let Some(kind) = Kind::ALL.get(kind) {
                for (name, callback) in methods(*kind) {
                    cx.method(prototype.as_raw(), name, callback);
                }
            }
        }),
    )?;
    // `tokenHelpers(content, endTag, attributes)`
    native.set(
        "tokenHelpers",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, content: Value<'js>, end_tag: Value<'js>, attributes: Value<'js>| {
                let cx = Cx(ctx.as_raw().as_ptr());
                HELPERS.set([content, end_tag, attributes].map(|value| cx.dup(value.as_raw())));
            },
        ),
    )
}
