//! `GET /v1/users/{id}/conversations/{conversation}/messages`

use serde_json::{Value, json};

use crate::world::{World, direct};

fn seqs(page: &Value) -> Vec<u64> {
    page["items"].as_array().unwrap().iter().map(|item| item["seq"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn history_is_paged_both_ways_from_any_place() {
    let world = World::new();
    for n in 1..=7 {
        world.say("17", "agent", &n.to_string()).await;
    }
    let path = format!("/v1/users/17/conversations/{}/messages", direct("17", "agent"));
    let cases = [
        ("?limit=3", vec![5, 6, 7], true),
        ("?limit=3&before=5", vec![2, 3, 4], true),
        ("?limit=3&before=2", vec![1], false),
        ("?limit=3&after=2", vec![3, 4, 5], true),
        ("?after=7", vec![], false),
        ("", (1..=7).collect(), false),
    ];
    for (query, wanted, more) in cases {
        let page = world.get(&format!("{path}{query}")).await.ok();
        assert_eq!(
            (seqs(&page), &page["more"], &page["head"]),
            (wanted, &json!(more), &json!(7)),
            "{query}"
        );
    }
    let page = world.get(&format!("{path}?limit=1")).await.ok();
    assert_eq!(page["items"][0]["body"], json!({"k": "text", "x": "7"}));
    assert_eq!(page["items"][0]["from"], "17");
}

#[tokio::test]
async fn nobody_reads_a_conversation_that_he_is_not_in() {
    let world = World::new();
    world.say("小明", "翠花", "private").await;
    let path = format!("/v1/users/17/conversations/{}/messages", direct("小明", "翠花"));
    assert_eq!(world.get(&path).await.code(), "unknown_conversation");
    let both = world.get(&format!("{path}?before=3&after=1")).await;
    assert_eq!(both.code(), "bad_request");
}
