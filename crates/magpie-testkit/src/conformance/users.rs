//! Cases: users.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::expect_used,
    reason = "the names are the documentation; test code"
)]

use magpie_core::{
    model::{Role, User},
    port::store::{Op, Outcome, Rejection, UserPatch},
};

use super::subject::{Subject, user};

pub fn users_are_created_changed_and_listed(s: &Subject) {
    let blank = |now_ms| UserPatch {
        id: user("小明"),
        name: None,
        avatar: None,
        role: None,
        banned: None,
        now_ms,
    };
    let first = s.write(Op::PutUser(UserPatch { name: Some("明".into()), ..blank(7) }));
    let expected = User {
        id: user("小明"),
        name: "明".into(),
        avatar: String::new(),
        role: Role::User,
        banned: false,
        created_ms: 7,
        last_seen_ms: 0,
    };
    assert_eq!(first, Ok(Outcome::User(expected.clone())));
    let patch = UserPatch {
        avatar: Some("/a.png".into()),
        role: Some(Role::Bot),
        banned: Some(true),
        ..blank(9)
    };
    let (avatar, role, banned) = ("/a.png".into(), Role::Bot, true);
    let expected = User { avatar, role, banned, ..expected };
    assert_eq!(s.write(Op::PutUser(patch)), Ok(Outcome::User(expected.clone())));
    assert_eq!(s.read(s.store.user(user("小明"))), Some(expected));
    assert_eq!(s.read(s.store.user(user("nobody"))), None);
    s.users(&["c", "a", "b"]);
    let names = |after: Option<&str>, limit| {
        let list = s.read(s.store.users(after.map(user), limit));
        list.iter().map(|u| u.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(None, 3), ["a", "b", "c"]);
    assert_eq!(names(Some("b"), 3), ["c", "小明"]);
    assert!(s.read(s.store.blocked(user("a"))).is_empty());
}

pub fn last_seen_never_falls(s: &Subject) {
    s.users(&["a"]);
    for at_ms in [5, 9, 7] {
        assert_eq!(s.write(Op::Seen { user: user("a"), at_ms }), Ok(Outcome::Done));
    }
    assert_eq!(s.read(s.store.user(user("a"))).map(|u| u.last_seen_ms), Some(9));
    let ghost = s.write(Op::Seen { user: user("ghost"), at_ms: 1 });
    assert_eq!(ghost, Err(Rejection::UnknownUser(user("ghost"))));
}
