//! Magpie's vocabulary on the wire: ids, message bodies, frames of protocol v1, cursors and the
//! two code tables. A leaf: no I/O, no rules; everything else in the workspace stands on it.

pub mod body;
pub mod call;
pub mod client;
pub mod codes;
pub mod cursor;
pub mod ids;
pub mod limits;
pub mod scan;
pub mod schema;
pub mod server;

pub use body::{Body, BodyError};
pub use call::{CallId, CallMedia, CallWhy};
pub use codes::{CloseCode, ErrorCode, Retry};
pub use cursor::Cursor;
pub use ids::{ConversationId, ConversationKind, IdError, MediaId, MessageId, Seq, UserId};
pub use limits::{
    BODY_BYTES_MAX, CLIENT_MSG_ID_BYTES_MAX, FRAME_BYTES_MAX, SUBPROTOCOL, SUBPROTOCOL_TOKEN_PREFIX,
};
