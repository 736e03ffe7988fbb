//! Plays the dialect transcripts of the gateway against a real server over real sockets. A
//! transcript is named by its rule in `docs/compat.md`; every rule has one and none is left over.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod common;

mod transcripts {
    pub mod player;
    pub mod rules;
    pub mod script;
    pub mod socket;
}

use transcripts::player::play_all;

#[tokio::test]
async fn market_pages_find_their_protocol_unchanged() {
    play_all("market").await;
}

#[tokio::test]
async fn miao_pages_find_their_protocol_unchanged() {
    play_all("miao").await;
}

#[tokio::test]
async fn miniapp_pages_find_their_protocol_unchanged() {
    play_all("miniapp").await;
}

#[tokio::test]
async fn carwash_pages_find_their_protocol_unchanged() {
    play_all("carwash").await;
}

#[tokio::test]
async fn helpdesk_pages_find_their_protocol_unchanged() {
    play_all("helpdesk").await;
}

#[tokio::test]
async fn paths_modes_and_limits_hold_for_all_dialects() {
    play_all("all").await;
}

#[tokio::test]
async fn people_on_different_protocols_talk_with_each_other() {
    play_all("across").await;
}

#[test]
fn every_rule_of_the_compatibility_page_has_a_transcript() {
    transcripts::rules::check();
}
