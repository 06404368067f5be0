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
use std::rc::Rc;
use url::form_urlencoded;

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
                object.borrow().change(|pairs| pairs.push((name, value)));
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
                match shared.pairs.iter().find(|(known, _)| *known == name) {
                    Some((_, value)) => {
                        rquickjs::String::from_str(ctx, value).map(|text| text.into_value())
                    }
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
                        .filter(|(known, _)| *known == name)
                        .map(|(_, value)| value.clone())
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
                pairs.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
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
    fn change(&self, f: impl FnOnce(&mut Vec<(String, String)>)) {
        let mut shared = self.0.borrow_mut();
        f(&mut shared.pairs);
        let query = serialize(&shared.pairs);
        shared.change(|url| url.set_query((!query.is_empty()).then_some(query.as_str())));
    }
}

fn is_meant((known, has): &(String, String), name: &str, value: Option<&str>) -> bool {
    known == name && value.is_none_or(|value| has == value)
}

fn set(pairs: &mut Vec<(String, String)>, name: String, value: String) {
    let Some(first) = pairs.iter().position(|(known, _)| *known == name) else {
        return pairs.push((name, value));
    };
    pairs[first].1 = value;
    let mut at = 0;
    pairs.retain(|(known, _)| {
        at += 1;
        at <= first + 1 || *known != name
    });
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
    f: impl FnOnce(&[(String, String)]) -> Result<R>,
) -> Result<R> {
    let object = this::<Params>(ctx, it)?;
    let object = object.borrow();
    f(&object.0.borrow().pairs)
}

/// The pairs of a query without its question mark.
pub fn parse(query: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(query).into_owned().collect()
}

/// The pairs as a query.
fn serialize(pairs: &[(String, String)]) -> String {
    let mut serializer = form_urlencoded::Serializer::new(String::new());
    serializer.extend_pairs(pairs);
    serializer.finish()
}

/// A pair's name (`kind` 0), its value (1) or both (2); undefined past the end.
pub fn at<'js>(ctx: Ctx<'js>, it: Value<'js>, index: u32, kind: u32) -> Result<Value<'js>> {
    let object = this::<Params>(&ctx, &it)?;
    let object = object.borrow();
    let shared = object.0.borrow();
    let Some((name, value)) = shared.pairs.get(index as usize) else {
        return Ok(Value::new_undefined(ctx));
    };
    let string = |text: &str| rquickjs::String::from_str(ctx.clone(), text);
    match kind {
        0 => string(name).map(|text| text.into_value()),
        1 => string(value).map(|text| text.into_value()),
        _ => {
            let pair = rquickjs::Array::new(ctx.clone())?;
            pair.set(0, string(name)?)?;
            pair.set(1, string(value)?)?;
            Ok(pair.into_value())
        }
    }
}

/// What another `URLSearchParams` has, unless its iterator is not the class's own.
fn own_pairs<'js>(ctx: &Ctx<'js>, init: &Value<'js>) -> Result<Option<Vec<(String, String)>>> {
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
    let pairs = other.borrow().0.borrow().pairs.clone();
    Ok(Some(pairs))
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
                            all.push((name, value));
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
