//! Where a message came from, and whom it was told.

use cetar_store::{Delivery, SentRequest};
use serde::Serialize;
use utoipa::ToSchema;

use crate::v1::deliveries::view::DeliveryData;

/// The request that asked for a message.
#[derive(Serialize, ToSchema)]
#[schema(as = MessageRequest)]
pub(in crate::v1) struct RequestData {
    /// Its path.
    #[schema(example = "/v1/messages")]
    path: String,
    /// Its body, character for character.
    #[schema(
        example = "{\"channel\": \"whatsapp\", \"type\": \"text\", \"to\": \"6281234567890\", \"content\": {\"text\": \"Halo\"}}"
    )]
    body: String,
    /// It was longer than 64 KiB: this is its beginning.
    truncated: bool,
}

impl From<SentRequest> for RequestData {
    fn from(request: SentRequest) -> Self {
        Self { truncated: request.is_cut(), path: request.path, body: request.body }
    }
}

/// For the answer.
pub(in crate::v1) fn deliveries(found: Option<Vec<Delivery>>) -> Option<Vec<DeliveryData>> {
    found.map(|all| all.into_iter().map(DeliveryData::from).collect())
}
