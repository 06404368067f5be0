//! What a handler asks of its token, and changes in it.

use super::machine::{Ask, Kind, Port, Reply, STOPPED};
use lol_html::html_content::{
    Comment, ContentType, Doctype, DocumentEnd, EndTag, StreamingHandler, StreamingHandlerSink,
    TextChunk,
};
use lol_html::send::Element;
use postern_abi::OpErrorCode;
use postern_abi::rewriter::{TokenCommand as Command, answer};
use std::error::Error;
use std::sync::atomic::Ordering;

/// Where content goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Before,
    After,
    Prepend,
    Append,
    SetInner,
    Replace,
}

type Content = Box<dyn StreamingHandler + Send + 'static>;

/// The answer to a command.
pub enum Answer {
    /// There is nothing to tell.
    Nothing,
    /// A boolean.
    Is(bool),
    /// There is none.
    Null,
    /// A text.
    Text(String),
    /// A name and a value.
    Pair(String, String),
    /// What is wrong with what was asked.
    Wrong(String),
}

type Answered = Result<Answer, OpErrorCode>;

/// A token in the hands of a handler.
pub trait Token {
    /// Answers or does what is not the same for all.
    ///
    /// # Errors
    /// For what this token does not know.
    fn command(&mut self, command: Command, a: &str, b: &[u8], port: Port) -> Answered;

    /// Puts content somewhere; gives whether there is such a place.
    fn insert(&mut self, place: Place, content: Content) -> bool;

    /// Bytes or the like that a command has to look at.
    fn size(&self) -> usize {
        0
    }

    /// Bytes that handlers can have set in it.
    fn bytes(&self) -> usize {
        0
    }
}

/// Carries out a command: its number, a number of its own, the length of its first argument (both
/// four bytes, little endian), the first argument, the second. Gives what it cost.
///
/// # Errors
/// For one that cannot be read, or is not of this token.
pub fn command<T: Token>(
    token: &mut T,
    bytes: &[u8],
    port: Port,
    out: &mut Vec<u8>,
) -> Result<u64, OpErrorCode> {
    let bad = OpErrorCode::BadArgument;
    let (&code, rest) = bytes.split_first().ok_or(bad)?;
    let command = Command::from_u8(code).ok_or(bad)?;
    let (number, rest) = super::number(rest)?;
    let (length, rest) = super::number(rest)?;
    let (a, b) = rest.split_at_checked(length as usize).ok_or(bad)?;
    let size = token.size();
    let work = 100 + (size + bytes.len()) as u64;
    let text = match std::str::from_utf8(a).and_then(|a| std::str::from_utf8(b).map(|_| a)) {
        Ok(text) => text,
        Err(wrong) => {
            write(Answer::Wrong(wrong.to_string()), out);
            return Ok(work);
        }
    };
    let answer = match place(command) {
        Some(place) => {
            let kind = if number & 1 == 1 {
                ContentType::Html
            } else {
                ContentType::Text
            };
            let content: Content = if number & 2 == 0 {
                Box::new(Inserted::new(text, kind, port))
            } else {
                Box::new(Streamed {
                    number: number >> 2,
                    kind,
                    port,
                })
            };
            if !token.insert(place, content) {
                return Err(OpErrorCode::Unsupported);
            }
            Answer::Nothing
        }
        // Numbers go as their text.
        None if matches!(command, Command::Attribute | Command::OnEndTag) => {
            token.command(command, "", &number.to_le_bytes(), port)?
        }
        None if command == Command::AppendToEnd => {
            token.command(command, text, &[u8::from(number & 1 == 1)], port)?
        }
        None => token.command(command, text, b, port)?,
    };
    if let Command::SetName | Command::SetAttribute | Command::SetText = command {
        port.common().set(bytes.len(), || token.bytes());
    }
    write(answer, out);
    Ok(work)
}

fn place(command: Command) -> Option<Place> {
    Some(match command {
        Command::Before => Place::Before,
        Command::After => Place::After,
        Command::Prepend => Place::Prepend,
        Command::Append => Place::Append,
        Command::SetInner => Place::SetInner,
        Command::Replace => Place::Replace,
        _ => return None,
    })
}

fn write(told: Answer, out: &mut Vec<u8>) {
    match told {
        Answer::Nothing => out.push(answer::NOTHING),
        Answer::Is(is) => out.push(if is { answer::TRUE } else { answer::FALSE }),
        Answer::Null => out.push(answer::NULL),
        Answer::Text(text) => {
            out.push(answer::TEXT);
            out.extend_from_slice(text.as_bytes());
        }
        Answer::Pair(name, value) => {
            out.push(answer::PAIR);
            // A name is part of a tag, which is smaller than four gigabytes.
            out.extend_from_slice(&(name.len() as u32).to_le_bytes());
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(value.as_bytes());
        }
        Answer::Wrong(wrong) => {
            out.push(answer::WRONG);
            out.extend_from_slice(wrong.as_bytes());
        }
    }
}

/// Content that is there, and counted for as long as it is.
struct Inserted {
    text: String,
    kind: ContentType,
    port: Port,
}

impl Inserted {
    fn new(text: &str, kind: ContentType, port: Port) -> Self {
        port.common()
            .inserted
            .fetch_add(text.len() + 64, Ordering::Relaxed);
        Self {
            text: text.to_owned(),
            kind,
            port,
        }
    }
}

impl Drop for Inserted {
    fn drop(&mut self) {
        self.port
            .common()
            .inserted
            .fetch_sub(self.text.len() + 64, Ordering::Relaxed);
    }
}

type Written = Result<(), Box<dyn Error + Send + Sync>>;

impl StreamingHandler for Inserted {
    fn write_all(self: Box<Self>, sink: &mut StreamingHandlerSink<'_>) -> Written {
        sink.write_str(&self.text, self.kind);
        Ok(())
    }
}

/// Content that the guest is asked for when its place is reached.
struct Streamed {
    number: u32,
    kind: ContentType,
    port: Port,
}

impl StreamingHandler for Streamed {
    fn write_all(self: Box<Self>, sink: &mut StreamingHandlerSink<'_>) -> Written {
        loop {
            match self.port.ask(Ask::Content(self.number)) {
                Reply::Content(bytes) => sink.write_utf8_chunk(&bytes, self.kind)?,
                Reply::ContentEnd => return Ok(()),
                _ => return Err(STOPPED.into()),
            }
        }
    }
}

fn optional(text: Option<String>) -> Answer {
    text.map_or(Answer::Null, Answer::Text)
}

fn checked<E: Error>(result: Result<(), E>) -> Answer {
    match result {
        Ok(()) => Answer::Nothing,
        Err(wrong) => Answer::Wrong(wrong.to_string()),
    }
}

fn index(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(u32::MAX, u32::from_le_bytes)
}

impl Token for Element<'_, '_> {
    fn command(&mut self, command: Command, a: &str, b: &[u8], port: Port) -> Answered {
        Ok(match command {
            Command::Name => Answer::Text(self.tag_name()),
            Command::SetName => checked(self.set_tag_name(a)),
            Command::Namespace => Answer::Text(self.namespace_uri().to_owned()),
            Command::Removed => Answer::Is(self.removed()),
            Command::GetAttribute => optional(self.get_attribute(a)),
            Command::HasAttribute => Answer::Is(self.has_attribute(a)),
            // Both were looked at before.
            Command::SetAttribute => {
                let value = std::str::from_utf8(b).unwrap_or_default();
                checked(self.set_attribute(a, value))
            }
            Command::RemoveAttribute => {
                self.remove_attribute(a);
                Answer::Nothing
            }
            Command::Attribute => match self.attributes().get(index(b) as usize) {
                Some(attribute) => Answer::Pair(attribute.name(), attribute.value()),
                None => Answer::Null,
            },
            Command::Remove => {
                self.remove();
                Answer::Nothing
            }
            Command::RemoveAndKeepContent => {
                self.remove_and_keep_content();
                Answer::Nothing
            }
            Command::OnEndTag => {
                let at = index(b);
                match self.end_tag_handlers() {
                    None => Answer::Wrong("No end tag.".into()),
                    Some(handlers) => {
                        // The last one counts, as on the platform.
                        handlers.clear();
                        handlers.push(Box::new(move |tag: &mut EndTag<'_>| {
                            port.serve(Kind::EndTag, at, tag)
                        }));
                        Answer::Nothing
                    }
                }
            }
            _ => return Err(OpErrorCode::Unsupported),
        })
    }

    fn insert(&mut self, place: Place, content: Content) -> bool {
        match place {
            Place::Before => self.streaming_before(content),
            Place::After => self.streaming_after(content),
            Place::Prepend => self.streaming_prepend(content),
            Place::Append => self.streaming_append(content),
            Place::SetInner => self.streaming_set_inner_content(content),
            Place::Replace => self.streaming_replace(content),
        }
        true
    }

    fn size(&self) -> usize {
        self.attributes().len()
    }

    fn bytes(&self) -> usize {
        let attributes = self.attributes().iter();
        let all = attributes.map(|it| it.name().len() + it.value().len() + 64);
        self.tag_name().len() + all.sum::<usize>()
    }
}

impl Token for EndTag<'_> {
    fn command(&mut self, command: Command, a: &str, _: &[u8], _: Port) -> Answered {
        Ok(match command {
            Command::Name => Answer::Text(self.name()),
            Command::SetName => {
                self.set_name_str(a.to_owned());
                Answer::Nothing
            }
            Command::Removed => Answer::Is(self.removed()),
            Command::Remove => {
                self.remove();
                Answer::Nothing
            }
            _ => return Err(OpErrorCode::Unsupported),
        })
    }

    fn insert(&mut self, place: Place, content: Content) -> bool {
        match place {
            Place::Before => self.streaming_before(content),
            Place::After => self.streaming_after(content),
            Place::Replace => self.streaming_replace(content),
            _ => return false,
        }
        true
    }

    fn bytes(&self) -> usize {
        self.name().len()
    }
}

impl Token for TextChunk<'_> {
    fn command(&mut self, command: Command, _: &str, _: &[u8], _: Port) -> Answered {
        Ok(match command {
            Command::Text => Answer::Text(self.as_str().to_owned()),
            Command::IsLast => Answer::Is(self.last_in_text_node()),
            Command::Removed => Answer::Is(self.removed()),
            Command::Remove => {
                self.remove();
                Answer::Nothing
            }
            _ => return Err(OpErrorCode::Unsupported),
        })
    }

    fn insert(&mut self, place: Place, content: Content) -> bool {
        match place {
            Place::Before => self.streaming_before(content),
            Place::After => self.streaming_after(content),
            Place::Replace => self.streaming_replace(content),
            _ => return false,
        }
        true
    }
}

impl Token for Comment<'_> {
    fn command(&mut self, command: Command, a: &str, _: &[u8], _: Port) -> Answered {
        Ok(match command {
            Command::Text => Answer::Text(self.text()),
            Command::SetText => checked(self.set_text(a)),
            Command::Removed => Answer::Is(self.removed()),
            Command::Remove => {
                self.remove();
                Answer::Nothing
            }
            _ => return Err(OpErrorCode::Unsupported),
        })
    }

    fn insert(&mut self, place: Place, content: Content) -> bool {
        match place {
            Place::Before => self.streaming_before(content),
            Place::After => self.streaming_after(content),
            Place::Replace => self.streaming_replace(content),
            _ => return false,
        }
        true
    }

    fn bytes(&self) -> usize {
        self.text().len()
    }
}

impl Token for Doctype<'_> {
    fn command(&mut self, command: Command, _: &str, _: &[u8], _: Port) -> Answered {
        Ok(match command {
            Command::Name => optional(self.name()),
            Command::PublicId => optional(self.public_id()),
            Command::SystemId => optional(self.system_id()),
            _ => return Err(OpErrorCode::Unsupported),
        })
    }

    fn insert(&mut self, _: Place, _: Content) -> bool {
        false
    }
}

impl Token for DocumentEnd<'_> {
    fn command(&mut self, command: Command, a: &str, b: &[u8], _: Port) -> Answered {
        if command != Command::AppendToEnd {
            return Err(OpErrorCode::Unsupported);
        }
        let kind = if b == [1] {
            ContentType::Html
        } else {
            ContentType::Text
        };
        self.append(a, kind);
        Ok(Answer::Nothing)
    }

    fn insert(&mut self, _: Place, _: Content) -> bool {
        false
    }
}
