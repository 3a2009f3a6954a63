-- replies: a receiver may answer a message with a reply. reply: what became of the one in an answer, as JSON; NULL: there was none.
ALTER TABLE endpoints ADD COLUMN replies INTEGER NOT NULL DEFAULT 0 CHECK (replies IN (0, 1));
ALTER TABLE delivery_attempts ADD COLUMN reply TEXT;
