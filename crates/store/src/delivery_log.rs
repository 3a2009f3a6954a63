//! Deliveries as their owner looks at them, and has one sent again.

use cetar_model::{DeliveryId, DeliveryState, EndpointId, MessageId, Timestamp, WorkspaceId};

use crate::{
    Delivery, DeliveryAttempt, DeliveryDetail, DeliveryFilter, Resend, Result, Store,
    db::{corrupt, count, execute, fetch_all, fetch_optional, limit as rows, read, read_json, row},
    statement::{Sql, statements},
};

/// The last attempt that ended is that of the lease, unless one is under way.
macro_rules! shown {
    () => {
        "SELECT d.id, d.endpoint, d.event, v.type, d.state, d.attempts, d.run_at, d.created_at, d.finished_at, e.not_before, \
           a.status, a.error \
         FROM deliveries d JOIN events v ON v.id = d.event JOIN endpoints e ON e.id = d.endpoint \
           LEFT JOIN delivery_attempts a ON a.delivery = d.id AND a.lease_token = d.lease_token - CASE WHEN d.state = 'running' THEN 1 ELSE 0 END "
    };
}

/// Ids are ordered by the time they were made, so a span of time is a span of ids. Each state by itself, so that each finds
/// its index.
macro_rules! list {
    ($state:literal) => {
        concat!(
            shown!(),
            "WHERE d.endpoint = $1 AND d.workspace = $2 AND d.id >= $3 AND d.id < $4 AND v.type >= $5 AND v.type <= $6 ",
            $state,
            "ORDER BY d.id DESC LIMIT $7"
        )
    };
}

statements! {
    ALL = list!("");
    PENDING = list!("AND d.state = 'ready' ");
    SENDING = list!("AND d.state = 'running' ");
    DELIVERED = list!("AND d.state = 'delivered' ");
    FAILED = list!("AND d.state = 'dead' ");
    ONE = concat!(shown!(), "WHERE d.workspace = $1 AND d.id = $2");
    OF_MESSAGE = concat!(shown!(), "WHERE v.message = $1 AND v.workspace = $2 ORDER BY d.id DESC LIMIT $3");
    BODY = "SELECT v.body FROM deliveries d JOIN events v ON v.id = d.event WHERE d.id = $1";
    HISTORY = "SELECT attempt, started_at, ended_at, url, headers, status, error, response, reply, next_at FROM delivery_attempts \
               WHERE delivery = $1 ORDER BY lease_token";
    STANDS = "SELECT d.state, e.disabled_at FROM deliveries d JOIN endpoints e ON e.id = d.endpoint \
              WHERE d.workspace = $1 AND d.id = $2 AND e.removed_at IS NULL",
        postgres "FOR NO KEY UPDATE OF d";
    // The attempts begin anew. What was accepted is tried at once, an ordered endpoint's after what waits already.
    RESEND = "UPDATE deliveries SET state = 'ready', run_at = $2, attempts = 0, finished_at = NULL WHERE id = $1 AND state <> 'running'";
}

/// After every id of its kind: `_` and 32 hexadecimal digits follow the prefix.
const AFTER_ALL: &str = "dlv_g";

row! {
    struct Row {
        id: String,
        endpoint: String,
        event: String,
        r#type: String,
        state: String,
        attempts: i64,
        run_at: i64,
        created_at: i64,
        finished_at: Option<i64>,
        not_before: Option<i64>,
        status: Option<i64>,
        error: Option<String>,
    }
}

impl Row {
    fn delivery(self) -> Result<Delivery> {
        let id = &self.id;
        let state = match self.state.as_str() {
            "ready" => DeliveryState::Pending,
            "running" => DeliveryState::Sending,
            "delivered" => DeliveryState::Delivered,
            "dead" => DeliveryState::Failed,
            _ => return Err(corrupt("deliveries", "state", id)),
        };
        let next = (state == DeliveryState::Pending).then(|| self.run_at.max(self.not_before.unwrap_or(0)));
        Ok(Delivery {
            id: read(id, "deliveries", "id", id)?,
            endpoint: read(&self.endpoint, "deliveries", "endpoint", id)?,
            event: read(&self.event, "deliveries", "event", id)?,
            event_type: self.r#type,
            state,
            attempts: count(self.attempts),
            created_at: Timestamp::from_micros(self.created_at),
            next_attempt_at: next.map(Timestamp::from_micros),
            finished_at: self.finished_at.map(Timestamp::from_micros),
            status: self.status.and_then(|status| u16::try_from(status).ok()),
            error: self.error,
        })
    }
}

row! {
    struct AttemptRow {
        attempt: i64,
        started_at: i64,
        ended_at: i64,
        url: Option<String>,
        headers: Option<String>,
        status: Option<i64>,
        error: Option<String>,
        response: Option<String>,
        reply: Option<String>,
        next_at: Option<i64>,
    }
}

impl AttemptRow {
    fn attempt(self, id: &DeliveryId) -> Result<DeliveryAttempt> {
        let headers = self.headers.as_deref();
        let headers = headers.map(|names| read_json(names, "delivery_attempts", "headers", id.as_str()));
        let reply = self.reply.as_deref();
        let reply = reply.map(|reply| read_json(reply, "delivery_attempts", "reply", id.as_str()));
        Ok(DeliveryAttempt {
            attempt: count(self.attempt),
            started_at: Timestamp::from_micros(self.started_at),
            ended_at: Timestamp::from_micros(self.ended_at),
            url: self.url,
            headers: headers.transpose()?.unwrap_or_default(),
            status: self.status.and_then(|status| u16::try_from(status).ok()),
            error: self.error,
            response: self.response,
            reply: reply.transpose()?,
            next_at: self.next_at.map(Timestamp::from_micros),
        })
    }
}

impl Store {
    /// An endpoint's deliveries, newest first, at most `limit`.
    pub async fn list_deliveries(
        &self,
        workspace: &WorkspaceId,
        endpoint: &EndpointId,
        filter: &DeliveryFilter,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        let sql: Sql = match filter.state {
            None => ALL,
            Some(DeliveryState::Pending) => PENDING,
            Some(DeliveryState::Sending) => SENDING,
            Some(DeliveryState::Delivered) => DELIVERED,
            Some(DeliveryState::Failed) => FAILED,
        };
        let (from, to) = span(filter.since, filter.until);
        let to = filter.after.clone().map_or(to.clone(), |after| to.min(after));
        let (low, high) = match &filter.event {
            None => (String::new(), "~".to_owned()),
            Some(subscription) => subscription.span(),
        };
        let mut conn = self.read().await?;
        let (endpoint, workspace) = (endpoint.as_str(), workspace.as_str());
        fetch_all!(conn, Row, sql, endpoint, workspace, from, to, low, high, rows(limit))?
            .into_iter()
            .map(Row::delivery)
            .collect()
    }

    /// The deliveries of what was told of a message, newest first, at most `limit`.
    pub async fn message_deliveries(
        &self,
        workspace: &WorkspaceId,
        message: &MessageId,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        let mut conn = self.read().await?;
        fetch_all!(conn, Row, OF_MESSAGE, message.as_str(), workspace.as_str(), rows(limit))?
            .into_iter()
            .map(Row::delivery)
            .collect()
    }

    /// One with its body and its attempts; `None` if this workspace has no such delivery.
    pub async fn delivery(&self, workspace: &WorkspaceId, id: &DeliveryId) -> Result<Option<DeliveryDetail>> {
        let mut conn = self.read().await?;
        let Some(row) = fetch_optional!(conn, Row, ONE, workspace.as_str(), id.as_str())? else {
            return Ok(None);
        };
        let body =
            fetch_optional!(conn, (String,), BODY, id.as_str())?.map_or_else(String::new, |(body,)| body);
        let attempts = fetch_all!(conn, AttemptRow, HISTORY, id.as_str())?;
        let attempts = attempts.into_iter().map(|row| row.attempt(id)).collect::<Result<_>>()?;
        Ok(Some(DeliveryDetail { delivery: row.delivery()?, body, attempts }))
    }

    /// Sends one again, whatever became of it, with fresh attempts and under the same `webhook-id`.
    pub async fn resend_delivery(
        &self,
        workspace: &WorkspaceId,
        id: &DeliveryId,
        now: Timestamp,
    ) -> Result<Resend> {
        self.write_once((workspace.clone(), id.clone(), now), |tx, (workspace, id, now)| {
            Box::pin(async move {
                type Stands = (String, Option<i64>);
                let stands = fetch_optional!(tx, Stands, STANDS, workspace.as_str(), id.as_str())?;
                let Some((state, disabled)) = stands else { return Ok(Resend::NotFound) };
                if disabled.is_some() {
                    return Ok(Resend::EndpointDisabled);
                }
                if state != "running" {
                    execute!(tx, RESEND, id.as_str(), now.as_micros())?;
                }
                Ok(Resend::Done)
            })
        })
        .await
    }
}

/// The ids made from `since` on and before `until`.
pub(crate) fn span(since: Option<Timestamp>, until: Option<Timestamp>) -> (String, String) {
    let bound = |at: Timestamp| DeliveryId::not_before(at);
    (since.map_or_else(String::new, bound), until.map_or_else(|| AFTER_ALL.to_owned(), bound))
}
