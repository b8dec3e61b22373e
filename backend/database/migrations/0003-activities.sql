-- Observed public acts: ids and times only, never a text. Range partitions, so that retention drops whole tables.

CREATE TYPE activity_kind AS ENUM ('post', 'like', 'follow', 'profile_change');

CREATE TABLE activities (
  profile_id  bigint NOT NULL,
  -- Exact for a post with an id; otherwise the end of the window in which it happened.
  occurred_at timestamptz NOT NULL,
  kind        activity_kind NOT NULL,
  -- The start of the window, for acts that are seen only as a change between two checks.
  window_from timestamptz,
  post_id     bigint,
  PRIMARY KEY (profile_id, occurred_at, kind)
) PARTITION BY RANGE (occurred_at);

-- Makes the monthly partitions from this month to `months` ahead. Idempotent; the producer calls it daily.
CREATE FUNCTION make_activity_partitions(months integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  first_month date := date_trunc('month', now() AT TIME ZONE 'UTC');
  month date;
  made integer := 0;
BEGIN
  FOR i IN 0..months LOOP
    month := first_month + make_interval(months => i);
    IF to_regclass('activities_' || to_char(month, 'YYYYMM')) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF activities FOR VALUES FROM (%L) TO (%L)',
        'activities_' || to_char(month, 'YYYYMM'),
        month::timestamp AT TIME ZONE 'UTC',
        (month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END $$;

-- Everything before the first month: last posts of long silent accounts.
DO $$
BEGIN
  EXECUTE format('CREATE TABLE activities_earlier PARTITION OF activities FOR VALUES FROM (MINVALUE) TO (%L)',
    date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC');
  PERFORM make_activity_partitions(3);
END $$;
