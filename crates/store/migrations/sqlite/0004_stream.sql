-- The stream of events, for readers that pull. See src/stream.rs.
--
-- ordinal: the order in which events were written. An event that was written after another was committed stands after it,
-- which ids do not promise: they carry the clock of the node and of the moment before the transaction began. SQLite can give
-- a table such a column only by making it anew.
CREATE TABLE events_with_position (
    ordinal   INTEGER NOT NULL PRIMARY KEY,
    id         TEXT    NOT NULL,
    workspace  TEXT    NOT NULL,
    type       TEXT    NOT NULL,
    device     TEXT,
    message    TEXT,
    body       TEXT    NOT NULL,
    cursor     INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
INSERT INTO events_with_position (ordinal, id, workspace, type, device, message, body, cursor, created_at)
    SELECT rowid, id, workspace, type, device, message, body, cursor, created_at FROM events;
DROP TABLE events;
ALTER TABLE events_with_position RENAME TO events;
CREATE UNIQUE INDEX events_id ON events (id);
CREATE UNIQUE INDEX events_cursor ON events (workspace, cursor) WHERE cursor IS NOT NULL;
CREATE INDEX events_waiting ON events (workspace, ordinal) WHERE cursor IS NULL;
CREATE INDEX events_age ON events (created_at, id);

-- numbered: the last number given to an event of the workspace. pruned: the highest number that is not kept any more.
CREATE TABLE streams (
    workspace TEXT    NOT NULL PRIMARY KEY,
    numbered  INTEGER NOT NULL,
    pruned    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
