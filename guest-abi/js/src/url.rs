//! `URL`: the class, made in Rust. `URLSearchParams` is in `params.rs`.

use crate::params::{self, Params};
use crate::shape::{accessor, constructing, getter, method, this, wrong_argument};
use crate::text::{usv, with_usv};
use rquickjs::class::{Class, JsClass, Trace, Tracer};
use rquickjs::function::{Constructor, Func, Opt, This};
use rquickjs::{Ctx, Exception, Function, JsLifetime, Object, Result, Value};
use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;
use url::{Url, quirks};

/// A URL and the parameters of its query, once they were asked for: what a `URL` and its
/// `searchParams` share.
#[derive(Debug, Default)]
pub struct Shared {
    /// The URL; none for parameters that belong to none.
    pub url: Option<Url>,
    /// The parameters.
    pub pairs: Vec<(String, String)>,
}

impl Shared {
    /// The query became another; so do the parameters.
    fn read_query(&mut self) {
        let query = self.url.as_ref().and_then(Url::query).unwrap_or_default();
        self.pairs = params::parse(query.as_bytes());
    }
}

/// What a `URL` is.
pub struct UrlObject<'js> {
    shared: Rc<RefCell<Shared>>,
    params: Option<Class<'js, Params>>,
}

// SAFETY: the lifetime of its value is that of the context.
unsafe impl<'js> JsLifetime<'js> for UrlObject<'js> {
    type Changed<'to> = UrlObject<'to>;
}

impl<'js> Trace<'js> for UrlObject<'js> {
    fn trace<'a>(&self, tracer: Tracer<'a, 'js>) {
        self.params.trace(tracer);
    }
}

type Get = for<'a> fn(&'a Url) -> &'a str;
type Set = fn(&mut Url, &str);

const NAME: &str = "URL";

impl<'js> JsClass<'js> for UrlObject<'js> {
    const NAME: &'static str = NAME;
    type Mutable = rquickjs::class::Writable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let proto = Object::new(ctx.clone())?;
        getter(&proto, "origin", |ctx: Ctx<'js>, it: This<Value<'js>>| {
            read(&ctx, &it.0, quirks::origin)
        })?;
        accessor(
            &proto,
            "href",
            |ctx: Ctx<'js>, it: This<Value<'js>>| read(&ctx, &it.0, |url| url.as_str().to_owned()),
            |ctx: Ctx<'js>, it: This<Value<'js>>, value: Value<'js>| {
                let object = this::<UrlObject>(&ctx, &it.0)?;
                let text = usv(&ctx, &value)?;
                let url = Url::parse(&text).map(settled).map_err(|_| {
                    Exception::throw_type(
                        &ctx,
                        "Failed to set the 'href' property on 'URL': the provided value is not of type 'valid URL string'.",
                    )
                })?;
                let object = object.borrow();
                let mut shared = object.shared.borrow_mut();
                shared.url = Some(url);
                shared.read_query();
                Ok::<_, rquickjs::Error>(())
            },
        )?;
        let parts: [(&str, Get, Set); 9] = [
            ("protocol", quirks::protocol, set_protocol),
            ("username", quirks::username, |url, value| {
                let _ = quirks::set_username(url, value);
            }),
            ("password", quirks::password, |url, value| {
                let _ = quirks::set_password(url, value);
            }),
            ("host", quirks::host, |url, value| {
                // The crate takes the name before the colon, which is empty.
                if !value.starts_with(':') {
                    let _ = quirks::set_host(url, value);
                }
            }),
            ("hostname", quirks::hostname, |url, value| {
                let _ = quirks::set_hostname(url, value);
            }),
            ("port", quirks::port, |url, value| {
                let _ = quirks::set_port(url, value);
            }),
            ("pathname", quirks::pathname, quirks::set_pathname),
            ("search", quirks::search, quirks::set_search),
            ("hash", quirks::hash, quirks::set_hash),
        ];
        for (name, get, set) in parts {
            let is_query = name == "search";
            accessor(
                &proto,
                name,
                move |ctx: Ctx<'js>, it: This<Value<'js>>| part(&ctx, &it.0, get),
                move |ctx: Ctx<'js>, it: This<Value<'js>>, value: Value<'js>| {
                    let object = this::<UrlObject>(&ctx, &it.0)?;
                    let text = usv(&ctx, &value)?;
                    let object = object.borrow();
                    let mut shared = object.shared.borrow_mut();
                    if let Some(url) = shared.url.take() {
                        let mut url = url;
                        set(&mut url, &text);
                        shared.url = Some(settled(url));
                    }
                    if is_query {
                        shared.read_query();
                    }
                    Ok::<_, rquickjs::Error>(())
                },
            )?;
        }
        getter(&proto, "searchParams", search_params)?;
        for name in ["toJSON", "toString"] {
            method(&proto, name, |ctx: Ctx<'js>, it: This<Value<'js>>| {
                part(&ctx, &it.0, |url| url.as_str())
            })?;
        }
        Ok(Some(proto))
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

fn invalid(ctx: &Ctx<'_>) -> rquickjs::Error {
    Exception::throw_type(ctx, "Invalid URL string.")
}

fn read<'js, R: Default>(ctx: &Ctx<'js>, it: &Value<'js>, f: impl FnOnce(&Url) -> R) -> Result<R> {
    let object = this::<UrlObject>(ctx, it)?;
    let object = object.borrow();
    let shared = object.shared.borrow();
    Ok(shared.url.as_ref().map(f).unwrap_or_default())
}

fn part<'js>(ctx: &Ctx<'js>, it: &Value<'js>, get: Get) -> Result<rquickjs::String<'js>> {
    let object = this::<UrlObject>(ctx, it)?;
    let object = object.borrow();
    let shared = object.shared.borrow();
    let text = shared.url.as_ref().map(get).unwrap_or_default();
    rquickjs::String::from_str(ctx.clone(), text)
}

fn search_params<'js>(ctx: Ctx<'js>, it: This<Value<'js>>) -> Result<Class<'js, Params>> {
    let object = this::<UrlObject>(&ctx, &it.0)?;
    let mut object = object.borrow_mut();
    if let Some(params) = &object.params {
        return Ok(params.clone());
    }
    object.shared.borrow_mut().read_query();
    let params = Class::instance(ctx, Params(object.shared.clone()))?;
    object.params = Some(params.clone());
    Ok(params)
}

/// Parses `text` against what may be a base.
fn parse<'js>(
    ctx: &Ctx<'js>,
    method: &str,
    text: Opt<Value<'js>>,
    base: Opt<Value<'js>>,
) -> Result<Option<Url>> {
    let Some(text) = text.0 else {
        return Err(wrong_argument(ctx, NAME, method, 1, "USVString"));
    };
    let url = match base.0 {
        Some(base) if !base.is_undefined() => {
            let text = usv(ctx, &text)?;
            let base = with_usv(ctx, &base, Url::parse)?;
            base.and_then(|base| base.join(&relative(&base, &text)))
        }
        _ => with_usv(ctx, &text, Url::parse)?,
    };
    Ok(url.ok().map(settled))
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
fn settled(mut url: Url) -> Url {
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
    url
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

fn object<'js>(url: Url) -> UrlObject<'js> {
    UrlObject {
        shared: Rc::new(RefCell::new(Shared {
            url: Some(url),
            pairs: Vec::new(),
        })),
        params: None,
    }
}

/// Adds the classes and what the prelude asks of URLs to the natives.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    // `urlClass()`: the class `URL`.
    native.set(
        "urlClass",
        Func::from(|ctx: Ctx<'js>| {
            let class = Constructor::new_class::<UrlObject, _, _>(
                ctx,
                |ctx: Ctx<'js>,
                 target: This<Value<'js>>,
                 text: Opt<Value<'js>>,
                 base: Opt<Value<'js>>| {
                    constructing(&ctx, &target.0, NAME)?;
                    match parse(&ctx, "", text, base)? {
                        Some(url) => Class::instance(ctx, object(url)),
                        None => Err(invalid(&ctx)),
                    }
                },
            )?;
            class.set_length(0)?;
            method(
                &class,
                "canParse",
                |ctx: Ctx<'js>, text: Opt<Value<'js>>, base: Opt<Value<'js>>| {
                    parse(&ctx, "canParse", text, base).map(|url| url.is_some())
                },
            )?;
            method(
                &class,
                "parse",
                |ctx: Ctx<'js>, text: Opt<Value<'js>>, base: Opt<Value<'js>>| match parse(
                    &ctx, "parse", text, base,
                )? {
                    Some(url) => Class::instance(ctx, object(url)).map(Class::into_value),
                    None => Ok(Value::new_null(ctx)),
                },
            )?;
            for (name, wanted) in [
                ("createObjectURL", "File or Blob"),
                ("revokeObjectURL", "USVString"),
            ] {
                method(&class, name, move |ctx: Ctx<'js>, of: Opt<Value<'js>>| -> Result<()> {
                    if of.0.is_none() {
                        let message = format!(
                            "Failed to execute '{name}' on 'URL': parameter 1 is not of type '{wanted}'."
                        );
                        return Err(Exception::throw_type(&ctx, &message));
                    }
                    let message = format!("URL.{name}() is not implemented");
                    Err(Exception::throw_message(&ctx, &message))
                })?;
            }
            Ok::<_, rquickjs::Error>(class)
        }),
    )?;
    // `urlHref(text)`: the URL that the text means, or null.
    native.set(
        "urlHref",
        Func::from(|ctx: Ctx<'js>, text: Value<'js>| {
            let text = usv(&ctx, &text)?;
            Ok::<_, rquickjs::Error>(match Url::parse(&text).map(settled) {
                Ok(url) => rquickjs::String::from_str(ctx, url.as_str())?.into_value(),
                Err(_) => Value::new_null(ctx),
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
