-- Names and order follow migrations/postgres/0020_checks.sql; a test compares the two.

-- How often a device asked its network whether numbers have an account: in which minute, counted from 1970, how many times. A day of it is
-- kept; it goes with the device.
CREATE TABLE number_checks (
    device TEXT    NOT NULL,
    minute INTEGER NOT NULL,
    asked  INTEGER NOT NULL,
    PRIMARY KEY (device, minute)
) STRICT, WITHOUT ROWID;
