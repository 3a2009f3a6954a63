-- Names and order follow migrations/postgres/0008_people.sql; a test compares the two.

-- password_hash '': invited, and not come yet. totp, totp_pending: sealed; the second until its first code was given.
-- totp_step: the last 30 seconds whose code was taken; no code is taken twice. recovery: hashes of the codes that are left, as JSON.
ALTER TABLE users ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT 'id';
ALTER TABLE users ADD COLUMN disabled_at INTEGER;
ALTER TABLE users ADD COLUMN signed_in_at INTEGER;
ALTER TABLE users ADD COLUMN invitation BLOB;
ALTER TABLE users ADD COLUMN invitation_ends INTEGER;
ALTER TABLE users ADD COLUMN totp BLOB;
ALTER TABLE users ADD COLUMN totp_pending BLOB;
ALTER TABLE users ADD COLUMN totp_step INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN recovery TEXT NOT NULL DEFAULT '[]';
CREATE INDEX users_workspace ON users (workspace, id);
CREATE UNIQUE INDEX users_invitation ON users (invitation) WHERE invitation IS NOT NULL;

-- hash: SHA-256 of what the browser's cookie holds.
CREATE TABLE sessions (
    hash       BLOB    NOT NULL PRIMARY KEY,
    person     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_person ON sessions (person);

-- Who did what. The actor's name stands here as it was then: who is gone is still named.
CREATE TABLE audit_log (
    id         TEXT    NOT NULL PRIMARY KEY,
    workspace  TEXT    NOT NULL,
    actor_kind TEXT    NOT NULL,
    actor      TEXT,
    actor_name TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    target     TEXT,
    address    TEXT,
    detail     TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_log_workspace ON audit_log (workspace, id);

ALTER TABLE blocked_ips ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE blocked_ips ADD COLUMN note TEXT;
