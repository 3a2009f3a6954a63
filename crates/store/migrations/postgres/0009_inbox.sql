-- Names and order follow migrations/sqlite/0009_inbox.sql, which carries the comments; a test compares the two.

ALTER TABLE conversations ADD COLUMN unread BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN resolved_at BIGINT;
ALTER TABLE conversations ADD COLUMN assigned_to TEXT COLLATE "C";
ALTER TABLE conversations ADD COLUMN inbound_at BIGINT;

CREATE INDEX conversations_recent ON conversations (workspace, last_message_at, id);
CREATE INDEX conversations_unread ON conversations (workspace, last_message_at, id) WHERE unread > 0;
CREATE INDEX conversations_assigned ON conversations (workspace, assigned_to, last_message_at, id) WHERE assigned_to IS NOT NULL;
CREATE INDEX conversations_resolved ON conversations (workspace, last_message_at, id) WHERE resolved_at IS NOT NULL;

CREATE TABLE notes (
    id           TEXT COLLATE "C"    NOT NULL PRIMARY KEY,
    conversation TEXT COLLATE "C"    NOT NULL,
    author       TEXT COLLATE "C"    NOT NULL,
    text         TEXT COLLATE "C"    NOT NULL,
    created_at   BIGINT NOT NULL
);
CREATE INDEX notes_conversation ON notes (conversation, id);

ALTER TABLE contacts ADD COLUMN labels TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE contacts ADD COLUMN note TEXT COLLATE "C";
ALTER TABLE contacts ADD COLUMN own_name TEXT COLLATE "C";
CREATE INDEX contacts_workspace ON contacts (workspace, id);
