-- What becomes of pushes. The same columns stand in ../sqlite; the manner is that of
-- 0001.

-- +goose Up

-- setbacks counts tries in a row that came to nothing, by which the next one is put
-- off; answered is when Apple said last what it said, 0 for never.
ALTER TABLE subscriptions ADD COLUMN setbacks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN answered BIGINT NOT NULL DEFAULT 0;
