//! Random histories: batches against one by one, and the invariants that hold after every step.

use std::time::Duration;

use cetar_model::{FailureCode, JobId, Receipt};

use super::world::{LEASE, NODE, World, again, on_both_engines, sent};
use crate::{
    Accepted, ClaimedJob, NewSend, Outcome, Settlement,
    accept::{self, Prepared},
    db::fetch_all,
    statement::Sql,
};

/// A small generator, so that a failure can be repeated from its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // Knuth's MMIX; the high bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// What is in the tables, without ids that differ from run to run.
async fn picture(world: &World) -> Vec<(String, i64, String, String, bool, String)> {
    const PICTURE: Sql = {
        let text = "SELECT c.chat, m.sequence, m.content, j.state, j.at_head, COALESCE(i.key, '') AS key \
                    FROM jobs j JOIN messages m ON m.id = j.message JOIN conversations c ON c.id = j.conversation \
                    LEFT JOIN idempotency i ON i.job = j.id ORDER BY c.chat, m.sequence";
        Sql { name: "", sqlite: text, postgres: text }
    };
    let mut conn = world.store.read().await.unwrap();
    fetch_all!(conn, (String, i64, String, String, bool, String), PICTURE).unwrap()
}

async fn together(world: &World, sends: Vec<NewSend>) -> Vec<Accepted> {
    let ctx = &world.store.inner.ctx;
    let sends: Vec<_> = sends.into_iter().map(|send| Prepared::of(ctx, send).unwrap()).collect();
    world.store.write(sends, |tx, sends| Box::pin(accept::accept(tx, sends))).await.unwrap()
}

fn shape(answers: &[Accepted]) -> Vec<&'static str> {
    let shape = answers.iter().map(|answer| match answer {
        Accepted::New => "new",
        Accepted::Replayed { .. } => "replayed",
        Accepted::KeyReused => "reused",
        Accepted::DeviceGone => "gone",
    });
    shape.collect()
}

on_both_engines! {
    async fn a_batch_is_the_same_as_one_by_one(world: &World) {
        for seed in 0..15 {
            let mut dice = Dice(seed);
            let gone = world.device().await;
            world.store.remove_device(&world.workspace, &gone, world.now()).await.unwrap();
            let count = 1 + dice.roll(60);
            let plan: Vec<_> = (0..count).map(|_| (dice.roll(6), dice.roll(4), dice.roll(12), dice.roll(20), dice.roll(40))).collect();
            let mut pictures = Vec::new();
            for batched in [true, false] {
                world.raw("DELETE FROM jobs; DELETE FROM messages; DELETE FROM conversations; DELETE FROM idempotency").await;
                let device = world.device().await;
                let sends: Vec<NewSend> = plan
                    .iter()
                    .map(|&(chat, text, key, keyed, removed)| {
                        let device = if removed == 0 { &gone } else { &device };
                        let (chat, text) = (format!("chat{chat}"), text.to_string());
                        if keyed < 10 {
                            world.keyed(device, &chat, &text, &format!("k{key}"))
                        } else {
                            world.send(device, &chat, &text)
                        }
                    })
                    .collect();
                let mut answers = Vec::new();
                if batched {
                    let (first, second) = sends.split_at(sends.len() / 3);
                    answers.extend(together(world, first.to_vec()).await);
                    answers.extend(together(world, second.to_vec()).await);
                } else {
                    for send in sends {
                        answers.push(world.store.accept(send).await.unwrap());
                    }
                }
                pictures.push((shape(&answers), picture(world).await));
            }
            assert_eq!(pictures[0], pictures[1], "seed {seed}");
        }
    }

    async fn whatever_happens_lanes_and_states_hold_together(world: &World) {
        for seed in 0..4 {
            history(world, Dice(seed)).await;
        }
    }
}

async fn history(world: &World, mut dice: Dice) {
    let (device, lease) = world.leased().await;
    let mut sends: Vec<NewSend> = Vec::new();
    let mut held: Vec<ClaimedJob> = Vec::new();
    for step in 0..150 {
        world.pass(Duration::from_secs(1));
        let any = |dice: &mut Dice, sends: &[NewSend]| {
            (!sends.is_empty()).then(|| sends[dice.roll(sends.len())].clone())
        };
        match dice.roll(12) {
            0..3 => {
                let chat = format!("chat{}", dice.roll(4));
                let mut send = world.send(&device, &chat, &step.to_string());
                if dice.roll(5) == 0 {
                    send.expires_at = world.now() + Duration::from_secs(20);
                }
                assert_eq!(world.store.accept(send.clone()).await.unwrap(), Accepted::New);
                sends.push(send);
            }
            3..5 => {
                let limit = 1 + dice.roll(3);
                held.extend(
                    world.store.claim(&device, NODE, world.now(), world.now() + LEASE, limit).await.unwrap(),
                );
            }
            5..8 if !held.is_empty() => {
                let job = held.remove(dice.roll(held.len()));
                let outcome = match dice.roll(5) {
                    0 => again(world.now() + Duration::from_secs(3)),
                    1 => Outcome::Unknown { detail: "cut".into() },
                    2 => Outcome::Failed {
                        code: FailureCode::RejectedByNetwork,
                        provider_code: None,
                        detail: None,
                    },
                    _ => sent(&job.message),
                };
                let crashed = dice.roll(4) == 0;
                // The lease may be lost by now: then nothing happens.
                let _ = world.store.settle(Settlement { crashed, ..world.settlement(&job, outcome) }).await;
            }
            8 => {
                if let Some(send) = any(&mut dice, &sends) {
                    let receipt = Receipt::ALL[dice.roll(Receipt::ALL.len())];
                    let receipt =
                        world.receipt(&device, lease, &[send.remote_id.as_deref().unwrap()], receipt);
                    world.store.receipt(receipt).await.unwrap();
                }
            }
            9 => {
                if let Some(send) = any(&mut dice, &sends) {
                    change(world, &mut dice, &send.job).await;
                }
            }
            10 => {
                world.store.expire(world.now(), 2).await.unwrap();
                let lost = world
                    .store
                    .rescue(NODE, dice.roll(8) == 0, world.now(), world.now() + LEASE, 2)
                    .await
                    .unwrap();
                held.extend(lost);
            }
            _ if !held.is_empty() => {
                let job = held.remove(dice.roll(held.len()));
                world.store.unclaim(NODE, &[(job.job, job.lease_token)], world.now(), None).await.unwrap();
            }
            _ => {}
        }
        check(world, step).await;
    }
}

async fn change(world: &World, dice: &mut Dice, job: &JobId) {
    let (workspace, now) = (&world.workspace, world.now());
    match dice.roll(3) {
        0 => world.store.cancel(workspace, job, now).await.unwrap(),
        1 => world.store.retry(workspace, job, now, now + Duration::from_hours(1)).await.unwrap(),
        _ => world.store.resolve(workspace, job, dice.roll(2) == 0, now).await.unwrap(),
    };
}

/// What must hold at any time, and how many rows it does not hold for.
const INVARIANTS: &[(&str, Sql)] = &[
    invariant(
        "a lane with open jobs has a head",
        "SELECT COUNT(*) FROM jobs j WHERE j.state IN ('ready', 'running') \
         AND NOT EXISTS (SELECT 1 FROM jobs h WHERE h.conversation = j.conversation AND h.at_head)",
    ),
    invariant(
        "a running job is its lane's head",
        "SELECT COUNT(*) FROM jobs WHERE state = 'running' AND NOT at_head",
    ),
    invariant(
        "only running jobs are under a lease",
        "SELECT COUNT(*) FROM jobs WHERE (state = 'running') <> (worker IS NOT NULL AND lease_until IS NOT NULL)",
    ),
    invariant(
        "a job that is not running agrees with its message",
        "SELECT COUNT(*) FROM jobs j JOIN messages m ON m.id = j.message WHERE j.state <> 'running' AND j.state <> CASE \
           WHEN m.state = 'queued' THEN 'ready' WHEN m.state IN ('sent', 'delivered', 'read') THEN 'done' \
           WHEN m.state IN ('failed', 'unknown') THEN 'dead' ELSE m.state END",
    ),
    invariant(
        "a reason belongs to the states that have one",
        "SELECT COUNT(*) FROM messages WHERE (state IN ('failed', 'unknown')) <> (error_code IS NOT NULL)",
    ),
    invariant(
        "what is closed has its time",
        "SELECT COUNT(*) FROM jobs WHERE (finished_at IS NULL) <> (state IN ('ready', 'running'))",
    ),
];

const fn invariant(what: &'static str, text: &'static str) -> (&'static str, Sql) {
    (what, Sql { name: "", sqlite: text, postgres: text })
}

async fn check(world: &World, step: usize) {
    let mut conn = world.store.read().await.unwrap();
    for (what, sql) in INVARIANTS {
        assert_eq!(fetch_all!(conn, (i64,), sql).unwrap(), [(0,)], "step {step}: {what}");
    }
}
