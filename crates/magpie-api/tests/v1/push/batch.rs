//! `POST /v1/push/batch`

use magpie_core::event::Event;
use serde_json::{Value, json};

use crate::world::{Answer, ROOT, World, key};

async fn batch(world: &World, items: Value) -> Answer {
    world.json("POST", "/v1/push/batch", &json!({"items": items})).await
}

fn live(user: &str, data: u64) -> Value {
    json!({"user": user, "channel": "steps", "data": data, "hold_s": 0})
}

#[tokio::test]
async fn each_item_has_the_answer_of_a_single_push_in_the_same_order() {
    let world = World::new();
    world.presence.set("17", 2);
    let items = json!([
        {"user": "17", "channel": "pay", "data": "paid"},
        live("17", 1),
        {"user": "18", "channel": "pay", "data": {"n": 1}, "hold_s": 60},
        {"user": "17", "channel": "pay", "data": "refunded", "replay": "always"},
    ]);
    let answer = batch(&world, items).await.ok();
    let wanted = json!({"results": [
        {"version": 1, "stored": true, "connections": 2},
        {"version": 0, "stored": false, "connections": 2},
        {"version": 1, "stored": true, "connections": 0},
        {"version": 2, "stored": true, "connections": 2},
    ]});
    assert_eq!(answer, wanted);
    let kept = world.get("/v1/users/17/channels").await.ok();
    assert_eq!(kept["channels"].as_array().unwrap().len(), 1, "{kept}");
    assert_eq!(kept["channels"][0]["data"], "refunded");
}

#[tokio::test]
async fn items_that_are_not_stored_are_announced_together_and_in_order() {
    let world = World::new();
    let items: Vec<_> = (0..1_000).map(|n| live("17", n)).collect();
    let answer = batch(&world, json!(items)).await.ok();
    assert_eq!(answer["results"].as_array().unwrap().len(), 1_000);
    assert_eq!(world.bus.together(), [1_000]);
    let data = |event: &Event| match event {
        Event::Push { value, stored: false } => value.data.parse::<u64>().unwrap(),
        other => panic!("{other:?}"),
    };
    let told: Vec<_> = world.bus.events().iter().map(data).collect();
    assert_eq!(told, (0..1_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_bad_item_is_told_in_its_place_and_spoils_no_other() {
    let world = World::new();
    let cases = [
        (json!({"user": "17", "channel": "2"}), "bad_request", "items[1] does not fit: missing"),
        (json!({"user": "17", "channel": "", "data": 1}), "bad_request", "channel"),
        (json!({"user": "-1", "channel": "2", "data": 1}), "bad_request", "user"),
        (json!({"user": "17", "channel": "2", "data": 1, "ttl": 5}), "bad_request", "ttl"),
        (json!({"user": "17", "channel": "2", "data": 1, "hold_s": -1}), "bad_request", "-1"),
        (json!({"user": "17", "channel": "2", "data": "x".repeat(65_536)}), "too_large", "bytes"),
        (json!(["17", "2", 1, 0]), "bad_request", "items[1] must be a JSON object"),
        (json!(null), "bad_request", "items[1] must be a JSON object"),
        (json!("17"), "bad_request", "items[1] must be a JSON object"),
    ];
    for (number, (bad, code, words)) in cases.into_iter().enumerate() {
        let good = json!({"user": "17", "channel": "pay", "data": number, "replay": "always"});
        let shown = bad.to_string();
        let results = batch(&world, json!([live("17", 1), bad, good])).await.ok();
        let results = results["results"].as_array().unwrap();
        let [first, refused, last] = results.as_slice() else { panic!("{results:?}") };
        assert_eq!(first["stored"], false);
        assert_eq!(refused["error"]["code"], code, "{shown}: {refused}");
        assert_eq!(refused["error"]["retry"], "never", "{refused}");
        assert!(refused["error"]["message"].as_str().unwrap().contains(words), "{refused}");
        assert_eq!(last["version"], number + 1, "{shown}: {last}");
    }
}

#[tokio::test]
async fn an_idempotency_key_holds_for_its_item_within_and_across_batches() {
    let world = World::new();
    let keyed = |data: u64, key: &str| json!({"user": "17", "channel": "pay", "data": data, "idempotency_key": key});
    let versions = async |items: Value| {
        let answer = batch(&world, items).await.ok();
        let each = answer["results"].as_array().unwrap().iter();
        each.map(|result| {
            result["version"].as_u64().ok_or_else(|| result["error"]["code"].to_string())
        })
        .collect::<Vec<_>>()
    };
    let reused = || Err("\"client_msg_id_reused\"".to_owned());
    let first = versions(json!([keyed(1, "a"), keyed(2, "b"), keyed(1, "a"), keyed(9, "a")])).await;
    assert_eq!(first, [Ok(1), Ok(2), Ok(1), reused()]);
    assert_eq!(versions(json!([keyed(2, "b"), keyed(3, "c")])).await, [Ok(2), Ok(3)]);
    let single = world.json("POST", "/v1/push", &keyed(1, "a")).await.ok();
    assert_eq!(single["version"], 1, "a single push knows the key too");
    let items = json!({"items": [keyed(4, "d")]}).to_string();
    let call = world.call("POST", "/v1/push/batch").bearer(ROOT).body(&items);
    let answer = call.header("idempotency-key", "e").send().await;
    assert_eq!(answer.code(), "bad_request");
    assert!(answer.message().contains("each item"), "{}", answer.text);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_refused_as_a_whole_and_says_where() {
    let world = World::new();
    let many = json!({"items": vec![live("17", 1); 1_001]}).to_string();
    let cases = [
        ("{\"items\":[{]}", "bad_json", "column 12"),
        ("{\"items\":[{\"user\":\"\\ud800\"}]}", "bad_json", "at byte 19"),
        ("{}", "bad_request", "missing field `items`"),
        ("{\"items\":{}}", "bad_request", "expected a sequence"),
        ("{\"items\":[],\"item\":1}", "bad_request", "unknown field `item`"),
        ("[]", "bad_request", "the body must be a JSON object"),
        (many.as_str(), "bad_request", "1001 entries and at most 1000"),
    ];
    for (body, code, words) in cases {
        let answer = world.call("POST", "/v1/push/batch").bearer(ROOT).body(body).send().await;
        assert_eq!((answer.status, answer.code()), (400, code), "{}", answer.text);
        assert!(answer.message().contains(words), "{}", answer.text);
    }
    assert_eq!(world.bus.events(), []);
    assert_eq!(batch(&world, json!([])).await.ok(), json!({"results": []}));
}

#[tokio::test]
async fn it_needs_the_scope_of_a_single_push() {
    let world = World::new();
    let body = json!({"items": [live("17", 1)]}).to_string();
    for (credential, status) in [(key("push"), 200), (key("broadcast"), 403)] {
        let call = world.call("POST", "/v1/push/batch").bearer(&credential).body(&body);
        assert_eq!(call.send().await.status, status);
    }
}
