-- The stream of events, for readers that pull. See src/stream.rs.
--
-- ordinal: the order in which events were written. An event that was written after another was committed stands after it,
-- which ids do not promise: they carry the clock of the node and of the moment before the transaction began.
ALTER TABLE events DROP CONSTRAINT events_pkey;
ALTER TABLE events ADD COLUMN ordinal BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
CREATE UNIQUE INDEX events_id ON events (id);
CREATE INDEX events_waiting ON events (workspace, ordinal) WHERE cursor IS NULL;

-- numbered: the last number given to an event of the workspace. pruned: the highest number that is not kept any more.
CREATE TABLE streams (
    workspace TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    numbered  BIGINT           NOT NULL,
    pruned    BIGINT           NOT NULL
);
