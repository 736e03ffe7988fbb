//! From the configuration to the settings of each crate. Conversions only: what a value means is
//! decided where it is used.

use magpie_auth::TurnSecret;
use magpie_core::{Dialect, Policy, call};
use magpie_gateway::{
    handshakes::ClientAddress,
    ice::{Ice, Turn},
    limiter::Rate,
    settings::{Dialects, Limits, Mode, Settings, Times},
};

use crate::{
    commands::version::VERSION,
    config::{Config, dialects::Mode as ConfigMode, proxy},
    file_limit,
};

/// Waits of clients and buffers of bursts: a burst is twice the rate.
fn rate(per_second: u32, burst: u32) -> Rate {
    Rate { per_second, burst }
}

/// The rules of the core.
#[must_use]
pub fn policy(config: &Config) -> Policy {
    let limit = |n: u32| (n > 0).then_some(n);
    Policy {
        create_unknown_users: config.identity.create_unknown_users,
        stranger_limit: limit(config.limits.stranger_limit),
        market_stranger_limit: limit(config.market.stranger_limit),
        push_hold_ms: config.push.hold_s.saturating_mul(1_000),
        carwash_hold_ms: config.carwash.hold_s.saturating_mul(1_000),
        recall_window_ms: config.messages.recall_window_s.saturating_mul(1_000),
        edit_window_ms: config.messages.edit_window_s.saturating_mul(1_000),
        calls: call::Rules {
            ring_ms: config.calls.ring_s.saturating_mul(1_000),
            lost_after_ms: config.calls.lost_after_s.saturating_mul(1_000),
        },
        ..Policy::default()
    }
}

/// The settings of the gateway.
#[must_use]
pub fn gateway(config: &Config, file_limit: u64) -> Settings {
    Settings {
        server_name: VERSION.to_owned(),
        limits: limits(config, file_limit),
        times: Times {
            heartbeat_interval_ms: config.heartbeat.interval_ms,
            heartbeat_timeout_ms: config.heartbeat.timeout_ms,
            hello_timeout_ms: config.limits.hello_timeout_ms,
            header_timeout_ms: config.limits.header_timeout_ms,
            drain_ms: config.server.drain_s.saturating_mul(1_000),
        },
        dialects: dialects(config),
        client_address: client_address(config),
        // A token is the owner's word that the user exists.
        create_token_users: true,
        media_bytes_max: if config.media.enabled { config.media.bytes_max } else { 0 },
        calls: config.calls.enabled,
        ice: ice(config),
    }
}

fn ice(config: &Config) -> Ice {
    let calls = &config.calls;
    // The configuration was checked: a secret that is there is a good one.
    let secret = calls.turn_secret.as_ref();
    let secret = secret.and_then(|text| TurnSecret::from_text("it", text.expose()).ok());
    let turn = secret.filter(|_| !calls.turn_urls.is_empty()).map(|secret| Turn {
        urls: calls.turn_urls.clone(),
        secret,
        ttl_s: calls.turn_ttl_s,
    });
    Ice { stun_urls: calls.stun_urls.clone(), turn }
}

fn client_address(config: &Config) -> ClientAddress {
    let proxies = config.server.trusted_proxies.clone();
    ClientAddress::new(move |peer, forwarded| proxy::client_address(peer, forwarded, &proxies))
}

fn limits(config: &Config, file_limit: u64) -> Limits {
    let limits = &config.limits;
    Limits {
        connections_max: file_limit::connections_max(config.server.max_connections, file_limit),
        connections_per_user: usize::try_from(limits.connections_per_user).unwrap_or(usize::MAX),
        handshakes: rate(limits.handshakes_per_s, limits.handshakes_per_s.saturating_mul(2)),
        messages: rate(limits.messages_per_s, limits.messages_burst),
        ephemeral: rate(limits.ephemeral_per_s, limits.ephemeral_per_s.saturating_mul(2)),
        in_flight_max: usize::try_from(limits.in_flight).unwrap_or(usize::MAX),
        in_flight_bytes_max: limits.in_flight_bytes,
        outbox_bytes_max: limits.outbox_bytes,
        body_bytes_max: limits.body_bytes,
    }
}

fn dialects(config: &Config) -> Dialects {
    let prefixes = [
        (Dialect::Market, &config.market.id_prefix),
        (Dialect::Miao, &config.miao.id_prefix),
        (Dialect::Miniapp, &config.miniapp.id_prefix),
        (Dialect::Carwash, &config.carwash.id_prefix),
        (Dialect::Helpdesk, &config.helpdesk.id_prefix),
    ];
    Dialects {
        mode: match config.dialects.mode {
            ConfigMode::Token => Mode::Token,
            ConfigMode::Signed => Mode::Signed,
            ConfigMode::Open => Mode::Open,
        },
        enabled: config.dialects.enabled.clone(),
        id_prefixes: prefixes
            .into_iter()
            .filter(|(_, prefix)| !prefix.is_empty())
            .map(|(dialect, prefix)| (dialect, prefix.clone()))
            .collect(),
        miniapp_broadcast: config.miniapp.broadcast,
        miniapp_echo: config.miniapp.echo,
        helpdesk_broadcast: config.helpdesk.broadcast,
        helpdesk_lease_ms: config.helpdesk.lease_s.saturating_mul(1_000),
        helpdesk_utc_offset_min: config.helpdesk.timezone.minutes,
        helpdesk_agent_name: config.helpdesk.agent_name.clone(),
        helpdesk_agent_avatar: config.helpdesk.agent_avatar.clone(),
        ..Dialects::default()
    }
}
