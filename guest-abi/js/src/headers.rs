//! `Headers`: the class, but for its iterators, which are in `iterators.rs`; and lists of fields on
//! their way in and out, which are the same.

mod encoded;

pub use encoded::each_encoded;
use encoded::{Raw, varint};

use crate::joined::joined;
use crate::raw::{self, Cx, EXCEPTION, Handle, UNDEFINED, Val, utf8};
use crate::shape::{constructing, method, this, wrong_argument};
use crate::switches::{Switch, is_set};
use crate::text::{lossy, with_raw};
use crate::values::held;
use rquickjs::class::{Class, JsClass, Trace, Tracer};
use rquickjs::function::{Constructor, Func, Opt, This};
use rquickjs::{
    Array, Ctx, Exception, Function, JsLifetime, Object, Result, Value, atom::PredefinedAtom,
};
use std::borrow::Cow;
use std::cell::Cell;

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
                let list = list.borrow();
                match list.get(&key) {
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
                Ok(list.borrow().shown(COOKIE))
            },
        )?;
        method(
            &proto,
            "getSetCookie",
            |ctx: Ctx<'js>, it: This<Value<'js>>| {
                let list = this::<HeaderList>(&ctx, &it.0)?;
                let all = list.borrow().shown(COOKIE);
                Ok::<_, rquickjs::Error>(all)
            },
        )?;
        method(
            &proto,
            "has",
            |ctx: Ctx<'js>, it: This<Value<'js>>, key: Opt<Value<'js>>| {
                let list = this::<HeaderList>(&ctx, &it.0)?;
                let key = name(&ctx, argument(&ctx, "has", 1, key)?)?;
                let has = list.borrow().values(&key).next().is_some();
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
                let (text, key) = (value(&ctx, &text)?.to_vec(), name(&ctx, key)?);
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
                let (text, key) = (value(&ctx, &text)?.to_vec(), name(&ctx, key)?);
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
            // Their places; the prelude fills them.
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
    pub fn raw(raw: Vec<u8>) -> Self {
        Self {
            raw,
            fields: Vec::new(),
            is_immutable: true,
        }
    }

    /// What the host sent, if nobody has changed it.
    pub fn into_raw(self) -> Vec<u8> {
        self.raw
    }

    /// Whether there is a field of this name, which is in small letters.
    pub fn has(&mut self, name: &str) -> bool {
        let mut raw = Raw::new(&self.raw);
        std::iter::from_fn(|| raw.field()).any(|(known, _)| known == name.as_bytes())
            || self.fields.iter().any(|(known, _)| *known == name)
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

    fn shown(&self, name: &str) -> Vec<String> {
        self.values(name).map(shown).collect()
    }

    fn read(&mut self) {
        let raw = std::mem::take(&mut self.raw);
        if !raw.is_empty() {
            let fields = Raw::new(&raw);
            self.fields = fields
                .map(|(name, value)| (Cow::Owned(name.to_owned()), value.to_vec()))
                .collect();
        }
    }

    /// All of them in the order they came.
    fn each(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let fields = self.fields.iter();
        Raw::new(&self.raw).chain(fields.map(|(name, value)| (name.as_ref(), value.as_slice())))
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.each()
            .filter(move |(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    fn get<'a>(&'a self, name: &'a str) -> Option<Cow<'a, [u8]>> {
        let mut values = self.values(name);
        let first = values.next()?;
        Some(values.fold(Cow::Borrowed(first), |mut all, value| {
            all.to_mut().extend_from_slice(b", ");
            all.to_mut().extend_from_slice(value);
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
    pub fn flat(&self) -> Flat {
        let mut fields: Vec<(&str, &[u8])> = self.each().collect();
        fields.sort_by_key(|(name, _)| *name);
        let lengths = fields
            .iter()
            .map(|(name, value)| name.len() + value.len() + 2);
        let mut flat = Flat {
            bytes: Vec::with_capacity(lengths.sum()),
            items: Vec::with_capacity(fields.len()),
        };
        let mut last = None;
        for (name, value) in fields {
            let is_more = last == Some(name) && (name != COOKIE || is_set(Switch::JoinCookies));
            last = Some(name);
            let bytes = &mut flat.bytes;
            match flat.items.last_mut() {
                Some(item) if is_more => {
                    bytes.extend_from_slice(b", ");
                    bytes.extend_from_slice(value);
                    item.2 = bytes.len();
                }
                _ => {
                    let start = bytes.len();
                    list_name(name, bytes);
                    let middle = bytes.len();
                    bytes.extend_from_slice(value);
                    flat.items.push((start, middle, bytes.len()));
                }
            }
        }
        flat
    }

    /// Adds this content type unless there is one.
    pub fn set_type(&mut self, content_type: &str) {
        if self.values("content-type").next().is_none() {
            self.append("content-type".to_owned(), content_type.as_bytes().to_vec());
        }
    }

    /// The fields as the ABI has them.
    pub fn encode(&self) -> Vec<u8> {
        let mut all = Vec::new();
        self.encode_to(&mut all, None);
        all
    }

    /// The head of a response with these fields, and this `content-type` unless they have one.
    pub fn encode_head(&self, status: u16, content_type: Option<&str>) -> Vec<u8> {
        let mut head = head(status);
        self.encode_to(&mut head, content_type);
        head
    }

    /// Writes the fields, and this `content-type` unless they have one.
    pub fn encode_to(&self, out: &mut Vec<u8>, content_type: Option<&str>) {
        let content_type =
            content_type.filter(|_| !self.each().any(|(name, _)| name == "content-type"));
        if content_type.is_none() && !self.raw.is_empty() {
            out.reserve_exact(self.raw.len());
            return out.extend_from_slice(&self.raw);
        }
        let mut count = usize::from(content_type.is_some());
        let mut len = 6 + content_type.map_or(0, |it| it.len() + 18);
        // A name that comes twice sets its bit twice; so may two names.
        let (mut seen, mut may_repeat) = (0_u64, false);
        for (name, value) in self.each() {
            count += 1;
            len += name.len() + value.len() + 6;
            let last = name.as_bytes().last().copied().unwrap_or(0);
            let bit = 1 << ((name.len() ^ usize::from(last)) & 63);
            may_repeat |= seen & bit != 0;
            seen |= bit;
        }
        out.reserve_exact(len);
        let content_type = content_type.map(|it| ("content-type", it.as_bytes()));
        if may_repeat {
            let fields = joined(self.each());
            varint(out, fields.len() + usize::from(content_type.is_some()));
            let fields = fields.iter().map(|(name, value)| (*name, value.as_ref()));
            return fields
                .chain(content_type)
                .for_each(|field| encode_field(out, field));
        }
        varint(out, count);
        self.each()
            .chain(content_type)
            .for_each(|field| encode_field(out, field));
    }
}

fn encode_field(out: &mut Vec<u8>, (name, value): (&str, &[u8])) {
    varint(out, name.len());
    out.extend_from_slice(name.as_bytes());
    varint(out, value.len());
    out.extend_from_slice(value);
}

/// The head of a response, before its fields.
pub fn head(status: u16) -> Vec<u8> {
    let mut head = Vec::with_capacity(64);
    varint(&mut head, status.into());
    head
}

/// Names and values, one after another.
pub struct Flat {
    bytes: Vec<u8>,
    /// Where each begins, where its value does, and where that ends.
    items: Vec<(usize, usize, usize)>,
}

/// A name as it is listed. One of Latin-1 is no UTF-8 to workerd, so that whatever is not ASCII in it is replaced; in any
/// other it takes bytes for letters of Latin-1, and makes those small.
fn list_name(name: &str, out: &mut Vec<u8>) {
    if name.is_ascii() {
        return out.extend_from_slice(name.as_bytes());
    }
    if name.chars().any(|character| character > '\u{ff}') {
        let small = |byte: u8| match byte {
            0xc0..=0xd6 | 0xd8..=0xde => byte + 0x20,
            _ => byte,
        };
        let bytes: Vec<u8> = name.bytes().map(small).collect();
        return out.extend_from_slice(String::from_utf8_lossy(&bytes).as_bytes());
    }
    for character in name.chars() {
        let shown = if character.is_ascii() {
            character
        } else {
            char::REPLACEMENT_CHARACTER
        };
        out.extend_from_slice(shown.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

impl Flat {
    /// One of them.
    pub fn get(&self, at: usize) -> Option<(&str, &[u8])> {
        let (start, middle, end) = *self.items.get(at)?;
        let name = utf8(self.bytes.get(start..middle)?)?;
        Some((name, self.bytes.get(middle..end)?))
    }
}

/// What a byte of a name becomes; 0 for one that may not be in a name. As workerd has it, what is
/// not ASCII may be.
static LOWER: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        let may_be = byte.is_ascii_alphanumeric()
            || byte >= 0x80
            || matches!(
                byte,
                b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_'
            )
            || matches!(byte, b'`' | b'|' | b'~');
        if may_be {
            table[at] = byte.to_ascii_lowercase();
        }
        at += 1;
    }
    table
};

/// Makes a field's name one in lower case; whether it is one. It may be empty.
fn lower(name: &mut [u8]) -> bool {
    name.iter_mut().all(|byte| {
        *byte = LOWER[usize::from(*byte)];
        *byte != 0
    })
}

fn no_name(ctx: &Ctx<'_>) -> rquickjs::Error {
    Exception::throw_type(ctx, "Invalid header name.")
}

/// A field's name in lower case.
fn name(ctx: &Ctx<'_>, name: String) -> Result<String> {
    let mut bytes = name.into_bytes();
    if !lower(&mut bytes) {
        return Err(no_name(ctx));
    }
    // SAFETY: of the text no more than ASCII letters changed, to ASCII letters.
    Ok(unsafe { String::from_utf8_unchecked(bytes) })
}

/// A field's value without white space around it, in UTF-8.
fn value<'a>(ctx: &Ctx<'_>, value: &'a str) -> Result<&'a [u8]> {
    let mut bytes = value.as_bytes();
    while let [b'\t' | b'\n' | b'\r' | b' ', rest @ ..]
    | [rest @ .., b'\t' | b'\n' | b'\r' | b' '] = bytes
    {
        bytes = rest;
    }
    if bytes
        .iter()
        .any(|byte| *byte <= b'\r' && matches!(byte, 0 | b'\n' | b'\r'))
    {
        return Err(Exception::throw_type(ctx, "Invalid header value."));
    }
    Ok(bytes)
}

/// Writes fields that a tenant gave as the host sends them, so that none needs memory of its own
/// until somebody changes one.
struct Writer<'a, 'js> {
    ctx: &'a Ctx<'js>,
    raw: Vec<u8>,
}

impl<'a, 'js> Writer<'a, 'js> {
    /// Of so many fields.
    fn new(ctx: &'a Ctx<'js>, count: usize) -> Self {
        /// Bytes that a field of the usual length takes.
        const USUAL: usize = 32;
        let mut raw = Vec::with_capacity(count.saturating_mul(USUAL));
        varint(&mut raw, count);
        Self { ctx, raw }
    }

    /// Adds one; both are borrowed.
    fn field(&mut self, key: Val, text: Val) -> Result<()> {
        let Self { ctx, raw } = self;
        let is_name = with_raw(ctx, key, |key| {
            varint(raw, key.len());
            let start = raw.len();
            raw.extend_from_slice(key.as_bytes());
            lower(&mut raw[start..])
        })?;
        with_raw(ctx, text, |text| {
            let bytes = value(ctx, text)?;
            varint(raw, bytes.len());
            raw.extend_from_slice(bytes);
            if is_name { Ok(()) } else { Err(no_name(ctx)) }
        })?
    }

    fn list(self) -> HeaderList {
        HeaderList {
            is_immutable: false,
            ..HeaderList::raw(self.raw)
        }
    }
}

/// A value as a string.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

type List<'js> = Class<'js, HeaderList>;

thread_local! {
    /// `pairs(value)`: the names and values of what can be iterated, in turn, in one array.
    static PAIRS: Cell<Val> = const { Cell::new(UNDEFINED) };
}

/// A list made of what a tenant gave: another list, pairs, or an object.
fn made_of<'js>(ctx: &Ctx<'js>, init: &Value<'js>) -> Result<HeaderList> {
    if let Some(other) = held::<HeaderList>(init) {
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
    let iterator: Value = object.get(PredefinedAtom::SymbolIterator)?;
    if iterator.is_function() {
        let cx = Cx(ctx.as_raw().as_ptr());
        // SAFETY: a handle of its own to what lives as long as the engine.
        let pairs = unsafe { Value::from_raw(ctx.clone(), cx.dup(PAIRS.get())) };
        let flat: Vec<Value<'js>> = pairs.get::<Function>()?.call((init.clone(),))?;
        let mut fields = Writer::new(ctx, flat.len() / 2);
        for pair in flat.chunks_exact(2) {
            fields.field(pair[0].as_raw(), pair[1].as_raw())?;
        }
        return Ok(fields.list());
    }
    let cx = Cx(ctx.as_raw().as_ptr());
    let keys = cx.keys(init.as_raw()).ok_or(rquickjs::Error::Exception)?;
    let mut fields = Writer::new(ctx, keys.len());
    for key in keys {
        let text = Handle(cx, key.value(init.as_raw()));
        if raw::is_exception(text.1) {
            return Err(rquickjs::Error::Exception);
        }
        let name = Handle(cx, key.name());
        fields.field(name.1, text.1)?;
    }
    Ok(fields.list())
}

/// A `Headers` of what a tenant gave, or [`EXCEPTION`].
pub fn object_of(cx: Cx, init: Val) -> Val {
    // SAFETY: within a callback; a handle of its own to what is borrowed.
    let (ctx, init) = unsafe { (cx.ctx(), Value::from_raw(cx.ctx(), cx.dup(init))) };
    let made = made_of(&ctx, &init).and_then(|list| Class::instance(ctx.clone(), list));
    made.map_or(EXCEPTION, |class| cx.dup(class.into_value().as_raw()))
}

/// Adds the class and the functions on lists to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    // `headersClass(pairs)`: the class `Headers`; see `PAIRS`.
    native.set(
        "headersClass",
        Func::from(|ctx: Ctx<'js>, pairs: Function<'js>| {
            let cx = Cx(ctx.as_raw().as_ptr());
            PAIRS.set(cx.dup(pairs.as_value().as_raw()));
            let class = Constructor::new_class::<HeaderList, _, _>(
                ctx,
                |ctx: Ctx<'js>, target: This<Value<'js>>, init: Opt<Value<'js>>| {
                    constructing(&ctx, &target.0, NAME)?;
                    let list = match init.0 {
                        Some(init) if !init.is_undefined() => made_of(&ctx, &init)?,
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
            Ok::<_, rquickjs::Error>(list.borrow().get(&key).map(|value| shown(&value)))
        }),
    )?;
    native.set(
        "headersHas",
        Func::from(|ctx: Ctx<'js>, list: List<'js>, key: String| {
            let key = name(&ctx, key)?;
            let has = list.borrow().values(&key).next().is_some();
            Ok::<_, rquickjs::Error>(has)
        }),
    )?;
    native.set(
        "headersSet",
        Func::from(
            |ctx: Ctx<'js>, list: List<'js>, key: String, text: String| {
                let (text, key) = (value(&ctx, &text)?.to_vec(), name(&ctx, key)?);
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
    // `headersItems(list)`: names and values in turn, sorted by name. The brand is checked.
    native.set(
        "headersItems",
        Func::from(|ctx: Ctx<'js>, list: Value<'js>| {
            let list = this::<HeaderList>(&ctx, &list)?;
            let fields = list.borrow_mut().flat();
            let items = Array::new(ctx.clone())?;
            let mut at = 0;
            while let Some((name, value)) = fields.get(at) {
                items.set(2 * at, name)?;
                items.set(2 * at + 1, crate::bytes::text(&ctx, value)?)?;
                at += 1;
            }
            Ok::<_, rquickjs::Error>(items)
        }),
    )
}
