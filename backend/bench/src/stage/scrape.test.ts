import { expect, test } from 'vitest';
import { quantile } from './quantile.ts';
import { parseMetrics } from './scrape.ts';

test('metrics are read with their labels, and comments are not', () => {
  const text = `# HELP a What
# TYPE a counter
a{lane="checks.fresh",le="+Inf"} 12
b_total 3.5e2
`;
  expect(parseMetrics(text)).toEqual([
    { name: 'a', labels: { lane: 'checks.fresh', le: '+Inf' }, value: 12 },
    { name: 'b_total', labels: {}, value: 350 },
  ]);
});

const before = new Map([
  [0.1, 10],
  [0.2, 10],
  [Number.POSITIVE_INFINITY, 10],
]);

test.each([
  ['lies within its bucket', 0.5, 100],
  ['near the end', 0.75, 150],
  ['beyond the last bound is told as that bound', 1, 200],
])('a quantile %s', (_, part, expected) => {
  const after = new Map([
    [0.1, 20],
    [0.2, part === 1 ? 29 : 30],
    [Number.POSITIVE_INFINITY, 30],
  ]);
  expect(quantile(before, after, part)).toBe(expected);
});

test('of nothing there is no quantile', () => {
  expect(quantile(before, before, 0.5)).toBeNaN();
});
