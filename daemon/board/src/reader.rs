//! What serde reads a parsed TOML tree by.
//!
//! serde's derives are instantiated for each kind of map that they may be handed, and `toml` has four of
//! these. Here tables, places and offsets are one kind each of the same two types, so that the code of
//! each raw form is there once: that is a fifth of a megabyte less in the binary.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use std::fmt;
use std::ops::Range;
use std::slice;
use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue};
use toml::map::Iter;

/// Why a tree is not the raw form that was asked for.
#[derive(Debug)]
pub(crate) struct Mistake(Box<Told>);

#[derive(Debug)]
struct Told {
    message: String,
    span: Option<Range<usize>>,
}

impl Mistake {
    /// What is wrong, in serde's words.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// Where, in bytes of the file.
    pub(crate) fn span(&self) -> Option<Range<usize>> {
        self.0.span.clone()
    }

    /// The mistake with a place, unless it has one that is more exact.
    fn within(mut self, span: Option<&Range<usize>>) -> Self {
        if self.0.span.is_none() {
            self.0.span = span.cloned();
        }
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Mistake {}

impl de::Error for Mistake {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::told(message.to_string())
    }
}

impl Mistake {
    fn told(message: String) -> Self {
        Self(Box::new(Told {
            message,
            span: None,
        }))
    }
}

/// One thing that is read: a value with its place, a key, or one end of a place.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    input: Input<'a>,
    span: Option<Range<usize>>,
}

#[derive(Clone)]
enum Input<'a> {
    Table(&'a DeTable<'a>),
    Value(&'a DeValue<'a>),
    Key(&'a str),
    Offset(usize),
}

impl<'a> Reader<'a> {
    /// A file's table.
    pub(crate) fn new(table: &'a Spanned<DeTable<'a>>) -> Self {
        Self {
            input: Input::Table(table.get_ref()),
            span: Some(table.span()),
        }
    }

    fn value(value: &'a Spanned<DeValue<'a>>) -> Self {
        Self {
            input: Input::Value(value.get_ref()),
            span: Some(value.span()),
        }
    }

    fn text(&self) -> Option<&'a str> {
        match self.input {
            Input::Key(key) => Some(key),
            Input::Value(DeValue::String(text)) => Some(text),
            _ => None,
        }
    }

    fn table(&self) -> Option<&'a DeTable<'a>> {
        match self.input {
            Input::Table(table) | Input::Value(DeValue::Table(table)) => Some(table),
            _ => None,
        }
    }

    fn array(&self) -> Option<&'a DeArray<'a>> {
        match self.input {
            Input::Value(DeValue::Array(items)) => Some(items),
            _ => None,
        }
    }

    /// A whole number, signed if it fits.
    fn number(&self) -> Result<Number, Mistake> {
        match self.input {
            Input::Offset(at) => Ok(Number::Unsigned(at as u64)),
            Input::Value(DeValue::Integer(number)) => {
                let (text, radix) = (number.as_str(), number.radix());
                if let Ok(number) = i64::from_str_radix(text, radix) {
                    Ok(Number::Signed(number))
                } else if let Ok(number) = u64::from_str_radix(text, radix) {
                    Ok(Number::Unsigned(number))
                } else {
                    Err(Mistake::told(format!(
                        "`{text}` is more than a number may be, {}",
                        u64::MAX
                    )))
                }
            }
            _ => Ok(Number::No),
        }
    }

    /// A number with a fraction. One that is too large for a double is none; infinity is written as `inf`.
    fn float(&self) -> Result<Option<f64>, Mistake> {
        let Input::Value(DeValue::Float(number)) = self.input else {
            return Ok(None);
        };
        let text = number.as_str();
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() || !text.contains(|c: char| c.is_ascii_digit()) => {
                Ok(Some(number))
            }
            _ => Err(Mistake::told(format!(
                "`{text}` is more than a number may be, {:e}",
                f64::MAX
            ))),
        }
    }

    #[inline(never)]
    fn unexpected(&self, expected: &dyn Expected) -> Mistake {
        // A number beyond all bounds is that, whatever was expected.
        let (number, float) = match (self.number(), self.float()) {
            (Ok(number), Ok(float)) => (number, float),
            (Err(mistake), _) | (_, Err(mistake)) => return mistake,
        };
        let unexpected = match (&self.input, self.text()) {
            (_, Some(text)) => Unexpected::Str(text),
            (Input::Table(_) | Input::Value(DeValue::Table(_)), _) => Unexpected::Map,
            (Input::Value(DeValue::Array(_)), _) => Unexpected::Seq,
            (Input::Value(DeValue::Boolean(on)), _) => Unexpected::Bool(*on),
            (Input::Value(DeValue::Datetime(_)), _) => Unexpected::Other("date"),
            (Input::Value(DeValue::Float(_)), _) => Unexpected::Float(float.unwrap_or(f64::NAN)),
            _ => match number {
                Number::Signed(number) => Unexpected::Signed(number),
                Number::Unsigned(number) => Unexpected::Unsigned(number),
                Number::No => Unexpected::Unit,
            },
        };
        de::Error::invalid_type(unexpected, expected)
    }

    fn whole<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.number()? {
            Number::Signed(number) => visitor.visit_i64(number),
            Number::Unsigned(number) => visitor.visit_u64(number),
            Number::No => Err(self.unexpected(&visitor)),
        }
    }
}

enum Number {
    Signed(i64),
    Unsigned(u64),
    No,
}

impl<'a> Deserializer<'a> for Reader<'a> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mistake> {
        if let Some(text) = self.text() {
            return visitor.visit_borrowed_str(text);
        }
        if let Some(table) = self.table() {
            return visitor.visit_map(Entries::of(table));
        }
        if let Some(items) = self.array() {
            return visitor.visit_seq(Items(items.iter()));
        }
        if let Some(number) = self.float()? {
            return visitor.visit_f64(number);
        }
        match self.input {
            Input::Value(DeValue::Boolean(on)) => visitor.visit_bool(*on),
            _ => self.whole(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.input {
            Input::Value(DeValue::Boolean(on)) => visitor.visit_bool(*on),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_i64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.whole(visitor)
    }

    fn deserialize_u8<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.whole(visitor)
    }

    fn deserialize_u16<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.whole(visitor)
    }

    fn deserialize_u32<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.whole(visitor)
    }

    fn deserialize_u64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.whole(visitor)
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.text() {
            Some(text) => visitor.visit_borrowed_str(text),
            None => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.array() {
            Some(items) => visitor.visit_seq(Items(items.iter())),
            None => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.table() {
            Some(table) => visitor.visit_map(Entries::of(table)),
            None => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        if serde_spanned::de::is_spanned(name) {
            return visitor.visit_map(Entries::with_place(self, fields));
        }
        self.deserialize_map(visitor)
    }

    /// Of the variants none has anything in it.
    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        match self.text() {
            Some(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
            None => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! { <V: Visitor<'a>>
        i8 i16 i32 i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
    }
}

impl<'a> IntoDeserializer<'a, Mistake> for Reader<'a> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// What serde takes for a map: the entries of a table, or a value and its place.
struct Entries<'a> {
    left: Left<'a>,
    value: Option<Reader<'a>>,
}

enum Left<'a> {
    Table(Iter<'a, Spanned<DeString<'a>>, Spanned<DeValue<'a>>>),
    /// The value, and the names of what is left.
    Place(Reader<'a>, &'static [&'static str]),
}

impl<'a> Entries<'a> {
    fn of(table: &'a DeTable<'a>) -> Self {
        Self {
            left: Left::Table(table.iter()),
            value: None,
        }
    }

    /// `names` are those of the start, the end and the value.
    fn with_place(value: Reader<'a>, names: &'static [&'static str]) -> Self {
        Self {
            left: Left::Place(value, names),
            value: None,
        }
    }

    #[inline(never)]
    fn next(&mut self) -> Option<Reader<'a>> {
        let (key, value) = match &mut self.left {
            Left::Table(entries) => {
                let (key, value) = entries.next()?;
                (
                    Reader {
                        input: Input::Key(key.get_ref()),
                        span: Some(key.span()),
                    },
                    Reader::value(value),
                )
            }
            Left::Place(value, names) => {
                let (name, rest) = names.split_first()?;
                let left = names.len();
                *names = rest;
                let span = value.span.clone().unwrap_or_default();
                let offset = |at| Reader {
                    input: Input::Offset(at),
                    span: None,
                };
                let value = match left {
                    3 => offset(span.start),
                    2 => offset(span.end),
                    _ => value.clone(),
                };
                (
                    Reader {
                        input: Input::Key(name),
                        span: None,
                    },
                    value,
                )
            }
        };
        self.value = Some(value);
        Some(key)
    }
}

impl<'a> MapAccess<'a> for Entries<'a> {
    type Error = Mistake;

    fn next_key_seed<K: DeserializeSeed<'a>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Mistake> {
        match self.next() {
            Some(key) => read(key, seed).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Mistake> {
        match self.value.take() {
            Some(value) => read(value, seed),
            None => Err(Mistake::told("a value was asked for before its key".into())),
        }
    }
}

/// The items of an array.
struct Items<'a>(slice::Iter<'a, Spanned<DeValue<'a>>>);

impl<'a> SeqAccess<'a> for Items<'a> {
    type Error = Mistake;

    fn next_element_seed<T: DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Mistake> {
        match self.0.next() {
            Some(value) => read(Reader::value(value), seed).map(Some),
            None => Ok(None),
        }
    }
}

/// What `seed` makes of it. What is wrong with it is wrong at its place, if it is not known better.
pub(crate) fn read<'a, T: DeserializeSeed<'a>>(
    reader: Reader<'a>,
    seed: T,
) -> Result<T::Value, Mistake> {
    let span = reader.span.clone();
    seed.deserialize(reader)
        .map_err(|mistake| mistake.within(span.as_ref()))
}

#[cfg(test)]
mod tests;
