//! A finished document: bytes, compressed, with the name of their content. And the two ways in
//! which its pieces become bytes, one piece at a time.

use crate::node::{Fields, Node};
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha512};
use std::io::{Read, Write};

/// The sentence of the one way to be known to the server.
pub(crate) const TOKEN_DESCRIPTION: &str = "Bearer Token authentication";

/// The title and version of every document.
pub(crate) fn info() -> Node {
    Fields::new().with("title", "Kubernetes").with("version", "1.36").into()
}

/// Bytes that a client can be sent.
#[derive(Clone, Debug)]
pub struct Document {
    /// Names the content, also in the index: the SHA-512 of the JSON in upper case hexadecimal
    /// digits, whatever the form.
    pub etag: String,
    /// The bytes, in gzip.
    pub gzip: Bytes,
}

impl Document {
    /// The bytes as they are, for clients that can't read gzip.
    pub fn plain(&self) -> Bytes {
        // The end of gzip is the length, without which the memory for it would grow by doubling.
        let length = self.gzip.last_chunk().map_or(0, |end| u32::from_le_bytes(*end) as usize);
        let mut plain = Vec::with_capacity(length);
        let read = GzDecoder::new(&*self.gzip).read_to_end(&mut plain);
        read.expect("what was compressed here can be read");
        plain.into()
    }
}

/// What the pieces of a document are given to, in their order.
pub(crate) trait Writer {
    /// A piece, below what is open.
    fn field(&mut self, name: &str, value: Node);
    /// Begins a map, whose fields come next.
    fn open(&mut self, name: &str);
    /// Ends it.
    fn close(&mut self);
}

/// Writes JSON, compressed at once, with its hash.
pub(crate) struct Json {
    gzip: GzEncoder<Vec<u8>>,
    hash: Sha512,
    piece: Vec<u8>,
    first: bool,
}

impl Json {
    /// An empty document.
    pub(crate) fn new() -> Self {
        let mut new = Self {
            gzip: GzEncoder::new(Vec::new(), Compression::default()),
            hash: Sha512::new(),
            piece: Vec::new(),
            first: true,
        };
        new.piece.push(b'{');
        new
    }

    /// The document.
    pub(crate) fn finish(mut self) -> Document {
        self.piece.push(b'}');
        self.flush();
        let gzip = self.gzip.finish().expect("writing to memory does not fail");
        Document { etag: format!("{:X}", self.hash.finalize()), gzip: gzip.into() }
    }

    fn name(&mut self, name: &str) {
        if !self.first {
            self.piece.push(b',');
        }
        self.first = false;
        self.json(name);
        self.piece.push(b':');
    }

    fn json(&mut self, value: impl serde::Serialize) {
        serde_json::to_writer(&mut self.piece, &value).expect("trees of texts can be written");
    }

    fn flush(&mut self) {
        self.hash.update(&self.piece);
        self.gzip.write_all(&self.piece).expect("writing to memory does not fail");
        self.piece.clear();
    }
}

impl Writer for Json {
    fn field(&mut self, name: &str, value: Node) {
        self.name(name);
        self.json(value);
        self.flush();
    }

    fn open(&mut self, name: &str) {
        self.name(name);
        self.piece.push(b'{');
        self.first = true;
    }

    fn close(&mut self) {
        self.piece.push(b'}');
        self.first = false;
    }
}
