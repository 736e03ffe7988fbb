//! Rules that span keys, and files that keys name: judged after everything was read.
//! Each problem names the place where the offending key was set.

use std::{fs, net::Ipv6Addr, path::Path};

use magpie_auth::{
    EnvironmentKey, KeyAlgorithm, KeySource, OriginPolicy, SigningSecret, TokenKey, TurnSecret,
};

use super::{Config, Problem, SecretText, dialects::Mode};

/// A key file larger than this is something else.
const KEY_FILE_BYTES_MAX: u64 = 1_048_576;

/// Checks the whole; reads the API key from its file.
pub(super) fn check(config: &mut Config, dev_allow_remote: bool, problems: &mut Vec<Problem>) {
    let mut found = Found { config, problems };
    found.open_mode(dev_allow_remote);
    found.heartbeat();
    found.limits();
    found.dialects();
    found.log();
    found.origins();
    found.token_keys();
    found.api_key();
    found.calls();
    found.s3();
}

pub(super) struct Found<'a> {
    pub(super) config: &'a mut Config,
    problems: &'a mut Vec<Problem>,
}

impl Found<'_> {
    pub(super) fn say(&mut self, key: &str, text: String) {
        let place = self.config.place(key);
        self.problems.push(Problem { place, key: key.to_owned(), text });
    }

    fn open_mode(&mut self, dev_allow_remote: bool) {
        let listen = self.config.server.listen;
        if self.config.dialects.mode == Mode::Open
            && !listen.ip().is_loopback()
            && !dev_allow_remote
        {
            let mode = self.config.place("dialects.mode");
            let text = format!(
                "{listen} can be reached from other machines, but the dialects are open ({mode}): whoever \
                 types a user id reads that user's messages. Listen on 127.0.0.1, set dialects.mode to \
                 \"token\", or insist with --dev-allow-remote"
            );
            self.say("server.listen", text);
        }
    }

    fn heartbeat(&mut self) {
        let (interval_ms, timeout_ms) =
            (self.config.heartbeat.interval_ms, self.config.heartbeat.timeout_ms);
        if timeout_ms <= interval_ms {
            let text = format!(
                "{timeout_ms} is not above heartbeat.interval_ms ({interval_ms}): every client would be \
                 given up; 2.5 intervals are a good choice"
            );
            self.say("heartbeat.timeout_ms", text);
        }
    }

    fn limits(&mut self) {
        let limits = &self.config.limits;
        let (body_bytes, outbox_bytes) = (limits.body_bytes, limits.outbox_bytes);
        let (in_flight_bytes, http_body_bytes) = (limits.in_flight_bytes, limits.http_body_bytes);
        let (rate, burst) = (limits.messages_per_s, limits.messages_burst);
        for (key, bytes) in [
            ("limits.outbox_bytes", outbox_bytes),
            ("limits.in_flight_bytes", in_flight_bytes),
            ("limits.http_body_bytes", http_body_bytes),
        ] {
            if bytes < body_bytes.saturating_mul(2) {
                let text = format!(
                    "{bytes} is below twice limits.body_bytes ({body_bytes}): the largest message, escaped \
                     in a frame, must fit"
                );
                self.say(key, text);
            }
        }
        if burst < rate {
            self.say(
                "limits.messages_burst",
                format!("{burst} is below limits.messages_per_s ({rate})"),
            );
        }
    }

    fn dialects(&mut self) {
        let prefixes = [
            ("dialects.market.id_prefix", self.config.market.id_prefix.clone()),
            ("dialects.miao.id_prefix", self.config.miao.id_prefix.clone()),
            ("dialects.miniapp.id_prefix", self.config.miniapp.id_prefix.clone()),
            ("dialects.carwash.id_prefix", self.config.carwash.id_prefix.clone()),
            ("dialects.helpdesk.id_prefix", self.config.helpdesk.id_prefix.clone()),
        ];
        for (key, prefix) in prefixes {
            if prefix.len() > 32 || prefix.chars().any(char::is_control) {
                self.say(
                    key,
                    "at most 32 bytes and no control characters: it becomes part of user ids"
                        .to_owned(),
                );
            }
        }
        let enabled = &self.config.dialects.enabled;
        if let Some((at, twice)) =
            enabled.iter().enumerate().find(|(at, dialect)| enabled[..*at].contains(dialect))
        {
            let text = format!("\"{}\" is listed twice (entry {})", twice.as_str(), at + 1);
            self.say("dialects.enabled", text);
        }
    }

    fn log(&mut self) {
        if let Err(text) = crate::telemetry::read_filter(&self.config.log.level) {
            self.say("log.level", text);
        }
    }

    fn origins(&mut self) {
        if let Err(error) = OriginPolicy::new(&self.config.server.allowed_origins, true) {
            self.say("server.allowed_origins", error.to_string());
        }
    }

    fn token_keys(&mut self) {
        let identity = self.config.identity.clone();
        let hmac = identity.algorithm == KeyAlgorithm::Hs256;
        let public = [
            ("identity.public_key_file", identity.public_key_file.as_deref()),
            ("identity.jwks_file", identity.jwks_file.as_deref()),
        ];
        for (key, path) in public {
            if hmac && key == "identity.public_key_file" && path.is_some() {
                self.say(
                    key,
                    "a public key needs identity.algorithm RS256, ES256 or EdDSA".to_owned(),
                );
            }
        }
        if !hmac && public.iter().all(|(_, path)| path.is_none()) {
            let text = format!(
                "{} needs the issuer's public key: set identity.public_key_file or identity.jwks_file",
                identity.algorithm.as_str()
            );
            self.say("identity.algorithm", text);
        }
        let pem = public[0].1.filter(|_| !hmac);
        let sources = [
            ("identity.secret_file", identity.secret_file.as_deref()),
            ("identity.public_key_file", pem),
            public[1],
        ];
        for (key, path) in
            sources.into_iter().filter_map(|(key, path)| path.map(|path| (key, path)))
        {
            if let Err(text) = key_of(key, path, identity.algorithm) {
                self.say(key, text);
            }
        }
    }

    fn api_key(&mut self) {
        if let Some(path) = self.config.identity.api_key_file.clone() {
            if self.config.api_key.is_some() {
                let text = "MAGPIE_API_KEY is set too: keep one of them".to_owned();
                return self.say("identity.api_key_file", text);
            }
            match read_text(&path) {
                Ok(text) => self.config.api_key = Some(SecretText::new(text.trim_end())),
                Err(text) => return self.say("identity.api_key_file", text),
            }
        }
        let Some(key) = &self.config.api_key else { return };
        let file =
            self.config.identity.api_key_file.as_ref().map(|path| path.display().to_string());
        let dotted = if file.is_some() { "identity.api_key_file" } else { "identity.api_key" };
        let source = file.as_deref().unwrap_or("MAGPIE_API_KEY");
        if let Err(error) = EnvironmentKey::from_text(source, key.expose()) {
            self.say(dotted, error.to_string());
        }
    }
}

impl Found<'_> {
    /// Reads the TURN secret from its file; judges what belongs together.
    fn calls(&mut self) {
        let calls = self.config.calls.clone();
        for (key, urls, schemes) in [
            ("calls.stun_urls", &calls.stun_urls, ["stun:", "stuns:"]),
            ("calls.turn_urls", &calls.turn_urls, ["turn:", "turns:"]),
        ] {
            if let Some(text) = urls.iter().find_map(|url| url_trouble(url, schemes)) {
                self.say(key, text);
            }
        }
        let file = calls.turn_secret_file.as_deref();
        let (key, secret) = match (calls.turn_secret, file) {
            (Some(_), Some(_)) => {
                let text = "calls.turn_secret is set too: keep one of them".to_owned();
                return self.say("calls.turn_secret_file", text);
            }
            (None, None) if calls.turn_urls.is_empty() => return,
            (None, None) => {
                let text = "TURN servers take nobody without calls.turn_secret (coturn's \
                            static-auth-secret) or calls.turn_secret_file"
                    .to_owned();
                return self.say("calls.turn_urls", text);
            }
            (Some(secret), None) => ("calls.turn_secret", secret),
            (None, Some(path)) => match read_text(path) {
                Ok(text) => ("calls.turn_secret_file", SecretText::new(text.trim_end())),
                Err(text) => return self.say("calls.turn_secret_file", text),
            },
        };
        if let Err(error) = TurnSecret::from_text("the TURN secret", secret.expose()) {
            self.say(key, error.to_string());
        }
        self.config.calls.turn_secret = Some(secret);
    }
}

/// What is wrong with the address of a STUN or TURN server. A browser throws at one that it cannot
/// read, and then no call of that client is connected.
fn url_trouble(url: &str, schemes: [&str; 2]) -> Option<String> {
    let [plain, secure] = schemes;
    let Some(rest) = schemes.iter().find_map(|scheme| url.strip_prefix(scheme)) else {
        return Some(format!("{url:?} begins with neither {plain:?} nor {secure:?}"));
    };
    let (server, query) =
        rest.split_once('?').map_or((rest, None), |(at, query)| (at, Some(query)));
    let is_turn = plain == "turn:";
    let query_is_good = match query {
        None => true,
        Some(query) => is_turn && matches!(query, "transport=udp" | "transport=tcp"),
    };
    // Of an address in brackets the last colon before its end is no port's.
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (server, None),
    };
    let port_is_good = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let host_is_good = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => {
            let is_of_names = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !host.is_empty() && host.bytes().all(is_of_names)
        }
    };
    if host_is_good && port_is_good && query_is_good {
        return None;
    }
    let tail = if is_turn {
        ", for TURN with \"?transport=udp\" or \"?transport=tcp\" after it"
    } else {
        ""
    };
    Some(format!(
        "{url:?} is no address of such a server: write \"{plain}host\" or \"{plain}host:port\"{tail}"
    ))
}

/// Reads and judges the keys of one file, as the start will.
fn key_of(key: &str, path: &Path, algorithm: KeyAlgorithm) -> Result<(), String> {
    let text = read_text(path)?;
    let source = match key {
        "identity.secret_file" => {
            let what = format!("the secret in {}", path.display());
            return SigningSecret::from_text(&what, &text)
                .map(drop)
                .map_err(|error| error.to_string());
        }
        "identity.public_key_file" => KeySource::PublicPem { kid: None, algorithm, pem: text },
        _ => KeySource::Jwks { json: text },
    };
    TokenKey::load(&source, None).map(drop).map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads a small text file, with an error a person can act on.
pub(crate) fn read_text(path: &Path) -> Result<String, String> {
    let wrong = |what: String| format!("{} {what}", path.display());
    let about = fs::metadata(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    if !about.is_file() || about.len() > KEY_FILE_BYTES_MAX {
        return Err(wrong("is not a small text file".to_owned()));
    }
    fs::read_to_string(path).map_err(|error| wrong(format!("cannot be read: {error}")))
}
