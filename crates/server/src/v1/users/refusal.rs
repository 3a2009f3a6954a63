//! Why nothing was done about an account.

use cetar_engine::people::PeopleError;

use crate::{
    error::{ApiError, ErrorCode},
    input::Problem,
};

pub(in crate::v1) fn refused(error: PeopleError) -> ApiError {
    match error {
        PeopleError::NotFound => ApiError::new(ErrorCode::NotFound),
        PeopleError::OwnersOnly => ApiError::new(ErrorCode::RoleMissing),
        PeopleError::LastOwner => ApiError::new(ErrorCode::LastOwner),
        PeopleError::EmailTaken => ApiError::field("email", Problem::EmailTaken),
        PeopleError::PlanFeatureMissing => ApiError::new(ErrorCode::PlanFeatureMissing),
        PeopleError::NotInvited => ApiError::new(ErrorCode::NotInvited),
        PeopleError::InvitationEnded => ApiError::new(ErrorCode::InvitationEnded),
        PeopleError::Limited(wait) => ApiError::new(ErrorCode::SignInLimited).retry_after(wait),
        PeopleError::Hash(error) => ApiError::internal(error),
        PeopleError::Store(error) => error.into(),
    }
}
