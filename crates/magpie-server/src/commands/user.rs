//! `magpie user`: users of a stopped server, straight in its store. A running server is asked over
//! HTTP instead, because only it can close the sockets of someone who was banned.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use magpie_core::{
    model::User,
    port::{
        Clock as _, Store as _,
        store::{Op, Outcome, UserPatch},
    },
};
use magpie_proto::UserId;
use serde_json::json;

use super::{
    Where,
    store::{StoppedStore, curl, path_part},
    token::RoleName,
};
use crate::{clock::SystemClock, config::Config, console};

const EXAMPLES: &str = "\
Examples:
  magpie user add alice --name Alice
  magpie user add eve --role agent
  magpie user list --data /var/lib/magpie
  magpie user ban mallory && magpie user unban mallory

With a server running on the data directory nothing is changed; the HTTP call to use is printed.";

/// Users of one page of a listing.
const PAGE_LEN: u32 = 500;

/// Arguments of `magpie user`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct UserArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
    /// Where the store is.
    #[command(flatten)]
    pub place: Where,
}

/// What to do with users.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Add a user, or change name, picture and role of one
    Add {
        /// Id: 1 to 64 bytes
        id: String,
        /// Name shown to others
        #[arg(long)]
        name: Option<String>,
        /// Address of a picture
        #[arg(long)]
        avatar: Option<String>,
        /// What the user may be
        #[arg(long, value_enum)]
        role: Option<RoleName>,
    },
    /// List all users
    List,
    /// Refuse a user from now on
    Ban {
        /// Whom
        id: String,
    },
    /// Take a banned user back
    Unban {
        /// Whom
        id: String,
    },
}

/// Does it.
///
/// # Errors
/// Bad configuration, a running server, an unknown user, or whatever the store says.
pub fn run(args: &UserArgs) -> anyhow::Result<ExitCode> {
    let config = args.place.load()?;
    match &args.action {
        Action::Add { id, name, avatar, role } => {
            let patch = UserPatch {
                name: name.clone(),
                avatar: avatar.clone(),
                role: role.map(RoleName::to_role),
                ..empty_patch(id)?
            };
            let body = json!({ "name": name, "avatar": avatar, "role": patch.role.map(|role| role.as_str()) });
            let body = without_nulls(body);
            let path = format!("/v1/users/{}", path_part(id));
            let store =
                StoppedStore::open(&config, true, &curl(&config, "PUT", &path, Some(&body)))?;
            put(&store, patch)
        }
        Action::List => list(&config),
        Action::Ban { id } => ban(&config, id, true),
        Action::Unban { id } => ban(&config, id, false),
    }
}

fn empty_patch(id: &str) -> anyhow::Result<UserPatch> {
    let user = UserId::parse(id).map_err(|error| anyhow::anyhow!("user {id:?}: {error}"))?;
    let now_ms = SystemClock::new().now_ms();
    Ok(UserPatch { id: user, name: None, avatar: None, role: None, banned: None, now_ms })
}

fn without_nulls(mut body: serde_json::Value) -> String {
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    body.to_string()
}

fn put(store: &StoppedStore, patch: UserPatch) -> anyhow::Result<ExitCode> {
    match store.write(Op::PutUser(patch))? {
        Outcome::User(user) => console::say(&line(&user)),
        other => anyhow::bail!("the store answered {other:?}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn list(config: &Config) -> anyhow::Result<ExitCode> {
    let store = StoppedStore::open(config, false, &curl(config, "GET", "/v1/users", None))?;
    let mut after = None;
    loop {
        let page = store.read(|store| store.users(after.take(), PAGE_LEN))?;
        for user in &page {
            console::say(&line(user));
        }
        after = page.last().map(|user| user.id.clone());
        if page.len() < PAGE_LEN as usize {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

fn ban(config: &Config, id: &str, on: bool) -> anyhow::Result<ExitCode> {
    let patch = UserPatch { banned: Some(on), ..empty_patch(id)? };
    let path = format!("/v1/users/{}/{}", path_part(id), if on { "ban" } else { "unban" });
    let store = StoppedStore::open(config, false, &curl(config, "POST", &path, None))?;
    let user = patch.id.clone();
    if store.read(|store| store.user(user))?.is_none() {
        anyhow::bail!("there is no user {id:?}: `magpie user list` shows all");
    }
    put(&store, patch)
}

/// One user as one line, tab-separated for scripts: id, role, state, name.
fn line(user: &User) -> String {
    let state = if user.banned { "banned" } else { "active" };
    format!("{}\t{}\t{state}\t{}", user.id, user.role.as_str(), user.name.escape_debug())
}
