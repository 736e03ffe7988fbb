//! `GET /v1/users/{id}/channels/{channel}`

use magpie_auth::TokenRequest;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use crate::world::{Answer, NOW_MS, ROOT, World, id};

const PATH: &str = "/v1/users/17/channels/2";

async fn push(world: &World, data: &Value) -> u64 {
    let body = json!({"user": "17", "channel": "2", "data": data, "hold_s": 600});
    world.json("POST", "/v1/push", &body).await.ok()["version"].as_u64().unwrap()
}

fn version(answer: &Answer) -> &str {
    answer.header("magpie-channel-version")
}

#[tokio::test]
async fn a_payment_result_is_given_to_the_first_page_and_not_to_the_next_visit() {
    let world = World::new();
    assert_eq!(world.get(PATH).await.status, 204);
    push(&world, &json!("0_扣费成功_剩余次数: 5")).await;
    let first = world.get(PATH).await;
    assert_eq!(version(&first), "1");
    assert_eq!(
        first.json,
        json!({"channel": "2", "version": 1, "ts": NOW_MS, "hold_until": NOW_MS + 600_000,
            "data": "0_扣费成功_剩余次数: 5"})
    );
    let next = world.get(PATH).await;
    assert_eq!((next.status, version(&next)), (204, "1"));
    push(&world, &json!("0_扣费成功_剩余次数: 4")).await;
    assert_eq!(world.get(PATH).await.ok()["version"], 2);
}

#[tokio::test]
async fn a_page_that_names_its_version_gets_every_newer_one_whoever_else_got_it() {
    let world = World::new();
    push(&world, &json!("1")).await;
    push(&world, &json!("2")).await;
    assert_eq!(world.get(PATH).await.ok()["version"], 2);
    let follower = world.get(&format!("{PATH}?after=1")).await;
    assert_eq!((follower.status, version(&follower)), (200, "2"));
    assert_eq!(world.get(&format!("{PATH}?after=2")).await.status, 204);
    assert_eq!(world.get(&format!("{PATH}?after=9")).await.status, 204);
}

#[tokio::test]
async fn looking_is_not_delivery() {
    let world = World::new();
    push(&world, &json!("1")).await;
    for _ in 0..2 {
        assert_eq!(world.get(&format!("{PATH}?peek=true")).await.status, 200);
    }
    assert_eq!(world.get(PATH).await.status, 200);
    assert_eq!(world.get(&format!("{PATH}?peek=true")).await.status, 204);
}

#[tokio::test]
async fn a_value_for_everyone_is_given_again_until_its_time_is_over() {
    let world = World::new();
    push(&world, &json!({"step": 1})).await;
    for _ in 0..2 {
        assert_eq!(world.get(PATH).await.ok()["data"], json!({"step": 1}));
    }
    world.clock.advance_ms(600_000);
    assert_eq!(world.get(PATH).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn two_pages_that_wait_both_get_the_value_that_comes() {
    let world = World::new();
    push(&world, &json!("old")).await;
    world.get(PATH).await.ok();
    let one = world.get("/v1/users/17/channels/2?wait_s=25");
    let two = world.get("/v1/users/17/channels/2?wait_s=25");
    let pushing = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        push(&world, &json!("new")).await
    };
    let started = Instant::now();
    let (one, two, pushed) = tokio::join!(one, two, pushing);
    assert_eq!(pushed, 2);
    assert_eq!((&one.json["data"], &two.json["data"]), (&json!("new"), &json!("new")));
    assert_eq!(started.elapsed().as_secs(), 3);
    assert_eq!(world.get(PATH).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_204_and_other_channels_do_not_end_it() {
    let world = World::new();
    let started = Instant::now();
    let waiting = world.get("/v1/users/17/channels/2?wait_s=20");
    let others = async {
        for (user, channel, hold_s) in [("17", "3", 600), ("agent", "2", 600), ("17", "2", 0)] {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let body = json!({"user": user, "channel": channel, "data": 1, "hold_s": hold_s});
            world.json("POST", "/v1/push", &body).await.ok();
        }
    };
    let (answer, ()) = tokio::join!(waiting, others);
    assert_eq!((answer.status, version(&answer)), (204, "0"));
    assert_eq!(started.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_down_ends_the_waiting_at_once() {
    let world = World::new();
    let started = Instant::now();
    let waiting = world.get("/v1/users/17/channels/2?wait_s=30");
    let stop = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        world.drain.send_replace(true);
    };
    let (answer, ()) = tokio::join!(waiting, stop);
    assert_eq!((answer.code(), started.elapsed().as_secs()), ("draining", 2));
}

#[tokio::test]
async fn the_users_own_tokens_open_his_channels_only() {
    let world = World::new();
    push(&world, &json!({"n": 1})).await;
    for token in [world.token("17"), world.mint(&TokenRequest::dialect(id("17"), 600))] {
        assert_eq!(world.call("GET", PATH).bearer(&token).send().await.status, 200);
        let foreign = world.call("GET", "/v1/users/18/channels/2").bearer(&token).send().await;
        assert_eq!(foreign.code(), "forbidden");
    }
    assert_eq!(world.call("GET", PATH).bearer(ROOT).send().await.status, 200);
}
