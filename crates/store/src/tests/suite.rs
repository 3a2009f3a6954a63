use super::world::{World, on_both_engines};
use crate::*;
use cetar_model::*;

on_both_engines! {
    async fn a_send_is_accepted_claimed_sent_and_read(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&["message.*"]).await;
        let send = world.accept(&device, "6281234567890", "halo").await;
        assert_eq!(world.state(&send.job).await, MessageState::Queued);
        assert_eq!(world.store.due_devices(world.now()).await.unwrap(), [device.clone()]);
        let job = world.claim_one(&device).await;
        assert_eq!((job.attempt, job.crashes, job.content.text()), (1, 1, Some("halo")));
        assert_eq!(world.state(&send.job).await, MessageState::Sending);
        world.sent(&job).await;
        let remote_id = send.remote_id.as_deref().unwrap();
        for receipt in [Receipt::Delivered, Receipt::Read] {
            assert_eq!(world.store.receipt(world.receipt(&device, lease, &[remote_id], receipt)).await.unwrap(), 1);
        }
        let job = world.job(&send.job).await;
        assert_eq!((job.state, job.message.state, job.attempts), (JobState::Done, MessageState::Read, 1));
        let events: Vec<_> = world.events().await.iter().map(|event| event.event.as_str()).collect();
        assert_eq!(events, ["message.sent", "message.delivered", "message.read"]);
    }

    async fn a_message_comes_in_once(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&[]).await;
        let inbound = world.inbound(&device, lease, "6281234567890", "halo");
        assert!(world.store.take_in(inbound.clone()).await.unwrap());
        let again = NewInbound { remote_id: inbound.remote_id, ..world.inbound(&device, lease, "6281234567890", "halo") };
        assert!(!world.store.take_in(again).await.unwrap());
        assert_eq!(world.events().await.len(), 1);
        world.store.check(world.now()).await.unwrap();
    }
}
