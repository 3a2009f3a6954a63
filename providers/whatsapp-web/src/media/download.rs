//! Media coming in: fetched, opened and verified in a temporary file, then handed on as a stream. Nothing is handed on before
//! its HMAC was right.

use std::{io, sync::atomic::Ordering};

use bytes::{Bytes, BytesMut};
use cetar_model::DownReason;
use cetar_provider::{ByteStream, DownloadError};
use futures::{StreamExt, stream};
use tokio::io::AsyncReadExt;
use whatsapp_rust::ErrorChainExt;

use super::{
    Reference,
    spool::{self, Bounded},
};
use crate::send::Live;

/// So much is read of the file at once.
const PIECE: usize = 64 * 1024;
/// What the library says of bytes that came whole and do not open (wacore 0.7.0, `decrypt_stream_to_writer`). It has no type for them.
const UNSOUND: [&str; 4] =
    ["MAC mismatch", "Invalid final media size", "Invalid PKCS7 padding", "Bad PKCS7 padding bytes"];

impl Live {
    /// Reads a medium that came in.
    pub(crate) async fn download(&self, reference: &str) -> Result<ByteStream, DownloadError> {
        let reference = Reference::from_text(reference)
            .ok_or_else(|| DownloadError::Gone("its address cannot be read".to_owned()))?;
        self.ready().map_err(DownloadError::AccountDown)?;
        let most = self.settings.media_max_bytes;
        let too_large = || DownloadError::Gone(format!("it is larger than {most} bytes"));
        if reference.size.is_some_and(|size| size > most) {
            return Err(too_large());
        }
        let file = spool::file_in(&self.settings.temp).await.map_err(failed)?;
        let (file, overrun) = Bounded::new(file, most);
        let fetched = self.client.download_to_writer(&reference, file);
        match tokio::time::timeout(self.settings.media_timeout, fetched).await {
            Err(_elapsed) => Err(failed("WhatsApp's media server took too long")),
            Ok(Ok(file)) => Ok(pieces(tokio::fs::File::from_std(file.into_file()))),
            Ok(Err(_)) if overrun.load(Ordering::Relaxed) => Err(too_large()),
            Ok(Err(error)) => {
                let unsound = UNSOUND.contains(&error.root_cause().to_string().as_str());
                let error: &(dyn std::error::Error + 'static) = error.as_ref();
                Err(match error.http_status() {
                    Some(status @ (404 | 410)) => {
                        DownloadError::Gone(format!("WhatsApp's media server answered {status}"))
                    }
                    _ if error.is_transport_unavailable() => {
                        DownloadError::AccountDown(DownReason::Disconnected)
                    }
                    _ if unsound => DownloadError::Unsound(error.to_string()),
                    _ => failed(error.to_string()),
                })
            }
        }
    }
}

fn failed(why: impl Into<cetar_model::BoxError>) -> DownloadError {
    DownloadError::Failed(why.into())
}

/// A file from where it stands to its end. It has no name and is gone once it is closed.
fn pieces(file: tokio::fs::File) -> ByteStream {
    let read = |mut file: tokio::fs::File| async move {
        let mut piece = BytesMut::with_capacity(PIECE);
        let read: io::Result<usize> = file.read_buf(&mut piece).await;
        match read {
            Ok(0) => None,
            Ok(_) => Some((Ok::<Bytes, io::Error>(piece.freeze()), file)),
            Err(error) => Some((Err(error), file)),
        }
    };
    stream::unfold(file, read).boxed()
}
