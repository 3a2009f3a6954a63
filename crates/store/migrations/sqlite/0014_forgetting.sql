-- Somebody is forgotten without reading through everything that was ever told or written.
CREATE INDEX events_message ON events (message) WHERE message IS NOT NULL;
CREATE INDEX messages_sender ON messages (workspace, sender) WHERE sender IS NOT NULL;
