-- Names and order follow migrations/sqlite/0003_webhooks.sql, which carries the comments; a test compares the two.
ALTER TABLE endpoints ADD COLUMN headers BYTEA;
ALTER TABLE endpoints ADD COLUMN header_names TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE endpoints ADD COLUMN former_secrets BYTEA;
ALTER TABLE endpoints ADD COLUMN ordered BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE endpoints ADD COLUMN legacy_signature BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE endpoints ADD COLUMN paused_at BIGINT;

ALTER TABLE endpoints ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE endpoints ADD COLUMN failing_since BIGINT;
ALTER TABLE endpoints ADD COLUMN not_before BIGINT;

ALTER TABLE delivery_attempts ADD COLUMN url TEXT COLLATE "C";
ALTER TABLE delivery_attempts ADD COLUMN headers TEXT COLLATE "C";
ALTER TABLE delivery_attempts ADD COLUMN next_at BIGINT;

CREATE INDEX deliveries_log ON deliveries (endpoint, id);
CREATE INDEX deliveries_dead ON deliveries (endpoint, id) WHERE state = 'dead';

CREATE INDEX received_age ON received (received_at);
