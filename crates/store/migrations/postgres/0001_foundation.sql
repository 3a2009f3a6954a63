-- Names and order follow migrations/sqlite/0001_foundation.sql, which carries the comments; a test compares the two.
-- COLLATE "C": ids and addresses compare byte by byte, as in SQLite and in Rust.

CREATE TABLE meta (
    key   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value BYTEA            NOT NULL
);

CREATE TABLE workspaces (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL,
    plan       TEXT COLLATE "C" NOT NULL,
    language   TEXT COLLATE "C" NOT NULL,
    created_at BIGINT           NOT NULL
);

CREATE TABLE users (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace     TEXT COLLATE "C" NOT NULL,
    email         TEXT COLLATE "C" NOT NULL,
    role          TEXT COLLATE "C" NOT NULL,
    password_hash TEXT COLLATE "C" NOT NULL,
    created_at    BIGINT           NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (email);

CREATE TABLE api_keys (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace    TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    hash         BYTEA            NOT NULL,
    hint         TEXT COLLATE "C" NOT NULL,
    test         BOOLEAN          NOT NULL,
    scopes       TEXT COLLATE "C" NOT NULL,
    devices      TEXT COLLATE "C" NOT NULL,
    allow_ips    TEXT COLLATE "C" NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    last_used_at BIGINT,
    created_at   BIGINT           NOT NULL
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);
CREATE INDEX api_keys_workspace ON api_keys (workspace, id);

CREATE TABLE blocked_ips (
    workspace  TEXT COLLATE "C" NOT NULL,
    network    TEXT COLLATE "C" NOT NULL,
    created_at BIGINT           NOT NULL,
    PRIMARY KEY (workspace, network)
);

CREATE TABLE devices (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace     TEXT COLLATE "C" NOT NULL,
    channel       TEXT COLLATE "C" NOT NULL,
    name          TEXT COLLATE "C" NOT NULL,
    sandbox       BOOLEAN          NOT NULL,
    address       TEXT COLLATE "C",
    state         TEXT COLLATE "C" NOT NULL,
    reason        TEXT COLLATE "C",
    last_frame_at BIGINT,
    last_ack_at   BIGINT,
    until_at      BIGINT,
    paused        BOOLEAN          NOT NULL,
    linked_at     BIGINT,
    created_at    BIGINT           NOT NULL,
    removed_at    BIGINT,
    lease_node    TEXT COLLATE "C",
    lease_until   BIGINT,
    lease_token   BIGINT           NOT NULL
);
CREATE INDEX devices_workspace ON devices (workspace, id);

CREATE TABLE device_settings (
    device TEXT COLLATE "C" NOT NULL,
    name   TEXT COLLATE "C" NOT NULL,
    value  BYTEA            NOT NULL,
    PRIMARY KEY (device, name)
);

CREATE TABLE session_state (
    device     TEXT COLLATE "C" NOT NULL,
    collection TEXT COLLATE "C" NOT NULL,
    key        BYTEA            NOT NULL,
    value      BYTEA            NOT NULL,
    PRIMARY KEY (device, collection, key)
);

CREATE TABLE contacts (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace  TEXT COLLATE "C" NOT NULL,
    channel    TEXT COLLATE "C" NOT NULL,
    address    TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C",
    is_alias   BOOLEAN          NOT NULL,
    created_at BIGINT           NOT NULL,
    seen_at    BIGINT
);
CREATE UNIQUE INDEX contacts_address ON contacts (workspace, channel, address);

CREATE TABLE conversations (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace       TEXT COLLATE "C" NOT NULL,
    device          TEXT COLLATE "C" NOT NULL,
    channel         TEXT COLLATE "C" NOT NULL,
    chat            TEXT COLLATE "C" NOT NULL,
    is_group        BOOLEAN          NOT NULL,
    last_sequence   BIGINT           NOT NULL,
    last_message_at BIGINT           NOT NULL,
    created_at      BIGINT           NOT NULL
);
CREATE UNIQUE INDEX conversations_chat ON conversations (device, chat);

CREATE TABLE messages (
    id                  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace           TEXT COLLATE "C" NOT NULL,
    device              TEXT COLLATE "C" NOT NULL,
    channel             TEXT COLLATE "C" NOT NULL,
    conversation        TEXT COLLATE "C" NOT NULL,
    sequence            BIGINT           NOT NULL,
    job                 TEXT COLLATE "C",
    direction           TEXT COLLATE "C" NOT NULL,
    sender              TEXT COLLATE "C",
    sender_is_alias     BOOLEAN          NOT NULL,
    content             TEXT COLLATE "C" NOT NULL,
    raw                 BYTEA,
    state               TEXT COLLATE "C" NOT NULL,
    state_at            BIGINT           NOT NULL,
    client_ref          TEXT COLLATE "C",
    remote_id           TEXT COLLATE "C",
    error_code          TEXT COLLATE "C",
    error_provider_code TEXT COLLATE "C",
    sent_at             BIGINT,
    created_at          BIGINT           NOT NULL
);
CREATE UNIQUE INDEX messages_sequence ON messages (conversation, sequence);
CREATE INDEX messages_remote ON messages (device, remote_id) WHERE direction = 'out' AND remote_id IS NOT NULL;

CREATE TABLE received (
    device      TEXT COLLATE "C" NOT NULL,
    chat        TEXT COLLATE "C" NOT NULL,
    remote_id   TEXT COLLATE "C" NOT NULL,
    received_at BIGINT           NOT NULL,
    PRIMARY KEY (device, chat, remote_id)
);

CREATE TABLE jobs (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace    TEXT COLLATE "C" NOT NULL,
    device       TEXT COLLATE "C" NOT NULL,
    conversation TEXT COLLATE "C" NOT NULL,
    message      TEXT COLLATE "C" NOT NULL,
    sequence     BIGINT           NOT NULL,
    state        TEXT COLLATE "C" NOT NULL,
    at_head      BOOLEAN          NOT NULL,
    run_at       BIGINT           NOT NULL,
    expires_at   BIGINT           NOT NULL,
    attempts     BIGINT           NOT NULL,
    crashes      BIGINT           NOT NULL,
    worker       TEXT COLLATE "C",
    lease_until  BIGINT,
    lease_token  BIGINT           NOT NULL,
    created_at   BIGINT           NOT NULL,
    finished_at  BIGINT,
    CHECK (NOT at_head OR state IN ('ready', 'running'))
);
CREATE UNIQUE INDEX jobs_head ON jobs (conversation) WHERE at_head;
CREATE INDEX jobs_due ON jobs (device, run_at, id) WHERE at_head AND state = 'ready';
CREATE INDEX jobs_lane ON jobs (conversation, sequence) WHERE state = 'ready' AND NOT at_head;
CREATE INDEX jobs_expiry ON jobs (expires_at, id) WHERE state = 'ready';
CREATE INDEX jobs_lease ON jobs (lease_until, id) WHERE state = 'running';
CREATE INDEX jobs_dead ON jobs (workspace, id) WHERE state = 'dead';

CREATE TABLE job_attempts (
    job         TEXT COLLATE "C" NOT NULL,
    lease_token BIGINT           NOT NULL,
    attempt     BIGINT           NOT NULL,
    started_at  BIGINT           NOT NULL,
    ended_at    BIGINT           NOT NULL,
    outcome     TEXT COLLATE "C" NOT NULL,
    detail      TEXT COLLATE "C",
    PRIMARY KEY (job, lease_token)
);

CREATE TABLE idempotency (
    scope       TEXT COLLATE "C" NOT NULL,
    key         TEXT COLLATE "C" NOT NULL,
    fingerprint BYTEA            NOT NULL,
    job         TEXT COLLATE "C" NOT NULL,
    message     TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT           NOT NULL,
    expires_at  BIGINT           NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

CREATE TABLE endpoints (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace       TEXT COLLATE "C" NOT NULL,
    url             TEXT COLLATE "C" NOT NULL,
    events          TEXT COLLATE "C" NOT NULL,
    device          TEXT COLLATE "C",
    secret          BYTEA            NOT NULL,
    disabled_at     BIGINT,
    disabled_reason TEXT COLLATE "C",
    created_at      BIGINT           NOT NULL,
    removed_at      BIGINT
);
CREATE INDEX endpoints_workspace ON endpoints (workspace, id) WHERE removed_at IS NULL;

CREATE TABLE events (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace  TEXT COLLATE "C" NOT NULL,
    type       TEXT COLLATE "C" NOT NULL,
    device     TEXT COLLATE "C",
    message    TEXT COLLATE "C",
    body       TEXT COLLATE "C" NOT NULL,
    cursor     BIGINT,
    created_at BIGINT           NOT NULL
);
CREATE UNIQUE INDEX events_cursor ON events (workspace, cursor) WHERE cursor IS NOT NULL;
CREATE INDEX events_age ON events (created_at, id);

CREATE TABLE deliveries (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace   TEXT COLLATE "C" NOT NULL,
    event       TEXT COLLATE "C" NOT NULL,
    endpoint    TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL,
    run_at      BIGINT           NOT NULL,
    attempts    BIGINT           NOT NULL,
    worker      TEXT COLLATE "C",
    claimed_at  BIGINT,
    lease_until BIGINT,
    lease_token BIGINT           NOT NULL,
    created_at  BIGINT           NOT NULL,
    finished_at BIGINT
);
CREATE UNIQUE INDEX deliveries_event ON deliveries (event, endpoint);
CREATE INDEX deliveries_due ON deliveries (endpoint, run_at, id) WHERE state = 'ready';
CREATE INDEX deliveries_running ON deliveries (endpoint, lease_until) WHERE state = 'running';

CREATE TABLE delivery_attempts (
    delivery    TEXT COLLATE "C" NOT NULL,
    lease_token BIGINT           NOT NULL,
    attempt     BIGINT           NOT NULL,
    started_at  BIGINT           NOT NULL,
    ended_at    BIGINT           NOT NULL,
    status      BIGINT,
    error       TEXT COLLATE "C",
    response    TEXT COLLATE "C",
    PRIMARY KEY (delivery, lease_token)
);
