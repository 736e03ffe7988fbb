//! A phase that many scenarios begin with: connections are opened and signed in, nothing else
//! happens until all of them are there.

use anyhow::{Result, bail};

use crate::engine::{
    Actor, Engine, Net, Standstill, Turn,
    protocol::{Incoming, Login},
};

/// Waits until every connection is signed in.
#[derive(Debug)]
pub(crate) struct Arrival {
    wanted: usize,
}

impl Arrival {
    /// Opens a connection for each login; gives the id of the first, the others follow.
    pub(crate) fn of(engine: &mut Engine, logins: Vec<Login>) -> Result<usize> {
        let mut first = None;
        for login in logins {
            let id = engine.net.add(login);
            engine.net.open(id);
            first.get_or_insert(id);
        }
        let Some(first) = first else { bail!("no users to sign in") };
        Self::wait(engine)?;
        Ok(first)
    }

    /// Waits for connections that somebody else has asked to open.
    pub(crate) fn wait(engine: &mut Engine) -> Result<()> {
        let wanted = engine.net.wanted_count();
        engine.run(&mut Arrival { wanted })
    }
}

impl Actor for Arrival {
    fn incoming(&mut self, net: &mut Net, id: usize, what: Incoming<'_>, _: u64) -> Result<()> {
        match what {
            Incoming::SignedIn { cursor } => net.login(id).cursor = cursor.to_vec(),
            Incoming::Refused(why) => {
                bail!("user {}: {}", net.login(id).index, String::from_utf8_lossy(why))
            }
            _ => {}
        }
        Ok(())
    }

    fn turn(&mut self, net: &mut Net, _: u64) -> Result<Turn> {
        Ok(if net.open_count() >= self.wanted { Turn::Done } else { Turn::Until(u64::MAX) })
    }

    fn standstill(&mut self, _: &Net) -> Standstill {
        Standstill::Fail(format!("{} connections are to be signed in", self.wanted))
    }
}
