//! Why something was not done to a device.

use cetar_engine::devices::DeviceError;
use cetar_model::{DeviceId, PaceMode};

use crate::{
    error::{ApiError, ErrorCode},
    input::Problem,
    v1::messages::queued::{not_linked, plan_lacks},
};

/// For a device that exists; `settings` is where the settings a refusal names stand in the body.
pub(super) fn refused(error: DeviceError, id: Option<&DeviceId>, settings: &str) -> ApiError {
    match error {
        DeviceError::NotFound => ApiError::new(ErrorCode::NotFound),
        DeviceError::PlanFeatureMissing(feature) => plan_lacks(feature),
        DeviceError::ChannelNotAvailable(_) => {
            ApiError::field("channel", Problem::NotAvailable { allowed: Vec::new() })
        }
        DeviceError::NoPace => {
            ApiError::field("pace", Problem::NotOnChannel { allowed: vec![PaceMode::Off.to_string()] })
        }
        DeviceError::Settings(error) => {
            ApiError::field(format!("{settings}{}", error.field), Problem::Setting(error.problem))
        }
        DeviceError::PhoneIsReal => ApiError::field("outcome", Problem::SandboxOnly),
        DeviceError::NotLinked => id.map_or_else(|| ApiError::new(ErrorCode::DeviceNotLinked), not_linked),
        DeviceError::AccountInUse => ApiError::new(ErrorCode::AccountInUse),
        DeviceError::AlreadyLinked => ApiError::new(ErrorCode::DeviceAlreadyLinked),
        DeviceError::Network(detail) => ApiError::network(&detail),
        DeviceError::Store(error) => error.into(),
    }
}
