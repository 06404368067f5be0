//! Rust's text as tokens, as far as names go: comments, strings, characters and lifetimes are
//! left out.

/// A name, or a mark that is not a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// A whole name, `::`, or one character.
    pub text: String,
    /// The line, from 1.
    pub line: usize,
}

impl Token {
    /// Whether it is a name or a keyword.
    pub fn is_name(&self) -> bool {
        self.text
            .starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// The tokens of a file.
pub fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut reader = Reader {
        chars: &chars,
        at: 0,
        line: 1,
    };
    let mut tokens = Vec::new();
    while let Some(c) = reader.peek(0) {
        let line = reader.line;
        match c {
            '/' if reader.peek(1) == Some('/') => reader.skip_while(|c| c != '\n'),
            '/' if reader.peek(1) == Some('*') => reader.block_comment(),
            '"' => reader.string(),
            '\'' => reader.character_or_lifetime(),
            c if c.is_alphabetic() || c == '_' => {
                let name = reader.name();
                match (name.as_str(), reader.peek(0)) {
                    ("r" | "br" | "cr", Some('"' | '#')) if reader.raw_string_follows() => {
                        reader.raw_string();
                    }
                    ("r", Some('#')) => {
                        reader.step();
                        let text = reader.name();
                        tokens.push(Token { text, line });
                    }
                    ("b" | "c", Some('"')) => reader.string(),
                    ("b", Some('\'')) => reader.character_or_lifetime(),
                    _ => tokens.push(Token { text: name, line }),
                }
            }
            c if c.is_ascii_digit() => reader.skip_while(|c| c.is_alphanumeric() || c == '_'),
            ':' if reader.peek(1) == Some(':') => {
                reader.step();
                reader.step();
                tokens.push(Token {
                    text: "::".into(),
                    line,
                });
            }
            c if c.is_whitespace() => reader.step(),
            c => {
                reader.step();
                tokens.push(Token {
                    text: c.into(),
                    line,
                });
            }
        }
    }
    tokens
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    line: usize,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn step(&mut self) {
        if self.peek(0) == Some('\n') {
            self.line += 1;
        }
        self.at += 1;
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&wanted) {
            self.step();
        }
    }

    fn name(&mut self) -> String {
        let start = self.at;
        self.skip_while(|c| c.is_alphanumeric() || c == '_');
        self.chars[start..self.at].iter().collect()
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while let Some(c) = self.peek(0) {
            match (c, self.peek(1)) {
                ('/', Some('*')) => {
                    depth += 1;
                    self.step();
                }
                ('*', Some('/')) => {
                    depth -= 1;
                    self.step();
                }
                _ => {}
            }
            self.step();
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.step();
        while let Some(c) = self.peek(0) {
            self.step();
            match c {
                '\\' => self.step(),
                '"' => return,
                _ => {}
            }
        }
    }

    fn raw_string_follows(&self) -> bool {
        let hashes = self.chars[self.at..]
            .iter()
            .take_while(|c| **c == '#')
            .count();
        self.peek(hashes) == Some('"')
    }

    fn raw_string(&mut self) {
        let mut hashes = 0;
        while self.peek(0) == Some('#') {
            hashes += 1;
            self.step();
        }
        self.step();
        while let Some(c) = self.peek(0) {
            self.step();
            if c == '"' && (0..hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                (0..hashes).for_each(|_| self.step());
                return;
            }
        }
    }

    fn character_or_lifetime(&mut self) {
        self.step();
        if self.peek(0) == Some('\\') {
            self.step();
            self.step();
            self.skip_while(|c| c != '\'');
            self.step();
        } else if self.peek(1) == Some('\'') {
            self.step();
            self.step();
        } else {
            self.skip_while(|c| c.is_alphanumeric() || c == '_');
        }
    }
}

#[test]
fn only_names_and_marks_are_left() {
    let check = |text: &str, wanted: &str| {
        let found: Vec<String> = tokens(text).into_iter().map(|token| token.text).collect();
        assert_eq!(found.join(" "), wanted, "{text}");
    };
    check("use a::b; // sled::Db", "use a :: b ;");
    check("/* a /* sled */ b */ c", "c");
    check(r#"x("sled::\"Db", y)"#, "x ( , y )");
    check(r###"r#"sled " x"# + br"sled" + r#type"###, "+ + type");
    check(r"f('s', '\'', '\u{41}', b'x')", "f ( , , , )");
    check("fn f<'a>(x: &'a str)", "fn f < > ( x : & str )");
    check("0x1f_u32 + 1.5", "+ .");
    assert_eq!(tokens("a\n\"x\ny\"\nb")[1].line, 4);
}
