//! Files that came in.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use cetar_model::MediaSource;
use cetar_provider::{CallbackRequest, DownloadError, Provider as _};
use cetar_simulator_graph::{Simulator, escaped, signature};
use futures::TryStreamExt as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::world::World;

const PICTURE: &[u8] = b"\xff\xd8\xff\xe0 a picture";

impl World {
    /// The reference that a message with this picture carries.
    fn reference(&self, media: &str, sha256: &str) -> String {
        let image = json!({"id": media, "mime_type": "image/jpeg", "sha256": sha256});
        let message = json!({"type": "image", "image": image});
        let body = escaped(&Simulator::message(&self.number, "6281234567890", "wamid.IN1", message));
        let signature = signature(&self.number.app_secret, body.as_bytes());
        let request = CallbackRequest {
            query: Vec::new(),
            headers: vec![("x-hub-signature-256".to_owned(), signature)],
            body: body.into(),
        };
        let callbacks = self.meta.callbacks().expect("Meta calls");
        let arrivals = callbacks.read(&request, &[&self.account]).expect("signed");
        let media = arrivals[0].messages[0].content.media().expect("a picture");
        let MediaSource::Network(reference) = &media.source else { panic!("no reference") };
        reference.clone()
    }

    async fn download(&self, reference: &str) -> Result<Bytes, String> {
        let stream = self.session.download(reference).await.map_err(|error| match error {
            DownloadError::Gone(why) => format!("gone: {why}"),
            other => format!("later: {other}"),
        })?;
        let pieces: Vec<Bytes> = stream.try_collect().await.map_err(|error| format!("broken: {error}"))?;
        Ok(pieces.concat().into())
    }
}

fn hash(bytes: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(bytes))
}

#[tokio::test]
async fn a_file_is_looked_up_anew_when_its_five_minutes_are_over() {
    let world = World::new().await;
    let id = world.graph.add_media("image/jpeg", PICTURE);
    let reference = world.reference(&id, &hash(PICTURE));
    world.graph.stale_media_once();
    let late = world.download(&reference).await;
    assert!(late.as_ref().is_err_and(|why| why.starts_with("later: ")), "{late:?}");
    assert_eq!(world.download(&reference).await.as_deref(), Ok(PICTURE));
    let looked_up = world.graph.requests().iter().filter(|it| it.path == id).count();
    assert_eq!(looked_up, 2, "each time");
}

#[tokio::test]
async fn a_file_with_other_bytes_than_its_message_said_is_not_taken() {
    let world = World::new().await;
    let id = world.graph.add_media("image/jpeg", PICTURE);
    let broken = world.download(&world.reference(&id, &hash(b"another picture"))).await;
    assert!(broken.as_ref().is_err_and(|why| why.starts_with("broken: ")), "{broken:?}");
}

#[tokio::test]
async fn a_file_that_is_gone_or_elsewhere_is_not_asked_for_again() {
    let world = World::new().await;
    let gone = world.download(&world.reference("800000000000099", &hash(PICTURE))).await;
    assert!(gone.as_ref().is_err_and(|why| why.starts_with("gone: ")), "{gone:?}");
    // Another server of this machine, which would be handed our token.
    let elsewhere = World::new().await;
    let id = world.graph.add_media("image/jpeg", PICTURE);
    world.graph.place_media_at(format!("{}/files/good/{id}", elsewhere.graph.url()));
    let refused = world.download(&world.reference(&id, &hash(PICTURE))).await;
    assert!(refused.as_ref().is_err_and(|why| why.starts_with("gone: ")), "{refused:?}");
    assert!(elsewhere.graph.file_requests() == 0 && world.graph.file_requests() == 0, "nobody was asked");
}
