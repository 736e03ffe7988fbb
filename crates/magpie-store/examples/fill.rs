//! Fills a data directory with messages through the store itself, for measurements of a server
//! that has been in use. `fill DIR [MESSAGES]`.

use std::{
    error::Error,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
};

use magpie_core::port::store::{
    Append, CommitSink, Committed, Guard, Op, Origin, Place, Store as _, UserPatch, Write,
};
use magpie_proto::{Body, MessageId, UserId};
use magpie_store::{OpenOptions, SqliteStore};

const USERS: u64 = 2_000;
/// Writes under way; the store's queue takes them all, so that its transactions are big.
const IN_FLIGHT: u64 = 8_192;

/// Tells how many writes each commit held, and whether all were taken.
struct Told(SyncSender<(u64, bool)>);

impl CommitSink for Told {
    fn committed(&self, batch: Vec<Committed>, _position: u64) {
        let fine = batch.iter().all(|committed| committed.result.is_ok());
        // Nobody listens any more when the filling was given up.
        let _ = self.0.send((batch.len() as u64, fine));
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: fill DIR [MESSAGES]")?);
    let messages: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let (told, commits) = sync_channel(1_024);
    let store = SqliteStore::open(OpenOptions::new(&folder, 7), Arc::new(Told(told)))?;
    let body = Body::text("鹊桥:消息先落盘,再确认;断线之后一次补齐,不多也不少。");
    let (mut queued, mut done) = (0, 0);
    let all = USERS + messages;
    while done < all {
        while queued < all && queued - done < IN_FLIGHT {
            let op = if queued < USERS { user(queued)? } else { message(queued - USERS, &body)? };
            store.submit(Write { op, origin: Origin::None })?;
            queued += 1;
        }
        let (count, fine) = commits.recv()?;
        if !fine {
            return Err("the store refused a write".into());
        }
        done += count;
    }
    Ok(())
}

fn user_id(number: u64) -> Result<UserId, Box<dyn Error>> {
    Ok(UserId::parse(&format!("f{number}"))?)
}

fn user(number: u64) -> Result<Op, Box<dyn Error>> {
    let id = user_id(number)?;
    let now_ms = 1_700_000_000_000;
    Ok(Op::PutUser(UserPatch { id, name: None, avatar: None, role: None, banned: None, now_ms }))
}

/// Everybody writes to a few others, scattered over the conversations as in real traffic.
fn message(number: u64, body: &Body) -> Result<Op, Box<dyn Error>> {
    let scattered = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let sender = scattered % USERS;
    let peer = (sender + 1 + scattered / USERS % 5) % USERS;
    let mut id = [0_u8; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    Ok(Op::Append(Append {
        place: Place::Direct(user_id(peer)?),
        sender: user_id(sender)?,
        client_msg_id: Some(format!("{number:016x}").into()),
        body: body.clone(),
        id: MessageId::from_bytes(id),
        sent_ms: 1_700_000_000_000 + number,
        guard: Guard::default(),
    }))
}
