//! Logs: one line per event on standard error, as text or JSON, filtered by configuration.
//! Whoever logs writes ids; this file makes sure that no value can forge a second line.

use std::io::{self, IsTerminal as _, Write};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::config::log::{Format, Log};

/// Reads a level or filter.
///
/// # Errors
/// A text that says what is wrong with it.
pub(crate) fn read_filter(level: &str) -> Result<EnvFilter, String> {
    const HOW: &str =
        "use error, warn, info, debug, trace, or a list such as info,magpie_gateway=debug";
    // A lone word that is no level would be taken as the name of a module.
    let is_level = |word: &str| word.parse::<tracing::level_filters::LevelFilter>().is_ok();
    let odd = level.split(',').map(str::trim).find(|part| !part.contains('=') && !is_level(part));
    if let Some(odd) = odd {
        return Err(format!("\"{}\" is not a level: {HOW}", odd.escape_debug()));
    }
    EnvFilter::try_new(level).map_err(|error| format!("{error}: {HOW}"))
}

/// Sends log lines to standard error from here on.
///
/// # Errors
/// When the filter is wrong or a subscriber is set already.
pub fn start(log: &Log) -> anyhow::Result<()> {
    let filter = read_filter(&log.level).map_err(anyhow::Error::msg)?;
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(OneLine(io::stderr));
    let started = match log.format {
        Format::Text => builder.with_ansi(io::stderr().is_terminal()).try_init(),
        Format::Json => builder.json().flatten_event(true).with_current_span(false).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("logging could not be started: {error}"))
}

/// Writes each event as exactly one line: breaks inside values become visible escapes.
struct OneLine<M>(M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for OneLine<M> {
    type Writer = OneLineWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        OneLineWriter(self.0.make_writer())
    }
}

struct OneLineWriter<W>(W);

impl<W: Write> Write for OneLineWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The subscriber hands over one whole event at a time, ended by one break.
        let (event, end) = match bytes.strip_suffix(b"\n") {
            Some(event) => (event, &b"\n"[..]),
            None => (bytes, &b""[..]),
        };
        let mut line = Vec::with_capacity(bytes.len());
        for byte in event {
            match byte {
                b'\n' => line.extend_from_slice(b"\\n"),
                b'\r' => line.extend_from_slice(b"\\r"),
                other => line.push(*other),
            }
        }
        line.extend_from_slice(end);
        self.0.write_all(&line)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_value_with_line_breaks_stays_on_its_line() {
        for json in [false, true] {
            let kept = Kept::default();
            let writer = kept.clone();
            let builder = tracing_subscriber::fmt()
                .with_ansi(false)
                .with_writer(OneLine(move || writer.clone()));
            let log = || tracing::info!(user = "a\r\nERROR forged", "seen");
            if json {
                tracing::subscriber::with_default(builder.json().finish(), log);
            } else {
                tracing::subscriber::with_default(builder.finish(), log);
            }
            let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
            assert_eq!(text.lines().count(), 1, "{text}");
            assert!(text.ends_with('\n') && !text.contains('\r'), "{text}");
        }
    }

    #[test]
    fn a_filter_that_is_none_is_refused() {
        assert!(read_filter("info").is_ok());
        assert!(read_filter("info,magpie_gateway=debug").is_ok());
        assert!(read_filter("loud").unwrap_err().contains("\"loud\" is not a level"));
        assert!(read_filter("info,magpie_gateway=loud").is_err());
    }
}
