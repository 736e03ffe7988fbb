//! Bad configurations and what is said about them; the order of the sources.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use magpie_server::config::{Config, Flags, Place, dialects::Mode};
use tempfile::TempDir;

/// Loads a text as a file named `m.toml`.
fn load_text(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    load_in(&folder, text.as_bytes(), variables, &Flags::default())
}

fn load_in(
    folder: &TempDir,
    text: &[u8],
    variables: &[(&str, &str)],
    flags: &Flags,
) -> Result<Config, String> {
    let file = folder.path().join("m.toml");
    fs::write(&file, text).unwrap();
    let flags = Flags { config: Some(file), ..flags.clone() };
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(&flags, variables).map_err(|error| error.to_string())
}

/// A file, and what has to be said about it.
const MISTAKES: &[(&str, &[&str])] = &[
    (
        "[server]\nlissten = \"127.0.0.1:1\"",
        &["m.toml:2: server.lissten: no such key; did you mean `listen`?"],
    ),
    (
        "[sever]\nlisten = \"127.0.0.1:1\"",
        &["m.toml:1: sever: no such section; did you mean `server`?"],
    ),
    (
        "[dialects.markt]\nid_prefix = \"a\"",
        &["m.toml:1: dialects.markt: no such section; did you mean `dialects.market`?"],
    ),
    (
        "listen = \"127.0.0.1:1\"",
        &["m.toml:1: listen: no such key here; it belongs under `[server]`"],
    ),
    (
        "[web]\nblubberblubb = 1",
        &["m.toml:2: web.blubberblubb: no such key; docs/config.md lists all keys"],
    ),
    ("server = 1", &["m.toml:1: server: this is a section: write `[server]`"]),
    (
        "[server]\n\n\nlisten = 80",
        &["m.toml:4: server.listen: expected an address with a port", "found 80"],
    ),
    (
        "[server]\nlisten = \"localhost\"",
        &["m.toml:2: server.listen: expected an address", "found \"localhost\""],
    ),
    ("[server]\nlisten = \"127.0.0.1:99999\"", &["m.toml:2: server.listen"]),
    ("[server]\ndata = \"\"", &["m.toml:2: server.data: expected a path, found \"\""]),
    (
        "[server]\nworkers = \"two\"",
        &["m.toml:2: server.workers: expected a whole number, found \"two\""],
    ),
    ("[server]\nworkers = -1", &["m.toml:2: server.workers: expected a whole number, found -1"]),
    ("[server]\nworkers = 1.5", &["m.toml:2: server.workers: expected a whole number, found 1.5"]),
    (
        "[server]\nworkers = 99999999999999999999",
        &["m.toml:2: server.workers: expected a whole number"],
    ),
    (
        "[server]\nworkers = 5000",
        &["m.toml:2: server.workers: 5000 is out of range: allowed are 0 to 1024"],
    ),
    (
        "[server]\nworkers = {}",
        &["m.toml:2: server.workers: expected a whole number, found a table"],
    ),
    (
        "[server]\ndrain_s = 0",
        &["m.toml:2: server.drain_s: 0 is out of range: allowed are 1 to 300"],
    ),
    (
        "[server]\ntrusted_proxies = [\"nginx\"]",
        &["m.toml:2: server.trusted_proxies: expected an address or a network", "found \"nginx\""],
    ),
    (
        "[server]\ntrusted_proxies = \"127.0.0.1\"",
        &["m.toml:2: server.trusted_proxies: expected a list"],
    ),
    (
        "[server]\nallowed_origins = [\"shop.example.com\"]",
        &["m.toml:2: server.allowed_origins: ", "shop.example.com"],
    ),
    ("[web]\nenabled = \"yes\"", &["m.toml:2: web.enabled: expected true or false, found \"yes\""]),
    (
        "[log]\nformat = \"xml\"",
        &["m.toml:2: log.format: expected one of \"text\", \"json\", found \"xml\""],
    ),
    (
        "[log]\nlevel = \"loud\"",
        &["m.toml:2: log.level: \"loud\" is not a level", "use error, warn"],
    ),
    (
        "[identity]\nalgorithm = \"none\"",
        &["m.toml:2: identity.algorithm: expected one of \"HS256\"", "found \"none\""],
    ),
    (
        "[identity]\nalgorithm = \"ES256\"",
        &["m.toml:2: identity.algorithm: ES256 needs the issuer's public key"],
    ),
    (
        "[identity]\npublic_key_file = \"k.pem\"",
        &["m.toml:2: identity.public_key_file: a public key needs identity.algorithm"],
    ),
    (
        "[identity]\nsecret_file = \"/nowhere/secret\"",
        &["m.toml:2: identity.secret_file: /nowhere/secret cannot be read"],
    ),
    (
        "[identity]\napi_key_file = \"/nowhere/key\"",
        &["m.toml:2: identity.api_key_file: /nowhere/key cannot be read"],
    ),
    (
        "[dialects]\nmode = \"closed\"",
        &["m.toml:2: dialects.mode: expected one of \"token\", \"signed\", \"open\""],
    ),
    (
        "[dialects]\nenabled = [\"market\", \"markt\"]",
        &["m.toml:2: dialects.enabled: expected one of \"market\"", "found \"markt\""],
    ),
    (
        "[dialects]\nenabled = [\"miao\", \"miao\"]",
        &["m.toml:2: dialects.enabled: \"miao\" is listed twice (entry 2)"],
    ),
    (
        "[dialects.helpdesk]\ntimezone = \"Asia/Shanghai\"",
        &["m.toml:2: dialects.helpdesk.timezone: expected an offset from UTC"],
    ),
    (
        "[dialects.market]\nid_prefix = \"a\\u0000b\"",
        &["m.toml:2: dialects.market.id_prefix: at most 32 bytes and no control"],
    ),
    (
        "[dialects]\nmode = \"open\"\n[server]\nlisten = \"0.0.0.0:80\"",
        &["m.toml:4: server.listen: 0.0.0.0:80 can be reached", "m.toml:2", "--dev-allow-remote"],
    ),
    (
        "[heartbeat]\ninterval_ms = 30000\ntimeout_ms = 30000",
        &["m.toml:3: heartbeat.timeout_ms: 30000 is not above"],
    ),
    (
        "[limits]\noutbox_bytes = 65536",
        &["m.toml:2: limits.outbox_bytes: 65536 is below twice limits.body_bytes (65536)"],
    ),
    (
        "[limits]\nmessages_burst = 1",
        &["m.toml:2: limits.messages_burst: 1 is below limits.messages_per_s (1000)"],
    ),
    ("[calls]\nenabled = \"yes\"", &["m.toml:2: calls.enabled: expected true or false"]),
    (
        "[calls]\nturn_url = [\"turn:turn.example.com\"]",
        &["m.toml:2: calls.turn_url: no such key; did you mean `turn_urls`?"],
    ),
    ("[calls]\nring_s = 0", &["m.toml:2: calls.ring_s: 0 is out of range: allowed are 1 to 600"]),
    (
        "[calls]\nring_s = 86400",
        &["m.toml:2: calls.ring_s: 86400 is out of range: allowed are 1 to 600"],
    ),
    ("[calls]\nring_s = \"45 s\"", &["m.toml:2: calls.ring_s: expected a whole number"]),
    (
        "[calls]\nlost_after_s = 601",
        &["m.toml:2: calls.lost_after_s: 601 is out of range: allowed are 1 to 600"],
    ),
    (
        "[calls]\nturn_ttl_s = 59",
        &["m.toml:2: calls.turn_ttl_s: 59 is out of range: allowed are 60 to 86400"],
    ),
    (
        "[calls]\nturn_urls = \"turn:turn.example.com\"",
        &["m.toml:2: calls.turn_urls: expected a list"],
    ),
    (
        "[calls]\nturn_urls = [\"https://turn.example.com\"]",
        &[
            "m.toml:2: calls.turn_urls: \"https://turn.example.com\" begins with neither \"turn:\" nor",
        ],
    ),
    (
        "[calls]\nstun_urls = [\"stun:a.example.com\", \"turn:a.example.com\"]",
        &["m.toml:2: calls.stun_urls: \"turn:a.example.com\" begins with neither \"stun:\" nor"],
    ),
    (
        "[calls]\nturn_urls = [\"turn:turn.example.com:3478\"]",
        &["m.toml:2: calls.turn_urls: TURN servers take nobody without calls.turn_secret"],
    ),
    (
        "[calls]\nturn_urls = [\"turn:turn.example.com\"]\nturn_secret = \"0123456789abcdef\"",
        &["m.toml:3: calls.turn_secret: the TURN secret has 16 characters, at least 32"],
    ),
    (
        "[calls]\nturn_secret = \"0123456789abcdef 0123456789abcdef\"",
        &["m.toml:2: calls.turn_secret: the TURN secret holds spaces"],
    ),
    (
        "[calls]\nturn_secret = \"0123456789abcdef0123456789abcdef\"\nturn_secret_file = \"s\"",
        &["m.toml:3: calls.turn_secret_file: calls.turn_secret is set too: keep one of them"],
    ),
    (
        "[calls]\nturn_secret_file = \"/nowhere/turn\"",
        &["m.toml:2: calls.turn_secret_file: /nowhere/turn cannot be read"],
    ),
    ("[server]\nworkers = 1\nworkers = 2", &["m.toml:3: not TOML: duplicate key"]),
    ("[server\nworkers = 1", &["m.toml:1: not TOML: "]),
    ("[server]\nlisten = ", &["m.toml:2: not TOML: "]),
];

#[test]
fn each_mistake_in_a_file_is_named_with_its_line_and_key() {
    for (text, parts) in MISTAKES {
        let error = load_text(text, &[]).unwrap_err();
        for part in *parts {
            assert!(error.contains(part), "{text:?}\n  gives {error}\n  without {part:?}");
        }
    }
}

/// A secret with which nothing but the addresses can be wrong.
const TURN: &str = "turn_secret = \"0123456789abcdef0123456789abcdef\"";

#[test]
fn an_address_that_browsers_cannot_read_is_refused_before_a_call_finds_out() {
    for url in [
        "turn:",
        "turn://turn.example.com",
        "turn:turn.example.com/",
        "turn:user@turn.example.com",
        "turn: turn.example.com",
        "turn::3478",
        "turn:turn.example.com:",
        "turn:turn.example.com:0",
        "turn:turn.example.com:65536",
        "turn:turn.example.com:3478:3479",
        "turn:turn.example.com?transport=quic",
        "turns:turn.example.com?tcp",
        "turn:[2001:db8::1",
        "turn:2001:db8::1",
        "turn:[turn.example.com]",
    ] {
        let error = load_text(&format!("[calls]\n{TURN}\nturn_urls = [{url:?}]"), &[]).unwrap_err();
        let wanted = format!("m.toml:3: calls.turn_urls: {url:?} is no address of such a server");
        assert!(error.contains(&wanted) && error.contains("write \"turn:host\""), "{error}");
    }
    let error = load_text("[calls]\nstun_urls = [\"stun:a.example.com?transport=udp\"]", &[]);
    assert!(
        error.unwrap_err().contains("calls.stun_urls: \"stun:a.example.com?transport=udp\" is no")
    );

    for url in [
        "turn:turn.example.com",
        "turn:turn.example.com:3478?transport=udp",
        "turns:turn.example.com:5349?transport=tcp",
        "turn:192.0.2.7:3478",
        "turn:[2001:db8::1]",
        "turn:[2001:db8::1]:3478",
    ] {
        let text = format!("[calls]\n{TURN}\nturn_urls = [{url:?}]");
        assert_eq!(load_text(&text, &[]).unwrap().calls.turn_urls, [url]);
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let error = load_text(
        "[server]\nworkers = -1\nlissten = 1\n[web]\nenabled = 3",
        &[("MAGPIE_LOG__FORMAT", "xml")],
    );
    let error = error.unwrap_err();
    assert!(error.starts_with("bad configuration (4 problems)"), "{error}");
    assert_eq!(error.lines().count(), 5, "{error}");
}

#[test]
fn a_file_that_is_no_text_or_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = load_in(&folder, b"[server]\nworkers = \xff", &[], &Flags::default()).unwrap_err();
    assert!(error.contains("m.toml:1: is not UTF-8 (byte 19)"), "{error}");
    let flags = Flags { config: Some("/nowhere/m.toml".into()), ..Flags::default() };
    let error = Config::load(&flags, []).unwrap_err().to_string();
    assert!(
        error.contains("--config: /nowhere/m.toml does not exist") && error.contains("magpie init"),
        "{error}"
    );
    let named = [("MAGPIE_CONFIG".to_owned(), "/nowhere/m.toml".to_owned())];
    let error = Config::load(&Flags::default(), named).unwrap_err().to_string();
    assert!(error.contains("environment MAGPIE_CONFIG: /nowhere/m.toml does not exist"), "{error}");
}

#[test]
fn each_mistake_in_the_environment_is_named_with_its_variable() {
    let table = [
        (
            "MAGPIE_SERVER__LISTEN",
            "80",
            "environment MAGPIE_SERVER__LISTEN: server.listen: expected an address",
        ),
        ("MAGPIE_LISTEN", "80", "environment MAGPIE_LISTEN: server.listen: expected an address"),
        (
            "MAGPIE_SERVER__LISSTEN",
            "a",
            "environment MAGPIE_SERVER__LISSTEN: no such key; did you mean `MAGPIE_SERVER__LISTEN`?",
        ),
        ("MAGPIE_BLUB__BLUB", "a", "environment MAGPIE_BLUB__BLUB: no such key"),
        (
            "MAGPIE_LISTN",
            "a",
            "environment MAGPIE_LISTN: no such variable; did you mean `MAGPIE_LISTEN`?",
        ),
        (
            "MAGPIE_LIMITS__IN_FLIGHT",
            "0",
            "environment MAGPIE_LIMITS__IN_FLIGHT: limits.in_flight: 0 is out of range",
        ),
        (
            "MAGPIE_API_KEY",
            "short",
            "environment MAGPIE_API_KEY: identity.api_key: the API key in MAGPIE_API_KEY has 5 characters, at least 32",
        ),
        ("MAGPIE_API_KEY", "1234567890123456789012345678901", "has 31 characters, at least 32"),
    ];
    for (name, value, part) in table {
        let error = load_text("", &[(name, value)]).unwrap_err();
        assert!(error.contains(part), "{name}={value}\n  gives {error}\n  without {part:?}");
    }
    // Other programs' names and empty values are no business of ours.
    assert!(
        load_text(
            "",
            &[("MAGPIE_PORT_8080_TCP", "tcp://"), ("MAGPIE_LISTEN", ""), ("SERVER__X", "1")]
        )
        .is_ok()
    );
}

#[test]
fn a_weak_secret_never_shows_in_its_error() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "hunter2\n").unwrap();
    let text = format!("[identity]\nsecret_file = {:?}", secret.display().to_string());
    let variables = [("MAGPIE_API_KEY", "swordfish"), ("MAGPIE_CALLS__TURN_SECRET", "opensesame")];
    let error = load_text(&text, &variables).unwrap_err();
    assert!(
        error.contains("m.toml:2: identity.secret_file: ") && error.contains("at least 32"),
        "{error}"
    );
    for secret in ["hunter2", "swordfish", "opensesame"] {
        assert!(!error.contains(secret), "{error}");
    }
}

#[cfg(not(feature = "s3"))]
#[test]
fn keys_of_an_object_store_are_refused_by_a_binary_that_was_built_without() {
    let error = load_text("[media.s3]\nbucket = \"files\"", &[]).unwrap_err();
    assert!(error.contains("m.toml:2: media.s3.bucket: this binary was built without"), "{error}");
    assert!(error.contains("make build FEATURES=s3"), "{error}");
    let variable = ("MAGPIE_MEDIA__S3__SECRET_KEY", "a-secret-that-nobody-shows");
    let error = load_text("", &[variable]).unwrap_err();
    assert!(error.contains("MAGPIE_MEDIA__S3__SECRET_KEY: media.s3.secret_key: "), "{error}");
    assert!(!error.contains(variable.1), "{error}");
}

/// A value for each key that differs from its default, by the default's own look.
fn other_value(dotted: &str, shown: Option<&str>) -> String {
    let fixed = match dotted {
        "server.listen" => "127.0.0.2:81",
        "server.trusted_proxies" => "10.0.0.0/8, ::1",
        "server.allowed_origins" => "https://a.example.com",
        "identity.algorithm" => "EdDSA",
        "dialects.mode" => "signed",
        "dialects.enabled" => "miao",
        "dialects.helpdesk.timezone" => "-05:30",
        "log.format" => "json",
        "log.level" => "debug",
        "heartbeat.interval_ms" => "20000",
        "limits.body_bytes" => "60000",
        _ => "",
    };
    match (fixed, shown) {
        ("", Some("true")) => "false".to_owned(),
        ("", Some("false")) => "true".to_owned(),
        ("", Some(number)) if number.parse::<u64>().is_ok() => {
            (number.parse::<u64>().unwrap() + 1).to_string()
        }
        ("", _) => "other".to_owned(),
        (fixed, _) => fixed.to_owned(),
    }
}

#[test]
fn every_key_can_be_set_by_its_variable() {
    let defaults = Config::default();
    let mut variables_seen = BTreeSet::new();
    for section in defaults.sections() {
        for key in section.keys() {
            let dotted = format!("{}.{}", section.name(), key.name);
            let variable = format!("MAGPIE_{}__{}", section.name().replace('.', "__"), key.name)
                .to_ascii_uppercase();
            let shown = section.show(key.name);
            let value = other_value(&dotted, shown.as_deref());
            // Files that do not exist and rules that span keys are other tests' business: here the
            // value must arrive, so the problems may only be about what the value points to.
            match load_text("", &[(&variable, &value)]) {
                Ok(config) => {
                    let found =
                        config.sections().into_iter().find(|found| found.name() == section.name());
                    assert_ne!(found.unwrap().show(key.name), shown, "{variable}={value}");
                    assert_eq!(config.place(&dotted), Place::Environment(variable.clone()));
                }
                Err(error) => {
                    let points_elsewhere = dotted.ends_with("_file")
                        || dotted.starts_with("media.s3.")
                        || dotted.ends_with("_urls")
                        || ["identity.algorithm", "calls.turn_secret"].contains(&dotted.as_str());
                    assert!(points_elsewhere, "{variable}={value}: {error}");
                    assert!(
                        error.contains(&format!("environment {variable}: {dotted}: ")),
                        "{error}"
                    );
                }
            }
            assert!(variables_seen.insert(variable.clone()), "{variable} names two keys");
        }
    }
    assert!(variables_seen.len() > 40);
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = b"[server]\nlisten = \"127.0.0.1:1\"\ndata = \"file\"\ndrain_s = 11";
    let variables = [
        ("MAGPIE_LISTEN", "127.0.0.1:2"),
        ("MAGPIE_SERVER__LISTEN", "127.0.0.1:3"),
        ("MAGPIE_DATA", "environment"),
    ];
    let flags = Flags { listen: Some("127.0.0.1:4".to_owned()), ..Flags::default() };
    let config = load_in(&folder, text, &variables, &flags).unwrap();
    assert_eq!(config.server.listen.port(), 4);
    assert_eq!(config.server.data, PathBuf::from("environment"));
    assert_eq!(config.server.drain_s, 11);
    let config = load_in(&folder, text, &variables, &Flags::default()).unwrap();
    assert_eq!(config.server.listen.port(), 3);
    let config = load_in(&folder, text, &[], &Flags::default()).unwrap();
    assert_eq!(config.server.listen.port(), 1);
    assert!(matches!(config.place("server.listen"), Place::File { line: 2, .. }));
}

#[test]
fn dev_opens_the_dialects_on_loopback_only() {
    let folder = tempfile::tempdir().unwrap();
    let text = b"[dialects]\nmode = \"token\"";
    let dev = Flags { dev: true, ..Flags::default() };
    let config = load_in(&folder, text, &[], &dev).unwrap();
    assert_eq!(config.dialects.mode, Mode::Open);
    assert!(config.identity.create_unknown_users && config.miniapp.broadcast);

    let remote = Flags { listen: Some("0.0.0.0:8080".to_owned()), ..dev };
    let error = load_in(&folder, text, &[], &remote).unwrap_err();
    assert!(error.contains("--listen: server.listen: 0.0.0.0:8080 can be reached"), "{error}");
    assert!(error.contains("(--dev)") && error.contains("--dev-allow-remote"), "{error}");
    let insisting = Flags { dev_allow_remote: true, ..remote };
    assert!(load_in(&folder, text, &[], &insisting).is_ok());
}

#[test]
fn an_api_key_comes_from_the_environment_or_a_file_but_not_both() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("api-key");
    fs::write(&file, "abcdefghijklmnopqrstuvwxyz0123456789\n").unwrap();
    let text = format!("[identity]\napi_key_file = {:?}", file.display().to_string());
    let config = load_text(&text, &[]).unwrap();
    assert_eq!(config.api_key.as_ref().unwrap().expose(), "abcdefghijklmnopqrstuvwxyz0123456789");
    assert!(!format!("{config:?}").contains("abcdefghijklm"), "debug output shows the key");
    let error = load_text(&text, &[("MAGPIE_API_KEY", "0123456789abcdefghijklmnopqrstuvwxyz")])
        .unwrap_err();
    assert!(
        error.contains("m.toml:2: identity.api_key_file: MAGPIE_API_KEY is set too"),
        "{error}"
    );
}
