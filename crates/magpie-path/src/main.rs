//! `magpie-path SCENARIO ...`: one run for callgrind. `cargo xtask ratchet` starts it and reads
//! the counts; alone it only does the work and says how many messages that were.

use std::{io::Write as _, path::Path, process::ExitCode};

use magpie_path::{
    Fault, append, codec,
    measured::Rounds,
    session::{Node, PAIRS},
};

/// The server's allocator: its instructions are part of the path.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "\
usage: magpie-path codec   WARM_UP SHORT LONG
       magpie-path gateway WARM_UP SHORT LONG SESSIONS
       magpie-path store   WARM_UP SHORT LONG DIR
       magpie-path whole   WARM_UP SHORT LONG SESSIONS DIR
       magpie-path fill DIR MESSAGES

WARM_UP, SHORT and LONG are messages; except for `codec` each is a multiple of 64, the messages of
one commit.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(line) => {
            let _closed_pipe = writeln!(std::io::stdout(), "{line}");
            // Nothing is taken down: it would cost more than it shows.
            std::process::exit(0)
        }
        Err(error) => {
            let _closed_pipe = writeln!(std::io::stderr(), "error: {error}\n\n{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Result<String, Fault> {
    let messages = match args {
        ["codec", rounds @ ..] if rounds.len() == 3 => codec::run(parse(rounds, 1)?)?,
        ["gateway", warm_up, short, long, sessions] => {
            path(parse(&[warm_up, short, long], PAIRS as u64)?, sessions, None)?
        }
        ["whole", warm_up, short, long, sessions, data] => {
            path(parse(&[warm_up, short, long], PAIRS as u64)?, sessions, Some(Path::new(data)))?
        }
        ["store", warm_up, short, long, data] => {
            let rounds = parse(&[warm_up, short, long], PAIRS as u64)?;
            let refused = append::run(Path::new(data), rounds)?;
            if refused > 0 {
                return Err(format!("the store refused {refused} messages").into());
            }
            (rounds.warm_up + rounds.short + rounds.long) * PAIRS as u64
        }
        ["fill", data, messages] => {
            let messages = messages.parse()?;
            append::fill(Path::new(data), messages)?;
            messages
        }
        _ => return Err("no such run".into()),
    };
    Ok(format!("{messages} messages"))
}

fn parse(texts: &[&str], batch: u64) -> Result<Rounds, Fault> {
    let number = |index: usize| -> Result<u64, Fault> {
        let messages: u64 = texts[index].parse()?;
        if messages == 0 || !messages.is_multiple_of(batch) {
            return Err(format!("{messages} is not a multiple of {batch}").into());
        }
        Ok(messages / batch)
    };
    Ok(Rounds { warm_up: number(0)?, short: number(1)?, long: number(2)? })
}

fn path(rounds: Rounds, sessions: &str, data: Option<&Path>) -> Result<u64, Fault> {
    let messages = (rounds.warm_up + rounds.short + rounds.long) * PAIRS as u64;
    let mut node = Node::new(sessions.parse()?, data, messages)?;
    rounds.run(|count| (0..count).try_for_each(|_| node.round()))?;
    // Its sockets and its store end with the process.
    std::mem::forget(node);
    Ok(messages)
}
