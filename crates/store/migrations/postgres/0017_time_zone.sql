-- Names and order follow migrations/sqlite/0017_time_zone.sql, which carries the comments; a test compares the two.

ALTER TABLE workspaces ADD COLUMN time_zone TEXT COLLATE "C" NOT NULL DEFAULT 'Asia/Jakarta';
