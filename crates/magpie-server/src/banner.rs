//! The start-up block on standard output: where everything is and what is not safe. In Chinese or
//! English by the locale; the last line is the same in every language, because scripts wait for it.
//! Only shows what it is given; never a secret besides the API key that was just made.

use std::{fmt::Write as _, net::SocketAddr};

use crate::{
    commands::{serve::ServeFlags, version::VERSION},
    config::{Config, dialects::Mode},
};

/// The languages of the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// The language of the locale: `LC_ALL`, then `LC_MESSAGES`, then `LANG`.
    #[must_use]
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set).unwrap_or_default();
        if locale.to_ascii_lowercase().starts_with("zh") { Self::Chinese } else { Self::English }
    }

    fn pick<'a>(self, english: &'a str, chinese: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }
}

/// What the block shows.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// `--dev` and `--demo`.
    pub flags: ServeFlags,
    /// The address that was bound.
    pub address: SocketAddr,
    /// The API key, if the start has just made it.
    pub new_api_key: Option<&'a str>,
    /// Demo users: id and name.
    pub demo_users: &'a [(&'a str, &'a str)],
    /// What others found that the operator should mend (open key files and the like).
    pub warnings: &'a [String],
}

/// The block without its last line.
#[must_use]
pub fn block(facts: &Facts<'_>, language: Language) -> String {
    let mut out = format!("{VERSION}\n");
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "  {name}: {value}");
    };
    let data = std::path::absolute(&facts.config.server.data);
    let data = data.as_ref().unwrap_or(&facts.config.server.data);
    line(language.pick("data directory", "数据目录"), &data.display().to_string());
    let file = facts.config.file.as_ref().map_or_else(
        || language.pick("none (magpie init writes one)", "无(magpie init 可生成)").to_owned(),
        |path| path.display().to_string(),
    );
    line(language.pick("configuration", "配置文件"), &file);
    line(language.pick("listening on", "监听地址"), &facts.address.to_string());
    let base = format!("http://{}", reachable(facts.address));
    if facts.config.web.enabled {
        line(language.pick("chat page", "聊天页面"), &format!("{base}/"));
        line(language.pick("API docs", "接口文档"), &format!("{base}/docs"));
    }
    line(language.pick("metrics", "监控指标"), &format!("{base}/metrics"));
    if facts.flags.demo && !facts.demo_users.is_empty() {
        let users: Vec<_> = facts.demo_users.iter().map(|(id, name)| account(id, name)).collect();
        let names = language.pick("demo accounts (no password)", "演示账号(无需密码)");
        line(names, &users.join(language.pick(", ", "、")));
    }
    if let Some(key) = facts.new_api_key {
        line(language.pick("API key, shown only this once", "API 密钥(仅显示这一次)"), key);
    }
    let mark = language.pick("  ! ", "  !注意:");
    for warning in unsafe_defaults(facts, language).iter().chain(facts.warnings) {
        let _ = writeln!(out, "{mark}{warning}");
    }
    out
}

/// The last line.
#[must_use]
pub fn ready(elapsed_ms: u64) -> String {
    format!("magpie ready in {elapsed_ms} ms")
}

fn account(id: &str, name: &str) -> String {
    if name.is_empty() || name == id { id.to_owned() } else { format!("{id} ({name})") }
}

/// An address that a browser on this machine can open.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut shown = address;
    if address.ip().is_unspecified() {
        let loopback: std::net::IpAddr = if address.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        };
        shown.set_ip(loopback);
    }
    shown
}

/// A line for each thing that is fit for trying out and not for the public.
fn unsafe_defaults(facts: &Facts<'_>, language: Language) -> Vec<String> {
    let config = facts.config;
    let open = config.dialects.mode == Mode::Open && !config.dialects.enabled.is_empty();
    let remote = !facts.address.ip().is_loopback();
    let any_origin = config.server.allowed_origins.iter().any(|entry| entry == "*");
    let lines = [
        (
            facts.flags.dev,
            "development mode: unknown users are created on first sight; do not publish this port",
            "开发模式:未知用户首次出现即自动创建,请勿对外开放此端口",
        ),
        (
            open,
            "open dialects: whoever types a user id reads that user's messages (dialects.mode)",
            "旧协议入口未设防:任何人输入用户 id 即可读取其消息(dialects.mode)",
        ),
        (
            facts.flags.demo,
            "demo: anybody may sign in as a demo user",
            "演示模式:任何人都可以以演示账号登录",
        ),
        (
            remote && config.server.trusted_proxies.is_empty(),
            "reachable from other machines without TLS: put a TLS proxy in front, name it in \
             server.trusted_proxies",
            "其他机器可直接访问且没有 TLS:请在前面放置 TLS 代理,并写入 server.trusted_proxies",
        ),
        (
            any_origin,
            "pages of every origin may connect (server.allowed_origins has \"*\")",
            "任何来源的网页都可以连接(server.allowed_origins 含有 \"*\")",
        ),
        (
            config.miniapp.broadcast,
            "every mini-program user may send to everyone (dialects.miniapp.broadcast)",
            "任何小程序用户都可以向所有人群发(dialects.miniapp.broadcast)",
        ),
        (
            config.helpdesk.broadcast,
            "every helpdesk message goes to everybody (dialects.helpdesk.broadcast)",
            "客服消息会发给所有人(dialects.helpdesk.broadcast)",
        ),
    ];
    let holds = lines.into_iter().filter(|(holds, ..)| *holds);
    holds.map(|(_, english, chinese)| language.pick(english, chinese).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn facts<'a>(config: &'a Config, flags: ServeFlags, address: &str) -> Facts<'a> {
        Facts {
            config,
            flags,
            address: address.parse().unwrap(),
            new_api_key: None,
            demo_users: &[],
            warnings: &[],
        }
    }

    #[test]
    fn the_language_follows_the_locale() {
        let of = |set: &[(&str, &str)]| {
            Language::of(|name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, v)| (*v).to_owned())
            })
        };
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8")]), Language::Chinese);
        assert_eq!(of(&[("LANG", "en_US.UTF-8")]), Language::English);
        assert_eq!(of(&[("LC_ALL", "C.UTF-8"), ("LANG", "zh_CN.UTF-8")]), Language::English);
        assert_eq!(of(&[("LC_ALL", ""), ("LANG", "zh_TW")]), Language::Chinese);
        assert_eq!(of(&[]), Language::English);
    }

    #[test]
    fn the_defaults_are_safe_and_say_where_everything_is() {
        let config = Config::default();
        let text =
            block(&facts(&config, ServeFlags::default(), "127.0.0.1:8080"), Language::English);
        assert!(text.starts_with("magpie "), "{text}");
        for part in [
            "http://127.0.0.1:8080/\n",
            "http://127.0.0.1:8080/docs",
            "/metrics",
            "data directory: /",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains('!'), "{text}");
    }

    #[test]
    fn every_unsafe_choice_has_its_line_in_both_languages() {
        let mut config = Config::default();
        config.dialects.mode = Mode::Open;
        config.miniapp.broadcast = true;
        config.helpdesk.broadcast = true;
        config.server.allowed_origins = vec!["*".to_owned()];
        let flags = ServeFlags { dev: true, demo: true, dev_allow_remote: true };
        for language in [Language::English, Language::Chinese] {
            let mut facts = facts(&config, flags, "0.0.0.0:80");
            facts.demo_users = &[("小明", "小明"), ("17", "阿甘")];
            facts.new_api_key = Some("mk_shown-once");
            let warnings = ["a file is open to all".to_owned()];
            facts.warnings = &warnings;
            let text = block(&facts, language);
            assert_eq!(text.lines().filter(|line| line.starts_with("  !")).count(), 8, "{text}");
            for part in [
                "http://127.0.0.1:80/",
                "小明",
                "17 (阿甘)",
                "mk_shown-once",
                "0.0.0.0:80",
                "open to all",
            ] {
                assert!(text.contains(part), "{part} in {text}");
            }
        }
    }

    #[test]
    fn the_last_line_is_fixed() {
        assert_eq!(ready(41), "magpie ready in 41 ms");
    }
}
