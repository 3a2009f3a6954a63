-- Names and order follow migrations/sqlite/0018_credentials.sql, which carries the comments; a test compares the two.

ALTER TABLE devices ADD COLUMN credentials_until BIGINT;
