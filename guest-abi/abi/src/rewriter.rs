//! Rewriters of HTML: what they are made with, and what their tokens are asked.

use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Argument of [`SyncOp::RewriterOpen`](crate::SyncOp::RewriterOpen).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RewriterOpen<'a> {
    /// The label of the document's encoding.
    pub encoding: &'a str,
    /// Whether tags of Edge Side Includes have no content.
    pub esi: bool,
    /// What there are handlers for; their places here are their numbers.
    #[serde(borrow)]
    pub handlers: Vec<HandlerSet<'a>>,
}

/// A set of handlers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandlerSet<'a> {
    /// The selector, which may not be UTF-8; none if they are the document's.
    #[serde(borrow)]
    pub selector: Option<&'a [u8]>,
    /// Which there are: the sum of [`which`].
    pub which: u8,
}

/// The handlers of a [`HandlerSet`].
pub mod which {
    /// Of elements.
    pub const ELEMENT: u8 = 1;
    /// Of comments.
    pub const COMMENTS: u8 = 2;
    /// Of text.
    pub const TEXT: u8 = 4;
    /// Of the document type.
    pub const DOCTYPE: u8 = 8;
    /// Of the document's end.
    pub const END: u8 = 16;
}

/// The first byte of a token's answer.
pub mod answer {
    /// There is nothing to tell.
    pub const NOTHING: u8 = 0;
    /// There is none.
    pub const NULL: u8 = 1;
    /// A text follows.
    pub const TEXT: u8 = 2;
    /// Yes.
    pub const TRUE: u8 = 3;
    /// No.
    pub const FALSE: u8 = 4;
    /// The length of a name follows, four bytes, little endian; the name; a value.
    pub const PAIR: u8 = 5;
    /// It was refused; why follows.
    pub const WRONG: u8 = 6;
}

/// What a token is asked or told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TokenCommand {
    /// The name of an element, an end tag or a document type.
    Name = 1,
    /// Changes that name to the first argument.
    SetName = 2,
    /// An element's namespace.
    Namespace = 3,
    /// Whether it is removed.
    Removed = 4,
    /// The value of an attribute.
    GetAttribute = 5,
    /// Whether there is an attribute.
    HasAttribute = 6,
    /// Sets an attribute; the second argument is the value.
    SetAttribute = 7,
    /// Removes an attribute.
    RemoveAttribute = 8,
    /// The attribute at a place, the command's number.
    Attribute = 9,
    /// The text of a comment or a piece of text.
    Text = 10,
    /// Whether a piece of text is its node's last.
    IsLast = 11,
    /// Changes a comment's text.
    SetText = 12,
    /// A document type's public identifier.
    PublicId = 13,
    /// A document type's system identifier.
    SystemId = 14,
    /// Inserts the first argument before it. The command's number is, here and below, 1 if the
    /// content is HTML, plus 2 if it is not the argument but asked for later, by the number that
    /// the rest (times 4) is.
    Before = 20,
    /// Inserts after it.
    After = 21,
    /// Inserts after the start tag.
    Prepend = 22,
    /// Inserts before the end tag.
    Append = 23,
    /// Puts content in the place of what is within.
    SetInner = 24,
    /// Puts content in its place.
    Replace = 25,
    /// Appends the first argument to the document; the number is 1 if it is HTML.
    AppendToEnd = 26,
    /// Removes it.
    Remove = 30,
    /// Removes its tags.
    RemoveAndKeepContent = 31,
    /// Has a handler called at the end tag, by the command's number.
    OnEndTag = 32,
}

impl TokenCommand {
    /// The command with this number.
    pub fn from_u8(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Name,
            2 => Self::SetName,
            3 => Self::Namespace,
            4 => Self::Removed,
            5 => Self::GetAttribute,
            6 => Self::HasAttribute,
            7 => Self::SetAttribute,
            8 => Self::RemoveAttribute,
            9 => Self::Attribute,
            10 => Self::Text,
            11 => Self::IsLast,
            12 => Self::SetText,
            13 => Self::PublicId,
            14 => Self::SystemId,
            20 => Self::Before,
            21 => Self::After,
            22 => Self::Prepend,
            23 => Self::Append,
            24 => Self::SetInner,
            25 => Self::Replace,
            26 => Self::AppendToEnd,
            30 => Self::Remove,
            31 => Self::RemoveAndKeepContent,
            32 => Self::OnEndTag,
            _ => return None,
        })
    }
}
