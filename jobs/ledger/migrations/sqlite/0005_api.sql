-- Keys of the REST API, and the answers that are given again. The same tables
-- stand in ../postgres; the manner is that of 0001.

-- +goose Up

-- hash is the SHA-256 sum of the secret, which is nowhere. scopes are separated by
-- blanks. tenant is '' for the account's own. used is when the key was last seen,
-- to the hour, and 0 if it never was.
CREATE TABLE api_keys (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE CHECK (name <> ''),
    hash       BLOB    NOT NULL CHECK (LENGTH(hash) = 32),
    scopes     TEXT    NOT NULL,
    tenant     TEXT    NOT NULL,
    created    INTEGER NOT NULL,
    created_by TEXT    NOT NULL,
    used       INTEGER NOT NULL
);

-- What was answered to a request that named itself by an Idempotency-Key. request
-- is a keyed hash of its body; status is 0 until it was answered.
CREATE TABLE api_answers (
    key_id  TEXT    NOT NULL REFERENCES api_keys (id),
    name    TEXT    NOT NULL,
    request BLOB    NOT NULL,
    status  INTEGER NOT NULL CHECK (status >= 0),
    body    BLOB    NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (key_id, name)
) WITHOUT ROWID;

CREATE INDEX api_answers_expires ON api_answers (expires);
