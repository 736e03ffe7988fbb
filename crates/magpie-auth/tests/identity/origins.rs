//! The origin allow-list against the tricks that have fooled others.

use magpie_auth::{OriginError, OriginPolicy, SetupError};

const LIST: [&str; 5] = [
    "https://chat.example.com",
    "http://localhost:5173",
    "https://Shop.Example.com:8443",
    "http://[::1]:3000",
    "capacitor://localhost",
];
const HOST: Option<&str> = Some("im.example.com:8080");

#[test]
fn each_origin_gets_the_documented_answer() {
    let policy = OriginPolicy::new(&LIST, true).unwrap();
    let (ok, not_listed, malformed) =
        (Ok(()), Err(OriginError::NotListed), Err(OriginError::Malformed));
    for (origin, answer) in [
        ("https://chat.example.com", ok),
        ("https://chat.example.com:443", ok),
        ("HTTPS://Chat.Example.COM", ok),
        ("http://localhost:5173", ok),
        ("https://shop.example.com:8443", ok),
        ("http://[::1]:3000", ok),
        ("capacitor://localhost", ok),
        ("http://im.example.com:8080", ok),
        ("https://im.example.com:8080", ok),
        ("http://IM.example.com:8080", ok),
        ("http://im.example.com", not_listed),
        ("https://im.example.com:8443", not_listed),
        ("http://chat.example.com", not_listed),
        ("https://chat.example.com:8443", not_listed),
        ("https://chat.example.com.evil.com", not_listed),
        ("https://evilchat.example.com", not_listed),
        ("https://a.chat.example.com", not_listed),
        ("https://example.com", not_listed),
        ("https://chat-example.com", not_listed),
        ("https://chatxexample.com", not_listed),
        ("https://chat.example.com.", not_listed),
        ("http://localhost:51730", not_listed),
        ("http://localhost", not_listed),
        ("http://127.0.0.1:5173", not_listed),
        ("http://[::1]", not_listed),
        ("capacitor://im.example.com:8080", not_listed),
        ("chrome-extension://abcdef", not_listed),
        ("null", Err(OriginError::Null)),
        ("NULL", malformed),
        ("", malformed),
        ("*", malformed),
        ("chat.example.com", malformed),
        ("//chat.example.com", malformed),
        ("https://", malformed),
        ("https://chat.example.com/", malformed),
        ("https://chat.example.com/path", malformed),
        ("https://chat.example.com@evil.com", malformed),
        ("https://user:pw@chat.example.com", malformed),
        ("https://chat.example.com#.evil.com", malformed),
        ("https://chat.example.com?x", malformed),
        ("https://evil.com\\chat.example.com", malformed),
        ("https://chat.example.com https://evil.com", malformed),
        ("https://chat.example.com, https://evil.com", malformed),
        (" https://chat.example.com", malformed),
        ("https://chat.example.com\0.evil.com", malformed),
        ("https://chat.example.com:", malformed),
        ("https://chat.example.com:+443", malformed),
        ("https://chat.example.com:65536", malformed),
        ("https://chat.example.com:443:443", malformed),
        ("https://chаt.example.com", malformed),
        ("https://chat%2eexample.com", malformed),
        ("http://[::1]evil.com", malformed),
        ("http://[evil.com]", malformed),
        ("1http://chat.example.com", malformed),
    ] {
        assert_eq!(policy.check(Some(origin), HOST), answer, "{origin:?}");
    }
}

#[test]
fn a_client_that_is_no_browser_page_is_allowed() {
    let policy = OriginPolicy::new::<&str>(&[], false).unwrap();
    assert_eq!(policy.check(None, HOST), Ok(()));
    assert_eq!(policy.check(None, None), Ok(()));
}

#[test]
fn a_page_of_the_same_host_is_allowed_unless_switched_off() {
    let (on, off) = (OriginPolicy::default(), OriginPolicy::new::<&str>(&[], false).unwrap());
    for (origin, host, same) in [
        ("http://a.example", "a.example", true),
        ("http://a.example", "a.example:80", true),
        ("https://a.example", "a.example", true),
        ("https://a.example", "a.example:443", true),
        ("https://a.example:443", "A.example", true),
        ("http://127.0.0.1:8080", "127.0.0.1:8080", true),
        ("http://[::1]:8080", "[::1]:8080", true),
        ("https://a.example", "a.example:80", false),
        ("http://a.example", "b.example", false),
        ("http://a.example", "a.example.b.example", false),
        ("http://a.example", "a.example:8080", false),
        ("http://a.example", "", false),
        ("http://a.example", "a.example@b.example", false),
        ("http://a.example", "a.example/", false),
        ("app://a.example", "a.example", false),
    ] {
        let expected = if same { Ok(()) } else { Err(OriginError::NotListed) };
        assert_eq!(on.check(Some(origin), Some(host)), expected, "{origin} at {host:?}");
        assert_eq!(off.check(Some(origin), Some(host)), Err(OriginError::NotListed), "{origin}");
    }
    assert_eq!(on.check(Some("http://a.example"), None), Err(OriginError::NotListed));
}

#[test]
fn null_and_everything_are_allowed_only_when_listed() {
    let null = OriginPolicy::new(&["null"], true).unwrap();
    assert_eq!(null.check(Some("null"), HOST), Ok(()));
    assert_eq!(null.check(Some("https://evil.com"), HOST), Err(OriginError::NotListed));
    let any = OriginPolicy::new(&["*"], true).unwrap();
    assert!(any.allows_any() && !null.allows_any());
    for origin in ["null", "https://evil.com", "whatever"] {
        assert_eq!(any.check(Some(origin), HOST), Ok(()));
    }
}

#[test]
fn an_entry_that_could_never_fit_is_refused_with_what_to_write() {
    for (entry, advice) in [
        ("https://*.example.com", "wildcards"),
        ("https://chat.example.com/", "slash"),
        ("chat.example.com", "scheme is missing"),
        ("https://chat.example.com/app", "nothing else"),
        ("https://聊天.example", "xn--"),
        ("", "scheme is missing"),
    ] {
        match OriginPolicy::new(&["https://good.example", entry], true) {
            Err(SetupError::BadOrigin { entry: named, reason }) => {
                assert_eq!(named, entry);
                assert!(reason.contains(advice), "{entry}: {reason}");
            }
            other => panic!("{entry}: {other:?}"),
        }
    }
    assert_eq!(OriginError::NotListed.code().as_str(), "origin_refused");
}
