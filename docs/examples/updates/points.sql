UPDATE members SET points = 1250 WHERE number = 'N0001';
