//! Every operation times every kind of credential. What an operation needs is read from the
//! document, so that document and behaviour cannot part.

use magpie_auth::TokenRequest;

use super::samples::{self, Sample};
use crate::world::{ROOT, World, id, key};

async fn try_all(sample: &Sample, world: &World) {
    let name = &sample.operation.id;
    if sample.is_for_users_only() {
        return try_users_only(sample, world).await;
    }
    let Some(scope) = sample.scope() else {
        let answer = samples::send(world, sample, None).await;
        assert_eq!(answer.status, sample.status, "{name} is public: {}", answer.text);
        return;
    };
    let wrong = if scope == "push" { "presence" } else { "push" };
    let own = world.token("小明");
    let other = world.token("翠花");
    let dialect = world.mint(&TokenRequest::dialect(id("小明"), 600));
    let open = sample.takes_user_tokens();
    let good = sample.status;
    let cases: [(&str, Option<&str>, u16); 10] = [
        ("no credential", None, 401),
        ("a key nobody made", Some("mk_0123456789abcdef_0000"), 401),
        ("text that is neither", Some("hello"), 401),
        ("an unsigned token", Some("eyJhbGciOiJub25lIn0.eyJzdWIiOiLlsI_mmI4ifQ."), 401),
        ("a key with another scope", Some(&key(wrong)), 403),
        ("a token of someone else", Some(&other), if open { 403 } else { 401 }),
        ("the user's own token", Some(&own), if open { good } else { 401 }),
        ("the user's own token for old addresses", Some(&dialect), if open { good } else { 401 }),
        ("the key with the scope", Some(&key(scope)), good),
        ("a key with every scope", Some(ROOT), good),
    ];
    for (what, bearer, status) in cases {
        let answer = samples::send(world, sample, bearer).await;
        assert_eq!(answer.status, status, "{name} with {what}: {}", answer.text);
        if status == 401 {
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{name} with {what}");
        }
    }
}

/// A user acts for himself; a backend has no part in it.
async fn try_users_only(sample: &Sample, world: &World) {
    let name = &sample.operation.id;
    let tokens = [world.token("小明"), world.token("翠花"), world.token("new here")];
    for token in &tokens {
        let answer = samples::send(world, sample, Some(token)).await;
        assert_eq!(answer.status, sample.status, "{name}: {}", answer.text);
    }
    let (push, unsigned) = (key("push"), "eyJhbGciOiJub25lIn0.eyJzdWIiOiLlsI_mmI4ifQ.");
    for wrong in [None, Some(ROOT), Some(push.as_str()), Some("hello"), Some(unsigned)] {
        let answer = samples::send(world, sample, wrong).await;
        assert_eq!(answer.code(), "unauthorized", "{name} with {wrong:?}");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{name} with {wrong:?}");
    }
    world.clock.advance_ms(4_000_000);
    let answer = samples::send(world, sample, Some(&tokens[0])).await;
    assert_eq!(answer.code(), "token_expired", "{name}");
}

#[tokio::test]
async fn every_operation_takes_the_credentials_it_names_and_no_others() {
    for sample in samples::all() {
        // A world of its own, so that a deleted conversation does not fail the next case.
        let world = samples::world().await;
        try_all(&sample, &world).await;
    }
}

#[tokio::test]
async fn an_expired_token_is_refused_everywhere_and_says_so() {
    let world = samples::world().await;
    let (own, dialect) = (world.token("小明"), world.mint(&TokenRequest::dialect(id("小明"), 600)));
    world.clock.advance_ms(4_000_000);
    for sample in samples::all().iter().filter(|sample| sample.scope().is_some()) {
        for token in [&own, &dialect] {
            let answer = samples::send(&world, sample, Some(token)).await;
            let code = if sample.takes_user_tokens() { "token_expired" } else { "unauthorized" };
            assert_eq!(answer.code(), code, "{}", sample.operation.id);
        }
    }
}

#[tokio::test]
async fn a_banned_user_loses_what_his_token_opened() {
    let world = samples::world().await;
    let own = world.token("小明");
    let ban = format!("/v1/users/{}/ban", samples::XM);
    world.call("POST", &ban).bearer(ROOT).send().await.ok();
    for sample in samples::all().iter().filter(|sample| sample.takes_user_tokens()) {
        let answer = samples::send(&world, sample, Some(&own)).await;
        assert_eq!(answer.code(), "forbidden", "{}", sample.operation.id);
    }
}

#[tokio::test]
async fn the_header_comes_once_and_as_bearer() {
    let world = samples::world().await;
    for header in ["Basic dTpw", "Bearer", ROOT, "Bearer \u{e9}"] {
        let call = world.call("GET", "/v1/users").header("authorization", header);
        assert_eq!(call.send().await.code(), "unauthorized", "{header}");
    }
    let call = world.call("GET", "/v1/users").header("authorization", &format!("bearer  {ROOT} "));
    assert_eq!(call.send().await.status, 200);
}
