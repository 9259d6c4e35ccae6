-- +goose Up

-- The images of rows, as passes hold them: what pressing needs, now and in later
-- years, when the files that they were made of are gone. A row refers to one by
-- its id, within its data. Those that no row refers to any longer may be deleted:
-- an import that asks for one again makes it again.
CREATE TABLE images (
    id      BYTEA  NOT NULL PRIMARY KEY CHECK (LENGTH(id) = 16),
    x1      BYTEA,
    x2      BYTEA,
    x3      BYTEA,
    created BIGINT NOT NULL
);
