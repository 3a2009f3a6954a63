-- Names and order follow migrations/postgres/0012_media_retention.sql; a test compares the two.

-- Bytes that no medium has any more, to be deleted. Who keeps the same bytes meanwhile waits until they are.
CREATE TABLE media_garbage (
    workspace TEXT    NOT NULL,
    hash      BLOB    NOT NULL,
    since     INTEGER NOT NULL,
    PRIMARY KEY (workspace, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX media_garbage_since ON media_garbage (since);

CREATE INDEX media_age ON media (created_at, id);
CREATE INDEX media_bytes ON media (workspace, hash) WHERE hash IS NOT NULL;
CREATE INDEX media_sources_age ON media_sources (fetched_at);
CREATE INDEX media_sources_media ON media_sources (media);
