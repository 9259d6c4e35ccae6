-- What became of passes, counted, and what was erased of people. The same tables
-- stand in ../sqlite; the manner is that of 0001.

-- +goose Up

-- How often a step was taken on a day (UTC). Nothing here says whose pass it was.
CREATE TABLE funnel (
    day   TEXT    NOT NULL,
    job   TEXT    NOT NULL,
    step  TEXT    NOT NULL CHECK (step IN ('made', 'mailed', 'opened', 'downloaded', 'installed', 'updated', 'removed')),
    count BIGINT  NOT NULL CHECK (count > 0),
    PRIMARY KEY (day, job, step)
);

-- When a phone first registered for the pass; 0 if none did. It is set once.
ALTER TABLE passes ADD COLUMN installed BIGINT  NOT NULL DEFAULT 0;

-- Who was erased, as keyed hashes: of a pass's type and serial number, and of mail
-- addresses. They are what keeps an old backup or a nightly run from bringing a
-- person back.
CREATE TABLE erased (
    hash    BYTEA   NOT NULL PRIMARY KEY CHECK (LENGTH(hash) = 32),
    kind    TEXT    NOT NULL CHECK (kind IN ('pass', 'address')),
    receipt TEXT    NOT NULL,
    at      BIGINT  NOT NULL
);

-- What each erasure took away, without a word of whom.
CREATE TABLE receipts (
    id     TEXT    NOT NULL PRIMARY KEY,
    at     BIGINT  NOT NULL,
    actor  TEXT    NOT NULL,
    counts TEXT    NOT NULL
);
