//! The page: one file with its style and its drawings inside, light or dark as the reader wishes,
//! readable on a phone. Everything from the files passes `escape`.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    cases::{Case, plain},
    chart,
    compare::{self, Ratio},
    markup::escape,
    units::{self, Good},
};

/// Conditions that head the page when all runs share them.
const HEADLINE: [&str; 4] = ["version", "commit", "cpus", "fsync"];

/// The whole page.
pub(crate) fn page(cases: &[Case], against: Option<&[Case]>) -> String {
    let mut out = String::from(concat!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        "<meta name=\"color-scheme\" content=\"light dark\">\n",
        "<title>Magpie: measured</title>\n<style>\n",
        include_str!("page.css"),
        "</style>\n</head>\n<body>\n"
    ));
    head(&mut out, cases, against);
    if cases.len() > 1 {
        overview(&mut out, cases);
    }
    for case in cases {
        section(&mut out, case, against.map(|others| case.twin(others)));
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn head(out: &mut String, cases: &[Case], against: Option<&[Case]>) {
    let runs: usize = cases.iter().map(|case| case.runs.len()).sum();
    let failed: usize = cases.iter().map(|case| case.failed().count()).sum();
    let _ = writeln!(out, "<h1>Magpie: measured</h1>\n<p class=\"facts\">{}</p>", facts(cases));
    if let Some(others) = against {
        let _ = writeln!(out, "<p class=\"facts\"><b>against</b> {}</p>", facts(others));
    }
    let _ = write!(out, "<p>{}, {}. ", count(cases.len(), "case"), count(runs, "run"));
    out.push_str("Each figure is the median of its runs; beside it the lowest and the highest.");
    if against.is_some() {
        out.push_str(" A ratio is new by old; it is called better or worse only when the runs of the two do not overlap.");
    }
    out.push_str("</p>\n");
    if failed > 0 {
        let _ = writeln!(
            out,
            "<p class=\"failed\">{failed} of {runs} runs failed: what they measured does not count.</p>"
        );
    }
    if let Some(others) = against {
        let gone: Vec<_> =
            others.iter().filter(|other| other.twin(cases).is_none()).map(Case::title).collect();
        if !gone.is_empty() {
            let _ =
                writeln!(out, "<p class=\"note\">Only before: {}</p>", escape(&gone.join(", ")));
        }
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// One line for each case: its rate and its latencies, where it has them.
fn overview(out: &mut String, cases: &[Case]) {
    out.push_str("<section>\n<table class=\"overview\">\n<tr><th>case</th><th class=\"num\">per s</th><th class=\"num\">p50 ms</th><th class=\"num\">p99 ms</th></tr>\n");
    for case in cases {
        let shown = case.shown();
        let rate = shown.iter().find(|(name, _)| units::good(name) == Good::High);
        let at = |wanted: &str| {
            let found = shown.iter().filter(|(name, _)| name.starts_with("delivery_"));
            let found = found.chain(&shown).find_map(|(name, spread)| {
                let (_, at, unit_ms) = units::latency(name)?;
                (at == wanted).then(|| spread.median() * unit_ms)
            });
            found.map_or_else(|| "–".to_owned(), units::number)
        };
        let _ = writeln!(
            out,
            "<tr{}><td>{}</td><td class=\"num\"><b>{}</b></td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>",
            if case.failed().next().is_some() { " class=\"bad\"" } else { "" },
            escape(&case.title()),
            rate.map_or_else(|| "–".to_owned(), |(_, spread)| units::number(spread.median())),
            at("p50"),
            at("p99")
        );
    }
    out.push_str("</table>\n</section>\n");
}

/// Version, commit and machine, as far as all runs agree.
fn facts(cases: &[Case]) -> String {
    let mut values: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for run in cases.iter().flat_map(|case| &case.runs) {
        for name in HEADLINE {
            let seen = values.entry(name).or_default();
            if let Some(value) = run.conditions.get(name).map(plain)
                && !seen.contains(&value)
            {
                seen.push(value);
            }
        }
    }
    let told = HEADLINE.iter().filter_map(|name| {
        let seen = values.get(name).filter(|seen| !seen.is_empty())?;
        Some(format!("{name} <b>{}</b>", escape(&seen.join(", "))))
    });
    told.collect::<Vec<_>>().join(" · ")
}

fn section(out: &mut String, case: &Case, twin: Option<Option<&Case>>) {
    let compared = twin.is_some();
    let twin = twin.flatten();
    let failed = case.failed().count();
    let _ = writeln!(
        out,
        "<section{}>\n<h2>{} <small>{}</small></h2>",
        if failed > 0 { " class=\"bad\"" } else { "" },
        escape(&case.title()),
        count(case.runs.len(), "run")
    );
    notes(out, case, compared, twin);
    figures(out, case, twin);
    let bars = chart::latencies(case, twin);
    if !bars.is_empty() {
        let _ = writeln!(
            out,
            "{bars}\n<p class=\"legend\">Latency on a logarithmic scale; the line spans the runs{}.</p>",
            if twin.is_some() { ", the pale bar is before" } else { "" }
        );
    }
    conditions(out, case);
    out.push_str("</section>\n");
}

fn notes(out: &mut String, case: &Case, compared: bool, twin: Option<&Case>) {
    for (number, run) in case.runs.iter().enumerate().filter(|(_, run)| !run.ok) {
        let _ = writeln!(
            out,
            "<p class=\"failed\">Run {} failed: {}</p>",
            number + 1,
            escape(&run.told())
        );
    }
    if case.generator_bound() {
        out.push_str(
            "<p class=\"note\">The generator was the limit: the server can do more.</p>\n",
        );
    }
    if compared && twin.is_none() {
        out.push_str("<p class=\"note\">Not measured before.</p>\n");
    }
    let differences = twin.map(|twin| case.differences(twin)).unwrap_or_default();
    if !differences.is_empty() {
        let _ = writeln!(
            out,
            "<p class=\"note\">Not the same conditions as before: {}</p>",
            escape(&differences.join("; "))
        );
    }
}

fn figures(out: &mut String, case: &Case, twin: Option<&Case>) {
    out.push_str("<table class=\"figures\">\n<tr><th>figure</th><th class=\"num\">median</th><th class=\"num\">lowest – highest</th>");
    out.push_str(if twin.is_some() { "<th class=\"num\">ratio</th>" } else { "" });
    out.push_str("<th class=\"plot\">runs</th></tr>\n");
    for (name, spread) in case.shown() {
        let old = twin.and_then(|twin| twin.figures.get(name));
        let _ = write!(
            out,
            "<tr><td>{}</td><td class=\"num\"><b>{}</b></td><td class=\"num range\">{} – {}</td>",
            escape(&units::words(name)),
            units::number(spread.median()),
            units::number(spread.min()),
            units::number(spread.max())
        );
        if twin.is_some() {
            ratio(out, old.and_then(|old| compare::ratio(name, spread, old)));
        }
        let _ = writeln!(out, "<td class=\"plot\">{}</td></tr>", chart::strip(spread, old));
    }
    out.push_str("</table>\n");
}

fn ratio(out: &mut String, ratio: Option<Ratio>) {
    let Some(ratio) = ratio else {
        out.push_str("<td class=\"ratio\">–</td>");
        return;
    };
    let word = ratio.call.word();
    let class = if word.is_empty() { "ratio".to_owned() } else { format!("ratio {word}") };
    let _ = write!(
        out,
        "<td class=\"{class}\"><b>×{:.2}</b> <small>{:.2} – {:.2}{}{word}</small></td>",
        ratio.median,
        ratio.low,
        ratio.high,
        if word.is_empty() { "" } else { ", " }
    );
}

fn conditions(out: &mut String, case: &Case) {
    let run = case.first();
    out.push_str("<details><summary>conditions and verdicts</summary>\n<table>\n");
    let params = run.params.iter().map(|(name, value)| (name, plain(value)));
    let around = run.conditions.iter().map(|(name, value)| (name, plain(value)));
    for (name, value) in params.chain(around) {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td></tr>",
            escape(&units::words(name)),
            escape(&value)
        );
    }
    for (number, run) in case.runs.iter().enumerate() {
        let class = if run.ok { "" } else { " class=\"failed\"" };
        let _ = writeln!(
            out,
            "<tr{class}><td>run {}</td><td>{}</td></tr>",
            number + 1,
            escape(&run.told())
        );
    }
    out.push_str("</table>\n</details>\n");
}
