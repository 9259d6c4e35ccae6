-- Passes that change by another word than their row's, and that go back. The same
-- tables stand in ../postgres; the manner is that of 0001.

-- +goose Up

-- changed_by is the run that gave a pass the content that it has, 0 if nobody knows;
-- former_row and former_template are what it was made of before, 0 and NULL if it was
-- not there. standing_run is the run whose source had no row of it any more, while
-- that is why it is void or expired.
ALTER TABLE passes ADD COLUMN changed_by INTEGER NOT NULL DEFAULT 0;
ALTER TABLE passes ADD COLUMN former_row INTEGER NOT NULL DEFAULT 0;
ALTER TABLE passes ADD COLUMN former_template BLOB;
ALTER TABLE passes ADD COLUMN standing_run INTEGER NOT NULL DEFAULT 0;

CREATE INDEX passes_standing ON passes (serial, type_id) WHERE standing <> 'valid';

CREATE INDEX passes_standing_run ON passes (standing_run, id) WHERE standing_run > 0;

-- rolls_back is the run that this one takes back; held counts, of the unchanged, the
-- passes that would have changed and were left as they are.
ALTER TABLE runs ADD COLUMN rolls_back INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batches ADD COLUMN held INTEGER NOT NULL DEFAULT 0;

-- The version of the template that a row was pressed with; NULL for that of its run.
ALTER TABLE rows ADD COLUMN template_version BLOB;

-- Files that are older than their passes, and that no row of a run will press again:
-- written down with the change, and done with when they are.
CREATE TABLE stale (
    sink    TEXT    NOT NULL,
    pass_id INTEGER NOT NULL REFERENCES passes (id),
    PRIMARY KEY (sink, pass_id)
) WITHOUT ROWID;
