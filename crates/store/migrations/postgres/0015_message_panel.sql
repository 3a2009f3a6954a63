-- Names and order follow migrations/sqlite/0015_message_panel.sql, which carries the comments; a test compares the two.

ALTER TABLE messages ADD COLUMN request_path TEXT COLLATE "C";
ALTER TABLE messages ADD COLUMN request_body BYTEA;
ALTER TABLE messages ADD COLUMN request_size BIGINT;

CREATE INDEX events_message ON events (message, id) WHERE message IS NOT NULL;
