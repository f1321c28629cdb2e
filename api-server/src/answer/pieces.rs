//! The body of a list, put together from its items' shared bytes while it is sent.
//!
//! Its length is known before, so it is no chunked body; its bytes are joined a chunk at a time,
//! in memory that the processor still has at hand, and never stand in memory as a whole.

use crate::limits::LIST_CHUNK_BYTES;
use axum::body::Body;
use bytes::Bytes;
use codec::{envelope, json_list, proto_list};
use http_body::{Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A list that is yet to be joined.
#[derive(Debug)]
pub(super) struct Pieces {
    join: Join,
    /// What stands before the first item; empty once it is sent.
    head: Vec<u8>,
    items: Vec<Bytes>,
    /// The next item to send.
    next: usize,
    ended: bool,
    left_bytes: usize,
}

/// How items follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Join {
    Json,
    Proto,
}

impl Pieces {
    /// A list in JSON, of whole objects.
    pub(super) fn json(head: Vec<u8>, items: Vec<Bytes>) -> Self {
        Self::new(Join::Json, head, items)
    }

    /// A list in protobuf, of messages; the head counts their length.
    pub(super) fn proto(head: Vec<u8>, items: Vec<Bytes>) -> Self {
        Self::new(Join::Proto, head, items)
    }

    fn new(join: Join, head: Vec<u8>, items: Vec<Bytes>) -> Self {
        let joined: usize = match join {
            Join::Json => {
                items.iter().enumerate().map(|(at, i)| json_list::item_len(at == 0, i)).sum()
            }
            Join::Proto => items.iter().map(|item| proto_list::item_len(item.len())).sum(),
        };
        let left_bytes = head.len() + joined + join.end().len();
        Self { join, head, items, next: 0, ended: false, left_bytes }
    }

    /// How many bytes are yet to be sent.
    pub(super) fn len_bytes(&self) -> usize {
        self.left_bytes
    }

    /// All of it at once.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.left_bytes);
        self.push(&mut out, usize::MAX);
        out
    }

    /// A body that joins it while it is sent.
    pub(super) fn into_body(self) -> Body {
        if self.left_bytes <= LIST_CHUNK_BYTES {
            return Body::from(self.into_bytes());
        }
        Body::new(self)
    }

    /// Appends pieces until there are so many bytes, or no more pieces.
    fn push(&mut self, out: &mut Vec<u8>, enough_bytes: usize) {
        out.append(&mut self.head);
        while let Some(item) = self.items.get_mut(self.next) {
            if out.len() >= enough_bytes {
                return;
            }
            // What was sent needs no longer be kept for this reader.
            let item = std::mem::take(item);
            match self.join {
                Join::Json => json_list::item(out, self.next == 0, &item),
                Join::Proto => {
                    proto_list::push_item_header(out, item.len());
                    out.extend_from_slice(&item);
                }
            }
            self.next += 1;
        }
        if !self.ended {
            out.extend_from_slice(self.join.end());
            self.ended = true;
        }
    }
}

impl Join {
    fn end(self) -> &'static [u8] {
        match self {
            Self::Json => json_list::END,
            Self::Proto => envelope::END,
        }
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let pieces = self.get_mut();
        if pieces.ended {
            return Poll::Ready(None);
        }
        // The last item may be larger than what is left of a chunk.
        let mut out = Vec::with_capacity(LIST_CHUNK_BYTES + LIST_CHUNK_BYTES / 4);
        pieces.push(&mut out, LIST_CHUNK_BYTES);
        pieces.left_bytes -= out.len();
        Poll::Ready(Some(Ok(Frame::data(out.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left_bytes as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    fn lists() -> Vec<Pieces> {
        let object = |n: usize| format!("{{\"kind\":\"A\",\"apiVersion\":\"v1\",\"n\":{n}}}");
        let large = "x".repeat(LIST_CHUNK_BYTES);
        let counts = [0, 1, 3, 5000];
        let json = counts.map(|count| {
            let items = (0..count).map(|n| object(n).into()).collect();
            Pieces::json(b"{\"items\":[".to_vec(), items)
        });
        let proto = counts.map(|count| {
            let items = (0..count).map(|n| object(n).into()).collect();
            Pieces::proto(b"head".to_vec(), items)
        });
        let huge = Pieces::proto(Vec::new(), vec![large.clone().into(), large.into()]);
        json.into_iter().chain(proto).chain([huge]).collect()
    }

    #[tokio::test]
    async fn chunks_joined_are_the_whole_and_as_long_as_said() {
        for (pieces, same) in lists().into_iter().zip(lists()) {
            let said = pieces.len_bytes();
            let whole = pieces.into_bytes();
            assert_eq!(whole.len(), said);
            let sent = Body::new(same).collect().await.unwrap().to_bytes();
            assert!(whole == sent, "{said}");
        }
    }
}
