//! Every frame of protocol v1 as data: fields, types, what may be absent, what it means. The golden
//! frames are held to these tables and they to the golden frames; the TypeScript types of the
//! SDK are written from them. Nothing is decoded or encoded with them.

mod calls;
mod client;
mod server;
mod shapes;
mod typescript;
mod validate;

pub use typescript::typescript;
pub use validate::validate;

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ty {
    /// A text.
    Text,
    /// A text out of these, of which there may be more some day.
    Name(&'static [&'static str]),
    /// A whole number that every JSON client holds exactly.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Bool,
    /// Any JSON.
    Any,
    /// One of [`SHAPES`].
    Shape(&'static str),
    /// A list.
    List(&'static Ty),
    /// A list of fixed length with a type for each place.
    Tuple(&'static [Ty]),
    /// This, or `null`.
    OrNull(&'static Ty),
}

/// One field of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its key.
    pub name: &'static str,
    /// Its type.
    pub ty: Ty,
    /// Whether it may be absent.
    pub optional: bool,
    /// What it means.
    pub doc: &'static str,
}

/// An object that several frames hold, or a type with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// What it is made of.
    pub is: Is,
}

/// What a shape is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is {
    /// These fields and no others.
    Object(&'static [Field]),
    /// These fields, and whatever else a sender puts in.
    Open(&'static [Field]),
    /// The fields of another shape, and these.
    More(&'static str, &'static [Field]),
    /// One of these shapes.
    OneOf(&'static [&'static str]),
    /// Another name of a type.
    Alias(Ty),
}

/// What a server frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Asked by the client; for client frames: a request.
    Request,
    /// The answer to a request: has its `r`.
    Reply,
    /// Nobody asked: has no `r`.
    Event,
    /// An event that `n` of a pong counts.
    Durable,
    /// An answer or an event.
    Either,
}

/// One type of frame. `t` and `r` are not among its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Its type.
    pub t: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// How it comes.
    pub told: Told,
    /// A shape whose fields it has, besides its own.
    pub base: Option<&'static str>,
    /// Its own fields.
    pub fields: &'static [Field],
}

/// Named shapes.
#[must_use]
pub fn shapes() -> Vec<Shape> {
    [shapes::SHAPES, calls::SHAPES].concat()
}

/// What clients send.
#[must_use]
pub fn client_frames() -> Vec<Frame> {
    [client::FRAMES, calls::CLIENT].concat()
}

/// What the server sends.
#[must_use]
pub fn server_frames() -> Vec<Frame> {
    [server::FRAMES, calls::SERVER].concat()
}

const fn must(name: &'static str, ty: Ty, doc: &'static str) -> Field {
    Field { name, ty, optional: false, doc }
}

const fn may(name: &'static str, ty: Ty, doc: &'static str) -> Field {
    Field { name, ty, optional: true, doc }
}

const fn frame(t: &'static str, told: Told, doc: &'static str, fields: &'static [Field]) -> Frame {
    Frame { t, doc, told, base: None, fields }
}

const fn like(
    t: &'static str,
    told: Told,
    doc: &'static str,
    base: &'static str,
    fields: &'static [Field],
) -> Frame {
    Frame { t, doc, told, base: Some(base), fields }
}

/// Fields that stand in many places, with one meaning.
mod common {
    use super::{Field, Ty, may, must};

    pub(super) const C: Field = must("c", Ty::Text, "Conversation.");
    pub(super) const SEQ: Field = must("seq", Ty::Integer, "Place of a message in it.");
    pub(super) const TS: Field = must("ts", Ty::Integer, "When the server took it, Unix ms.");
    pub(super) const ON: Field = must("on", Ty::Bool, "Put or take away.");
    pub(super) const BODY: Field = must("b", Ty::Shape("Body"), "What.");
    pub(super) const USER: Field = must("user", Ty::Text, "Id of a user.");
    pub(super) const LIMIT: Field = may("limit", Ty::Integer, "Entries wanted, 1 to 200.");
    pub(super) const DROPPED: Field =
        may("dropped", Ty::Integer, "Passing events lost before this one.");
    pub(super) const CID: Field =
        may("cid", Ty::Text, "Client message id; from the server only for the sender's devices.");
}
