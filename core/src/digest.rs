//! Canonical bytes, the event hash, content hashes.
//!
//! Canonical bytes are the fields of a value in declared order: integers little-endian at their full
//! width, texts and sequences with their length before them, enum variants by their index. They are made
//! by serde's derive, so that what is hashed is what is stored.
//!
//! Two hashes, never mixed: [`EventHash`] (xxh3-128) compares our own runs; SHA-256 ([`sha256`]) is for
//! everything that others must trust.

use serde::ser::{self, Serialize};
use sha2::{Digest, Sha256};

/// The running hash of an address: h′ = xxh3-128(h ‖ bytes).
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct EventHash(pub u128);

impl EventHash {
    /// The hash after `buffer`, whose first 16 bytes are overwritten with this hash.
    #[must_use]
    pub fn chain(self, buffer: &mut [u8]) -> EventHash {
        buffer[..16].copy_from_slice(&self.0.to_le_bytes());
        EventHash(xxhash_rust::xxh3::xxh3_128(buffer))
    }
}

impl std::fmt::Display for EventHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// SHA-256 in lower-case hex.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&sha256(bytes))
}

/// SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Lower-case hex of bytes.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|b| [b >> 4, b & 15])
        .map(|n| char::from(b"0123456789abcdef"[usize::from(n)]))
        .collect()
}

/// Appends the canonical bytes of a value.
pub fn canonical<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    // The writer below never fails; a value whose own Serialize fails leaves what it wrote so far.
    let _ = value.serialize(Writer(out));
}

/// SHA-256 over the canonical bytes of a value.
#[must_use]
pub fn content_hash<T: Serialize + ?Sized>(value: &T) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(256);
    canonical(value, &mut bytes);
    sha256(&bytes)
}

/// Canonical bytes cannot be made of a value.
#[derive(Debug, thiserror::Error)]
#[error("no canonical bytes: {0}")]
pub struct NotCanonical(String);

impl ser::Error for NotCanonical {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        NotCanonical(message.to_string())
    }
}

struct Writer<'a>(&'a mut Vec<u8>);

impl Writer<'_> {
    fn put<const N: usize>(self, bytes: [u8; N]) -> Result<(), NotCanonical> {
        self.0.extend_from_slice(&bytes);
        Ok(())
    }

    fn length(&mut self, len: usize) {
        self.0.extend_from_slice(&(len as u64).to_le_bytes());
    }

    fn variant(&mut self, index: u32) {
        self.0.extend_from_slice(&index.to_le_bytes());
    }
}

macro_rules! integers {
    ($($method:ident: $int:ty),*) => {
        $(#[inline] fn $method(self, v: $int) -> Result<(), NotCanonical> { self.put(v.to_le_bytes()) })*
    };
}

impl<'a> ser::Serializer for Writer<'a> {
    type Ok = ();
    type Error = NotCanonical;
    type SerializeSeq = Writer<'a>;
    type SerializeTuple = Writer<'a>;
    type SerializeTupleStruct = Writer<'a>;
    type SerializeTupleVariant = Writer<'a>;
    type SerializeMap = Writer<'a>;
    type SerializeStruct = Writer<'a>;
    type SerializeStructVariant = Writer<'a>;

    integers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128,
        serialize_f32: f32, serialize_f64: f64
    }

    fn is_human_readable(&self) -> bool {
        false
    }
    #[inline]
    fn serialize_bool(self, v: bool) -> Result<(), NotCanonical> {
        self.put([u8::from(v)])
    }
    fn serialize_char(self, v: char) -> Result<(), NotCanonical> {
        self.put(u32::from(v).to_le_bytes())
    }
    fn serialize_str(self, v: &str) -> Result<(), NotCanonical> {
        self.serialize_bytes(v.as_bytes())
    }
    fn serialize_bytes(mut self, v: &[u8]) -> Result<(), NotCanonical> {
        self.length(v.len());
        self.0.extend_from_slice(v);
        Ok(())
    }
    fn serialize_none(self) -> Result<(), NotCanonical> {
        self.put([0])
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NotCanonical> {
        self.0.push(1);
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), NotCanonical> {
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), NotCanonical> {
        Ok(())
    }
    fn serialize_unit_variant(
        mut self,
        _: &'static str,
        index: u32,
        _: &'static str,
    ) -> Result<(), NotCanonical> {
        self.variant(index);
        Ok(())
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), NotCanonical> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), NotCanonical> {
        self.variant(index);
        value.serialize(self)
    }
    fn serialize_seq(mut self, len: Option<usize>) -> Result<Self, NotCanonical> {
        self.length(len.ok_or_else(|| NotCanonical("a sequence of unknown length".to_owned()))?);
        Ok(self)
    }
    fn serialize_tuple(self, _: usize) -> Result<Self, NotCanonical> {
        Ok(self)
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, NotCanonical> {
        Ok(self)
    }
    fn serialize_tuple_variant(
        mut self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, NotCanonical> {
        self.variant(index);
        Ok(self)
    }
    fn serialize_map(self, len: Option<usize>) -> Result<Self, NotCanonical> {
        self.serialize_seq(len)
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, NotCanonical> {
        Ok(self)
    }
    fn serialize_struct_variant(
        mut self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, NotCanonical> {
        self.variant(index);
        Ok(self)
    }
}

macro_rules! compound {
    ($($trait:ident, $method:ident);*) => {
        $(impl ser::$trait for Writer<'_> {
            type Ok = ();
            type Error = NotCanonical;
            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
                value.serialize(Writer(self.0))
            }
            fn end(self) -> Result<(), NotCanonical> {
                Ok(())
            }
        })*
    };
}

compound!(SerializeSeq, serialize_element; SerializeTuple, serialize_element;
          SerializeTupleStruct, serialize_field; SerializeTupleVariant, serialize_field);

macro_rules! named {
    ($($trait:ident),*) => {
        $(impl ser::$trait for Writer<'_> {
            type Ok = ();
            type Error = NotCanonical;
            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<(), NotCanonical> {
                value.serialize(Writer(self.0))
            }
            fn end(self) -> Result<(), NotCanonical> {
                Ok(())
            }
        })*
    };
}

named!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Writer<'_> {
    type Ok = ();
    type Error = NotCanonical;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NotCanonical> {
        key.serialize(Writer(self.0))
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        value.serialize(Writer(self.0))
    }
    fn end(self) -> Result<(), NotCanonical> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Serialize)]
    enum Sample {
        Empty,
        Pair(u8, u16),
        Named {
            text: &'static str,
            list: Vec<Option<u8>>,
        },
    }

    fn bytes(value: &Sample) -> Vec<u8> {
        let mut out = Vec::new();
        canonical(value, &mut out);
        out
    }

    #[test]
    fn canonical_bytes_are_fields_in_declared_order() {
        assert_eq!(bytes(&Sample::Empty), [0, 0, 0, 0]);
        assert_eq!(bytes(&Sample::Pair(7, 258)), [1, 0, 0, 0, 7, 2, 1]);
        let named = bytes(&Sample::Named {
            text: "ab",
            list: vec![None, Some(3)],
        });
        assert_eq!(named[..4], [2, 0, 0, 0]);
        assert_eq!(named[4..14], [2, 0, 0, 0, 0, 0, 0, 0, b'a', b'b']);
        assert_eq!(named[14..], [2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3]);
    }

    #[test]
    fn content_hashes_are_sha_256_in_hex() {
        assert_eq!(
            sha256_hex(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn a_chain_depends_on_what_came_before() {
        let step =
            |hash: EventHash, byte: u8| hash.chain(&mut [[0u8; 16].as_slice(), &[byte]].concat());
        let start = EventHash::default();
        assert_eq!(step(step(start, 1), 2), step(step(start, 1), 2));
        assert_ne!(step(step(start, 1), 2), step(step(start, 2), 1));
    }
}
