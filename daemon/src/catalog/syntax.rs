//! What can be told of JavaScript without parsing it: whether it is an ECMAScript module, and
//! what it imports.
//!
//! The older format and a bare upload do not say which of the two they are (spec: SEMANTICS §4).
//! A wrong guess harms nothing but its author, who is told of a syntax error.

/// Whether the source has an `import` or `export` statement, or `import.meta`.
pub fn is_module(source: &[u8]) -> bool {
    Scanner::new(source).scan(false)
}

/// What the source imports by `import`, `export … from`, `import()` or `require()` of a literal,
/// in the order it comes. Literals with escapes are left out.
pub fn imports(source: &[u8]) -> Vec<String> {
    let mut scanner = Scanner::new(source);
    scanner.scan(true);
    scanner.imports
}

/// What came before the place that is looked at, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing, or the end of a statement or block: a statement may begin.
    Statement,
    /// Something that is complete: `/` divides.
    Value,
    /// An operator or an open bracket: `/` begins a regular expression.
    Operator,
}

struct Scanner<'a> {
    source: &'a [u8],
    at: usize,
    /// Open brackets of all kinds.
    depth: usize,
    /// Depths at which `}` goes on with a template literal.
    templates: Vec<usize>,
    before: Before,
    imports: Vec<String>,
}

/// Templates inside each other that are followed.
const TEMPLATES_MAX: usize = 64;

impl<'a> Scanner<'a> {
    fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            at: 0,
            depth: 0,
            templates: Vec::new(),
            before: Before::Statement,
            imports: Vec::new(),
        }
    }

    /// Looks for module syntax, up to the first that there is or, if `whole`, to the end.
    fn scan(&mut self, whole: bool) -> bool {
        let mut found = false;
        // The byte-order mark, or what tells a shell what to run.
        if self.source.starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
        }
        if self.rest().starts_with(b"#!") {
            self.skip_line();
        }
        while let Some(&byte) = self.source.get(self.at) {
            match byte {
                b'/' if self.rest().starts_with(b"//") => self.skip_line(),
                b'/' if self.rest().starts_with(b"/*") => self.skip_block(),
                b'/' if self.before != Before::Value => self.skip_expression(),
                b'"' | b'\'' => self.skip_string(byte),
                b'`' => {
                    self.at += 1;
                    self.skip_template();
                }
                b'{' | b'(' | b'[' => {
                    self.depth += 1;
                    self.at += 1;
                    self.before = if byte == b'{' {
                        Before::Statement
                    } else {
                        Before::Operator
                    };
                }
                b'}' if self.templates.last() == Some(&self.depth) => {
                    self.templates.pop();
                    self.depth -= 1;
                    self.at += 1;
                    self.skip_template();
                }
                b'}' | b')' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.at += 1;
                    self.before = if byte == b'}' {
                        Before::Statement
                    } else {
                        Before::Value
                    };
                }
                b';' => {
                    self.at += 1;
                    self.before = Before::Statement;
                }
                b'\n' => {
                    self.at += 1;
                    // Without a semicolon a line may still end a statement.
                    if self.before == Before::Value {
                        self.before = Before::Statement;
                    }
                }
                _ if byte.is_ascii_whitespace() => self.at += 1,
                _ if is_word(byte) => {
                    found |= self.word();
                    if found && !whole {
                        return true;
                    }
                }
                _ => {
                    self.at += 1;
                    self.before = Before::Operator;
                }
            }
        }
        found
    }

    fn rest(&self) -> &[u8] {
        &self.source[self.at..]
    }

    /// Reads a word; whether it begins what only modules have.
    fn word(&mut self) -> bool {
        let len = self
            .rest()
            .iter()
            .take_while(|byte| is_word(**byte))
            .count();
        let word = &self.source[self.at..self.at + len];
        let starts = self.before == Before::Statement;
        let is_member = self.at > 0 && self.source[self.at - 1] == b'.';
        self.at += len;
        let ahead = self.next_visible();
        let next = self.source.get(ahead).copied();
        let literal_at = match word {
            _ if is_member => None,
            b"from" => Some(ahead),
            b"import" | b"require" if next == Some(b'(') => Some(
                Self {
                    at: ahead + 1,
                    ..Self::new(self.source)
                }
                .next_visible(),
            ),
            b"import" => Some(ahead),
            _ => None,
        };
        self.imports
            .extend(literal_at.and_then(|at| self.literal(at)));
        match word {
            b"import" if !is_member && next == Some(b'.') => return true,
            b"import" if starts && self.depth == 0 => {
                let begins = |byte: u8| is_word(byte) || b"{*\"'".contains(&byte);
                if next.is_some_and(begins) {
                    return true;
                }
            }
            b"export" if starts && self.depth == 0 => {
                let begins = |byte: u8| is_word(byte) || b"{*@".contains(&byte);
                if next.is_some_and(begins) {
                    return true;
                }
            }
            _ => {}
        }
        let takes_value: [&[u8]; 12] = [
            b"return",
            b"typeof",
            b"case",
            b"do",
            b"else",
            b"in",
            b"instanceof",
            b"new",
            b"void",
            b"delete",
            b"throw",
            b"await",
        ];
        self.before = if !is_member && takes_value.contains(&word) {
            Before::Operator
        } else {
            Before::Value
        };
        false
    }

    /// Where the next byte is that is neither white space nor in a comment.
    fn next_visible(&self) -> usize {
        let mut ahead = Self {
            at: self.at,
            ..Self::new(self.source)
        };
        loop {
            let rest = ahead.rest();
            if rest.starts_with(b"//") {
                ahead.skip_line();
            } else if rest.starts_with(b"/*") {
                ahead.skip_block();
            } else if rest.first().is_some_and(u8::is_ascii_whitespace) {
                ahead.at += 1;
            } else {
                return ahead.at;
            }
        }
    }

    /// The text of a string literal that begins here.
    fn literal(&self, at: usize) -> Option<String> {
        let (quote, rest) = self.source.get(at..)?.split_first()?;
        if !b"\"'".contains(quote) {
            return None;
        }
        let len = rest.iter().position(|byte| b"\"'\\\n".contains(byte))?;
        let text = std::str::from_utf8(&rest[..len]).ok()?;
        (rest[len] == *quote).then(|| text.to_owned())
    }

    fn skip_line(&mut self) {
        let line = self.rest().iter().position(|byte| *byte == b'\n');
        self.at = line.map_or(self.source.len(), |line| self.at + line);
    }

    fn skip_block(&mut self) {
        let body = &self.source[self.at + 2..];
        let end = body.windows(2).position(|pair| pair == b"*/");
        self.at = end.map_or(self.source.len(), |end| self.at + 2 + end + 2);
    }

    fn skip_string(&mut self, quote: u8) {
        self.at += 1;
        while let Some(&byte) = self.source.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                // It is broken anyhow, so as little as possible is lost.
                b'\n' => break,
                _ if byte == quote => break,
                _ => {}
            }
        }
        self.at = self.at.min(self.source.len());
        self.before = Before::Value;
    }

    /// Skips a regular expression, from its first slash.
    fn skip_expression(&mut self) {
        self.at += 1;
        let mut in_class = false;
        while let Some(&byte) = self.source.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => break,
                b'\n' => break,
                _ => {}
            }
        }
        self.at = self.at.min(self.source.len());
        self.before = Before::Value;
    }

    /// Skips a template literal up to its end or to an expression in it.
    fn skip_template(&mut self) {
        while let Some(&byte) = self.source.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'`' => break,
                b'$' if self.source.get(self.at) == Some(&b'{') => {
                    self.at += 1;
                    if self.templates.len() < TEMPLATES_MAX {
                        self.depth += 1;
                        self.templates.push(self.depth);
                        self.before = Before::Operator;
                        return;
                    }
                }
                _ => {}
            }
        }
        self.at = self.at.min(self.source.len());
        self.before = Before::Value;
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_told_from_scripts() {
        for source in [
            "export default { fetch() {} }",
            "export{a as default}",
            "export*from 'x'",
            "import a from './a.js'\n",
            "import{a}from'./a.js'",
            "import * as a from \"a\"",
            "import './side-effect.js'",
            "import /* a comment */ a from 'a'",
            "// export\n/* import */ export const a = 1",
            "#!/usr/bin/env node\nexport let a",
            "\u{feff}export let a",
            "const a = 1\nexport { a }",
            "const a = {}; export { a }",
            "function f() {}\nexport default f",
            "const s = `${{a: `${1}`}.a}`\nexport default s",
            "const r = /[/\"'`]/g, q = 4 / 2;\nexport default r",
            "console.log(import.meta.url)",
            "var exports = {}; export { exports }",
        ] {
            assert!(is_module(source.as_bytes()), "{source}");
        }
        for source in [
            "",
            "addEventListener('fetch', event => event.respondWith(new Response('x')))",
            "// export default 1\nvar a",
            "/* import a from 'a' */",
            "const a = 'export default 1'",
            "const a = \"\\\"export\"; var b",
            "const a = `\nexport default 1\n`",
            "const a = `${`\nexport default`}`",
            "import('./a.js').then(run)",
            "module.exports = { export: 1 }",
            "exports.default = 1",
            "const a = { export: 1, import: 2 }",
            "a.export ; a\n.import",
            "const r = /\nexport/",
            "x = { \nexport: 1 }",
            "importScripts('a')",
            "\nexport: for (;;) {}",
            "\\",
            "`${",
            "'",
            "/",
            "/*",
        ] {
            assert!(!is_module(source.as_bytes()), "{source}");
        }
    }

    #[test]
    fn imports_are_found_in_their_order() {
        let source = "
            import a from './a.js'; import { b } from \"./b.js\"
            import './c.js'
            export * from /* why */ './d.js'
            export { from } from './e.js';
            const f = await import('./f.js'), g = require( './g.js' )
            // import h from './h.js'
            const h = `import h from './h.js'`, i = 'from \"./i.js\"';
            object.require('./j.js'); object.from('./k.js'); import(name);
            import l from 'pack\\x61ge';
        ";
        let expected = ["a", "b", "c", "d", "e", "f", "g"].map(|name| format!("./{name}.js"));
        assert_eq!(imports(source.as_bytes()), expected);
        assert!(imports(b"import").is_empty() && imports(b"from '").is_empty());
    }

    #[test]
    fn any_bytes_are_looked_at_in_time() {
        for bytes in [
            &b"`${"[..],
            b"{",
            b"}",
            b"/",
            b"\\",
            b"'",
            b"import",
            b"\xff",
        ] {
            let source = bytes.repeat(100_000);
            let _ = (is_module(&source), imports(&source));
        }
    }
}
