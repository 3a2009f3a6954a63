//! The real transport.

use std::sync::Arc;

use async_trait::async_trait;
use cetar_model::Clock;
use cetar_provider::http;

use super::{Request, Response, Transport, TransportError};

/// Posts through the guarded client: https only, or http to what `egress.allow` names; no redirect; no address that is
/// not on the internet.
#[derive(Clone)]
pub struct WebhookClient {
    http: http::Client,
    clock: Arc<dyn Clock>,
}

impl WebhookClient {
    /// The clock is for a `Retry-After` given as a date.
    pub fn new(http: http::Client, clock: Arc<dyn Clock>) -> Self {
        Self { http, clock }
    }
}

#[async_trait]
impl Transport for WebhookClient {
    fn permits(&self, url: &str) -> Result<(), String> {
        self.http.check(url).map_err(|error| error.detail)
    }

    async fn post(&self, request: Request) -> Result<Response, TransportError> {
        let Request { url, headers, body, answer_room } = request;
        let call = headers
            .into_iter()
            .fold(http::Request::post(url, body), |call, (name, value)| call.header(name, value))
            .max_response(answer_room);
        let answer = self
            .http
            .send(call)
            .await
            .map_err(|error| TransportError { class: error.class.as_str(), detail: error.detail })?;
        Ok(Response {
            status: answer.status,
            retry_after: answer.retry_after(self.clock.now()),
            body: String::from_utf8_lossy(&answer.body).into_owned(),
            whole: answer.complete,
        })
    }
}
