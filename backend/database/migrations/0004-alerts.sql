-- An alert is one episode of one kind for one profile.

CREATE TYPE alert_kind AS ENUM ('inactivity', 'suspended', 'protected', 'not_found', 'renamed');
CREATE TYPE alert_status AS ENUM ('open', 'acknowledged', 'snoozed', 'resolved');

CREATE TABLE alerts (
  alert_id       bigint GENERATED ALWAYS AS IDENTITY,
  profile_id     bigint NOT NULL REFERENCES profiles ON DELETE CASCADE ON UPDATE CASCADE,
  kind           alert_kind NOT NULL,
  status         alert_status NOT NULL DEFAULT 'open',
  -- True already when the profile was first seen: told in one import report, not one by one.
  baseline       boolean NOT NULL DEFAULT false,
  -- The instant at which it became true (for inactivity: the deadline), and the instant at which this row was written.
  became_true_at timestamptz NOT NULL,
  opened_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Evidence: the last activity seen, and the two looks that agree.
  silent_since   timestamptz,
  suspected_at   timestamptz NOT NULL,
  confirmed_at   timestamptz NOT NULL,
  -- The policy that was in force.
  threshold_s    integer NOT NULL,
  grace_s        integer NOT NULL,
  former_handle  text,
  new_handle     text,
  resolved_at    timestamptz,
  PRIMARY KEY (alert_id, profile_id),
  CHECK ((status = 'resolved') = (resolved_at IS NOT NULL)),
  -- No inactivity without evidence: both looks, the second at or past the deadline of a known last activity.
  CHECK (kind <> 'inactivity' OR (silent_since IS NOT NULL
    AND confirmed_at > suspected_at
    AND confirmed_at >= silent_since + make_interval(secs => threshold_s + grace_s)))
);

-- At most one unresolved alert per profile and kind, whatever repeats.
CREATE UNIQUE INDEX alerts_unresolved ON alerts (profile_id, kind) WHERE status <> 'resolved';
-- The list of alerts, newest first.
CREATE INDEX alerts_newest ON alerts (opened_at, alert_id);
-- The alerts of one profile.
CREATE INDEX alerts_profile ON alerts (profile_id, alert_id);

-- What happened to an alert, in order. Append-only.
CREATE TABLE alert_events (
  alert_id   bigint NOT NULL,
  profile_id bigint NOT NULL,
  at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  event      text NOT NULL CHECK (event IN ('opened', 'resolved')),
  -- For `resolved`: the activity that ended it.
  activity_at timestamptz,
  PRIMARY KEY (profile_id, alert_id, at, event),
  FOREIGN KEY (alert_id, profile_id) REFERENCES alerts (alert_id, profile_id) ON DELETE CASCADE ON UPDATE CASCADE
);
