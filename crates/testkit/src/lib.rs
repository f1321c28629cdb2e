//! What tests stand on: an etcd, a tiny CA, control planes in process and as processes, kubectl, and
//! upstream's own programs as peers. Nothing here is shipped.
