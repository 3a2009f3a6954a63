//! `Retry-After`.

use std::time::Duration;

use cetar_model::Timestamp;

/// Reads the header's value: seconds, or a date (RFC 9110 10.2.3), which is counted from `now`. A date gone by is zero.
pub(super) fn parse(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Timestamp::from_secs(date.as_second()).since(now))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::seconds("120", Some(120))]
    #[case::none("0", Some(0))]
    #[case::with_blanks(" 7 ", Some(7))]
    #[case::a_date("Tue, 05 Mar 2024 14:48:40 GMT", Some(120))]
    #[case::a_date_gone_by("Mon, 04 Mar 2024 14:48:40 GMT", Some(0))]
    #[case::negative("-1", None)]
    #[case::a_fraction("1.5", None)]
    #[case::words("soon", None)]
    #[case::empty("", None)]
    fn it_is_given_in_seconds_or_as_a_date(#[case] value: &str, #[case] seconds: Option<u64>) {
        // 2024-03-05 14:46:40 UTC
        let now = Timestamp::from_secs(1_709_650_000);
        assert_eq!(parse(value, now), seconds.map(Duration::from_secs));
    }
}
