//! What Telegram's refusals mean: one table, by code and by how the description begins. Telegram documents the codes and not the
//! descriptions; these are the server's own (tdlib/telegram-bot-api 10.0). What is not in the table is shown as it came.

use std::time::Duration;

use cetar_model::{DownReason, FailureCode, SendError};

use crate::client::{CallError, Refusal};

/// What one refusal means for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Final, for this reason.
    Final(FailureCode),
    /// Telegram's own trouble: it may have been done all the same.
    Unsure,
    /// The account cannot send any more.
    Down(DownReason),
}

/// Code, beginning of the description without `Bad Request: ` and the like (lower case), meaning. The first row that fits counts.
pub(crate) const TABLE: &[(i64, &str, Meaning)] = {
    use FailureCode as F;
    use Meaning::{Down, Final};
    &[
        (400, "chat not found", Final(F::RecipientNotFound)),
        (400, "user not found", Final(F::RecipientNotFound)),
        (400, "peer_id_invalid", Final(F::RecipientNotFound)),
        (400, "message text is empty", Final(F::ContentInvalid)),
        (400, "text is too long", Final(F::ContentInvalid)),
        (400, "message is too long", Final(F::ContentInvalid)),
        (400, "message caption is too long", Final(F::ContentInvalid)),
        (400, "can't parse entities", Final(F::ContentInvalid)),
        (400, "message to be replied not found", Final(F::ContentInvalid)),
        (400, "wrong http url specified", Final(F::MediaUnreachable)),
        (400, "failed to get http url content", Final(F::MediaUnreachable)),
        (400, "wrong type of the web page content", Final(F::MediaTypeNotSupported)),
        (400, "wrong file identifier/http url specified", Final(F::MediaUnreachable)),
        (400, "image_process_failed", Final(F::MediaTypeNotSupported)),
        (400, "photo_invalid_dimensions", Final(F::MediaTypeNotSupported)),
        (400, "file is too big", Final(F::MediaTooLarge)),
        (400, "button_data_invalid", Final(F::ButtonsInvalid)),
        (400, "button_url_invalid", Final(F::ButtonsInvalid)),
        (400, "inline keyboard button url", Final(F::ButtonsInvalid)),
        (400, "reply markup is too long", Final(F::ButtonsInvalid)),
        (400, "not enough rights to send", Final(F::NotAMember)),
        (401, "", Down(DownReason::CredentialsExpired)),
        (403, "bot was blocked by the user", Final(F::RecipientBlocked)),
        (403, "user is deactivated", Final(F::RecipientGone)),
        (403, "bot can't initiate conversation with a user", Final(F::RecipientNotOptedIn)),
        (403, "bot was kicked from the", Final(F::NotAMember)),
        (403, "bot is not a member of the", Final(F::NotAMember)),
        // A token that is no token at all; the method is ours.
        (404, "", Down(DownReason::CredentialsExpired)),
        (413, "", Final(F::MediaTooLarge)),
    ]
};

impl Refusal {
    /// The description without what only repeats the code, in lower case.
    pub(crate) fn reason(&self) -> String {
        let text = self.description.trim().to_lowercase();
        let prefixes =
            ["bad request: ", "forbidden: ", "conflict: ", "unauthorized: ", "internal server error: "];
        prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).map_or(text.clone(), str::to_owned)
    }

    /// What it means, by the table. Of 500 and above nothing is in it: a gateway says 502 or 504 of a call that goes on behind it, and
    /// a server that closes says the same 500 of calls under way and of those it did not begin.
    pub(crate) fn meaning(&self) -> Meaning {
        if self.code >= 500 {
            return Meaning::Unsure;
        }
        let reason = self.reason();
        let row = TABLE.iter().find(|(code, begins, _)| *code == self.code && reason.starts_with(begins));
        row.map_or(Meaning::Final(FailureCode::RejectedByNetwork), |(_, _, meaning)| *meaning)
    }
}

impl From<CallError> for SendError {
    fn from(error: CallError) -> Self {
        let refusal = match error {
            CallError::NotSent(why) => return Self::NotSent(why.into()),
            CallError::Unknown(why) => return Self::Unknown(why.into()),
            CallError::Refused(refusal) => refusal,
        };
        if refusal.code == 429 {
            return Self::SlowDown { retry_after: refusal.parameters.retry_after.map(Duration::from_secs) };
        }
        match refusal.meaning() {
            Meaning::Final(code) => Self::Rejected {
                code,
                provider_code: Some(refusal.code.to_string()),
                detail: Some(refusal.description),
            },
            Meaning::Unsure => Self::Unknown(format!("{} {}", refusal.code, refusal.description).into()),
            Meaning::Down(reason) => Self::AccountDown(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Parameters;

    fn refusal(code: i64, description: &str) -> Refusal {
        Refusal { code, description: description.to_owned(), parameters: Parameters::default() }
    }

    #[test]
    fn every_row_of_the_table_is_found_in_telegrams_own_words() {
        use FailureCode as F;
        let last = |code| Meaning::Final(code);
        for (code, description, expected) in [
            (400, "Bad Request: chat not found", last(F::RecipientNotFound)),
            (400, "Bad Request: user not found", last(F::RecipientNotFound)),
            (400, "Bad Request: PEER_ID_INVALID", last(F::RecipientNotFound)),
            (400, "Bad Request: message text is empty", last(F::ContentInvalid)),
            (400, "Bad Request: text is too long", last(F::ContentInvalid)),
            (400, "Bad Request: message is too long", last(F::ContentInvalid)),
            (400, "Bad Request: message caption is too long", last(F::ContentInvalid)),
            (
                400,
                "Bad Request: can't parse entities: Can't find end of the entity starting at byte offset 5",
                last(F::ContentInvalid),
            ),
            (400, "Bad Request: message to be replied not found", last(F::ContentInvalid)),
            (400, "Bad Request: wrong HTTP URL specified", last(F::MediaUnreachable)),
            (400, "Bad Request: failed to get HTTP URL content", last(F::MediaUnreachable)),
            (400, "Bad Request: wrong type of the web page content", last(F::MediaTypeNotSupported)),
            (400, "Bad Request: wrong file identifier/HTTP URL specified", last(F::MediaUnreachable)),
            (400, "Bad Request: IMAGE_PROCESS_FAILED", last(F::MediaTypeNotSupported)),
            (400, "Bad Request: PHOTO_INVALID_DIMENSIONS", last(F::MediaTypeNotSupported)),
            (400, "Bad Request: file is too big", last(F::MediaTooLarge)),
            (400, "Bad Request: BUTTON_DATA_INVALID", last(F::ButtonsInvalid)),
            (400, "Bad Request: BUTTON_URL_INVALID", last(F::ButtonsInvalid)),
            (
                400,
                "Bad Request: inline keyboard button URL 'x' is invalid: Wrong HTTP URL",
                last(F::ButtonsInvalid),
            ),
            (400, "Bad Request: reply markup is too long", last(F::ButtonsInvalid)),
            (400, "Bad Request: not enough rights to send text messages to the chat", last(F::NotAMember)),
            (401, "Unauthorized", Meaning::Down(DownReason::CredentialsExpired)),
            (403, "Forbidden: bot was blocked by the user", last(F::RecipientBlocked)),
            (403, "Forbidden: user is deactivated", last(F::RecipientGone)),
            (403, "Forbidden: bot can't initiate conversation with a user", last(F::RecipientNotOptedIn)),
            (403, "Forbidden: bot was kicked from the supergroup chat", last(F::NotAMember)),
            (403, "Forbidden: bot is not a member of the channel chat", last(F::NotAMember)),
            (404, "Not Found", Meaning::Down(DownReason::CredentialsExpired)),
            (413, "Request Entity Too Large", last(F::MediaTooLarge)),
            (500, "Internal Server Error: restart", Meaning::Unsure),
            (502, "Bad Gateway", Meaning::Unsure),
            (503, "Service Unavailable", Meaning::Unsure),
            (504, "Gateway Timeout", Meaning::Unsure),
            (520, "never heard of", Meaning::Unsure),
            (400, "Bad Request: something nobody has seen", last(F::RejectedByNetwork)),
            (403, "bad request: CHAT NOT FOUND", last(F::RejectedByNetwork)),
        ] {
            assert_eq!(refusal(code, description).meaning(), expected, "{code} {description}");
        }
    }

    #[test]
    fn a_wait_is_as_long_as_telegram_says() {
        let parameters = Parameters { retry_after: Some(7), ..Parameters::default() };
        let refused = Refusal { parameters, ..refusal(429, "Too Many Requests: retry after 7") };
        let error = SendError::from(CallError::Refused(refused));
        assert!(
            matches!(error, SendError::SlowDown { retry_after: Some(wait) } if wait == Duration::from_secs(7))
        );
    }
}
