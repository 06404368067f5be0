//! Lists of header fields: what `Headers` in `prelude/fetch.js` keeps its state in.

use postern_abi::http::{Fields, ResponseHead};
use rquickjs::class::{Class, JsClass, Trace, Tracer};
use rquickjs::{Array, Ctx, Exception, JsLifetime, Object, Result, function::Func};
use std::borrow::Cow;

/// Header fields in the order they came, names in lower case.
#[derive(Clone, Debug, Default)]
pub struct HeaderList {
    /// As the host sent them, until somebody asks for one.
    raw: Vec<u8>,
    fields: Vec<(Cow<'static, str>, Vec<u8>)>,
}

// SAFETY: it holds no value of JavaScript.
unsafe impl<'js> JsLifetime<'js> for HeaderList {
    type Changed<'to> = HeaderList;
}

impl<'js> Trace<'js> for HeaderList {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for HeaderList {
    const NAME: &'static str = "HeaderList";
    type Mutable = rquickjs::class::Writable;

    fn prototype(_: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        Ok(None)
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<rquickjs::function::Constructor<'js>>> {
        Ok(None)
    }
}

impl HeaderList {
    /// What the host sent, to be read when it is needed.
    pub fn raw(raw: &[u8]) -> Self {
        Self {
            raw: raw.to_vec(),
            fields: Vec::new(),
        }
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
                Some((last, values)) if last == name && name != "set-cookie" => {
                    values.extend_from_slice(b", ");
                    values.extend_from_slice(value);
                }
                _ => all.push((name.to_owned(), value.to_vec())),
            }
        }
        all
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

    /// The fields as the ABI has them.
    pub fn encode(&mut self) -> Vec<u8> {
        self.read();
        let fields = self
            .fields
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_slice()))
            .collect();
        postcard::to_allocvec(&Fields(fields)).unwrap_or_default()
    }
}

/// A field's name in lower case.
fn name(ctx: &Ctx<'_>, name: String) -> Result<String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(Exception::throw_type(ctx, "Invalid header name."));
    }
    let mut name = name;
    name.make_ascii_lowercase();
    Ok(name)
}

/// A field's value without white space around it, in bytes: what has no character above 255 is
/// latin-1 on the wire, as browsers have it; anything else is UTF-8.
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
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

type List<'js> = Class<'js, HeaderList>;

/// Adds the functions on lists to the natives.
pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    Class::<HeaderList>::define(&Object::new(ctx.clone())?)?;
    native.set(
        "headersNew",
        Func::from(|ctx: Ctx<'js>| Class::instance(ctx, HeaderList::default())),
    )?;
    native.set(
        "headersClone",
        Func::from(|ctx: Ctx<'js>, list: List<'js>| {
            let copy = list.borrow().clone();
            Class::instance(ctx, copy)
        }),
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
    native.set(
        "headersAppend",
        Func::from(
            |ctx: Ctx<'js>, list: List<'js>, key: String, text: String| {
                let (key, text) = (name(&ctx, key)?, value(&ctx, &text)?);
                list.borrow_mut().append(key, text);
                Ok::<_, rquickjs::Error>(())
            },
        ),
    )?;
    native.set(
        "headersDelete",
        Func::from(|ctx: Ctx<'js>, list: List<'js>, key: String| {
            let key = name(&ctx, key)?;
            list.borrow_mut().delete(&key);
            Ok::<_, rquickjs::Error>(())
        }),
    )?;
    native.set(
        "headersValues",
        Func::from(|list: List<'js>, key: String| {
            let mut list = list.borrow_mut();
            list.values(&key).map(shown).collect::<Vec<String>>()
        }),
    )?;
    // Names and values in turn, in one array.
    native.set(
        "headersSorted",
        Func::from(|ctx: Ctx<'js>, list: List<'js>| {
            let sorted = list.borrow_mut().sorted();
            let array = Array::new(ctx)?;
            for (at, (name, value)) in sorted.into_iter().enumerate() {
                array.set(2 * at, name)?;
                array.set(2 * at + 1, shown(&value))?;
            }
            Ok::<_, rquickjs::Error>(array)
        }),
    )
}
