//! Section `server`: where it listens, where its data is, how it stops.

use std::{net::SocketAddr, path::PathBuf};

use super::{proxy::ProxyNet, table::section};

section! {
    /// Where the server listens, where it keeps its data, how it stops.
    Server, "server" {
        /// Address and port to listen on. An address other than loopback needs TLS in front of it (a
        /// proxy such as nginx). Also `--listen` and `MAGPIE_LISTEN`.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080));
        /// Directory of the store, the signing secret and the API keys; created when it is missing. A
        /// relative path counts from the directory the server is started in. Also `--data` and
        /// `MAGPIE_DATA`.
        data: PathBuf = "data".into();
        /// Threads that serve connections; 0 takes one for each core.
        workers: usize = 0, in 0..=1_024;
        /// Most open connections; 0 takes the limit of open files less 512. At the limit new
        /// connections wait until others close.
        max_connections: usize = 0, in 0..=10_000_000;
        /// Seconds in which a stop has to be finished: clients are told to come back, queues are
        /// flushed.
        drain_s: u64 = 8, in 1..=300;
        /// Addresses or networks (`10.0.0.0/8`) of the proxies in front of this server. Only their
        /// `X-Forwarded-For` header is believed.
        trusted_proxies: Vec<ProxyNet> = Vec::new();
        /// Web pages of other origins (`https://shop.example.com`) that may connect. Pages of the
        /// server's own origin always may, and so may clients that send no `Origin`.
        allowed_origins: Vec<String> = Vec::new();
    }
}
