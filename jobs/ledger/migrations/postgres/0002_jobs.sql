-- Definitions of jobs, as the canonical text that is read back strictly. dir is
-- the folder that their paths count from: relative to the ledger's own, or whole.
-- file is the base name of the file that the job was taken from. A job that takes
-- its templates from elsewhere has no version.

-- +goose Up

CREATE TABLE jobs (
    name             TEXT    NOT NULL PRIMARY KEY,
    definition       TEXT    NOT NULL,
    dir              TEXT    NOT NULL,
    file             TEXT    NOT NULL,
    template_version BYTEA   REFERENCES templates (version),
    added            BIGINT  NOT NULL
);
