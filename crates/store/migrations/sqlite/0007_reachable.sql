-- Names and order follow migrations/postgres/0007_reachable.sql; a test compares the two.

-- Since when the other side wants no messages of this device (blocked, or put out of the group); NULL: as far as is known, it does.
ALTER TABLE conversations ADD COLUMN unreachable_since INTEGER;
