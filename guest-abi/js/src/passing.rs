//! Subrequests that need nothing of JavaScript: a request as it came, or one of a string or bytes,
//! is told to the host where it lies, and the answer is a response that keeps what came until
//! somebody looks. All others are `prelude/subrequest.js`'s.

use crate::parts::{self, Coming, Part, slot};
use crate::raw::{self, Cx, UNDEFINED, Val, callbacks};
use crate::{bytes, ops};
use postern_abi::OpKind;
use postern_abi::dispatch::Dispatch;
use postern_abi::fetch::{FetchBody, FetchedBody, Redirect, Target};
use rquickjs::Object;
use std::cell::Cell;

thread_local! {
    /// `answered(operation, length, isEncoded)`: what gets the parts of an answer's body.
    static ANSWERED: Cell<Val> = const { Cell::new(UNDEFINED) };
}

/// Whom a request is for. The values are borrowed from where this lies.
#[derive(Clone, Copy)]
pub enum Whom {
    /// As `fetchStart` takes it.
    Told(Val),
    /// The user Worker of this name behind the dispatch namespace of that binding.
    User {
        /// The binding's name, a string.
        binding: Val,
        /// The Worker's name, a string.
        script: Val,
    },
}

/// Calls `f` with whom a call of `fetchStart` is for; `None` for what is rare.
fn with_target<R>(cx: Cx, whom: Whom, f: impl FnOnce(Target<'_>) -> R) -> Option<R> {
    let asked = match whom {
        Whom::Told(asked) => asked,
        Whom::User { binding, script } => {
            return cx.text(binding, |binding| {
                cx.text(script, |script| {
                    f(Target::Dispatch(Dispatch {
                        binding,
                        script,
                        cpu_ms: None,
                        subrequests: None,
                        outbound: "",
                    }))
                })
            })?;
        }
    };
    if raw::is_nullish(asked) {
        return Some(f(Target::Internet));
    }
    if raw::is_string(asked) {
        return cx.text(asked, |binding| f(Target::Binding(binding)));
    }
    // Binding, name, milliseconds of CPU, subrequests, JSON; one of an export is shorter.
    let parts = [0, 1, 2, 3, 4].map(|at| cx.element(asked, at));
    let [binding, script, cpu_ms, subrequests, outbound] = parts;
    let number = |value: Val| (!raw::is_nullish(value)).then(|| cx.number(value) as u32);
    let found = if raw::is_string(outbound) {
        cx.text(binding, |binding| {
            cx.text(script, |script| {
                cx.text(outbound, |outbound| {
                    f(Target::Dispatch(Dispatch {
                        binding,
                        script,
                        cpu_ms: number(cpu_ms),
                        subrequests: number(subrequests),
                        outbound,
                    }))
                })
            })
        })
    } else {
        None
    };
    parts.into_iter().for_each(|part| cx.free(part));
    found??
}

/// Bytes that an argument usually takes beside the URL.
const USUAL: usize = 512;

/// The argument of the operation, if there is nothing rare about the request; its body is used up
/// then.
fn argument(cx: Cx, whom: Whom, request: Val) -> Option<Vec<u8>> {
    let found = parts::request(request).filter(|found| parts::is_plain(found))?;
    let [source, method, url] = [slot::SOURCE, slot::METHOD, slot::URL].map(|at| found.slots[at]);
    let follows = parts::follows(cx, found)?;
    let mut argument = with_target(cx, whom, |target| {
        cx.text(method, |method| {
            cx.text(url, |url| {
                let is_web = url.starts_with("http:") || url.starts_with("https:");
                let argument = || Vec::with_capacity(USUAL + url.len());
                let asked = (target, method, url);
                is_web.then(|| postcard::to_extend(&asked, argument()).unwrap_or_default())
            })
        })
    })????;
    parts::fields(cx, found, &mut argument, |list| !list.has("upgrade"))?;
    let redirect = if follows {
        Redirect::Follow
    } else {
        Redirect::Manual
    };
    let body = FetchBody::of(!raw::is_nullish(source), None);
    let mut argument = postcard::to_extend(&(redirect, body), argument).unwrap_or_default();
    if !raw::is_nullish(source) {
        parts::with_bytes(cx, source, |bytes| argument.extend_from_slice(bytes));
        found.slots[slot::USED] = raw::boolean(true);
    }
    Some(argument)
}

/// Asks; a promise of the answer, or undefined where something is rare.
pub fn send(cx: Cx, whom: Whom, request: Val) -> Val {
    let Some(argument) = argument(cx, whom, request) else {
        return UNDEFINED;
    };
    let url = parts::request(request).map_or(UNDEFINED, |found| cx.dup(found.slots[slot::URL]));
    ops::start_answer(cx, OpKind::Fetch as u32, &argument, raw::Handle(cx, url))
        .unwrap_or(raw::EXCEPTION)
}

callbacks! {
    /// `fetchPlain(target, request)`: the same.
    fetch(cx, _this, arguments) {
        send(cx, Whom::Told(arguments.get(0)), arguments.get(1))
    }
}

/// What came for a subrequest: its response, and what gets the parts of its body if those are still to
/// come; an exception where that failed.
pub fn arrived(cx: Cx, op: u32, asked: &raw::Handle, payload: &[u8]) -> (Val, Option<Val>) {
    let Some(came) = Came::of(payload) else {
        return (cx.throw_type("an answer cannot be decoded"), None);
    };
    let mut sink = None;
    let (source, coming) = match came.body {
        FetchedBody::None => (raw::NULL, None),
        FetchedBody::Whole => (UNDEFINED, Some(Coming::Whole(came.rest.to_vec()))),
        FetchedBody::Stream(length) => {
            let length = length.map_or(-1.0, |length| length as f64);
            let arguments = [
                raw::float(f64::from(op)),
                raw::float(length),
                raw::boolean(came.is_encoded),
            ];
            let made = cx.call(ANSWERED.get(), UNDEFINED, &arguments);
            if raw::is_exception(made) {
                return (made, None);
            }
            sink = Some(cx.dup(made));
            (made, None)
        }
    };
    let url = match came.url {
        "" => without_hash(cx, asked.1),
        url => cx.string(url),
    };
    let text = cx.string(came.status_text);
    let is_redirected = !came.url.is_empty();
    let response = parts::fetched(cx, |part: &mut Part| {
        part.slots[slot::SOURCE] = source;
        part.slots[slot::STATUS] = raw::int(came.status.into());
        part.slots[slot::URL] = url;
        part.slots[slot::TEXT] = text;
        part.slots[slot::REDIRECT] = raw::boolean(is_redirected);
        part.raw = Some(came.fields.to_vec());
        part.coming = coming;
    });
    (response, sink)
}

fn without_hash(cx: Cx, url: Val) -> Val {
    let cut = cx.text(url, |url| {
        url.split_once('#').map(|(before, _)| cx.string(before))
    });
    cut.flatten().unwrap_or_else(|| cx.dup(url))
}

/// A [`Fetched`](postern_abi::fetch::Fetched) whose fields are left as they lie.
struct Came<'a> {
    status: u16,
    status_text: &'a str,
    fields: &'a [u8],
    is_encoded: bool,
    url: &'a str,
    body: FetchedBody,
    rest: &'a [u8],
}

impl<'a> Came<'a> {
    fn of(payload: &'a [u8]) -> Option<Self> {
        let ((status, status_text), behind) =
            postcard::take_from_bytes::<(u16, &str)>(payload).ok()?;
        let mut is_encoded = false;
        let len = crate::headers::each_encoded(behind, |name, value| {
            is_encoded |= name == b"content-encoding" && crate::subrequest::is_undone(value);
        })?;
        let (fields, behind) = behind.split_at(len);
        let ((url, body), rest) = postcard::take_from_bytes::<(&str, FetchedBody)>(behind).ok()?;
        Some(Self {
            status,
            status_text,
            fields,
            is_encoded,
            url,
            body,
            rest,
        })
    }
}

/// Adds the functions of this to the natives.
pub fn install(cx: Cx, native: &Object<'_>) {
    cx.method(native.as_raw(), c"fetchPlain", fetch);
    cx.method(native.as_raw(), c"useAnswered", use_answered);
}

callbacks! {
    /// `useAnswered(answered)`
    use_answered(cx, _this, arguments) {
        cx.free(ANSWERED.replace(cx.dup(arguments.get(0))));
        UNDEFINED
    }
}

/// The bytes of what came whole, once somebody looks.
pub fn whole(cx: Cx, body: &[u8]) -> Val {
    // SAFETY: within a callback, or an event.
    let ctx = unsafe { cx.ctx() };
    bytes::array(&ctx, body).map_or(raw::EXCEPTION, |value| parts::owned(cx, value))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use postern_abi::fetch::Fetched;
    use postern_abi::http::Fields;

    #[test]
    fn an_answer_is_read_where_it_lies() {
        let fields = Fields(vec![("content-encoding", b"gzip"), ("x", b"")]);
        let mut payload = postcard::to_allocvec(&Fetched {
            status: 404,
            status_text: "Not Found",
            headers: fields.clone(),
            url: "http://a/",
            body: FetchedBody::Stream(Some(300)),
        })
        .unwrap();
        let head = payload.len();
        payload.extend_from_slice(b"rest");
        let came = Came::of(&payload).unwrap();
        assert_eq!((came.status, came.status_text), (404, "Not Found"));
        assert_eq!((came.url, came.is_encoded), ("http://a/", true));
        assert_eq!(came.body, FetchedBody::Stream(Some(300)));
        assert_eq!(came.rest, b"rest");
        assert_eq!(came.fields, postcard::to_allocvec(&fields).unwrap());
        for len in 0..head {
            assert!(Came::of(&payload[..len]).is_none());
        }
    }
}
