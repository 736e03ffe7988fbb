//! The store of a stopped server, for commands that read or change it. Holds the lock of the data
//! directory while it is open; with a server running it says what to ask that server instead.

use std::{collections::BTreeSet, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use magpie_core::port::{
    Ids as _, Store as _,
    store::{CommitSink, Committed, Op, Origin, Outcome, ReadFuture, Write, WriteResult},
};
use magpie_store::{OpenError, OpenOptions, SqliteStore, sqlite};

use crate::{config::Config, console, ids::RandomIds};

/// An open store and a runtime to wait on.
pub(super) struct StoppedStore {
    store: SqliteStore,
    runtime: tokio::runtime::Runtime,
}

/// Answers the waiting command; nobody else is told, because nobody is connected.
struct AnswerCalls;

impl CommitSink for AnswerCalls {
    fn committed(&self, batch: Vec<Committed>, _position: u64) {
        for done in batch {
            done.origin.answer_call(&done.result);
        }
    }
}

impl StoppedStore {
    /// Opens the store. `instead` is what to ask a server that is running on it.
    pub(super) fn open(config: &Config, create: bool, instead: &str) -> anyhow::Result<Self> {
        let data = &config.server.data;
        if !create && !data.join(sqlite::DATABASE).exists() {
            anyhow::bail!(
                "there is no store in {}: name the server's data directory with --data DIR",
                data.display()
            );
        }
        let options = OpenOptions::new(data, RandomIds::new()?.random());
        let store = match SqliteStore::open(options, Arc::new(AnswerCalls)) {
            Ok(store) => store,
            Err(OpenError::Locked(path)) => anyhow::bail!(
                "a server is running on {}: stop it first, or ask it instead:\n  {instead}",
                path.display()
            ),
            Err(error) => return Err(error.into()),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .context("the waiting end could not be made")?;
        Ok(Self { store, runtime })
    }

    /// Does one write and waits until it is durable.
    pub(super) fn write(&self, op: Op) -> anyhow::Result<Outcome> {
        self.try_write(op)?
            .map_err(|rejection| anyhow::anyhow!("the store refused it: {rejection:?}"))
    }

    /// Does one write, waits until it is durable, and leaves a rejection to the caller.
    pub(super) fn try_write(&self, op: Op) -> anyhow::Result<WriteResult> {
        let (origin, answer) = Origin::call();
        self.store.submit(Write { op, origin })?;
        self.runtime.block_on(answer).context("the store closed before it answered")
    }

    /// Waits for a read.
    pub(super) fn read<T>(
        &self,
        ask: impl FnOnce(&SqliteStore) -> ReadFuture<T>,
    ) -> anyhow::Result<T> {
        Ok(self.runtime.block_on(ask(&self.store))?)
    }
}

/// A curl command for a server that runs with this configuration.
pub(super) fn curl(config: &Config, method: &str, path: &str, json: Option<&str>) -> String {
    let listen = config.server.listen;
    let mut command = format!(
        "curl -X {method} http://{listen}{path} -H \"Authorization: Bearer $MAGPIE_API_KEY\""
    );
    if let Some(json) = json {
        let quoted = json.replace('\'', "'\\''");
        command.push_str(" -H 'Content-Type: application/json' -d '");
        command.push_str(&quoted);
        command.push('\'');
    }
    command
}

/// A user id as one part of a path.
pub(super) fn path_part(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Reads the whole store and reports what is damaged; a server may run on it.
pub(super) fn check(config: &Config) -> anyhow::Result<ExitCode> {
    let report = sqlite::check(&config.server.data)?;
    for problem in &report.problems {
        console::say(&format!("store: {}: {}", problem.place, problem.text));
    }
    let verdict = if report.problems.is_empty() { "fine" } else { "damaged, restore a backup" };
    console::say(&format!(
        "store: {verdict} ({} messages, {} conversations, {} users)",
        report.messages, report.conversations, report.users
    ));
    files(config, &report.uploads);
    Ok(ExitCode::from(u8::from(!report.problems.is_empty())))
}

/// Says which files and uploads do not go together. No fault of the store: a running server is
/// between the two now and then, and sweeps files without an upload at its next start.
fn files(config: &Config, uploads: &BTreeSet<magpie_proto::MediaId>) {
    let files: BTreeSet<_> = match crate::media::list(config) {
        Ok(files) => files.into_iter().collect(),
        Err(error) => return console::say(&format!("files: not checked: {error:#}")),
    };
    let missing: Vec<_> = uploads.difference(&files).collect();
    for id in missing.iter().take(20) {
        console::say(&format!("files: the upload {id} has no file: its readers get an error"));
    }
    console::say(&format!(
        "files: {} uploads, {} without a file, {} files without an upload, in {}",
        uploads.len(),
        missing.len(),
        files.difference(uploads).count(),
        crate::media::place(config)
    ));
}
