import { type Projection, type ProjectionInput, projectionInput } from '@app/contract/projection';
import { type BudgetState, readBudget } from '@app/database/budget-state';
import { defaultGroupId, findGroupId, type GroupRow, readGroup } from '@app/database/groups';
import { sampleProfiles } from '@app/database/sample';
import type { Pace, WatchRule } from '@app/policy/next-check';
import { type Prices, project } from '@app/policy/project';
import type { Api, Handler } from './answer.ts';
import { parseBody, readJson } from './parse.ts';
import { notFound, wrongValues } from './problem.ts';

const oneDay = 86_400_000;
const millionths = 1_000_000;

/** "This policy costs about N calls and $X a month." */
export const projectPolicy: Handler = async (api, request, response) => {
  const asked = parseBody(projectionInput, await readJson(request, response));
  const group = await groupOf(api, asked.group);
  const [budget, sample] = await Promise.all([
    readBudget(api.pool),
    sampleProfiles(api.pool, asked.group === undefined ? null : group.group_id),
  ]);
  const month = project(ruleOf(asked, group), sample.sampled, paceOf(api, budget), pricesOf(asked, budget));
  const scale = sample.profiles / Math.max(1, sample.sampled.length);
  const body: Projection = {
    profiles: sample.profiles,
    sampled: sample.sampled.length,
    checks_per_month: Math.round(month.checks * scale),
    calls_per_month: Math.ceil(month.calls * scale),
    usd_per_month: Math.round(month.dollars * scale * 100) / 100,
  };
  return { status: 200, body };
};

async function groupOf(api: Api, name: string | undefined): Promise<GroupRow> {
  const id = name === undefined ? defaultGroupId : await findGroupId(api.pool, name);
  if (id === null)
    throw wrongValues('invalid-request', [{ pointer: '/group', detail: 'no group has this name' }]);
  const group = await readGroup(api.pool, id);
  if (group === null) throw notFound('this group was deleted a moment ago');
  return group;
}

function ruleOf(asked: ProjectionInput, group: GroupRow): WatchRule {
  return {
    threshold: (asked.threshold ?? group.threshold_s) * 1_000,
    grace: (asked.grace ?? group.grace_s) * 1_000,
    freshness: (asked.freshness ?? group.freshness_s) * 1_000,
    weight: asked.weight ?? group.weight,
  };
}

/** K as it is steered now; before it was steered for the first time, as the consumers begin. Retries are not projected. */
function paceOf({ confirmDelayMs: confirmDelay }: Api, { freshnessK }: BudgetState): Pace {
  return {
    confirmDelay,
    freshnessK: freshnessK ?? oneDay,
    freshnessFloor: 60_000,
    retryBase: 1,
    retryCap: 1,
  };
}

function pricesOf(asked: ProjectionInput, budget: BudgetState): Prices {
  const price = asked.price ?? budget.price / millionths;
  return { pricing: asked.pricing ?? budget.pricing, perUser: price, perRequest: price, fill: 1 };
}
