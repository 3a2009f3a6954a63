//! The customer's web site, where the pictures of their messages are.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

/// The site.
pub struct Site {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl Site {
    /// A JPEG of one grey pixel: under `gambar.jpg` and `promo.jpg`.
    pub const JPEG: &[u8] = include_bytes!("../fixtures/gambar.jpg");

    /// An MP3 by its beginning: under `suara.mp3`.
    pub const SOUND: &[u8] = b"ID3\x03\x00\x00\x00\x00\x00\x00";

    /// A film of 60 MB under `film.mp4`: an MP4 by its beginning, and bytes that do not repeat.
    pub fn film() -> &'static [u8] {
        static FILM: LazyLock<Vec<u8>> = LazyLock::new(|| {
            const SIZE: u32 = 60_000_000;
            let mut film = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2".to_vec();
            film.extend((SIZE - 24).to_be_bytes());
            film.extend(b"mdat");
            let mut state = 0x9e37_79b9_u32;
            while film.len() < SIZE as usize {
                // Xorshift.
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                film.extend(state.to_le_bytes());
            }
            film
        });
        &FILM
    }

    /// Starts it on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(AtomicUsize::new(0));
        let router = Router::new().route("/{name}", get(serve)).with_state(Arc::clone(&requests));
        TaskTracker::new().spawn(async move { axum::serve(listener, router).await });
        Self { url, requests }
    }

    /// Its address, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How often it was asked for anything.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

// By their beginnings what they are called; nobody plays them.
const CLIP: &[u8] = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2\x00\x00\x00\x08mdat";
const PRICES: &[u8] = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n";
const VOICE: &[u8] =
    b"OggS\x00\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0";
const SOUND: &[u8] = b"\x00\x00\x00\x18ftypM4A \x00\x00\x02\x00M4A isom\x00\x00\x00\x08mdat";
const STICKER: &[u8] = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0";

async fn serve(State(requests): State<Arc<AtomicUsize>>, Path(name): Path<String>) -> Response {
    requests.fetch_add(1, Ordering::SeqCst);
    match name.as_str() {
        "gambar.jpg" | "promo.jpg" => ([(header::CONTENT_TYPE, "image/jpeg")], Site::JPEG).into_response(),
        "suara.mp3" => ([(header::CONTENT_TYPE, "audio/mpeg")], Site::SOUND).into_response(),
        "klip.mp4" => ([(header::CONTENT_TYPE, "video/mp4")], CLIP).into_response(),
        "harga.pdf" => ([(header::CONTENT_TYPE, "application/pdf")], PRICES).into_response(),
        "suara.ogg" => ([(header::CONTENT_TYPE, "audio/ogg")], VOICE).into_response(),
        "suara.m4a" => ([(header::CONTENT_TYPE, "audio/mp4")], SOUND).into_response(),
        "stiker.webp" => ([(header::CONTENT_TYPE, "image/webp")], STICKER).into_response(),
        "film.mp4" => ([(header::CONTENT_TYPE, "video/mp4")], Site::film()).into_response(),
        "masuk.jpg" => {
            ([(header::CONTENT_TYPE, "image/jpeg")], "<!DOCTYPE html><title>Masuk</title>").into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
