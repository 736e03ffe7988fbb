//! Frames of calls, both directions, for clients with the feature `calls`.

use super::{Field, Frame, Is, Shape, Told, Ty, frame, like, may, must};

const CALL: Field = must("call", Ty::Text, "Id of the call, made by the caller's client.");
const DATA: Field = must("data", Ty::Any, "What the two clients tell each other.");
const ICE: Ty = Ty::List(&Ty::Shape("IceServer"));
const MEDIA: &[&str] = &["audio", "video"];
const STATES: &[&str] = &["ringing", "active", "ended"];
const WHY: &[&str] = &["hangup", "cancelled", "rejected", "missed", "busy", "failed", "lost"];

const fn request(t: &'static str, doc: &'static str, fields: &'static [Field]) -> Frame {
    frame(t, Told::Request, doc, fields)
}

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "IceServer",
        doc: "A STUN or TURN server, as `RTCPeerConnection` takes it.",
        is: Is::Object(&[
            must("urls", Ty::List(&Ty::Text), "Its addresses."),
            may("username", Ty::Text, "For TURN."),
            may("credential", Ty::Text, "For TURN."),
        ]),
    },
    Shape {
        name: "CallInfo",
        doc: "A call as it is now.",
        is: Is::Object(&[
            CALL,
            must("c", Ty::Text, "The direct conversation of the two."),
            must("media", Ty::Name(MEDIA), "What it carries."),
            must("from", Ty::Text, "Who calls."),
            must("to", Ty::Text, "Who is called."),
            must("state", Ty::Name(STATES), "Where it stands."),
            may("why", Ty::Name(WHY), "How it ended."),
            must("ts", Ty::Integer, "When it began to ring, Unix ms."),
            may("expires", Ty::Integer, "Until when it rings, Unix ms."),
            may("answered", Ty::Integer, "When it was answered, Unix ms."),
            may("ended", Ty::Integer, "When it ended, Unix ms."),
            must(
                "conns",
                Ty::List(&Ty::OrNull(&Ty::Text)),
                "`conn` of the caller's and of the called one's connection.",
            ),
        ]),
    },
];

pub(super) const CLIENT: &[Frame] = &[
    request(
        "call.invite",
        "Call someone.",
        &[must("to", Ty::Text, "Whom."), CALL, must("media", Ty::Name(MEDIA), "What it carries.")],
    ),
    request("call.accept", "Answer a call on this device.", &[CALL]),
    request(
        "call.end",
        "Cancel, reject or end a call.",
        &[CALL, may("why", Ty::Name(&["failed"]), "When it could not be connected.")],
    ),
    request(
        "call.attach",
        "Go on with a call on this connection.",
        &[CALL, must("have", Ty::Integer, "Signals up to here have come.")],
    ),
    request("call.signal", "Tell the other side's client something.", &[CALL, DATA]),
    request("call.ice", "Which STUN and TURN servers to use.", &[]),
];

pub(super) const SERVER: &[Frame] = &[
    like(
        "call",
        Told::Either,
        "A call as it is now.",
        "CallInfo",
        &[may("ice", ICE, "In a reply: the servers to use.")],
    ),
    frame(
        "call.signal",
        Told::Event,
        "The other side's client tells something.",
        &[CALL, must("n", Ty::Integer, "1, 2, 3, ...; after a hole: `call.attach`."), DATA],
    ),
    frame(
        "call.ice",
        Told::Reply,
        "Which STUN and TURN servers to use.",
        &[must("ice", ICE, "The servers."), must("expires", Ty::Integer, "Unix ms.")],
    ),
];
