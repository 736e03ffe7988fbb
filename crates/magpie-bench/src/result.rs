//! One result: what was measured, under which conditions, what came out. Printed as one JSON line
//! on standard output; `report` reads the same lines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::verify::Verdict;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// Kind of scenario: `pairs`, `idle`.
    pub(crate) scenario: String,
    /// The scenario with the parameters that matter: lines of one name may be compared.
    pub(crate) name: String,
    /// The server's version.
    pub(crate) version: String,
    /// Commit of the server, from `MAGPIE_COMMIT`.
    pub(crate) commit: String,
    /// Cores of the machine.
    pub(crate) cpus: usize,
    /// Whether server and generator were bound to cores.
    pub(crate) pinned: bool,
    /// Cores of the server, as given; empty: any.
    pub(crate) server_cpus: String,
    /// Cores of the generator, as given; empty: any.
    pub(crate) generator_cpus: String,
    /// How the server makes writes durable; `unknown` for a server that was started elsewhere.
    pub(crate) fsync: String,
    /// Bytes of a message's body.
    pub(crate) body_bytes: usize,
    /// Whether receivers sent delivery marks.
    pub(crate) receipts: bool,
    /// Client protocol.
    pub(crate) protocol: String,
    /// Parameters of the scenario.
    pub(crate) params: Map<String, Value>,
    /// What came out; names end in their unit.
    pub(crate) figures: BTreeMap<String, f64>,
    /// What became of the messages.
    pub(crate) verdict: Verdict,
    /// The generator was the bottleneck: the server can do more than this line says.
    pub(crate) generator_bound: bool,
    /// Nothing was lost, doubled or out of order, and nothing else went wrong.
    pub(crate) ok: bool,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl Line {
    /// Adds figures, rounded to four digits behind the point.
    pub(crate) fn add<N: Into<String>>(&mut self, figures: impl IntoIterator<Item = (N, f64)>) {
        for (name, value) in figures {
            self.figures.insert(name.into(), (value * 1e4).round() / 1e4);
        }
    }

    /// Adds one parameter.
    pub(crate) fn param(&mut self, name: &str, value: impl Into<Value>) {
        self.params.insert(name.to_owned(), value.into());
    }

    /// Takes over what became of the messages; anything but clean makes the line fail, and so
    /// does a send without an answer.
    pub(crate) fn judge(&mut self, verdict: Verdict) {
        self.verdict = verdict;
        if verdict.acked < verdict.sent {
            let missing = verdict.sent - verdict.acked;
            self.fail(format!("{missing} of {} sends were not acknowledged", verdict.sent));
        }
        if !verdict.is_clean() {
            self.fail(format!(
                "{} lost, {} duplicated, {} reordered of {} sent",
                verdict.lost, verdict.duplicated, verdict.reordered, verdict.sent
            ));
        }
    }

    /// Marks the line as failed; the first reason stays.
    pub(crate) fn fail(&mut self, why: String) {
        self.ok = false;
        self.error.get_or_insert(why);
    }

    /// As it is printed.
    pub(crate) fn text(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string(self)?)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// A line without figures.
    pub(crate) fn line() -> Line {
        Line {
            scenario: "pairs".to_owned(),
            name: "pairs 500x1".to_owned(),
            version: "0.1.0".to_owned(),
            commit: "unknown".to_owned(),
            cpus: 2,
            pinned: true,
            server_cpus: "0".to_owned(),
            generator_cpus: "1".to_owned(),
            fsync: "full".to_owned(),
            body_bytes: 142,
            receipts: false,
            protocol: "native".to_owned(),
            params: Map::new(),
            figures: BTreeMap::new(),
            verdict: Verdict::default(),
            generator_bound: false,
            ok: true,
            error: None,
        }
    }

    #[test]
    fn a_line_is_read_back_as_it_was_printed() {
        let mut line = line();
        line.add([("ack_p50_ms", 1.234_567), ("delivered_per_s", 30_000.0)]);
        line.param("senders", 500);
        let text = line.text().unwrap();
        assert!(text.contains(r#""ack_p50_ms":1.2346"#) && !text.contains('\n'), "{text}");
        assert_eq!(serde_json::from_str::<Line>(&text).unwrap(), line);
    }

    #[test]
    fn a_verdict_that_is_not_clean_fails_the_line_and_keeps_the_first_reason() {
        for verdict in [
            Verdict { lost: 1, ..Verdict::default() },
            Verdict { duplicated: 1, ..Verdict::default() },
            Verdict { reordered: 1, ..Verdict::default() },
            Verdict { sent: 3, acked: 2, delivered: 3, ..Verdict::default() },
        ] {
            let mut line = line();
            line.judge(verdict);
            line.fail("something later".to_owned());
            assert!(!line.ok);
            assert!(line.error.as_deref().unwrap().contains("1 "), "{line:?}");
        }
        let mut line = line();
        line.judge(Verdict { sent: 3, acked: 3, delivered: 3, ..Verdict::default() });
        assert!(line.ok);
    }
}
