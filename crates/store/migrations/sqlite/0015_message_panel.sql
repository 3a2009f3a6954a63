-- Names and order follow migrations/postgres/0015_message_panel.sql; a test compares the two.

-- The request that asked for a message, as it came: its path, its body (the beginning of one that is very long), and how many bytes the
-- whole body had. NULL where no request did. It goes with its message. The body is sealed: whoever asks may put anything in it.
ALTER TABLE messages ADD COLUMN request_path TEXT;
ALTER TABLE messages ADD COLUMN request_body BLOB;
ALTER TABLE messages ADD COLUMN request_size INTEGER;

-- What was told of a message.
CREATE INDEX events_message ON events (message, id) WHERE message IS NOT NULL;
