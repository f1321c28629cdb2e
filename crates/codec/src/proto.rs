//! Kubernetes' protobuf: plain proto2 messages in tag order, behind an envelope that says what
//! they are.
//!
//! Mirrors the generated `generated.pb.go` of `k8s.io/api` and
//! `k8s.io/apimachinery/pkg/runtime/serializer/protobuf`.

pub(crate) mod decode;
pub(crate) mod encode;
pub mod envelope;
pub mod list;
mod message;
pub mod peek;
pub(crate) mod transcode;
mod walk;
pub mod watch;
pub(crate) mod wire;

pub(crate) use walk::is_plain;
