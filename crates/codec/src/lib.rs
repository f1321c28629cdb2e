//! Wire formats: JSON, YAML and protobuf, to and from the object tree, through a [`Schema`].
//!
//! The tree is a [`serde_json::Value`] shaped as the JSON that upstream prints, without nulls: an
//! absent field and a null one are the same. Nothing here knows HTTP, kinds or defaults.
//!
//! | from \ to | tree | JSON | protobuf |
//! |---|---|---|---|
//! | JSON | [`decode_json`], [`decode_json_free`] | | |
//! | YAML | [`decode_yaml`], [`decode_yaml_free`] | [`yaml_to_json`] | |
//! | tree | [`decode_tree`] (a schema pass) | [`encode_json`], [`encode_json_free`] | [`encode_proto`] |
//! | protobuf | [`decode_proto`] | [`proto_to_json`] | [`envelope::splice_resource_version`] |
//!
//! "Free" means without a schema: custom resources. Mirrors `k8s.io/apimachinery/pkg/runtime/serializer`.

mod error;
mod json;
pub mod limits;
pub mod negotiate;
mod proto;
mod scalar;
mod yaml;

pub use error::{DecodeError, EncodeError};
pub use json::decode::{Decoded, decode_json, decode_json_free, decode_tree, strict_error};
pub use json::encode::{encode_json, encode_json_free, item_start};
pub use json::{list as json_list, peek as json_peek, pretty::pretty, watch as json_watch};
pub use proto::decode::decode_proto;
pub use proto::encode::encode_proto;
pub use proto::transcode::{TypeMeta, proto_to_json, push_json};
pub use proto::{envelope, list as proto_list, peek, watch as proto_watch};
pub use schema::{Schema, TypeId};
pub use yaml::{decode_yaml, decode_yaml_free, encode_yaml, json_to_yaml, yaml_to_json};
