//! The conversation list on a filled store: a page of 200 of users who have more, and the list of
//! anybody; inside the store and over sockets.

use anyhow::{Result, ensure};
use clap::Args;
use magpie_proto::UserId;

use super::{
    Bench, Scenario,
    shelf::{Ask, Asker, Shelf},
};
use crate::{engine::latency::Latency, fill::dice::Dice, result::Line, verify::Verdict};

/// Options of `inbox`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Lists of each kind.
    #[arg(long, default_value_t = 1_000)]
    pages: usize,
    /// Entries of a page, at most 200.
    #[arg(long, default_value_t = 200)]
    limit: u32,
    /// Requests under way at once over sockets.
    #[arg(long, default_value_t = 4)]
    requests_at_once: usize,
    /// Another number chooses other users.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// A user and how many entries his page has.
#[derive(Debug, Clone)]
struct Reader {
    user: u32,
    id: UserId,
    entries: usize,
}

impl Scenario for Options {
    fn run(&self, bench: &Bench) -> Result<Line> {
        let mut line = bench.line("inbox", format!("inbox of {}", self.limit))?;
        line.param("pages", self.pages);
        line.param("limit", self.limit);
        line.param("requests_at_once", self.requests_at_once);
        let shelf = Shelf::open(bench)?;
        line.param("store_mib", shelf.size_mib);
        let mut dice = Dice::new(self.seed);
        let (full, any) = (self.full(&shelf)?, self.anybody(&shelf, &mut dice)?);
        line.param("users_with_a_full_page", full.len());
        let mut verdict = Verdict::default();
        for (name, readers) in [("store_full_list", &full), ("store_any_list", &any)] {
            line.add(self.inside(bench, &shelf, readers, &mut verdict)?.figures(name));
        }
        drop(shelf);
        let target = bench.target()?;
        let meter = bench.meter(&target)?;
        let asks = self.turns(&full).map(|reader| Ask {
            user: reader.user,
            request: format!(r#""t":"inbox","limit":{}"#, self.limit),
            wanted: (r#","kind":""#, reader.entries),
        });
        let asker = Asker::run(bench, &target, asks.collect(), self.requests_at_once)?;
        let usage = meter.usage()?;
        line.add([("lists_per_s", asker.verdict.acked as f64 / usage.wall_s)]);
        line.add(asker.latency.figures("list"));
        bench.add_usage(&mut line, usage, asker.verdict.acked, false);
        line.judge(verdict + asker.verdict);
        Ok(line)
    }
}

impl Options {
    /// Users with a full page: those who have many conversations come first in a filled store.
    fn full(&self, shelf: &Shelf) -> Result<Vec<Reader>> {
        let mut full = Vec::new();
        for (user, id) in &shelf.users {
            let (entries, _) = shelf.list(id, self.limit)?;
            if entries.len() < self.limit as usize {
                break;
            }
            full.push(Reader { user: *user, id: id.clone(), entries: entries.len() });
        }
        ensure!(
            !full.is_empty(),
            "user u0 has fewer than {} conversations: fill a store with more, or lower --limit",
            self.limit
        );
        Ok(full)
    }

    fn anybody(&self, shelf: &Shelf, dice: &mut Dice) -> Result<Vec<Reader>> {
        let mut any = Vec::new();
        for _ in 0..self.pages.min(200) {
            let place = usize::try_from(dice.below(shelf.users.len() as u64))?;
            let (user, id) = &shelf.users[place];
            let entries = shelf.list(id, self.limit)?.0.len();
            any.push(Reader { user: *user, id: id.clone(), entries });
        }
        Ok(any)
    }

    fn turns<'a>(&self, readers: &'a [Reader]) -> impl Iterator<Item = &'a Reader> {
        readers.iter().cycle().take(self.pages)
    }

    fn inside(
        &self,
        bench: &Bench,
        shelf: &Shelf,
        readers: &[Reader],
        verdict: &mut Verdict,
    ) -> Result<Latency> {
        let mut latency = Latency::new()?;
        for reader in self.turns(readers) {
            let begun_us = bench.clock.now_us();
            let (entries, _) = shelf.list(&reader.id, self.limit)?;
            latency.record(bench.clock.now_us() - begun_us);
            verdict.sent += 1;
            verdict.acked += 1;
            if entries.len() == reader.entries {
                verdict.delivered += 1;
            } else {
                verdict.lost += 1;
            }
        }
        Ok(latency)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{super::shelf::tests::filled, *};

    #[test]
    fn full_pages_are_found_and_their_lack_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = filled(folder.path());
        let options = |limit| Options { pages: 10, limit, requests_at_once: 1, seed: 1 };
        let full = options(50).full(&shelf).unwrap();
        assert_eq!((full[0].user, full[0].entries), (0, 50));
        assert_eq!(options(50).turns(&full).count(), 10);
        let error = options(200).full(&shelf).unwrap_err().to_string();
        assert!(error.contains("lower --limit"), "{error}");
        assert_eq!(options(50).anybody(&shelf, &mut Dice::new(1)).unwrap().len(), 10);
    }
}
