-- Names and order follow migrations/postgres/0005_content.sql; a test compares the two.

-- The network's id of the message that one answers.
ALTER TABLE messages ADD COLUMN reply_to TEXT;

-- To find the message that another one answers, edits or reacts to; those that went out have messages_remote.
CREATE INDEX messages_remote_in ON messages (device, remote_id) WHERE direction <> 'out' AND remote_id IS NOT NULL;

-- Pictures, films, sounds and files: their bytes are elsewhere, by workspace and hash. state: wanted (its bytes are still to be
-- read from the network, by the sealed reference), stored, lost (the network will not give them any more).
CREATE TABLE media (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace    TEXT    NOT NULL,
    device       TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    reference    BLOB,
    hash         BLOB,
    size         INTEGER,
    content_type TEXT,
    file_name    TEXT,
    attempts     INTEGER NOT NULL,
    run_at       INTEGER NOT NULL,
    reason       TEXT,
    created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX media_wanted ON media (device, run_at, id) WHERE state = 'wanted';

-- What was fetched from an address last, so that the same picture for many is fetched once.
CREATE TABLE media_sources (
    workspace     TEXT    NOT NULL,
    url_hash      BLOB    NOT NULL,
    media         TEXT    NOT NULL,
    etag          TEXT,
    last_modified TEXT,
    fetched_at    INTEGER NOT NULL,
    PRIMARY KEY (workspace, url_hash)
) STRICT, WITHOUT ROWID;

-- A removed template stays as a row, so that its id is not given to another.
CREATE TABLE templates (
    workspace  TEXT    NOT NULL,
    id         INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    removed_at INTEGER,
    PRIMARY KEY (workspace, id)
) STRICT, WITHOUT ROWID;
