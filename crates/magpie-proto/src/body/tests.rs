//! Bodies that pass as they came, and bodies that are refused with the rule they break.
#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

#[test]
fn a_body_is_kept_as_it_came() {
    let json = r#"{"k":"text", "x":"嗨 \ud83d\ude00","extra":[1]}"#;
    let body = Body::parse(json).unwrap();
    assert_eq!(body.as_json(), json);
    assert_eq!(body.parts().unwrap().x, "嗨 😀");
}

#[test]
fn a_dialects_object_rides_along() {
    let object = serde_json::value::to_raw_value(&serde_json::json!({"content":"hi"})).unwrap();
    let body = Body::with_raw("hi", "market", &object);
    let parts = body.parts().unwrap();
    assert_eq!(parts.x, "hi");
    assert_eq!(parts.raw.unwrap().object.get(), r#"{"content":"hi"}"#);
}

#[test]
fn bad_bodies_are_named() {
    assert!(matches!(Body::parse("[]"), Err(BodyError::Shape(_))));
    assert!(matches!(Body::parse(r#"{"k":"text"}"#), Err(BodyError::Shape(_))));
    assert!(matches!(Body::parse(r#"{"k":"text","x":{"$ne":""}}"#), Err(BodyError::Shape(_))));
    assert_eq!(Body::parse(r#"{"k":"","x":""}"#), Err(BodyError::Kind));
    assert_eq!(Body::parse(r#"{"k":"text","x":"","raw":{}}"#), Err(BodyError::Raw));
    let big = format!(r#"{{"k":"text","x":"{}"}}"#, "a".repeat(BODY_BYTES_MAX));
    assert!(matches!(Body::parse(&big), Err(BodyError::TooLarge(_))));
}

#[test]
fn the_fields_of_a_kind_are_checked_and_the_rest_passes() {
    let good = [
        r#"{"k":"text","x":"是","re":12}"#,
        r#"{"k":"text","x":"是","re":null}"#,
        r#"{"k":"image","x":"[图片]","url":"https://cdn.example.com/cat.jpg","w":640,"h":480}"#,
        r#"{"k":"file","x":"a","media":{"id":"0123456789abcdef0123456789abcdef","name":"a"}}"#,
        r#"{"k":"location","x":"[位置]","lat":-90,"lon":180.0,"title":"极点"}"#,
        r#"{"k":"card","x":"[名片]","user":"翠花"}"#,
        r#"{"k":"custom","x":"[订单]","type":"order","id":{"deep":[1]}}"#,
        r#"{"k":"sticker","x":"猫","lat":"anything"}"#,
    ];
    for json in good {
        assert_eq!(Body::parse(json).map(|body| body.as_json().to_owned()), Ok(json.to_owned()));
    }
    let bad = [
        (r#"{"k":"text","x":"","re":0}"#, "\"re\""),
        (r#"{"k":"text","x":"","re":-1}"#, "\"re\""),
        (r#"{"k":"text","x":"","re":1.5}"#, "\"re\""),
        (r#"{"k":"text","x":"","re":"12"}"#, "\"re\""),
        (r#"{"k":"text","x":"","re":9007199254740992}"#, "\"re\""),
        (r#"{"k":"text","x":"","fw":{"from":"翠花","ts":1}}"#, "msg.forward"),
        (r#"{"k":"text","x":"","fw":null}"#, "msg.forward"),
        (r#"{"k":"text","x":"","f\u0077":null}"#, "msg.forward"),
        (r#"{"k":"text","x":"","raw":null}"#, "raw"),
        (r#"{"k":"call","x":""}"#, "call"),
        (r#"{"k":"image","x":"","media":"abc"}"#, "\"media\""),
        (r#"{"k":"image","x":"","media":{"name":"a"}}"#, "\"media\""),
        (r#"{"k":"image","x":"","media":{"id":"ABC"}}"#, "\"media\""),
        (
            r#"{"k":"image","x":"","med\u0069a":{"id":"0123456789abcdef0123456789abcdef"}}"#,
            "escapes",
        ),
        (r#"{"k":"text","x":"","r\u0065":12}"#, "escapes"),
        (r#"{"k":"location","x":""}"#, "\"lat\""),
        (r#"{"k":"location","x":"","lat":90.1,"lon":0}"#, "\"lat\""),
        (r#"{"k":"location","x":"","lat":"1","lon":0}"#, "\"lat\""),
        (r#"{"k":"location","x":"","lat":1,"lon":-180.5}"#, "\"lon\""),
        (r#"{"k":"location","x":"","lat":1,"lon":1,"title":5}"#, "\"title\""),
        (r#"{"k":"card","x":""}"#, "\"user\""),
        (r#"{"k":"card","x":"","user":"-1"}"#, "\"user\""),
        (r#"{"k":"card","x":"","user":"a","name":{}}"#, "\"name\""),
        (r#"{"k":"custom","x":""}"#, "\"type\""),
        (r#"{"k":"custom","x":"","type":""}"#, "\"type\""),
        (r#"{"k":"custom","x":"","type":5}"#, "\"type\""),
    ];
    for (json, word) in bad {
        let error = Body::parse(json).unwrap_err().to_string();
        assert!(error.contains(word), "{json}: {error}");
    }
    let long = "型".repeat(65);
    let json = format!(r#"{{"k":"custom","x":"","type":"{long}"}}"#);
    assert!(Body::parse(&json).unwrap_err().to_string().contains("1 to 64"));
    let json = json.replace(&long, &"型".repeat(64));
    assert!(Body::parse(&json).is_ok());
}

#[test]
fn a_forwarded_body_names_whose_words_it_holds_and_keeps_the_first_name() {
    let body = Body::parse(r#"{"k":"text","x":"好","re":3,"mood":1}"#).unwrap();
    let user = |id: &str| UserId::parse(id).unwrap();
    let once = body.forwarded(&user("翠花"), 5).unwrap();
    let value = |body: &Body| serde_json::from_str::<serde_json::Value>(body.as_json()).unwrap();
    let wanted = serde_json::json!({
        "k": "text", "x": "好", "mood": 1, "fw": { "from": "翠花", "ts": 5 },
    });
    assert_eq!(value(&once), wanted);
    assert_eq!(value(&once.forwarded(&user("小明"), 9).unwrap()), wanted);
}

#[test]
fn an_edited_body_keeps_what_it_answers_and_whose_words_it_forwards() {
    let old = Body::parse(r#"{"k":"text","x":"好","re":3,"gone":1}"#).unwrap();
    let old = old.forwarded(&UserId::parse("翠花").unwrap(), 5).unwrap();
    let id = "0123456789abcdef0123456789abcdef";
    let new = format!(r#"{{"k":"text","x":"好的","re":7,"bold":[[0,1]],"media":{{"id":"{id}"}}}}"#);
    let new = Body::parse(&new).unwrap();
    let edited = old.edited(&new).unwrap();
    let value: serde_json::Value = serde_json::from_str(edited.as_json()).unwrap();
    let wanted = serde_json::json!({
        "k": "text", "x": "好的", "bold": [[0, 1]], "fw": { "from": "翠花", "ts": 5 },
    });
    assert_eq!(value, wanted);
    assert_eq!(edited.links(), Links::default(), "an edit gets hold of nothing");
    let image = Body::parse(r#"{"k":"image","x":"[图片]"}"#).unwrap();
    assert!(old.edited(&image).is_err() && image.edited(&new).is_err());
}

#[test]
fn what_a_body_points_at_is_found_wherever_it_stands() {
    let id = "0123456789abcdef0123456789abcdef";
    for pad in 0..100 {
        let text = "界x".repeat(pad);
        let plain = format!(r#"{{"k":"text","x":"{text}","respect":1,"me":2}}"#);
        assert_eq!(Body::parse(&plain).unwrap().links(), Links::default());
        let answer = format!(r#"{{"k":"text","re":12,"x":"{text}"}}"#);
        assert_eq!(Body::parse(&answer).unwrap().links().reply_to, Some(12));
        let last = format!(r#"{{"k":"text","x":"{text}","re":7}}"#);
        assert_eq!(Body::parse(&last).unwrap().links().reply_to, Some(7));
        let media = format!(r#"{{"k":"image","x":"{text}","media":{{"id":"{id}","w":1}}}}"#);
        let links = Body::parse(&media).unwrap().links();
        assert_eq!(links.media, MediaId::parse(id).ok());
        assert!(links.descriptor.is_some_and(|told| told.ends_with(r#""w":1}"#)));
    }
}
