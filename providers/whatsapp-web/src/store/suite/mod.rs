//! One behavioural suite, run on whatsapp-rust's own store in memory and on ours: whatever the one does, the other does.

mod cases;
mod ours_alone;

use std::sync::Arc;

use bytes::Bytes;
use cetar_provider::{SystemClock, testkit::MemoryHost};
use wacore::{
    appstate::{hash::HashState, processor::AppStateMutationMAC},
    store::{Device, in_memory::InMemoryBackend, traits::*},
};

use super::SessionStore;

async fn ours() -> Arc<SessionStore> {
    let (host, _told) = MemoryHost::new(Arc::new(SystemClock));
    SessionStore::open(host).await.unwrap().0
}

macro_rules! on_both {
    ($($name:ident)*) => {$(
        mod $name {
            #[tokio::test]
            async fn in_memory() {
                super::cases::$name(&super::InMemoryBackend::new()).await;
            }

            #[tokio::test]
            async fn on_our_host() {
                super::cases::$name(&*super::ours().await).await;
            }
        }
    )*};
}

on_both! {
    identities_and_sessions
    a_batch_is_there_as_a_whole
    signal_state_is_found_by_user_not_by_prefix
    prekeys
    signed_prekeys
    sender_keys
    sync_keys_and_versions
    mutation_macs
    many_mutation_macs_at_once
    sender_key_holders
    lid_mappings
    a_lid_that_changes_its_number
    base_keys
    device_lists
    group_metadata
    tc_tokens
    expired_tc_tokens
    sent_messages
    pending_inbound
    message_secrets
    the_device
}
