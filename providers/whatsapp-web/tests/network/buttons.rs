//! Buttons: what a phone shows, and what comes back when one is pressed.

use cetar_model::{Button, Buttons, Content};
use cetar_simulator_whatsapp_web::Press;
use serde_json::json;

use crate::world::{World, soon};

fn mixed() -> Buttons {
    Buttons {
        title: Some("PROMO SPESIAL".into()),
        text: "Apakah Anda ingin mengambil diskon 50% hari ini?".into(),
        footer: Some("Berlaku hingga besok".into()),
        buttons: vec![
            Button::Reply { id: "AMBIL_PROMO".into(), text: "Ya, Ambil!".into() },
            Button::Url { text: "Kunjungi Website".into(), url: "https://www.cetar.ai".into() },
            Button::Copy { text: "Salin Kode".into(), code: "PROMO50".into() },
        ],
        media: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buttons_of_all_kinds_are_shown_with_what_stands_around_them() {
    let (world, running) = World::connected().await;
    running.send(&world.sends(Content::Buttons(mixed()))).await.expect("sent");
    let received = soon("the peer", world.peer.next_message()).await;
    let shown: Vec<_> = received.buttons().into_iter().map(|button| (button.name, button.params)).collect();
    let url = "https://www.cetar.ai";
    assert_eq!(
        shown,
        [
            ("quick_reply".to_owned(), json!({ "display_text": "Ya, Ambil!", "id": "AMBIL_PROMO" })),
            (
                "cta_url".to_owned(),
                json!({ "display_text": "Kunjungi Website", "url": url, "merchant_url": url })
            ),
            ("cta_copy".to_owned(), json!({ "display_text": "Salin Kode", "copy_code": "PROMO50" })),
        ]
    );
    let interactive = received.message.interactive_message.as_option().expect("a native flow");
    let header = interactive.header.as_option().and_then(|header| header.title.as_deref());
    let footer = interactive.footer.as_option().and_then(|footer| footer.text.as_deref());
    assert_eq!((header, footer), (Some("PROMO SPESIAL"), Some("Berlaku hingga besok")));
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_button_alone_and_two_of_a_kind_are_shown_too() {
    let (world, running) = World::connected().await;
    for buttons in [
        vec![Button::Url { text: "Situs".into(), url: "https://contoh.com".into() }],
        vec![Button::Copy { text: "Salin".into(), code: "A".into() }],
        vec![
            Button::Reply { id: "YA".into(), text: "Ya \"dong\"".into() },
            Button::Reply { id: "TIDAK".into(), text: "Tidak".into() },
        ],
    ] {
        let count = buttons.len();
        let bare = Buttons { title: None, footer: None, buttons, ..mixed() };
        running.send(&world.sends(Content::Buttons(bare))).await.expect("sent");
        let received = soon("the peer", world.peer.next_message()).await;
        assert_eq!(received.buttons().len(), count);
        assert!(!received.message.interactive_message.as_option().expect("a native flow").header.is_set());
    }
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_press_comes_back_with_the_buttons_id_and_text_in_every_form() {
    let (mut world, running) = World::connected().await;
    let sent = running.send(&world.sends(Content::Buttons(mixed()))).await.expect("sent");
    let received = soon("the peer", world.peer.next_message()).await;
    for form in [Press::NativeFlow, Press::Buttons, Press::Template] {
        world.peer.press(&received, "AMBIL_PROMO", form).await.expect("a button");
        let message = world.inbound().await;
        let press = Content::ButtonPress {
            id: "AMBIL_PROMO".into(),
            text: "Ya, Ambil!".into(),
            message: Some(sent.remote_id.clone()),
        };
        assert_eq!((message.content, message.reply_to), (press, None), "{form:?}");
    }
    assert_eq!(world.peer.press(&received, "LAIN", Press::NativeFlow).await, None);
    running.stop().await;
}
