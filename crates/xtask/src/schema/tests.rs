//! The committed table against what upstream generates from the same types.
