//! Rows: frames of a signed-in client that are no JSON, no frame, or too much.

use super::{Answer, Door, Row, State, frames, wire};

fn frame(name: &str, text: impl AsRef<[u8]>, answer: Answer) -> Row {
    Row::bytes(Door::Native, name, wire::frame(0x81, text.as_ref()), answer, State::Usable)
}

fn bad_json(name: &str, text: impl AsRef<[u8]>) -> Row {
    frame(name, text, Answer::Error("bad_json"))
}

fn bad_request(name: &str, text: impl AsRef<[u8]>) -> Row {
    frame(name, text, Answer::Error("bad_request"))
}

fn nested(depth: usize) -> String {
    let (open, close) = ("[".repeat(depth), "]".repeat(depth));
    format!(r#"{{"t":"ping","r":1,"deep":{open}{close}}}"#)
}

fn send(to: &str, text: &str) -> String {
    format!(r#"{{"t":"send","r":1,"to":"{to}","b":{{"k":"text","x":"{text}"}}}}"#)
}

/// What is no frame at all.
fn shapes() -> Vec<Row> {
    vec![
        bad_json("an empty message", ""),
        bad_json("no JSON", "hello?"),
        bad_json("half of a frame", r#"{"t":"ping","#),
        bad_json("something behind the frame", r#"{"t":"ping"} {"t":"ping"}"#),
        bad_request("an array", "[]"),
        bad_request("a number", "7"),
        bad_request("null", "null"),
        bad_request("no type", r#"{"r":1}"#),
        frame("an unknown type", r#"{"t":"sned","r":1}"#, Answer::Error("unknown_type")),
        bad_json("nested 10,000 deep", nested(10_000)),
        bad_json("nested 10,000 deep and never closed", "[".repeat(10_000)),
        bad_json("objects nested 10,000 deep", r#"{"a":"#.repeat(10_000)),
        frame("nested as deep as allowed", nested(31), Answer::Reply("pong")),
    ]
}

/// Numbers that some client or server would round or lose.
fn numbers() -> Vec<Row> {
    vec![
        bad_json("a number beyond every float", r#"{"t":"ping","r":1,"n":1e400}"#),
        bad_json("a number of 400 digits", format!(r#"{{"t":"ping","r":{}}}"#, "9".repeat(400))),
        bad_request("a request id of 2^53+1", r#"{"t":"ping","r":9007199254740993}"#),
        bad_request("a negative request id", r#"{"t":"ping","r":-1}"#),
        bad_request("a request id with a fraction", r#"{"t":"ping","r":1.5}"#),
        bad_request(
            "a seq of 2^53+1",
            r#"{"t":"msg.hide","r":1,"c":"1dc8ed6837bc9e7e","seq":9007199254740993}"#,
        ),
        bad_request(
            "a receipt of 2^53+1",
            r#"{"t":"receipt","r":1,"read":[["1dc8ed6837bc9e7e",9007199254740993]]}"#,
        ),
        bad_request(
            "history after 2^53+1",
            r#"{"t":"history","r":1,"c":"1dc8ed6837bc9e7e","after":9007199254740993}"#,
        ),
    ]
}

/// Texts that are none, and ids that name nobody.
fn texts() -> Vec<Row> {
    vec![
        bad_json("a lone high surrogate", send("翠花", r"\ud800")),
        bad_json("a lone low surrogate", send("翠花", r"\udc00")),
        bad_json("surrogates in the wrong order", send("翠花", r"\udc00\ud800")),
        bad_json("a raw NUL in a text", send("翠花", "a\0b")),
        bad_request("an escaped NUL in a user id", send(r"a\u0000b", "x")),
        bad_request("a line break in a user id", send(r"a\nb", "x")),
        bad_request("an empty user id", send("", "x")),
        bad_request("the reserved user -1", send("-1", "x")),
        bad_request("a message to oneself", send("小明", "x")),
        bad_json("a byte order mark", "\u{feff}{\"t\":\"ping\",\"r\":1}"),
    ]
}

/// Names that are too long, lists that are too long, conversations of others.
fn names() -> Vec<Row> {
    vec![
        bad_request("a user id of 65 bytes", send(&"u".repeat(65), "x")),
        bad_request(
            "a client message id of 65 bytes",
            format!(
                r#"{{"t":"send","r":1,"to":"翠花","cid":"{}","b":{{"k":"text","x":""}}}}"#,
                "c".repeat(65)
            ),
        ),
        bad_request(
            "a channel of 65 bytes",
            format!(r#"{{"t":"channel","r":1,"channel":"{}"}}"#, "c".repeat(65)),
        ),
        bad_request(
            "201 users to watch",
            format!(r#"{{"t":"presence.watch","r":1,"users":[{}"A"]}}"#, r#""A","#.repeat(200)),
        ),
        frame(
            "a foreign conversation",
            r#"{"t":"history","r":1,"c":"0000000000000001"}"#,
            Answer::Error("unknown_conversation"),
        ),
        frame(
            "a conversation id of the wrong form",
            r#"{"t":"history","r":1,"c":"../../etc"}"#,
            Answer::Error("unknown_conversation"),
        ),
    ]
}

/// Bodies and keys.
fn bodies() -> Vec<Row> {
    vec![
        bad_request(
            "the same key twice",
            r#"{"t":"send","r":1,"to":"A","to":"翠花","b":{"k":"text","x":""}}"#,
        ),
        bad_request("a body without text", r#"{"t":"send","r":1,"to":"翠花","b":{"k":"text"}}"#),
        bad_request(
            "a body that claims to be a dialect's",
            r#"{"t":"send","r":1,"to":"翠花","b":{"k":"text","x":"","raw":{"dialect":"market","object":{}}}}"#,
        ),
        frame(
            "70,000 unknown keys",
            format!(r#"{{{}"t":"ping","r":1}}"#, r#""":0,"#.repeat(70_000)),
            Answer::Reply("pong"),
        ),
        Row::bytes(
            Door::Native,
            "100,000 keys, more than a frame may hold",
            wire::frame(
                0x81,
                format!(r#"{{{}"t":"ping","r":1}}"#, r#""":0,"#.repeat(100_000)).as_bytes(),
            ),
            Answer::Close(1009),
            State::Closed,
        ),
        frame(
            "a body of 64 KiB and more",
            send("翠花", &"a".repeat(65_536)),
            Answer::Error("too_large"),
        ),
        frame(
            "a body of just 64 KiB",
            send("翠花", &"a".repeat(65_536 - r#"{"k":"text","x":""}"#.len())),
            Answer::Reply("ack"),
        ),
        frame(
            "a broadcast without the permission",
            r#"{"t":"broadcast","r":1,"b":{"k":"text","x":""}}"#,
            Answer::Error("forbidden"),
        ),
        bad_request("a second hello", r#"{"t":"hello","r":1,"token":"x"}"#),
        frame(
            "an inbox mark that no page gave",
            r#"{"t":"inbox","r":1,"before":"1.2.3"}"#,
            Answer::Error("bad_request"),
        ),
    ]
}

/// A frame about the message at a place of a conversation that is the sender's own.
fn about(t: &str, fields: &str) -> String {
    format!(r#"{{"t":"{t}","r":1,"c":"1dc8ed6837bc9e7e"{fields}}}"#)
}

/// Recall, edit, reactions, forwarding, changes, drafts.
fn changes() -> Vec<Row> {
    let long = "字".repeat(1_366);
    let nowhere = |t: &str, fields: &str| {
        let text = format!(r#"{{"t":"{t}","r":1,"c":"0000000000000001","seq":1{fields}}}"#);
        frame(
            &format!("{t} in a foreign conversation"),
            text,
            Answer::Error("unknown_conversation"),
        )
    };
    let edit = r#","b":{"k":"text","x":"x"}"#;
    vec![
        nowhere("msg.recall", ""),
        nowhere("msg.edit", edit),
        nowhere("msg.react", r#","e":"👍","on":true"#),
        bad_request("a recall without a place", about("msg.recall", "")),
        bad_request("a recall of place 0", about("msg.recall", r#","seq":0"#)),
        bad_request("a recall of place 2^53", about("msg.recall", r#","seq":9007199254740992"#)),
        bad_request("an edit without a body", about("msg.edit", r#","seq":1"#)),
        bad_request(
            "an edit into words of somebody else",
            about("msg.edit", r#","seq":1,"b":{"k":"text","x":"","fw":{"from":"A","ts":1}}"#),
        ),
        bad_request("a reaction without an emoji", about("msg.react", r#","seq":1,"on":true"#)),
        bad_request("an empty emoji", about("msg.react", r#","seq":1,"e":"","on":true"#)),
        bad_request(
            "an emoji of 41 bytes",
            about("msg.react", &format!(r#","seq":1,"e":"{}","on":true"#, "x".repeat(41))),
        ),
        bad_request(
            "an emoji with a NUL",
            about("msg.react", r#","seq":1,"e":"\u0000","on":true"#),
        ),
        bad_request("a reaction that says nothing", about("msg.react", r#","seq":1,"e":"👍""#)),
        bad_request("a forward to nobody", about("msg.forward", r#","seq":1"#)),
        bad_request(
            "a forward to a user and a conversation",
            about("msg.forward", r#","seq":1,"to":"A","into":"1dc8ed6837bc9e7e""#),
        ),
        frame(
            "a forward into a conversation that is none",
            about("msg.forward", r#","seq":1,"into":"../..""#),
            Answer::Error("unknown_conversation"),
        ),
        bad_request("changes after nothing", about("changes", "")),
        bad_request("changes after 2^53", about("changes", r#","after":9007199254740992"#)),
        bad_request("no changes at all", about("changes", r#","after":0,"limit":0"#)),
        frame(
            "changes of a foreign conversation",
            r#"{"t":"changes","r":1,"c":"0000000000000001","after":0}"#,
            Answer::Error("unknown_conversation"),
        ),
        bad_request("a draft without a text", about("conv.draft", "")),
        bad_request("a draft that answers place 0", about("conv.draft", r#","x":"x","re":0"#)),
        frame(
            "a draft of 4,098 bytes",
            about("conv.draft", &format!(r#","x":"{long}""#)),
            Answer::Error("too_large"),
        ),
    ]
}

/// Devices, name and picture, and bodies whose fields cannot be.
fn own_things() -> Vec<Row> {
    let profile = |fields: &str| format!(r#"{{"t":"profile.set","r":1,{fields}}}"#);
    let body =
        |fields: &str| format!(r#"{{"t":"send","r":1,"to":"翠花","b":{{"x":"",{fields}}}}}"#);
    vec![
        bad_request("no device", r#"{"t":"device.signout","r":1}"#),
        bad_request("a device that is not there", r#"{"t":"device.signout","r":1,"device":"x"}"#),
        bad_request(
            "a device of 65 bytes",
            format!(r#"{{"t":"device.signout","r":1,"device":"{}"}}"#, "d".repeat(65)),
        ),
        bad_request("a profile without anything", r#"{"t":"profile.set","r":1}"#),
        bad_request("an empty name", profile(r#""name":"""#)),
        bad_request("a name of blanks", profile(r#""name":"   ""#)),
        bad_request(
            "a name of 65 characters",
            profile(&format!(r#""name":"{}""#, "名".repeat(65))),
        ),
        bad_request("a name with a line break", profile(r#""name":"a\nb""#)),
        bad_request("a picture that is a script", profile(r#""avatar":"javascript:alert(1)""#)),
        bad_request("a picture without encryption", profile(r#""avatar":"http://a/b.jpg""#)),
        bad_request("a picture without a host", profile(r#""avatar":"https:///b.jpg""#)),
        bad_request("a picture that leaves its place", profile(r#""avatar":"/v1/avatars/../x""#)),
        bad_request("a picture with markup", profile(r#""avatar":"https://a/\"><b>""#)),
        bad_request("a location off the earth", body(r#""k":"location","lat":91,"lon":0"#)),
        bad_request("a location in words", body(r#""k":"location","lat":"north","lon":0"#)),
        bad_request("a card of nobody", body(r#""k":"card","user":"""#)),
        bad_request("something without a type", body(r#""k":"custom""#)),
        bad_request("a call that a client made up", body(r#""k":"call""#)),
        bad_request("a reply to place 0", body(r#""k":"text","re":0"#)),
        bad_request("an upload without an id", body(r#""k":"image","media":{}"#)),
        frame(
            "an upload that is not there",
            body(r#""k":"image","media":{"id":"00000000000000000000000000000000"}"#),
            Answer::Error("unknown_media"),
        ),
    ]
}

/// The table.
pub(crate) fn rows() -> Vec<Row> {
    let groups = [shapes(), numbers(), texts(), names(), bodies(), changes(), own_things()];
    let mut rows: Vec<Row> = groups.into_iter().flatten().collect();
    for mutant in frames::mutants(false) {
        let answer = if mutant.may_pass { Answer::Anything } else { Answer::Error("bad_request") };
        rows.push(frame(&mutant.name, &mutant.text, answer));
    }
    rows
}
