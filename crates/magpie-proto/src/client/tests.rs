//! Frames of clients that are refused, and what is said about them.
#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

#[test]
fn a_send_is_decoded_with_its_body_untouched() {
    let request =
        decode(r#"{"t":"send","r":7,"to":"翠花","cid":"m1","b":{"k":"text","x":"嗨"},"later":1}"#)
            .unwrap();
    assert_eq!(request.r, Some(7));
    let ClientOp::Send(send) = request.op else { panic!("not a send") };
    assert_eq!(send.target, Target::User(UserId::parse("翠花").unwrap()));
    assert_eq!(send.client_msg_id.as_deref(), Some("m1"));
    assert_eq!(send.body.as_json(), r#"{"k":"text","x":"嗨"}"#);
}

#[test]
fn refused_frames_keep_their_request_id_and_say_why() {
    let cases = [
        (r#"{"t":"send","r":1,"b":{"k":"text","x":""}}"#, Some(1), ErrorCode::BadRequest, "either"),
        (r#"{"t":"nope","r":2}"#, Some(2), ErrorCode::UnknownType, "nope"),
        (r#"{"t":"send","r":3,"to":5}"#, Some(3), ErrorCode::BadRequest, "invalid type"),
        (
            r#"{"t":"history","r":4,"c":"0123456789abcdef","limit":0}"#,
            Some(4),
            ErrorCode::BadRequest,
            "limit",
        ),
        (r#"{"t":"history","r":5,"c":"x"}"#, Some(5), ErrorCode::UnknownConversation, "\"c\""),
        (
            r#"{"t":"send","r":6,"to":"a\u0000b","b":{"k":"text","x":""}}"#,
            Some(6),
            ErrorCode::BadRequest,
            "control",
        ),
        ("{\"t\":", None, ErrorCode::BadJson, "EOF"),
        ("[]", None, ErrorCode::BadRequest, "not a frame"),
        (r#"{"t":"ping","r":9007199254740993}"#, None, ErrorCode::BadRequest, "2^53"),
        (
            r#"{"t":"send","r":1,"to":"b","b":{"k":"text","x":"\ud800"}}"#,
            None,
            ErrorCode::BadJson,
            "surrogate",
        ),
    ];
    for (text, r, code, word) in cases {
        let refused = decode(text).unwrap_err();
        assert_eq!((refused.r, refused.code), (r, code), "{text}: {refused}");
        assert!(refused.message.contains(word), "{text}: {refused}");
    }
}
