//! Finds and replaces the free texts of a value, by its type.
//!
//! What serde calls a string is a free text, be it a field, an element or a key; names of fields and
//! variants are not, and neither are ids, which are written as what they display. The code of a currency is
//! kept.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Display;

use serde::ser::{self, Serialize, Serializer};

/// Fields whose texts are of a closed list.
const KEPT: [&str; 1] = ["currency"];

type Rename<'a> = &'a dyn Fn(&str) -> String;

/// A value that is written with other texts.
pub struct Named<'a, T: ?Sized> {
    value: &'a T,
    name: Rename<'a>,
}

impl<'a, T: ?Sized> Named<'a, T> {
    /// The value, under new names.
    pub fn new(value: &'a T, name: Rename<'a>) -> Named<'a, T> {
        Named { value, name }
    }
}

impl<T: Serialize + ?Sized> Serialize for Named<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Adapter {
            inner: to,
            name: self.name,
        })
    }
}

/// Texts that were found.
#[derive(Debug, Default)]
pub(super) struct Found(RefCell<BTreeSet<String>>);

impl Found {
    /// Takes the texts of a value.
    pub(super) fn read<T: Serialize>(&self, value: &T) {
        let note = |text: &str| {
            if !text.is_empty() && !self.0.borrow().contains(text) {
                self.0.borrow_mut().insert(text.to_owned());
            }
            String::new()
        };
        serde_json::to_writer(std::io::sink(), &Named::new(value, &note))
            .expect("it is plain data, and a sink takes all");
    }

    pub(super) fn texts(self) -> BTreeSet<String> {
        self.0.into_inner()
    }
}

/// Writes to another serializer, texts under new names.
struct Adapter<'a, S> {
    inner: S,
    name: Rename<'a>,
}

macro_rules! as_they_are {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, v: $type) -> Result<S::Ok, S::Error> { self.inner.$method(v) })*
    };
}

macro_rules! nested {
    ($($method:ident($($arg:ident: $type:ty),*) -> $kind:ident;)*) => {
        $(fn $method(self, $($arg: $type),*) -> Result<Self::$kind, S::Error> {
            let (inner, name) = (self.inner.$method($($arg),*)?, self.name);
            Ok(Adapter { inner, name })
        })*
    };
}

impl<'a, S: Serializer> Serializer for Adapter<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Adapter<'a, S::SerializeSeq>;
    type SerializeTuple = Adapter<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Adapter<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Adapter<'a, S::SerializeTupleVariant>;
    type SerializeMap = Adapter<'a, S::SerializeMap>;
    type SerializeStruct = Adapter<'a, S::SerializeStruct>;
    type SerializeStructVariant = Adapter<'a, S::SerializeStructVariant>;

    as_they_are! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128, serialize_f32: f32, serialize_f64: f64, serialize_char: char,
        serialize_bytes: &[u8], serialize_unit_struct: &'static str
    }

    nested! {
        serialize_seq(len: Option<usize>) -> SerializeSeq;
        serialize_tuple(len: usize) -> SerializeTuple;
        serialize_tuple_struct(name: &'static str, len: usize) -> SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, at: u32, variant: &'static str, len: usize) -> SerializeTupleVariant;
        serialize_map(len: Option<usize>) -> SerializeMap;
        serialize_struct(name: &'static str, len: usize) -> SerializeStruct;
        serialize_struct_variant(name: &'static str, at: u32, variant: &'static str, len: usize) -> SerializeStructVariant;
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
    fn serialize_str(self, text: &str) -> Result<S::Ok, S::Error> {
        self.inner.serialize_str(&(self.name)(text))
    }
    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }
    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_none()
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.serialize_some(&Named::new(value, self.name))
    }
    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit()
    }
    fn serialize_unit_variant(
        self,
        name: &'static str,
        at: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_variant(name, at, variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = Named::new(value, self.name);
        self.inner.serialize_newtype_struct(name, &value)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        at: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = Named::new(value, self.name);
        self.inner
            .serialize_newtype_variant(name, at, variant, &value)
    }
}

macro_rules! elements {
    ($($kind:ident, $method:ident;)*) => {
        $(impl<S: ser::$kind> ser::$kind for Adapter<'_, S> {
            type Ok = S::Ok;
            type Error = S::Error;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
                self.inner.$method(&Named::new(value, self.name))
            }
            fn end(self) -> Result<S::Ok, S::Error> {
                self.inner.end()
            }
        })*
    };
}

elements! {
    SerializeSeq, serialize_element;
    SerializeTuple, serialize_element;
    SerializeTupleStruct, serialize_field;
    SerializeTupleVariant, serialize_field;
}

macro_rules! fields {
    ($($kind:ident)*) => {
        $(impl<S: ser::$kind> ser::$kind for Adapter<'_, S> {
            type Ok = S::Ok;
            type Error = S::Error;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), S::Error> {
                if KEPT.contains(&key) {
                    return self.inner.serialize_field(key, value);
                }
                self.inner.serialize_field(key, &Named::new(value, self.name))
            }
            fn skip_field(&mut self, key: &'static str) -> Result<(), S::Error> {
                self.inner.skip_field(key)
            }
            fn end(self) -> Result<S::Ok, S::Error> {
                self.inner.end()
            }
        })*
    };
}

fields! { SerializeStruct SerializeStructVariant }

impl<S: ser::SerializeMap> ser::SerializeMap for Adapter<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        self.inner.serialize_key(&Named::new(key, self.name))
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        self.inner.serialize_value(&Named::new(value, self.name))
    }
    fn end(self) -> Result<S::Ok, S::Error> {
        self.inner.end()
    }
}
