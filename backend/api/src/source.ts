import { canariesInput, type SourceReport } from '@app/contract/source';
import { type CanaryRefusal, listCanaries, replaceCanaries } from '@app/database/source-canaries';
import { listAnswers, newestIncidents, readSourceRow } from '@app/database/source-report';
import type { Handler } from './answer.ts';
import { parseBody, readJson } from './parse.ts';
import { presentCanary, presentSource } from './present-source.ts';
import { wrongValues } from './problem.ts';

const incidentsShown = 20;

/** How far X is trusted, and on what grounds. */
export const showSource: Handler = async ({ pool }) => {
  const [row, answers, incidents, canaries] = await Promise.all([
    readSourceRow(pool),
    listAnswers(pool),
    newestIncidents(pool, incidentsShown),
    listCanaries(pool),
  ]);
  const body: SourceReport = presentSource(row, answers, incidents, canaries);
  return { status: 200, body };
};

/** Replaces the canaries. One that cannot be one refuses them all, so that a typing error costs no watch. */
export const putCanaries: Handler = async ({ pool }, request, response) => {
  const { canaries } = parseBody(canariesInput, await readJson(request, response));
  const wanted = canaries.map(one => ({
    id: 'id' in one ? one.id : null,
    handle: 'handle' in one ? one.handle : null,
  }));
  const refused = await replaceCanaries(pool, wanted);
  if (refused.length > 0) {
    const faults = refused.map(({ place, why }) => ({ pointer: `/canaries/${place}`, detail: words[why] }));
    throw wrongValues('invalid-request', faults);
  }
  return { status: 200, body: { items: (await listCanaries(pool)).map(presentCanary) } };
};

const words: Readonly<Record<CanaryRefusal, string>> = {
  unknown: 'is not watched: add the profile first',
  unresolved: 'has no numeric id yet: it must have been looked at first',
  paused: 'is paused: nobody looks at it',
  not_seen: 'does not show its posts (not seen yet, suspended, protected or not found)',
};
