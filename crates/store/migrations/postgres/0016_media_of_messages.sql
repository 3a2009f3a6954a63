-- Names and order follow migrations/sqlite/0016_media_of_messages.sql, which carries the comments; a test compares the two.

ALTER TABLE messages ADD COLUMN media TEXT COLLATE "C";
UPDATE messages SET media = substring(content FROM '"stored":"(med_[0-9a-f]{32})"')
    WHERE content LIKE '%"stored":"med!_%' ESCAPE '!';
CREATE INDEX messages_media ON messages (media) WHERE media IS NOT NULL;

CREATE INDEX media_uploads ON media (created_at, id) WHERE device = '';
