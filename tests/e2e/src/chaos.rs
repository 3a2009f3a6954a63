//! Kill tests: a real server, real kills, and a checker that believes nothing the server says of itself.
//!
//! Clients send without a pause, each in a chat of its own, and ask again with the same `Idempotency-Key` where an answer was
//! cut off. Meanwhile the process is killed, at random and at named points of a send, stopped and started; its database goes
//! away and comes back. In the end everything that was acknowledged is compared with what arrived: with the simulator, what
//! the phones decrypted; with the sandbox, a log line for each message its simulated network took, and the answers of those
//! who answer with what they got. Neither comes out of the gateway's tables.

mod board;
mod check;
mod cluster;
mod evidence;
mod listener;
mod node;
mod plan;
mod points;
mod random;
mod sender;
mod stage;

use std::{any::Any, collections::HashSet, fmt, sync::Arc};

use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::task::TaskTracker;

use self::{
    board::Board,
    evidence::{Ending, Evidence, Lane},
    plan::Step,
    random::Random,
    sender::Sender,
    stage::Stage,
};

/// So many messages may be under way when the next thing is done to the server.
const MOST_OPEN: usize = 60;

/// The database under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// The default.
    Sqlite,
    /// A cluster of the run's own, with `fsync` on.
    Postgres,
}

/// The network behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Simulated people, inside the server's process.
    Sandbox,
    /// A stand-in for WhatsApp, outside of it.
    Simulator,
}

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Everything that is left to chance follows from it.
    pub seed: u64,
    /// How many `SIGKILL`s at least.
    pub kills: usize,
    /// How many sends the clients make at least; the named points make some more.
    pub sends: usize,
    /// On which database.
    pub storage: Storage,
    /// Over which network.
    pub network: Network,
    /// How many servers share the database: 1, or 2 on PostgreSQL.
    pub nodes: usize,
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, kills, sends, storage, network, nodes } = self;
        let database = if *storage == Storage::Sqlite { "sqlite" } else { "postgres" };
        let network = if *network == Network::Sandbox { "sandbox" } else { "simulator" };
        write!(
            f,
            "--seed {seed} --kills {kills} --sends {sends} --database {database} --network {network} --nodes {nodes}"
        )
    }
}

/// What a run that found nothing did.
#[derive(Debug)]
pub struct Report {
    /// `SIGKILL`s, and how many of them at which point.
    pub kills: usize,
    /// Sends that were answered with 200.
    pub acknowledged: usize,
    text: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What was wrong, the timeline, and how to run it again.
#[derive(Debug)]
pub struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Runs it.
pub async fn run(options: &Options) -> Result<Report, Failure> {
    let board = Arc::new(Board::new());
    let performance = perform(options.clone(), Arc::clone(&board));
    let wrong = match TaskTracker::new().spawn(performance).await {
        Ok(wrong) => wrong,
        Err(broken) => vec![format!("the run broke off: {}", message(&*broken.into_panic()))],
    };
    if wrong.is_empty() {
        return Ok(report(options, &board));
    }
    let shown = 40;
    let mut text = format!("{} things are wrong:\n", wrong.len());
    for line in wrong.iter().take(shown) {
        text.push_str("  ");
        text.push_str(line);
        text.push('\n');
    }
    if wrong.len() > shown {
        text.push_str("  …\n");
    }
    text.push_str(&board.story());
    let again = format!("\nThe same again: make chaos ARGS='{options}'\n");
    Err(Failure(text + &again))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}

fn report(options: &Options, board: &Board) -> Report {
    board.look(|known| {
        let points: Vec<String> = known.kills.iter().map(|(point, count)| format!("{count} {point}")).collect();
        let text = format!(
            "{options}: nothing lost, nothing twice, every chat in order.\n  {} kills ({})\n  {} sends acknowledged in {:.0} s; {} \
             cut off, {} asked again and answered the same, {} refused with 503 meanwhile, {} without a key never answered\n  {} \
             webhooks, {} of them repeated\n  {} receipts of delivery were lost with a kill",
            known.killed(),
            points.join(", "),
            known.acknowledged.len(),
            board.elapsed().as_secs_f64(),
            known.cut,
            known.replayed,
            known.refused,
            known.unanswered.len(),
            known.hooks.len(),
            known.posts - known.hooks.len(),
            known.lost_receipts,
        );
        Report { kills: known.killed(), acknowledged: known.acknowledged.len(), text }
    })
}

/// Sets the stage, does what the plan says, and gives what was wrong.
async fn perform(options: Options, board: Arc<Board>) -> Vec<String> {
    let mut random = Random::seeded(options.seed);
    let plan = plan::draw(&options, &mut random);
    let mut stage = Stage::set(&options, Arc::clone(&board)).await;
    board.say(format!("begins: {options}"));

    let permits = Arc::clone(&stage.permits);
    let mut clients = JoinSet::new();
    for (number, lane) in stage::chats(options.network).into_iter().enumerate() {
        let client = Client {
            board: Arc::clone(&board),
            sender: stage.sender.clone(),
            random: random.fork(),
            permits: Arc::clone(&permits),
            lane,
            number,
        };
        clients.spawn(client.send_on());
    }
    let share = options.sends.div_ceil(plan.len().max(1));
    for (number, step) in plan.iter().enumerate() {
        board.say(format!("step {}: {step:?}", number + 1));
        // A named point is reached with nothing else in its way; the clients go on before the kill.
        let most = if matches!(step, Step::Kill(point) if point.is_aimed()) { 0 } else { MOST_OPEN };
        let gone_out = board.reached("what was accepted to go out", |known| known.open() <= most).await;
        if let Err(standstill) = gone_out {
            // What is missing, the checker says.
            board.wrong(standstill);
            break;
        }
        if most == 0 {
            stage.everything_settled(&mut random).await;
        } else {
            stage.allow(share);
        }
        match *step {
            Step::Kill(point) => stage.kill_at(point, number + 1, share, &mut random).await,
            Step::Outage { immediate, kill } => stage.outage(immediate, kill, number + 1, &mut random).await,
            Step::Stop => {
                let victim = random.index(stage.nodes.len());
                let code = stage.nodes[victim].stop().await;
                if code != Some(0) {
                    board.wrong(format!("a graceful stop ended with {code:?}"));
                }
                stage.nodes[victim].start().await;
            }
        }
    }
    // The clients end when there is nothing more to send.
    board.say(format!("the plan is done; {} sends are left", permits.available_permits()));
    board.until("every send to be begun", |_| permits.available_permits() == 0).await;
    permits.close();
    while clients.join_next().await.is_some() {}
    finish(stage, &mut random).await
}

/// Waits until everything has ended, asks for every job, stops, and checks.
async fn finish(mut stage: Stage, random: &mut Random) -> Vec<String> {
    let board = Arc::clone(&stage.board);
    board.say("everything is answered; waiting for it to arrive");
    let network = stage.network;
    let arrived = async {
        board.reached("every message to end", |known| known.open() == 0).await?;
        board
            .reached("every receipt to be taken in", |known| match network {
                Network::Sandbox => known.undelivered() == 0,
                Network::Simulator => {
                    known.arrivals.iter().all(|arrival| known.receipted.contains(&arrival.id))
                }
            })
            .await
    };
    let mut wrong: Vec<String> = arrived.await.err().into_iter().collect();
    // A stop in good order writes down what was taken in; nothing changes any more after that.
    for node in &mut stage.nodes {
        let code = node.stop().await;
        if code != Some(0) {
            board.wrong(format!("a graceful stop ended with {code:?}"));
        }
        node.start().await;
    }
    let mut evidence = Evidence { receipts: network == Network::Sandbox, ..Evidence::default() };
    let jobs: Vec<String> =
        board.look(|known| known.acknowledged.iter().map(|sent| sent.job.clone()).collect());
    for job in jobs {
        let (status, answer) = stage.sender.get(&format!("/v1/jobs/{job}"), random).await;
        if status == 200 {
            let data = &answer["data"];
            let status = data["status"].as_str().unwrap_or_default().to_owned();
            evidence.endings.insert(job, Ending { status, shown: data.to_string() });
        }
    }
    // What stands still stays so: the checker says what is missing.
    let nobody_waits = !wrong.is_empty();
    let told = board.reached("webhooks of every end and of everything written to us", |known| {
        let hooks = || known.hooks.values();
        let told: HashSet<_> = hooks().map(|hook| (hook.subject.as_str(), hook.event.as_str())).collect();
        let texts: HashSet<_> = hooks().filter_map(|hook| hook.text.as_ref()).collect();
        let mut endings = evidence.endings.iter();
        nobody_waits
            || endings.all(|(job, ending)| told.contains(&(job.as_str(), ending.event().as_str())))
                && known.written.iter().all(|text| texts.contains(text))
    });
    wrong.extend(told.await.err());
    let lost = evidence.endings.values().filter(|ending| ending.status == "sent").count();
    if network == Network::Simulator {
        board.note(|known| known.lost_receipts = lost);
    }
    for node in &mut stage.nodes {
        let code = node.stop().await;
        if code != Some(0) {
            board.wrong(format!("the last stop ended with {code:?}"));
        }
    }
    evidence.arrivals = stage.arrivals(&mut wrong);
    board.look(|known| {
        wrong.extend(known.wrong.iter().cloned());
        evidence.acknowledged.clone_from(&known.acknowledged);
        evidence.unanswered.clone_from(&known.unanswered);
        evidence.hooks.clone_from(&known.hooks);
        evidence.written.clone_from(&known.written);
    });
    wrong.extend(check::check(&evidence));
    wrong
}

/// Writes to one chat, one message after the other.
struct Client {
    board: Arc<Board>,
    sender: Sender,
    random: Random,
    permits: Arc<Semaphore>,
    lane: Lane,
    number: usize,
}

impl Client {
    async fn send_on(mut self) {
        let mut count = 0;
        while let Ok(permit) = self.permits.acquire().await {
            permit.forget();
            count += 1;
            let text = format!("pesan {count} ke {}", self.number);
            let keyed = !self.random.one_in(10);
            let sent = self.sender.send(&self.lane, &text, keyed, &mut self.random).await;
            if let Some(sent) = sent
                && keyed
                && self.random.one_in(30)
            {
                self.sender.repeat(&sent, &mut self.random).await;
            }
            self.board.note(|known| known.through += 1);
        }
    }
}
