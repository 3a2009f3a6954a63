//! What Meta's error codes mean: one table for what is answered to a send and for what a status says later.
//!
//! Source: Meta's documentation of error codes, WhatsApp (March 2026), Messenger and Instagram. A code that is not here is final, and
//! shown with Meta's own words.

use std::time::Duration;

use cetar_model::{Channel, DownReason, FailureCode, SendError};

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Final.
    Never(FailureCode),
    /// Meta's own trouble: not taken, and the same is tried again as often as whatever could not be sent.
    Again,
    /// Not taken: the same may be sent again after so long.
    Later(Duration),
    /// The account itself: no message goes out until a person acts.
    Account(DownReason),
}

use FailureCode as F;
use Verdict::{Account, Again, Later, Never};

const fn secs(seconds: u64) -> Verdict {
    Later(Duration::from_secs(seconds))
}

/// A path that Meta does not serve: of another version of the API, say.
pub(crate) const UNKNOWN_PATH: i64 = 2500;

const TEMPLATE: Verdict = Never(F::TemplateRefused);
const PROBLEM: Verdict = Never(F::AccountProblem);
const REJECTED: Verdict = Never(F::RejectedByNetwork);
const TOKEN: Verdict = Account(DownReason::CredentialsExpired);

/// `WhatsApp`: from code, to code, what it means.
const WHATSAPP: &[(i64, i64, Verdict)] = &[
    (0, 0, TOKEN),
    // 1 is mostly a request in a bad form, which no patience mends.
    (1, 2, Again),
    (3, 3, TOKEN),
    (4, 4, secs(60)),
    (10, 10, TOKEN),
    (33, 33, PROBLEM),
    (100, 100, REJECTED),
    (190, 190, TOKEN),
    (200, 299, TOKEN),
    (368, 368, PROBLEM),
    (80_007, 80_007, secs(60)),
    (130_403, 130_403, Never(F::RecipientOptedOut)),
    (130_429, 130_429, secs(2)),
    (130_472, 130_472, Never(F::RecipientOptedOut)),
    (130_497, 130_497, PROBLEM),
    (131_000, 131_000, Again),
    (131_005, 131_005, TOKEN),
    (131_016, 131_016, Again),
    (131_026, 131_026, Never(F::RecipientNotOnWhatsapp)),
    (131_031, 131_031, PROBLEM),
    (131_037, 131_037, PROBLEM),
    (131_042, 131_042, PROBLEM),
    (131_045, 131_045, PROBLEM),
    (131_047, 131_047, Never(F::Outside24hWindow)),
    // Of the number, by quality: an hour is Meta's own word for "later".
    (131_048, 131_048, secs(3_600)),
    (131_049, 131_050, Never(F::RecipientOptedOut)),
    (131_051, 131_051, Never(F::ContentNotSupported)),
    (131_053, 131_053, Never(F::MediaTypeNotSupported)),
    // To one person: 4 s, 16 s, 64 s. The engine's own pace makes it rare; then a minute is past all of them.
    (131_056, 131_056, secs(64)),
    (131_057, 131_057, secs(60)),
    (131_063, 131_063, PROBLEM),
    (131_064, 131_064, secs(3_600)),
    // A paused one (132015) among them: it is for hours, in which nothing else would reach this person, since a chat keeps its order. Who
    // sends learns it at once, as from a send that is refused before it is queued, and can retry it when Meta has let the template go.
    (132_000, 132_018, TEMPLATE),
    (132_068, 132_068, TEMPLATE),
    (132_069, 132_069, secs(60)),
    (133_000, 133_000, PROBLEM),
    (133_004, 133_004, Again),
    (133_005, 133_016, PROBLEM),
    (134_011, 134_011, PROBLEM),
];

/// Messenger and Instagram: code, subcode (`None`: any other), what it means.
const MESSAGING: &[(i64, Option<i64>, Verdict)] = &[
    (10, Some(2_018_278), Never(F::Outside24hWindow)),
    (10, Some(2_018_065), Never(F::Outside24hWindow)),
    (10, Some(2_534_022), Never(F::Outside24hWindow)),
    (10, Some(2_018_108), Never(F::RecipientOptedOut)),
    (10, Some(1_893_063), PROBLEM),
    (10, None, TOKEN),
    (551, Some(1_545_041), Never(F::RecipientOptedOut)),
    (551, None, Never(F::RecipientOptedOut)),
    (200, Some(1_545_041), Never(F::RecipientOptedOut)),
    (200, Some(2_534_041), PROBLEM),
    (200, None, TOKEN),
    (100, Some(2_534_029), Never(F::RecipientOptedOut)),
    (100, Some(2_018_047), Never(F::MediaTypeNotSupported)),
    (100, None, REJECTED),
    (190, None, TOKEN),
    (2, None, Again),
    (1200, None, Again),
    (4, None, secs(60)),
    (17, None, secs(60)),
    (32, None, secs(60)),
    (613, None, secs(60)),
    // Seen although the message went out: never again.
    (1, Some(1_357_046), REJECTED),
];

/// What a code means; `None` for one that is not known.
pub(crate) fn verdict(channel: Channel, code: i64, subcode: Option<i64>) -> Option<Verdict> {
    if channel == Channel::WhatsappOfficial {
        return WHATSAPP
            .iter()
            .find(|(from, to, _)| (*from..=*to).contains(&code))
            .map(|(_, _, verdict)| *verdict);
    }
    let exact = MESSAGING.iter().find(|(of, sub, _)| *of == code && sub.is_some() && *sub == subcode);
    let any = || MESSAGING.iter().find(|(of, sub, _)| *of == code && sub.is_none());
    exact.or_else(any).map(|(_, _, verdict)| *verdict)
}

/// Of a status that says `failed`: our code. What would pass by itself is final too, because the message is gone.
pub(crate) fn failure(channel: Channel, code: i64, subcode: Option<i64>) -> FailureCode {
    match verdict(channel, code, subcode) {
        Some(Never(code)) => code,
        Some(Account(_)) => F::AccountProblem,
        Some(Again | Later(_)) | None => F::RejectedByNetwork,
    }
}

/// As shown to people: `131047`, or `10/2018278`.
pub(crate) fn shown(code: i64, subcode: Option<i64>) -> String {
    subcode.map_or_else(|| code.to_string(), |subcode| format!("{code}/{subcode}"))
}

/// What an error answered to a send comes to.
pub(crate) fn answered(
    channel: Channel,
    status: u16,
    (code, subcode): (i64, Option<i64>),
    detail: String,
    retry_after: Option<Duration>,
) -> SendError {
    match verdict(channel, code, subcode) {
        Some(Later(after)) => SendError::SlowDown { retry_after: Some(retry_after.unwrap_or(after)) },
        Some(Again) => SendError::NotSent(format!("Meta answered {}: {detail}", shown(code, subcode)).into()),
        Some(Account(reason)) => SendError::AccountDown(reason),
        // Their trouble, under a code we do not know: whether it was sent cannot be told.
        None if status >= 500 => SendError::Unknown(format!("Meta answered {status}, code {code}").into()),
        Some(Never(_)) | None => SendError::Rejected {
            code: failure(channel, code, subcode),
            provider_code: Some(shown(code, subcode)),
            detail: Some(detail),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_table_is_judged_the_same_by_answer_and_by_status() {
        let official = Channel::WhatsappOfficial;
        for (code, verdict_expected) in [
            (190, TOKEN),
            (0, TOKEN),
            (10, TOKEN),
            (2, Again),
            (80_007, secs(60)),
            (130_429, secs(2)),
            (131_056, secs(64)),
            (131_047, Never(F::Outside24hWindow)),
            (131_026, Never(F::RecipientNotOnWhatsapp)),
            (131_050, Never(F::RecipientOptedOut)),
            (131_042, PROBLEM),
            (132_001, TEMPLATE),
            (132_015, TEMPLATE),
            (133_010, PROBLEM),
            (100, REJECTED),
        ] {
            assert_eq!(verdict(official, code, None), Some(verdict_expected), "{code}");
            if let Never(meant) = verdict_expected {
                assert_eq!(failure(official, code, None), meant, "{code}");
                let refused = answered(official, 400, (code, None), String::new(), None);
                assert!(matches!(refused, SendError::Rejected { code, .. } if code == meant), "{code}");
            }
        }
        assert_eq!(verdict(official, 987_654, None), None);
        assert_eq!(failure(official, 987_654, None), F::RejectedByNetwork);
    }

    /// Every code of Meta's table for `WhatsApp`, with what its documentation says to do: try again, come later, never, or see to the account.
    #[test]
    fn every_code_that_meta_documents_is_met_as_it_says() {
        const AGAIN: &[i64] = &[1, 2, 131_000, 131_016, 133_004];
        const LATER: &[i64] = &[4, 80_007, 130_429, 131_048, 131_056, 131_057, 131_064, 132_069];
        const ACCOUNT: &[i64] = &[0, 3, 10, 190, 200, 210, 299, 131_005];
        const FINAL: &[i64] = &[
            33, 100, 368, 130_403, 130_472, 130_497, 131_008, 131_009, 131_021, 131_026, 131_030, 131_031,
            131_037, 131_042, 131_045, 131_047, 131_049, 131_050, 131_051, 131_052, 131_053, 131_055,
            131_062, 131_063, 132_000, 132_001, 132_005, 132_007, 132_008, 132_012, 132_015, 132_016,
            132_018, 132_068, 133_000, 133_005, 133_006, 133_008, 133_009, 133_010, 133_015, 133_016,
            134_011, 134_100, 135_000, 137_000, 138_000, 139_000, 147_000, 2_388_001,
        ];
        let answer = |code| answered(Channel::WhatsappOfficial, 400, (code, None), String::new(), None);
        for code in AGAIN {
            let error = answer(*code);
            let told =
                matches!(&error, SendError::NotSent(why) if why.to_string().contains(&code.to_string()));
            assert!(told, "an attempt that counts, for the next chat may fare better: {code}");
        }
        for code in LATER {
            assert!(matches!(answer(*code), SendError::SlowDown { retry_after: Some(_) }), "{code}");
        }
        for code in ACCOUNT {
            assert!(
                matches!(answer(*code), SendError::AccountDown(DownReason::CredentialsExpired)),
                "{code}"
            );
        }
        for code in FINAL {
            assert!(matches!(answer(*code), SendError::Rejected { .. }), "{code}");
        }
    }

    #[test]
    fn messengers_codes_are_told_apart_by_their_subcode() {
        for (code, subcode, expected) in [
            (10, Some(2_018_278), Some(Never(F::Outside24hWindow))),
            (10, Some(2_534_022), Some(Never(F::Outside24hWindow))),
            (10, Some(7), Some(TOKEN)),
            (10, None, Some(TOKEN)),
            (100, Some(2_018_001), Some(REJECTED)),
            (551, Some(1_545_041), Some(Never(F::RecipientOptedOut))),
            (613, Some(2_534_040), Some(secs(60))),
            (2, None, Some(Again)),
            (1200, Some(5), Some(Again)),
            (1, Some(1_357_046), Some(REJECTED)),
            (1, None, None),
        ] {
            assert_eq!(verdict(Channel::Messenger, code, subcode), expected, "{code}/{subcode:?}");
        }
        assert_eq!(shown(10, Some(2_018_278)), "10/2018278");
    }

    #[test]
    fn an_unknown_code_is_final_unless_it_is_their_own_trouble() {
        let official = Channel::WhatsappOfficial;
        let answer = |status| answered(official, status, (987_654, None), "x".into(), None);
        assert!(matches!(answer(400), SendError::Rejected { .. }));
        assert!(matches!(answer(503), SendError::Unknown(_)));
    }
}
