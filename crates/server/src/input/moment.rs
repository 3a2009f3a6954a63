//! A moment, as clients write it.

use std::str::FromStr;

use cetar_model::Timestamp;

/// RFC 3339, with `Z` or an offset.
pub(crate) struct Moment(pub(crate) Timestamp);

impl FromStr for Moment {
    type Err = jiff::Error;
    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        let at: jiff::Timestamp = text.trim().parse()?;
        Ok(Self(Timestamp::from_micros(at.as_microsecond())))
    }
}

impl Moment {
    /// As a parameter of an address, where the `+` of an offset that was not escaped arrives as a blank.
    pub(crate) fn of_query(text: &str) -> Option<Timestamp> {
        let offset = || text.rsplit_once(' ').map(|(time, offset)| format!("{time}+{offset}"));
        let moment = text.parse().ok().or_else(|| offset()?.parse().ok());
        moment.map(|Self(at)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_rfc_3339() {
        let read = |text: &str| text.parse().ok().map(|Moment(at)| at.as_micros());
        assert_eq!(read("2024-03-05T14:46:40Z"), Some(1_709_650_000_000_000));
        assert_eq!(read("2024-03-05T21:46:40.5+07:00"), Some(1_709_650_000_500_000));
        for wrong in
            ["", "2024-03-05", "2024-03-05T14:46:40", "1709650000", "kemarin", "2024-13-05T14:46:40Z"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_plus_of_an_offset_may_arrive_as_a_blank() {
        let read = |text| Moment::of_query(text).map(Timestamp::as_secs);
        assert_eq!(read("2024-03-05T21:46:40 07:00"), Some(1_709_650_000));
        assert_eq!(read("2024-03-05T21:46:40+07:00"), Some(1_709_650_000));
        assert_eq!(read("2024-03-05"), None);
    }
}
