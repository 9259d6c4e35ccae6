UPDATE members SET points = 60, updated = CURRENT_TIMESTAMP WHERE number = 'N0002';
