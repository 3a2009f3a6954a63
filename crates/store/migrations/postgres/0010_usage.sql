-- Names and order follow migrations/sqlite/0010_usage.sql, which carries the comments; a test compares the two.

CREATE TABLE usage_hours (
    workspace TEXT COLLATE "C" NOT NULL,
    hour      BIGINT           NOT NULL,
    went_out  BIGINT           NOT NULL,
    came_in   BIGINT           NOT NULL,
    failed    BIGINT           NOT NULL,
    PRIMARY KEY (workspace, hour)
);
