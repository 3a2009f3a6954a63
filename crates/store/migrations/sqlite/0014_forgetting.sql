-- Somebody is forgotten without reading through everything that was ever written.
CREATE INDEX messages_sender ON messages (workspace, sender) WHERE sender IS NOT NULL;
