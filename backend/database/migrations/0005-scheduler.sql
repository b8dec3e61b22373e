-- Why a profile is looked at next, and how much its freshness is worth beside others'.

CREATE TYPE check_reason AS ENUM ('deadline', 'fresh', 'recovery', 'manual', 'first_look', 'retry');

-- Written with every next_check_at. The rate estimate needs no further column: posts_per_day is now a recent average, and
-- the age of last_activity_at says the rest (policy/src/rate.ts).
ALTER TABLE schedule ADD COLUMN reason check_reason NOT NULL DEFAULT 'first_look';
UPDATE schedule SET reason = CASE lane WHEN 'checks.deadline' THEN 'deadline' WHEN 'checks.manual' THEN 'manual' ELSE 'fresh' END::check_reason
 WHERE checked_at IS NOT NULL;

-- A profile of weight 4 is looked at twice as often for freshness as one of weight 1; deadlines know no weight.
ALTER TABLE groups ADD COLUMN weight real NOT NULL DEFAULT 1 CHECK (weight BETWEEN 0.01 AND 100);
