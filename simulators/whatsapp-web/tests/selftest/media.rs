//! Media and buttons, as the library sends and reads them.

use cetar_simulator_whatsapp_web::{MediaKind, Press, Simulator};
use whatsapp_rust::buffa::MessageField;
use whatsapp_rust::download::MediaType;
use whatsapp_rust::upload::UploadOptions;
use whatsapp_rust::waproto::whatsapp::Message;
use whatsapp_rust::waproto::whatsapp::message::interactive_message::native_flow_message::NativeFlowButton;
use whatsapp_rust::waproto::whatsapp::message::interactive_message::{
    Body, InteractiveMessage as Interaction, NativeFlowMessage,
};
use whatsapp_rust::waproto::whatsapp::message::{ImageMessage, InteractiveMessage};
use whatsapp_rust::{Jid, SendOptions};

use crate::client::{OWNER, PEER, Session, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_are_uploaded_opened_and_downloaded() {
    let simulator = Simulator::start().await;
    let (phone, peer) = (simulator.phone(OWNER), simulator.peer(PEER));
    let mut session = Session::linked(&simulator, &phone).await;
    let client = session.client();
    let plain: Vec<u8> = (0..50_000_u32).map(|n| n.to_le_bytes()[0]).collect();

    let upload = client.upload(plain.clone(), MediaType::Image, UploadOptions::new());
    let uploaded = soon("upload", upload).await.expect("taken");
    let image = ImageMessage {
        direct_path: Some(uploaded.direct_path),
        media_key: Some(uploaded.media_key.to_vec()),
        file_sha256: Some(uploaded.file_sha256.to_vec()),
        file_enc_sha256: Some(uploaded.file_enc_sha256.to_vec()),
        file_length: Some(uploaded.file_length),
        ..Default::default()
    };
    let message = Message { image_message: MessageField::some(image), ..Default::default() };
    let sent = client.send_message_with_options(Jid::pn(PEER), message, SendOptions::default());
    soon("send", sent).await.expect("written");
    let received = soon("the peer", peer.next_message()).await;
    assert_eq!(simulator.open_media(&received.message), Ok(plain.clone()));

    let told = simulator.keep_media(MediaKind::Image, &plain);
    let image = ImageMessage {
        direct_path: Some(told.direct_path),
        media_key: Some(told.media_key),
        file_sha256: Some(told.file_sha256),
        file_enc_sha256: Some(told.file_enc_sha256),
        file_length: Some(told.file_length),
        ..Default::default()
    };
    let message = Message { image_message: MessageField::some(image), ..Default::default() };
    let id = peer.send(&phone, message).await;
    let message = session.message(&id).await.message;
    let image = message.image_message.as_option().expect("a picture");
    assert_eq!(soon("download", client.download(image)).await.expect("read"), plain);
    session.stop().await;
    assert_eq!(simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quick_reply_is_shown_and_pressed() {
    let simulator = Simulator::start().await;
    let (phone, peer) = (simulator.phone(OWNER), simulator.peer(PEER));
    let mut session = Session::linked(&simulator, &phone).await;
    let flow = NativeFlowMessage {
        buttons: vec![NativeFlowButton {
            name: Some("quick_reply".into()),
            button_params_json: Some(r#"{"display_text":"Ya","id":"YA"}"#.into()),
        }],
        message_version: Some(1),
        ..Default::default()
    };
    let message = Message {
        interactive_message: MessageField::some(InteractiveMessage {
            body: MessageField::some(Body { text: Some("Mau?".into()) }),
            interactive_message: Some(Interaction::NativeFlowMessage(Box::new(flow))),
            ..Default::default()
        }),
        ..Default::default()
    };
    let client = session.client();
    let sent = client.send_message_with_options(Jid::pn(PEER), message, SendOptions::default());
    soon("send", sent).await.expect("written");
    let received = soon("the peer", peer.next_message()).await;
    assert_eq!(received.flow.as_deref(), Some("mixed"));
    assert_eq!(received.buttons().len(), 1);
    assert_eq!(peer.press(&received, "TIDAK", Press::Buttons).await, None);
    let id = peer.press(&received, "YA", Press::Buttons).await.expect("pressed");
    let answer = session.message(&id).await.message;
    let answer = answer.buttons_response_message.as_option().expect("an answer");
    assert_eq!(answer.selected_button_id.as_deref(), Some("YA"));
    session.stop().await;
    assert_eq!(simulator.violations(), []);
}
