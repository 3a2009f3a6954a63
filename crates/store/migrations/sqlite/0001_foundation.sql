-- Names and order follow migrations/postgres/0001_foundation.sql; a test compares the two.
-- Times are microseconds since the epoch. STRICT: SQLite refuses a value of another type, as PostgreSQL does.
-- No foreign keys: rows outlive what they name (messages outlive their device, deliveries their endpoint), the hot path
-- would pay for each of them, and what belongs together is written in one transaction.

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE workspaces (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    plan       TEXT    NOT NULL,
    language   TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    workspace     TEXT    NOT NULL,
    email         TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_email ON users (email);

CREATE TABLE api_keys (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace    TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    hash         BLOB    NOT NULL,
    hint         TEXT    NOT NULL,
    test         INTEGER NOT NULL CHECK (test IN (0, 1)),
    scopes       TEXT    NOT NULL,
    devices      TEXT    NOT NULL,
    allow_ips    TEXT    NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    created_at   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);
CREATE INDEX api_keys_workspace ON api_keys (workspace, id);

CREATE TABLE blocked_ips (
    workspace  TEXT    NOT NULL,
    network    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (workspace, network)
) STRICT, WITHOUT ROWID;

-- A removed device stays as a row, so that its messages keep a name to show.
CREATE TABLE devices (
    id            TEXT    NOT NULL PRIMARY KEY,
    workspace     TEXT    NOT NULL,
    channel       TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    sandbox       INTEGER NOT NULL CHECK (sandbox IN (0, 1)),
    address       TEXT,
    state         TEXT    NOT NULL,
    reason        TEXT,
    last_frame_at INTEGER,
    last_ack_at   INTEGER,
    until_at      INTEGER,
    paused        INTEGER NOT NULL CHECK (paused IN (0, 1)),
    linked_at     INTEGER,
    created_at    INTEGER NOT NULL,
    removed_at    INTEGER,
    lease_node    TEXT,
    lease_until   INTEGER,
    lease_token   INTEGER NOT NULL
) STRICT;
CREATE INDEX devices_workspace ON devices (workspace, id);

CREATE TABLE device_settings (
    device TEXT NOT NULL,
    name   TEXT NOT NULL,
    value  BLOB NOT NULL,
    PRIMARY KEY (device, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE session_state (
    device     TEXT NOT NULL,
    collection TEXT NOT NULL,
    key        BLOB NOT NULL,
    value      BLOB NOT NULL,
    PRIMARY KEY (device, collection, key)
) STRICT;

CREATE TABLE contacts (
    id         TEXT    NOT NULL PRIMARY KEY,
    workspace  TEXT    NOT NULL,
    channel    TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    name       TEXT,
    is_alias   INTEGER NOT NULL CHECK (is_alias IN (0, 1)),
    created_at INTEGER NOT NULL,
    seen_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX contacts_address ON contacts (workspace, channel, address);

-- A conversation is also the lane of its sends: whoever opens, closes or reorders its jobs locks this row first.
CREATE TABLE conversations (
    id              TEXT    NOT NULL PRIMARY KEY,
    workspace       TEXT    NOT NULL,
    device          TEXT    NOT NULL,
    channel         TEXT    NOT NULL,
    chat            TEXT    NOT NULL,
    is_group        INTEGER NOT NULL CHECK (is_group IN (0, 1)),
    last_sequence   INTEGER NOT NULL,
    last_message_at INTEGER NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX conversations_chat ON conversations (device, chat);

CREATE TABLE messages (
    id                  TEXT    NOT NULL PRIMARY KEY,
    workspace           TEXT    NOT NULL,
    device              TEXT    NOT NULL,
    channel             TEXT    NOT NULL,
    conversation        TEXT    NOT NULL,
    sequence            INTEGER NOT NULL,
    job                 TEXT,
    direction           TEXT    NOT NULL,
    sender              TEXT,
    sender_is_alias     INTEGER NOT NULL CHECK (sender_is_alias IN (0, 1)),
    content             TEXT    NOT NULL,
    raw                 BLOB,
    state               TEXT    NOT NULL,
    state_at            INTEGER NOT NULL,
    client_ref          TEXT,
    remote_id           TEXT,
    error_code          TEXT,
    error_provider_code TEXT,
    sent_at             INTEGER,
    created_at          INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_sequence ON messages (conversation, sequence);
CREATE INDEX messages_remote ON messages (device, remote_id) WHERE direction = 'out' AND remote_id IS NOT NULL;

-- What was taken in before. Of its own, so that a message deleted here stays known when the network offers it again.
CREATE TABLE received (
    device      TEXT    NOT NULL,
    chat        TEXT    NOT NULL,
    remote_id   TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (device, chat, remote_id)
) STRICT, WITHOUT ROWID;

-- at_head: the one job of its lane that may be claimed or is running. Kept by whoever closes the head before it, so that a
-- claim reads nothing but what it takes, however many jobs wait.
CREATE TABLE jobs (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace    TEXT    NOT NULL,
    device       TEXT    NOT NULL,
    conversation TEXT    NOT NULL,
    message      TEXT    NOT NULL,
    sequence     INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    at_head      INTEGER NOT NULL CHECK (at_head IN (0, 1)),
    run_at       INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    crashes      INTEGER NOT NULL,
    worker       TEXT,
    lease_until  INTEGER,
    lease_token  INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    finished_at  INTEGER,
    CHECK (NOT at_head OR state IN ('ready', 'running'))
) STRICT;
CREATE UNIQUE INDEX jobs_head ON jobs (conversation) WHERE at_head;
CREATE INDEX jobs_due ON jobs (device, run_at, id) WHERE at_head AND state = 'ready';
CREATE INDEX jobs_lane ON jobs (conversation, sequence) WHERE state = 'ready' AND NOT at_head;
CREATE INDEX jobs_expiry ON jobs (expires_at, id) WHERE state = 'ready';
CREATE INDEX jobs_lease ON jobs (lease_until, id) WHERE state = 'running';
CREATE INDEX jobs_dead ON jobs (workspace, id) WHERE state = 'dead';

CREATE TABLE job_attempts (
    job         TEXT    NOT NULL,
    lease_token INTEGER NOT NULL,
    attempt     INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER NOT NULL,
    outcome     TEXT    NOT NULL,
    detail      TEXT,
    PRIMARY KEY (job, lease_token)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    scope       TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    job         TEXT    NOT NULL,
    message     TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

CREATE TABLE endpoints (
    id              TEXT    NOT NULL PRIMARY KEY,
    workspace       TEXT    NOT NULL,
    url             TEXT    NOT NULL,
    events          TEXT    NOT NULL,
    device          TEXT,
    secret          BLOB    NOT NULL,
    disabled_at     INTEGER,
    disabled_reason TEXT,
    created_at      INTEGER NOT NULL,
    removed_at      INTEGER
) STRICT;
CREATE INDEX endpoints_workspace ON endpoints (workspace, id) WHERE removed_at IS NULL;

-- cursor: the event's place in its workspace's stream, for readers that pull. NULL until a reader numbers it: whoever pulls
-- first gives the committed events without a number the next ones, under a lock on the workspace. So numbers follow commits
-- and leave no gaps, and the transactions that make events need not wait for one another.
CREATE TABLE events (
    id         TEXT    NOT NULL PRIMARY KEY,
    workspace  TEXT    NOT NULL,
    type       TEXT    NOT NULL,
    device     TEXT,
    message    TEXT,
    body       TEXT    NOT NULL,
    cursor     INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_cursor ON events (workspace, cursor) WHERE cursor IS NOT NULL;
CREATE INDEX events_age ON events (created_at, id);

CREATE TABLE deliveries (
    id          TEXT    NOT NULL PRIMARY KEY,
    workspace   TEXT    NOT NULL,
    event       TEXT    NOT NULL,
    endpoint    TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    run_at      INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    worker      TEXT,
    claimed_at  INTEGER,
    lease_until INTEGER,
    lease_token INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
CREATE UNIQUE INDEX deliveries_event ON deliveries (event, endpoint);
CREATE INDEX deliveries_due ON deliveries (endpoint, run_at, id) WHERE state = 'ready';
CREATE INDEX deliveries_running ON deliveries (endpoint, lease_until) WHERE state = 'running';

CREATE TABLE delivery_attempts (
    delivery    TEXT    NOT NULL,
    lease_token INTEGER NOT NULL,
    attempt     INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER NOT NULL,
    status      INTEGER,
    error       TEXT,
    response    TEXT,
    PRIMARY KEY (delivery, lease_token)
) STRICT;
