//! What a request leaves in the log: enough to find it, nothing of what it said.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use cetar_model::Channel;
use insta::assert_snapshot;

use crate::app::{App, DOCUMENTS_FIRST, mask};

/// A log kept in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Lines of this crate, without their durations.
    fn lines(&self) -> String {
        let text = self.text();
        let ours = text.lines().filter(|line| line.contains("cetar_server")).map(|line| {
            let words = line.split(' ').filter(|word| !word.is_empty() && !word.starts_with("duration_ms="));
            words.collect::<Vec<_>>().join(" ") + "\n"
        });
        mask(&ours.collect::<String>())
    }
}

#[tokio::test]
async fn a_request_is_one_line_with_ids_and_without_content() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .without_time()
        .with_max_level(tracing::Level::TRACE)
        .finish();
    let _until_the_end = tracing::subscriber::set_default(subscriber);

    let app = App::new().await;
    app.sandbox(Channel::Whatsapp).await;
    let key = app.key().await;
    app.send(&key).await;
    app.get("/v1/devices?after=6281234567890").bearer(&key).await_answer().await;
    app.get("/6281234567890").await_answer().await;
    let national = DOCUMENTS_FIRST.replace("6281234567890", "081234567890");
    app.post("/v1/messages", national).bearer(&key).await_answer().await;
    app.get("/healthz").await_answer().await;
    app.engine.store().close().await;
    app.post("/v1/messages", DOCUMENTS_FIRST).bearer(&key).await_answer().await;

    assert_snapshot!(log.lines(), @r#"
    INFO request{request_id="req_…"}: cetar_server::context: answered method=POST route="/v1/messages" status=200 key=key_… job=job_…
    INFO request{request_id="req_…"}: cetar_server::context: answered method=GET route="/v1/devices" status=422 code="validation_failed" key=key_…
    INFO request{request_id="req_…"}: cetar_server::context: answered method=GET route="unmatched" status=404 code="not_found"
    INFO request{request_id="req_…"}: cetar_server::context: answered method=POST route="/v1/messages" status=422 code="validation_failed" key=key_…
    DEBUG request{request_id="req_…"}: cetar_server::context: answered method=GET route="/healthz" status=200
    ERROR request{request_id="req_…"}: cetar_server::context: request failed code=service_unavailable cause="the database is unavailable: it is closed"
    INFO request{request_id="req_…"}: cetar_server::context: answered method=POST route="/v1/messages" status=503 code="service_unavailable" key=key_…
    "#);
    for secret in ["81234567890", "Halo", &key[8..]] {
        assert!(!log.text().contains(secret), "{secret} is in the log");
    }
}
