//! `POST /v1/messages`

use magpie_core::event::Event;
use serde_json::json;

use crate::world::{NOW_MS, ROOT, World, direct};

#[tokio::test]
async fn a_message_of_a_user_is_stored_and_told_over_the_bus() {
    let world = World::new();
    let body = json!({"from": "小明", "to": "翠花", "text": "在吗"});
    let answer = world.json("POST", "/v1/messages", &body).await;
    assert_eq!(answer.status, 201);
    let sent = answer.ok();
    assert_eq!(sent["conversation"], direct("小明", "翠花"));
    assert_eq!((&sent["seq"], &sent["ts"]), (&json!(1), &json!(NOW_MS)));
    let told = world.bus.events();
    let [Event::Message(message)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(message.body.as_json(), r#"{"k":"text","x":"在吗"}"#);
}

#[tokio::test]
async fn without_a_sender_the_system_speaks_and_is_made_on_first_use() {
    let world = World::new();
    for n in 1..=2 {
        let sent = world.json("POST", "/v1/messages", &json!({"to": "17", "text": "n"})).await.ok();
        assert_eq!(
            (&sent["conversation"], &sent["seq"]),
            (&json!(direct("system", "17")), &json!(n))
        );
    }
    assert_eq!(world.get("/v1/users/system").await.ok()["role"], "bot");
}

#[tokio::test]
async fn the_same_key_stores_once_wherever_it_is_written() {
    let world = World::new();
    let body = json!({"to": "17", "text": "a", "client_msg_id": "order-1"});
    let first = world.json("POST", "/v1/messages", &body).await;
    let again = world.json("POST", "/v1/messages", &body).await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.json, again.json);
    let header = |text: &str, key: &str| {
        let body = json!({"to": "17", "text": text}).to_string();
        world.call("POST", "/v1/messages").bearer(ROOT).header("idempotency-key", key).body(&body)
    };
    assert_eq!(header("a", "order-1").send().await.json, first.json);
    assert_eq!(header("b", "order-1").send().await.code(), "client_msg_id_reused");
    assert_eq!(header("b", "order-2").send().await.status, 201);
    assert_eq!(header("b", "").send().await.code(), "bad_request");
    assert_eq!(header("b", &"k".repeat(65)).send().await.code(), "bad_request");
    let both = world.call("POST", "/v1/messages").bearer(ROOT).header("idempotency-key", "other");
    let answer = both.body(&body.to_string()).send().await;
    assert_eq!(answer.code(), "bad_request");
    assert!(answer.message().contains("differ"), "{}", answer.text);
}

#[tokio::test]
async fn a_whole_body_is_kept_as_it_came_and_a_conversation_may_be_named() {
    let world = World::new();
    world.say("小明", "翠花", "1").await;
    let c = direct("小明", "翠花");
    let body = format!(
        r#"{{"from":"翠花","conversation":"{c}","body":{{"k":"image", "x":"[图片]","w":3}}}}"#
    );
    let sent = world.call("POST", "/v1/messages").bearer(ROOT).body(&body).send().await.ok();
    assert_eq!(sent["seq"], 2);
    let Some(Event::Message(message)) = world.bus.events().pop() else { panic!() };
    assert_eq!(message.body.as_json(), r#"{"k":"image", "x":"[图片]","w":3}"#);
}

#[tokio::test]
async fn a_visitor_writes_to_the_desk_and_the_system_does_not() {
    let world = World::new();
    world
        .json("POST", "/v1/messages", &json!({"from": "17", "to": "desk:", "text": "?"}))
        .await
        .ok();
    let list = world.get("/v1/users/agent/conversations").await.ok();
    assert_eq!(list["conversations"][0]["kind"], "desk");
    let answer = world.json("POST", "/v1/messages", &json!({"to": "desk:", "text": "?"})).await;
    assert_eq!(answer.code(), "bad_request");
}

#[tokio::test]
async fn messages_that_cannot_be_sent_say_why() {
    let world = World::new();
    let long = "长".repeat(21_900);
    let c = direct("小明", "nobody");
    let cases = [
        (json!({"text": "a"}), "bad_request", "either \"to\" or"),
        (json!({"to": "17", "conversation": c, "text": "a"}), "bad_request", "either \"to\" or"),
        (json!({"to": "17"}), "bad_request", "either \"body\" or"),
        (json!({"to": "17", "text": "a", "body": {"k": "text", "x": ""}}), "bad_request", "either"),
        (json!({"to": "17", "body": {"k": "text"}}), "bad_request", "\"x\""),
        (json!({"to": "17", "body": {"k": "Text", "x": ""}}), "bad_request", "\"k\""),
        (json!({"to": "17", "body": {"k": "text", "x": "", "raw": {}}}), "bad_request", "raw"),
        (json!({"to": "17", "text": long}), "too_large", "65536"),
        (json!({"to": "nobody", "text": "a"}), "unknown_user", "nobody"),
        (json!({"from": "nobody", "to": "17", "text": "a"}), "unknown_user", "nobody"),
        (json!({"from": "17", "to": "17", "text": "a"}), "bad_request", "oneself"),
        (json!({"conversation": c, "text": "a"}), "unknown_conversation", "no such"),
        (json!({"conversation": "x", "text": "a"}), "unknown_conversation", "no such"),
    ];
    for (body, code, word) in cases {
        let answer = world.json("POST", "/v1/messages", &body).await;
        let shown: String = body.to_string().chars().take(80).collect();
        assert_eq!(answer.code(), code, "{shown}: {}", answer.text);
        assert!(answer.message().contains(word), "{shown}: {}", answer.text);
    }
    assert_eq!(world.bus.events(), []);
}
