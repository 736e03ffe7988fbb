//! `cargo xtask ratchet`: counts the instructions of one message on its path and compares them
//! with `ratchet.toml`. The counting itself is callgrind's, on the stand `magpie-path`.

mod callgrind;
mod judge;
mod places;
mod record;
mod run;
mod scenario;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};

use crate::console::{complain, say};
use judge::{FLAT, Verdict, judge};
use record::{Count, FILE, Origin, Record};
use run::{Counted, Stand};
use scenario::{SCENARIOS, Scenario};

/// Lines of a table; the rest is summed up.
const TABLE_LINES: usize = 40;

/// Compares, or writes with `--bless`, or prints the places of the named counts with `--table`.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<bool> {
    let (mut bless, mut table, mut names) = (false, false, Vec::new());
    for arg in args {
        match arg.as_str() {
            "--bless" => bless = true,
            "--table" => table = true,
            name => names.push(name),
        }
    }
    let chosen = choose(&names)?;
    let stand = Stand::build(root)?;
    let counted = stand.count(&chosen)?;
    if table {
        for (name, count) in &counted {
            print_table(name, count);
        }
    }
    let here = Origin::of_this_machine(root)?;
    if bless {
        return save(root, here, &counted).map(|()| true);
    }
    let flat = judge_flat(&counted);
    Ok(compare(root, &here, &counted)? && flat)
}

fn choose(names: &[&str]) -> Result<Vec<&'static Scenario>> {
    for name in names {
        if !SCENARIOS.iter().any(|scenario| scenario.name == *name) {
            let known: Vec<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
            bail!("no count `{name}`; there are: {}", known.join(", "));
        }
    }
    let chosen = |scenario: &&Scenario| {
        if names.is_empty() { !scenario.by_hand } else { names.contains(&scenario.name) }
    };
    Ok(SCENARIOS.iter().filter(chosen).collect())
}

fn as_count(counted: &Counted) -> Count {
    Count::new(counted.instructions, &counted.places)
}

/// Writes the counts down; those that were not counted now stay as they are.
fn save(root: &Path, origin: Origin, counted: &BTreeMap<String, Counted>) -> Result<()> {
    let before = Record::load(root)?;
    let mut count = before.map(|record| record.count).unwrap_or_default();
    for (name, counted) in counted {
        let old = count.insert(name.clone(), as_count(counted));
        report(name, old.as_ref().map(|old| old.instructions), counted.instructions);
    }
    Record { origin, count }.save(root)?;
    say(&format!("{FILE} is written; commit it with the change that explains it"));
    Ok(())
}

fn compare(root: &Path, here: &Origin, counted: &BTreeMap<String, Counted>) -> Result<bool> {
    let Some(record) = Record::load(root)? else {
        bail!("there is no {FILE}: `cargo xtask ratchet --bless` writes it");
    };
    if record.origin.arch != here.arch {
        for (name, counted) in counted {
            report(name, None, counted.instructions);
        }
        say(&format!(
            "NOT COMPARED: {FILE} was blessed on {}, this is {}; only a machine of that kind can judge",
            record.origin.arch, here.arch
        ));
        return Ok(true);
    }
    let (mut passed, mut better) = (true, false);
    for (name, counted) in counted {
        let Some(blessed) = record.count.get(name) else {
            report(name, None, counted.instructions);
            complain(&format!(
                "`{name}` is not in {FILE}: bless with `cargo xtask ratchet --bless {name}`"
            ));
            passed = false;
            continue;
        };
        report(name, Some(blessed.instructions), counted.instructions);
        match judge(blessed, &as_count(counted)) {
            Verdict::Same => {}
            Verdict::Better => better = true,
            Verdict::Worse(places) => {
                passed = false;
                complain(&format!("  {name} grew by more than 3 %, most of it here:"));
                places.iter().for_each(|place| complain(&format!("    {place}")));
            }
        }
    }
    if better {
        say(
            "a message costs over 3 % less than blessed: keep it with `cargo xtask ratchet --bless`",
        );
    }
    if !passed {
        explain(&record.origin.differences(here));
    }
    Ok(passed)
}

/// A failure may not be of our making.
fn explain(differences: &[String]) {
    if differences.is_empty() {
        complain("take it out again, or say in the commit why it is worth it and bless the counts");
        return;
    }
    complain("the counts were blessed on other tools, which alone can change them:");
    differences.iter().for_each(|difference| complain(&format!("    {difference}")));
    complain("count the commit before with these tools; if it differs too, bless first");
}

fn judge_flat(counted: &BTreeMap<String, Counted>) -> bool {
    let mut passed = true;
    for (base, other, ratio_max) in FLAT {
        let (Some(few), Some(many)) = (counted.get(*base), counted.get(*other)) else { continue };
        let ratio = many.instructions as f64 / few.instructions as f64;
        say(&format!("{other} / {base}: {ratio:.3} (at most {ratio_max})"));
        if ratio > *ratio_max {
            complain(&format!(
                "{other} costs {ratio:.3} times {base}: something on the path grows with the rest of the server"
            ));
            passed = false;
        }
    }
    passed
}

fn report(name: &str, blessed: Option<u64>, now: u64) {
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name);
    let counts = scenario.map_or("", |scenario| scenario.counts);
    let change = blessed.map_or("new".to_owned(), |blessed| {
        format!("{:+.2} %", judge::change(blessed, now) * 100.0)
    });
    say(&format!("{name:<14} {now:>8} instructions  {change:>9}  {counts}"));
}

/// The places of a count as Markdown, the dearest first.
fn print_table(name: &str, counted: &Counted) {
    let mut places: Vec<(&String, &f64)> = counted.places.iter().collect();
    places.sort_by(|a, b| b.1.total_cmp(a.1));
    say(&format!("\n| {name}: place | instructions | share |\n| --- | ---: | ---: |"));
    let line = |place: &str, cost: f64| {
        let share = cost / (counted.instructions + counted.beside) as f64 * 100.0;
        say(&format!("| `{place}` | {cost:.0} | {share:.1} % |"));
    };
    places.iter().take(TABLE_LINES).for_each(|(place, cost)| line(place, **cost));
    let rest: f64 = places.iter().skip(TABLE_LINES).map(|(_, cost)| **cost).sum();
    line("(all others)", rest);
    say(&format!("\nAll but {} of these on the path, the others beside it.", counted.beside));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_takes_minutes_runs_only_when_named() {
        let names = |asked: &[&str]| -> Vec<&str> {
            choose(asked).unwrap().iter().map(|scenario| scenario.name).collect()
        };
        assert!(!names(&[]).contains(&"store-10m") && names(&[]).contains(&"codec"));
        assert_eq!(names(&["store-10m"]), ["store-10m"]);
        assert!(choose(&["stroe"]).unwrap_err().to_string().contains("store-empty"));
    }

    #[test]
    fn what_has_to_be_flat_is_counted_every_time() {
        let every_time = choose(&[]).unwrap();
        for (base, other, _) in FLAT {
            for name in [base, other] {
                assert!(every_time.iter().any(|scenario| scenario.name == *name), "{name}");
            }
        }
    }
}
