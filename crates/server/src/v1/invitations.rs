//! Invitations, as the invited see them: without any credentials but the link.

pub(super) mod accept;
pub(super) mod read;
