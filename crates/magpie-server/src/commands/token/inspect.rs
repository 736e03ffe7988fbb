//! `magpie token inspect`: what a token says, and whether this installation believes it.

use std::{fmt::Write as _, io::Read as _, process::ExitCode};

use anyhow::Context as _;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD};
use clap::Args;
use magpie_core::port::Clock as _;
use serde_json::{Map, Value};

use super::AudienceName;
use crate::{clock::SystemClock, commands::Where, console, secrets};

const INPUT_BYTES_MAX: u64 = 65_536;

/// Arguments of `magpie token inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The token, or - to read it from standard input
    pub token: String,
    /// What it should be for; by default what it says itself
    #[arg(long, value_enum)]
    pub audience: Option<AudienceName>,
}

/// Prints header, claims and verdict; exit code 1 when the token is refused.
///
/// # Errors
/// Bad configuration, no secret yet, or input that cannot be read.
pub(super) fn run(args: &InspectArgs, place: &Where) -> anyhow::Result<ExitCode> {
    let token = if args.token == "-" { read_input()? } else { args.token.clone() };
    let token = token.trim();
    let config = place.load()?;
    let authenticator = secrets::for_tokens(&config)?;
    let now_ms = SystemClock::new().now_ms();
    let mut parts = token.split('.');
    let header = parts.next().and_then(read_part);
    let claims = parts.next().and_then(read_part);
    let audience = args.audience.unwrap_or_else(|| own_audience(claims.as_ref()));
    let mut out = String::new();
    for (name, part) in [("header", &header), ("claims", &claims)] {
        let shown = part.as_ref().and_then(|part| serde_json::to_string_pretty(part).ok());
        let _ = writeln!(out, "{name}: {}", shown.unwrap_or_else(|| "unreadable".to_owned()));
    }
    let verdict = authenticator.verify_user(token, audience.to_audience(), now_ms);
    match &verdict {
        Ok(identity) => {
            let left_s = identity.expires_ms.saturating_sub(now_ms) / 1_000;
            let _ = write!(out, "taken: user {:?}, expires in {}", identity.user, duration(left_s));
        }
        Err(error) => {
            let _ = write!(out, "refused: {error}");
        }
    }
    console::say(&out);
    Ok(ExitCode::from(u8::from(verdict.is_err())))
}

fn read_input() -> anyhow::Result<String> {
    let mut text = String::new();
    let mut input = std::io::stdin().lock().take(INPUT_BYTES_MAX);
    input.read_to_string(&mut text).context("cannot read standard input")?;
    Ok(text)
}

/// One part of a JWT as JSON.
fn read_part(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn own_audience(claims: Option<&Map<String, Value>>) -> AudienceName {
    match claims.and_then(|claims| claims.get("aud")).and_then(Value::as_str) {
        Some("dialect") => AudienceName::Dialect,
        _ => AudienceName::Magpie,
    }
}

/// Seconds for a person: the two largest units.
fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_shown_in_two_units() {
        let shown: Vec<_> = [5, 65, 3_700, 90_000].into_iter().map(duration).collect();
        assert_eq!(shown, ["5 s", "1 min 5 s", "1 h 1 min", "1 d 1 h"]);
    }
}
