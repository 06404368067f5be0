//! `URL`: the class, made in Rust. `URLSearchParams` is in `params.rs`.

use crate::class::{self, Held};
use crate::file_url;
use crate::params::{self, Pair, Params};
use crate::plain::Plain;
use crate::raw::{self, Arguments, Callback, Cx, UNDEFINED, Val, callbacks};
use crate::shape::{ILLEGAL, method, wrong_argument};
use crate::text::{usv, with_usv};
use crate::unverified;
use rquickjs::class::Class;
use rquickjs::function::{Func, Opt};
use rquickjs::{Ctx, Exception, Function, Object, Result, Value, qjs};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::rc::Rc;
use std::sync::atomic::AtomicU32;
use url::{ParseError, Position, Url, quirks};

/// An address as it was read.
#[derive(Debug)]
pub enum Address {
    /// One that is written as the standard would write it.
    Plain(Plain),
    /// Any other, and one that was changed.
    Full(Url),
}

impl Address {
    /// What the text means without a base; nothing if it is no URL.
    fn read(text: &str) -> Option<Self> {
        match Plain::read(text.as_bytes()) {
            Some(plain) => Some(Self::Plain(plain)),
            None => read_slowly(text).map(Self::Full),
        }
    }

    fn href(&self) -> &str {
        match self {
            Self::Plain(plain) => plain.href(),
            Self::Full(url) => url.as_str(),
        }
    }

    fn origin(&self) -> Cow<'_, str> {
        match self {
            Self::Plain(plain) => Cow::Borrowed(plain.origin()),
            // A blob has the origin of what is behind it, if that is one of the web's.
            Self::Full(url) if url.scheme() == "blob" => {
                let inner = Url::parse(url.path()).ok();
                let inner = inner.filter(|inner| matches!(inner.scheme(), "http" | "https"));
                inner.map_or(Cow::Borrowed("null"), |inner| {
                    Cow::Owned(quirks::origin(&inner))
                })
            }
            Self::Full(url) => Cow::Owned(quirks::origin(url)),
        }
    }

    /// The query without its mark.
    fn query(&self) -> &str {
        match self {
            Self::Plain(plain) => plain.search().strip_prefix('?').unwrap_or_default(),
            Self::Full(url) => url.query().unwrap_or_default(),
        }
    }

    /// The crate's own, so that it can be changed.
    fn into_full(self) -> Option<Url> {
        match self {
            Self::Plain(plain) => read_by_crate(plain.href()),
            Self::Full(url) => Some(url),
        }
    }
}

/// The crate's reading of a text.
pub fn read_slowly(text: &str) -> Option<Url> {
    match file_url::read(text, None) {
        Some(found) => found.or_else(|| unverified::read(text)),
        None => read_by_crate(text),
    }
}

fn read_by_crate(text: &str) -> Option<Url> {
    match Url::parse(text) {
        Ok(url) => Some(settled(url)),
        Err(ParseError::IdnaError) => unverified::read(text).map(settled),
        Err(_) => None,
    }
}

/// A URL and the parameters of its query, once they were asked for: what a `URL` and its
/// `searchParams` share.
#[derive(Debug, Default)]
pub struct Shared {
    /// The URL; none for parameters that belong to none.
    address: Option<Address>,
    /// The parameters.
    pub pairs: Vec<Pair>,
}

impl Shared {
    /// Parameters that belong to no URL.
    pub fn of(pairs: Vec<Pair>) -> Self {
        Self {
            address: None,
            pairs,
        }
    }

    /// Changes the URL.
    pub fn change(&mut self, f: impl FnOnce(&mut Url)) {
        if let Some(mut url) = self.address.take().and_then(Address::into_full) {
            f(&mut url);
            self.address = Some(Address::Full(url));
        }
    }

    /// The query became another; so do the parameters.
    fn read_query(&mut self) {
        let query = self.address.as_ref().map(Address::query);
        self.pairs = params::parse(query.unwrap_or_default().as_bytes());
    }
}

/// What a `URL` is.
struct UrlObject {
    shared: Rc<RefCell<Shared>>,
    /// `searchParams`, once it was asked for.
    params: Val,
}

static ID: AtomicU32 = AtomicU32::new(0);

impl Held for UrlObject {
    const NAME: &'static CStr = c"URL";

    fn id() -> &'static AtomicU32 {
        &ID
    }

    fn each(&self, f: &mut dyn FnMut(Val)) {
        f(self.params);
    }
}

thread_local! {
    static PROTOTYPE: Cell<Val> = const { Cell::new(UNDEFINED) };
}

const NAME: &str = "URL";

/// A part of an address that can be read and set.
struct Part {
    name: &'static CStr,
    of_plain: fn(&Plain) -> &str,
    of_full: for<'a> fn(&'a Url) -> &'a str,
    set: fn(&mut Url, &str),
}

const PARTS: [Part; 9] = [
    Part {
        name: c"protocol",
        of_plain: Plain::protocol,
        of_full: quirks::protocol,
        set: set_protocol,
    },
    Part {
        name: c"username",
        of_plain: |_| "",
        of_full: quirks::username,
        set: |url, value| {
            let _ = quirks::set_username(url, value);
        },
    },
    Part {
        name: c"password",
        of_plain: |_| "",
        of_full: quirks::password,
        set: |url, value| {
            let _ = quirks::set_password(url, value);
        },
    },
    Part {
        name: c"host",
        of_plain: Plain::host,
        of_full: quirks::host,
        set: |url, value| {
            let value = without_breaks(value);
            // The crate takes the name before the colon, which is empty.
            if !value.starts_with(':') {
                set_host(url, &value, quirks::set_host);
            }
        },
    },
    Part {
        name: c"hostname",
        of_plain: Plain::hostname,
        of_full: quirks::hostname,
        set: |url, value| {
            let value = without_breaks(value);
            set_host(url, &value, quirks::set_hostname);
        },
    },
    Part {
        name: c"port",
        of_plain: Plain::port,
        of_full: quirks::port,
        set: |url, value| {
            // One of breaks alone is no port, where an empty one takes it away.
            if value.is_empty() || !without_breaks(value).is_empty() {
                let _ = quirks::set_port(url, value);
            }
        },
    },
    Part {
        name: c"pathname",
        of_plain: Plain::pathname,
        of_full: quirks::pathname,
        set: set_pathname,
    },
    Part {
        name: c"search",
        of_plain: Plain::search,
        of_full: quirks::search,
        set: quirks::set_search,
    },
    Part {
        name: c"hash",
        of_plain: Plain::fragment,
        of_full: quirks::hash,
        set: quirks::set_hash,
    },
];
const SEARCH: usize = 7;

fn held<'a>(object: Val) -> Option<&'a mut UrlObject> {
    if !raw::is_object(object) {
        return None;
    }
    class::held::<UrlObject>(object)
}

/// A new object for an address. The prototype is borrowed.
fn object(cx: Cx, prototype: Val, address: Address) -> Val {
    let shared = Shared {
        address: Some(address),
        pairs: Vec::new(),
    };
    let object = UrlObject {
        shared: Rc::new(RefCell::new(shared)),
        params: UNDEFINED,
    };
    class::object(cx, prototype, object)
}

/// An argument as text; nothing if that threw.
fn text_of(cx: Cx, value: Val) -> Option<String> {
    // SAFETY: within a callback; the value is duplicated for what takes it over.
    let (ctx, value) = unsafe {
        let ctx = cx.ctx();
        let value = Value::from_raw(ctx.clone(), cx.dup(value));
        (ctx, value)
    };
    usv(&ctx, &value).ok()
}

callbacks! {
    construct(cx, target, arguments) {
        if raw::is_undefined(target) {
            return cx.throw_type(
                "Failed to construct 'URL': Please use the 'new' operator, this object constructor cannot be called as a function.",
            );
        }
        let address = match parse(cx, "", arguments) {
            Ok(Some(address)) => address,
            Ok(None) => return cx.throw_type("Invalid URL string."),
            Err(Thrown) => return raw::EXCEPTION,
        };
        let prototype = cx.get(target, c"prototype");
        if raw::is_exception(prototype) {
            return prototype;
        }
        let object = if raw::is_object(prototype) {
            object(cx, prototype, address)
        } else {
            object(cx, PROTOTYPE.get(), address)
        };
        cx.free(prototype);
        object
    }
    can_parse(cx, _this, arguments) {
        match parse(cx, "canParse", arguments) {
            Ok(found) => raw::boolean(found.is_some()),
            Err(Thrown) => raw::EXCEPTION,
        }
    }
    parse_or_null(cx, _this, arguments) {
        match parse(cx, "parse", arguments) {
            Ok(Some(address)) => object(cx, PROTOTYPE.get(), address),
            Ok(None) => raw::NULL,
            Err(Thrown) => raw::EXCEPTION,
        }
    }
    origin(cx, this, _arguments) {
        read(cx, this, |address| cx.string(&address.origin()))
    }
    href(cx, this, _arguments) {
        read(cx, this, |address| cx.string(address.href()))
    }
    set_href(cx, this, arguments) {
        if held(this).is_none() {
            return cx.throw_type(ILLEGAL);
        }
        let Some(text) = text_of(cx, arguments.get(0)) else {
            return raw::EXCEPTION;
        };
        let Some(address) = Address::read(&text) else {
            return cx.throw_type(
                "Failed to set the 'href' property on 'URL': the provided value is not of type 'valid URL string'.",
            );
        };
        if let Some(found) = held(this) {
            let mut shared = found.shared.borrow_mut();
            shared.address = Some(address);
            if !raw::is_undefined(found.params) {
                shared.read_query();
            }
        }
        UNDEFINED
    }
    part<AT>(cx, this, _arguments) {
        read(cx, this, |address| {
            cx.string(match address {
                Address::Plain(plain) => (PARTS[AT].of_plain)(plain),
                Address::Full(url) => (PARTS[AT].of_full)(url),
            })
        })
    }
    set_part<AT>(cx, this, arguments) {
        if held(this).is_none() {
            return cx.throw_type(ILLEGAL);
        }
        let Some(text) = text_of(cx, arguments.get(0)) else {
            return raw::EXCEPTION;
        };
        if let Some(found) = held(this) {
            let mut shared = found.shared.borrow_mut();
            shared.change(|url| {
                (PARTS[AT].set)(url, &text);
                settle(url);
            });
            if AT == SEARCH && !raw::is_undefined(found.params) {
                shared.read_query();
            }
        }
        UNDEFINED
    }
    search_params(cx, this, _arguments) {
        let Some(found) = held(this) else {
            return cx.throw_type(ILLEGAL);
        };
        if raw::is_undefined(found.params) {
            found.shared.borrow_mut().read_query();
            // SAFETY: within a callback.
            let ctx = unsafe { cx.ctx() };
            let Ok(params) = Class::instance(ctx, Params(found.shared.clone())) else {
                return raw::EXCEPTION;
            };
            found.params = cx.dup(params.as_raw());
        }
        cx.dup(found.params)
    }
}

/// What a member tells of the address of `this`.
fn read(cx: Cx, this: Val, f: impl FnOnce(&Address) -> Val) -> Val {
    let Some(found) = held(this) else {
        return cx.throw_type(ILLEGAL);
    };
    let shared = found.shared.borrow();
    shared.address.as_ref().map_or(UNDEFINED, f)
}

/// Something was thrown, and is the context's.
struct Thrown;

impl From<rquickjs::Error> for Thrown {
    fn from(_: rquickjs::Error) -> Self {
        Self
    }
}

/// Parses the first argument against the second, which may be a base.
fn parse(
    cx: Cx,
    method: &str,
    arguments: Arguments,
) -> std::result::Result<Option<Address>, Thrown> {
    let (text, base) = (arguments.get(0), arguments.get(1));
    // SAFETY: within a callback.
    let ctx = unsafe { cx.ctx() };
    if arguments.len() == 0 {
        return Err(wrong_argument(&ctx, NAME, method, 1, "USVString").into());
    }
    if raw::is_undefined(base) && raw::is_string(text) {
        let plain = cx.bytes(text, Plain::read).ok_or(Thrown)?;
        if let Some(plain) = plain {
            return Ok(Some(Address::Plain(plain)));
        }
    }
    // SAFETY: as above; each is duplicated for what takes it over.
    let [text, base] =
        [text, base].map(|value| unsafe { Value::from_raw(ctx.clone(), cx.dup(value)) });
    if base.is_undefined() {
        return Ok(with_usv(&ctx, &text, read_slowly)?.map(Address::Full));
    }
    let text = usv(&ctx, &text)?;
    let Some(base) = with_usv(&ctx, &base, read_slowly)? else {
        return Ok(None);
    };
    let url = match file_url::read(&text, Some(&base)) {
        Some(found) => found,
        None => base.join(&relative(&base, &text)).ok().map(settled),
    };
    Ok(url.map(Address::Full))
}

/// A relative URL as the crate reads it right: it refuses more than two slashes before a host, and
/// takes a backslash for a slash whatever the base's scheme is.
fn relative<'a>(base: &Url, text: &'a str) -> Cow<'a, str> {
    let trimmed = text.trim_matches(|character| character <= ' ');
    let is_slash = |byte: Option<&u8>| matches!(byte, Some(b'/' | b'\\'));
    let mut bytes = trimmed.as_bytes().iter();
    let (first, second, third) = (bytes.next(), bytes.next(), bytes.next());
    match base.scheme() {
        "file" => {}
        "http" | "https" | "ws" | "wss" | "ftp"
            if is_slash(first) && is_slash(second) && is_slash(third) =>
        {
            let rest = trimmed.trim_start_matches(['/', '\\']);
            return Cow::Owned(format!("//{rest}"));
        }
        "http" | "https" | "ws" | "wss" | "ftp" => {}
        _ if first == Some(&b'\\') => return Cow::Owned(format!("./{trimmed}")),
        _ if first == Some(&b'/') && second == Some(&b'\\') => {
            return Cow::Owned(format!("/.{trimmed}"));
        }
        _ => {}
    }
    Cow::Borrowed(text)
}

/// The URL as the standard of today has it: `^` in a path is encoded, and so is a space at the
/// end of an opaque path that something follows. The crate keeps the one and drops the other.
fn settle(url: &mut Url) {
    if url.scheme() == "file" {
        return;
    }
    if url.cannot_be_a_base() {
        if url.path().ends_with(' ') {
            let path = url.path();
            let path = format!("{}%20", &path[..path.len() - 1]);
            url.set_path(&path);
        }
    } else if url.path().contains('^') {
        let path = url.path().replace('^', "%5E");
        url.set_path(&path);
    }
}

/// The same of one that is handed on.
fn settled(mut url: Url) -> Url {
    settle(&mut url);
    url
}

/// What setters heed of a value: tabs and ends of lines mean nothing in a URL.
fn without_breaks(value: &str) -> Cow<'_, str> {
    let is_break = |character| matches!(character, '\t' | '\n' | '\r');
    if value.contains(is_break) {
        Cow::Owned(value.replace(is_break, ""))
    } else {
        Cow::Borrowed(value)
    }
}

/// Sets the host by one of the crate's setters.
fn set_host(url: &mut Url, value: &str, setter: fn(&mut Url, &str) -> std::result::Result<(), ()>) {
    let guarded =
        (!url.has_authority() && url.path().starts_with("//")).then(|| url.path().to_owned());
    if setter(url, value).is_err() {
        unverified::set(url, value, setter);
    }
    // Two slashes that a path begins with are no host's any more: the crate goes on guarding them.
    if let Some(path) = guarded.filter(|_| url.has_authority()) {
        let text = format!(
            "{}{path}{}",
            &url[..Position::AfterPort],
            &url[Position::AfterPath..]
        );
        if let Ok(changed) = Url::parse(&text) {
            *url = changed;
        }
    }
}

/// Sets the path.
fn set_pathname(url: &mut Url, value: &str) {
    let value = without_breaks(value);
    let changed = match url.scheme() {
        "file" => file_url::with_path(url, &value),
        "http" | "https" | "ws" | "wss" | "ftp" => return quirks::set_pathname(url, &value),
        _ if url.cannot_be_a_base() => return,
        _ => with_path(url, &value),
    };
    if let Some(changed) = changed {
        *url = changed;
    }
}

/// A URL whose scheme is none of the web's with another path. The crate would take one of two slashes for a host where there
/// is none, and keeps a slash where a host that is empty has no path.
fn with_path(url: &Url, value: &str) -> Option<Url> {
    let mut of_path = Url::parse("a://h").ok()?;
    match value {
        "" if url.has_authority() => {}
        _ if value.starts_with('/') => of_path.set_path(value),
        _ => of_path.set_path(&format!("/{value}")),
    }
    let path = of_path.path();
    let after = &url[Position::AfterPath..];
    let text = if url.has_authority() {
        format!("{}{path}{after}", &url[..Position::BeforePath])
    } else {
        let guard = if path.starts_with("//") { "/." } else { "" };
        format!("{}:{guard}{path}{after}", url.scheme())
    };
    Url::parse(&text).ok()
}

/// Sets the scheme. The crate refuses `file`, which the standard lets follow another special
/// scheme where there is neither a user nor a port.
fn set_protocol(url: &mut Url, value: &str) {
    let scheme = value.split(':').next().unwrap_or_default();
    let is_special = matches!(url.scheme(), "http" | "https" | "ws" | "wss" | "ftp");
    if scheme.eq_ignore_ascii_case("file") && is_special {
        let is_plain =
            url.username().is_empty() && url.password().is_none() && url.port().is_none();
        let rest = &url.as_str()[url.scheme().len()..];
        if is_plain && let Ok(file) = Url::parse(&format!("file{rest}")) {
            *url = file;
        }
        return;
    }
    let _ = quirks::set_protocol(url, value);
}

/// Makes the class.
fn class<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let cx = Cx(ctx.as_raw().as_ptr());
    // SAFETY: a new object.
    let prototype = unsafe { qjs::JS_NewObject(cx.0) };
    cx.getter(prototype, c"origin", origin);
    cx.accessor(prototype, c"href", href, set_href);
    let accessors: [(Callback, Callback); 9] = [
        (part::<0>, set_part::<0>),
        (part::<1>, set_part::<1>),
        (part::<2>, set_part::<2>),
        (part::<3>, set_part::<3>),
        (part::<4>, set_part::<4>),
        (part::<5>, set_part::<5>),
        (part::<6>, set_part::<6>),
        (part::<7>, set_part::<7>),
        (part::<8>, set_part::<8>),
    ];
    for (part, (get, set)) in PARTS.iter().zip(accessors) {
        cx.accessor(prototype, part.name, get, set);
    }
    cx.getter(prototype, c"searchParams", search_params);
    cx.method(prototype, c"toJSON", href);
    cx.method(prototype, c"toString", href);
    let class = cx.constructor(c"URL", construct);
    cx.method(class, c"canParse", can_parse);
    cx.method(class, c"parse", parse_or_null);
    // SAFETY: borrows both; the prototype is kept for the life of the engine, the class is owned
    // by the value.
    let class = unsafe {
        qjs::JS_SetConstructor(cx.0, class, prototype);
        Value::from_raw(ctx.clone(), class)
    };
    PROTOTYPE.set(prototype);
    if let Some(class) = class.as_object() {
        for (name, wanted) in [
            ("createObjectURL", "File or Blob"),
            ("revokeObjectURL", "USVString"),
        ] {
            method(
                class,
                name,
                move |ctx: Ctx<'js>, of: Opt<Value<'js>>| -> Result<()> {
                    if of.0.is_none() {
                        let message = format!(
                            "Failed to execute '{name}' on 'URL': parameter 1 is not of type '{wanted}'."
                        );
                        return Err(Exception::throw_type(&ctx, &message));
                    }
                    let message = format!("URL.{name}() is not implemented");
                    Err(Exception::throw_message(&ctx, &message))
                },
            )?;
        }
    }
    Ok(class)
}

/// Adds the classes and what the prelude asks of URLs to the natives.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    class::register::<UrlObject>(Cx(ctx.as_raw().as_ptr()));
    // `urlClass()`: the class `URL`.
    native.set("urlClass", Func::from(|ctx: Ctx<'js>| class(&ctx)))?;
    // `urlHref(text)`: the URL that the text means, or null.
    native.set(
        "urlHref",
        Func::from(|ctx: Ctx<'js>, text: Value<'js>| {
            let text = usv(&ctx, &text)?;
            Ok::<_, rquickjs::Error>(match Address::read(&text) {
                Some(address) => rquickjs::String::from_str(ctx, address.href())?.into_value(),
                None => Value::new_null(ctx),
            })
        }),
    )?;
    // `paramsClass(pairs)`: the class `URLSearchParams`. `pairs(value)` gives the names and
    // values of an object in turn, in one array.
    native.set(
        "paramsClass",
        Func::from(|ctx: Ctx<'js>, pairs: Function<'js>| params::class(&ctx, pairs)),
    )?;
    native.set("paramsAt", Func::from(params::at))
}
