CREATE TABLE members (
    number     VARCHAR(10) PRIMARY KEY,
    first_name VARCHAR(50) NOT NULL,
    last_name  VARCHAR(50) NOT NULL,
    tier       VARCHAR(20) NOT NULL,
    points     INTEGER     NOT NULL
);

INSERT INTO members VALUES
    ('N0001', 'Ingrid', 'Sørensen', 'Gold',  1180),
    ('N0002', 'Mateo',  'García',   'Basic',   40),
    ('N0003', 'Zoë',    'Baker',    'Basic',  310);
