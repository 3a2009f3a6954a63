//! The simulator for people: commands come from standard input, what happens goes to standard output.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;

use cetar_simulator_whatsapp_web::{Event, LogEntry, Simulator};
use tokio::io::{AsyncBufReadExt as _, BufReader};

const DEFAULT_ADDRESS: &str = "127.0.0.1:5222";

const HELP: &str = "\
peer NUMBER            put somebody on WhatsApp, so that messages can be sent to them
scan NUMBER QR         the phone with this number scans the code a client shows
code NUMBER CODE       the phone with this number enters the eight characters a client shows
send FROM TO TEXT      somebody writes to an account and its linked devices
read PEER ID           somebody reads a message
drop                   all sockets die now
stall on|off           sockets stay open, nothing is read or answered
nack NUMBER CODE       messages to this number are refused; code 0 takes them again
logout NUMBER          the phone with this number unlinks all devices
log                    everything that happened
help                   this text";

#[tokio::main]
async fn main() -> ExitCode {
    let Some(address) = address(std::env::args().skip(1)) else {
        say("usage: cetar-simulator-whatsapp-web [--listen 127.0.0.1:5222]");
        return ExitCode::FAILURE;
    };
    let simulator = match Simulator::start_on(address).await {
        Ok(simulator) => simulator,
        Err(error) => {
            say(&format!("cannot listen on {address}: {error}"));
            return ExitCode::FAILURE;
        }
    };
    say(&format!("{} (`help` lists the commands)", simulator.url()));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut told = 0;
    loop {
        tokio::select! {
            () = simulator.wait_until(|simulator| simulator.log().len() > told) => {
                let log = simulator.log();
                log[told..].iter().filter_map(|entry| news(&simulator, entry)).for_each(|it| say(&it));
                told = log.len();
            }
            line = lines.next_line() => match line {
                Ok(Some(line)) => say(&run(&simulator, line.trim()).await.unwrap_or_else(|error| error)),
                Ok(None) | Err(_) => break,
            },
        }
    }
    simulator.shutdown().await;
    ExitCode::SUCCESS
}

fn address(mut arguments: impl Iterator<Item = String>) -> Option<SocketAddr> {
    let text = match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (None, ..) => DEFAULT_ADDRESS.to_owned(),
        (Some("--listen"), Some(address), None) => address,
        _ => return None,
    };
    text.parse().ok()
}

fn say(text: &str) {
    // If nobody reads any more, nobody misses it.
    let _ = writeln!(io::stdout(), "{text}");
}

/// What is worth telling without being asked.
fn news(simulator: &Simulator, entry: &LogEntry) -> Option<String> {
    match &entry.event {
        Event::MessageRead { id, by } => {
            let received = simulator.peer(by).received().into_iter().find(|it| it.id == *id)?;
            let text = received.text.unwrap_or_else(|| format!("({})", received.kind));
            Some(format!("{by} reads from {}: {text}  [{id}]", received.from))
        }
        Event::Linked { device } => Some(format!("{device} is linked")),
        Event::LoggedIn { device } => Some(format!("{device} is logged in")),
        Event::LinkCodeRequested { number } => Some(format!("a client shows a code for {number}")),
        Event::Violation(violation) => Some(format!("VIOLATION {violation}")),
        _ => None,
    }
}

async fn run(simulator: &Simulator, line: &str) -> Result<String, String> {
    let mut words = line.splitn(4, ' ').map(str::trim).filter(|word| !word.is_empty());
    let command = words.next().unwrap_or("help");
    let mut word = |name: &str| words.next().ok_or_else(|| format!("{command}: {name} is missing"));
    let done = match command {
        "peer" => format!("lid {}", simulator.peer(word("NUMBER")?).lid()),
        "scan" => {
            let phone = simulator.phone(word("NUMBER")?);
            phone.scan(word("QR")?).await.map_err(|error| error.to_string())?;
            "linked".to_owned()
        }
        "code" => {
            let phone = simulator.phone(word("NUMBER")?);
            phone.enter_code(word("CODE")?).await.map_err(|error| error.to_string())?;
            "linked".to_owned()
        }
        "send" => {
            let (from, to) = (simulator.peer(word("FROM")?), simulator.phone(word("TO")?));
            format!("sent as {}", from.send_text(&to, word("TEXT")?).await)
        }
        "read" => {
            simulator.peer(word("PEER")?).read(word("ID")?).await;
            "read".to_owned()
        }
        "drop" => {
            simulator.faults().drop_all();
            "dropped".to_owned()
        }
        "stall" => {
            let on = word("on or off")? == "on";
            simulator.faults().stall(on);
            if on { "stalled" } else { "going on" }.to_owned()
        }
        "nack" => {
            let (number, code) = (word("NUMBER")?, word("CODE")?);
            match code.parse().map_err(|_| format!("{code} is no code"))? {
                0 => simulator.faults().clear_nack(number),
                code => simulator.faults().nack(number, code),
            }
            "so be it".to_owned()
        }
        "logout" => {
            simulator.phone(word("NUMBER")?).unlink_all().await;
            "unlinked".to_owned()
        }
        "log" => {
            let lines: Vec<String> = simulator
                .log()
                .iter()
                .map(|entry| format!("{:>5} {:?}", entry.number, entry.event))
                .collect();
            lines.join("\n")
        }
        "help" => HELP.to_owned(),
        other => return Err(format!("unknown command {other}; `help` lists them")),
    };
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn commands_do_what_the_help_says() {
        let simulator = Simulator::start().await;
        assert!(run(&simulator, "peer 6281200000002").await.is_ok_and(|answer| answer.starts_with("lid ")));
        assert!(run(&simulator, "send 6281200000002 6281100000001 Halo dari sini").await.is_ok());
        let received = simulator.phone("6281100000001").received();
        assert_eq!(received[0].text.as_deref(), Some("Halo dari sini"));
        assert_eq!(run(&simulator, "scan 6281100000001").await, Err("scan: QR is missing".to_owned()));
        for command in HELP.lines().filter_map(|line| line.split(' ').next()) {
            let answer = run(&simulator, command).await.unwrap_or_else(|error| error);
            assert!(!answer.starts_with("unknown command"), "{command}");
        }
        assert!(run(&simulator, "dance").await.is_err_and(|error| error.starts_with("unknown command")));
    }

    #[test]
    fn the_address_is_optional() {
        let parse = |line: &str| address(line.split_whitespace().map(str::to_owned));
        assert_eq!(parse("").map(|it| it.port()), Some(5222));
        assert_eq!(parse("--listen 127.0.0.1:7").map(|it| it.port()), Some(7));
        assert_eq!(parse("--listen"), None);
        assert_eq!(parse("--listen nowhere"), None);
    }
}
