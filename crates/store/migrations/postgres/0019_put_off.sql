-- Names and order follow migrations/sqlite/0019_put_off.sql, which carries the comments; a test compares the two.

ALTER TABLE jobs ADD COLUMN put_off BOOLEAN NOT NULL DEFAULT FALSE;
