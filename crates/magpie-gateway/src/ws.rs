//! RFC 6455 on a byte stream.
