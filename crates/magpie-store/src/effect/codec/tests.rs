//! Effects come back as they went in, for ever, and nothing else comes back as an effect.
#![allow(clippy::indexing_slicing, reason = "tests")]

use std::{fs, path::PathBuf};

use proptest::{collection::vec, option, prelude::*};

use magpie_core::model::{Device, Draft, Media, RevisionKind};
use magpie_proto::MediaId;

use super::*;
use crate::effect::{
    BodyRow, ChangeRow, DeviceRow, DraftRow, MediaRefRow, MediaRow, ReactionRow, VoidRow,
};

fn payload(epoch: u64, effects: &[Effect]) -> Vec<u8> {
    let mut out = Vec::new();
    begin(epoch, &mut out);
    effects.iter().for_each(|effect| encode(effect, &mut out));
    out
}

fn decoded(bytes: &[u8]) -> Result<(u64, Vec<Effect>), CodecError> {
    decode(Bytes::copy_from_slice(bytes))
}

fn user_id(text: &str) -> UserId {
    UserId::parse(text).expect("an id")
}

fn users() -> Vec<Effect> {
    let user = User {
        id: user_id("小明"),
        name: "Ming \"M\"\n".to_owned(),
        avatar: String::new(),
        role: Role::Agent,
        banned: true,
        created_ms: 1_790_000_000_000,
        last_seen_ms: 0,
    };
    let plain = User { id: user_id("b"), role: Role::User, banned: false, ..user.clone() };
    vec![
        Effect::User(UserRow { no: 1, user }),
        Effect::User(UserRow { no: i64::MAX, user: plain }),
        Effect::Block(BlockRow { user: 1, other: 127, on: true }),
        Effect::Block(BlockRow { user: 128, other: 16_384, on: false }),
    ]
}

fn conversations() -> Vec<Effect> {
    let conversation = ConversationId::from_i64(0x1000_0000_0000_0007);
    let row = ConversationRow {
        id: conversation,
        a: 3,
        b: Some(4),
        head: 300,
        rev: 301,
        head_ms: 1_790_000_000_001,
        ver: u64::MAX,
        voids: 2,
        own: [150, 148],
        last: [299, 300],
    };
    let member = MemberRow {
        conversation,
        no: 4,
        id: user_id("b"),
        delivered_seq: 300,
        read_seq: 299,
        own_total: 0,
        own_last: 0,
    };
    let shown =
        Membership { read_seq: 9, cleared_seq: 8, hidden_seq: -1, pinned: true, muted: false };
    let other = Membership { hidden_seq: i64::MAX, pinned: false, muted: true, ..shown };
    let private = |shown| Private { shown, own_at_floor: 5, hides: 1, ver: 77 };
    let no = 3;
    vec![
        Effect::Conversation(row),
        Effect::Conversation(ConversationRow { b: None, own: [0; 2], last: [0; 2], ..row }),
        Effect::Member(member),
        Effect::Private(PrivateRow { conversation, no, private: private(shown) }),
        Effect::Private(PrivateRow { conversation, no, private: private(other) }),
        Effect::Hidden(HiddenRow { no, conversation, seq: 12, own: true, ver: 78 }),
        Effect::Hidden(HiddenRow { no, conversation, seq: 13, own: false, ver: 79 }),
    ]
}

fn messages() -> Vec<Effect> {
    let body = r#"{"k":"text","x":"你好，世界"}"#;
    let message = Message {
        conversation: ConversationId::from_i64(5),
        seq: 1,
        id: MessageId::from_bytes([0xa5; 16]),
        sender: user_id("小明"),
        client_msg_id: Some("01J0000000000000000000000".into()),
        body: Body::from_stored(Bytes::from_static(body.as_bytes())),
        sent_ms: 1_790_000_000_002,
        revision: None,
    };
    let keyless = Message { client_msg_id: None, seq: u64::MAX, ..message.clone() };
    vec![
        Effect::Message(MessageRow { sender: 1, ver: 80, message }),
        Effect::Message(MessageRow { sender: 1, ver: 81, message: keyless }),
    ]
}

fn channels() -> Vec<Effect> {
    let value = ChannelValue {
        user: user_id("b"),
        channel: "carwash".into(),
        version: 3,
        data: r#"{"paid":true}"#.into(),
        sent_ms: 4,
        hold_until_ms: 5,
        replay: Replay::UntilDelivered,
        delivered_version: 2,
    };
    let always = ChannelValue { replay: Replay::Always, ..value.clone() };
    vec![
        Effect::Channel(value.clone()),
        Effect::Channel(always),
        Effect::PushKey(PushKeyRow { key: "order-17".into(), value }),
    ]
}

fn revisions() -> Vec<Effect> {
    let (conversation, seq) = (ConversationId::from_i64(5), 300);
    let body = |text: &'static str| Body::from_stored(Bytes::from_static(text.as_bytes()));
    let change = |rev, kind, by, edited_ms| {
        let (ver, at_ms) = (80 + rev, 1_790_000_000_003);
        Effect::Change(ChangeRow { conversation, seq, rev, ver, kind, by, at_ms, edited_ms })
    };
    let reaction = |on| {
        let (emoji, no, id) = ("👍".into(), 3, user_id("小明"));
        let (rev, first_rev) = (7, 6);
        Effect::Reaction(ReactionRow { conversation, seq, emoji, no, id, on, rev, first_rev })
    };
    let draft = |draft: Option<Draft>| {
        Effect::Draft(DraftRow { conversation, no: 3, draft: draft.map(Box::new) })
    };
    vec![
        Effect::Body(BodyRow { conversation, seq, body: body(r#"{"k":"text","x":"再见"}"#) }),
        Effect::Body(BodyRow { conversation, seq: 1, body: body("") }),
        Effect::Void(VoidRow { conversation, seq: 1, sender: 3 }),
        change(1, RevisionKind::Recall, 0, None),
        change(2, RevisionKind::Edit, 3, Some(1_790_000_000_003)),
        change(3, RevisionKind::React, i64::MAX, Some(1)),
        reaction(true),
        reaction(false),
        draft(Some(Draft { text: "你".into(), reply_to: None })),
        draft(Some(Draft { text: "".into(), reply_to: Some(300) })),
        draft(None),
    ]
}

fn belongings() -> Vec<Effect> {
    let device = Device {
        id: "phone-7c2e".into(),
        name: "Chrome on Linux".into(),
        first_ms: 1,
        last_ms: 1_790_000_000_004,
        signed_out_ms: 0,
    };
    let media = Media {
        id: MediaId::from_bytes([0x5a; 16]),
        owner: user_id("小明"),
        bytes: 52_428_800,
        descriptor: r#"{"id":"5a"}"#.into(),
        poster: Some(MediaId::from_bytes([0; 16])),
        public: false,
        created_ms: 3,
        uses: 1,
        free_after_ms: i64::MAX.cast_unsigned(),
    };
    let plain = Media { poster: None, public: true, ..media.clone() };
    let hold = |on| {
        let (media, conversation) = (media.id, ConversationId::from_i64(5));
        Effect::MediaRef(MediaRefRow { media, conversation, seq: 128, on })
    };
    vec![
        Effect::Device(DeviceRow { no: 3, device }),
        hold(true),
        hold(false),
        Effect::Media(MediaRow { owner: 3, media: plain }),
        Effect::MediaGone(media.id),
        Effect::Media(MediaRow { owner: 3, media }),
    ]
}

/// The golden payloads: never changed, only added to.
fn golden() -> Vec<(&'static str, Vec<u8>)> {
    let lists = [
        ("nothing", Vec::new()),
        ("users", users()),
        ("conversations", conversations()),
        ("messages", messages()),
        ("channels", channels()),
        ("revisions", revisions()),
        ("belongings", belongings()),
    ];
    lists
        .into_iter()
        .map(|(name, effects)| (name, payload(0x0123_4567_89ab_cdef, &effects)))
        .collect()
}

fn golden_path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/effects-v1").join(name)
}

#[test]
fn payloads_of_version_1_are_read_and_written_for_ever() {
    let lists =
        [Vec::new(), users(), conversations(), messages(), channels(), revisions(), belongings()];
    for ((name, bytes), effects) in golden().into_iter().zip(lists) {
        let kept = fs::read(golden_path(name)).expect("committed");
        assert_eq!(decoded(&kept), Ok((0x0123_4567_89ab_cdef, effects)), "{name}");
        assert_eq!(bytes, kept, "{name}: other bytes need another tag or version");
    }
}

#[test]
fn a_payload_that_ends_early_gives_the_effects_before_the_end_or_an_error() {
    for (name, bytes) in golden() {
        let (_, all) = decoded(&bytes).expect("sound");
        for len in 0..bytes.len() {
            match decoded(&bytes[..len]) {
                Ok((_, some)) => assert!(all.starts_with(&some), "{name}, {len} bytes"),
                Err(error) => assert!(matches!(error, CodecError::Short(_)), "{name}: {error}"),
            }
        }
    }
}

#[test]
fn what_cannot_be_read_is_explained() {
    let start = payload(1, &[]);
    let with = |rest: &[u8]| decoded(&[&start, rest].concat()).expect_err("bad").to_string();
    assert_eq!(with(&[200]), "unknown tag 200 at byte 9");
    assert_eq!(with(&[tag::BLOCK, 1, 2, 7]), "bad block before byte 13");
    assert_eq!(with(&[tag::BLOCK, 1]), "the payload ends early, at byte 11");
    let endless = [[tag::BLOCK].as_slice(), &[0xff; 12]].concat();
    assert_eq!(with(&endless), "bad number before byte 20");
    let newer = decoded(&[2, 0, 0, 0, 0, 0, 0, 0, 0]).expect_err("newer").to_string();
    assert!(newer.contains("version 2 is newer") && newer.contains("use that version"), "{newer}");
    assert!(decoded(&[0; 9]).is_err(), "there is no version 0");
}

#[test]
fn a_length_of_many_gigabytes_costs_nothing() {
    let mut bytes = payload(1, &[]);
    bytes.push(tag::PUSH_KEY);
    numbers(&mut bytes, &[u64::MAX >> 1]);
    assert!(matches!(decoded(&bytes), Err(CodecError::Short(_))));
}

#[test]
fn a_decoded_body_shares_the_memory_of_the_payload() {
    let bytes = Bytes::from(payload(1, &messages()));
    let range = bytes.as_ptr_range();
    let (_, effects) = decode(bytes.clone()).expect("sound");
    let Effect::Message(row) = &effects[0] else { panic!("a message") };
    assert!(range.contains(&row.message.body.as_bytes().as_ptr()));
}

fn ids() -> impl Strategy<Value = UserId> {
    "[a-z0-9界é]{1,16}".prop_map(|text| user_id(&text))
}

fn any_conversation() -> impl Strategy<Value = ConversationId> {
    any::<i64>().prop_map(ConversationId::from_i64)
}

fn any_user() -> impl Strategy<Value = Effect> {
    let role = prop::sample::select(vec![Role::User, Role::Agent, Role::Bot, Role::Admin]);
    let times = any::<(bool, u64, u64)>();
    (any::<i64>(), ids(), ".*", ".*", role, times).prop_map(
        |(no, id, name, avatar, role, (banned, created_ms, last_seen_ms))| {
            let user = User { id, name, avatar, role, banned, created_ms, last_seen_ms };
            Effect::User(UserRow { no, user })
        },
    )
}

fn any_row() -> impl Strategy<Value = Effect> {
    let b = option::of(any::<i64>().prop_filter("0 is no user", |no| *no != 0));
    let numbers = any::<[u64; 5]>();
    (any_conversation(), any::<i64>(), b, numbers, any::<[u64; 2]>(), any::<[u64; 2]>()).prop_map(
        |(id, a, b, [head, rev, head_ms, ver, voids], own, last)| {
            let row = ConversationRow { id, a, b, head, rev, head_ms, ver, voids, own, last };
            Effect::Conversation(row)
        },
    )
}

fn any_marks() -> impl Strategy<Value = Effect> {
    let member = (any_conversation(), any::<i64>(), ids(), any::<[u64; 4]>()).prop_map(
        |(conversation, no, id, [delivered_seq, read_seq, own_total, own_last])| {
            let row =
                MemberRow { conversation, no, id, delivered_seq, read_seq, own_total, own_last };
            Effect::Member(row)
        },
    );
    let flags = any::<(i64, bool, bool)>();
    let private = (any_conversation(), any::<i64>(), any::<[u64; 5]>(), flags).prop_map(
        |(conversation, no, [read_seq, cleared_seq, own_at_floor, hides, ver], flags)| {
            let (hidden_seq, pinned, muted) = flags;
            let shown = Membership { read_seq, cleared_seq, hidden_seq, pinned, muted };
            let private = Private { shown, own_at_floor, hides, ver };
            Effect::Private(PrivateRow { conversation, no, private })
        },
    );
    let hidden = (any::<i64>(), any_conversation(), any::<(u64, bool, u64)>()).prop_map(
        |(no, conversation, (seq, own, ver))| {
            Effect::Hidden(HiddenRow { no, conversation, seq, own, ver })
        },
    );
    let block = any::<(i64, i64, bool)>()
        .prop_map(|(user, other, on)| Effect::Block(BlockRow { user, other, on }));
    prop_oneof![member, private, hidden, block]
}

fn any_message() -> impl Strategy<Value = Effect> {
    let place = (any_conversation(), any::<[u64; 3]>(), any::<i64>(), any::<[u8; 16]>());
    (place, ids(), option::of(".*"), ".*").prop_map(|(place, sender, key, body)| {
        let (conversation, [seq, ver, sent_ms], no, id) = place;
        let message = Message {
            conversation,
            seq,
            id: MessageId::from_bytes(id),
            sender,
            client_msg_id: key.map(Into::into),
            body: Body::from_stored(body.into()),
            sent_ms,
            revision: None,
        };
        Effect::Message(MessageRow { sender: no, ver, message })
    })
}

fn any_channel() -> impl Strategy<Value = Effect> {
    let replay = prop::sample::select(vec![Replay::UntilDelivered, Replay::Always]);
    (ids(), ".*", ".*", any::<[u64; 4]>(), replay, option::of(".*")).prop_map(
        |(user, channel, data, numbers, replay, key)| {
            let [version, sent_ms, hold_until_ms, delivered_version] = numbers;
            let value = ChannelValue {
                user,
                channel: channel.into(),
                version,
                data: data.into(),
                sent_ms,
                hold_until_ms,
                replay,
                delivered_version,
            };
            match key {
                Some(key) => Effect::PushKey(PushKeyRow { key: key.into(), value }),
                None => Effect::Channel(value),
            }
        },
    )
}

fn any_revision() -> impl Strategy<Value = Effect> {
    let place = || (any_conversation(), any::<u64>());
    let body = (place(), ".*").prop_map(|((conversation, seq), body)| {
        Effect::Body(BodyRow { conversation, seq, body: Body::from_stored(body.into()) })
    });
    let kinds = vec![RevisionKind::Recall, RevisionKind::Edit, RevisionKind::React];
    let edited = option::of(1..=u64::MAX);
    let change = (place(), any::<[u64; 3]>(), any::<i64>(), prop::sample::select(kinds), edited)
        .prop_map(|((conversation, seq), [rev, ver, at_ms], by, kind, edited_ms)| {
            Effect::Change(ChangeRow { conversation, seq, rev, ver, kind, by, at_ms, edited_ms })
        });
    let reaction = (place(), any::<(i64, bool, u64, u64)>(), ids(), ".*").prop_map(
        |((conversation, seq), (no, on, rev, first_rev), id, emoji)| {
            let emoji = emoji.into();
            Effect::Reaction(ReactionRow { conversation, seq, emoji, no, id, on, rev, first_rev })
        },
    );
    let void = (place(), any::<i64>()).prop_map(|((conversation, seq), sender)| {
        Effect::Void(VoidRow { conversation, seq, sender })
    });
    let draft = (any_conversation(), any::<i64>(), option::of((".*", option::of(1..=u64::MAX))));
    let draft = draft.prop_map(|(conversation, no, draft)| {
        let draft = draft.map(|(text, reply_to)| Box::new(Draft { text: text.into(), reply_to }));
        Effect::Draft(DraftRow { conversation, no, draft })
    });
    prop_oneof![body, change, reaction, void, draft]
}

fn any_belonging() -> impl Strategy<Value = Effect> {
    let id = || any::<[u8; 16]>().prop_map(MediaId::from_bytes);
    let device = (any::<i64>(), ".*", ".*", any::<[u64; 3]>()).prop_map(
        |(no, id, name, [first_ms, last_ms, signed_out_ms])| {
            let (id, name) = (id.into(), name.into());
            let device = Device { id, name, first_ms, last_ms, signed_out_ms };
            Effect::Device(DeviceRow { no, device })
        },
    );
    let numbers = any::<([u64; 4], bool, i64)>();
    let media = (id(), ids(), ".*", option::of(id()), numbers).prop_map(
        |(id, owner, descriptor, poster, (numbers, public, no))| {
            let [bytes, created_ms, uses, free_after_ms] = numbers;
            let media = Media {
                id,
                owner,
                bytes,
                descriptor: descriptor.into(),
                poster,
                public,
                created_ms,
                uses,
                free_after_ms,
            };
            Effect::Media(MediaRow { owner: no, media })
        },
    );
    let hold = (id(), any_conversation(), any::<(u64, bool)>()).prop_map(
        |(media, conversation, (seq, on))| {
            Effect::MediaRef(MediaRefRow { media, conversation, seq, on })
        },
    );
    prop_oneof![device, media, hold, id().prop_map(Effect::MediaGone)]
}

proptest! {
    #[test]
    fn whatever_effects_go_in_come_out_again(
        epoch in any::<u64>(),
        effects in vec(
            prop_oneof![
                any_user(),
                any_row(),
                any_marks(),
                any_message(),
                any_channel(),
                any_revision(),
                any_belonging(),
            ],
            0..20,
        ),
    ) {
        prop_assert_eq!(decoded(&payload(epoch, &effects)), Ok((epoch, effects)));
    }
}
