//! `Request` and `Response`: objects that hold their parts in slots, made here because every
//! request goes through them.
//!
//! What they do is in `prelude/{body,request,response}.js`, which reach the slots through the
//! functions that [`install`] adds. Only what most requests do is done here as well: a response
//! of a string, a request as it came, and reading what handlers look at first.

use crate::class::{self, Held};
use crate::headers::HeaderList;
use crate::initializer::{self, Initialized};
use crate::raw::{
    self, Arguments, Callback, Cx, EXCEPTION, NULL, UNDEFINED, Val, callbacks, is_exception,
    is_nullish, is_object, is_string, is_undefined,
};
use crate::shape::ILLEGAL;
use crate::{host, requests};
use rquickjs::class::Class;
use rquickjs::{Ctx, Function, Object, Value, qjs};
use std::cell::Cell;
use std::ffi::{CStr, c_int};
use std::sync::atomic::AtomicU32;

/// Which of the two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A `Request`.
    Request = 0,
    /// A `Response`.
    Response = 1,
}

/// What a slot is for; `prelude/body.js` has the same numbers.
pub mod slot {
    #![allow(missing_docs)]
    /// Null, a string, bytes, an `Incoming` or a stream.
    pub const SOURCE: usize = 0;
    /// The stream that was made of the source, or null.
    pub const STREAM: usize = 1;
    /// Whether the body was read.
    pub const USED: usize = 2;
    /// A `Headers`, or null.
    pub const HEADERS: usize = 3;
    /// The content type that the body implies, until it is among the headers; or null.
    pub const TYPE: usize = 4;
    /// What is not asked for often.
    pub const MORE: usize = 5;
    /// A response's status, a request's method.
    pub const STATUS: usize = 6;
    pub const METHOD: usize = 6;
    pub const URL: usize = 7;
    pub const REDIRECT: usize = 8;
    /// A request's signal, which only the prelude sets.
    pub const SIGNAL: usize = 9;
    /// Of a response that was fetched, until its `MORE` is made: the reason phrase. Its URL and
    /// whether that is another than was asked are where a request has URL and redirect.
    pub const TEXT: usize = 9;
    pub const COUNT: usize = 10;
}

/// A request or a response.
pub struct Part {
    kind: Kind,
    /// What the prelude knows by numbers.
    pub slots: [Val; slot::COUNT],
    /// Header fields as the host sent them, until somebody asks for one.
    pub raw: Option<Vec<u8>>,
    /// The body, until somebody asks for it; the slot for it has something that is not null.
    pub coming: Option<Coming>,
}

/// A body that the host has sent, or will send.
pub enum Coming {
    /// The number of the request whose body it is, and its length.
    Request(u32, f64),
    /// All of it.
    Whole(Vec<u8>),
}

static ID: AtomicU32 = AtomicU32::new(0);

impl Held for Part {
    const NAME: &'static CStr = c"Body";

    fn id() -> &'static AtomicU32 {
        &ID
    }

    fn each(&self, f: &mut dyn FnMut(Val)) {
        for value in self.slots {
            f(value);
        }
    }
}

/// What the prelude gave, for the life of the engine.
#[derive(Clone, Copy)]
struct Prelude {
    prototypes: [Val; 2],
    /// Do what constructors do: `(object, arguments…)`.
    constructors: [Val; 2],
    /// `MORE` of what has nothing rare about it.
    plain: [Val; 2],
    /// `json(data, init)` where that is rare.
    json: Val,
    /// `incoming(id, length)`: what stands for a body that is still to come.
    incoming: Val,
    /// `fetched(statusText, url, redirected)`: `MORE` of a response that was fetched.
    fetched: Val,
    /// The types that bodies imply.
    text_type: Val,
    json_type: Val,
    follow: Val,
    manual: Val,
}

thread_local! {
    static PRELUDE: Cell<Option<Prelude>> = const { Cell::new(None) };
    /// Whether no handler has run yet.
    static GLOBAL: Cell<bool> = const { Cell::new(true) };
}

fn prelude() -> Prelude {
    PRELUDE
        .get()
        .expect("the prelude makes the classes before anything makes an object of them")
}

/// From now on handlers run.
pub fn leave_global_scope() {
    GLOBAL.set(false);
}

impl Part {
    fn new(cx: Cx, kind: Kind) -> Self {
        let mut slots = [NULL; slot::COUNT];
        let known = prelude();
        slots[slot::MORE] = cx.dup(known.plain[kind as usize]);
        slots[slot::USED] = raw::boolean(false);
        match kind {
            Kind::Response => slots[slot::STATUS] = raw::int(200),
            Kind::Request => {
                slots[slot::URL] = cx.string("");
                slots[slot::METHOD] = cx.string("GET");
                slots[slot::REDIRECT] = cx.dup(known.follow);
            }
        }
        Self {
            kind,
            slots,
            raw: None,
            coming: None,
        }
    }

    fn set(&mut self, cx: Cx, at: usize, value: Val) {
        cx.free(std::mem::replace(&mut self.slots[at], value));
    }
}

/// The part that `this` is, of one kind or of any; none if it is none.
fn part<'a>(this: Val, kind: Option<Kind>) -> Option<&'a mut Part> {
    class::held::<Part>(this).filter(|part| kind.is_none_or(|kind| part.kind == kind))
}

fn illegal(cx: Cx) -> Val {
    cx.throw_type(ILLEGAL)
}

/// What is in a slot, as a new handle.
fn read(cx: Cx, this: Val, kind: Option<Kind>, at: usize) -> Val {
    let Some(found) = part(this, kind) else {
        return illegal(cx);
    };
    if at == slot::HEADERS && found.raw.is_some() {
        let raw = found.raw.take().unwrap_or_default();
        let headers = headers_object(cx, HeaderList::raw(raw));
        if is_exception(headers) {
            return headers;
        }
        found.set(cx, at, headers);
    }
    if at == slot::SOURCE
        && let Some(coming) = found.coming.take()
    {
        let source = match coming {
            Coming::Request(id, length) => {
                let arguments = [number(f64::from(id)), number(length)];
                cx.call(prelude().incoming, UNDEFINED, &arguments)
            }
            Coming::Whole(body) => crate::passing::whole(cx, &body),
        };
        if is_exception(source) {
            return source;
        }
        // Found anew: a call lies between.
        if let Some(found) = part(this, kind) {
            found.set(cx, at, source);
        }
    }
    if at == slot::MORE
        && let Some(found) = part(this, kind).filter(|found| is_null(found.slots[at]))
    {
        let arguments = [slot::TEXT, slot::URL, slot::REDIRECT].map(|at| found.slots[at]);
        let more = cx.call(prelude().fetched, UNDEFINED, &arguments);
        if is_exception(more) {
            return more;
        }
        if let Some(found) = part(this, kind) {
            found.set(cx, at, more);
        }
    }
    match part(this, kind).and_then(|found| found.slots.get(at)) {
        Some(value) => cx.dup(*value),
        None => UNDEFINED,
    }
}

/// Puts a value into a slot, and takes it over.
pub fn put(cx: Cx, this: Val, at: usize, value: Val) {
    match part(this, None) {
        Some(found) => found.set(cx, at, value),
        None => cx.free(value),
    }
}

fn number(value: f64) -> Val {
    raw::float(value)
}

fn is_null(value: Val) -> bool {
    is_nullish(value) && !is_undefined(value)
}

fn headers_object(cx: Cx, list: HeaderList) -> Val {
    // SAFETY: within a callback, or an event.
    let ctx = unsafe { cx.ctx() };
    match Class::instance(ctx.clone(), list) {
        Ok(class) => owned(cx, class.into_value()),
        Err(_) => EXCEPTION,
    }
}

/// The value as a handle of its own.
pub fn owned(cx: Cx, value: Value<'_>) -> Val {
    cx.dup(value.as_raw())
}

/// `headers` of either: the list, which has the type that the body implies from now on.
fn headers(cx: Cx, this: Val, kind: Kind) -> Val {
    let value = read(cx, this, Some(kind), slot::HEADERS);
    if is_exception(value) {
        return value;
    }
    let value = if is_nullish(value) {
        let made = headers_object(cx, HeaderList::default());
        if is_exception(made) {
            return made;
        }
        if let Some(found) = part(this, Some(kind)) {
            found.set(cx, slot::HEADERS, cx.dup(made));
        }
        made
    } else {
        value
    };
    let Some(found) = part(this, Some(kind)) else {
        return value;
    };
    let content_type = std::mem::replace(&mut found.slots[slot::TYPE], NULL);
    if is_string(content_type) {
        cx.text(content_type, |text| {
            with_list(cx, value, |list| list.set_type(text));
        });
    }
    cx.free(content_type);
    value
}

/// Calls `f` with the fields of a `Headers`; `None` for what is none.
pub fn with_list<R>(cx: Cx, value: Val, f: impl FnOnce(&mut HeaderList) -> R) -> Option<R> {
    // SAFETY: within a callback, or an event; the value is borrowed and lives meanwhile.
    let value = unsafe { Value::from_raw(cx.ctx(), cx.dup(value)) };
    let list = crate::values::held::<HeaderList>(&value)?;
    let mut list = list.try_borrow_mut().ok()?;
    Some(f(&mut list))
}

/// What the host is to be told of a response.
pub struct Answer {
    /// The encoded head.
    pub head: Vec<u8>,
    /// Null, a string, bytes or something that becomes a stream; a handle of its own.
    pub source: Val,
    /// A body as the host sent it.
    pub whole: Option<Vec<u8>>,
}

impl Answer {
    /// Sends it as the answer of a request.
    pub fn send(self, cx: Cx, request: u32) {
        requests::answered(request);
        if let Some(body) = &self.whole {
            host::respond(request, &self.head, body, false);
        } else if is_nullish(self.source) {
            host::respond(request, &self.head, &[], false);
        } else {
            with_bytes(cx, self.source, |bytes| {
                host::respond(request, &self.head, bytes, false);
            });
        }
        cx.free(self.source);
    }
}

fn is_bytes(value: Val) -> bool {
    // SAFETY: looks at the class alone.
    is_object(value)
        && unsafe { qjs::JS_GetTypedArrayType(value) }
            == qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_UINT8 as c_int
}

/// A request, if it is one.
pub fn request<'a>(value: Val) -> Option<&'a mut Part> {
    if !is_object(value) {
        return None;
    }
    part(value, Some(Kind::Request))
}

/// Whether there is nothing rare about a request: no signal, nothing set that is not asked for often,
/// and a body, if it has one, that is a string or bytes and is still to be read.
pub fn is_plain(request: &Part) -> bool {
    let more = request.slots[slot::MORE];
    let source = request.slots[slot::SOURCE];
    request.coming.is_none()
        && is_nullish(request.slots[slot::SIGNAL])
        && is_nullish(request.slots[slot::STREAM])
        && !is_used(request.slots[slot::USED])
        // The number of an event, or what says that there is nothing.
        && (!is_object(more) || same(more, prelude().plain[Kind::Request as usize]))
        && (is_nullish(source) || is_string(source) || is_bytes(source))
}

/// Whether redirects are followed for a request; `None` if that threw.
pub fn follows(cx: Cx, request: &Part) -> Option<bool> {
    let mode = request.slots[slot::REDIRECT];
    if same(mode, prelude().follow) {
        return Some(true);
    }
    cx.text(mode, |mode| mode == "follow")
}

/// Writes the header fields of either as the ABI has them, with the type that the body implies;
/// `None` if `is_usual` says no to them.
pub fn fields(
    cx: Cx,
    part: &mut Part,
    out: &mut Vec<u8>,
    is_usual: impl FnOnce(&mut HeaderList) -> bool,
) -> Option<()> {
    let content_type = part.slots[slot::TYPE];
    let encode = |list: &mut HeaderList| {
        if !is_usual(list) {
            return None;
        }
        if is_string(content_type) {
            return cx.text(content_type, |text| list.encode_to(out, Some(text)));
        }
        list.encode_to(out, None);
        Some(())
    };
    if let Some(raw) = part.raw.take() {
        let mut list = HeaderList::raw(raw);
        let encoded = encode(&mut list);
        part.raw = Some(list.into_raw());
        return encoded;
    }
    match part.slots[slot::HEADERS] {
        headers if is_object(headers) => with_list(cx, headers, encode)?,
        _ => encode(&mut HeaderList::default()),
    }
}

/// Calls `f` with the bytes of a string or a Uint8Array.
pub fn with_bytes(cx: Cx, source: Val, f: impl FnOnce(&[u8])) {
    if is_string(source) {
        cx.bytes(source, f);
        return;
    }
    let mut len = 0;
    // SAFETY: gives the bytes of a Uint8Array, which nobody changes meanwhile.
    unsafe {
        let bytes = qjs::JS_GetUint8Array(cx.0, &raw mut len, source);
        if bytes.is_null() {
            f(&[]);
        } else {
            f(std::slice::from_raw_parts(bytes, len as usize));
        }
    }
}

/// A response that was fetched, whose parts `fill` puts in. What is asked for seldom is made of them
/// later.
pub fn fetched(cx: Cx, fill: impl FnOnce(&mut Part)) -> Val {
    let mut part = Part {
        kind: Kind::Response,
        slots: [NULL; slot::COUNT],
        raw: None,
        coming: None,
    };
    part.slots[slot::USED] = raw::boolean(false);
    fill(&mut part);
    class::object(cx, prelude().prototypes[Kind::Response as usize], part)
}

/// A response as it can be sent at once; `None` for what is none, was used, or has something rare
/// about it.
pub fn simple_answer(cx: Cx, value: Val) -> Option<Answer> {
    let found = part(value, Some(Kind::Response))?;
    let source = found.slots[slot::SOURCE];
    let more = found.slots[slot::MORE];
    let is_whole = matches!(found.coming, Some(Coming::Whole(_)));
    let has_body = is_whole || !is_nullish(source);
    let is_simple = is_nullish(found.slots[slot::STREAM])
        && !is_used(found.slots[slot::USED])
        && (is_null(more) || same(more, prelude().plain[Kind::Response as usize]))
        && (!has_body || is_whole || is_string(source) || is_bytes(source));
    if !is_simple {
        return None;
    }
    // SAFETY: a small number.
    let status = unsafe { qjs::JS_VALUE_GET_INT(found.slots[slot::STATUS]) };
    let status = u16::try_from(status).unwrap_or(0);
    // What names a coding is to be put into it.
    let is_usual = |list: &mut HeaderList| !has_body || !list.has("content-encoding");
    let mut head = crate::headers::head(status);
    fields(cx, found, &mut head, is_usual)?;
    found.slots[slot::USED] = raw::boolean(has_body);
    let whole = match found.coming.take() {
        Some(Coming::Whole(body)) => Some(body),
        _ => None,
    };
    Some(Answer {
        head,
        source: cx.dup(source),
        whole,
    })
}

fn is_used(value: Val) -> bool {
    // SAFETY: the slot holds a boolean.
    unsafe { qjs::JS_VALUE_GET_BOOL(value) }
}

/// Whether both are the same object.
fn same(one: Val, other: Val) -> bool {
    // SAFETY: both are objects or strings; compares where they are.
    unsafe { qjs::JS_VALUE_GET_PTR(one) == qjs::JS_VALUE_GET_PTR(other) }
}

/// The request of an event. `length` is -1 without a body, -2 for one of unknown length.
pub fn incoming(cx: Cx, id: u32, method: &str, url: &str, fields: &[u8], length: f64) -> Val {
    let known = prelude();
    let mut part = Part {
        kind: Kind::Request,
        slots: [NULL; slot::COUNT],
        raw: Some(fields.into()),
        coming: (length != -1.0).then_some(Coming::Request(id, length)),
    };
    part.slots[slot::USED] = raw::boolean(false);
    // What is known of its client is asked for with this (prelude/request.js).
    part.slots[slot::MORE] = qjs::JS_NewFloat64(f64::from(id));
    part.slots[slot::METHOD] = cx.string(method);
    part.slots[slot::URL] = cx.string(url);
    part.slots[slot::REDIRECT] = cx.dup(known.manual);
    if part.coming.is_some() {
        // Something that is not null, until it is asked for.
        part.slots[slot::SOURCE] = UNDEFINED;
    }
    class::object(cx, known.prototypes[Kind::Request as usize], part)
}

/// The prototype that `new.target` asks for, as a new handle.
fn prototype(cx: Cx, target: Val, kind: Kind) -> Val {
    let found = cx.get(target, c"prototype");
    if is_object(found) || is_exception(found) {
        return found;
    }
    cx.free(found);
    cx.dup(prelude().prototypes[kind as usize])
}

fn construct(cx: Cx, target: Val, kind: Kind, arguments: Arguments) -> Val {
    if is_undefined(target) {
        let class = if kind == Kind::Request {
            "Request"
        } else {
            "Response"
        };
        return cx.throw_type(&format!(
            "Failed to construct '{class}': Please use the 'new' operator, this object constructor cannot be called as a function."
        ));
    }
    let prototype = prototype(cx, target, kind);
    if is_exception(prototype) {
        return prototype;
    }
    let mut part = Part::new(cx, kind);
    let (first, second) = (arguments.get(0), arguments.get(1));
    let is_text = is_string(first) && !GLOBAL.get();
    let done = kind == Kind::Response && is_nullish(second) && (is_nullish(first) || is_text);
    if done && is_text {
        part.slots[slot::SOURCE] = cx.dup(first);
        part.slots[slot::TYPE] = cx.dup(prelude().text_type);
    }
    let object = class::object(cx, prototype, part);
    cx.free(prototype);
    if done || is_exception(object) {
        return object;
    }
    let mut all = vec![object];
    all.extend((0..arguments.len().min(2)).map(|at| arguments.get(at)));
    let is_initialized = kind == Kind::Response
        && !GLOBAL.get()
        && (is_nullish(first) || is_text)
        && is_object(second)
        && self::part(second, None).is_none();
    let read;
    if is_initialized {
        match initializer::initialize(cx, object, second, is_text) {
            Initialized::Done => {
                if is_text {
                    put(cx, object, slot::SOURCE, cx.dup(first));
                    put(cx, object, slot::TYPE, cx.dup(prelude().text_type));
                }
                return object;
            }
            Initialized::Rare(values) => {
                read = values;
                all.extend(read.each_ref().map(|value| value.1));
            }
            Initialized::Thrown => {
                cx.free(object);
                return EXCEPTION;
            }
        }
    }
    let result = cx.call(prelude().constructors[kind as usize], UNDEFINED, &all);
    if is_exception(result) {
        cx.free(object);
        return result;
    }
    cx.free(result);
    object
}

callbacks! {
    request_new(cx, target, arguments) {
        construct(cx, target, Kind::Request, arguments)
    }
    response_new(cx, target, arguments) {
        construct(cx, target, Kind::Response, arguments)
    }
    response_json(cx, this, arguments) {
        let known = prelude();
        if arguments.len() == 0 || !is_nullish(arguments.get(1)) || GLOBAL.get() {
            let all: Vec<Val> = (0..arguments.len()).map(|at| arguments.get(at)).collect();
            return cx.call(known.json, this, &all);
        }
        // SAFETY: borrows its arguments.
        let text = unsafe { qjs::JS_JSONStringify(cx.0, arguments.get(0), UNDEFINED, UNDEFINED) };
        if is_exception(text) {
            return text;
        }
        let mut part = Part::new(cx, Kind::Response);
        part.slots[slot::SOURCE] = if is_undefined(text) { cx.string("undefined") } else { text };
        part.slots[slot::TYPE] = cx.dup(known.json_type);
        class::object(cx, known.prototypes[Kind::Response as usize], part)
    }
    get_method(cx, this, _arguments) {
        read(cx, this, Some(Kind::Request), slot::METHOD)
    }
    get_url(cx, this, _arguments) {
        read(cx, this, Some(Kind::Request), slot::URL)
    }
    get_status(cx, this, _arguments) {
        read(cx, this, Some(Kind::Response), slot::STATUS)
    }
    request_headers(cx, this, _arguments) {
        headers(cx, this, Kind::Request)
    }
    response_headers(cx, this, _arguments) {
        headers(cx, this, Kind::Response)
    }
    // `requestSlot(object, slot)`
    request_slot(cx, _this, arguments) {
        read(cx, arguments.get(0), Some(Kind::Request), index(arguments.get(1)))
    }
    response_slot(cx, _this, arguments) {
        read(cx, arguments.get(0), Some(Kind::Response), index(arguments.get(1)))
    }
    body_slot(cx, _this, arguments) {
        read(cx, arguments.get(0), None, index(arguments.get(1)))
    }
    // `setSlot(object, slot, value)`
    set_slot(cx, _this, arguments) {
        let at = index(arguments.get(1));
        let Some(found) = part(arguments.get(0), None).filter(|_| at < slot::COUNT) else {
            return illegal(cx);
        };
        match at {
            slot::HEADERS => found.raw = None,
            slot::SOURCE => found.coming = None,
            _ => {}
        }
        found.set(cx, at, cx.dup(arguments.get(2)));
        UNDEFINED
    }
    // `isPart(value, isResponse)`
    is_part(_cx, _this, arguments) {
        let kind = if index(arguments.get(1)) == 1 { Kind::Response } else { Kind::Request };
        raw::boolean(is_object(arguments.get(0)) && part(arguments.get(0), Some(kind)).is_some())
    }
}

fn index(value: Val) -> usize {
    // SAFETY: the prelude passes small numbers.
    usize::try_from(unsafe { qjs::JS_VALUE_GET_INT(value) }).unwrap_or(slot::COUNT)
}

/// Adds the functions on requests and responses to the natives.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> rquickjs::Result<()> {
    let cx = Cx(ctx.as_raw().as_ptr());
    class::register::<Part>(cx);
    initializer::install(cx);
    let functions: [(&CStr, Callback); 5] = [
        (c"requestSlot", request_slot),
        (c"responseSlot", response_slot),
        (c"bodySlot", body_slot),
        (c"setSlot", set_slot),
        (c"isPart", is_part),
    ];
    for (name, callback) in functions {
        cx.method(native.as_raw(), name, callback);
    }
    let constructors: [(&CStr, &CStr, Callback); 2] = [
        (c"Request", c"requestClass", request_new),
        (c"Response", c"responseClass", response_new),
    ];
    for (name, key, callback) in constructors {
        let class = cx.constructor(name, callback);
        // SAFETY: borrows class and prototype, then takes the class over.
        unsafe {
            let prototype = qjs::JS_NewObject(cx.0);
            qjs::JS_SetConstructor(cx.0, class, prototype);
            cx.free(prototype);
            qjs::JS_SetPropertyStr(cx.0, native.as_raw(), key.as_ptr(), class);
        }
    }
    native.set("finishParts", Function::new(ctx.clone(), finish)?)
}

/// `finishParts(prelude)`: what the prelude has made of the classes; adds what is made here.
fn finish<'js>(ctx: Ctx<'js>, given: Object<'js>) -> rquickjs::Result<()> {
    let cx = Cx(ctx.as_raw().as_ptr());
    let value =
        |name: &str| -> rquickjs::Result<Val> { Ok(owned(cx, given.get::<_, Value>(name)?)) };
    let known = Prelude {
        prototypes: [value("request")?, value("response")?],
        constructors: [value("newRequest")?, value("newResponse")?],
        plain: [value("plainRequest")?, value("plainResponse")?],
        json: value("json")?,
        incoming: value("incoming")?,
        fetched: value("fetched")?,
        text_type: cx.string("text/plain;charset=UTF-8"),
        json_type: cx.string("application/json"),
        follow: cx.string("follow"),
        manual: cx.string("manual"),
    };
    PRELUDE.set(Some(known));
    let [request, response] = known.prototypes;
    cx.getter(request, c"method", get_method);
    cx.getter(request, c"url", get_url);
    cx.getter(request, c"headers", request_headers);
    cx.getter(response, c"status", get_status);
    cx.getter(response, c"headers", response_headers);
    let class: Value = given.get("Response")?;
    cx.method(class.as_raw(), c"json", response_json);
    Ok(())
}
