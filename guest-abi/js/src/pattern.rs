//! `URLPattern`: the class. Patterns are read by the crate `urlpattern`; what only a regular
//! expression can match is matched by the engine's own.

use crate::kept;
use crate::shape::{constructing, getter, method, this};
use crate::switches::{Switch, is_set};
use crate::text::usv;
use rquickjs::class::{Class, JsClass, Trace, Tracer};
use rquickjs::function::{Constructor, Func, Opt, This};
use rquickjs::{
    Array, CatchResultExt, Ctx, Exception, Function, JsLifetime, Object, Persistent, Result, Value,
    qjs,
};
use std::cell::Cell;
use std::ptr::NonNull;
use url::Url;
use urlpattern::component::Component;
use urlpattern::quirks::{MatchInput, parse_match_input};
use urlpattern::regexp::RegExp;
use urlpattern::{
    RegexSyntax, UrlPattern, UrlPatternInit, UrlPatternMatchInput, UrlPatternOptions,
};

const NAME: &str = "URLPattern";

thread_local! {
    /// The context of the call that is under way: the crate's callbacks have no way to be told.
    static CONTEXT: Cell<Option<NonNull<qjs::JSContext>>> = const { Cell::new(None) };
}

/// Runs `f`, in which regular expressions work.
fn within<R>(ctx: &Ctx<'_>, f: impl FnOnce() -> R) -> R {
    let before = CONTEXT.replace(Some(ctx.as_raw()));
    let result = f();
    CONTEXT.set(before);
    result
}

/// Where each capture is, in bytes; none for a group that took no part.
type Captures = Vec<Option<(usize, usize)>>;

/// A regular expression of the engine.
struct Script {
    source: String,
    /// Its `exec`, bound to it.
    exec: Option<Persistent<Function<'static>>>,
}

impl Script {
    fn compile<'js>(ctx: &Ctx<'js>, source: &str, flags: &str) -> Result<Function<'js>> {
        // Whatever a Worker has made of the global.
        let plain: Value = ctx.eval("/a/")?;
        let make: Constructor = kept::get(ctx, &plain, c"constructor")?.get()?;
        // Sets are those of today's standard.
        let flags = flags.replace('u', "v");
        let object: Object = make.construct((source, format!("{flags}d")))?;
        let exec = kept::get(ctx, object.as_value(), c"exec")?.get::<Function>()?;
        let bind = kept::get(ctx, exec.as_value(), c"bind")?.get::<Function>()?;
        bind.call((This(exec), object))
    }

    /// The captures as ranges of bytes of `text`.
    fn captures<'js>(&self, ctx: &Ctx<'js>, text: &str) -> Result<Option<Captures>> {
        let Some(exec) = &self.exec else {
            return Ok(None);
        };
        let found: Option<Object> = exec.clone().restore(ctx)?.call((text,))?;
        let Some(found) = found else { return Ok(None) };
        let indices: Captures = found
            .get::<_, Array>("indices")?
            .iter::<Option<Vec<usize>>>()
            .map(|range| {
                Ok(range?.and_then(|range| match range[..] {
                    [start, end] => Some((offset(text, start), offset(text, end))),
                    _ => None,
                }))
            })
            .collect::<Result<_>>()?;
        Ok(Some(indices))
    }
}

/// Where in `text` the unit of UTF-16 with this number is.
fn offset(text: &str, units: usize) -> usize {
    if text.is_ascii() {
        return units.min(text.len());
    }
    let mut seen = 0;
    for (at, character) in text.char_indices() {
        if seen >= units {
            return at;
        }
        seen += character.len_utf16();
    }
    text.len()
}

impl RegExp for Script {
    fn syntax() -> RegexSyntax {
        RegexSyntax::EcmaScript
    }

    fn parse(pattern: &str, flags: &str, _: bool) -> std::result::Result<Self, ()> {
        let context = CONTEXT.get().ok_or(())?;
        // SAFETY: `within` has the context's owner on the stack.
        let ctx = unsafe { Ctx::from_raw(context) };
        let exec = Self::compile(&ctx, pattern, flags)
            .catch(&ctx)
            .map_err(|_| ())?;
        Ok(Self {
            source: pattern.to_owned(),
            exec: Some(Persistent::save(&ctx, exec)),
        })
    }

    fn matches<'a>(&self, text: &'a str) -> Option<Vec<Option<&'a str>>> {
        let context = CONTEXT.get()?;
        // SAFETY: `within` has the context's owner on the stack.
        let ctx = unsafe { Ctx::from_raw(context) };
        let captures = self.captures(&ctx, text).catch(&ctx).ok()??;
        Some(
            captures
                .into_iter()
                .skip(1)
                .map(|range| range.and_then(|(start, end)| text.get(start..end)))
                .collect(),
        )
    }

    fn pattern_string(&self) -> &str {
        &self.source
    }
}

/// What a `URLPattern` is.
struct Pattern(UrlPattern<Script>);

// SAFETY: its values of JavaScript are kept alive by themselves.
unsafe impl<'js> JsLifetime<'js> for Pattern {
    type Changed<'to> = Pattern;
}

impl<'js> Trace<'js> for Pattern {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

type Part = fn(&UrlPattern<Script>) -> &Component<Script>;
type Text = fn(&MatchInput) -> &str;

const PARTS: [(&str, Part, Text); 8] = [
    ("protocol", |it| &it.protocol, |input| &input.protocol),
    ("username", |it| &it.username, |input| &input.username),
    ("password", |it| &it.password, |input| &input.password),
    ("hostname", |it| &it.hostname, |input| &input.hostname),
    ("port", |it| &it.port, |input| &input.port),
    ("pathname", |it| &it.pathname, |input| &input.pathname),
    ("search", |it| &it.search, |input| &input.search),
    ("hash", |it| &it.hash, |input| &input.hash),
];

impl<'js> JsClass<'js> for Pattern {
    const NAME: &'static str = NAME;
    type Mutable = rquickjs::class::Readable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let proto = Object::new(ctx.clone())?;
        for (name, part, _) in PARTS {
            getter(&proto, name, move |ctx: Ctx<'js>, it: This<Value<'js>>| {
                let object = this::<Pattern>(&ctx, &it.0)?;
                let object = object.borrow();
                rquickjs::String::from_str(ctx, &part(&object.0).pattern_string)
            })?;
        }
        getter(
            &proto,
            "hasRegExpGroups",
            |ctx: Ctx<'js>, it: This<Value<'js>>| {
                let object = this::<Pattern>(&ctx, &it.0)?;
                let has = object.borrow().0.has_regexp_groups();
                Ok::<_, rquickjs::Error>(has)
            },
        )?;
        method(
            &proto,
            "test",
            |ctx: Ctx<'js>, it: This<Value<'js>>, input: Opt<Value<'js>>, base: Opt<Value<'js>>| {
                let object = this::<Pattern>(&ctx, &it.0)?;
                let input = Input::of(&ctx, input, base)?;
                let object = object.borrow();
                let Some(input) = input.matched(&ctx, "test")? else {
                    return Ok(false);
                };
                Ok::<_, rquickjs::Error>(within(&ctx, || {
                    PARTS.iter().all(|(_, part, text)| {
                        part(&object.0).matcher.matches(text(&input)).is_some()
                    })
                }))
            },
        )?;
        method(&proto, "exec", exec)?;
        Ok(Some(proto))
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

fn exec<'js>(
    ctx: Ctx<'js>,
    it: This<Value<'js>>,
    input: Opt<Value<'js>>,
    base: Opt<Value<'js>>,
) -> Result<Value<'js>> {
    let object = this::<Pattern>(&ctx, &it.0)?;
    let given = Input::of(&ctx, input, base)?;
    let object = object.borrow();
    let nothing = Value::new_null(ctx.clone());
    let Some(input) = given.matched(&ctx, "exec")? else {
        return Ok(nothing);
    };
    let result = Object::new(ctx.clone())?;
    result.set("inputs", given.shown(&ctx)?)?;
    for (name, part, text) in PARTS {
        let (component, text) = (part(&object.0), text(&input));
        let Some(found) = within(&ctx, || component.matcher.matches(text)) else {
            return Ok(nothing);
        };
        let groups = Object::new(ctx.clone())?;
        // The last group comes first, as from workerd.
        for (name, value) in component.group_name_list.iter().zip(found).rev() {
            match value {
                Some(value) => groups.set(name, value)?,
                None => groups.set(name, Value::new_undefined(ctx.clone()))?,
            }
        }
        let shown = Object::new(ctx.clone())?;
        shown.set("input", text)?;
        shown.set("groups", groups)?;
        result.set(name, shown)?;
    }
    Ok(result.into_value())
}

/// A dictionary's members as they were given.
#[derive(Clone, Default)]
struct Members {
    parts: [Option<String>; 8],
    base: Option<String>,
}

impl Members {
    fn of<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Self> {
        let mut members = Self::default();
        let Some(object) = value.as_object() else {
            return Ok(members);
        };
        let member = |name: &str| -> Result<Option<String>> {
            let value: Value = object.get(name)?;
            if value.is_undefined() {
                return Ok(None);
            }
            usv(ctx, &value).map(Some)
        };
        for ((name, _, _), part) in PARTS.iter().zip(&mut members.parts) {
            *part = member(name)?;
        }
        members.base = member("baseURL")?;
        Ok(members)
    }

    /// None if the base is no URL.
    fn init(&self) -> Option<UrlPatternInit> {
        let base_url = match &self.base {
            None => None,
            Some(base) => Some(Url::parse(base).ok()?),
        };
        let [
            protocol,
            username,
            password,
            hostname,
            port,
            pathname,
            search,
            hash,
        ] = self.parts.clone();
        Some(UrlPatternInit {
            protocol,
            username,
            password,
            hostname,
            port,
            pathname,
            search,
            hash,
            base_url,
        })
    }
}

/// What a pattern is made of, or matched against.
enum Input {
    Text(String, Option<String>),
    Members(Members, bool),
}

/// A base for what is relative to nothing.
const NOWHERE: &str = "ws://nowhere.invalid";

impl Input {
    fn of<'js>(ctx: &Ctx<'js>, input: Opt<Value<'js>>, base: Opt<Value<'js>>) -> Result<Self> {
        let base = match base.0 {
            Some(base) if !base.is_undefined() => Some(usv(ctx, &base)?),
            _ => None,
        };
        let members = match input.0 {
            None => Members::default(),
            Some(value) if value.is_object() || value.is_undefined() || value.is_null() => {
                Members::of(ctx, &value)?
            }
            Some(value) => return Ok(Self::Text(usv(ctx, &value)?, base)),
        };
        Ok(Self::Members(members, base.is_some()))
    }

    /// What a pattern is made of; none if it is no URL.
    fn init(&self) -> Option<UrlPatternInit> {
        match self {
            Self::Members(_, true) if !is_set(Switch::FirstPatterns) => None,
            Self::Members(members, _) => members.init(),
            Self::Text(text, base) => {
                let base = match base {
                    None => None,
                    Some(base) => Some(Url::parse(base).ok()?),
                };
                UrlPatternInit::parse_constructor_string::<Script>(text, base).ok()
            }
        }
    }

    /// What is said of one that makes no pattern.
    fn failure(&self) -> &'static str {
        let base = match self {
            _ if !is_set(Switch::FirstPatterns) => return "Failed to construct URLPattern",
            Self::Members(members, _) => &members.base,
            Self::Text(_, base) => base,
        };
        match base {
            Some(base) if Url::parse(base).is_err() => "Invalid base URL.",
            None if matches!(self, Self::Text(..)) && self.init().is_none() => {
                "Syntax error in URL Pattern: a relative pattern must have a base URL."
            }
            _ => "Syntax error in URL Pattern",
        }
    }

    /// The parts to match; none if it is no URL.
    fn matched(&self, ctx: &Ctx<'_>, method: &str) -> Result<Option<MatchInput>> {
        match self {
            Self::Members(_, true) => {
                if is_set(Switch::FirstPatterns) {
                    let message = "A baseURL is not allowed when input is an object.";
                    return Err(Exception::throw_type(ctx, message));
                }
                let message = format!("Failed to {method} URLPattern");
                Err(Exception::throw_type(ctx, &message))
            }
            Self::Members(members, false) => match members.init() {
                Some(init) => Ok(parse_match_input(UrlPatternMatchInput::Init(init))),
                None if is_set(Switch::FirstPatterns) => {
                    Err(Exception::throw_type(ctx, "Invalid base URL."))
                }
                None => Ok(None),
            },
            Self::Text(text, Some(base)) => {
                let url = Url::parse(base).ok().and_then(|base| base.join(text).ok());
                Ok(url.and_then(|url| parse_match_input(UrlPatternMatchInput::Url(url))))
            }
            Self::Text(text, None) => {
                if let Ok(url) = Url::parse(text) {
                    return Ok(parse_match_input(UrlPatternMatchInput::Url(url)));
                }
                // workerd matches what is relative too: the parts that it does not have are empty.
                let url = Url::parse(NOWHERE)
                    .and_then(|nowhere| nowhere.join(text))
                    .ok()
                    .filter(|url| url.scheme() == "ws");
                let input = url.and_then(|url| parse_match_input(UrlPatternMatchInput::Url(url)));
                Ok(input.map(|mut input| {
                    input.protocol.clear();
                    if NOWHERE.ends_with(&input.hostname) {
                        input.hostname.clear();
                    }
                    if matches!(text.chars().next(), None | Some('?' | '#')) {
                        input.pathname.clear();
                    }
                    input
                }))
            }
        }
    }

    /// As `inputs` shows it.
    fn shown<'js>(&self, ctx: &Ctx<'js>) -> Result<Array<'js>> {
        let inputs = Array::new(ctx.clone())?;
        match self {
            Self::Text(text, base) => {
                inputs.set(0, text)?;
                if let Some(base) = base {
                    inputs.set(1, base)?;
                }
            }
            Self::Members(members, _) => {
                let shown = Object::new(ctx.clone())?;
                let tells_all = !is_set(Switch::FirstPatterns);
                for ((name, _, _), part) in PARTS.iter().zip(&members.parts) {
                    if part.is_some() || tells_all {
                        shown.set(*name, part.as_ref())?;
                    }
                }
                if members.base.is_some() || tells_all {
                    shown.set("baseURL", members.base.as_ref())?;
                }
                inputs.set(0, shown)?;
            }
        }
        Ok(inputs)
    }
}

fn construct<'js>(
    ctx: Ctx<'js>,
    target: This<Value<'js>>,
    input: Opt<Value<'js>>,
    base: Opt<Value<'js>>,
    options: Opt<Value<'js>>,
) -> Result<Class<'js, Pattern>> {
    constructing(&ctx, &target.0, NAME)?;
    let last = options.0;
    let (base, options) = match base.0 {
        Some(value) if value.is_object() => (Opt(None), Some(value)),
        Some(value) if value.is_null() => (Opt(None), None),
        value => (Opt(value), None),
    };
    if let Some(options) = &last
        && !(options.is_object() || options.is_undefined() || options.is_null())
    {
        let message = "Failed to construct 'URLPattern': constructor parameter 3 is not of type 'URLPatternOptions'.";
        return Err(Exception::throw_type(&ctx, message));
    }
    let ignore_case = match options.or(last).as_ref().and_then(Value::as_object) {
        Some(options) => options.get::<_, rquickjs::Coerced<bool>>("ignoreCase")?.0,
        None => false,
    };
    let input = Input::of(&ctx, input, base)?;
    let failure = input.failure();
    let pattern = within(&ctx, || {
        let is_text = matches!(input, Input::Text(..));
        let mut init = input.init()?;
        if is_set(Switch::FirstPatterns) {
            fill(&mut init, is_text);
        }
        let options = UrlPatternOptions {
            regex_syntax: RegexSyntax::EcmaScript,
            ignore_case,
        };
        UrlPattern::<Script>::parse(init, options).ok()
    });
    match pattern {
        Some(pattern) => Class::instance(ctx, Pattern(pattern)),
        None => Err(Exception::throw_type(&ctx, failure)),
    }
}

/// Gives a pattern of the first draft what it does not tell: of a text nothing, of a base what that has; of members alone it is
/// anything.
fn fill(init: &mut UrlPatternInit, is_text: bool) {
    let Some(base) = &init.base_url else {
        if is_text {
            let parts = [
                &mut init.username,
                &mut init.password,
                &mut init.hostname,
                &mut init.port,
                &mut init.pathname,
                &mut init.search,
                &mut init.hash,
            ];
            for part in parts {
                part.get_or_insert_default();
            }
        }
        return;
    };
    let port = base.port().map(|port| port.to_string());
    // What comes after the first part that a text has is not the base's.
    let query = base.query().filter(|_| !is_text || init.pathname.is_none());
    let fragment = base.fragment().filter(|_| !is_text);
    let parts = [
        (&mut init.protocol, base.scheme()),
        (&mut init.username, base.username()),
        (&mut init.password, base.password().unwrap_or_default()),
        (&mut init.hostname, base.host_str().unwrap_or_default()),
        (&mut init.port, port.as_deref().unwrap_or_default()),
        (&mut init.search, query.unwrap_or_default()),
        (&mut init.hash, fragment.unwrap_or_default()),
        (&mut init.pathname, base.path()),
    ];
    for (part, from) in parts {
        part.get_or_insert_with(|| literal(from));
    }
}

/// A text as a pattern that is this text alone.
fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(
            character,
            '+' | '*' | '?' | ':' | '{' | '}' | '(' | ')' | '\\'
        ) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

/// Adds `patternClass()`, which gives the class, to the natives.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "patternClass",
        Func::from(|ctx: Ctx<'js>| {
            let class = Constructor::new_class::<Pattern, _, _>(ctx, construct)?;
            class.set_length(0)?;
            Ok::<_, rquickjs::Error>(class)
        }),
    )
}
