//! The fields of the messages that are open right now, each message sorted by tag, on one stack:
//! reading an object allocates once, not once per message.

use super::wire::{Entry, Reader};
use crate::{DecodeError, limits};

/// The stack.
#[derive(Debug, Default)]
pub(crate) struct Messages<'a> {
    entries: Vec<Entry<'a>>,
    depth: usize,
}

/// An open message: its place on the stack.
#[derive(Debug)]
pub(crate) struct Message {
    base: usize,
    end: usize,
    cursor: usize,
}

impl<'a> Messages<'a> {
    /// Reads the tags of a message.
    pub(crate) fn open(&mut self, bytes: &'a [u8]) -> Result<Message, DecodeError> {
        if self.depth >= limits::PROTO_DEPTH_MESSAGES {
            return Err(DecodeError::Depth(limits::PROTO_DEPTH_MESSAGES));
        }
        let base = self.entries.len();
        let mut reader = Reader::new(bytes);
        let mut sorted = true;
        let mut last = 0;
        while let Some(entry) = reader.next()? {
            sorted &= entry.tag >= last;
            last = entry.tag;
            self.entries.push(entry);
        }
        if !sorted {
            self.entries[base..].sort_by_key(|entry| entry.tag);
        }
        self.depth += 1;
        Ok(Message { base, end: self.entries.len(), cursor: base })
    }

    /// Forgets a message; the last one opened goes first.
    pub(crate) fn close(&mut self, message: Message) {
        debug_assert_eq!(message.end, self.entries.len());
        self.entries.truncate(message.base);
        self.depth -= 1;
    }

    /// The places of a tag's occurrences. Fast when asked in the order of tags.
    #[inline]
    pub(crate) fn run(&self, message: &mut Message, tag: u32) -> std::ops::Range<usize> {
        let entries = &self.entries[..message.end];
        let mut start = message.cursor;
        let here = entries.get(start).map(|entry| entry.tag);
        if here != Some(tag) {
            let before = start == message.base || entries[start - 1].tag < tag;
            if before && here.is_none_or(|here| here > tag) {
                return start..start;
            }
            start = message.base + entries[message.base..].partition_point(|entry| entry.tag < tag);
        }
        let mut end = start;
        while entries.get(end).is_some_and(|entry| entry.tag == tag) {
            end += 1;
        }
        message.cursor = end;
        start..end
    }

    /// The field at a place that [`Messages::run`] gave.
    #[inline]
    pub(crate) fn at(&self, place: usize) -> Entry<'a> {
        self.entries[place]
    }

    /// A tag's last occurrence, which is the one that counts for a field that is no list.
    #[inline]
    pub(crate) fn last(&self, message: &mut Message, tag: u32) -> Option<Entry<'a>> {
        let run = self.run(message, tag);
        (!run.is_empty()).then(|| self.entries[run.end - 1])
    }
}
