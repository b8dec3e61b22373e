-- Work that is too long for a request. A job is done in steps, each of them a transaction that also keeps how far it came: whoever
-- takes it over after a kill goes on from there, and nothing is done twice.

CREATE TYPE job_state AS ENUM ('queued', 'running', 'done', 'failed', 'cancelled');

CREATE TABLE jobs (
  job_id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind        text NOT NULL CHECK (kind IN ('replan')),
  -- The group it is about, for kinds that are about one.
  group_id    integer REFERENCES groups ON DELETE CASCADE,
  params      jsonb NOT NULL DEFAULT '{}',
  state       job_state NOT NULL DEFAULT 'queued',
  -- Where the next step begins, in the words of its kind; null before the first.
  cursor      jsonb,
  -- Whether nothing goes wrong when it stops where it is.
  cancellable boolean NOT NULL DEFAULT true,
  -- Rows gone through, and to go through in all (null: nobody has counted yet); of these, rows that were changed.
  done        bigint NOT NULL DEFAULT 0,
  total       bigint,
  changed     bigint NOT NULL DEFAULT 0,
  created_at  timestamptz NOT NULL DEFAULT now(),
  started_at  timestamptz,
  finished_at timestamptz,
  -- Who runs it, and until when nobody else may. Every step renews the lease. A queued job may wait for a time, too.
  runner      uuid,
  lease_until timestamptz NOT NULL DEFAULT now(),
  -- Steps in a row that failed, and how the last of them did.
  failures    smallint NOT NULL DEFAULT 0,
  error       text,
  -- The job that made this one needless.
  replaced_by integer,
  CHECK ((state IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
  CHECK (state <> 'running' OR runner IS NOT NULL),
  CHECK (state <> 'failed' OR error IS NOT NULL),
  CHECK (kind <> 'replan' OR group_id IS NOT NULL)
-- A row is rewritten with every step and is indexed by nothing that a step changes.
) WITH (fillfactor = 50);

-- The newest change of a group's policy is the only one that counts.
CREATE UNIQUE INDEX jobs_one_replan ON jobs (group_id) WHERE kind = 'replan' AND state IN ('queued', 'running');
-- What is there to do.
CREATE INDEX jobs_active ON jobs (job_id) WHERE state IN ('queued', 'running');
-- What became of a group's jobs, the newest first.
CREATE INDEX jobs_group ON jobs (group_id, job_id);
-- What is old enough to be forgotten.
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
