//! Drawings, as SVG that needs nothing else: bars of latencies on a logarithmic scale, and for
//! each figure a strip that shows every run. Widths are shares, so that text keeps its size.

use std::fmt::Write as _;

use super::{cases::Case, markup::escape, spread::Spread, units};

const ROW_PX: usize = 36;
const AXIS_PX: usize = 20;

struct Bar {
    label: String,
    /// In milliseconds.
    spread: [f64; 3],
    other: Option<[f64; 3]>,
}

/// Bars of all latencies of a case, with those of its twin beside them; empty when it has none.
pub(crate) fn latencies(case: &Case, twin: Option<&Case>) -> String {
    let bars = bars(case, twin);
    let Some((low, high)) = scale(&bars) else { return String::new() };
    let place =
        |ms: f64| (ms.max(low).log10() - low.log10()) / (high.log10() - low.log10()) * 100.0;
    let height = bars.len() * ROW_PX + AXIS_PX;
    let mut out = format!(
        r#"<svg class="bars" width="100%" height="{height}" role="img" aria-label="latencies">"#
    );
    axis(&mut out, (low, high), height, &place);
    for (index, bar) in bars.iter().enumerate() {
        draw(&mut out, bar, index * ROW_PX, &place);
    }
    out.push_str("</svg>");
    out
}

fn bars(case: &Case, twin: Option<&Case>) -> Vec<Bar> {
    let mut found: Vec<(_, &String, &Spread)> = case
        .figures
        .iter()
        .filter_map(|(name, spread)| Some((units::latency(name)?, name, spread)))
        .filter(|(_, _, spread)| spread.max() > 0.0)
        .collect();
    found.sort_by_key(|(_, name, _)| units::rank(name));
    let times = |spread: &Spread, unit_ms: f64| {
        [spread.min() * unit_ms, spread.median() * unit_ms, spread.max() * unit_ms]
    };
    let bar = |((of, at, unit_ms), name, spread): ((&str, &str, f64), &String, &Spread)| Bar {
        label: units::words(&format!("{of}_{at}")),
        spread: times(spread, unit_ms),
        other: twin.and_then(|twin| twin.figures.get(name)).map(|other| times(other, unit_ms)),
    };
    found.into_iter().map(bar).collect()
}

/// Whole decades around everything that is drawn.
fn scale(bars: &[Bar]) -> Option<(f64, f64)> {
    let all = || {
        bars.iter().flat_map(|bar| bar.spread.into_iter().chain(bar.other.into_iter().flatten()))
    };
    let positive = || all().filter(|ms| *ms > 0.0);
    let low = positive().reduce(f64::min)?;
    let high = positive().reduce(f64::max)?;
    let low = 10_f64.powf((low.log10() - 1e-9).floor());
    let high = 10_f64.powf(high.log10().ceil()).max(low * 10.0);
    Some((low, high))
}

fn axis(out: &mut String, (low, high): (f64, f64), height: usize, place: &impl Fn(f64) -> f64) {
    let bottom = height - AXIS_PX;
    let mut at = low;
    while at <= high * 1.001 {
        let x = place(at);
        let anchor = match x {
            _ if x < 1.0 => "start",
            _ if x > 99.0 => "end",
            _ => "middle",
        };
        let _ = write!(
            out,
            r#"<line class="grid" x1="{x:.2}%" x2="{x:.2}%" y1="0" y2="{bottom}"/><text class="tick" x="{x:.2}%" y="{}" text-anchor="{anchor}">{} ms</text>"#,
            height - 5,
            units::number(at)
        );
        at *= 10.0;
    }
}

fn draw(out: &mut String, bar: &Bar, y: usize, place: &impl Fn(f64) -> f64) {
    let [min, median, max] = bar.spread;
    let told = format!("{} ms", units::number(median));
    let _ = write!(
        out,
        r#"<text class="label" x="0" y="{}">{}</text><text class="value" x="100%" y="{}" text-anchor="end">{told}</text>"#,
        y + 13,
        escape(&bar.label),
        y + 13
    );
    if let Some([_, other, _]) = bar.other {
        let _ = write!(
            out,
            r#"<rect class="was" x="0" y="{}" width="{:.2}%" height="4" rx="2"/>"#,
            y + 27,
            place(other)
        );
    }
    let _ = write!(
        out,
        r#"<rect class="bar" x="0" y="{}" width="{:.2}%" height="8" rx="2"/><line class="whisker" x1="{:.2}%" x2="{:.2}%" y1="{}" y2="{}"/>"#,
        y + 18,
        place(median).max(0.5),
        place(min),
        place(max),
        y + 22,
        y + 22
    );
}

/// Every run of a figure between nothing and the highest; the twin's as a paler line below.
pub(crate) fn strip(spread: &Spread, other: Option<&Spread>) -> String {
    let top = spread.max().max(other.map_or(0.0, Spread::max));
    if top <= 0.0 {
        return String::new();
    }
    let place = |value: f64| 1.0 + (value / top).clamp(0.0, 1.0) * 98.0;
    let mut out =
        String::from(r#"<svg class="strip" width="100%" height="18" aria-hidden="true">"#);
    let _ = write!(out, r#"<line class="grid" x1="1%" x2="99%" y1="8" y2="8"/>"#);
    if let Some(other) = other {
        let _ = write!(
            out,
            r#"<line class="was" x1="{:.2}%" x2="{:.2}%" y1="14" y2="14"/><circle class="was" cx="{:.2}%" cy="14" r="3"/>"#,
            place(other.min()),
            place(other.max()),
            place(other.median())
        );
    }
    for value in spread.values() {
        let x = place(*value);
        let _ = write!(out, r#"<line class="run" x1="{x:.2}%" x2="{x:.2}%" y1="3" y2="13"/>"#);
    }
    let _ =
        write!(out, r#"<circle class="median" cx="{:.2}%" cy="8" r="4"/>"#, place(spread.median()));
    out.push_str("</svg>");
    out
}
