-- Names and order follow migrations/sqlite/0008_people.sql, which carries the comments; a test compares the two.

ALTER TABLE users ADD COLUMN name TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN language TEXT COLLATE "C" NOT NULL DEFAULT 'id';
ALTER TABLE users ADD COLUMN disabled_at BIGINT;
ALTER TABLE users ADD COLUMN signed_in_at BIGINT;
ALTER TABLE users ADD COLUMN invitation BYTEA;
ALTER TABLE users ADD COLUMN invitation_ends BIGINT;
ALTER TABLE users ADD COLUMN totp BYTEA;
ALTER TABLE users ADD COLUMN totp_pending BYTEA;
ALTER TABLE users ADD COLUMN totp_step BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN recovery TEXT COLLATE "C" NOT NULL DEFAULT '[]';
CREATE INDEX users_workspace ON users (workspace, id);
CREATE UNIQUE INDEX users_invitation ON users (invitation) WHERE invitation IS NOT NULL;

CREATE TABLE sessions (
    hash       BYTEA    NOT NULL PRIMARY KEY,
    person     TEXT COLLATE "C"    NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);
CREATE INDEX sessions_person ON sessions (person);

CREATE TABLE audit_log (
    id         TEXT COLLATE "C"    NOT NULL PRIMARY KEY,
    workspace  TEXT COLLATE "C"    NOT NULL,
    actor_kind TEXT COLLATE "C"    NOT NULL,
    actor      TEXT COLLATE "C",
    actor_name TEXT COLLATE "C"    NOT NULL,
    action     TEXT COLLATE "C"    NOT NULL,
    target     TEXT COLLATE "C",
    address    TEXT COLLATE "C",
    detail     TEXT COLLATE "C",
    created_at BIGINT NOT NULL
);
CREATE INDEX audit_log_workspace ON audit_log (workspace, id);

ALTER TABLE blocked_ips ADD COLUMN id TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE blocked_ips ADD COLUMN note TEXT COLLATE "C";
