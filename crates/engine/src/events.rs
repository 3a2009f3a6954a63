//! The workspace's events for those who pull: page by page from a cursor, or followed live. The same events in the same order
//! for every reader, on every node (`cetar_store`'s stream says how); each caller sees those of its own devices.

use std::{collections::VecDeque, fmt, net::IpAddr, str::FromStr, time::Duration};

use cetar_model::{DeviceId, Timestamp, WorkspaceId};
use cetar_store::{Scope, Standing, StoreError, StreamEntry, StreamEvent, StreamPlace};
use futures::{Stream, stream};
use tokio::sync::watch;

use crate::{
    Engine,
    auth::{AuthError, Caller},
};

/// Bytes of bodies in a page, as far as one event does not exceed it alone.
const PAGE_BYTES: usize = 4 << 20;
/// The same for each reader that follows: so much waits in memory for a slow one.
const FOLLOWED_BYTES: usize = 256 << 10;
/// Events in memory for a reader that follows.
const FOLLOWED_AT_ONCE: usize = 100;
/// Events read in one statement.
const CHUNK: usize = 256;
/// Events looked at for one page, most of which the caller may not see: more is the next page's.
const LOOKED_AT: usize = 4 * CHUNK;
/// Events numbered in one transaction: small, so that nobody waits long behind it.
const NUMBERED_AT_ONCE: usize = 1_000;
/// A reader that follows is told this often that nothing happened: proxies close connections that are silent for a minute
/// or less.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// However much is going on, a follower looks no sooner after its last look than this.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A place in a workspace's stream of events. As text it is opaque to callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(StreamPlace);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.event {
            Some(event) => write!(f, "{}.{event}", self.0.number),
            None => write!(f, "{}", self.0.number),
        }
    }
}

/// Not a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of the event stream")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;
    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let (number, event) = match text.split_once('.') {
            Some((number, event)) => (number, Some(event.parse().map_err(|_| BadCursor)?)),
            None => (text, None),
        };
        let number = number.parse().map_err(|_| BadCursor)?;
        if number < 0 { Err(BadCursor) } else { Ok(Self(StreamPlace { number, event })) }
    }
}

/// An event as pulled.
#[derive(Debug, Clone)]
pub struct PulledEvent {
    /// It.
    pub event: StreamEvent,
    /// The place after it.
    pub cursor: Cursor,
}

/// A part of the stream.
#[derive(Debug)]
pub struct EventPage {
    /// In the order of the stream.
    pub events: Vec<PulledEvent>,
    /// Whether there is more to be read at once.
    pub has_more: bool,
    /// Where to go on, now or later.
    pub next: Cursor,
}

/// No page.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// Events after this cursor are not kept any more, or it is from another history (a restored backup).
    #[error("the cursor leads nowhere any more")]
    CursorExpired,
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a follower gets.
#[derive(Debug)]
pub enum Followed {
    /// The next event.
    Event(Box<PulledEvent>),
    /// Nothing for now; all up to here was seen.
    Idle(Cursor),
}

impl Engine {
    /// The caller's events after a cursor, at most `limit`; without one, from the oldest kept. An event that is committed when
    /// this is called is in this page or in a later one, whatever was written at the same time.
    pub async fn events(
        &self,
        caller: &Caller,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<EventPage, EventsError> {
        if let Some(after) = after {
            return self.page(caller, after, limit, PAGE_BYTES).await;
        }
        loop {
            let start = Cursor(self.inner.store.stream_start(&caller.workspace.id).await?);
            match self.page(caller, &start, limit, PAGE_BYTES).await {
                // Pruned while we read: the oldest kept is another now.
                Err(EventsError::CursorExpired) => {}
                page => return page,
            }
        }
    }

    /// The caller's events from a cursor on, or from now, as they happen. It reads on only when asked for more, so a slow
    /// reader costs the memory of a page and falls behind by itself.
    ///
    /// Ends when the caller is not let in any more, or has fallen behind what is kept. While the database is away it is idle.
    /// `CursorExpired` at once, where the cursor leads nowhere.
    pub async fn follow(
        &self,
        caller: Caller,
        from: IpAddr,
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Followed> + Send + use<>, EventsError> {
        if let Some(cursor) = &after {
            self.check(&caller.workspace.id, cursor).await?;
        }
        let now = self.now();
        let follower = Follower {
            engine: self.clone(),
            progress: self.progress(),
            caller,
            from,
            read: after,
            greeted: false,
            ready: VecDeque::new(),
            looked_at: now,
            spoke_at: now,
        };
        Ok(stream::unfold(follower, |mut follower| async move {
            let next = follower.next().await?;
            Some((next, follower))
        }))
    }

    async fn page(
        &self,
        caller: &Caller,
        after: &Cursor,
        limit: usize,
        bytes: usize,
    ) -> Result<EventPage, EventsError> {
        let (store, workspace) = (&self.inner.store, &caller.workspace.id);
        let mut page = Page::new(after, limit, bytes);
        loop {
            let entries = store.stream_after(workspace, page.next.0.number, CHUNK).await?;
            let all = entries.len() < CHUNK;
            if page.take(caller, entries) {
                break;
            }
            // Its end is the end of what is numbered: is that all there is?
            if all && !self.number(workspace).await? {
                break;
            }
        }
        let numbers: Vec<i64> = page.chosen.iter().map(|place| place.number).collect();
        let events = store.stream_events(workspace, &numbers).await?;
        // Afterwards: what is pruned while we read is noted by then.
        self.check(workspace, after).await?;
        let events = events
            .into_iter()
            .map(|event| {
                let place = StreamPlace { number: event.number, event: Some(event.id.clone()) };
                PulledEvent { event, cursor: Cursor(place) }
            })
            .collect();
        Ok(EventPage { events, has_more: page.has_more, next: page.next })
    }

    async fn check(&self, workspace: &WorkspaceId, cursor: &Cursor) -> Result<(), EventsError> {
        match self.inner.store.stream_standing(workspace, &cursor.0).await? {
            Standing::Good => Ok(()),
            Standing::Pruned | Standing::Foreign => Err(EventsError::CursorExpired),
        }
    }

    /// Numbers what waits; false if nothing did. One at a time in this process: who waited finds it done.
    async fn number(&self, workspace: &WorkspaceId) -> Result<bool, StoreError> {
        let store = &self.inner.store;
        if !store.stream_waits(workspace).await? {
            return Ok(false);
        }
        let _turn = self.inner.numbering.lock(workspace).await;
        // Another reader's work is as good as ours.
        Ok(!store.stream_waits(workspace).await?
            || store.number_events(workspace, NUMBERED_AT_ONCE).await? > 0)
    }
}

impl Caller {
    /// Whether it may see an event of this device, and of none, which is the workspace's own business.
    fn sees_event_of(&self, device: Option<&(DeviceId, Option<bool>)>) -> bool {
        match device {
            Some((id, Some(sandbox))) => self.reaches(id, *sandbox),
            Some((id, None)) => self.is_tied_to(id) && self.may(Scope::Admin),
            None => self.ties().is_empty() && self.may(Scope::Admin),
        }
    }
}

/// A page in the making.
struct Page {
    limit: usize,
    bytes: usize,
    looked_at: usize,
    chosen: Vec<StreamPlace>,
    has_more: bool,
    next: Cursor,
}

impl Page {
    fn new(after: &Cursor, limit: usize, bytes: usize) -> Self {
        Self { limit, bytes, looked_at: 0, chosen: Vec::new(), has_more: false, next: after.clone() }
    }

    /// Chooses among further entries; true if the page is full, or enough was looked at.
    fn take(&mut self, caller: &Caller, entries: Vec<StreamEntry>) -> bool {
        for StreamEntry { place, device, size } in entries {
            if caller.sees_event_of(device.as_ref()) {
                let too_large = size > self.bytes && !self.chosen.is_empty();
                if too_large || self.chosen.len() == self.limit {
                    self.has_more = true;
                    return true;
                }
                self.bytes = self.bytes.saturating_sub(size);
                self.chosen.push(place.clone());
            }
            self.looked_at += 1;
            self.next = Cursor(place);
        }
        self.has_more = self.looked_at >= LOOKED_AT;
        self.has_more
    }
}

/// A reader that follows.
struct Follower {
    engine: Engine,
    progress: watch::Receiver<u64>,
    caller: Caller,
    from: IpAddr,
    /// How far was read; `None` until the end of the stream was found.
    read: Option<Cursor>,
    /// It was told where it stands: a reader that is cut off before its first event can go on from there.
    greeted: bool,
    /// Read, and not handed on yet.
    ready: VecDeque<PulledEvent>,
    looked_at: Timestamp,
    spoke_at: Timestamp,
}

impl Follower {
    async fn next(&mut self) -> Option<Followed> {
        loop {
            if let Some(place) = self.read.clone().filter(|_| !self.greeted) {
                self.greeted = true;
                return Some(self.idle(place));
            }
            if let Some(event) = self.ready.pop_front() {
                self.spoke_at = self.engine.now();
                return Some(Followed::Event(Box::new(event)));
            }
            // Before it looks, so that what happens while it looks wakes it.
            self.progress.borrow_and_update();
            self.looked_at = self.engine.now();
            match self.look().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(Ended::Unavailable(why)) => {
                    tracing::debug!(why, "a follower of events waits for the database");
                }
                Err(Ended::NotLetIn | Ended::Behind) => return None,
                Err(Ended::Broken(error)) => {
                    tracing::error!(%error, "a follower of events cannot go on");
                    return None;
                }
            }
            if self.engine.now() >= self.spoke_at + HEARTBEAT
                && let Some(place) = self.read.clone()
            {
                return Some(self.idle(place));
            }
            self.wait().await;
        }
    }

    fn idle(&mut self, place: Cursor) -> Followed {
        self.spoke_at = self.engine.now();
        Followed::Idle(place)
    }

    /// Reads on; true if it found something, or there may be more to be read at once.
    async fn look(&mut self) -> Result<bool, Ended> {
        // A key that was revoked meanwhile is not shown anything more.
        self.caller = self.engine.still_in(&self.caller, self.from).await?;
        let workspace = &self.caller.workspace.id;
        let Some(place) = &self.read else {
            // From now on: what waited for its number until now is the past.
            if !self.engine.number(workspace).await? {
                self.read = Some(Cursor(self.engine.inner.store.stream_end(workspace).await?));
            }
            return Ok(true);
        };
        let page = self.engine.page(&self.caller, place, FOLLOWED_AT_ONCE, FOLLOWED_BYTES).await?;
        let more = page.has_more || !page.events.is_empty();
        self.read = Some(page.next);
        self.ready.extend(page.events);
        Ok(more)
    }

    /// Until something may have happened, here or, by the time we poll, on another node.
    async fn wait(&mut self) {
        let clock = &self.engine.inner.clock;
        let poll = self.engine.now() + self.engine.settings().poll;
        tokio::select! {
            _ = self.progress.changed() => clock.sleep_until(self.looked_at + LOOK_AGAIN).await,
            () = clock.sleep_until(poll.min(self.spoke_at + HEARTBEAT)) => {}
        }
    }
}

/// Why a follower did not get on.
enum Ended {
    NotLetIn,
    Behind,
    Unavailable(String),
    Broken(StoreError),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(why) => Self::Unavailable(why),
            other => Self::Broken(other),
        }
    }
}

impl From<AuthError> for Ended {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Store(error) => error.into(),
            _ => Self::NotLetIn,
        }
    }
}

impl From<EventsError> for Ended {
    fn from(error: EventsError) -> Self {
        match error {
            EventsError::CursorExpired => Self::Behind,
            EventsError::Store(error) => error.into(),
        }
    }
}

/// Whose turn it is to number a workspace's events. Workspaces share a few locks: to wait for another's now and then costs
/// less than to keep one for each.
pub(crate) struct Numbering([tokio::sync::Mutex<()>; 16]);

impl Default for Numbering {
    fn default() -> Self {
        Self(std::array::from_fn(|_| tokio::sync::Mutex::default()))
    }
}

impl Numbering {
    async fn lock(&self, workspace: &WorkspaceId) -> tokio::sync::MutexGuard<'_, ()> {
        // Ids end in random digits.
        let last = workspace.as_str().bytes().last().unwrap_or_default();
        self.0[usize::from(last) % self.0.len()].lock().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_does() {
        for text in ["0", "17", "17.evt_0199c3a0b6f47c3e9d3a5b1c2d3e4f50"] {
            assert_eq!(text.parse::<Cursor>().map(|cursor| cursor.to_string()).as_deref(), Ok(text));
        }
        for wrong in
            ["", "-1", "x", "1.", "1.msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50", "1.evt_1", "99999999999999999999"]
        {
            assert_eq!(wrong.parse::<Cursor>(), Err(BadCursor), "{wrong}");
        }
    }
}
