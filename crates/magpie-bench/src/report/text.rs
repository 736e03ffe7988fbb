//! The same as the page, for a terminal.

use std::fmt::Write as _;

use super::{cases::Case, compare, units};

/// Tables of all cases.
pub(crate) fn tables(cases: &[Case], against: Option<&[Case]>) -> String {
    let mut out = String::new();
    for case in cases {
        table(&mut out, case, against.and_then(|others| case.twin(others)));
    }
    out
}

fn table(out: &mut String, case: &Case, twin: Option<&Case>) {
    let _ = writeln!(out, "{}  ({} runs)", case.title(), case.runs.len());
    let failed: Vec<_> = case.failed().map(super::Run::told).collect();
    if let Some(first) = failed.first() {
        let _ = writeln!(out, "  {} of {} runs FAILED: {first}", failed.len(), case.runs.len());
    }
    if case.generator_bound() {
        let _ = writeln!(out, "  the generator was the limit: the server can do more");
    }
    if let Some(twin) = twin {
        for difference in case.differences(twin) {
            let _ = writeln!(out, "  not the same conditions: {difference}");
        }
    }
    for (name, spread) in case.shown() {
        let range = format!("{} – {}", units::number(spread.min()), units::number(spread.max()));
        let median = units::number(spread.median());
        let _ = write!(out, "  {:<40} {median:>12}  {range:<24}", units::words(name));
        let old = twin.and_then(|twin| twin.figures.get(name));
        if let Some(ratio) = old.and_then(|old| compare::ratio(name, spread, old)) {
            let _ = write!(
                out,
                "x{:.2} ({:.2} – {:.2}) {}",
                ratio.median,
                ratio.low,
                ratio.high,
                ratio.call.word()
            );
        }
        while out.ends_with(' ') {
            out.pop();
        }
        out.push('\n');
    }
    out.push('\n');
}
