-- The same tables stand in ../postgres; the manner is that of 0001.

-- +goose Up

-- Who registers for a pass that has changed since it was first made may hold an older
-- version, and may have been told of newer numbers: such a registration takes a change
-- number of its own, from which on the device is told of the pass.
ALTER TABLE registrations ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
