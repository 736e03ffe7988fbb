//! The few HTTP calls that a run needs: tokens, users, a broadcast. One connection that stays
//! open, one call after the other.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const TOKEN_TTL_S: u64 = 86_400;

/// A connection to the server's HTTP API.
#[derive(Debug)]
pub(crate) struct Http {
    stream: BufReader<TcpStream>,
    key: String,
}

impl Http {
    /// Connects; calls carry this API key.
    pub(crate) fn connect(address: SocketAddr, key: &str) -> Result<Self> {
        let stream =
            TcpStream::connect(address).with_context(|| format!("no server at {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        Ok(Self { stream: BufReader::new(stream), key: key.to_owned() })
    }

    /// One call; the answer has to be a success.
    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.post_text(path, body.to_string().as_bytes())?;
        Ok(serde_json::from_slice(&answer).unwrap_or(Value::Null))
    }

    /// One call with a body that is JSON already; gives the answer's text.
    pub(crate) fn post_text(&mut self, path: &str, body: &[u8]) -> Result<Vec<u8>> {
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.key,
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request)?;
        self.answer().with_context(|| format!("POST {path}"))
    }

    /// A token for a user: of this audience, with this role and permissions if any.
    pub(crate) fn token(&mut self, user: &str, audience: &str, grant: &Grant) -> Result<String> {
        let mut body = json!({"user": user, "ttl_s": TOKEN_TTL_S, "audience": audience});
        if let Some(role) = grant.role {
            body["role"] = role.into();
        }
        if !grant.permissions.is_empty() {
            body["permissions"] = grant.permissions.to_vec().into();
        }
        let answer = self.post("/v1/tokens", &body)?;
        Ok(answer["token"].as_str().context("no token in the answer")?.to_owned())
    }

    fn answer(&mut self) -> Result<Vec<u8>> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut length = 0;
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                bail!("the server closed the connection");
            }
            let header = line.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        if !status.starts_with('2') {
            bail!("{status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }
}

/// What a token allows beyond being someone.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Grant {
    /// Role of the bearer.
    pub(crate) role: Option<&'static str>,
    /// Named permissions.
    pub(crate) permissions: &'static [&'static str],
}
