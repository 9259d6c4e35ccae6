-- Two boarding passes. The pass type is that of the certificate: write yours.

INSERT INTO pass_foundation (pass_type_identifier, active_from, stationery_folder_path, output_name) VALUES
    ('pass.com.example.pretend', '2012-07-22 00:00:00', 'stationery/boarding', 'boarding'),
    ('pass.com.example.pretend', '2199-01-01 00:00:00', 'stationery/spaceship', 'boarding');

INSERT INTO pass_job (pass_type_identifier, serial_number) VALUES
    ('pass.com.example.pretend', 'SK204-11A'),
    ('pass.com.example.pretend', 'SK204-11B');

-- A token in the template without a row here is left out: the second passenger
-- has no text below the barcode.
INSERT INTO pass_job_field (pass_type_identifier, serial_number, name, value) VALUES
    ('pass.com.example.pretend', 'SK204-11A', 'RelevantDate', '2026-12-24T14:25+01:00'),
    ('pass.com.example.pretend', 'SK204-11A', 'Message', 'M1DUBOIS/CHLOE 7XQ2PL BERATHSK 0204 358Y011A0025'),
    ('pass.com.example.pretend', 'SK204-11A', 'AltText', '0025'),
    ('pass.com.example.pretend', 'SK204-11B', 'RelevantDate', '2026-12-24T14:25+01:00'),
    ('pass.com.example.pretend', 'SK204-11B', 'Message', 'M1MUELLER/JAN 7XQ2PL BERATHSK 0204 358Y011B0026');

INSERT INTO pass_job_dictionary (pass_type_identifier, serial_number, section, position, key, label, value, change_message, attributes) VALUES
    ('pass.com.example.pretend', 'SK204-11A', 'headerFields',    1, 'gate',      'GATE',      'A4',           'Your gate is now %@.', NULL),
    ('pass.com.example.pretend', 'SK204-11A', 'primaryFields',   1, 'from',      'BERLIN',    'BER',          NULL, NULL),
    ('pass.com.example.pretend', 'SK204-11A', 'primaryFields',   2, 'to',        'ATHENS',    'ATH',          NULL, NULL),
    ('pass.com.example.pretend', 'SK204-11A', 'secondaryFields', 1, 'passenger', 'PASSENGER', 'Chloé Dubois', NULL, NULL),
    ('pass.com.example.pretend', 'SK204-11A', 'auxiliaryFields', 1, 'seat',      'SEAT',      '11A',          'You sit at %@.', NULL),
    ('pass.com.example.pretend', 'SK204-11A', 'auxiliaryFields', 2, 'paid',      'PAID',      '129.50',       NULL, '{"currencyCode": "EUR"}'),
    ('pass.com.example.pretend', 'SK204-11A', 'backFields',      1, 'terms',     'Terms',     'Boarding ends 15 minutes before departure.', NULL, NULL),
    ('pass.com.example.pretend', 'SK204-11B', 'headerFields',    1, 'gate',      'GATE',      'A4',           'Your gate is now %@.', NULL),
    ('pass.com.example.pretend', 'SK204-11B', 'primaryFields',   1, 'from',      'BERLIN',    'BER',          NULL, NULL),
    ('pass.com.example.pretend', 'SK204-11B', 'primaryFields',   2, 'to',        'ATHENS',    'ATH',          NULL, NULL),
    ('pass.com.example.pretend', 'SK204-11B', 'secondaryFields', 1, 'passenger', 'PASSENGER', 'Jan Müller',   NULL, NULL),
    ('pass.com.example.pretend', 'SK204-11B', 'auxiliaryFields', 1, 'seat',      'SEAT',      '11B',          'You sit at %@.', NULL);
