-- The gate of one passenger changes. Who changes a dictionary or a field sets the
-- row's updated too: that is what makes the pass anew.

UPDATE pass_job_dictionary SET value = 'B7'
WHERE serial_number = 'SK204-11A' AND section = 'headerFields' AND key = 'gate';

UPDATE pass_job SET updated = CURRENT_TIMESTAMP
WHERE serial_number = 'SK204-11A';
