-- Names and order follow migrations/postgres/0010_usage.sql; a test compares the two.

-- What was sent and came in, by the hour: added up from the messages once the hour is over, so that nobody who sends waits for it.
-- hour: its beginning, microseconds. failed: of those that went out, as far as was known then.
CREATE TABLE usage_hours (
    workspace TEXT    NOT NULL,
    hour      INTEGER NOT NULL,
    went_out  INTEGER NOT NULL,
    came_in   INTEGER NOT NULL,
    failed    INTEGER NOT NULL,
    PRIMARY KEY (workspace, hour)
) STRICT, WITHOUT ROWID;
