//! Magpie's vocabulary on the wire: ids, frames of protocol v1, error and close codes.
