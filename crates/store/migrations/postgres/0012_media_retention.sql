-- Names and order follow migrations/sqlite/0012_media_retention.sql, which carries the comments; a test compares the two.

CREATE TABLE media_garbage (
    workspace TEXT COLLATE "C" NOT NULL,
    hash      BYTEA            NOT NULL,
    since     BIGINT           NOT NULL,
    PRIMARY KEY (workspace, hash)
);
CREATE INDEX media_garbage_since ON media_garbage (since);

CREATE INDEX media_age ON media (created_at, id);
CREATE INDEX media_bytes ON media (workspace, hash) WHERE hash IS NOT NULL;
CREATE INDEX media_sources_age ON media_sources (fetched_at);
CREATE INDEX media_sources_media ON media_sources (media);
