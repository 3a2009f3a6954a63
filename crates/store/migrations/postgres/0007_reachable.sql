-- Names and order follow migrations/sqlite/0007_reachable.sql, which carries the comments; a test compares the two.

ALTER TABLE conversations ADD COLUMN unreachable_since BIGINT;
