CREATE TABLE tiers (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL);

INSERT INTO tiers VALUES (1, 'Basic'), (2, 'Gold');

CREATE TABLE members (
    number     VARCHAR(10) PRIMARY KEY,
    club       VARCHAR(20) NOT NULL,
    first_name VARCHAR(50) NOT NULL,
    last_name  VARCHAR(50) NOT NULL,
    tier_id    INTEGER     NOT NULL REFERENCES tiers (id),
    points     INTEGER     NOT NULL,
    updated    TIMESTAMP   NOT NULL
);

INSERT INTO members VALUES
    ('N0001', 'north', 'Ingrid', 'Sørensen', 2, 1250, '2026-01-07 09:30:00'),
    ('N0002', 'north', 'Mateo',  'García',   1,   40, '2026-02-11 17:05:00'),
    ('S0001', 'south', 'Zoë',    'Baker',    1,  310, '2026-03-02 12:00:00');
