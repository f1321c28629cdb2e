//! Protobuf's wire: varints, tags, lengths. Knows no schema.

use crate::DecodeError;

/// What follows a tag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Payload<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Payload<'a> {
    /// The wire type's number.
    pub(crate) fn wire(self) -> u8 {
        match self {
            Self::Varint(_) => 0,
            Self::Fixed64(_) => 1,
            Self::Bytes(_) => 2,
            Self::Fixed32(_) => 5,
        }
    }

    /// The bytes of a length-delimited field.
    pub(crate) fn bytes(self, field: &str) -> Result<&'a [u8], DecodeError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            other => Err(other.mismatch(field)),
        }
    }

    /// The number of a varint field.
    pub(crate) fn varint(self, field: &str) -> Result<u64, DecodeError> {
        match self {
            Self::Varint(number) => Ok(number),
            other => Err(other.mismatch(field)),
        }
    }

    /// The text of a length-delimited field.
    pub(crate) fn text(self, field: &str) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.bytes(field)?).map_err(|_| DecodeError::Utf8(field.to_owned()))
    }

    pub(crate) fn mismatch(self, field: &str) -> DecodeError {
        DecodeError::WrongWireType { field: field.to_owned(), wire: self.wire() }
    }
}

/// A field as it stands in a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Entry<'a> {
    pub(crate) tag: u32,
    pub(crate) payload: Payload<'a>,
}

/// Reads a message field by field.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next field, or `None` at the end.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Entry<'a>>, DecodeError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let (tag, wire) = (key >> 3, (key & 7) as u8);
        let tag = match u32::try_from(tag) {
            Ok(tag) if tag > 0 => tag,
            _ => return Err(DecodeError::IllegalTag { tag, wire }),
        };
        let payload = match wire {
            0 => Payload::Varint(self.varint()?),
            1 => Payload::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = self.varint()?;
                let length = usize::try_from(length).map_err(|_| DecodeError::Truncated)?;
                Payload::Bytes(self.take(length)?)
            }
            5 => Payload::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(DecodeError::IllegalTag { tag: tag.into(), wire }),
        };
        Ok(Some(Entry { tag, payload }))
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, DecodeError> {
        if let Some((&byte, rest)) = self.rest.split_first()
            && byte < 0x80
        {
            self.rest = rest;
            return Ok(byte.into());
        }
        let mut number = 0u64;
        for (place, &byte) in self.rest.iter().enumerate() {
            if place == 10 || place == 9 && byte > 1 {
                return Err(DecodeError::Overflow);
            }
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                self.rest = &self.rest[place + 1..];
                return Ok(number);
            }
        }
        Err(DecodeError::Truncated)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (head, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }
}

/// Appends a varint.
#[inline]
pub(crate) fn push_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// How many bytes a varint takes.
pub(crate) fn varint_len(number: u64) -> usize {
    (64 - (number | 1).leading_zeros() as usize).div_ceil(7)
}

/// Appends a tag.
#[inline]
pub(crate) fn push_tag(out: &mut Vec<u8>, tag: u32, wire: u8) {
    push_varint(out, u64::from(tag) << 3 | u64::from(wire));
}

/// Appends a length-delimited field.
#[inline]
pub(crate) fn push_bytes(out: &mut Vec<u8>, tag: u32, bytes: &[u8]) {
    push_tag(out, tag, 2);
    push_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a varint field.
#[inline]
pub(crate) fn push_number(out: &mut Vec<u8>, tag: u32, number: u64) {
    push_tag(out, tag, 0);
    push_varint(out, number);
}

/// Appends a length-delimited field whose bytes `body` writes. One byte is kept for the length and
/// the body moved where it needs more, which is cheaper than measuring every message twice.
pub(crate) fn push_message<E>(
    out: &mut Vec<u8>,
    tag: u32,
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    push_tag(out, tag, 2);
    let at = out.len();
    out.push(0);
    body(out)?;
    let length = out.len() - at - 1;
    if length < 0x80 {
        out[at] = length as u8;
        return Ok(());
    }
    let width = varint_len(length as u64);
    let end = out.len();
    out.resize(end + width - 1, 0);
    out.copy_within(at + 1..end, at + width);
    let mut rest = length;
    for slot in &mut out[at..at + width - 1] {
        *slot = rest as u8 | 0x80;
        rest >>= 7;
    }
    out[at + width - 1] = rest as u8;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_round_trip() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut out = Vec::new();
            push_varint(&mut out, number);
            assert_eq!(out.len(), varint_len(number));
            assert_eq!(Reader::new(&out).varint(), Ok(number));
        }
        assert_eq!(Reader::new(&[0xff; 11]).varint(), Err(DecodeError::Overflow));
        assert_eq!(Reader::new(&[0xff; 3]).varint(), Err(DecodeError::Truncated));
    }

    #[test]
    fn messages_of_any_length_get_their_length() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 3_000_000] {
            let body = vec![7u8; length];
            let mut out = vec![9];
            push_message(&mut out, 3, |out| {
                out.extend_from_slice(&body);
                Ok::<(), ()>(())
            })
            .unwrap();
            let mut plain = vec![9];
            push_bytes(&mut plain, 3, &body);
            assert!(out == plain, "{length}");
        }
    }
}
