-- +goose Up

-- The images of rows, as passes hold them: what pressing needs, now and in later
-- years, when the files that they were made of are gone. A row refers to one by
-- its id, within its data. Those that no row refers to any longer may be deleted:
-- an import that asks for one again makes it again.
CREATE TABLE images (
    id      BLOB    NOT NULL PRIMARY KEY CHECK (LENGTH(id) = 16),
    x1      BLOB,
    x2      BLOB,
    x3      BLOB,
    created INTEGER NOT NULL
);
