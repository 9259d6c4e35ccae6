-- Keys of the REST API, and the answers that are given again. The same tables
-- stand in ../sqlite; the manner is that of 0001.

-- +goose Up

-- hash is the SHA-256 sum of the secret, which is nowhere. scopes are separated by
-- blanks. tenant is '' for the account's own. used is when the key was last seen,
-- to the hour, and 0 if it never was.
CREATE TABLE api_keys (
    id         TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL UNIQUE CHECK (name <> ''),
    hash       BYTEA  NOT NULL CHECK (LENGTH(hash) = 32),
    scopes     TEXT   NOT NULL,
    tenant     TEXT   NOT NULL,
    created    BIGINT NOT NULL,
    created_by TEXT   NOT NULL,
    used       BIGINT NOT NULL
);

-- What was answered to a request that named itself by an Idempotency-Key. request
-- is a keyed hash of its body; status is 0 until it was answered.
CREATE TABLE api_answers (
    key_id  TEXT   NOT NULL REFERENCES api_keys (id),
    name    TEXT   NOT NULL,
    request BYTEA  NOT NULL,
    status  BIGINT NOT NULL CHECK (status >= 0),
    body    BYTEA  NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (key_id, name)
);

CREATE INDEX api_answers_expires ON api_answers (expires);
