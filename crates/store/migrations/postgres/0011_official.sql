-- Names and order follow migrations/sqlite/0011_official.sql, which carries the comments; a test compares the two.

CREATE TABLE official_templates (
    device     TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    language   TEXT COLLATE "C" NOT NULL,
    remote_id  TEXT COLLATE "C" NOT NULL,
    status     TEXT COLLATE "C" NOT NULL,
    reason     TEXT COLLATE "C",
    category   TEXT COLLATE "C" NOT NULL,
    components TEXT COLLATE "C" NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (device, name, language)
);

ALTER TABLE messages ADD COLUMN tag TEXT COLLATE "C";

CREATE TABLE aliases (
    device  TEXT COLLATE "C" NOT NULL,
    alias   TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (device, alias)
);
