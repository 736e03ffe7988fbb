//! `GET /v1/users/{id}/conversations`

use crate::world::{World, direct};

#[tokio::test]
async fn the_list_is_newest_first_and_comes_in_pages_that_end() {
    let world = World::new();
    for peer in ["小明", "翠花", "agent"] {
        world.clock.advance_ms(1_000);
        world.say(peer, "17", "嗨").await;
    }
    let (mut path, mut peers) = ("/v1/users/17/conversations?limit=2".to_owned(), Vec::new());
    loop {
        let page = world.get(&path).await.ok();
        for entry in page["conversations"].as_array().unwrap() {
            peers.push(entry["peer"]["id"].as_str().unwrap().to_owned());
            assert_eq!((&entry["unread"], &entry["last"]["body"]["x"]), (&1.into(), &"嗨".into()));
        }
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/users/17/conversations?limit=2&before={next}");
    }
    assert_eq!(peers, ["agent", "翠花", "小明"]);
}

#[tokio::test]
async fn a_user_reads_his_own_list_with_his_own_token() {
    let world = World::new();
    world.say("agent", "17", "嗨").await;
    let token = world.token("17");
    let list = world.call("GET", "/v1/users/17/conversations").bearer(&token).send().await.ok();
    assert_eq!(list["conversations"][0]["conversation"], direct("agent", "17"));
}
