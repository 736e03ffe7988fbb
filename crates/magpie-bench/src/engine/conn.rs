//! One connection of the generator: a non-blocking socket, what is unfinished on either side, and
//! how far it has come. No protocol: that is `net.rs` and `engine.rs`.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpStream},
    time::Duration,
};

use socket2::{Domain, SockAddr, Socket, Type};

use super::protocol::Login;

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Not there.
    Closed,
    /// Waits until fewer handshakes are under way.
    Waiting,
    /// The socket connects.
    Connecting,
    /// The upgrade was asked for.
    Upgrading,
    /// The upgrade is answered, the sign-in is not.
    SigningIn,
    /// Signed in and synced.
    Open,
}

/// What epoll says about a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Readiness {
    pub(crate) id: usize,
    pub(crate) generation: u32,
    pub(crate) readable: bool,
    /// The other side has written its last byte.
    pub(crate) ended: bool,
    pub(crate) writable: bool,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) state: State,
    pub(crate) login: Login,
    /// Tells sockets of the same place apart.
    pub(crate) generation: u32,
    /// When its socket was opened.
    pub(crate) begun_us: u64,
    /// What is to be written.
    pub(crate) out: Vec<u8>,
    /// Whether `out` is listed for writing.
    pub(crate) is_dirty: bool,
    stream: Option<TcpStream>,
    partial: Vec<u8>,
}

impl Conn {
    pub(crate) fn new(login: Login) -> Self {
        Self {
            state: State::Closed,
            login,
            generation: 0,
            begun_us: 0,
            out: Vec::new(),
            is_dirty: false,
            stream: None,
            partial: Vec::new(),
        }
    }

    /// Begins to connect, from this address of this machine if one is given.
    pub(crate) fn connect(&mut self, to: SocketAddr, from: Option<IpAddr>) -> std::io::Result<()> {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Some(from) = from {
            socket.bind(&SockAddr::from(SocketAddr::new(from, 0)))?;
        }
        match socket.connect(&SockAddr::from(to)) {
            Ok(()) => {}
            Err(error) if in_progress(&error) => {}
            Err(error) => return Err(error),
        }
        self.stream = Some(socket.into());
        self.state = State::Connecting;
        self.generation = self.generation.wrapping_add(1);
        self.out.clear();
        self.partial = Vec::new();
        Ok(())
    }

    /// The socket, while there is one.
    pub(crate) fn stream(&self) -> Option<&TcpStream> {
        self.stream.as_ref()
    }

    /// Ends it: with a regular end, or with a reset.
    pub(crate) fn close(&mut self, reset: bool) {
        if let Some(stream) = self.stream.take() {
            let socket = Socket::from(stream);
            if reset {
                // Refused: it ends regularly instead, which the next connection notices.
                let _ = socket.set_linger(Some(Duration::ZERO));
            }
        }
        self.state = State::Closed;
        self.out = Vec::new();
        self.partial = Vec::new();
    }

    /// Bytes read; `None` when there are none now.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<Option<usize>> {
        let Some(stream) = &mut self.stream else { return Ok(None) };
        loop {
            match stream.read(buffer) {
                Ok(count) => return Ok(Some(count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes what waits, as far as the socket takes it; epoll tells when it takes more.
    pub(crate) fn write(&mut self) -> std::io::Result<()> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        while !self.out.is_empty() {
            match stream.write(&self.out) {
                Ok(count) if count == self.out.len() => self.out.clear(),
                Ok(count) => {
                    self.out.drain(..count);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The unfinished frame that was kept.
    pub(crate) fn take_partial(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.partial)
    }

    /// Keeps an unfinished frame.
    pub(crate) fn keep_partial(&mut self, partial: Vec<u8>) {
        self.partial = partial;
    }
}

fn in_progress(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
        || error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

/// The length of the answer to the upgrade once it is there as a whole; the answer itself if it
/// is not the wanted one.
pub(crate) fn upgraded(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    if bytes.starts_with(b"HTTP/1.1 101 ") {
        return Ok(Some(end + 4));
    }
    Err(String::from_utf8_lossy(&bytes[..bytes.len().min(600)]).into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn only_a_whole_answer_101_is_an_upgrade() {
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
        assert_eq!(upgraded(&[answer, &b"\x81\x00"[..]].concat()), Ok(Some(answer.len())));
        assert_eq!(upgraded(&answer[..answer.len() - 1]), Ok(None));
        let refused = b"HTTP/1.1 429 Too Many Requests\r\n\r\n{}";
        assert!(upgraded(refused).unwrap_err().contains("429"));
    }
}
