//! Pages of history on a filled store: inside the store at any depth, deep in its longest
//! conversation, walking back page by page; then over sockets. A page that is not whole is lost.

use anyhow::{Result, ensure};
use clap::Args;
use magpie_core::{
    model::{HistoryPage, Item},
    port::store::Store as _,
};
use magpie_proto::{ConversationId, UserId, client::Edge};

use super::{
    Bench, Scenario,
    shelf::{Ask, Asker, Shelf, wait},
};
use crate::{
    engine::latency::Latency, fill::dice::Dice, result::Line, scenario::Target, verify::Verdict,
};

/// Options of `history`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Pages of each kind.
    #[arg(long, default_value_t = 5_000)]
    pages: usize,
    /// Messages of a page.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Conversations to choose from.
    #[arg(long, default_value_t = 2_000)]
    among: usize,
    /// Requests under way at once over sockets.
    #[arg(long, default_value_t = 4)]
    requests_at_once: usize,
    /// Another number chooses other pages.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// One page to ask for.
#[derive(Debug, Clone)]
struct Spot {
    user: u32,
    id: UserId,
    conversation: ConversationId,
    before: u64,
}

/// A conversation with someone who may read it.
#[derive(Debug, Clone)]
struct Book {
    user: u32,
    id: UserId,
    conversation: ConversationId,
    head: u64,
}

impl Scenario for Options {
    fn run(&self, bench: &Bench) -> Result<Line> {
        let mut line = bench.line("history", format!("history page of {}", self.limit))?;
        line.param("pages", self.pages);
        line.param("limit", self.limit);
        line.param("requests_at_once", self.requests_at_once);
        let shelf = Shelf::open(bench)?;
        line.param("store_mib", shelf.size_mib);
        let mut dice = Dice::new(self.seed);
        let books = self.books(&shelf, &mut dice)?;
        let longest = books.iter().max_by_key(|book| book.head).cloned();
        let longest: Vec<_> = longest.into_iter().collect();
        ensure!(!longest.is_empty(), "the store has no conversation");
        line.param("longest_messages", longest[0].head);
        let any = self.spots(&books, &mut dice);
        let deep = self.spots(&longest, &mut dice);
        let mut verdict = Verdict::default();
        for (name, spots) in
            [("store_page", &any), ("store_deep", &deep), ("store_walk", &self.walk(&longest[0]))]
        {
            line.add(self.inside(bench, &shelf, spots, &mut verdict)?.figures(name));
        }
        drop(shelf);
        let target = bench.target()?;
        self.over_sockets(bench, &target, &mut line, [any, deep].concat(), verdict)?;
        Ok(line)
    }
}

impl Options {
    /// Conversations of users all over the store, the busiest user's among them.
    fn books(&self, shelf: &Shelf, dice: &mut Dice) -> Result<Vec<Book>> {
        let mut books = Vec::new();
        let count = shelf.users.len() as u64;
        let mut place = 0;
        // A store of few conversations ends this too.
        for _ in 0..self.among {
            let (user, id) = &shelf.users[place];
            let (entries, _) = shelf.list(id, 200)?;
            books.extend(entries.into_iter().filter(|entry| entry.head > 0).map(|entry| Book {
                user: *user,
                id: id.clone(),
                conversation: entry.conversation,
                head: entry.head,
            }));
            if books.len() >= self.among {
                break;
            }
            place = usize::try_from(dice.below(count))?;
        }
        ensure!(!books.is_empty(), "the store has no conversation with messages");
        Ok(books)
    }

    /// Places at random depth of these conversations.
    fn spots(&self, books: &[Book], dice: &mut Dice) -> Vec<Spot> {
        let mut spot = || {
            let place = usize::try_from(dice.below(books.len() as u64)).unwrap_or_default();
            let book = &books[place];
            let before = 2 + dice.below(book.head);
            Spot { user: book.user, id: book.id.clone(), conversation: book.conversation, before }
        };
        (0..self.pages).map(|_| spot()).collect()
    }

    /// From the newest page of a conversation to its first.
    fn walk(&self, book: &Book) -> Vec<Spot> {
        let ends = (1..=book.head + 1).rev().step_by(self.limit.max(1) as usize);
        let spot = |before| Spot {
            user: book.user,
            id: book.id.clone(),
            conversation: book.conversation,
            before,
        };
        ends.filter(|before| *before > 1).take(self.pages).map(spot).collect()
    }

    /// Asks the store itself.
    fn inside(
        &self,
        bench: &Bench,
        shelf: &Shelf,
        spots: &[Spot],
        verdict: &mut Verdict,
    ) -> Result<Latency> {
        let mut latency = Latency::new()?;
        for spot in spots {
            let begun_us = bench.clock.now_us();
            let edge = Edge::Before(spot.before);
            let page =
                shelf.store.history(spot.id.clone(), false, spot.conversation, edge, self.limit);
            let page = wait(page)?;
            latency.record(bench.clock.now_us() - begun_us);
            verdict.sent += 1;
            verdict.acked += 1;
            if page.is_some_and(|page| is_whole(&page, spot.before, self.limit)) {
                verdict.delivered += 1;
            } else {
                verdict.lost += 1;
            }
        }
        Ok(latency)
    }

    fn over_sockets(
        &self,
        bench: &Bench,
        target: &Target,
        line: &mut Line,
        spots: Vec<Spot>,
        inside: Verdict,
    ) -> Result<()> {
        let meter = bench.meter(target)?;
        let limit = self.limit;
        let asks = spots.into_iter().map(|spot| Ask {
            user: spot.user,
            request: format!(
                r#""t":"history","c":"{}","before":{},"limit":{limit}"#,
                spot.conversation, spot.before
            ),
            wanted: (r#""seq":"#, length(spot.before, limit)),
        });
        let asker = Asker::run(bench, target, asks.collect(), self.requests_at_once)?;
        let usage = meter.usage()?;
        line.add([("pages_per_s", asker.verdict.acked as f64 / usage.wall_s)]);
        line.add(asker.latency.figures("page"));
        bench.add_usage(line, usage, asker.verdict.acked, false);
        line.judge(inside + asker.verdict);
        Ok(())
    }
}

/// Messages of the page that ends before this one.
fn length(before: u64, limit: u32) -> usize {
    usize::try_from(u64::from(limit).min(before - 1)).unwrap_or(usize::MAX)
}

fn is_whole(page: &HistoryPage, before: u64, limit: u32) -> bool {
    let wanted = length(before, limit);
    let first = before - wanted as u64;
    let is_next = |(place, item): (usize, &Item)| match item {
        Item::Message(message) => message.seq == first + place as u64,
        Item::Gone { .. } => false,
    };
    page.items.len() == wanted && page.items.iter().enumerate().all(is_next)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{super::shelf::tests::filled, *};

    const OPTIONS: Options =
        Options { pages: 40, limit: 20, among: 100, requests_at_once: 1, seed: 1 };

    #[test]
    fn pages_of_a_filled_store_are_whole_wherever_they_begin() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = filled(folder.path());
        let mut dice = Dice::new(1);
        let books = OPTIONS.books(&shelf, &mut dice).unwrap();
        assert!(books.len() >= 100);
        let mut spots = OPTIONS.spots(&books, &mut dice);
        let longest = books.iter().max_by_key(|book| book.head).unwrap();
        spots.extend(OPTIONS.walk(longest));
        for spot in &spots {
            let edge = Edge::Before(spot.before);
            let page = shelf.store.history(spot.id.clone(), false, spot.conversation, edge, 20);
            let mut page = wait(page).unwrap().unwrap();
            assert!(is_whole(&page, spot.before, 20), "{spot:?}");
            page.items.pop();
            assert!(!is_whole(&page, spot.before, 20), "one is missing");
        }
    }

    #[test]
    fn a_walk_ends_at_the_first_message() {
        let id = UserId::parse("u1").unwrap();
        let conversation = ConversationId::direct(&id, &id);
        let walk = OPTIONS.walk(&Book { user: 1, id, conversation, head: 50 });
        let ends: Vec<_> = walk.iter().map(|spot| spot.before).collect();
        assert_eq!(ends, [51, 31, 11]);
        assert_eq!(ends.iter().map(|before| length(*before, 20)).sum::<usize>(), 50);
    }
}
