//! Echoes WebSocket messages on the gateway's own RFC 6455 layer, for conformance suites:
//! `cargo run --release -p magpie-gateway --example echo -- 127.0.0.1:9001`

use std::io::{self, Write as _};

use magpie_gateway::ws::echo;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let Some(address) = std::env::args().nth(1) else {
        let usage = "which address? for example: echo 127.0.0.1:9001";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, usage));
    };
    let listener = TcpListener::bind(&address).await.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    })?;
    writeln!(io::stdout(), "echo ready on ws://{}/", listener.local_addr()?)?;
    echo::serve(listener, echo::LIMITS).await;
    Ok(())
}
