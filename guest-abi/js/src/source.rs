//! A function's source cut into tokens, with brackets matched: enough of the language to find the
//! expression that stands at a place. What the tokens mean is elsewhere.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name or a word of the language.
    Name,
    /// A number.
    Number,
    /// A string.
    Text,
    /// A template without substitutions, or a regular expression.
    Literal,
    /// A bracket, or the part of a template before its first substitution.
    Open,
    /// The bracket to it.
    Close,
    /// The part of a template between two substitutions.
    Between,
    /// Anything else, a unit each but for what needs more.
    Mark,
}

/// One token.
#[derive(Clone, Debug)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub at: Range<usize>,
    /// The other bracket's place among the tokens.
    pub other: usize,
}

/// The tokens of a source.
pub struct Tokens<'s> {
    /// What was cut.
    pub source: &'s str,
    /// Them, in their order.
    pub all: Vec<Token>,
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#' | b'\\') || byte >= 0x80
}

/// Words that an expression does not end with.
pub const WORDS: &[&str] = &[
    "return",
    "typeof",
    "instanceof",
    "in",
    "of",
    "new",
    "delete",
    "void",
    "throw",
    "case",
    "do",
    "else",
    "await",
    "yield",
    "const",
    "let",
    "var",
    "extends",
    "if",
    "while",
    "for",
    "switch",
    "with",
    "catch",
];

impl<'s> Tokens<'s> {
    /// Cuts a source; nothing if its brackets do not match or it ends in the middle.
    pub fn new(source: &'s str) -> Option<Self> {
        let mut tokens = Tokens {
            source,
            all: Vec::new(),
        };
        tokens.cut()?;
        Some(tokens)
    }

    /// A token's text; empty past the end.
    pub fn text(&self, index: usize) -> &'s str {
        self.all
            .get(index)
            .map_or("", |token| &self.source[token.at.clone()])
    }

    /// What a token is.
    pub fn kind(&self, index: usize) -> Option<Kind> {
        self.all.get(index).map(|token| token.kind)
    }

    /// Whether an expression can end with the token.
    pub fn ends(&self, index: usize) -> bool {
        match self.kind(index) {
            Some(Kind::Name) => !WORDS.contains(&self.text(index)),
            Some(Kind::Number | Kind::Text | Kind::Literal | Kind::Close) => true,
            _ => false,
        }
    }

    fn cut(&mut self) -> Option<()> {
        let bytes = self.source.as_bytes();
        let mut at = 0;
        let mut open: Vec<usize> = Vec::new();
        while let Some(&byte) = bytes.get(at) {
            let start = at;
            let next = bytes.get(at + 1).copied();
            let kind = match byte {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => {
                    at += 1;
                    continue;
                }
                b'/' if next == Some(b'/') => {
                    at += bytes[at..]
                        .iter()
                        .position(|&byte| byte == b'\n')
                        .unwrap_or(bytes.len() - at);
                    continue;
                }
                b'/' if next == Some(b'*') => {
                    at += 4 + self.source.get(at + 2..)?.find("*/")?;
                    continue;
                }
                b'/' if self.all.is_empty() || !self.ends(self.all.len() - 1) => {
                    at = regex_end(bytes, at)?;
                    Kind::Literal
                }
                b'"' | b'\'' => {
                    at = text_end(bytes, at)?;
                    Kind::Text
                }
                b'`' => self.template(bytes, &mut at, &mut open)?,
                b'}' if open
                    .last()
                    .is_some_and(|&index| self.text(index).ends_with("${")) =>
                {
                    let first = open.pop()?;
                    let kind = match self.template(bytes, &mut at, &mut open)? {
                        Kind::Literal => Kind::Close,
                        _ => Kind::Between,
                    };
                    let index = self.all.len();
                    self.all[first].other = index;
                    self.all.push(Token {
                        kind,
                        at: start..at,
                        other: first,
                    });
                    continue;
                }
                b'0'..=b'9' => {
                    at += 1;
                    while bytes
                        .get(at)
                        .is_some_and(|&byte| is_name(byte) || byte == b'.')
                    {
                        at += 1;
                    }
                    Kind::Number
                }
                byte if is_name(byte) => {
                    while bytes.get(at).is_some_and(|&byte| is_name(byte)) {
                        at += 1;
                    }
                    Kind::Name
                }
                b'(' | b'[' | b'{' => {
                    at += 1;
                    open.push(self.all.len());
                    Kind::Open
                }
                b')' | b']' | b'}' => {
                    at += 1;
                    let first = open.pop()?;
                    let index = self.all.len();
                    self.all[first].other = index;
                    self.all.push(Token {
                        kind: Kind::Close,
                        at: start..at,
                        other: first,
                    });
                    continue;
                }
                b'.' if bytes[at..].starts_with(b"...") => {
                    at += 3;
                    Kind::Mark
                }
                b'?' if next == Some(b'.')
                    && !bytes.get(at + 2).is_some_and(u8::is_ascii_digit) =>
                {
                    at += 2;
                    Kind::Mark
                }
                b'=' if next == Some(b'>') || next == Some(b'=') => {
                    at += 2;
                    Kind::Mark
                }
                _ => {
                    at += 1;
                    Kind::Mark
                }
            };
            self.all.push(Token {
                kind,
                at: start..at,
                other: usize::MAX,
            });
        }
        Some(())
    }

    /// From a backquote, or from the end of a substitution, to where the template's text ends.
    fn template(&self, bytes: &[u8], at: &mut usize, open: &mut Vec<usize>) -> Option<Kind> {
        *at += 1;
        loop {
            match *bytes.get(*at)? {
                b'\\' => *at += 2,
                b'`' => {
                    *at += 1;
                    return Some(Kind::Literal);
                }
                b'$' if bytes.get(*at + 1) == Some(&b'{') => {
                    *at += 2;
                    open.push(self.all.len());
                    return Some(Kind::Open);
                }
                _ => *at += 1,
            }
        }
    }

    /// The token that begins at a byte of the source.
    pub fn at(&self, byte: usize) -> Option<usize> {
        self.all
            .binary_search_by_key(&byte, |token| token.at.start)
            .ok()
    }
}

fn text_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match *bytes.get(at)? {
            b'\\' => at += 2,
            byte if byte == bytes[start] => return Some(at + 1),
            _ => at += 1,
        }
    }
}

fn regex_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    let mut in_class = false;
    loop {
        match *bytes.get(at)? {
            b'\n' => return Some(start + 1),
            b'\\' => at += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'/' if !in_class => break,
            _ => {}
        }
        at += 1;
    }
    at += 1;
    while bytes.get(at).is_some_and(|&byte| is_name(byte)) {
        at += 1;
    }
    Some(at)
}
