import { noFaults } from './faults.ts';
import { lookUp } from './look-up.ts';
import { parseQuery } from './query.ts';
import { rhythmSource } from './rhythms.ts';

const ROUNDS = 2000;
const source = rhythmSource({ seed: 1, speed: 1440 });

const search = (round: number): URLSearchParams => {
  const ids = Array.from(
    { length: 100 },
    (_, index) => 1 + ((round * 7919 + index * 104_729) % 1_000_000_007),
  );
  const fields =
    'created_at,description,location,profile_image_url,protected,public_metrics,most_recent_tweet_id';
  return new URLSearchParams({ ids: ids.join(','), 'user.fields': fields });
};

const render = (round: number): number => {
  const parsed = parseQuery(search(round), 'ids');
  if (!('query' in parsed)) throw new Error('the query of the measurement is invalid');
  const now = Date.now();
  return lookUp({ query: parsed.query, source, now, faults: noFaults, kind: null }).answer.body.length;
};

for (let round = 0; round < ROUNDS; round += 1) render(round);
const start = performance.now();
let bytes = 0;
for (let round = 0; round < ROUNDS; round += 1) bytes += render(round);
const each = (performance.now() - start) / ROUNDS;
process.stdout.write(`a batch of 100: ${each.toFixed(3)} ms, ${Math.round(bytes / ROUNDS)} bytes\n`);
