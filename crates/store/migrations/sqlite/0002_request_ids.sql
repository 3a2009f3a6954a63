-- The request that asked for the job: what the log of its attempts is found by. NULL where no request did.
ALTER TABLE jobs ADD COLUMN request_id TEXT;
