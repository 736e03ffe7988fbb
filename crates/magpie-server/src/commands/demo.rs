//! `magpie demo`: puts the demo into the store of a stopped server, or takes it away.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use magpie_core::port::{
    Clock as _, Store as _,
    store::{Op, Outcome, Rejection},
};
use magpie_proto::UserId;

use super::{Where, store::StoppedStore};
use crate::{
    clock::SystemClock,
    console,
    demo::{self, DemoUser},
    ids::RandomIds,
};

const EXAMPLES: &str = "\
Examples:
  magpie demo seed                 8 users and 5 conversations; seeding twice changes nothing
  magpie demo remove               before going live: demo users are refused, their talks cleared
  magpie serve --demo              seeds at start and lets anybody sign in as a demo user";

/// Arguments of `magpie demo`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DemoArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
    /// Where the store is.
    #[command(flatten)]
    pub place: Where,
}

/// What to do with the demo.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Action {
    /// Add demo users and messages
    Seed,
    /// Refuse demo users and clear their conversations on both sides
    Remove,
}

/// Does it.
///
/// # Errors
/// Bad configuration, a running server, or whatever the store says.
pub fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    let config = args.place.load()?;
    let now_ms = SystemClock::new().now_ms();
    match args.action {
        Action::Seed => {
            let instead = "stop it, then start it with magpie serve --demo";
            seed(&StoppedStore::open(&config, true, instead)?, now_ms)
        }
        Action::Remove => {
            let instead = "stop it, then magpie demo remove";
            remove(&StoppedStore::open(&config, false, instead)?, now_ms)
        }
    }
}

/// Whether a demo id is taken by somebody who is not the demo's.
fn taken(store: &StoppedStore, user: &DemoUser) -> anyhow::Result<Option<bool>> {
    let id = UserId::parse(user.id)?;
    let found = store.read(|store| store.user(id))?;
    Ok(found.map(|found| found.name != user.name))
}

fn seed(store: &StoppedStore, now_ms: u64) -> anyhow::Result<ExitCode> {
    for user in &demo::USERS {
        if taken(store, user)? == Some(true) {
            anyhow::bail!(
                "user {:?} exists and is not the demo's: seed into a data directory of its own",
                user.id
            );
        }
    }
    let ops = demo::seed(now_ms, &RandomIds::new()?)?;
    let mut added: u32 = 0;
    for op in ops {
        added += u32::from(matches!(store.write(op)?, Outcome::Stored { .. }));
    }
    console::say(&format!("{} demo users, {added} new messages", demo::USERS.len()));
    Ok(ExitCode::SUCCESS)
}

fn remove(store: &StoppedStore, now_ms: u64) -> anyhow::Result<ExitCode> {
    let mut there = Vec::new();
    for user in &demo::USERS {
        if taken(store, user)? == Some(false) {
            there.push(user.id);
        }
    }
    let is_there = |op: &Op| match op {
        Op::PutUser(patch) => there.contains(&patch.id.as_str()),
        Op::Set { user, .. } => there.contains(&user.as_str()),
        _ => false,
    };
    for op in demo::remove(now_ms)?.into_iter().filter(is_there) {
        // A conversation that was never opened has nothing to clear.
        match store.try_write(op)? {
            Ok(_) | Err(Rejection::UnknownConversation) => {}
            Err(rejection) => anyhow::bail!("the store refused it: {rejection:?}"),
        }
    }
    console::say(&format!(
        "{} demo users are refused, their conversations cleared on both sides",
        there.len()
    ));
    Ok(ExitCode::SUCCESS)
}
