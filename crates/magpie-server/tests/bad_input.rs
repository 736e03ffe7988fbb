//! Bad input as one table: what comes in, what is answered, what becomes of the connection, what
//! the log says; and two bystanders whose chat goes on after every row, with nothing lost at the
//! end. The rows are in `bad_input/`, by the place where the input arrives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::too_many_lines, reason = "tables are long")]

#[path = "bad_input/frames.rs"]
mod frames;
#[path = "bad_input/greedy.rs"]
mod greedy;
#[path = "bad_input/http.rs"]
mod http;
#[path = "bad_input/json.rs"]
mod json;
#[path = "bad_input/pressure.rs"]
mod pressure;
#[path = "bad_input/start.rs"]
mod start;
#[path = "bad_input/tokens.rs"]
mod tokens;
#[path = "bad_input/wire.rs"]
mod wire;
#[path = "bad_input/world.rs"]
mod world;
#[path = "bad_input/ws.rs"]
mod ws;

use serde_json::{Value, json};
use wire::{Got, Wire};
use world::{Bystanders, Server, Start};

/// Where the input arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// A native connection that has said hello.
    Native,
    /// A native connection before its hello.
    Fresh,
    /// A plain TCP connection.
    Http,
}

/// What comes in.
enum Input {
    /// Bytes.
    Bytes(Vec<u8>),
    /// Something longer; gives what was seen instead of the expected, if so.
    Act(fn(&mut World)),
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// An error frame with this code.
    Error(&'static str),
    /// A frame of this type.
    Reply(&'static str),
    /// Whatever: only the connection's state is judged.
    Anything,
    /// An error frame, then a close.
    Refused(&'static str, u16),
    /// A close frame.
    Close(u16),
    /// An HTTP answer with this status, and this code if it has one.
    Status(u16, &'static str),
    /// The connection just ends.
    Cut,
    /// The row's own function judges.
    Judged,
}

/// The connection afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It takes the next request.
    Usable,
    /// The server has ended it.
    Closed,
}

/// What operators see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Log {
    /// No warning and no error: what strangers send is no news.
    Quiet,
    /// A line with these words.
    Says(&'static str),
}

struct Row {
    name: String,
    door: Door,
    input: Input,
    answer: Answer,
    state: State,
    log: Log,
}

impl Row {
    fn bytes(
        door: Door,
        name: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
        answer: Answer,
        state: State,
    ) -> Self {
        let input = Input::Bytes(bytes.into());
        Self { name: name.into(), door, input, answer, state, log: Log::Quiet }
    }

    fn act(name: &str, act: fn(&mut World), log: Log) -> Self {
        let (door, input) = (Door::Http, Input::Act(act));
        Self { name: name.into(), door, input, answer: Answer::Judged, state: State::Closed, log }
    }
}

/// A server with its bystanders, and the connection that misbehaves.
struct World {
    server: Server,
    bystanders: Bystanders,
    native: Option<Wire>,
}

impl World {
    fn new(start: Start) -> Self {
        let server = start.runs();
        let bystanders = Bystanders::meet(&server);
        Self { server, bystanders, native: None }
    }

    fn open(&mut self, door: Door) -> Wire {
        match door {
            Door::Native => self.native.take().unwrap_or_else(|| self.server.session("小明")),
            Door::Fresh => Wire::socket(self.server.address, "/v1/ws", ""),
            Door::Http => Wire::open(self.server.address),
        }
    }

    fn run(&mut self, row: &Row) {
        let _shown = Shown(&row.name);
        let log_len = self.server.log_len();
        match &row.input {
            Input::Act(act) => act(self),
            Input::Bytes(bytes) => {
                let mut wire = self.open(row.door);
                wire.send(bytes);
                judge_answer(&mut wire, row.answer);
                self.judge_state(wire, row);
            }
        }
        self.bystanders.chat();
        assert!(self.server.alive(), "the server is gone");
        judge_log(&self.server.log_after(log_len), row.log);
    }

    fn judge_state(&mut self, mut wire: Wire, row: &Row) {
        match (row.state, row.door) {
            (State::Closed, _) => assert!(wire.ended(), "the connection is still open"),
            (State::Usable, Door::Native) => {
                wire.text(r#"{"t":"ping","r":777}"#);
                let pong = wire.find(|frame| frame["t"] == "pong" && frame["r"] == 777);
                pong.unwrap_or_else(|end| panic!("not usable: {end:?}"));
                // An answer that was not waited for must not be taken for the next row's.
                self.native = (row.answer != Answer::Anything).then_some(wire);
            }
            (State::Usable, Door::Fresh) if row.answer == Answer::Reply("ready") => {}
            (State::Usable, Door::Fresh) => {
                let hello = json!({"t": "hello", "r": 1, "token": self.server.token("小明")});
                wire.hello(&hello).unwrap_or_else(|refusal| panic!("not usable: {refusal}"));
            }
            (State::Usable, Door::Http) => {
                wire.send(b"GET /healthz HTTP/1.1\r\nHost: magpie\r\n\r\n");
                assert_eq!(wire.answer().expect("not usable").status, 200);
            }
        }
    }

    fn finish(mut self) {
        assert!(self.server.alive());
        // Whoever is still connected would be waited for.
        let said = self.bystanders.leave();
        drop(self.native);
        said.nothing_lost(&mut self.server.session("A"));
        let log = self.server.log_after(0);
        assert!(!log.iter().any(|line| line.contains("panicked")), "{log:?}");
        // What was acknowledged is there after a restart, too.
        let again = self.server.stop().runs();
        said.nothing_lost(&mut again.session("A"));
    }
}

/// Frames that the server sends without being asked.
const EVENTS: [&str; 8] =
    ["msg", "msg.hidden", "conv.state", "receipt", "typing", "presence", "push", "broadcast"];

fn judge_answer(wire: &mut Wire, wanted: Answer) {
    // Events of rows before may come between: only answers are judged.
    let reply = |frame: &Value| !EVENTS.contains(&frame["t"].as_str().unwrap());
    match wanted {
        Answer::Error(code) => {
            let frame = wire.find(reply).unwrap();
            assert_eq!((&frame["t"], &frame["code"]), (&json!("error"), &json!(code)), "{frame}");
            assert!(frame["message"].as_str().is_some_and(|text| text.len() > 10), "{frame}");
        }
        Answer::Reply(kind) => assert_eq!(wire.find(reply).unwrap()["t"], kind),
        Answer::Refused(code, close) => {
            judge_answer(wire, Answer::Error(code));
            assert_eq!(wire.closed(), Some(close));
        }
        Answer::Close(code) => match wire.find(|_| false) {
            Err(Got::Close(found, reason)) => assert_eq!(found, code, "{reason}"),
            other => panic!("{other:?} instead of close {code}"),
        },
        Answer::Status(status, code) => {
            let answer = wire.answer().expect("no answer");
            assert_eq!(answer.status, status, "{} {}", answer.head, answer.body);
            assert_eq!(answer.code(), code, "{}", answer.body);
        }
        Answer::Cut => assert!(wire.ended(), "it should have been cut"),
        Answer::Anything | Answer::Judged => {}
    }
}

fn judge_log(lines: &[String], wanted: Log) {
    let loud = |line: &&String| {
        line.contains(" WARN ") || line.contains(" ERROR ") || line.contains("panicked")
    };
    let found: Vec<_> = lines.iter().filter(loud).collect();
    match wanted {
        Log::Quiet => assert!(found.is_empty(), "{found:?}"),
        Log::Says(words) => {
            assert!(found.iter().any(|line| line.contains(words)), "no {words:?} in {lines:?}");
            assert!(!found.iter().any(|line| line.contains("panicked")), "{found:?}");
        }
    }
}

/// Names the row when it fails.
struct Shown<'a>(&'a str);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("row: {}", self.0);
        }
    }
}

fn play(start: Start, rows: Vec<Row>) {
    let mut world = World::new(start);
    let memory_kib = world.server.status("VmRSS");
    for row in &rows {
        world.run(row);
    }
    let grown_kib = world.server.status("VmRSS").saturating_sub(memory_kib);
    assert!(grown_kib < 64 * 1_024, "{} rows cost {grown_kib} KiB of memory", rows.len());
    world.finish();
}

#[test]
fn bad_frames_get_an_error_and_the_connection_goes_on() {
    play(Start::fresh(), json::rows());
}

#[test]
fn whoever_breaks_the_websocket_protocol_is_closed_with_the_right_code() {
    play(Start::fresh(), ws::rows());
}

#[test]
fn bad_tokens_are_refused_and_bad_cursors_start_over() {
    let start = Start::fresh();
    play(start, tokens::rows());
}

#[test]
fn bad_requests_get_a_clear_answer() {
    play(Start::fresh(), http::rows());
}

#[test]
fn who_wants_more_than_his_share_is_told_to_wait() {
    let start = Start::fresh()
        .set("MAGPIE_LIMITS__MESSAGES_PER_S", greedy::RATE)
        .set("MAGPIE_LIMITS__MESSAGES_BURST", greedy::BURST)
        .set("MAGPIE_LIMITS__EPHEMERAL_PER_S", greedy::EPHEMERAL);
    play(start, greedy::rows());
}

#[test]
fn the_slow_are_cut_off() {
    let start = Start::fresh()
        .set("MAGPIE_LIMITS__HELLO_TIMEOUT_MS", "300")
        .set("MAGPIE_LIMITS__HEADER_TIMEOUT_MS", "300")
        .set("MAGPIE_LIMITS__BODY_TIMEOUT_MS", "300");
    play(start, http::slow_rows());
}

#[test]
fn a_server_that_cannot_start_says_why_and_touches_nothing() {
    play(Start::fresh(), start::rows());
}

#[test]
fn a_full_disk_refuses_writes_and_nothing_else() {
    pressure::full_disk();
}

#[test]
fn out_of_file_descriptors_the_server_waits_without_spinning() {
    pressure::few_descriptors();
}
