import { noFaults } from '../faults.ts';
import { rhythmSource } from '../rhythms.ts';
import { type Simulator, startSimulator } from '../server.ts';
import type { Vocabulary } from '../vocabulary.ts';
import { type Deviation, deviationOf, withoutMeasured } from './measured.ts';
import { type OpenApi, SpecError } from './open-api.ts';
import { type Check, checksOf } from './requests.ts';
import { createValidator, type Received } from './validator.ts';

/** One line of the table. */
export interface Row {
  readonly request: string;
  readonly status: number;
  readonly schema: string;
  readonly result: 'ok' | 'measured, not in the spec' | 'WRONG';
  /** Why it is wrong, or by which measurement it is right. */
  readonly reason: string;
}

/** Somebody who exists, posts and is neither suspended nor renamed. */
const source = rhythmSource({ seed: 1, speed: 1440 });

/** The vocabulary of a document, by the names of its user's members. */
export const vocabularyOf = (spec: OpenApi): Vocabulary => {
  const properties = Object.keys(Object(spec.components.schemas.User?.properties));
  if (properties.includes('most_recent_post_id')) return 'post';
  if (properties.includes('most_recent_tweet_id')) return 'tweet';
  throw new SpecError('the specification knows no last post of a user');
};

const request = async (simulator: Simulator, check: Check): Promise<Received> => {
  simulator.setFaults({ ...noFaults, ...check.faults });
  const headers: Record<string, string> = check.token === null ? {} : { authorization: 'Bearer conformance' };
  const url = `${simulator.url}${check.path}?${check.query}`;
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) });
  const contentType = response.headers.get('content-type')?.split(';')[0] ?? '';
  return { path: check.path, status: response.status, contentType, body: await response.text() };
};

type Judge = (check: Check, received: Received) => Row;

const excused = (row: Omit<Row, 'result' | 'reason'>, { why, wrong }: Deviation): Row => ({
  ...row,
  result: 'measured, not in the spec',
  reason: `${why} (the spec: ${wrong})`,
});

/** A deviation excuses exactly its own complaint, and only as long as the document does complain. */
const judgeBy = (spec: OpenApi, vocabulary: Vocabulary): Judge => {
  const validate = createValidator(spec);
  return (check, received) => {
    const { schema, wrong } = validate(received);
    const row = { request: check.name, status: received.status, schema };
    const listed = deviationOf(vocabulary, check.name);
    if (received.status !== check.status)
      return { ...row, result: 'WRONG', reason: `expected ${check.status}` };
    if (wrong === null)
      return { ...row, result: listed ? 'WRONG' : 'ok', reason: listed ? 'needs no excuse' : '' };
    if (listed?.wrong === wrong) return excused(row, listed);
    const rest = withoutMeasured(vocabulary, received.body);
    const isRestRight = rest !== null && validate({ ...received, body: rest.body }).wrong === null;
    return isRestRight ? excused(row, { wrong, why: rest.why }) : { ...row, result: 'WRONG', reason: wrong };
  };
};

/** Asks the simulator for every kind of answer and holds each against the document. */
export const runConformance = async (spec: OpenApi): Promise<readonly Row[]> => {
  const vocabulary = vocabularyOf(spec);
  const judge = judgeBy(spec, vocabulary);
  const simulator = await startSimulator({ source, rateLimit: null });
  try {
    const rows: Row[] = [];
    for (const check of checksOf(vocabulary)) {
      rows.push(judge(check, await request(simulator, check)));
    }
    return rows;
  } finally {
    await simulator.close();
  }
};
