//! The language of transcripts: one step a line, `#` starts a comment. See [`Act`] and [`Deed`].

use serde_json::Value;

/// One step with its line.
#[derive(Debug)]
pub struct Step {
    pub line: usize,
    pub text: String,
    pub act: Act,
}

/// What a line asks for.
///
/// `serve MODE key=value..` (first line only), `connect NAME PATH [Header: value | ..]` until the
/// server has taken it, the same with `=> STATUS [JSON]` for a refused handshake, `dial ..` as
/// `connect` without waiting, `native NAME USER [JSON]`, `token VAR USER [JSON]`,
/// `link VAR DIALECT PART..`, `call METHOD PATH [JSON] => STATUS [JSON]`, `until ..` the same until
/// it holds, `keep VAR FIELD.FIELD GET PATH`, `kill`, `restart`; `${VAR}` is filled in.
#[derive(Debug)]
pub enum Act {
    Serve { mode: String, settings: Vec<(String, String)> },
    Connect { name: String, path: String, headers: Vec<(String, String)>, wait: bool },
    Refused { path: String, headers: Vec<(String, String)>, status: u16, body: Option<Value> },
    Native { name: String, user: String, more: Value },
    Token { var: String, user: String, more: Value },
    Link { var: String, dialect: String, parts: Vec<String> },
    Call { call: Call, until: bool },
    Keep { var: String, at: String, path: String },
    Kill,
    Restart,
    Socket { name: String, deed: Deed },
}

/// An HTTP request and what must come back.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub body: Option<Value>,
    pub status: u16,
    pub answer: Option<Value>,
}

/// What a socket does or what must come on it.
///
/// `NAME -> text`, `big N`, `burst N`, `binary`, `deaf` (reads no more), `drop` (cuts the line),
/// `leave` (closes); `NAME <- text`, `<- big N`, `<- ~ JSON` (these fields at least, `"*"` is any
/// value), `<- close CODE reason` (`*`: any), `<- ping`, `<- gone`, `hears N` (texts), `quiet`
/// (nothing came before the answer to a ping).
#[derive(Debug)]
pub enum Deed {
    Send(String),
    Binary,
    Burst(usize),
    Hears(usize),
    Text(String),
    Json(Value),
    Close { code: u16, reason: Option<String> },
    Ping,
    Gone,
    Quiet,
    Deaf,
    Drop,
    Leave,
}

/// Reads a transcript; a bad line is a bug of the transcript.
pub fn parse(text: &str) -> Vec<Step> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim_end()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| Step {
            line: number,
            text: line.to_owned(),
            act: act(line).unwrap_or_else(|| panic!("line {number} is no step: {line}")),
        })
        .collect()
}

fn act(line: &str) -> Option<Act> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    Some(match word {
        "serve" => {
            let (mode, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let pair = |pair: &str| pair.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()));
            let settings = rest.split_whitespace().map(pair).collect::<Option<_>>()?;
            Act::Serve { mode: mode.to_owned(), settings }
        }
        "connect" => connect(rest, true)?,
        "dial" => connect(rest, false)?,
        "native" => {
            let (name, user, more) = named(rest)?;
            Act::Native { name, user, more }
        }
        "token" => {
            let (var, user, more) = named(rest)?;
            Act::Token { var, user, more }
        }
        "link" => {
            let mut words = rest.split(' ').map(str::to_owned);
            Act::Link { var: words.next()?, dialect: words.next()?, parts: words.collect() }
        }
        "call" => Act::Call { call: call(rest)?, until: false },
        "until" => Act::Call { call: call(rest)?, until: true },
        "keep" => {
            let words: Vec<_> = rest.split(' ').collect();
            let [var, at, "GET", path] = words[..] else { return None };
            Act::Keep { var: var.to_owned(), at: at.to_owned(), path: path.to_owned() }
        }
        "kill" => Act::Kill,
        "restart" => Act::Restart,
        name => Act::Socket { name: name.to_owned(), deed: deed(rest)? },
    })
}

fn connect(rest: &str, wait: bool) -> Option<Act> {
    let (what, answer) = match rest.split_once(" => ") {
        Some((what, answer)) => (what, Some(answer)),
        None => (rest, None),
    };
    let mut words = what.splitn(3, ' ');
    let (name, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let header = |text: &str| text.split_once(": ").map(|(k, v)| (k.to_owned(), v.to_owned()));
    let headers = words.next().map(|text| text.split(" | ").map(header).collect());
    let headers = headers.unwrap_or(Some(Vec::new()))?;
    let Some(answer) = answer else { return Some(Act::Connect { name, path, headers, wait }) };
    let (status, body) = status(answer)?;
    Some(Act::Refused { path, headers, status, body })
}

fn status(answer: &str) -> Option<(u16, Option<Value>)> {
    let (status, body) = answer.split_once(' ').unwrap_or((answer, ""));
    let body = if body.is_empty() { None } else { Some(serde_json::from_str(body).ok()?) };
    Some((status.parse().ok()?, body))
}

fn named(rest: &str) -> Option<(String, String, Value)> {
    let mut words = rest.splitn(3, ' ');
    let (name, user) = (words.next()?.to_owned(), words.next()?.to_owned());
    let more = words.next().map_or(Ok(Value::Null), serde_json::from_str).ok()?;
    Some((name, user, more))
}

fn call(rest: &str) -> Option<Call> {
    let (what, answer) = rest.split_once(" => ")?;
    let mut words = what.splitn(3, ' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let body = words.next().map(serde_json::from_str).transpose().ok()?;
    let (status, answer) = status(answer)?;
    Some(Call { method, path, body, status, answer })
}

fn deed(rest: &str) -> Option<Deed> {
    let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    Some(match word {
        "->" => Deed::Send(rest.to_owned()),
        "big" => Deed::Send("x".repeat(rest.parse().ok()?)),
        "burst" => Deed::Burst(rest.parse().ok()?),
        "hears" => Deed::Hears(rest.parse().ok()?),
        "binary" => Deed::Binary,
        "quiet" => Deed::Quiet,
        "deaf" => Deed::Deaf,
        "drop" => Deed::Drop,
        "leave" => Deed::Leave,
        "<-" => match rest.split_once(' ').unwrap_or((rest, "")) {
            ("~", json) => Deed::Json(serde_json::from_str(json).ok()?),
            ("big", len) => Deed::Text("x".repeat(len.parse().ok()?)),
            ("ping", "") => Deed::Ping,
            ("gone", "") => Deed::Gone,
            ("close", close) => {
                let (code, reason) = close.split_once(' ').unwrap_or((close, ""));
                let reason = (reason != "*").then(|| reason.to_owned());
                Deed::Close { code: code.parse().ok()?, reason }
            }
            _ => Deed::Text(rest.to_owned()),
        },
        _ => return None,
    })
}

/// Whether a value has everything that is expected of it.
pub fn holds(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (_, Value::String(any)) if any == "*" => true,
        (Value::Object(actual), Value::Object(expected)) => expected
            .iter()
            .all(|(key, value)| holds(actual.get(key).unwrap_or(&Value::Null), value)),
        (Value::Array(actual), Value::Array(expected)) => {
            actual.len() == expected.len()
                && actual.iter().zip(expected).all(|(actual, expected)| holds(actual, expected))
        }
        _ => actual == expected,
    }
}
