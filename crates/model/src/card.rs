//! Places and contact cards, as messages carry them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A place on earth.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// North is positive.
    pub latitude: Coordinate,
    /// East is positive.
    pub longitude: Coordinate,
    /// What the place is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// Degrees, kept to a millionth (about a tenth of a metre), so that equal places are equal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coordinate(i32);

impl Coordinate {
    /// From degrees, -180 to 180; `None` for what is none.
    pub fn from_degrees(degrees: f64) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, reason = "at most 180 million")]
        (degrees.abs() <= 180.0).then(|| Self((degrees * 1e6).round() as i32))
    }

    /// In degrees.
    pub fn degrees(self) -> f64 {
        f64::from(self.0) / 1e6
    }
}

/// Where somebody is: not for logs.
impl fmt::Debug for Coordinate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Coordinate(…)")
    }
}

impl Serialize for Coordinate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.degrees())
    }
}

impl<'de> Deserialize<'de> for Coordinate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let degrees = f64::deserialize(deserializer)?;
        Self::from_degrees(degrees).ok_or_else(|| D::Error::custom("not within 180 degrees"))
    }
}

/// A contact card.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The name on it.
    pub name: String,
    /// Its phone numbers, as they stand on it.
    pub phones: Vec<String>,
    /// The card as a vCard, where the network gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vcard: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coordinate_is_a_number_of_degrees_on_earth() {
        for (degrees, expected) in [
            (-6.208_763_49, Some(-6.208_763)),
            (180.0, Some(180.0)),
            (180.1, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(Coordinate::from_degrees(degrees).map(Coordinate::degrees), expected);
        }
        assert!(serde_json::from_str::<Coordinate>("200").is_err());
    }
}
