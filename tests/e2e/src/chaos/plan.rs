//! What a run does, in order: drawn from the seed before anything starts.

use super::{Network, Options, Storage, random::Random};

/// Where a kill hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// Any time while messages are on their way: after so many more things were seen, and at most so many milliseconds.
    AnyTime { seen: usize, millis: u64 },
    /// A request is on the wire, and its answer is not.
    Unanswered { micros: u64 },
    /// Acknowledged and not claimed: the device is down.
    Committed,
    /// Claimed, and nothing has reached the network.
    Claimed,
    /// The network has the message, and its acknowledgement is not out.
    Framed,
    /// The network has acknowledged it, and the outcome is not on disk.
    Acknowledged,
    /// The outcome is on disk, and its webhook has no answer.
    Settled,
    /// A person wrote, and we have not told the network that we have it.
    Written,
    /// While it starts.
    Starting { millis: u64 },
    /// One of several, which stays down until another has taken over.
    Abandoned,
}

impl Point {
    /// Whether one message is brought to this very point, and so must not wait for others.
    pub(crate) const fn is_aimed(self) -> bool {
        !matches!(
            self,
            Self::AnyTime { .. } | Self::Unanswered { .. } | Self::Starting { .. } | Self::Abandoned
        )
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AnyTime { .. } => "any time",
            Self::Unanswered { .. } => "request on the wire",
            Self::Committed => "committed, not claimed",
            Self::Claimed => "claimed, not at the network",
            Self::Framed => "at the network, not acknowledged",
            Self::Acknowledged => "acknowledged by the network, not settled",
            Self::Settled => "settled, webhook not answered",
            Self::Written => "message in, not acknowledged",
            Self::Starting { .. } => "starting",
            Self::Abandoned => "left to another node",
        }
    }
}

/// One thing that is done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// `SIGKILL`.
    Kill(Point),
    /// `SIGTERM`.
    Stop,
    /// The database is away for a while; `kill`: the server is killed meanwhile.
    Outage { immediate: bool, kill: bool },
}

/// Draws it.
pub(crate) fn draw(options: &Options, random: &mut Random) -> Vec<Step> {
    let named = named(options);
    let mut kills: Vec<Point> = Vec::new();
    while kills.len() < options.kills {
        // Each named point once, then as many at any time; and again.
        let mut round: Vec<Point> = named.iter().map(|point| redraw(*point, random)).collect();
        round.extend(named.iter().map(|_| any_time(random)));
        random.shuffle(&mut round);
        kills.extend(round);
    }
    kills.truncate(options.kills);
    let mut steps: Vec<Step> = kills.into_iter().map(Step::Kill).collect();
    for number in 0..steps.len().div_ceil(12) {
        let at = random.index(steps.len() + 1);
        steps.insert(at, Step::Stop);
        let at = random.index(steps.len() + 1);
        steps.insert(at, Step::Outage { immediate: number % 2 == 1, kill: number % 3 == 2 });
    }
    steps
}

fn named(options: &Options) -> Vec<Point> {
    let mut named = vec![Point::Unanswered { micros: 0 }, Point::Starting { millis: 0 }];
    if options.nodes > 1 {
        // Which of them has the session is theirs to decide, so nothing can be aimed at.
        named.push(Point::Abandoned);
        return named;
    }
    named.extend([Point::Committed, Point::Claimed, Point::Acknowledged, Point::Settled]);
    if options.network == Network::Simulator {
        named.extend([Point::Framed, Point::Written]);
    }
    named
}

fn any_time(random: &mut Random) -> Point {
    let seen = usize::try_from(random.below(60)).unwrap_or_default();
    Point::AnyTime { seen, millis: 20 + random.below(1500) }
}

fn redraw(point: Point, random: &mut Random) -> Point {
    match point {
        Point::Unanswered { .. } => Point::Unanswered { micros: random.below(8000) },
        Point::Starting { .. } => Point::Starting { millis: random.below(400) },
        other => other,
    }
}

impl Storage {
    /// How its outage is called.
    pub(crate) const fn outage(self, immediate: bool) -> &'static str {
        match (self, immediate) {
            (Self::Sqlite, _) => "the disk is full",
            (Self::Postgres, false) => "PostgreSQL is stopped (fast)",
            (Self::Postgres, true) => "PostgreSQL is stopped (immediate)",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(network: Network, nodes: usize) -> Options {
        Options { seed: 7, kills: 30, sends: 0, storage: Storage::Postgres, network, nodes }
    }

    #[test]
    fn a_seed_draws_the_same_plan_and_another_seed_another() {
        let options = options(Network::Simulator, 1);
        let plan = |seed| draw(&options, &mut Random::seeded(seed));
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn a_plan_has_every_point_and_as_many_kills_as_were_asked_for() {
        for (network, nodes) in [(Network::Simulator, 1), (Network::Sandbox, 1), (Network::Simulator, 2)] {
            let options = options(network, nodes);
            let plan = draw(&options, &mut Random::seeded(7));
            let kills = plan.iter().filter_map(|step| match step {
                Step::Kill(point) => Some(point.name()),
                Step::Stop | Step::Outage { .. } => None,
            });
            let kills: Vec<_> = kills.collect();
            assert_eq!(kills.len(), 30);
            for point in named(&options) {
                assert!(kills.contains(&point.name()), "{network:?}: {}", point.name());
            }
            assert!(plan.contains(&Step::Stop));
        }
    }
}
