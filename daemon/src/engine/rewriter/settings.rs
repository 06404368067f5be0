//! What a rewriter is made with: selectors and the handlers there are, the encoding of the
//! document.

use super::machine::{Kind, Port};
use encoding_rs::Encoding;
use lol_html::send::{DocumentContentHandlers, ElementContentHandlers, Settings as LolSettings};
use lol_html::{AsciiCompatibleEncoding, MemorySettings, Selector};
use postern_abi::OpErrorCode;
use postern_abi::limits::{REWRITER_HANDLERS_MAX, REWRITER_SELECTOR_DEPTH_MAX};
use postern_abi::rewriter::{HandlerSet, RewriterOpen, which};
use std::borrow::Cow;

/// Bytes that the parser may take for what it has to remember: open elements, a tag that has not
/// ended. As many as on the platform, so that what fits there fits here.
pub const PARSER_BYTES: usize = 3 << 20;
/// Bytes that one registered set of handlers takes, rounded up.
const HANDLER_BYTES: usize = 1024;
/// The same of a part of a selector, as `p`, `.a` or `[b]`, read and compiled.
const PART_BYTES: usize = 512;

/// What a rewriter is made with.
pub struct Settings {
    encoding: AsciiCompatibleEncoding,
    is_esi: bool,
    handlers: Vec<(Option<Selector>, u8)>,
    bytes: usize,
}

impl Settings {
    /// Reads the argument of `RewriterOpen`; or gives what is wrong with what the tenant said.
    ///
    /// # Errors
    /// For what cannot be read, and too many handlers.
    pub fn read(argument: &[u8]) -> Result<Result<Self, String>, OpErrorCode> {
        let open: RewriterOpen<'_> =
            postcard::from_bytes(argument).map_err(|_| OpErrorCode::BadArgument)?;
        if open.handlers.len() > REWRITER_HANDLERS_MAX {
            return Err(OpErrorCode::LimitExceeded);
        }
        let Some(encoding) = Encoding::for_label_no_replacement(open.encoding.as_bytes()) else {
            return Ok(Err("Unknown character encoding has been provided.".into()));
        };
        let Some(encoding) = AsciiCompatibleEncoding::new(encoding) else {
            return Ok(Err("Expected ASCII-compatible encoding.".into()));
        };
        let mut handlers = Vec::with_capacity(open.handlers.len());
        let bytes = cost(argument) + open.handlers.len() * HANDLER_BYTES;
        for HandlerSet { selector, which } in open.handlers {
            let selector = match selector.map(parse).transpose() {
                Ok(selector) => selector,
                Err(wrong) => return Ok(Err(wrong)),
            };
            handlers.push((selector, which));
        }
        Ok(Ok(Self {
            encoding,
            is_esi: open.esi,
            handlers,
            bytes,
        }))
    }

    /// Bytes that all this takes, rounded up.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many sets of handlers there are.
    pub fn handlers(&self) -> usize {
        self.handlers.len()
    }

    /// What making a rewriter of it costs, in fuel: selectors are compared with each other.
    pub fn work(&self) -> u64 {
        let handlers = self.handlers.len() as u64;
        20_000 + handlers * 2_000 + handlers * handlers
    }

    /// For the parser. Every handler asks through `port`, by the number of its set.
    pub fn for_parser(self, port: Port) -> LolSettings<'static, 'static> {
        let memory = MemorySettings::new().with_max_allowed_memory_usage(PARSER_BYTES);
        let mut settings = LolSettings::new_send()
            .with_encoding(self.encoding)
            .with_memory_settings(memory)
            .with_strict(true)
            .with_enable_esi_tags(self.is_esi)
            .with_adjust_charset_on_meta_tag(false);
        for (at, (selector, set)) in self.handlers.into_iter().enumerate() {
            // Bounded by `REWRITER_HANDLERS_MAX`.
            let at = at as u32;
            settings = match selector {
                Some(selector) => {
                    let mut handlers = ElementContentHandlers::default();
                    if set & which::ELEMENT != 0 {
                        handlers =
                            handlers.element(move |token: &mut lol_html::send::Element<'_, '_>| {
                                port.serve(Kind::Element, at, token)
                            });
                    }
                    if set & which::COMMENTS != 0 {
                        handlers = handlers.comments(
                            move |token: &mut lol_html::html_content::Comment<'_>| {
                                port.serve(Kind::Comment, at, token)
                            },
                        );
                    }
                    if set & which::TEXT != 0 {
                        handlers = handlers.text(
                            move |token: &mut lol_html::html_content::TextChunk<'_>| {
                                port.serve(Kind::Text, at, token)
                            },
                        );
                    }
                    settings.append_element_content_handler((Cow::Owned(selector), handlers))
                }
                None => {
                    let mut handlers = DocumentContentHandlers::default();
                    if set & which::DOCTYPE != 0 {
                        handlers = handlers.doctype(
                            move |token: &mut lol_html::html_content::Doctype<'_>| {
                                port.serve(Kind::Doctype, at, token)
                            },
                        );
                    }
                    if set & which::COMMENTS != 0 {
                        handlers = handlers.comments(
                            move |token: &mut lol_html::html_content::Comment<'_>| {
                                port.serve(Kind::Comment, at, token)
                            },
                        );
                    }
                    if set & which::TEXT != 0 {
                        handlers = handlers.text(
                            move |token: &mut lol_html::html_content::TextChunk<'_>| {
                                port.serve(Kind::Text, at, token)
                            },
                        );
                    }
                    if set & which::END != 0 {
                        handlers = handlers.end(
                            move |token: &mut lol_html::html_content::DocumentEnd<'_>| {
                                port.serve(Kind::End, at, token)
                            },
                        );
                    }
                    settings.append_document_content_handler(handlers)
                }
            };
        }
        settings
    }
}

/// Bytes that selectors in a text of this length take at most, however they are written.
pub fn cost(selectors: &[u8]) -> usize {
    let begins = |byte: &&u8| b",.#:[(>+~ \t\n\r\x0c*|".contains(byte);
    let parts = selectors.iter().filter(begins).count() + 1;
    parts * PART_BYTES + selectors.len() * 8
}

/// What is wrong with a selector, in the platform's words; nothing for a good one.
pub fn selector_error(selector: &[u8]) -> Option<String> {
    parse(selector).err()
}

fn parse(selector: &[u8]) -> Result<Selector, String> {
    let selector = std::str::from_utf8(selector).map_err(|error| error.to_string())?;
    // Reading and compiling go as deep as combinators and parentheses do, and the stack is small.
    if depth(selector) > REWRITER_SELECTOR_DEPTH_MAX {
        return Err(format!(
            "The selector has more than {REWRITER_SELECTOR_DEPTH_MAX} combinators or parentheses. Use several selectors."
        ));
    }
    selector
        .parse()
        .map_err(|error: lol_html::errors::SelectorError| error.to_string())
}

/// How deep a selector may be at most: the combinators of the longest of its alternatives, or all
/// parentheses there are.
fn depth(selector: &str) -> usize {
    let mut bytes = selector.bytes().peekable();
    let (mut chain, mut longest, mut parentheses, mut open) = (0, 0, 0, 0_usize);
    let mut is_apart = true;
    while let Some(byte) = bytes.next() {
        let was_apart = std::mem::take(&mut is_apart);
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' | b'\'' => {
                while let Some(inner) = bytes.next() {
                    match inner {
                        b'\\' => {
                            bytes.next();
                        }
                        inner if inner == byte => break,
                        _ => {}
                    }
                }
            }
            b'/' if bytes.peek() == Some(&b'*') => {
                bytes.next();
                while let Some(inner) = bytes.next() {
                    if inner == b'*' && bytes.peek() == Some(&b'/') {
                        bytes.next();
                        break;
                    }
                }
            }
            b'(' | b'[' | b'{' => {
                open += 1;
                parentheses += usize::from(byte == b'(');
            }
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            b',' if open == 0 => chain = 0,
            b' ' | b'\t' | b'\n' | b'\r' | 0x0c | b'>' => {
                is_apart = true;
                chain += usize::from(!was_apart);
                longest = longest.max(chain);
            }
            _ => {}
        }
    }
    longest.max(parentheses)
}
