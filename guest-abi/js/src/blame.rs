//! What an operation that failed was applied to, as the source has it: `a.b` of "a.b is not a
//! function". QuickJS knows where the operation stands; the words around it are V8's.
//!
//! # Implementation
//!
//! The function's source is cut into tokens (`source`), and the expression at the place is told the
//! way V8 tells it: names, members and calls, and `(intermediate value)` for the rest. It is done
//! once, when an error is made, and only for sources of a moderate size. What runs in a module
//! outside of functions has no source of its own: the bundle has it while the Worker starts, and of
//! a large one the statement is looked at that the place is in.

use crate::source::{Kind, Tokens, WORDS};
use rquickjs::{Ctx, Object, Result, Value, function::Func, qjs};
use std::ops::Range;

/// Bytes of a function that are looked through.
const SOURCE_MAX: usize = 128 << 10;
/// Expressions within expressions that are told.
const DEPTH_MAX: usize = 8;
/// What stands for an expression that is not told.
const VALUE: &str = "(intermediate value)";

/// What failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// Something that is no function was called.
    Call,
    /// Something that is no constructor was called with `new`.
    Construct,
    /// Something that is not iterable was iterated.
    Iterate,
    /// The same by `for await`.
    IterateAsync,
    /// Undefined or null was iterated.
    IterateNothing,
    /// This value was destructured.
    Destructure(&'static str),
}

impl Tokens<'_> {
    /// Where the expression of names, members and calls begins that ends with the token.
    fn start(&self, mut end: usize) -> usize {
        loop {
            let token = &self.all[end];
            let mut first = end;
            let mut goes_on = false;
            if token.kind == Kind::Close {
                first = token.other;
                goes_on =
                    matches!(self.text(first), "(" | "[") && first > 0 && self.ends(first - 1);
                if first > 0 && self.text(first - 1) == "?." {
                    goes_on = true;
                    first -= 1;
                }
            } else if first > 0 && matches!(self.text(first - 1), "." | "?.") {
                goes_on = true;
                first -= 1;
            }
            if goes_on && first > 0 {
                end = first - 1;
                continue;
            }
            if first > 0 && self.text(first - 1) == "new" {
                first -= 1;
            }
            return first;
        }
    }

    /// Tells the expression from a token on, up to an end; where it stopped.
    fn tell(&self, from: usize, to: usize, depth: usize) -> (String, usize) {
        let mut told = String::new();
        let mut at = from;
        if at >= to || depth == 0 {
            return (VALUE.to_owned(), to);
        }
        let text = self.text(at);
        match self.kind(at) {
            Some(Kind::Name) if text == "new" => {
                // A `new` without its class and arguments.
                at = self.class_end(at + 1, to);
                told.push_str(VALUE);
            }
            Some(Kind::Name) if matches!(text, "function" | "class") => {
                told.push_str(VALUE);
                while at < to && self.text(at) != "{" {
                    at = self.after(at, to);
                }
                at = self.after(at, to);
            }
            Some(Kind::Name)
                if matches!(
                    text,
                    "async" | "await" | "yield" | "typeof" | "void" | "delete"
                ) && at + 1 < to
                    && !matches!(self.text(at + 1), "(" | "." | "[" | "?.") =>
            {
                return (VALUE.to_owned(), to);
            }
            Some(Kind::Name) if text == "super" => {
                told.push_str(VALUE);
                at += 1;
            }
            Some(Kind::Name)
                if text == "import"
                    && at + 2 < to
                    && self.text(at + 1) == "."
                    && self.text(at + 2) == "meta" =>
            {
                told.push_str(VALUE);
                at += 3;
            }
            Some(Kind::Name | Kind::Number) => {
                told.push_str(text);
                at += 1;
            }
            Some(Kind::Text) => {
                told.push('"');
                told.push_str(&text[1..text.len() - 1]);
                told.push('"');
                at += 1;
            }
            Some(Kind::Open) => {
                let other = self.all[at].other.min(to);
                match text {
                    "(" => told.push_str(&self.grouped(at + 1, other, depth - 1)),
                    "[" => {
                        told.push('[');
                        for (index, part) in self.parts(at + 1, other).into_iter().enumerate() {
                            if index > 0 {
                                told.push(',');
                            }
                            told.push_str(&self.whole(part.start, part.end, depth - 1));
                        }
                        told.push(']');
                    }
                    "{" => {
                        told.push('{');
                        for _ in self.parts(at + 1, other) {
                            told.push_str(VALUE);
                        }
                        told.push('}');
                    }
                    _ => told.push_str(VALUE),
                }
                at = other + 1;
            }
            _ => {
                told.push_str(VALUE);
                at += 1;
            }
        }
        while at < to {
            let text = self.text(at);
            match text {
                "." if self.text(at + 1).starts_with('#') => {
                    told.push('[');
                    told.push_str(self.text(at + 1));
                    told.push(']');
                    at += 2;
                }
                "." => {
                    told.push('.');
                    told.push_str(self.text(at + 1));
                    at += 2;
                }
                "?." => {
                    told.push_str("?.");
                    if matches!(self.text(at + 1), "(" | "[") {
                        at += 1;
                    } else {
                        told.push_str(self.text(at + 1));
                        at += 2;
                    }
                }
                "(" => {
                    told.push_str("(...)");
                    at = self.all[at].other.min(to) + 1;
                }
                "[" => {
                    let other = self.all[at].other.min(to);
                    if self.kind(at + 1) == Some(Kind::Text) && at + 2 == other {
                        let name = self.text(at + 1);
                        told.push('.');
                        told.push_str(&name[1..name.len() - 1]);
                    } else {
                        told.push('[');
                        told.push_str(&self.whole(at + 1, other, depth - 1));
                        told.push(']');
                    }
                    at = other + 1;
                }
                _ => break,
            }
        }
        (told, at)
    }

    /// The token after this one, or after the brackets that it opens.
    fn after(&self, at: usize, to: usize) -> usize {
        match self.all.get(at) {
            Some(token) if token.kind == Kind::Open => token.other.min(to) + 1,
            _ => at + 1,
        }
    }

    /// Tells what stands in parentheses.
    fn grouped(&self, from: usize, to: usize, depth: usize) -> String {
        let (told, end) = self.tell(from, to, depth);
        if end == to {
            return told;
        }
        let operator = [self.text(end), self.text(end + 1)];
        let (operator, shown, width) = match operator {
            [",", _] => (",", " , ", 1),
            ["|", "|"] => ("|", " || ", 2),
            ["&", "&"] => ("&", " && ", 2),
            ["?", "?"] => ("?", " ?? ", 2),
            [one @ ("+" | "-" | "*" | "/" | "%"), _] => (one, one, 1),
            _ => return VALUE.to_owned(),
        };
        let (right, end) = self.tell(end + width, to, depth);
        if end != to {
            return VALUE.to_owned();
        }
        if shown == operator {
            format!("({told} {operator} {right})")
        } else {
            format!("({told}{shown}{right})")
        }
    }

    /// Where `Class(arguments)` after a `new` ends.
    fn class_end(&self, mut at: usize, to: usize) -> usize {
        if at < to && self.kind(at) != Some(Kind::Name) {
            at = self.after(at, to);
        }
        while at < to {
            match self.text(at) {
                "(" => return self.all[at].other.min(to) + 1,
                "[" => at = self.all[at].other.min(to) + 1,
                "." => at += 2,
                _ if self.kind(at) == Some(Kind::Name)
                    && (self.text(at - 1) == "new" || self.text(at - 1) == ".") =>
                {
                    at += 1
                }
                _ => break,
            }
        }
        at
    }

    /// Tells an expression if these tokens are one that is told.
    fn whole(&self, from: usize, to: usize, depth: usize) -> String {
        if from >= to {
            return String::new();
        }
        let (told, end) = self.tell(from, to, depth);
        if end == to { told } else { VALUE.to_owned() }
    }

    /// What commas separate.
    fn parts(&self, from: usize, to: usize) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let (mut start, mut at) = (from, from);
        while at < to {
            if self.text(at) == "," {
                parts.push(start..at);
                start = at + 1;
            }
            at = match self.all[at].kind {
                Kind::Open => self.all[at].other.min(to) + 1,
                _ => at + 1,
            };
        }
        if start < to {
            parts.push(start..to);
        }
        parts
    }

    /// Where the expression that begins with the token ends.
    fn end(&self, from: usize) -> usize {
        let mut at = from;
        while at < self.all.len() {
            let text = self.text(at);
            match self.all[at].kind {
                Kind::Open => {
                    if at > from && text == "{" && self.ends(at - 1) {
                        break;
                    }
                    at = self.all[at].other;
                    if at == usize::MAX {
                        break;
                    }
                    at += 1;
                }
                Kind::Close | Kind::Between => break,
                Kind::Mark if matches!(text, "," | ";") => break,
                // What follows on a line of its own is another statement.
                Kind::Name | Kind::Text | Kind::Number
                    if at > from && self.ends(at - 1) && !WORDS.contains(&text) =>
                {
                    break;
                }
                _ => at += 1,
            }
        }
        at
    }
}

/// Where the expression is that a pattern at this token takes apart.
fn initializer(tokens: &Tokens<'_>, pattern: usize) -> Option<Range<usize>> {
    let after = tokens.all[pattern].other.checked_add(1)?;
    if tokens.text(after) != "=" {
        return None;
    }
    Some(after + 1..tokens.end(after + 1))
}

/// What the operation at a byte of the source was applied to; for what is no call, the whole
/// message.
pub fn blamed(source: &str, byte: usize, blame: Blame) -> Option<String> {
    if source.len() > SOURCE_MAX {
        return None;
    }
    let tokens = Tokens::new(source)?;
    let at = tokens.at(byte)?;
    let count = tokens.all.len();
    match blame {
        Blame::Call => {
            // At the parenthesis, or at the name before it.
            let last = if tokens.kind(at) == Some(Kind::Open) {
                at.checked_sub(1)?
            } else {
                at
            };
            let last = if tokens.text(last) == "?." {
                last.checked_sub(1)?
            } else {
                last
            };
            let start = tokens.start(last);
            Some(tokens.whole(start, last + 1, DEPTH_MAX))
        }
        Blame::Construct => {
            if tokens.text(at) != "new" {
                return None;
            }
            let end = tokens.class_end(at + 1, count);
            let end = if tokens.text(end - 1) == ")" {
                tokens.all[end - 1].other
            } else {
                end
            };
            Some(tokens.whole(at + 1, end, DEPTH_MAX))
        }
        Blame::Iterate | Blame::IterateAsync | Blame::IterateNothing => {
            let spread = at
                .checked_sub(1)
                .filter(|&before| tokens.text(before) == "...");
            if let Some(spread) = spread
                && let Some(open) = (0..spread).rev().find(|&open| {
                    tokens.kind(open) == Some(Kind::Open) && tokens.all[open].other > at
                })
                && tokens.text(open) == "("
            {
                // The last argument of a call.
                if tokens.end(at) < tokens.all[open].other {
                    return None;
                }
                if blame != Blame::IterateNothing {
                    return Some(
                        "Spread syntax requires ...iterable[Symbol.iterator] to be a function"
                            .to_owned(),
                    );
                }
                let told = tokens.whole(at, tokens.end(at), DEPTH_MAX);
                return Some(format!(
                    "{told} is not iterable (cannot read property undefined)"
                ));
            }
            let range = match tokens.text(at) {
                "[" if initializer(&tokens, at).is_some() => {
                    let range = initializer(&tokens, at)?;
                    let is_plain = range.len() == 1 || tokens.text(range.start) == "{";
                    let declared = at > 0 && matches!(tokens.text(at - 1), "const" | "let" | "var");
                    if !is_plain || !declared {
                        return None;
                    }
                    range
                }
                "[" => return None,
                _ => at..tokens.end(at),
            };
            let told = tokens.whole(range.start, range.end, DEPTH_MAX);
            let called = told.strip_suffix("(...)");
            let kind = if blame == Blame::IterateAsync {
                "async iterable"
            } else {
                "iterable"
            };
            Some(match called {
                Some(called) => {
                    format!("{called} is not a function or its return value is not {kind}")
                }
                None => format!("{told} is not {kind}"),
            })
        }
        Blame::Destructure(value) => {
            if tokens.text(at) != "{" {
                return None;
            }
            let close = tokens.all[at].other;
            let from = match initializer(&tokens, at) {
                Some(range) => tokens.whole(range.start, range.end, DEPTH_MAX),
                None if is_declared_by_for(&tokens, at) => ".for".to_owned(),
                None if value == "null" => "object null".to_owned(),
                None => value.to_owned(),
            };
            let first = at + 1;
            // Of a pattern in a pattern, and of one with a default, it is the property that is read.
            let is_inner = at > 0 && tokens.text(at - 1) == ":";
            let has_default = tokens.text(first + 1) == "=";
            if first < close && (is_inner && initializer(&tokens, at).is_none() || has_default) {
                let name = tokens.text(first).trim_matches(['"', '\'']);
                return Some(format!(
                    "Cannot read properties of {value} (reading '{name}')"
                ));
            }
            Some(
                if first >= close || tokens.text(first) == "..." || tokens.text(first) == "[" {
                    format!("Cannot destructure '{from}' as it is {value}.")
                } else {
                    let name = tokens.text(first).trim_matches(['"', '\'']);
                    format!("Cannot destructure property '{name}' of '{from}' as it is {value}.")
                },
            )
        }
    }
}

/// Whether the pattern at this token is what a loop over something iterable declares.
fn is_declared_by_for(tokens: &Tokens<'_>, at: usize) -> bool {
    at >= 3
        && matches!(tokens.text(at - 1), "const" | "let" | "var")
        && tokens.text(at - 2) == "("
        && matches!(tokens.text(at - 3), "for" | "await")
        && tokens.all[at]
            .other
            .checked_add(1)
            .is_some_and(|after| tokens.text(after) == "of")
}

/// Where a line is that begins with what is neither space nor a closing bracket: a statement that
/// stands in no other, as bundlers write them.
fn begins(source: &str, at: usize) -> bool {
    let bytes = source.as_bytes();
    (at == 0 || bytes[at - 1] == b'\n')
        && bytes
            .get(at)
            .is_some_and(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'}' | b')' | b']'))
}

/// What finds what is to blame in a source.
type Blamed = fn(&str, usize, Blame) -> Option<String>;

/// The same of what stands outside of functions, in a source of any size.
fn blamed_in_module(source: &str, byte: usize, blame: Blame) -> Option<String> {
    if source.len() <= SOURCE_MAX {
        return blamed(source, byte, blame);
    }
    let nearest = byte.saturating_sub(SOURCE_MAX / 2);
    let from = (nearest..=byte).rev().find(|&at| begins(source, at))?;
    let furthest = source.len().min(from + SOURCE_MAX);
    let to = (byte + 1..furthest).find(|&at| begins(source, at))?;
    blamed(source.get(from..to)?, byte - from, blame)
}

/// The byte that is so many lines after the first and at this column.
fn byte_at(source: &str, lines: usize, column: usize, first_column: usize) -> Option<usize> {
    if lines == 0 {
        return column.checked_sub(first_column);
    }
    let start = source
        .bytes()
        .enumerate()
        .filter(|(_, byte)| *byte == b'\n')
        .nth(lines - 1)?
        .0
        + 1;
    start.checked_add(column.checked_sub(1)?)
}

type Namer = unsafe extern "C" fn(*const u8, usize, i32, i32, i32, i32, *mut u8, usize) -> usize;

// What this crate's QuickJS has besides.
unsafe extern "C" {
    fn JS_SetNamer(runtime: *mut qjs::JSRuntime, namer: Namer);
    fn JS_Shown(ctx: *mut qjs::JSContext, value: qjs::JSValue) -> qjs::JSValue;
}

unsafe extern "C" fn name(
    source: *const u8,
    length: usize,
    lines: i32,
    column: i32,
    first_column: i32,
    blame: i32,
    out: *mut u8,
    room: usize,
) -> usize {
    // SAFETY: the engine gives a source of this length that lives as long as its function, or a name.
    let source = unsafe { std::slice::from_raw_parts(source, length) };
    let found = || -> Option<String> {
        let source = std::str::from_utf8(source).ok()?;
        let module;
        // Columns begin at 1: without one for the first line it is a module's name.
        let (source, first_column, blamed): (_, _, Blamed) = match first_column {
            0 => {
                module = crate::modules::starting(source)?;
                (module.as_str(), 1, blamed_in_module)
            }
            _ => (source, first_column, blamed),
        };
        let blame = match blame {
            0 => Blame::Call,
            1 => Blame::Construct,
            2 => Blame::Iterate,
            3 => Blame::Destructure("undefined"),
            4 => Blame::Destructure("null"),
            5 => Blame::IterateAsync,
            _ => Blame::IterateNothing,
        };
        let number = |number: i32| usize::try_from(number).ok();
        let byte = byte_at(
            source,
            number(lines)?,
            number(column)?,
            number(first_column)?,
        )?;
        blamed(source, byte, blame)
    };
    let Some(told) = found().filter(|told| !told.is_empty()) else {
        return 0;
    };
    let Some(room) = room.checked_sub(1) else {
        return 0;
    };
    let mut length = told.len().min(room);
    while !told.is_char_boundary(length) {
        length -= 1;
    }
    // SAFETY: the engine gives room for `room + 1` bytes, and `length` is at most `room`.
    unsafe {
        std::ptr::copy_nonoverlapping(told.as_ptr(), out, length);
        *out.add(length) = 0;
    }
    length
}

/// Has the engine ask here, and adds `shown(value)` to the natives: a value as messages show it.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    // SAFETY: the context and its runtime are alive, and the function lives for ever.
    unsafe { JS_SetNamer(qjs::JS_GetRuntime(ctx.as_raw().as_ptr()), name) }
    native.set(
        "shown",
        Func::from(|ctx: Ctx<'js>, value: Value<'js>| shown(&ctx, &value)),
    )
}

/// A value as messages show it.
pub fn shown<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Value<'js> {
    // SAFETY: the context and the value are alive; what comes back belongs to the caller.
    unsafe {
        let shown = JS_Shown(ctx.as_raw().as_ptr(), value.as_raw());
        Value::from_raw(ctx.clone(), shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place is marked with `@`.
    fn check(source: &str, blame: Blame, told: &str) {
        let byte = source.find('@').unwrap();
        let source = source.replace('@', "");
        assert_eq!(
            blamed(&source, byte, blame).as_deref(),
            Some(told),
            "{source}"
        );
    }

    #[test]
    fn a_statement_is_found_in_a_large_module() {
        let line = "var x = f(function () {\n  y();\n});\n";
        let many = line.repeat(SOURCE_MAX / line.len() + 1);
        let source = format!("{many}var z = wrap({{\n  a: late(1)\n}});\n{many}");
        let byte = source.find("late").unwrap();
        let told = blamed_in_module(&source, byte, Blame::Call);
        assert_eq!(told.as_deref(), Some("late"));
        let joined = source.replace('\n', " ");
        assert_eq!(blamed_in_module(&joined, byte, Blame::Call), None);
    }

    #[test]
    fn a_callee_is_told_by_its_names() {
        check("() => { @foo(1); }", Blame::Call, "foo");
        check("() => { a.b?.@c(1); }", Blame::Call, "a.b?.c");
        check(
            "() => { a[i]['x'].@c(`${1}`, /[/\"]/); }",
            Blame::Call,
            "a[i].x.c",
        );
        check("() => { f(1)(2)@(3); }", Blame::Call, "f(...)(...)");
        check("() => { (a || b)@(3); }", Blame::Call, "(a || b)");
        check("() => { x = `a${y.@z()}b`; }", Blame::Call, "y.z");
        check(
            "() => { import.meta.@z(); }",
            Blame::Call,
            "(intermediate value).z",
        );
        check(
            "() => { new A(1).@z(); }",
            Blame::Call,
            "(intermediate value).z",
        );
    }

    #[test]
    fn classes_and_what_is_iterated_are_told() {
        check("() => { @new a.B(1); }", Blame::Construct, "a.B");
        check(
            "() => { for (const @{a} of all) {} }",
            Blame::Destructure("null"),
            "Cannot destructure property 'a' of '.for' as it is null.",
        );
        check(
            "() => { for (const x of @y.z) {} }",
            Blame::Iterate,
            "y.z is not iterable",
        );
        check(
            "() => { const @[a] = o; }",
            Blame::Iterate,
            "o is not iterable",
        );
        check(
            "() => { const @{ a, b } = o.p; }",
            Blame::Destructure("undefined"),
            "Cannot destructure property 'a' of 'o.p' as it is undefined.",
        );
    }
}
