//! `URLSearchParams`: the class, but for its iterators, which are in `prelude/url.js`.

use crate::shape::{constructing, getter, method, this, wrong_argument};
use crate::switches::{Switch, is_set};
use crate::text::usv;
use crate::url::Shared;
use rquickjs::atom::PredefinedAtom;
use rquickjs::class::{Class, JsClass, Trace, Tracer};
use rquickjs::function::{Constructor, Opt, This};
use rquickjs::{Ctx, Function, JsLifetime, Object, Result, Value};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::rc::Rc;
use url::form_urlencoded;

/// A name and a value in UTF-8, or whatever else was encoded in a query: that stays what it was.
pub type Pair = (Vec<u8>, Vec<u8>);

/// What a `URLSearchParams` is: it may belong to a URL, whose query it then keeps.
pub struct Params(pub Rc<RefCell<Shared>>);

// SAFETY: it holds no value of JavaScript.
unsafe impl<'js> JsLifetime<'js> for Params {
    type Changed<'to> = Params;
}

impl<'js> Trace<'js> for Params {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

const NAME: &str = "URLSearchParams";

impl<'js> JsClass<'js> for Params {
    const NAME: &'static str = NAME;
    type Mutable = rquickjs::class::Readable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let proto = Object::new(ctx.clone())?;
        getter(&proto, "size", |ctx: Ctx<'js>, it: This<Value<'js>>| {
            read(&ctx, &it.0, |pairs| Ok(pairs.len() as u32))
        })?;
        method(
            &proto,
            "append",
            |ctx: Ctx<'js>, it: This<Value<'js>>, name: Opt<Value<'js>>, value: Opt<Value<'js>>| {
                let object = this::<Params>(&ctx, &it.0)?;
                let name = argument(&ctx, "append", 1, name)?;
                let value = argument(&ctx, "append", 2, value)?;
                object
                    .borrow()
                    .change(|pairs| pairs.push((name.into_bytes(), value.into_bytes())));
                Ok::<_, rquickjs::Error>(())
            },
        )?;
        method(
            &proto,
            "delete",
            |ctx: Ctx<'js>, it: This<Value<'js>>, name: Opt<Value<'js>>, value: Opt<Value<'js>>| {
                let object = this::<Params>(&ctx, &it.0)?;
                let name = argument(&ctx, "delete", 1, name)?;
                let value = optional(&ctx, value)?.filter(|_| !is_set(Switch::ParamsByName));
                object.borrow().change(|pairs| {
                    pairs.retain(|pair| !is_meant(pair, &name, value.as_deref()));
                });
                Ok::<_, rquickjs::Error>(())
            },
        )?;
        method(
            &proto,
            "get",
            |ctx: Ctx<'js>, it: This<Value<'js>>, name: Opt<Value<'js>>| {
                let object = this::<Params>(&ctx, &it.0)?;
                let name = argument(&ctx, "get", 1, name)?;
                let object = object.borrow();
                let shared = object.0.borrow();
                match shared
                    .pairs
                    .iter()
                    .find(|(known, _)| known == name.as_bytes())
                {
                    Some((_, value)) => text(&ctx, value),
                    None => Ok(Value::new_null(ctx)),
                }
            },
        )?;
        method(
            &proto,
            "getAll",
            |ctx: Ctx<'js>, it: This<Value<'js>>, name: Opt<Value<'js>>| {
                let object = this::<Params>(&ctx, &it.0)?;
                let name = argument(&ctx, "getAll", 1, name)?;
                let object = object.borrow();
                let shared = object.0.borrow();
                Ok::<Vec<String>, rquickjs::Error>(
                    shared
                        .pairs
                        .iter()
                        .filter(|(known, _)| known == name.as_bytes())
                        .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
                        .collect(),
                )
            },
        )?;
        method(
            &proto,
            "has",
            |ctx: Ctx<'js>, it: This<Value<'js>>, name: Opt<Value<'js>>, value: Opt<Value<'js>>| {
                let object = this::<Params>(&ctx, &it.0)?;
                let name = argument(&ctx, "has", 1, name)?;
                let value = optional(&ctx, value)?.filter(|_| !is_set(Switch::ParamsByName));
                let object = object.borrow();
                let shared = object.0.borrow();
                Ok::<_, rquickjs::Error>(
                    shared
                        .pairs
                        .iter()
                        .any(|pair| is_meant(pair, &name, value.as_deref())),
                )
            },
        )?;
        method(
            &proto,
            "set",
            |ctx: Ctx<'js>, it: This<Value<'js>>, name: Opt<Value<'js>>, value: Opt<Value<'js>>| {
                let object = this::<Params>(&ctx, &it.0)?;
                let name = argument(&ctx, "set", 1, name)?;
                let value = argument(&ctx, "set", 2, value)?;
                object.borrow().change(|pairs| set(pairs, name, value));
                Ok::<_, rquickjs::Error>(())
            },
        )?;
        method(&proto, "sort", |ctx: Ctx<'js>, it: This<Value<'js>>| {
            let object = this::<Params>(&ctx, &it.0)?;
            object.borrow().change(|pairs| {
                pairs.sort_by(|(a, _), (b, _)| by_units(a, b));
            });
            Ok::<_, rquickjs::Error>(())
        })?;
        for name in ["entries", "keys", "values", "forEach"] {
            // Their places; `prelude/url.js` fills them.
            proto.set(name, Value::new_undefined(ctx.clone()))?;
        }
        method(&proto, "toString", |ctx: Ctx<'js>, it: This<Value<'js>>| {
            read(&ctx, &it.0, |pairs| Ok(serialize(pairs)))
        })?;
        Ok(Some(proto))
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

impl Params {
    fn change(&self, f: impl FnOnce(&mut Vec<Pair>)) {
        let mut shared = self.0.borrow_mut();
        f(&mut shared.pairs);
        let query = serialize(&shared.pairs);
        shared.change(|url| url.set_query((!query.is_empty()).then_some(query.as_str())));
    }
}

fn is_meant((known, has): &Pair, name: &str, value: Option<&str>) -> bool {
    known == name.as_bytes() && value.is_none_or(|value| has == value.as_bytes())
}

fn set(pairs: &mut Vec<Pair>, name: String, value: String) {
    let name = name.into_bytes();
    let Some(first) = pairs.iter().position(|(known, _)| *known == name) else {
        return pairs.push((name, value.into_bytes()));
    };
    pairs[first].1 = value.into_bytes();
    let mut at = 0;
    pairs.retain(|(known, _)| {
        at += 1;
        at <= first + 1 || *known != name
    });
}

/// The order of their units of UTF-16; what is no UTF-8 is a unit each byte.
fn by_units(a: &[u8], b: &[u8]) -> Ordering {
    units(a).cmp(units(b))
}

fn units(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let others = chunk.invalid().iter().copied().map(u16::from);
        chunk.valid().encode_utf16().chain(others)
    })
}

fn text<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Value<'js>> {
    let text = String::from_utf8_lossy(bytes);
    rquickjs::String::from_str(ctx.clone(), &text).map(|text| text.into_value())
}

fn argument<'js>(
    ctx: &Ctx<'js>,
    method: &str,
    parameter: usize,
    value: Opt<Value<'js>>,
) -> Result<String> {
    match value.0 {
        Some(value) => usv(ctx, &value),
        None => Err(wrong_argument(ctx, NAME, method, parameter, "USVString")),
    }
}

fn optional<'js>(ctx: &Ctx<'js>, value: Opt<Value<'js>>) -> Result<Option<String>> {
    match value.0 {
        Some(value) if !value.is_undefined() => usv(ctx, &value).map(Some),
        _ => Ok(None),
    }
}

fn read<'js, R>(
    ctx: &Ctx<'js>,
    it: &Value<'js>,
    f: impl FnOnce(&[Pair]) -> Result<R>,
) -> Result<R> {
    let object = this::<Params>(ctx, it)?;
    let object = object.borrow();
    f(&object.0.borrow().pairs)
}

/// The pairs of a query without its question mark.
pub fn parse(query: &[u8]) -> Vec<Pair> {
    let parts = query.split(|byte| *byte == b'&');
    let parts = parts.filter(|part| !part.is_empty());
    let pairs = parts.map(|part| {
        let at = part.iter().position(|byte| *byte == b'=');
        let (name, value) = part.split_at(at.unwrap_or(part.len()));
        (decoded(name), decoded(value.get(1..).unwrap_or_default()))
    });
    pairs.collect()
}

/// What is encoded in a part of a query.
fn decoded(mut text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut bytes = Vec::with_capacity(text.len());
    while let [first, rest @ ..] = text {
        text = rest;
        let encoded = match rest {
            [high, low, ..] if *first == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        bytes.push(match encoded {
            Some((high, low)) => {
                text = &rest[2..];
                high << 4 | low
            }
            None if *first == b'+' => b' ',
            None => *first,
        });
    }
    bytes
}

/// The pairs as a query.
fn serialize(pairs: &[Pair]) -> String {
    let mut query = String::new();
    for (name, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(form_urlencoded::byte_serialize(name));
        query.push('=');
        query.extend(form_urlencoded::byte_serialize(value));
    }
    query
}

/// A pair's name (`kind` 0), its value (1) or both (2); undefined past the end.
pub fn at<'js>(ctx: Ctx<'js>, it: Value<'js>, index: u32, kind: u32) -> Result<Value<'js>> {
    let object = this::<Params>(&ctx, &it)?;
    let object = object.borrow();
    let shared = object.0.borrow();
    let Some((name, value)) = shared.pairs.get(index as usize) else {
        return Ok(Value::new_undefined(ctx));
    };
    match kind {
        0 => text(&ctx, name),
        1 => text(&ctx, value),
        _ => {
            let pair = rquickjs::Array::new(ctx.clone())?;
            pair.set(0, text(&ctx, name)?)?;
            pair.set(1, text(&ctx, value)?)?;
            Ok(pair.into_value())
        }
    }
}

/// What another `URLSearchParams` has, unless its iterator is not the class's own.
fn own_pairs<'js>(ctx: &Ctx<'js>, init: &Value<'js>) -> Result<Option<Vec<Pair>>> {
    let Some(other) = crate::values::held::<Params>(init) else {
        return Ok(None);
    };
    let Some(prototype) = Class::<Params>::prototype(ctx)? else {
        return Ok(None);
    };
    let iterator = |of: &Object<'js>| of.get::<_, Value<'js>>(PredefinedAtom::SymbolIterator);
    if iterator(&other)? != iterator(&prototype)? {
        return Ok(None);
    }
    let whole = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned().into_bytes();
    let other = other.borrow();
    let shared = other.0.borrow();
    let pairs = shared
        .pairs
        .iter()
        .map(|(name, value)| (whole(name), whole(value)));
    Ok(Some(pairs.collect()))
}

/// The class; see `paramsClass` in `url.rs`.
pub fn class<'js>(ctx: &Ctx<'js>, pairs: Function<'js>) -> Result<Constructor<'js>> {
    let class = Constructor::new_class::<Params, _, _>(
        ctx.clone(),
        move |ctx: Ctx<'js>, target: This<Value<'js>>, init: Opt<Value<'js>>| {
            constructing(&ctx, &target.0, NAME)?;
            let pairs = match init.0 {
                None => Vec::new(),
                Some(init) if init.is_undefined() => Vec::new(),
                Some(init) if init.is_object() => {
                    if let Some(pairs) = own_pairs(&ctx, &init)? {
                        pairs
                    } else {
                        let flat: Vec<Value<'js>> = pairs.call((init,))?;
                        let flat = flat
                            .iter()
                            .map(|value| usv(&ctx, value))
                            .collect::<Result<Vec<_>>>()?;
                        let mut flat = flat.into_iter();
                        let mut all = Vec::new();
                        while let (Some(name), Some(value)) = (flat.next(), flat.next()) {
                            all.push((name.into_bytes(), value.into_bytes()));
                        }
                        all
                    }
                }
                Some(init) => {
                    let text = usv(&ctx, &init)?;
                    parse(text.strip_prefix('?').unwrap_or(&text).as_bytes())
                }
            };
            Class::instance(ctx, Params(Rc::new(RefCell::new(Shared::of(pairs)))))
        },
    )?;
    class.set_length(0)?;
    Ok(class)
}
