//! `magpie token`: makes a user token with the installation's signing secret, or says what one
//! holds and whether this server would take it. Works beside a running server; writes nothing.

mod inspect;

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use magpie_auth::{Audience, TokenRequest};
use magpie_core::{Role, port::Clock as _};
use magpie_proto::UserId;

use super::Where;
use crate::{clock::SystemClock, console, secrets};

const EXAMPLES: &str = "\
Examples:
  magpie token --user alice                          a day for native clients
  magpie token --user 17 --audience dialect --ttl 1h  for ?token= on an old client's address
  magpie token --user eve --role agent --perm broadcast
  magpie token inspect TOKEN                         what is inside, and is it taken
  magpie token inspect - < token.txt                 the same, out of the process list";

/// Arguments of `magpie token`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct TokenArgs {
    /// What else to do.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// Whom the token is for
    #[arg(long, value_name = "ID", required = true, allow_negative_numbers = true)]
    pub user: Option<String>,
    /// How long it lives: 90s, 30m, 24h, 7d; a dialect token at most 24h
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = read_ttl)]
    pub ttl: u64,
    /// What it is for
    #[arg(long, value_enum, default_value_t = AudienceName::Magpie)]
    pub audience: AudienceName,
    /// The user's role
    #[arg(long, value_enum, default_value_t = RoleName::User)]
    pub role: RoleName,
    /// A permission, like broadcast; may be repeated
    #[arg(long = "perm", value_name = "NAME")]
    pub permissions: Vec<String>,
    /// Name shown to others
    #[arg(long)]
    pub name: Option<String>,
    /// Where the secret is.
    #[command(flatten)]
    pub place: Where,
}

/// What else to do with tokens.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Say what a token holds and whether this server takes it
    Inspect(inspect::InspectArgs),
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AudienceName {
    /// Native sockets and the HTTP API
    Magpie,
    /// Addresses of old clients
    Dialect,
}

impl AudienceName {
    pub(super) fn to_audience(self) -> Audience {
        match self {
            Self::Magpie => Audience::Native,
            Self::Dialect => Audience::Dialect,
        }
    }
}

/// What kind of user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// A person
    User,
    /// Answers at the desk
    Agent,
    /// A program
    Bot,
    /// May do everything
    Admin,
}

impl RoleName {
    pub(super) fn to_role(self) -> Role {
        match self {
            Self::User => Role::User,
            Self::Agent => Role::Agent,
            Self::Bot => Role::Bot,
            Self::Admin => Role::Admin,
        }
    }
}

/// Makes or inspects a token.
///
/// # Errors
/// Bad configuration, no secret yet, or a value that breaks a rule of tokens.
pub fn run(args: &TokenArgs) -> anyhow::Result<ExitCode> {
    if let Some(Action::Inspect(inspect)) = &args.action {
        return inspect::run(inspect, &args.place);
    }
    let user = args.user.as_deref().unwrap_or_default();
    let user = UserId::parse(user).map_err(|error| anyhow::anyhow!("--user {user:?}: {error}"))?;
    let config = args.place.load()?;
    let authenticator = secrets::for_tokens(&config)?;
    let request = TokenRequest {
        audience: args.audience.to_audience(),
        role: args.role.to_role(),
        permissions: args.permissions.clone(),
        name: args.name.clone(),
        ..TokenRequest::native(user, args.ttl)
    };
    console::say(&authenticator.mint(&request, SystemClock::new().now_ms())?.token);
    Ok(ExitCode::SUCCESS)
}

/// Reads a time like `24h` as seconds.
fn read_ttl(text: &str) -> Result<u64, String> {
    const HOW: &str = "write a number with s, m, h or d, like 24h";
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(HOW)?;
    let unit_s = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(HOW.to_owned()),
    };
    let number: u64 = number.parse().ok().ok_or(HOW)?;
    let ttl_s = number.checked_mul(unit_s).filter(|ttl_s| (1..=315_360_000).contains(ttl_s));
    ttl_s.ok_or_else(|| "at least 1s, at most 3650d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_its_unit() {
        assert_eq!(read_ttl("90s"), Ok(90));
        assert_eq!(read_ttl("30m"), Ok(1_800));
        assert_eq!(read_ttl("24h"), Ok(86_400));
        assert_eq!(read_ttl("7d"), Ok(604_800));
        for bad in
            ["", "h", "24", "-1h", "0s", "1.5h", "24H", "99999999999999999999d", "3651d", "1小时"]
        {
            assert!(read_ttl(bad).is_err(), "{bad}");
        }
    }
}
