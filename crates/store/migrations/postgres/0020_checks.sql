-- Names and order follow migrations/sqlite/0020_checks.sql, which carries the comments; a test compares the two.

CREATE TABLE number_checks (
    device TEXT COLLATE "C" NOT NULL,
    minute BIGINT NOT NULL,
    asked  BIGINT NOT NULL,
    PRIMARY KEY (device, minute)
);
