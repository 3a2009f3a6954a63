-- Names and order follow migrations/sqlite/0013_pace.sql, which carries the comments; a test compares the two.

ALTER TABLE devices ADD COLUMN paced BOOLEAN NOT NULL DEFAULT TRUE;
