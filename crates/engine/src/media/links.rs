//! Addresses under which media are given out: whoever has one may read that medium, until it ends. The id cannot be guessed, and
//! the signature binds it to its end.
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cetar_model::{MediaId, Timestamp};

use crate::Engine;

/// How long an address is good for. Longer than a webhook is tried, so that a receiver that was down for days finds it valid.
pub(crate) const VALID_FOR: Duration = Duration::from_hours(7 * 24);

/// What signatures of these addresses are made for, and for nothing else.
const PURPOSE: &str = "media link";

/// An address is not one of ours, or not any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadLink {
    /// Not signed by us, or changed.
    Forged,
    /// Past its end.
    Ended,
}

impl Engine {
    /// An address for a medium, good for a week: `…/media/ID.END.SIGNATURE`.
    pub fn media_url(&self, id: &MediaId) -> String {
        let end = (self.now() + VALID_FOR).as_secs();
        let signed = format!("{id}.{end}");
        let signature = self.inner.store.sign(PURPOSE, signed.as_bytes());
        let base = self.base_url();
        format!("{base}/media/{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The last part of an address of ours; `None` of any other.
    pub(crate) fn own_media_link<'u>(&self, url: &'u str) -> Option<&'u str> {
        let base = self.inner.media.base.get()?;
        url.strip_prefix(base.as_str())?.strip_prefix("/media/")
    }

    /// Whether this is an address of a medium on this server, valid or not.
    pub fn is_own_media_url(&self, url: &str) -> bool {
        self.own_media_link(url).is_some()
    }

    /// Which medium the last part of such an address stands for.
    pub fn read_media_link(&self, link: &str) -> Result<MediaId, BadLink> {
        let (id, end) = self.signed_media_link(link)?;
        if self.now() >= end { Err(BadLink::Ended) } else { Ok(id) }
    }

    /// The same of an address that may have ended since it was taken, and when it does.
    pub(crate) fn signed_media_link(&self, link: &str) -> Result<(MediaId, Timestamp), BadLink> {
        let mut parts = link.splitn(3, '.');
        let (Some(id), Some(end), Some(signature)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(BadLink::Forged);
        };
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| BadLink::Forged)?;
        if !self.inner.store.is_signed(PURPOSE, format!("{id}.{end}").as_bytes(), &signature) {
            return Err(BadLink::Forged);
        }
        let (Ok(id), Ok(end)) = (id.parse(), end.parse()) else { return Err(BadLink::Forged) };
        Ok((id, Timestamp::from_secs(end)))
    }
}
