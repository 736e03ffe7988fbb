//! `magpie-bench report`: reads result lines and shows them as one HTML page or as text, alone or
//! against another file. Judges nothing that the runs did not judge; measures nothing.

mod cases;
mod chart;
mod compare;
mod html;
mod markup;
mod spread;
mod text;
mod units;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value};

use cases::{Case, Run};

/// What to show.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Report {
    /// Result lines, as `magpie-bench` prints them.
    pub(crate) results: PathBuf,
    /// Earlier results to compare with.
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,
    /// The page to write.
    #[arg(long, value_name = "FILE", required_unless_present = "text")]
    pub(crate) out: Option<PathBuf>,
    /// Print tables instead of, or besides, writing a page.
    #[arg(long)]
    pub(crate) text: bool,
}

/// Writes the page, and gives the text to print.
pub(crate) fn run(report: &Report) -> Result<String> {
    let cases = load(&report.results)?;
    let against = report.against.as_deref().map(load).transpose()?;
    if let Some(out) = &report.out {
        let page = html::page(&cases, against.as_deref());
        fs::write(out, page).with_context(|| format!("cannot write {}", out.display()))?;
    }
    Ok(match (&report.out, report.text) {
        (_, true) => text::tables(&cases, against.as_deref()),
        (Some(out), false) => format!("{} cases are in {}\n", cases.len(), out.display()),
        (None, false) => String::new(),
    })
}

/// Median and spread of some runs, for a terminal.
pub(crate) fn tables(runs: Vec<Run>) -> String {
    text::tables(&cases::group(runs), None)
}

fn load(path: &Path) -> Result<Vec<Case>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut runs = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if is_sample(line) {
            continue;
        }
        let run = parse(line).with_context(|| format!("{}:{}", path.display(), number + 1))?;
        runs.push(run);
    }
    ensure!(!runs.is_empty(), "{} holds no results: run a scenario first", path.display());
    Ok(cases::group(runs))
}

/// What a soak tells between its results.
fn is_sample(line: &str) -> bool {
    serde_json::from_str::<Value>(line).is_ok_and(|value| value.get("sample").is_some())
}

/// Reads one line; other programs' lines are refused with what is missing.
pub(crate) fn parse(line: &str) -> Result<Run> {
    let value: Value = serde_json::from_str(line).context("this is no JSON line")?;
    let Value::Object(mut fields) = value else { anyhow::bail!("this is no JSON object") };
    let mut object = |name: &str| match fields.remove(name) {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    };
    let (params, figures, verdict) = (object("params"), object("figures"), object("verdict"));
    let mut text = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let scenario = text("scenario").context(r#"no result: "scenario" is missing"#)?;
    let name = text("name").unwrap_or_else(|| scenario.clone());
    let error = text("error");
    let flag = |name: &str| fields.get(name).and_then(Value::as_bool);
    let (ok, generator_bound) = (flag("ok"), flag("generator_bound").unwrap_or(false));
    Ok(Run {
        scenario,
        name,
        ok: ok.context(r#"no result: "ok" is missing"#)?,
        generator_bound,
        error,
        params,
        verdict,
        figures: figures.into_iter().filter_map(|(name, v)| Some((name, v.as_f64()?))).collect(),
        conditions: fields.into_iter().filter(|(key, _)| !JUDGED.contains(&key.as_str())).collect(),
    })
}

const JUDGED: [&str; 2] = ["ok", "generator_bound"];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const LINE: &str = r#"{"scenario":"pairs","name":"pairs <500x1>","version":"0.1.0","commit":"abc","cpus":2,"pinned":true,"server_cpus":"0","generator_cpus":"1","fsync":"full","body_bytes":142,"receipts":false,"protocol":"native","params":{"senders":500,"window":1},"figures":{"delivered_per_s":30000,"delivery_p50_ms":1.5,"delivery_p99_ms":9.0,"server_cpu_us_per_message":30.5},"verdict":{"sent":100,"acked":100,"delivered":100,"lost":0,"duplicated":0,"reordered":0},"generator_bound":false,"ok":true}"#;

    fn write(folder: &Path, name: &str, rates: &[u32]) -> PathBuf {
        let path = folder.join(name);
        let lines: Vec<_> =
            rates.iter().map(|rate| LINE.replace("30000", &rate.to_string())).collect();
        fs::write(&path, lines.join("\n")).unwrap();
        path
    }

    fn shown(results: PathBuf, against: Option<PathBuf>) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("page.html");
        let report = Report { results, against, out: Some(out.clone()), text: true };
        (run(&report).unwrap(), fs::read_to_string(out).unwrap())
    }

    #[test]
    fn a_case_is_shown_with_median_and_spread_of_its_runs() {
        let folder = tempfile::tempdir().unwrap();
        let results = write(folder.path(), "r", &[30_000, 28_000, 32_000]);
        let (text, page) = shown(results, None);
        for shown in [&text, &page] {
            assert!(shown.contains("30,000"), "{shown}");
            assert!(shown.contains("28,000 – 32,000"), "{shown}");
            assert!(shown.contains("delivered per s"), "{shown}");
        }
        assert!(page.contains("3 runs"), "{page}");
    }

    #[test]
    fn what_a_file_says_is_text_on_the_page_never_markup() {
        let folder = tempfile::tempdir().unwrap();
        let results = folder.path().join("r");
        let evil = LINE
            .replace("abc", r"</style><script>alert(1)</script>\u0022onload=x")
            .replace("delivered_per_s", "<img src=x>_per_s");
        fs::write(&results, evil).unwrap();
        let (_, page) = shown(results, None);
        assert!(page.contains("pairs &lt;500x1&gt;"), "{page}");
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(page.contains("&lt;/style&gt;&lt;script&gt;alert(1)"), "{page}");
        assert!(page.contains("&quot;onload=x"), "{page}");
    }

    #[test]
    fn the_page_loads_nothing_and_every_element_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let results = write(folder.path(), "r", &[30_000, 28_000]);
        let (_, page) = shown(results.clone(), Some(results));
        for from_elsewhere in ["http", "src=", "href=", "url(", "@import"] {
            assert!(!page.contains(from_elsewhere), "{from_elsewhere}");
        }
        for element in ["html", "body", "section", "table", "tr", "td", "th", "svg", "h2", "p"] {
            let opened = page.matches(&format!("<{element}>")).count()
                + page.matches(&format!("<{element} ")).count();
            assert_eq!(opened, page.matches(&format!("</{element}>")).count(), "{element}");
        }
    }

    #[test]
    fn only_spreads_that_do_not_overlap_are_called_better_or_worse() {
        let folder = tempfile::tempdir().unwrap();
        let before = write(folder.path(), "before", &[20_000, 21_000, 22_000]);
        let better = write(folder.path(), "better", &[29_000, 30_000, 31_000]);
        let alike = write(folder.path(), "alike", &[21_500, 23_000, 24_000]);
        let (text, page) = shown(better.clone(), Some(before.clone()));
        assert!(text.contains("better") && text.contains("1.43"), "{text}");
        assert!(page.contains(r#"class="ratio better""#), "{page}");
        let (text, page) = shown(before.clone(), Some(better));
        assert!(text.contains("worse"), "{text}");
        assert!(page.contains(r#"class="ratio worse""#), "{page}");
        let (text, _) = shown(alike, Some(before));
        assert!(!text.contains("better") && !text.contains("worse"), "{text}");
    }

    #[test]
    fn a_run_that_failed_is_marked_and_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let results = folder.path().join("r");
        let lost =
            LINE.replace(r#""lost":0"#, r#""lost":3"#).replace(r#""ok":true"#, r#""ok":false"#);
        fs::write(&results, format!("{LINE}\n{lost}\n")).unwrap();
        let (text, page) = shown(results, None);
        assert!(text.contains("1 of 2 runs FAILED: lost 3"), "{text}");
        assert!(page.contains(r#"class="failed""#) && page.contains("lost 3"), "{page}");
        let ended = LINE.replace(r#""ok":true"#, r#""ok":false,"error":"the server ended""#);
        let results = folder.path().join("e");
        fs::write(&results, ended).unwrap();
        let (text, page) = shown(results, None);
        assert!(text.contains("FAILED: the server ended"), "{text}");
        assert!(page.contains("Run 1 failed: the server ended"), "{page}");
    }

    #[test]
    fn samples_between_results_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let results = folder.path().join("r");
        fs::write(&results, format!("{{\"at_s\":1,\"sample\":\"soak\"}}\n{LINE}\n")).unwrap();
        let (_, page) = shown(results, None);
        assert!(page.contains("1 case, 1 run."), "{page}");
    }

    #[test]
    fn a_broken_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let results = folder.path().join("r.jsonl");
        let report =
            |path: &Path| Report { results: path.into(), against: None, out: None, text: true };
        for (text, wanted) in [
            (format!("{LINE}\nnonsense"), "r.jsonl:2"),
            ("{\"figure\":1}".into(), "\"scenario\" is missing"),
            (String::new(), "holds no results"),
        ] {
            fs::write(&results, text).unwrap();
            let error = format!("{:#}", run(&report(&results)).unwrap_err());
            assert!(error.contains(wanted), "{error}");
        }
    }
}
