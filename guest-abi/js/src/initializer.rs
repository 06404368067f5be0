//! The second argument of `new Response`, where it is what it usually is: a status and fields. It is
//! read once, in the field's order, and its fields where they are read; what is rare is
//! `prelude/response.js`'s, which gets what was read.

use crate::headers;
use crate::parts::{self, slot};
use crate::raw::{self, Cx, Handle, NULL, Val};
use rquickjs::qjs;
use std::cell::Cell;
use std::ffi::CStr;

/// Where the fields are among what is read.
const FIELDS: usize = 2;
const NAMES: [&CStr; 6] = [
    c"status",
    c"statusText",
    c"headers",
    c"cf",
    c"webSocket",
    c"encodeBody",
];

thread_local! {
    static ATOMS: Cell<[qjs::JSAtom; 6]> = const { Cell::new([0; 6]) };
}

/// Makes the names, for the life of the engine.
pub fn install(cx: Cx) {
    // SAFETY: each name ends with a zero.
    ATOMS.set(NAMES.map(|name| unsafe { qjs::JS_NewAtom(cx.0, name.as_ptr()) }));
}

/// What became of it.
pub enum Initialized {
    /// The response has what was asked for.
    Done,
    /// Nothing yet; this is what was read.
    Rare([Handle; 6]),
    /// Something was thrown.
    Thrown,
}

/// Statuses whose responses have no body, of those that may be given.
const BODILESS: [i32; 3] = [204, 205, 304];

/// Reads `init`, which is an object and no response, and gives a response what it says.
pub fn initialize(cx: Cx, response: Val, init: Val, has_body: bool) -> Initialized {
    let mut read = [const { NULL }; NAMES.len()].map(|value| Handle(cx, value));
    for (at, name) in ATOMS.get().into_iter().enumerate() {
        // SAFETY: the object is borrowed, the name lives.
        read[at].1 = unsafe { qjs::JS_GetProperty(cx.0, init, name) };
        if at == FIELDS && raw::is_object(read[at].1) {
            read[at] = Handle(cx, headers::object_of(cx, read[at].1));
        }
        if raw::is_exception(read[at].1) {
            return Initialized::Thrown;
        }
    }
    let [status, text, fields, cf, socket, coding] = read.each_ref().map(|value| value.1);
    let code = if raw::is_undefined(status) {
        Some(200)
    } else {
        raw::small(status)
            .filter(|code| (200..=599).contains(code) && !(has_body && BODILESS.contains(code)))
    };
    let has_fields = raw::is_object(fields);
    let is_usual = [text, cf, coding].into_iter().all(raw::is_undefined)
        && raw::is_nullish(socket)
        && (has_fields || raw::is_undefined(fields));
    let (Some(code), true) = (code, is_usual) else {
        return Initialized::Rare(read);
    };
    if has_fields {
        parts::put(cx, response, slot::HEADERS, cx.dup(fields));
    }
    parts::put(cx, response, slot::STATUS, raw::int(code));
    Initialized::Done
}
