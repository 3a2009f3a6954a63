//! What is said when an account is added under a configuration that does not lead to Meta.

use cetar_provider::{IdentifyError, Provider as _};
use cetar_simulator_graph::Kind;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::world::World;

/// What adding the account comes to.
async fn told(world: &World) -> String {
    match world.meta.identify(&world.account).await {
        Err(IdentifyError::Network(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_version_that_meta_does_not_serve_is_named_with_its_setting() {
    let world = World::of(Kind::Number, |settings| "v99.0".clone_into(&mut settings.version)).await;
    let why = told(&world).await;
    assert!(why.contains("/v99.0;") && why.contains("meta.graph_version"), "{why}");
}

#[tokio::test]
async fn an_address_where_somebody_else_answers_or_nobody_is_named_with_its_setting() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let world = World::of(Kind::Number, |settings| url.clone_into(&mut settings.graph_url)).await;
    let elsewhere = async {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let _head = stream.read(&mut [0; 4096]).await.expect("a request");
        let answer = "HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\nconnection: close\r\n\r\nnope";
        stream.write_all(answer.as_bytes()).await.expect("somebody who reads");
    };
    let (why, ()) = tokio::join!(told(&world), elsewhere);
    let named = |why: &str| why.contains(&url) && why.contains("meta.graph_url");
    assert!(named(&why) && why.contains("404"), "{why}");
    drop(listener);
    let why = told(&world).await;
    assert!(named(&why), "{why}");
}
