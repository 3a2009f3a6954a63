-- Names and order follow migrations/sqlite/0005_content.sql, which carries the comments; a test compares the two.

ALTER TABLE messages ADD COLUMN reply_to TEXT COLLATE "C";

CREATE INDEX messages_remote_in ON messages (device, remote_id) WHERE direction <> 'out' AND remote_id IS NOT NULL;

CREATE TABLE media (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace    TEXT COLLATE "C" NOT NULL,
    device       TEXT COLLATE "C" NOT NULL,
    state        TEXT COLLATE "C" NOT NULL,
    reference    BYTEA,
    hash         BYTEA,
    size         BIGINT,
    content_type TEXT COLLATE "C",
    file_name    TEXT COLLATE "C",
    attempts     BIGINT           NOT NULL,
    run_at       BIGINT           NOT NULL,
    reason       TEXT COLLATE "C",
    created_at   BIGINT           NOT NULL
);
CREATE INDEX media_wanted ON media (device, run_at, id) WHERE state = 'wanted';

CREATE TABLE media_sources (
    workspace     TEXT COLLATE "C" NOT NULL,
    url_hash      BYTEA            NOT NULL,
    media         TEXT COLLATE "C" NOT NULL,
    etag          TEXT COLLATE "C",
    last_modified TEXT COLLATE "C",
    fetched_at    BIGINT           NOT NULL,
    PRIMARY KEY (workspace, url_hash)
);

CREATE TABLE templates (
    workspace  TEXT COLLATE "C" NOT NULL,
    id         BIGINT           NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    body       TEXT COLLATE "C" NOT NULL,
    created_at BIGINT           NOT NULL,
    updated_at BIGINT           NOT NULL,
    removed_at BIGINT,
    PRIMARY KEY (workspace, id)
);
