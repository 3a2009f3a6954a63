-- Names and order follow migrations/postgres/0018_credentials.sql; a test compares the two.

-- When a device's token ends, where its network says so; NULL: not known, or never.
ALTER TABLE devices ADD COLUMN credentials_until INTEGER;
