-- headers: sealed; header_names: the same without the values, to be shown. former_secrets: sealed, those that still sign beside
-- the present one after a rotation.
ALTER TABLE endpoints ADD COLUMN headers BLOB;
ALTER TABLE endpoints ADD COLUMN header_names TEXT NOT NULL DEFAULT '[]';
ALTER TABLE endpoints ADD COLUMN former_secrets BLOB;
ALTER TABLE endpoints ADD COLUMN ordered INTEGER NOT NULL DEFAULT 0 CHECK (ordered IN (0, 1));
ALTER TABLE endpoints ADD COLUMN legacy_signature INTEGER NOT NULL DEFAULT 0 CHECK (legacy_signature IN (0, 1));
ALTER TABLE endpoints ADD COLUMN paused_at INTEGER;

-- failures: attempts that failed since the last one that succeeded; failing_since: when the first of them ended. not_before:
-- nothing is claimed before, because the circuit is open or an ordered endpoint waits to repeat its first delivery.
ALTER TABLE endpoints ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoints ADD COLUMN failing_since INTEGER;
ALTER TABLE endpoints ADD COLUMN not_before INTEGER;

-- What was asked of the receiver, for the log. headers: the names of the endpoint's own ones, as JSON; NULL: none.
ALTER TABLE delivery_attempts ADD COLUMN url TEXT;
ALTER TABLE delivery_attempts ADD COLUMN headers TEXT;
ALTER TABLE delivery_attempts ADD COLUMN next_at INTEGER;

-- The log, newest first. Written once a delivery; its states have an index of their own where they are few.
CREATE INDEX deliveries_log ON deliveries (endpoint, id);
CREATE INDEX deliveries_dead ON deliveries (endpoint, id) WHERE state = 'dead';

CREATE INDEX received_age ON received (received_at);
