-- When people were told of a finding, and when that was tried last.
ALTER TABLE finding ADD COLUMN told_at timestamptz, ADD COLUMN tried_at timestamptz;
