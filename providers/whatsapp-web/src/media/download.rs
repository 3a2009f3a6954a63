//! Media coming in: fetched, opened and verified in a temporary file, then handed on as a stream. Nothing is handed on before
//! its HMAC and its hash were right.

use std::io;

use bytes::{Bytes, BytesMut};
use cetar_model::DownReason;
use cetar_provider::{ByteStream, DownloadError};
use futures::{StreamExt, stream};
use tokio::{io::AsyncReadExt, task::spawn_blocking};
use whatsapp_rust::ErrorChainExt;

use super::Reference;
use crate::send::Live;

/// So much is read of the file at once.
const PIECE: usize = 64 * 1024;

impl Live {
    /// Reads a medium that came in.
    pub(crate) async fn download(&self, reference: &str) -> Result<ByteStream, DownloadError> {
        let reference = Reference::from_text(reference)
            .ok_or_else(|| DownloadError::Gone("its address cannot be read".to_owned()))?;
        self.ready().map_err(DownloadError::AccountDown)?;
        let file = spawn_blocking(tempfile::tempfile).await;
        let file = file.map_err(failed)?.map_err(failed)?;
        let fetched = self.client.download_to_writer(&reference, file);
        let fetched = match tokio::time::timeout(self.settings.media_timeout, fetched).await {
            Err(_elapsed) => return Err(failed("WhatsApp's media server took too long")),
            Ok(Ok(file)) => file,
            Ok(Err(error)) => {
                let error: &(dyn std::error::Error + 'static) = error.as_ref();
                return Err(match error.http_status() {
                    Some(status @ (404 | 410)) => {
                        DownloadError::Gone(format!("WhatsApp's media server answered {status}"))
                    }
                    _ if error.is_transport_unavailable() => {
                        DownloadError::AccountDown(DownReason::Disconnected)
                    }
                    _ => failed(error.to_string()),
                });
            }
        };
        Ok(pieces(tokio::fs::File::from_std(fetched)))
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
