//! The bodies of what networks tell us. Anyone can send one, and each is whole in memory: so few are read at once, and a sender that
//! stalls holds its place for a while only. Who finds no place waits for one for some seconds, and is asked to come again after that:
//! networks do.

use std::{net::IpAddr, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, header},
};
use cetar_engine::Engine;

use crate::{
    client::Client,
    error::{ApiError, ErrorCode},
    places::{Place, Places},
    state::AppState,
};

/// The largest body, in bytes. Meta's are up to 3 MB.
const LARGEST: usize = 3 << 20;
/// Nearly all are smaller than this: they have places of their own, so that nobody holds them up with large ones.
const SMALL: usize = 64 << 10;
/// Small ones at once in all, 64 MiB …
const MOST_SMALL: usize = 1024;
/// … and from one address.
const MOST_SMALL_OF_ONE: usize = 256;
/// Large ones at once in all, 48 MiB …
const MOST_LARGE: usize = 16;
/// … and from one address.
const MOST_LARGE_OF_ONE: usize = 4;
/// How long a place is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// A network that stalls gives its place to others.
const ARRIVAL: Duration = Duration::from_secs(20);

/// The bodies that are read or worked on now.
#[derive(Clone, Default)]
pub(crate) struct Arrivals(Places<Share>);

/// To whose share a body counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Share {
    Small,
    SmallFrom(IpAddr),
    Large,
    LargeFrom(IpAddr),
}

/// Reads one, in its turn; with its place, to be held until it has been worked on.
pub(super) async fn read(
    state: &AppState,
    client: Client,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Bytes, Place<Share>), ApiError> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    // Who does not say may send as much as may be sent.
    let length = declared.unwrap_or(LARGEST);
    if length > LARGEST {
        return Err(ApiError::new(ErrorCode::BodyTooLarge));
    }
    let from = cetar_engine::network(client.ip);
    let shares = if length <= SMALL {
        [(Share::SmallFrom(from), MOST_SMALL_OF_ONE), (Share::Small, MOST_SMALL)]
    } else {
        [(Share::LargeFrom(from), MOST_LARGE_OF_ONE), (Share::Large, MOST_LARGE)]
    };
    let place = within(&state.engine, PATIENCE, state.arrivals.0.wait(shares)).await;
    let place = place.ok_or_else(|| ApiError::new(ErrorCode::Overloaded).retry_after(PATIENCE))?;
    match within(&state.engine, ARRIVAL, to_bytes(body, length)).await {
        Some(Ok(body)) => Ok((body, place)),
        Some(Err(_)) => Err(ApiError::new(ErrorCode::BodyTooLarge)),
        None => Err(ApiError::new(ErrorCode::InvalidJson)),
    }
}

async fn within<T>(engine: &Engine, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let clock = engine.clock();
    tokio::select! {
        biased;
        done = work => Some(done),
        () = clock.sleep_until(clock.now() + limit) => None,
    }
}
