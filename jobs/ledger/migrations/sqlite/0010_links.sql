-- Links to passes. The same tables stand in ../postgres; the manner is that of 0001.

-- +goose Up

-- What a link in use needs, for each pass that has one. A link itself is nowhere here,
-- and can't be made from what is: that takes the master key of key_version. nonce
-- tells the links apart that a pass has had: only the newest opens. uses is to how
-- many devices it gives its pass, 0 for any number, and used to how many it did;
-- device and counted_at tell the last of them, so that a download that breaks off and
-- goes on is one. issued, of a pass that came from a sealed link, is when that was
-- given out: a newer one brings a newer row. Times that are not are 0.
CREATE TABLE links (
    pass_id     INTEGER NOT NULL PRIMARY KEY REFERENCES passes (id),
    key_version INTEGER NOT NULL CHECK (key_version > 0),
    nonce       BLOB NOT NULL CHECK (LENGTH(nonce) = 8),
    issued      BIGINT NOT NULL,
    expires     BIGINT NOT NULL DEFAULT 0,
    uses        INTEGER NOT NULL DEFAULT 0 CHECK (uses >= 0),
    used        INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0),
    device      BLOB,
    counted_at  BIGINT NOT NULL DEFAULT 0,
    revoked     BIGINT NOT NULL DEFAULT 0
);

-- What the sealed links of one job, template version and list of fields have in common,
-- so that none has to carry it. id is a hash over all of it.
CREATE TABLE link_series (
    id               BLOB NOT NULL PRIMARY KEY CHECK (LENGTH(id) = 8),
    job              TEXT  NOT NULL,
    type_id          TEXT  NOT NULL,
    template_version BLOB NOT NULL REFERENCES templates (version),
    layout           TEXT  NOT NULL,
    created          BIGINT NOT NULL
) WITHOUT ROWID;

-- Which sealed links are revoked. id is a keyed hash, of a pass or of a whole job: it
-- can't be told of whom. Links of a lower generation open no more. If revoked is not
-- 0, nobody is given one until they are renewed.
CREATE TABLE link_marks (
    id         BLOB NOT NULL PRIMARY KEY CHECK (LENGTH(id) = 32),
    generation BIGINT NOT NULL CHECK (generation > 0),
    revoked    BIGINT NOT NULL DEFAULT 0
) WITHOUT ROWID;
