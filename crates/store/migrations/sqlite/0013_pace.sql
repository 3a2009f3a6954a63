-- Names and order follow migrations/postgres/0013_pace.sql; a test compares the two.

-- Whether the network's pace is kept, where it has one.
ALTER TABLE devices ADD COLUMN paced INTEGER NOT NULL DEFAULT 1 CHECK (paced IN (0, 1));
