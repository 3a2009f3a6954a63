-- Names and order follow migrations/sqlite/0006_replies.sql, which carries the comments; a test compares the two.
ALTER TABLE endpoints ADD COLUMN replies BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE delivery_attempts ADD COLUMN reply TEXT COLLATE "C";
