//! A blocked range as the API shows it.

use cetar_model::BlockId;
use cetar_store::BlockedRange;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::Time;

/// A range of addresses that may not use the workspace.
#[derive(Serialize, ToSchema)]
#[schema(as = BlockedRange)]
pub(crate) struct RangeData {
    /// Its id.
    #[schema(value_type = String, example = "blk_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: BlockId,
    /// The addresses.
    #[schema(example = "203.0.113.0/24")]
    range: String,
    /// Why.
    #[schema(required)]
    note: Option<String>,
    /// Since when.
    created_at: Time,
}

impl From<BlockedRange> for RangeData {
    fn from(range: BlockedRange) -> Self {
        Self {
            id: range.id,
            range: range.network.to_string(),
            note: range.note,
            created_at: range.created_at.into(),
        }
    }
}
