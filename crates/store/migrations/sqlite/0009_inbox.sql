-- Names and order follow migrations/postgres/0009_inbox.sql; a test compares the two.

-- unread: messages that came in since somebody looked. resolved_at: a person said that it is done; the next message opens it again.
-- inbound_at: when the other side last wrote, from which a network's window of answering is counted.
ALTER TABLE conversations ADD COLUMN unread INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN resolved_at INTEGER;
ALTER TABLE conversations ADD COLUMN assigned_to TEXT;
ALTER TABLE conversations ADD COLUMN inbound_at INTEGER;

-- The inbox, newest activity first; what is few by itself has an index of its own.
CREATE INDEX conversations_recent ON conversations (workspace, last_message_at, id);
CREATE INDEX conversations_unread ON conversations (workspace, last_message_at, id) WHERE unread > 0;
CREATE INDEX conversations_assigned ON conversations (workspace, assigned_to, last_message_at, id) WHERE assigned_to IS NOT NULL;
CREATE INDEX conversations_resolved ON conversations (workspace, last_message_at, id) WHERE resolved_at IS NOT NULL;

-- What colleagues note beside a conversation; the other side never sees it.
CREATE TABLE notes (
    id           TEXT    NOT NULL PRIMARY KEY,
    conversation TEXT    NOT NULL,
    author       TEXT    NOT NULL,
    text         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_conversation ON notes (conversation, id);

ALTER TABLE contacts ADD COLUMN labels TEXT NOT NULL DEFAULT '[]';
ALTER TABLE contacts ADD COLUMN note TEXT;
-- own_name: what we call the person; goes before the name they gave themselves.
ALTER TABLE contacts ADD COLUMN own_name TEXT;
CREATE INDEX contacts_workspace ON contacts (workspace, id);
