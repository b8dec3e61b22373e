import { type BackTestResult, backTestQuery } from '@app/contract/back-test';
import { readActivityTimes } from '@app/database/activities';
import { readProfile } from '@app/database/profiles';
import { backTest } from '@app/policy/back-test';
import type { Handler } from './answer.ts';
import { parseQuery } from './parse.ts';
import { instant, instantOrNull } from './present.ts';
import { notWatched, profileIn } from './profiles.ts';

const oneDay = 86_400_000;

/** "With this threshold it would have fired 6 times in the last 90 days." */
export const backTestProfile: Handler = async (api, request) => {
  const asked = parseQuery(backTestQuery, request);
  const id = await profileIn(api, request);
  const profile = await readProfile(api.pool, id);
  if (profile === null) throw notWatched();
  const threshold = asked.threshold ?? profile.threshold_s;
  const grace = asked.grace ?? profile.grace_s;
  const until = Date.now();
  const window = { from: until - asked.days * oneDay, until };
  const rule = { threshold: threshold * 1_000, grace: grace * 1_000 };
  // A silence that was due inside the window began at most threshold + grace before it.
  const times = await readActivityTimes(api.pool, id, window.from - rule.threshold - rule.grace);
  const episodes = backTest(times, rule, window).map(({ since, due, end }) => ({
    since: instant(since),
    due: instant(due),
    end: instantOrNull(end),
  }));
  const [from, to] = [instant(window.from), instant(window.until)];
  const body: BackTestResult = { threshold, grace, from, until: to, fired: episodes.length, episodes };
  return { status: 200, body };
};
