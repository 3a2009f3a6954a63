-- Names and order follow migrations/postgres/0016_media_of_messages.sql; a test compares the two.

-- The medium that is kept here of a message's content, so that it is known who needs it: it goes with the last that does.
ALTER TABLE messages ADD COLUMN media TEXT;
UPDATE messages SET media = substr(content, instr(content, '"stored":"med_') + 10, 36)
    WHERE content LIKE '%"stored":"med!_%' ESCAPE '!';
CREATE INDEX messages_media ON messages (media) WHERE media IS NOT NULL;

-- What a person gave us, which is of no device.
CREATE INDEX media_uploads ON media (created_at, id) WHERE device = '';
