//! Memory of idle authenticated connections: growth of the server's private memory from none to
//! ten thousand, each a user of his own who signed in for the first time.

use serde_json::json;
use tokio::net::TcpStream;

use crate::{Fallible, Plan, server::Server, stats, wire};

const CONNECTIONS: usize = 10_000;
const AT_ONCE: usize = 64;
const RUNS: usize = 5;
/// Opened and closed before, so that what every server needs once is not counted.
const WARM_UP: usize = 64;

pub(crate) async fn run(plan: &Plan) -> Fallible<()> {
    let (mut private, mut rss) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let server = Server::start(&plan.binary, None)?;
        let tokens = server.tokens(CONNECTIONS + WARM_UP).await?;
        drop(open(&server, &tokens[CONNECTIONS..]).await?);
        let before = measure(&server).await?;
        let open = open(&server, &tokens[..CONNECTIONS]).await?;
        let after = measure(&server).await?;
        private.push((after.0 - before.0) / CONNECTIONS as f64);
        rss.push((after.1 - before.1) / CONNECTIONS as f64);
        drop(open);
    }
    let conditions = || json!({"connections": CONNECTIONS, "users": CONNECTIONS});
    stats::print("idle connection, private memory", "KiB", "<= 4", &private, conditions());
    stats::print("idle connection, resident memory", "KiB", "<= 4", &rss, conditions());
    Ok(())
}

async fn open(server: &Server, tokens: &[String]) -> Fallible<Vec<TcpStream>> {
    let mut open = Vec::with_capacity(tokens.len());
    for tokens in tokens.chunks(AT_ONCE) {
        let mut tasks = Vec::new();
        for token in tokens {
            let (address, token) = (server.address, token.clone());
            tasks.push(tokio::task::spawn(async move {
                wire::sign_in(address, &token).await.map_err(|error| error.to_string())
            }));
        }
        for task in tasks {
            open.push(task.await??);
        }
    }
    Ok(open)
}

/// Private and resident memory in KiB, once they have stopped changing.
async fn measure(server: &Server) -> Fallible<(f64, f64)> {
    let mut before = -1.0;
    loop {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let private = server.memory_kib("Private_Dirty")? + server.memory_kib("Private_Clean")?;
        if (private - before).abs() < 256.0 {
            return Ok((private, server.memory_kib("Rss")?));
        }
        before = private;
    }
}
