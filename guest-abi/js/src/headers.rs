//! `Headers`: the class, but for its iterators, which are in `prelude/headers.js`; and lists of
//! fields on their way in and out, which are the same.

use crate::shape::{constructing, method, this, wrong_argument};
use crate::switches::{Switch, is_set};
use crate::text::lossy;
use postern_abi::http::{Fields, ResponseHead};
use rquickjs::class::{Class, JsClass, Trace, Tracer};
use rquickjs::function::{Constructor, Func, Opt, This};
use rquickjs::object::Filter;
use rquickjs::{
    Array, Ctx, Exception, Function, JsLifetime, Object, Result, Value, atom::PredefinedAtom,
};
use std::borrow::Cow;

/// Header fields in the order they came, names in lower case.
#[derive(Clone, Debug, Default)]
pub struct HeaderList {
    /// As the host sent them, until somebody asks for one.
    raw: Vec<u8>,
    fields: Vec<(Cow<'static, str>, Vec<u8>)>,
    /// Whether nobody may change them.
    is_immutable: bool,
}

// SAFETY: it holds no value of JavaScript.
unsafe impl<'js> JsLifetime<'js> for HeaderList {
    type Changed<'to> = HeaderList;
}

impl<'js> Trace<'js> for HeaderList {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

const NAME: &str = "Headers";

impl<'js> JsClass<'js> for HeaderList {
    const NAME: &'static str = NAME;
    type Mutable = rquickjs::class::Writable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let proto = Object::new(ctx.clone())?;
        method(
            &proto,
            "get",
            |ctx: Ctx<'js>, it: This<Value<'js>>, key: Opt<Value<'js>>| {
                let list = this::<HeaderList>(&ctx, &it.0)?;
                let key = name(&ctx, argument(&ctx, "get", 1, key)?)?;
                let value = list.borrow_mut().get(&key);
                match value {
                    Some(value) => crate::bytes::text(&ctx, &value),
                    None => Ok(Value::new_null(ctx)),
                }
            },
        )?;
        method(
            &proto,
            "getAll",
            |ctx: Ctx<'js>, it: This<Value<'js>>, key: Opt<Value<'js>>| {
                let list = this::<HeaderList>(&ctx, &it.0)?;
                let key = argument(&ctx, "getAll", 1, key)?;
                if !key.eq_ignore_ascii_case(COOKIE) {
                    return Err(Exception::throw_type(
                        &ctx,
                        "getAll() can only be used with the header name \"Set-Cookie\".",
                    ));
                }
                Ok(list.borrow_mut().shown(COOKIE))
            },
        )?;
        method(
            &proto,
            "getSetCookie",
            |ctx: Ctx<'js>, it: This<Value<'js>>| {
                let list = this::<HeaderList>(&ctx, &it.0)?;
                let all = list.borrow_mut().shown(COOKIE);
                Ok::<_, rquickjs::Error>(all)
            },
        )?;
        method(
            &proto,
            "has",
            |ctx: Ctx<'js>, it: This<Value<'js>>, key: Opt<Value<'js>>| {
                let list = this::<HeaderList>(&ctx, &it.0)?;
                let key = name(&ctx, argument(&ctx, "has", 1, key)?)?;
                let has = list.borrow_mut().values(&key).next().is_some();
                Ok::<_, rquickjs::Error>(has)
            },
        )?;
        method(
            &proto,
            "set",
            |ctx: Ctx<'js>, it: This<Value<'js>>, key: Opt<Value<'js>>, text: Opt<Value<'js>>| {
                let list = this::<HeaderList>(&ctx, &it.0)?;
                let key = argument(&ctx, "set", 1, key)?;
                let text = argument(&ctx, "set", 2, text)?;
                list.borrow().writable(&ctx)?;
                let (key, text) = (name(&ctx, key)?, value(&ctx, &text)?);
                list.borrow_mut().set(key, text);
                Ok::<_, rquickjs::Error>(())
            },
        )?;
        method(
            &proto,
            "append",
            |ctx: Ctx<'js>, it: This<Value<'js>>, key: Opt<Value<'js>>, text: Opt<Value<'js>>| {
                let list = this::<HeaderList>(&ctx, &it.0)?;
                let key = argument(&ctx, "append", 1, key)?;
                let text = argument(&ctx, "append", 2, text)?;
                list.borrow().writable(&ctx)?;
                let (key, text) = (name(&ctx, key)?, value(&ctx, &text)?);
                list.borrow_mut().append(key, text);
                Ok::<_, rquickjs::Error>(())
            },
        )?;
        method(
            &proto,
            "delete",
            |ctx: Ctx<'js>, it: This<Value<'js>>, key: Opt<Value<'js>>| {
                let list = this::<HeaderList>(&ctx, &it.0)?;
                let key = argument(&ctx, "delete", 1, key)?;
                list.borrow().writable(&ctx)?;
                let key = name(&ctx, key)?;
                list.borrow_mut().delete(&key);
                Ok::<_, rquickjs::Error>(())
            },
        )?;
        for name in ["forEach", "entries", "keys", "values"] {
            // Their places; `prelude/headers.js` fills them.
            proto.set(name, Value::new_undefined(ctx.clone()))?;
        }
        Ok(Some(proto))
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

const COOKIE: &str = "set-cookie";

/// A parameter as a string; it must be there.
fn argument<'js>(
    ctx: &Ctx<'js>,
    method: &str,
    parameter: usize,
    value: Opt<Value<'js>>,
) -> Result<String> {
    match value.0 {
        Some(value) => lossy(ctx, &value),
        None => Err(wrong_argument(ctx, NAME, method, parameter, "string")),
    }
}

impl HeaderList {
    /// What the host sent, to be read when it is needed; nobody may change it.
    pub fn raw(raw: &[u8]) -> Self {
        Self {
            raw: raw.to_vec(),
            fields: Vec::new(),
            is_immutable: true,
        }
    }

    /// The same fields, which may be changed.
    fn copy(&self) -> Self {
        Self {
            is_immutable: false,
            ..self.clone()
        }
    }

    fn writable(&self, ctx: &Ctx<'_>) -> Result<()> {
        if self.is_immutable {
            return Err(Exception::throw_type(
                ctx,
                "Can't modify immutable headers.",
            ));
        }
        Ok(())
    }

    fn shown(&mut self, name: &str) -> Vec<String> {
        self.values(name).map(shown).collect()
    }

    fn read(&mut self) {
        let raw = std::mem::take(&mut self.raw);
        if raw.is_empty() {
            return;
        }
        let Ok(Fields(fields)) = postcard::from_bytes(&raw) else {
            return;
        };
        self.fields = fields
            .into_iter()
            .map(|(name, value)| (Cow::Owned(name.to_owned()), value.to_vec()))
            .collect();
    }

    fn values<'a>(&'a mut self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.read();
        self.fields
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_slice())
    }

    fn get(&mut self, name: &str) -> Option<Vec<u8>> {
        let mut values = self.values(name);
        let first = values.next()?.to_vec();
        Some(values.fold(first, |mut all, value| {
            all.extend_from_slice(b", ");
            all.extend_from_slice(value);
            all
        }))
    }

    fn delete(&mut self, name: &str) {
        self.read();
        self.fields.retain(|(known, _)| known != name);
    }

    fn set(&mut self, name: String, value: Vec<u8>) {
        self.read();
        match self.fields.iter().position(|(known, _)| *known == name) {
            None => self.fields.push((name.into(), value)),
            Some(at) => {
                self.fields[at].1 = value;
                let mut index = 0;
                self.fields.retain(|(known, _)| {
                    index += 1;
                    index <= at + 1 || *known != name
                });
            }
        }
    }

    fn append(&mut self, name: String, value: Vec<u8>) {
        self.read();
        self.fields.push((name.into(), value));
    }

    /// Sorted by name, several values of one name together, but each `set-cookie` alone.
    fn sorted(&mut self) -> Vec<(String, Vec<u8>)> {
        self.read();
        let mut fields: Vec<(&str, &[u8])> = self
            .fields
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_slice()))
            .collect();
        fields.sort_by_key(|(name, _)| *name);
        let mut all: Vec<(String, Vec<u8>)> = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            match all.last_mut() {
                Some((last, values))
                    if last == name && (name != COOKIE || is_set(Switch::JoinCookies)) =>
                {
                    values.extend_from_slice(b", ");
                    values.extend_from_slice(value);
                }
                _ => all.push((name.to_owned(), value.to_vec())),
            }
        }
        all
    }

    /// Adds this content type unless there is one.
    pub fn set_type(&mut self, content_type: &str) {
        if self.values("content-type").next().is_none() {
            self.append("content-type".to_owned(), content_type.as_bytes().to_vec());
        }
    }

    /// The fields as the ABI has them.
    pub fn encode(&mut self) -> Vec<u8> {
        self.read();
        let fields = self.fields.iter();
        let fields = fields.map(|(name, value)| (name.as_ref(), value.as_slice()));
        postcard::to_allocvec(&Fields(fields.collect())).unwrap_or_default()
    }

    /// The head of a response with these fields, and this `content-type` unless they have one.
    pub fn encode_head(&mut self, status: u16, content_type: Option<&str>) -> Vec<u8> {
        self.read();
        let mut fields: Vec<(&str, &[u8])> = self
            .fields
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_slice()))
            .collect();
        if let Some(content_type) = content_type
            && !fields.iter().any(|(name, _)| *name == "content-type")
        {
            fields.push(("content-type", content_type.as_bytes()));
        }
        let head = ResponseHead {
            status,
            headers: Fields(fields),
        };
        postcard::to_allocvec(&head).unwrap_or_default()
    }
}

/// A field's name in lower case.
fn name(ctx: &Ctx<'_>, name: String) -> Result<String> {
    // As workerd has it: what is not ASCII may be in a name, and a name may be empty.
    let may_be = |byte: u8| {
        byte.is_ascii_alphanumeric() || byte >= 0x80 || b"!#$%&'*+-.^_`|~".contains(&byte)
    };
    if !name.bytes().all(may_be) {
        return Err(Exception::throw_type(ctx, "Invalid header name."));
    }
    let mut name = name;
    name.make_ascii_lowercase();
    Ok(name)
}

/// A field's value without white space around it, in UTF-8.
fn value(ctx: &Ctx<'_>, value: &str) -> Result<Vec<u8>> {
    let trimmed = value.trim_matches(['\t', '\n', '\r', ' ']);
    if trimmed
        .bytes()
        .any(|byte| matches!(byte, 0 | b'\n' | b'\r'))
    {
        return Err(Exception::throw_type(ctx, "Invalid header value."));
    }
    Ok(trimmed.as_bytes().to_vec())
}

/// A value as a string.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

type List<'js> = Class<'js, HeaderList>;

/// A list made of what a tenant gave: another list, pairs, or an object. `pairs(value)` gives the
/// names and values of what can be iterated, in turn, in one array.
fn made_of<'js>(ctx: &Ctx<'js>, init: &Value<'js>, pairs: &Function<'js>) -> Result<HeaderList> {
    if let Ok(other) = List::from_value(init) {
        return Ok(other.borrow().copy());
    }
    let Some(object) = init.as_object() else {
        return Err(wrong_argument(
            ctx,
            NAME,
            "",
            1,
            "Headers or Sequence or object",
        ));
    };
    let mut list = HeaderList::default();
    let iterator: Value = object.get(PredefinedAtom::SymbolIterator)?;
    if iterator.is_function() {
        let flat: Vec<Value<'js>> = pairs.call((init.clone(),))?;
        for pair in flat.chunks_exact(2) {
            let key = name(ctx, lossy(ctx, &pair[0])?)?;
            list.append(key, value(ctx, &lossy(ctx, &pair[1])?)?);
        }
        return Ok(list);
    }
    let filter = Filter::new().string().enum_only();
    for key in object.own_keys::<rquickjs::Atom>(filter) {
        let key = key?;
        let text: Value = object.get(key.clone())?;
        let key = match key.to_string() {
            Ok(key) => key,
            Err(_) => lossy(ctx, &key.to_value()?)?,
        };
        let (key, text) = (name(ctx, key)?, value(ctx, &lossy(ctx, &text)?)?);
        list.append(key, text);
    }
    Ok(list)
}

/// Adds the class and the functions on lists to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    // `headersClass(pairs)`: the class `Headers`; see `made_of`.
    native.set(
        "headersClass",
        Func::from(|ctx: Ctx<'js>, pairs: Function<'js>| {
            let class = Constructor::new_class::<HeaderList, _, _>(
                ctx,
                move |ctx: Ctx<'js>, target: This<Value<'js>>, init: Opt<Value<'js>>| {
                    constructing(&ctx, &target.0, NAME)?;
                    let list = match init.0 {
                        Some(init) if !init.is_undefined() => made_of(&ctx, &init, &pairs)?,
                        _ => HeaderList::default(),
                    };
                    Class::instance(ctx, list)
                },
            )?;
            class.set_length(0)?;
            Ok::<_, rquickjs::Error>(class)
        }),
    )?;
    native.set(
        "headersNew",
        Func::from(|ctx: Ctx<'js>| Class::instance(ctx, HeaderList::default())),
    )?;
    // `headersClone(list, guarded)`: a copy; with `guarded`, as immutable as the list is.
    native.set(
        "headersClone",
        Func::from(|ctx: Ctx<'js>, list: List<'js>, guarded: Opt<bool>| {
            let list = list.borrow();
            let copy = match guarded.0 {
                Some(true) => list.clone(),
                _ => list.copy(),
            };
            Class::instance(ctx, copy)
        }),
    )?;
    native.set(
        "headersDelete",
        Func::from(|list: List<'js>, key: String| list.borrow_mut().delete(&key)),
    )?;
    native.set(
        "headersFrozen",
        Func::from(|list: List<'js>| list.borrow().is_immutable),
    )?;
    native.set(
        "headersFreeze",
        Func::from(|list: List<'js>| list.borrow_mut().is_immutable = true),
    )?;
    native.set(
        "headersGet",
        Func::from(|ctx: Ctx<'js>, list: List<'js>, key: String| {
            let key = name(&ctx, key)?;
            Ok::<_, rquickjs::Error>(list.borrow_mut().get(&key).map(|value| shown(&value)))
        }),
    )?;
    native.set(
        "headersHas",
        Func::from(|ctx: Ctx<'js>, list: List<'js>, key: String| {
            let key = name(&ctx, key)?;
            let has = list.borrow_mut().values(&key).next().is_some();
            Ok::<_, rquickjs::Error>(has)
        }),
    )?;
    native.set(
        "headersSet",
        Func::from(
            |ctx: Ctx<'js>, list: List<'js>, key: String, text: String| {
                let (key, text) = (name(&ctx, key)?, value(&ctx, &text)?);
                list.borrow_mut().set(key, text);
                Ok::<_, rquickjs::Error>(())
            },
        ),
    )?;
    // `text(value)`: what `${value}` is, with the error that workerd has for symbols.
    native.set(
        "text",
        Func::from(|ctx: Ctx<'js>, value: Value<'js>| lossy(&ctx, &value)),
    )?;
    // `headersItems(list, kind)`: names (0), values (1) or pairs of both (2), sorted by name. The
    // brand is checked.
    native.set(
        "headersItems",
        Func::from(|ctx: Ctx<'js>, list: Value<'js>, kind: u32| {
            let list = this::<HeaderList>(&ctx, &list)?;
            let sorted = list.borrow_mut().sorted();
            let items = Array::new(ctx.clone())?;
            for (at, (name, value)) in sorted.into_iter().enumerate() {
                match kind {
                    0 => items.set(at, name)?,
                    1 => items.set(at, shown(&value))?,
                    _ => {
                        let pair = Array::new(ctx.clone())?;
                        pair.set(0, name)?;
                        pair.set(1, shown(&value))?;
                        items.set(at, pair)?;
                    }
                }
            }
            Ok::<_, rquickjs::Error>(items)
        }),
    )
}
