//! Answers: to whom, and replies in the answers to webhooks.

use cetar_model::{Channel, Chat, DeliveryId, Writer};

use super::{
    delivering::{message, settlement},
    world::{World, on_both_engines},
};
use crate::{ClaimedDelivery, DeliveryAttempt, DeliveryNext, DeliverySettlement, NewInbound, ReplyOutcome};

async fn log(world: &World, delivery: &DeliveryId) -> Vec<DeliveryAttempt> {
    world.store.delivery(&world.workspace, delivery).await.unwrap().unwrap().attempts
}

fn answered(world: &World, delivery: &ClaimedDelivery, reply: Option<ReplyOutcome>) -> DeliverySettlement {
    DeliverySettlement {
        status: Some(200),
        error: None,
        reply,
        ..settlement(world, delivery, DeliveryNext::Delivered)
    }
}

on_both_engines! {
    async fn the_writer_of_a_message_is_known_by_its_networks_id(world: &World) {
        let (device, lease) = world.leased().await;
        let (group, alias) = ("120363000000000001@g.us", "99888777");
        let sent = world.accept(&device, group, "Halo semua").await;
        let from = |echo, from: &str, is_alias| NewInbound {
            chat: Chat::new(group),
            group: true,
            from: Chat::new(from),
            from_alias: is_alias,
            echo,
            ..world.inbound(&device, lease, from, "Halo")
        };
        let (named, hidden, typed) = (from(false, "6281234567890", false), from(false, alias, true), from(true, "6281100000001", false));
        for new in [&named, &hidden, &typed] {
            assert!(world.store.take_in(new.clone()).await.unwrap());
        }
        let chat = Chat::new(group);
        let other = |new: &NewInbound| Some(Writer::Other { address: new.from.clone(), is_alias: new.from_alias });
        let ours = sent.remote_id.expect("its network's name of it");
        for (remote_id, writer) in [
            (&ours, Some(Writer::Us)),
            (&typed.remote_id, Some(Writer::Us)),
            (&named.remote_id, other(&named)),
            (&hidden.remote_id, other(&hidden)),
        ] {
            assert_eq!(world.store.writer_of(&device, &chat, remote_id).await.unwrap(), writer);
        }
        assert_eq!(world.store.writer_of(&device, &Chat::new("6281234567890"), &named.remote_id).await.unwrap(), None);
        assert_eq!(world.store.writer_of(&world.device().await, &chat, &named.remote_id).await.unwrap(), None);
    }

    async fn a_reply_goes_where_the_message_came_from_and_only_once(world: &World) {
        world.endpoint_with(|new| new.endpoint.replies = true).await;
        message(world).await;
        let delivery = world.deliveries().await.remove(0);
        assert!(delivery.endpoint.replies);
        let target = world.store.reply_target(&delivery.delivery).await.unwrap().unwrap();
        assert_eq!((&target.workspace, target.channel, target.chat.as_str()), (&world.workspace, Channel::Whatsapp, "6281234567890"));
        assert!(!target.answered && !target.sandbox);
        assert_eq!(world.store.devices(&world.workspace).await.unwrap()[0].id, target.device);

        // A failure answers nothing; a success does, whatever comes after it.
        let failed = DeliverySettlement { status: Some(500), ..settlement(world, &delivery, DeliveryNext::Again(world.now())) };
        world.store.settle_delivery(failed).await.unwrap();
        assert!(!world.store.reply_target(&delivery.delivery).await.unwrap().unwrap().answered);
        let again = world.deliveries().await.remove(0);
        world.store.settle_delivery(answered(world, &again, None)).await.unwrap();
        assert!(world.store.reply_target(&delivery.delivery).await.unwrap().unwrap().answered);
    }

    async fn what_tells_of_no_message_has_nobody_to_reply_to(world: &World) {
        let endpoint = world.endpoint(&[]).await;
        let test = world.store.test_endpoint(&world.workspace, &endpoint, world.now()).await.unwrap().unwrap();
        assert_eq!(world.store.reply_target(&test).await.unwrap(), None);
    }

    async fn the_log_keeps_what_became_of_a_reply(world: &World) {
        world.endpoint(&[]).await;
        let job = world.ids.make(world.now());
        for reply in [
            None,
            Some(ReplyOutcome::Queued { job }),
            Some(ReplyOutcome::Refused { code: "validation_failed".into(), message: "type: Wajib diisi.".into() }),
            Some(ReplyOutcome::PassedOver),
        ] {
            message(world).await;
            let delivery = world.deliveries().await.remove(0);
            world.store.settle_delivery(answered(world, &delivery, reply.clone())).await.unwrap();
            assert_eq!(log(world, &delivery.delivery).await[0].reply, reply);
        }
    }
}
