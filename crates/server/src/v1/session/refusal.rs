//! Why somebody is not signed in, as the API says it.

use cetar_engine::{
    passwords::{LONGEST, SHORTEST},
    sign_in::SignInError,
};
use secrecy::SecretString;

use crate::{
    error::{ApiError, ErrorCode},
    input::{Fields, Problem, TextRule},
};

pub(in crate::v1) fn refused(error: SignInError) -> ApiError {
    match error {
        SignInError::Wrong => ApiError::new(ErrorCode::WrongCredentials),
        SignInError::CodeRequired => ApiError::new(ErrorCode::TotpRequired),
        SignInError::FactorIsOn => ApiError::new(ErrorCode::TotpOn),
        SignInError::Limited(wait) => ApiError::new(ErrorCode::SignInLimited).retry_after(wait),
        SignInError::Blocked => ApiError::new(ErrorCode::IpBlocked),
        SignInError::Hash(error) => ApiError::internal(error),
        SignInError::Store(error) => error.into(),
    }
}

/// A password to be chosen; `None` if it was refused, which is noted.
pub(in crate::v1) fn new_password(fields: &Fields<'_>, name: &str) -> Option<SecretString> {
    fields.require(name);
    let password = fields.text(name, TextRule::upto(LONGEST))?;
    if password.chars().count() < SHORTEST {
        fields.refuse(name, Problem::TooShort { min: SHORTEST });
        return None;
    }
    Some(password.into())
}

/// A password there is.
pub(in crate::v1) fn password(fields: &Fields<'_>, name: &str) -> Option<SecretString> {
    fields.require(name);
    fields.text(name, TextRule::upto(LONGEST)).map(SecretString::from)
}
