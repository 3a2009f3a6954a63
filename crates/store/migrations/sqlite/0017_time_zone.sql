-- Names and order follow migrations/postgres/0017_time_zone.sql; a test compares the two.

-- The zone in which the workspace's people are shown times, by its name in the IANA's database.
ALTER TABLE workspaces ADD COLUMN time_zone TEXT NOT NULL DEFAULT 'Asia/Jakarta';
