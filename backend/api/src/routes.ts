import { answerHealth } from '@app/runtime/health';
import { listActivities } from './activities.ts';
import { showProfileDays, showTotalDays } from './activity-days.ts';
import { listAlerts, showAlert } from './alerts.ts';
import type { Handler } from './answer.ts';
import { backTestProfile } from './back-test.ts';
import { putBudget, showBudget } from './budget.ts';
import { showOverview, showProfileCounts } from './counts.ts';
import { changeGroup, createGroup, listGroups, removeGroup, showGroup } from './groups.ts';
import { showHome } from './home.ts';
import { importProfiles } from './imports.ts';
import { cancelJob, listJobs, showJob } from './jobs.ts';
import { createProfiles } from './new-profiles.ts';
import { notFound } from './problem.ts';
import { checkProfile, listProfiles, removeProfile, showProfile } from './profiles.ts';
import { projectPolicy } from './projection.ts';
import { putCanaries, showSource } from './source.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type Route = readonly [method: Method, path: string, handler: Handler];

const health: Handler = async (api, request, response) => {
  // Express takes `/livez/` for the same path; answerHealth does not.
  if (await answerHealth(api.health, request, response)) return null;
  throw notFound('there is nothing at this address; it ends without a slash');
};

/** Everything the API answers. The first path that fits is taken, so a fixed word stands before `:id`. */
export const routes: readonly Route[] = [
  ['GET', '/', showHome],
  ['GET', '/livez', health],
  ['GET', '/readyz', health],
  ['GET', '/metrics', health],

  ['GET', '/api/v1/profiles', listProfiles],
  ['POST', '/api/v1/profiles', createProfiles],
  ['POST', '/api/v1/profiles/import', importProfiles],
  ['GET', '/api/v1/profiles/counts', showProfileCounts],
  ['GET', '/api/v1/profiles/:id', showProfile],
  ['DELETE', '/api/v1/profiles/:id', removeProfile],
  ['GET', '/api/v1/profiles/:id/activities', listActivities],
  ['GET', '/api/v1/profiles/:id/activity-days', showProfileDays],
  ['GET', '/api/v1/profiles/:id/back-test', backTestProfile],
  ['POST', '/api/v1/profiles/:id/check', checkProfile],

  ['GET', '/api/v1/overview', showOverview],

  ['GET', '/api/v1/groups', listGroups],
  ['POST', '/api/v1/groups', createGroup],
  ['GET', '/api/v1/groups/:id', showGroup],
  ['PATCH', '/api/v1/groups/:id', changeGroup],
  ['DELETE', '/api/v1/groups/:id', removeGroup],

  ['GET', '/api/v1/jobs', listJobs],
  ['GET', '/api/v1/jobs/:id', showJob],
  ['POST', '/api/v1/jobs/:id/cancel', cancelJob],

  ['GET', '/api/v1/activity-days', showTotalDays],

  ['POST', '/api/v1/projection', projectPolicy],

  ['GET', '/api/v1/alerts', listAlerts],
  ['GET', '/api/v1/alerts/:id', showAlert],

  ['GET', '/api/v1/budget', showBudget],
  ['PUT', '/api/v1/budget', putBudget],

  ['GET', '/api/v1/source', showSource],
  ['PUT', '/api/v1/source/canaries', putCanaries],
];
