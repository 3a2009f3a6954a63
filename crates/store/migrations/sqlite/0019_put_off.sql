-- Names and order follow migrations/postgres/0019_put_off.sql; a test compares the two.

-- It waits for its turn by our own pace, and not because its network asked for it.
ALTER TABLE jobs ADD COLUMN put_off INTEGER NOT NULL DEFAULT FALSE;
