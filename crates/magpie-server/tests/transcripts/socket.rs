//! One WebSocket of a transcript in a task of its own: everything that comes is kept in order,
//! pings are answered as every client answers them, unless the socket plays deaf.

use std::{collections::VecDeque, net::SocketAddr};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        self, Message,
        client::IntoClientRequest as _,
        http::{HeaderName, HeaderValue, Response},
    },
};

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub enum Came {
    Text(String),
    Close(u16, String),
    Ping,
    Pong(Vec<u8>),
    /// The line is dead.
    Gone,
}

/// What to do.
#[derive(Debug)]
pub enum Order {
    Send(Message),
    /// Reads nothing from now on, so answers no ping.
    Deaf,
    /// Cuts the line without a word.
    Drop,
    /// Says goodbye.
    Leave,
}

/// A socket.
pub struct Socket {
    pub orders: mpsc::Sender<Order>,
    pub came: mpsc::Receiver<Came>,
    /// Came while something else was waited for.
    pub early: VecDeque<Came>,
    pub native: bool,
    pub pings: u32,
}

/// Opens a socket; the answer when it is refused.
pub async fn open(
    address: SocketAddr,
    path: &str,
    headers: &[(String, String)],
) -> Result<Socket, Response<Option<Vec<u8>>>> {
    let mut request = format!("ws://{address}{}", encoded(path)).into_client_request().unwrap();
    for (name, value) in headers {
        let name = HeaderName::try_from(name.as_str()).unwrap();
        request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
    }
    let stream = TcpStream::connect(address).await.unwrap();
    // As browsers do; waits of the kernel would only slow the tests down.
    stream.set_nodelay(true).unwrap();
    match client_async(request, stream).await {
        Ok((socket, _)) => {
            let (orders, todo) = mpsc::channel(64);
            let (out, came) = mpsc::channel(4_096);
            tokio::spawn(run(socket, todo, out));
            Ok(Socket { orders, came, early: VecDeque::new(), native: false, pings: 0 })
        }
        Err(tungstenite::Error::Http(response)) => Err(*response),
        Err(error) => panic!("no handshake at {path}: {error}"),
    }
}

/// What is not ASCII is encoded, as browsers do it.
fn encoded(path: &str) -> String {
    let byte = |b: u8| if b.is_ascii() { char::from(b).to_string() } else { format!("%{b:02X}") };
    path.bytes().map(byte).collect()
}

async fn run(
    mut socket: WebSocketStream<TcpStream>,
    mut todo: mpsc::Receiver<Order>,
    out: mpsc::Sender<Came>,
) {
    let mut deaf = false;
    loop {
        tokio::select! {
            order = todo.recv() => match order {
                Some(Order::Send(message)) => {
                    // A dead line is noticed by reading.
                    let _ = socket.send(message).await;
                }
                Some(Order::Deaf) => deaf = true,
                Some(Order::Leave) => {
                    let _ = socket.close(None).await;
                }
                Some(Order::Drop) | None => return,
            },
            message = socket.next(), if !deaf => {
                let came = match message {
                    Some(Ok(Message::Text(text))) => Came::Text(text.to_string()),
                    Some(Ok(Message::Pong(payload))) => Came::Pong(payload.to_vec()),
                    Some(Ok(Message::Ping(_))) => Came::Ping,
                    Some(Ok(Message::Close(close))) => {
                        let close = close.map(|c| (u16::from(c.code), c.reason.to_string()));
                        let (code, reason) = close.unwrap_or((1005, String::new()));
                        Came::Close(code, reason)
                    }
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => {
                        let _ = out.send(Came::Gone).await;
                        return;
                    }
                };
                if out.send(came).await.is_err() {
                    return;
                }
            }
        }
    }
}
