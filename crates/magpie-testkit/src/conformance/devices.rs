//! Cases: the devices of a user.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::expect_used,
    reason = "the names are the documentation; test code"
)]

use magpie_core::{
    model::Device,
    port::store::{Op, Outcome, Rejection, WriteResult},
};

use super::subject::{Subject, user};

fn seen(s: &Subject, who: &str, device: &str, name: &str, at_ms: u64) -> WriteResult {
    s.write(Op::DeviceSeen { user: user(who), device: device.into(), name: name.into(), at_ms })
}

fn sign_out(s: &Subject, who: &str, device: &str, at_ms: u64) -> WriteResult {
    s.write(Op::SignOutDevice { user: user(who), device: device.into(), at_ms })
}

fn list(s: &Subject, who: &str) -> Vec<String> {
    let devices = s.read(s.store.devices(user(who)));
    let one = |d: &Device| format!("{} {:?} {}-{}", d.id, d.name, d.first_ms, d.last_ms);
    devices.iter().map(one).collect()
}

pub fn devices_are_listed_with_the_newest_first(s: &Subject) {
    s.users(&["a", "b"]);
    assert!(list(s, "a").is_empty());
    for (device, name, at_ms) in [("p", "Phone", 10), ("w", "", 20), ("t", "Tab", 20)] {
        assert_eq!(seen(s, "a", device, name, at_ms), Ok(Outcome::Done));
    }
    seen(s, "b", "p", "Other", 99).expect("noted");
    assert_eq!(list(s, "a"), ["t \"Tab\" 20-20", "w \"\" 20-20", "p \"Phone\" 10-10"]);
    seen(s, "a", "p", "", 30).expect("noted");
    seen(s, "a", "w", "Web", 15).expect("noted");
    assert_eq!(list(s, "a"), ["p \"Phone\" 10-30", "t \"Tab\" 20-20", "w \"Web\" 20-20"]);
    let unknown = Err(Rejection::UnknownUser(user("ghost")));
    assert_eq!(seen(s, "ghost", "p", "", 1), unknown);
    assert!(list(s, "ghost").is_empty());
    for n in 0..100 {
        seen(s, "a", &format!("n{n}"), "", 1_000).expect("noted");
    }
    assert_eq!(list(s, "a").len(), 100);
}

pub fn a_device_that_was_signed_out_is_not_listed_until_it_comes_back(s: &Subject) {
    s.users(&["a", "b"]);
    for device in ["p", "w"] {
        seen(s, "a", device, "", 10).expect("noted");
    }
    let signed_out = Outcome::SignedOut { user: user("a"), device: "p".into() };
    assert_eq!(sign_out(s, "a", "p", 50), Ok(signed_out.clone()));
    assert_eq!(list(s, "a"), ["w \"\" 10-10"]);
    let known = |device: &str| {
        let (who, known) = s.read(s.store.user_and_device(user("a"), device.into()));
        assert_eq!(who.map(|who| who.id), Some(user("a")), "of each device, also an unknown one");
        known
    };
    assert_eq!(known("p").map(|d| (d.last_ms, d.signed_out_ms)), Some((10, 50)));
    assert_eq!(sign_out(s, "a", "p", 40), Ok(signed_out), "again");
    seen(s, "a", "p", "", 60).expect("noted");
    assert_eq!(list(s, "a"), ["p \"\" 10-60", "w \"\" 10-10"]);
    assert_eq!(known("p").map(|d| d.signed_out_ms), Some(50), "old tokens stay refused");
    for (who, device) in [("a", "x"), ("b", "w"), ("ghost", "w")] {
        assert_eq!(sign_out(s, who, device, 70), Err(Rejection::UnknownDevice));
    }
    assert_eq!(known("x"), None);
    assert_eq!(known(""), None, "a sign-in without a device");
    assert_eq!(s.read(s.store.user_and_device(user("ghost"), "p".into())), (None, None));
}
