//! The kinds of tokens, and what each has as properties of its own.

use postern_abi::rewriter::TokenCommand as Command;
use std::ffi::CStr;

/// What a token is; the host and `prelude/rewriter.js` have the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Element = 0,
    EndTag = 1,
    Text = 2,
    Comment = 3,
    Doctype = 4,
    End = 5,
}

impl Kind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Element,
        Self::EndTag,
        Self::Text,
        Self::Comment,
        Self::Doctype,
        Self::End,
    ];

    /// The name of its class.
    pub fn name(self) -> &'static str {
        match self {
            Self::Element => "Element",
            Self::EndTag => "EndTag",
            Self::Text => "Text",
            Self::Comment => "Comment",
            Self::Doctype => "Doctype",
            Self::End => "DocumentEnd",
        }
    }

    /// Its own properties, in their order.
    pub fn properties(self) -> &'static [Property] {
        use Property::{
            Attributes, CommentText, DoctypeName, EndTagName, LastInTextNode, Namespace, PublicId,
            Removed, SystemId, TagName, Text,
        };
        match self {
            Self::Element => &[Namespace, Removed, Attributes, TagName],
            Self::EndTag => &[EndTagName],
            Self::Text => &[Removed, LastInTextNode, Text],
            Self::Comment => &[Removed, CommentText],
            Self::Doctype => &[SystemId, PublicId, DoctypeName],
            Self::End => &[],
        }
    }
}

/// A property of a token's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Property {
    Namespace,
    Removed,
    Attributes,
    TagName,
    EndTagName,
    DoctypeName,
    LastInTextNode,
    Text,
    CommentText,
    SystemId,
    PublicId,
}

impl Property {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Namespace,
        Self::Removed,
        Self::Attributes,
        Self::TagName,
        Self::EndTagName,
        Self::DoctypeName,
        Self::LastInTextNode,
        Self::Text,
        Self::CommentText,
        Self::SystemId,
        Self::PublicId,
    ];

    /// Its name.
    pub fn name(self) -> &'static CStr {
        match self {
            Self::Namespace => c"namespaceURI",
            Self::Removed => c"removed",
            Self::Attributes => c"attributes",
            Self::TagName => c"tagName",
            Self::EndTagName | Self::DoctypeName => c"name",
            Self::LastInTextNode => c"lastInTextNode",
            Self::Text | Self::CommentText => c"text",
            Self::SystemId => c"systemId",
            Self::PublicId => c"publicId",
        }
    }

    /// The command that reads it; none for what is made here.
    pub fn read(self) -> Option<Command> {
        Some(match self {
            Self::Namespace => Command::Namespace,
            Self::Removed => Command::Removed,
            Self::Attributes => return None,
            Self::TagName | Self::EndTagName | Self::DoctypeName => Command::Name,
            Self::LastInTextNode => Command::IsLast,
            Self::Text | Self::CommentText => Command::Text,
            Self::SystemId => Command::SystemId,
            Self::PublicId => Command::PublicId,
        })
    }

    /// The command that writes it, if it may be written.
    pub fn write(self) -> Option<Command> {
        match self {
            Self::TagName | Self::EndTagName => Some(Command::SetName),
            Self::CommentText => Some(Command::SetText),
            _ => None,
        }
    }
}
