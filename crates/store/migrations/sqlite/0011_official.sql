-- Names and order follow migrations/postgres/0011_official.sql; a test compares the two.

-- Templates as a device's network keeps and reviews them (Meta's official WhatsApp).
CREATE TABLE official_templates (
    device     TEXT NOT NULL,
    name       TEXT NOT NULL,
    language   TEXT NOT NULL,
    -- The network's id of it; empty for one that the network does not have.
    remote_id  TEXT NOT NULL,
    -- The network's own word; NOT_FOUND for one that it does not have.
    status     TEXT NOT NULL,
    reason     TEXT,
    category   TEXT NOT NULL,
    -- The network's own JSON: header, text, footer, buttons.
    components TEXT NOT NULL,
    -- When the network was asked, or told us.
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (device, name, language)
);

-- What is claimed of a message so that its network takes it outside its usual rules (human_agent); NULL: nothing.
ALTER TABLE messages ADD COLUMN tag TEXT;

-- By which other address a network may speak of somebody (Meta's business-scoped user id of a number): they are one conversation.
CREATE TABLE aliases (
    device  TEXT NOT NULL,
    alias   TEXT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (device, alias)
);
